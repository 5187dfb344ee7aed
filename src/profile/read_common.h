/* SPDX-License-Identifier: MIT
 *
 * read_common.h - what the readers share: messages, and joining a file's units with the tree's.
 *
 * Context: tools, for read.c, folded_read.c and pprof_read.c.
 */
#ifndef NP_PROFILE_READ_COMMON_H
#define NP_PROFILE_READ_COMMON_H

#include "profile/read.h"

/* Put one line into REPORT->message and return RC. */
int np_read_fail(struct np_read_report *report, int rc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* What one file brings along. */
struct np_read_units {
	const char *value_type, *value_unit;
	bool samples_known, calls_known;
};

/* Make UNITS those of TREE when it is still empty, else check that they agree.
 * Returns 0, or -EINVAL with the message set. */
int np_read_claim(struct np_tree *tree, const char *file, const struct np_read_units *units,
		  struct np_read_report *report);

#endif
