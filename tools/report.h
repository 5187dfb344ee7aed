/* SPDX-License-Identifier: MIT
 *
 * report.h - what the files of neuroprof-report share: the settings and the writers.
 *
 * Context: tools.
 */
#ifndef NP_TOOLS_REPORT_H
#define NP_TOOLS_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "analyze/config.h"
#include "analyze/factors.h"
#include "analyze/rank.h"
#include "profile/read.h"
#include "report_drawing.h"

#define NP_REPORT_SCHEMA "neuroprof-report/1"
#define NP_REPORT_SOURCE_DIRECTORIES 16
#define NP_REPORT_COLUMNS 100	/* of text that does not go to a terminal */

enum np_report_format { NP_REPORT_TEXT = 0, NP_REPORT_JSON, NP_REPORT_MARKDOWN, NP_REPORT_CSV,
			NP_REPORT_HTML, NP_REPORT_FORMATS };

struct np_report_settings {
	char **files;
	size_t file_count;
	const char *svg;	/* NULL: beside the input; "-": standard output */
	bool no_svg;
	struct np_read_options read;	/* whose labels are ours to free */
	size_t rows_max;	/* 0: all */
	enum np_report_format format;
	bool format_given;	/* else a name in .html means that */
	enum np_rank_order order;
	const char *complexity;	/* NULL: the configuration's, or the defaults */
	const char *config;	/* NULL: the one above the working directory */
	bool no_config;
	bool factors;		/* a second table */
	struct np_drawing drawing;
	const char *output;	/* NULL: standard output */
	bool sources;		/* of a page: with the text of source lines */
	char *source_directories[NP_REPORT_SOURCE_DIRECTORIES];
	size_t source_directory_count;
};

/* What a writer writes about. */
struct np_report {
	const struct np_report_settings *settings;
	struct np_tree *tree;
	const struct np_ranking *ranking;
	const struct np_complexity *complexity;
	const struct np_config *config;
	const struct np_factors *factors;	/* of the rows to show */
	const char *source;	/* the inputs in words, visible */
	const char *hint;	/* one line, or NULL */
	const char *svg;	/* where the picture is, or NULL */
	size_t row_count;	/* rows to show */
	unsigned columns;	/* for text */
};

void np_report_text(const struct np_report *report, FILE *to);
void np_report_json(const struct np_report *report, FILE *to);
void np_report_markdown(const struct np_report *report, FILE *to);
void np_report_csv(const struct np_report *report, FILE *to);
void np_report_page(const struct np_report *report, FILE *to);

/* The sentence that says what to look at first and what that can give, names written by PUT_NAME
 * because each format escapes them in its own way.  Returns false, and writes nothing, when no
 * row has time of its own or the rows are not sorted by ROI. */
bool np_report_advice(const struct np_report *report, FILE *to,
		      void (*put_name)(FILE *to, const char *raw));

/* What the profile is bound by, as far as it tells; false: it does not. */
bool np_report_bottleneck(const struct np_report *report, FILE *to,
			  void (*put_name)(FILE *to, const char *raw));

/* "1.33x", of the whole when SAVES of it is gone. */
void np_report_speedup(char *to, size_t size, double saves);

/* Where the order by impact and the order by what is saved differ most; false: they agree. */
bool np_report_inversion(const struct np_report *report, FILE *to,
			 void (*put_name)(FILE *to, const char *raw));

/* The factors of the rows as a second table, in Markdown or as text. */
void np_report_factors(const struct np_report *report, FILE *to, bool markdown);

/* "0.4·self% + 0.4·total% + 0.2·calls%", with the weights that were used; to be freed. */
char *np_report_formula(const struct np_ranking *ranking);

/* Share of a value, as a number of percent with two decimals. */
void np_report_share(char *to, size_t size, double share);

/* TEXT broken at blanks into lines of COLUMNS; the second and later ones begin with INDENT. */
void np_report_wrapped(FILE *to, const char *text, unsigned columns, const char *indent);

/* Columns that text has room for: the terminal's, or NP_REPORT_COLUMNS.  OUTPUT NULL: standard
 * output. */
unsigned np_report_columns(const char *output);

/* The value of --top, 0 for "all"; exits with NP_EXIT_USAGE and one line. */
size_t np_report_rows(const char *text);

/* TEXT as a number within bounds, percent signs and the like gone; exits with NP_EXIT_USAGE and one line that
 * names OPTION, such as "--width". */
double np_report_number(const char *option, const char *text, double least, double most);

/* The command line.  Exits with NP_EXIT_USAGE and one line, or after --help and --version. */
void np_report_options(int argc, char **argv, struct np_report_settings *settings);

/* A file that is whole or not there: written beside its place and renamed at the end.  What is no
 * regular file (a pipe, /dev/full) is written as it is. */
struct np_report_file {
	char *path, *temporary;
	FILE *to;
	bool is_standard_output;
};

/* PATH "-" is standard output.  Each returns 0, or -errno after one line; close always finishes. */
int np_report_file_open(struct np_report_file *file, const char *path);
int np_report_file_close(struct np_report_file *file);

/* Leave what is there as it is. */
void np_report_file_abort(struct np_report_file *file);

#endif
