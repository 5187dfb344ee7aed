/* SPDX-License-Identifier: MIT
 *
 * folded_header.h - the optional first line that names the value columns.
 *
 * Context: tools, for folded_read.c.  A header is a line whose every word is "type/unit", such as
 * "samples/count cpu/nanoseconds"; each record then ends in that many numbers.  The last column is
 * the value; "samples/count" and "calls/count" are also taken.  Without a header there is one
 * column: the number of columns is never guessed, because "Thread 2 100" has one.
 */
#ifndef NP_PROFILE_FOLDED_HEADER_H
#define NP_PROFILE_FOLDED_HEADER_H

#include "profile/folded_read.h"

/* Returns 1 when LINE is a header and was taken, 0 when it is none, or a negative errno. */
int np_folded_header(struct np_folded_reader *reader, const char *line, size_t length);

#endif
