/* SPDX-License-Identifier: MIT
 *
 * pprof_read.h - an unpacked profile.proto into a call tree.
 *
 * Context: tools, for read.c.  Every index and count in the file is checked.  What is taken and
 * what is left aside: docs/file-formats.md.
 */
#ifndef NP_PROFILE_PPROF_READ_H
#define NP_PROFILE_PPROF_READ_H

#include "profile/read.h"

/* Returns 0 or a negative errno as np_read_path() does, with the report's message set.
 * OPTIONS may be NULL. */
int np_pprof_read(const char *file, const void *bytes, size_t size,
		  const struct np_read_options *options, struct np_tree *tree,
		  struct np_read_report *report);

#endif
