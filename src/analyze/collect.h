/* SPDX-License-Identifier: MIT
 *
 * collect.h - what groups of frames take: own and total, each stack counted once.
 *
 * Context: tools.  A group is whatever the caller makes of functions or of nodes: a row of the
 * ranking, a module, a source line.  A group's total is the value of the stacks in which any of its
 * frames stands, however often they do.
 */
#ifndef NP_ANALYZE_COLLECT_H
#define NP_ANALYZE_COLLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/tree.h"

#define NP_GROUP_NONE UINT32_MAX	/* the group of frames that are in none */

/* One of the two: for each function, or for each node, a number below COUNT or NP_GROUP_NONE. */
struct np_grouping {
	const uint32_t *of_function;
	const uint32_t *of_node;
	size_t count;
};

struct np_sum {
	uint64_t self, total;			/* in the tree's unit */
	uint64_t self_samples, total_samples;
	uint64_t calls;
};

/* A step of the walk: NODE is entered; OUTERMOST says that nothing of its group is above it.
 * GROUP may be NP_GROUP_NONE. */
typedef void np_collect_visit(void *context, const struct np_tree *tree, uint32_t node,
			      uint32_t group, bool outermost);

/* Visit every node of TREE but the root, depth first, without recursion. */
void np_collect_walk(const struct np_tree *tree, const struct np_grouping *groups,
		     np_collect_visit *visit, void *context);

/* Add up into SUMS, one for each group.  TREE must be finished. */
void np_collect(const struct np_tree *tree, const struct np_grouping *groups, struct np_sum *sums);

#endif
