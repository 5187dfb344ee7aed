/* SPDX-License-Identifier: MIT
 *
 * merge.h - the profiles of a process tree as one, each process a root frame.  Context: tools.
 */
#ifndef NP_TOOLS_MERGE_H
#define NP_TOOLS_MERGE_H

#include <stddef.h>

#include "fold.h"

struct np_merge_part {
	char *folded_path, *pprof_path;	/* what the process left */
	char *exe;			/* its program's path */
	unsigned pid;
};

/* Write PREFIX.folded and PREFIX.pb.gz with the sum of PARTS, under root frames "program (pid N)";
 * SUM is what was said of the parts, added up: the quality of the whole.
 * RET_FOLDED and RET_PPROF receive the names, the caller's to free.  Returns 0, or -errno after
 * saying what went wrong; nothing half written stays. */
int np_merge_tree(const struct np_merge_part *parts, size_t count, const struct np_fold_result *sum,
		  const char *prefix, char **ret_folded, char **ret_pprof);

#endif
