/* SPDX-License-Identifier: MIT
 *
 * report_pair.h - what "diff" and "gate" share: two sets of recordings, options, words.
 *
 * Context: tools.
 */
#ifndef NP_TOOLS_REPORT_PAIR_H
#define NP_TOOLS_REPORT_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "analyze/compare.h"
#include "analyze/gate.h"
#include "report.h"

#define NP_GATE_SCHEMA "neuroprof-gate/1"

/* Exit statuses of "gate" beyond enum np_exit: 1 is also "a regression". */
enum { NP_EXIT_UNUSABLE = 3, NP_EXIT_INCONCLUSIVE = 4 };

enum np_pair_format { NP_PAIR_TEXT = 0, NP_PAIR_MARKDOWN, NP_PAIR_JSON, NP_PAIR_HTML, NP_PAIR_JUNIT,
		      NP_PAIR_SARIF, NP_PAIR_GITHUB, NP_PAIR_FORMATS };

enum np_pair_view { NP_PAIR_UNION = 0, NP_PAIR_BEFORE, NP_PAIR_AFTER };

struct np_pair_output {
	enum np_pair_format format;
	const char *path;
};

struct np_pair {
	bool is_gate;		/* else diff */
	/* the command line */
	char **files[NP_SIDES];
	size_t file_count[NP_SIDES];
	bool two_columns;	/* both sides are the columns of one file */
	const char *span;	/* only samples inside a span of this name; NULL: all */
	double slowest;		/* above 0: all files are both sides, after has the slowest share */
	struct np_gate_options options;
	const char *name_map;
	bool no_renames;
	const char *anonymize;	/* the key of hashes instead of words; NULL: words */
	bool strict;
	size_t rows_max;	/* 0: all */
	struct np_pair_output *outputs;
	size_t output_count;
	const char *config;	/* NULL: whatever there is */
	bool no_config;
	const char *confirm;	/* a command; NULL: none */
	bool fail_on_suspect, fail_on_inconclusive;
	const char *svg, *title;	/* diff */
	enum np_pair_view view;
	unsigned width;
	double narrow_px;
	bool icicle;
	/* what came of it */
	struct np_compare compare;
	struct np_gate gate;
	struct np_pair *second;	/* recorded once more; its compare and gate only; or NULL */
	char *unconfirmed;	/* why that could not be; or NULL */
};

/* The command line.  Exits with NP_EXIT_USAGE and one line, or after --help. */
void np_pair_options(struct np_pair *pair, int argc, char **argv, const char *help);

/* Read all, compare, judge.  Exits with one line when a file cannot be read; "gate" with
 * NP_EXIT_USAGE, so that a broken artifact is not taken for a regression. */
void np_pair_run(struct np_pair *pair);
/* The same; returns 0 or -errno with one line in MESSAGE.  np_pair_finish() is due either way. */
int np_pair_try(struct np_pair *pair, char *message, size_t message_size);
void np_pair_finish(struct np_pair *pair);

/* When it fails and --confirm was given: record once more, and judge by that, too. */
void np_pair_confirm(struct np_pair *pair);

/* Write every output with the writer of its format; 0 or -errno after one line. */
typedef void np_pair_writer(const struct np_pair *pair, FILE *to);
int np_pair_write(const struct np_pair *pair, np_pair_writer *const writers[NP_PAIR_FORMATS]);

/* "lex is 25.3 % slower: 5.01 % of the time before, 6.28 % after (+1.27 points, q 0.0003)", raw;
 * to be freed. */
char *np_pair_sentence(const struct np_gate *gate, const struct np_gate_row *row);

/* The file of a function as the repository that we stand in knows it: without the working directory,
 * and without the "../" of a build directory.  A part of FILE. */
const char *np_pair_file(const char *file);

/* The same of a module's functions together. */
char *np_pair_module_sentence(const struct np_gate_module *module);

/* "lex: 7.2 % of the time, its budget is 5 %", raw; to be freed. */
char *np_pair_budget_sentence(const struct np_budget *budget);

/* The recordings of a side in words, raw; to be freed. */
char *np_pair_files(const struct np_pair *pair, enum np_side side);

/* "likely renamed, was old", "likely moved, was in libold.so", raw; to be freed.  NULL: neither. */
char *np_pair_was(const struct np_compare_row *row);

/* "likely renamed: old → new (similarity 0.83)", raw; to be freed. */
char *np_pair_rename(const struct np_pair *pair, const struct np_compare_rename *rename);

/* The verdict in one sentence, raw; to be freed. */
char *np_pair_verdict(const struct np_pair *pair);

/* How it was judged, one line after the other; raw; to be freed. */
char *np_pair_method(const struct np_pair *pair);

/* "+1.27", and "+25.3 %", "new", "gone", in TO of NP_PAIR_TEXT_ROOM bytes. */
#define NP_PAIR_TEXT_ROOM 64
void np_pair_points(char *to, double change);
void np_pair_relative(char *to, const struct np_verdict_of_share *verdict);
void np_pair_q(char *to, double q);
void np_pair_runs_needed(char *to, const struct np_gate *gate);	/* "about 7" */

/* The exit status of "gate". */
int np_pair_status(const struct np_pair *pair);

/* Parts of the text. */
void np_pair_put_sides(const struct np_pair *pair, FILE *to);
void np_pair_put_findings(const struct np_pair *pair, FILE *to);
void np_pair_put_method(const struct np_pair *pair, FILE *to);

np_pair_writer np_gate_text, np_gate_markdown, np_gate_json, np_gate_junit, np_gate_sarif,
	np_gate_github, np_diff_text, np_diff_markdown, np_diff_page;

/* The inclusive change of every node of the common tree, tested like a function's total, and the words below the
 * title of a picture; to be freed. */
struct np_diff_node *np_diff_nodes(const struct np_pair *pair);
char *np_diff_subtitle(const struct np_pair *pair, bool with_widths);

#endif
