/* SPDX-License-Identifier: MIT
 *
 * folded_columns.h - how many numbers the lines of folded stacks end in, for --columns auto.
 *
 * Context: tools.  Never asked unless the user wants it: "Thread 2 100" has one column, and no
 * other line of the file may say so.
 */
#ifndef NP_PROFILE_FOLDED_COLUMNS_H
#define NP_PROFILE_FOLDED_COLUMNS_H

#include "profile/read.h"

/* Read all of PATH, which cannot be standard input.  *RET_COLUMNS is 2 when every record ends in
 * two numbers, 1 when none does, 0 when PATH holds something else.  Returns 0, or a negative errno
 * with the report's message set: when some do and some do not, with the line. */
int np_folded_columns(const char *path, unsigned *ret_columns, struct np_read_report *report);

#endif
