/* SPDX-License-Identifier: MIT
 *
 * tree_node.c - call paths: finding and adding children, and adding values; amortised O(1) a step.
 *
 * Context: tools.  Most of the time that reading takes goes by here, waiting for memory: see
 * tree_internal.h for how children are found.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/message.h"
#include "profile/tree_internal.h"

#define SLOTS_AT_START 1024u
#define NODES_MAX      (UINT32_C(1) << 31)

static inline uint32_t child_hash(const struct np_tree *tree, uint32_t parent, uint32_t function)
{
	uint64_t key = (uint64_t)parent << 32 | function;

	return (uint32_t)np_hash_mix(key ^ tree->seed, 0x9e3779b97f4a7c15u);
}

static void put_slot(struct np_tree *tree, uint32_t node)
{
	const struct np_node *at_node = &tree->nodes[node];
	uint32_t at = child_hash(tree, at_node->parent, at_node->function) & tree->slot_mask;

	while (tree->slots[at])
		at = (at + 1) & tree->slot_mask;
	tree->slots[at] = node;
}

/* An empty table of COUNT slots, a power of two. */
static void start_slots(struct np_tree *tree, size_t count)
{
	np_pages_grow(&tree->slot_pages, count * sizeof(*tree->slots));
	tree->slots = tree->slot_pages.bytes;
	tree->slot_mask = (uint32_t)(count - 1);
}

static void grow_slots(struct np_tree *tree)
{
	struct np_pages old = tree->slot_pages;
	const uint32_t *nodes = old.bytes;
	uint32_t old_mask = tree->slot_mask;

	tree->slot_pages = (struct np_pages){0};
	start_slots(tree, (size_t)old_mask * 2 + 2);
	for (uint32_t i = 0; i <= old_mask; i++)
		if (nodes[i])
			put_slot(tree, nodes[i]);
	np_pages_finish(&old);
}

static void add_slot(struct np_tree *tree, uint32_t node)
{
	put_slot(tree, node);
	if (++tree->slot_count > tree->slot_mask / 4 * 3)
		grow_slots(tree);
}

/* After the siblings were sorted, others than before are listed. */
static void make_slots(struct np_tree *tree)
{
	tree->slot_count = 0;
	start_slots(tree, SLOTS_AT_START);
	for (uint32_t i = 0; i < tree->node_count; i++) {
		uint32_t listed = 0;

		for (uint32_t child = tree->nodes[i].first_child; child;
		     child = tree->nodes[child].next_sibling)
			if (++listed > NP_TREE_LISTED)
				add_slot(tree, child);
	}
}

static void grow_nodes(struct np_tree *tree)
{
	tree->node_room *= 2;
	np_pages_grow(&tree->node_pages, tree->node_room * sizeof(*tree->nodes));
	tree->nodes = tree->node_pages.bytes;
	if (!tree->counts)
		return;
	np_pages_grow(&tree->count_pages, tree->node_room * sizeof(*tree->counts));
	tree->counts = tree->count_pages.bytes;
}

/* A node without a place among its siblings yet. */
static uint32_t add_node(struct np_tree *tree, uint32_t parent, uint32_t function)
{
	uint32_t node = tree->node_count;

	if (node == NODES_MAX)
		np_die(NP_EXIT_FAILURE, "too many call paths (%u)", node);
	if (node == tree->node_room)
		grow_nodes(tree);
	tree->nodes[node] = (struct np_node){ .function = function, .parent = parent };
	if (tree->counts)
		tree->counts[node] = (struct np_tree_counts){0};
	tree->node_count++;
	return node;
}

/* The child among those beyond LAST, the last listed one. */
static uint32_t crowded_child(struct np_tree *tree, uint32_t parent, uint32_t function,
			      uint32_t hash, uint32_t last)
{
	uint32_t at, node;

	if (!tree->slots)
		make_slots(tree);
	at = hash & tree->slot_mask;
	for (; (node = tree->slots[at]) != 0; at = (at + 1) & tree->slot_mask)
		if (tree->nodes[node].parent == parent && tree->nodes[node].function == function)
			return node;
	node = add_node(tree, parent, function);
	tree->nodes[node].next_sibling = tree->nodes[last].next_sibling;
	tree->nodes[last].next_sibling = node;
	add_slot(tree, node);
	return node;
}

uint32_t np_tree_child(struct np_tree *tree, uint32_t parent, uint32_t function)
{
	uint32_t child = tree->nodes[parent].first_child, last = 0, node, hash = 0;

	for (unsigned listed = 1; child; listed++) {
		const struct np_node *found = &tree->nodes[child];

		if (found->function == function)
			return child;
		if (listed == 1 && found->next_sibling) {
			hash = child_hash(tree, parent, function);
			if (tree->slots)	/* its memory comes while the list is walked */
				__builtin_prefetch(&tree->slots[hash & tree->slot_mask]);
		}
		last = child;
		if (listed == NP_TREE_LISTED)
			return crowded_child(tree, parent, function, hash, last);
		child = found->next_sibling;
	}
	node = add_node(tree, parent, function);
	if (last)
		tree->nodes[last].next_sibling = node;
	else
		tree->nodes[parent].first_child = node;
	return node;
}

uint32_t np_tree_append(struct np_tree *tree, uint32_t parent, uint32_t function)
{
	uint32_t node = add_node(tree, parent, function);

	/* At the front, because the end would have to be looked for; sorting puts it right. */
	tree->nodes[node].next_sibling = tree->nodes[parent].first_child;
	tree->nodes[parent].first_child = node;
	tree->in_order = true;
	return node;
}

const struct np_node *np_tree_node(const struct np_tree *tree, uint32_t node)
{
	return &tree->nodes[node];
}

uint32_t np_tree_node_count(const struct np_tree *tree)
{
	return tree->node_count;
}

uint64_t np_tree_self_samples(const struct np_tree *tree, uint32_t node)
{
	return tree->counts ? tree->counts[node].self_samples : tree->nodes[node].self;
}

uint64_t np_tree_total_samples(const struct np_tree *tree, uint32_t node)
{
	return tree->counts ? tree->counts[node].total_samples : tree->nodes[node].total;
}

uint64_t np_tree_calls(const struct np_tree *tree, uint32_t node)
{
	return tree->counts ? tree->counts[node].calls : 0;
}

/* From here on samples and calls are numbers of their own. */
static void need_counts(struct np_tree *tree)
{
	if (tree->counts)
		return;
	np_pages_grow(&tree->count_pages, tree->node_room * sizeof(*tree->counts));
	tree->counts = tree->count_pages.bytes;
	for (uint32_t i = 0; i < tree->node_count; i++) {
		tree->counts[i].self_samples = tree->nodes[i].self;
		tree->counts[i].total_samples = tree->nodes[i].total;
	}
}

int np_tree_add(struct np_tree *tree, uint32_t node, uint64_t value, uint64_t samples,
		uint64_t calls)
{
	uint64_t sum_value, sum_samples, sum_calls;

	if (__builtin_add_overflow(tree->sum_value, value, &sum_value) ||
	    __builtin_add_overflow(tree->sum_samples, samples, &sum_samples) ||
	    __builtin_add_overflow(tree->sum_calls, calls, &sum_calls))
		return -EOVERFLOW;
	if (samples != value || calls > 0)
		need_counts(tree);
	/* No node can wrap: each is a part of a sum that did not. */
	tree->nodes[node].self += value;
	if (tree->counts) {
		tree->counts[node].self_samples += samples;
		tree->counts[node].calls += calls;
	}
	tree->sum_value = sum_value;
	tree->sum_samples = sum_samples;
	tree->sum_calls = sum_calls;
	return 0;
}

int np_tree_scale(struct np_tree *tree, uint64_t factor)
{
	bool copies = !tree->meta.samples_known;
	uint64_t sum_value, sum_samples = tree->sum_samples;

	if (__builtin_mul_overflow(tree->sum_value, factor, &sum_value) ||
	    (copies && __builtin_mul_overflow(tree->sum_samples, factor, &sum_samples)))
		return -EOVERFLOW;
	if (!copies && factor != 1)
		need_counts(tree);
	for (uint32_t i = 0; i < tree->node_count; i++) {
		tree->nodes[i].self *= factor;
		if (copies && tree->counts)
			tree->counts[i].self_samples *= factor;
	}
	tree->sum_value = sum_value;
	tree->sum_samples = sum_samples;
	return 0;
}
