/* SPDX-License-Identifier: MIT
 *
 * report_input.h - the profiles that a command was given, as one call tree.
 *
 * Context: tools.  Any failure ends the tool with one line: nothing was written yet.
 */
#ifndef NP_TOOLS_REPORT_INPUT_H
#define NP_TOOLS_REPORT_INPUT_H

#include "profile/read.h"

/* Exits with NP_EXIT_USAGE when a name is empty or standard input is given twice. */
void np_report_input_check(char **files, size_t count);

/* The sum of FILES, finished and sorted; its total is above zero.  The readers' notes are said. */
struct np_tree *np_report_input_read(char **files, size_t count,
				     const struct np_read_options *options);

/* Take "KEY=VALUE" of --label into OPTIONS, whose labels the caller frees; exits with
 * NP_EXIT_USAGE when it is none.  TEXT is changed and must stay. */
void np_report_input_label(struct np_read_options *options, char *text);

/* "service.pb.gz", "standard input", "a.folded and 3 more, summed"; visible, to be freed. */
char *np_report_input_name(char **files, size_t count);

#endif
