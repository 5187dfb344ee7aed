/* SPDX-License-Identifier: MIT
 *
 * sweep.h - spools that fork children left to the process at the top (src/agent/left.c).
 *
 * Context: tools.
 */
#ifndef NP_TOOLS_SWEEP_H
#define NP_TOOLS_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

struct np_sweep {
	const char *directory;		/* of spools */
	uint32_t left_to;		/* only what was left to this process; 0 = all */
	bool (*fold)(void *context, const char *path);	/* and remove; false: it said why not */
	void *context;
};

/* Take a spool for folding, so that no other folder does the same.  Returns a descriptor to close
 * when that is done, or -1: somebody else has it, or it is gone. */
int np_sweep_take(const char *path);

/* Fold all that was left, unless another process is at it; returns when there is no more. */
bool np_sweep_background(const struct np_sweep *sweep);

/* Fold what was left to one process, and wait for what others are folding. */
bool np_sweep_rest(const struct np_sweep *sweep);

#endif
