/* SPDX-License-Identifier: MIT
 *
 * report_convert.h - the formats of neuroprof-report convert and merge.
 *
 * Context: tools.
 */
#ifndef NP_TOOLS_REPORT_CONVERT_H
#define NP_TOOLS_REPORT_CONVERT_H

#include "profile/export.h"

struct np_convert_format {
	const char *name;
	const char *what;		/* for --help */
	int (*write)(struct np_export *export);
	bool is_binary;			/* not for a terminal */
	const char *endings[4];		/* of file names that mean it; the longest come first */
};

/* Ends with a row without a name. */
extern const struct np_convert_format np_convert_formats[];

/* By its NAME, or NULL. */
const struct np_convert_format *np_convert_format_named(const char *name);

/* By the ending of PATH, or NULL. */
const struct np_convert_format *np_convert_format_of(const char *path);

/* Write TREE to PATH ("-": standard output), whole or not at all.  Returns the exit status, after
 * one line when it failed. */
int np_convert_write(const struct np_convert_format *format, struct np_tree *tree, const char *name,
		     const char *path);

/* The tables, in report_convert_text.c. */
int np_convert_csv(struct np_export *export);
int np_convert_markdown(struct np_export *export);

#endif
