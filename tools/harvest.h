/* SPDX-License-Identifier: MIT
 *
 * harvest.h - fold every spool of a directory and sum up what came of it.
 *
 * Context: tools; shared by `neuroprof record` and `neuroprof recover`.
 */
#ifndef NP_TOOLS_HARVEST_H
#define NP_TOOLS_HARVEST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>

#include "fold.h"

struct np_harvest {
	struct np_fold_result sum;	/* over all processes; its paths are not used */
	char **paths;			/* files written, in order of their names; owned */
	size_t path_count;
	size_t processes;		/* with at least one sample */
	size_t running;			/* spools whose process still lives: left alone */
	size_t damaged;			/* spools that could not be read whole: kept, and said */
};

/* Fold all spools in DIRECTORY into OUT (NULL: where each says it belongs), remove what was folded
 * and add to HARVEST, which starts as all zero.  GRACE: give processes that are just ending a
 * moment.  A directory that cannot be read is said, and counts as damaged. */
void np_harvest_directory(const char *directory, const char *out, bool grace,
			  struct np_harvest *harvest);

/* Two lines and the paths, on standard error.  USAGE (may be NULL): what the kernel charged. */
void np_harvest_summary(const struct np_harvest *harvest, const struct rusage *usage);

void np_harvest_finish(struct np_harvest *harvest);

#endif
