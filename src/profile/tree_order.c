/* SPDX-License-Identifier: MIT
 *
 * tree_order.c - totals, and one order of siblings that no input order can change.
 *
 * Context: tools.  Nothing recursive: stacks may be as deep as the input likes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "profile/tree_internal.h"

void np_tree_finish(struct np_tree *tree)
{
	for (uint32_t i = 0; i < tree->node_count; i++)
		tree->nodes[i].total = tree->nodes[i].self;
	/* Parents come before their children, so backwards every child is complete when added. */
	for (uint32_t i = tree->node_count - 1; i > 0; i--)
		tree->nodes[tree->nodes[i].parent].total += tree->nodes[i].total;
	if (!tree->counts)
		return;
	for (uint32_t i = 0; i < tree->node_count; i++)
		tree->counts[i].total_samples = tree->counts[i].self_samples;
	for (uint32_t i = tree->node_count - 1; i > 0; i--)
		tree->counts[tree->nodes[i].parent].total_samples += tree->counts[i].total_samples;
}

static int compare_functions(const void *left, const void *right, void *context)
{
	const struct np_tree *tree = context;
	const struct np_function *a = &tree->functions[*(const uint32_t *)left];
	const struct np_function *b = &tree->functions[*(const uint32_t *)right];
	int order = 0;

	if (a->name != b->name)
		order = strcmp(np_tree_string(tree, a->name), np_tree_string(tree, b->name));
	if (order == 0 && a->module != b->module)
		order = strcmp(np_tree_string(tree, a->module), np_tree_string(tree, b->module));
	if (order == 0)
		order = (int)a->kind - (int)b->kind;
	if (order == 0)
		order = (int)a->inlined - (int)b->inlined;
	if (order == 0)
		order = (a->at_line > b->at_line) - (a->at_line < b->at_line);
	return order;
}

/* Place of every function in the order; identities are unique, so are the places. */
static uint32_t *rank_functions(const struct np_tree *tree)
{
	uint32_t count = tree->function_count;
	uint32_t *order = np_xcalloc(count, sizeof(*order));
	uint32_t *rank = np_xcalloc(count, sizeof(*rank));

	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	qsort_r(order, count, sizeof(*order), compare_functions, (void *)tree);
	for (uint32_t i = 0; i < count; i++)
		rank[order[i]] = i;
	free(order);
	return rank;
}

static int compare_words(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static void sort_words(uint64_t *words, size_t count)
{
	if (count > 24) {
		qsort(words, count, sizeof(*words), compare_words);
		return;
	}
	for (size_t i = 1; i < count; i++) {
		uint64_t word = words[i];
		size_t j = i;

		for (; j > 0 && words[j - 1] > word; j--)
			words[j] = words[j - 1];
		words[j] = word;
	}
}

void np_tree_sort(struct np_tree *tree)
{
	uint32_t *rank = rank_functions(tree);
	uint64_t *children = NULL;	/* rank in the high half, node in the low half */
	size_t room = 0;

	for (uint32_t i = 0; i < tree->node_count; i++) {
		uint32_t *link = &tree->nodes[i].first_child;
		size_t count = 0;

		for (uint32_t child = *link; child; child = tree->nodes[child].next_sibling) {
			if (count == room) {
				room = room ? room * 2 : 64;
				children = np_xrealloc(children, room, sizeof(*children));
			}
			children[count++] = child;
			if (!tree->in_order)
				children[count - 1] |= (uint64_t)rank[tree->nodes[child].function] << 32;
		}
		if (count < 2)
			continue;
		sort_words(children, count);
		for (size_t j = 0; j < count; j++) {
			*link = (uint32_t)children[j];
			link = &tree->nodes[*link].next_sibling;
		}
		*link = 0;
	}
	free(children);
	free(rank);
	np_pages_finish(&tree->slot_pages);	/* tree_node.c makes others, should children be added */
	tree->slots = NULL;
	tree->slot_mask = 0;
}
