/* SPDX-License-Identifier: MIT
 *
 * tree_internal.h - the inside of struct np_tree, for tree.c, tree_node.c and tree_order.c only.
 *
 * Invariants: a node's parent has a smaller index than the node (so one backward pass sums the
 * totals and one forward pass visits parents first); node 0 is the root, function 0 and string 0
 * are ""; sum_* are the sums over all nodes and never wrap.
 *
 * How a child is found: the first NP_TREE_LISTED children of a node are met by walking its list,
 * the others are in a hash table as well.  Most nodes have one child, which lies right behind them;
 * so most steps touch no memory but the node's own, and the table stays small.
 */
#ifndef NP_PROFILE_TREE_INTERNAL_H
#define NP_PROFILE_TREE_INTERNAL_H

#include "profile/intern.h"
#include "profile/pages.h"
#include "profile/tree.h"

#define NP_TREE_LISTED 2u	/* a look-up walks so many siblings before it asks the table */

struct np_tree_counts {		/* of a node, beside its value */
	uint64_t self_samples, total_samples, calls;
};

struct np_tree {
	struct np_intern strings;

	struct np_function *functions;
	uint32_t function_count, function_room;
	uint32_t *function_slots;	/* id + 1, 0 = free */
	uint32_t function_mask;

	struct np_node *nodes;
	struct np_tree_counts *counts;	/* NULL: samples are the values, and no calls are known */
	struct np_pages node_pages, count_pages, slot_pages;	/* what these three point into */
	uint32_t node_count, node_room;
	bool in_order;			/* siblings stay in the order in which they were made */
	uint32_t *slots;	/* children that are not listed; 0 = free.  NULL: to be made */
	uint32_t slot_count, slot_mask;
	uint64_t seed;

	uint64_t sum_value, sum_samples, sum_calls;

	struct np_tree_meta meta;
	uint32_t *comments;		/* string ids */
	size_t comment_count, comment_room;
};

#endif
