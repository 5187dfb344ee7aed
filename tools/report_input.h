/* SPDX-License-Identifier: MIT
 *
 * report_input.h - the profiles that a command was given, as one call tree.
 *
 * Context: tools.  Any failure ends the tool with one line: nothing was written yet.
 */
#ifndef NP_TOOLS_REPORT_INPUT_H
#define NP_TOOLS_REPORT_INPUT_H

#include <getopt.h>
#include <stdbool.h>

#include "profile/read.h"

/* Exits with NP_EXIT_USAGE when a name is empty or standard input is given twice. */
void np_report_input_check(char **files, size_t count);

/* The sum of FILES, finished and sorted; its total is above zero.  The readers' notes are said. */
struct np_tree *np_report_input_read(char **files, size_t count,
				     const struct np_read_options *options);

/* The options that say how profiles are read, for the table of a command: ends with a row of
 * zeroes. */
extern const struct option np_report_input_options[];
extern const char np_report_input_help[];

/* Take one of them into READ; false: it is none of them.  Exits with NP_EXIT_USAGE and one line when
 * VALUE is wrong; VALUE may be changed and must stay.  READ's labels are the caller's to free. */
bool np_report_input_take(struct np_read_options *read, int option, char *value);
/* "1%" as 0.01; exits with usage. */
double np_report_slowest(const char *text);

void np_report_input_free(struct np_read_options *read);

/* Two tables, both ending with a row of zeroes, as one; to be freed.  The other: OWN and the options
 * of input. */
struct option *np_options_join(const struct option *first, const struct option *second);
struct option *np_report_input_join(const struct option *own);

/* "service.pb.gz", "standard input", "a.folded and 3 more, summed"; neutral when the names in them are
 * hidden.  Visible, to be freed. */
char *np_report_input_name(char **files, size_t count, const struct np_read_options *options);

#endif
