/* SPDX-License-Identifier: MIT
 *
 * collect.c - one walk over the call tree for any grouping of its frames.  Context: tools.
 */
#include "analyze/collect.h"

#include <stdlib.h>

#include "base/message.h"

static uint32_t group_of(const struct np_grouping *groups, const struct np_node *node, uint32_t at)
{
	return groups->of_node ? groups->of_node[at] : groups->of_function[node->function];
}

/* Along the links of the nodes: no recursion and no stack, at any depth. */
void np_collect_walk(const struct np_tree *tree, const struct np_grouping *groups,
		     np_collect_visit *visit, void *context)
{
	uint32_t *on_path = np_xcalloc(groups->count + 1, sizeof(*on_path));
	uint32_t at = np_tree_node(tree, 0)->first_child;

	while (at) {
		const struct np_node *node = np_tree_node(tree, at);
		uint32_t group = group_of(groups, node, at);

		visit(context, tree, at, group, group != NP_GROUP_NONE && on_path[group]++ == 0);
		if (node->first_child) {
			at = node->first_child;
			continue;
		}
		for (;;) {	/* up to where a sibling follows */
			group = group_of(groups, node, at);
			if (group != NP_GROUP_NONE)
				on_path[group]--;
			if (node->next_sibling || node->parent == 0)
				break;
			at = node->parent;
			node = np_tree_node(tree, at);
		}
		at = node->next_sibling;
	}
	free(on_path);
}

static void add(void *context, const struct np_tree *tree, uint32_t at, uint32_t group,
		bool outermost)
{
	const struct np_node *node = np_tree_node(tree, at);
	struct np_sum *sum = context;

	if (group == NP_GROUP_NONE)
		return;
	sum += group;
	sum->self += node->self;
	sum->self_samples += np_tree_self_samples(tree, at);
	if (__builtin_add_overflow(sum->calls, np_tree_calls(tree, at), &sum->calls))
		sum->calls = UINT64_MAX;
	if (outermost) {	/* it holds all the inner ones */
		sum->total += node->total;
		sum->total_samples += np_tree_total_samples(tree, at);
	}
}

void np_collect(const struct np_tree *tree, const struct np_grouping *groups, struct np_sum *sums)
{
	np_collect_walk(tree, groups, add, sums);
}
