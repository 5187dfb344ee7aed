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
#include "merge.h"

struct np_harvest {
	struct np_fold_result sum;	/* over all processes; its paths are not used */
	struct np_merge_part *parts;	/* one for each profile written, in order of the spools' names */
	size_t part_count;
	char *tree_folded, *tree_pprof;	/* of np_harvest_merge(); NULL = none */
	size_t processes;		/* with at least one sample */
	size_t running;			/* spools whose process still lives: left alone */
	size_t damaged;			/* spools that could not be read whole: kept, and said */
};

/* Fold all spools in DIRECTORY into OUT (NULL: where each says it belongs), remove what was folded
 * and add to HARVEST, which starts as all zero.  GRACE: give processes that are just ending a
 * moment.  A directory that cannot be read is said, and counts as damaged. */
void np_harvest_directory(const char *directory, const char *out, bool grace,
			  struct np_harvest *harvest);

/* More than one process: write their sum beside the parts, as neuroprof.<command>.tree.*. */
void np_harvest_merge(struct np_harvest *harvest, const char *out, const char *command);

/* Two lines and the paths, on standard error.  USAGE (may be NULL): what the kernel charged. */
void np_harvest_summary(const struct np_harvest *harvest, const struct rusage *usage);

void np_harvest_finish(struct np_harvest *harvest);

#endif
