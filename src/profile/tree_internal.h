/* SPDX-License-Identifier: MIT
 *
 * tree_internal.h - the inside of struct np_tree, for tree.c and tree_order.c only.
 *
 * Invariants: a node's parent has a smaller index than the node (so one backward pass sums the
 * totals and one forward pass visits parents first); node 0 is the root, function 0 and string 0
 * are ""; sum_* are the sums over all nodes and never wrap.
 */
#ifndef NP_PROFILE_TREE_INTERNAL_H
#define NP_PROFILE_TREE_INTERNAL_H

#include "profile/intern.h"
#include "profile/tree.h"

struct np_tree_slot {		/* (parent, function) -> node; node 0 = free */
	uint32_t hash;
	uint32_t node;
};

struct np_tree {
	struct np_intern strings;

	struct np_function *functions;
	uint32_t function_count, function_room;
	uint32_t *function_slots;	/* id + 1, 0 = free */
	uint32_t function_mask;

	struct np_node *nodes;
	uint32_t node_count, node_room;
	struct np_tree_slot *slots;
	uint32_t slot_mask;
	uint64_t seed;

	uint64_t sum_value, sum_samples, sum_calls;

	struct np_tree_meta meta;
	uint32_t *comments;		/* string ids */
	size_t comment_count, comment_room;
};

#endif
