/* SPDX-License-Identifier: MIT
 *
 * report_view.h - the frame of a command that looks at one profile and prints tables.
 *
 * Context: tools.  docs/howto-add-a-report.md shows its use.  np_view_start() has read the command
 * line, the configuration and the profiles; the command fills VIEW.document; np_view_end() writes
 * it.  Whatever goes wrong before the output ends the tool with one line.
 */
#ifndef NP_TOOLS_REPORT_VIEW_H
#define NP_TOOLS_REPORT_VIEW_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "analyze/config.h"
#include "profile/read.h"
#include "report_table.h"

struct np_view {
	/* The command's own, set before np_view_start(). */
	const char *help;		/* usage and what it does; the common options follow it */
	const char *schema;
	const struct option *options;	/* its own, ending with a row of zeroes; NULL: none.  Values
					 * are letters or from NP_VIEW_OPTION on */
	const char *letters;		/* those of its own, as for getopt(): "ad:"; NULL: none */
	void (*take)(void *context, int option, const char *value);
	void *context;
	const char *word_name;		/* a word before the files: "FUNCTION"; NULL: there is none */
	struct np_read_options read;

	/* From the command line. */
	const char *word;
	size_t rows_max;		/* 0: all */
	const char *output;
	enum np_document_format format;
	const char *config_path;
	bool no_config;

	struct np_config config;
	struct np_document document;
	char *source;
};

#define NP_VIEW_OPTION 1000

void np_view_start(struct np_view *view, int argc, char **argv);

/* Writes the document and frees all.  Returns the exit status. */
int np_view_end(struct np_view *view);

/* How many of COUNT rows are shown; the others are noted in TABLE. */
size_t np_view_rows(const struct np_view *view, struct np_table *table, size_t count);

/* The cell of a number of SAMPLES, as np_tree_self_samples() has them. */
void np_view_put_samples(const struct np_view *view, struct np_table *table, uint64_t samples);

/* VALUE as a share of the whole profile. */
double np_view_share(const struct np_view *view, uint64_t value);

#endif
