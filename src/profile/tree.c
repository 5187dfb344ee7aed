/* SPDX-License-Identifier: MIT
 *
 * tree.c - functions and call paths, interned into flat arrays; amortised O(1) a step.
 *
 * Context: tools.
 */
#include "profile/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/message.h"
#include "profile/tree_internal.h"

#define SLOTS_AT_START 1024u
#define HUGE_FROM_BYTES ((size_t)8 << 20)
#define COUNT_MAX (UINT32_C(1) << 31)

/* Large arrays are filled from one end to the other or hit at random: fewer, larger pages save
 * most of the time in page faults.  Only advice. */
static void prefer_huge_pages(void *array, size_t bytes)
{
	uintptr_t first = ((uintptr_t)array + 4095) & ~(uintptr_t)4095;
	uintptr_t end = ((uintptr_t)array + bytes) & ~(uintptr_t)4095;

	if (bytes >= HUGE_FROM_BYTES)
		madvise((void *)first, end - first, MADV_HUGEPAGE);
}

struct np_tree *np_tree_create(void)
{
	struct np_tree *tree = np_xcalloc(1, sizeof(*tree));

	np_intern_init(&tree->strings);
	np_intern_get(&tree->strings, "", 0, NULL);
	tree->seed = np_hash_seed();

	tree->function_room = 256;
	tree->functions = np_xcalloc(tree->function_room, sizeof(*tree->functions));
	tree->function_slots = np_xcalloc(SLOTS_AT_START, sizeof(*tree->function_slots));
	tree->function_mask = SLOTS_AT_START - 1;
	np_tree_function(tree, &(struct np_function){0});

	tree->node_room = 1024;
	tree->nodes = np_xcalloc(tree->node_room, sizeof(*tree->nodes));
	tree->node_count = 1;	/* the root: all zero */
	tree->slots = np_xcalloc(SLOTS_AT_START, sizeof(*tree->slots));
	tree->slot_mask = SLOTS_AT_START - 1;

	tree->meta.value_type = "samples";
	tree->meta.value_unit = "count";
	return tree;
}

void np_tree_destroy(struct np_tree *tree)
{
	if (!tree)
		return;
	np_intern_finish(&tree->strings);
	free(tree->functions);
	free(tree->function_slots);
	free(tree->nodes);
	free(tree->slots);
	free(tree->comments);
	free(tree);
}

uint32_t np_tree_intern(struct np_tree *tree, const char *bytes, size_t length)
{
	return np_intern_get(&tree->strings, bytes, length, NULL);
}

const char *np_tree_string(const struct np_tree *tree, uint32_t id)
{
	return tree->strings.entries[id].bytes;
}

uint32_t np_tree_string_count(const struct np_tree *tree)
{
	return tree->strings.count;
}

static uint32_t function_hash(const struct np_tree *tree, const struct np_function *function)
{
	uint64_t names = (uint64_t)function->name << 32 | function->module;
	uint64_t what = (uint64_t)function->kind << 1 | function->inlined;

	return (uint32_t)np_hash_mix(names ^ tree->seed, 0x9e3779b97f4a7c15u + what * 2);
}

static bool same_function(const struct np_function *a, const struct np_function *b)
{
	return a->name == b->name && a->module == b->module && a->kind == b->kind &&
	       a->inlined == b->inlined;
}

static void grow_function_slots(struct np_tree *tree)
{
	uint32_t mask = tree->function_mask * 2 + 1;
	uint32_t *slots = np_xcalloc((size_t)mask + 1, sizeof(*slots));

	for (uint32_t id = 0; id < tree->function_count; id++) {
		uint32_t at = function_hash(tree, &tree->functions[id]) & mask;

		while (slots[at])
			at = (at + 1) & mask;
		slots[at] = id + 1;
	}
	free(tree->function_slots);
	tree->function_slots = slots;
	tree->function_mask = mask;
}

uint32_t np_tree_function(struct np_tree *tree, const struct np_function *function)
{
	uint32_t at = function_hash(tree, function) & tree->function_mask, id;

	for (; (id = tree->function_slots[at]) != 0; at = (at + 1) & tree->function_mask) {
		struct np_function *known = &tree->functions[id - 1];

		if (!same_function(known, function))
			continue;
		if (known->file == 0)
			known->file = function->file;
		if (known->line == 0)
			known->line = function->line;
		return id - 1;
	}
	if (tree->function_count == COUNT_MAX)
		np_die(NP_EXIT_FAILURE, "too many functions (%u)", tree->function_count);
	if (tree->function_count == tree->function_room) {
		tree->function_room *= 2;
		tree->functions = np_xrealloc(tree->functions, tree->function_room,
					      sizeof(*tree->functions));
	}
	id = tree->function_count++;
	tree->functions[id] = *function;
	tree->function_slots[at] = id + 1;
	if (tree->function_count > tree->function_mask / 2)
		grow_function_slots(tree);
	return id;
}

const struct np_function *np_tree_function_at(const struct np_tree *tree, uint32_t id)
{
	return &tree->functions[id];
}

uint32_t np_tree_function_count(const struct np_tree *tree)
{
	return tree->function_count;
}

void np_tree_set_kind(struct np_tree *tree, uint32_t id, enum np_kind kind)
{
	tree->functions[id].kind = (uint8_t)kind;
}

static inline uint32_t child_hash(const struct np_tree *tree, uint32_t parent, uint32_t function)
{
	uint64_t key = (uint64_t)parent << 32 | function;

	return (uint32_t)np_hash_mix(key ^ tree->seed, 0x9e3779b97f4a7c15u);
}

static void grow_slots(struct np_tree *tree)
{
	uint32_t mask = tree->slot_mask * 2 + 1;
	struct np_tree_slot *slots = np_xcalloc((size_t)mask + 1, sizeof(*slots));

	prefer_huge_pages(slots, ((size_t)mask + 1) * sizeof(*slots));
	for (uint32_t i = 0; i <= tree->slot_mask; i++) {
		uint32_t at = tree->slots[i].hash & mask;

		if (!tree->slots[i].node)
			continue;
		while (slots[at].node)
			at = (at + 1) & mask;
		slots[at] = tree->slots[i];
	}
	free(tree->slots);
	tree->slots = slots;
	tree->slot_mask = mask;
}

static uint32_t add_node(struct np_tree *tree, uint32_t parent, uint32_t function)
{
	uint32_t node = tree->node_count;

	if (node == COUNT_MAX)
		np_die(NP_EXIT_FAILURE, "too many call paths (%u)", node);
	if (node == tree->node_room) {
		tree->node_room *= 2;
		tree->nodes = np_xrealloc(tree->nodes, tree->node_room, sizeof(*tree->nodes));
		prefer_huge_pages(tree->nodes, tree->node_room * sizeof(*tree->nodes));
	}
	tree->nodes[node] = (struct np_node){
		.function = function,
		.parent = parent,
		.next_sibling = tree->nodes[parent].first_child,
	};
	tree->nodes[parent].first_child = node;
	tree->node_count++;
	return node;
}

uint32_t np_tree_child(struct np_tree *tree, uint32_t parent, uint32_t function)
{
	uint32_t hash = child_hash(tree, parent, function);
	uint32_t at = hash & tree->slot_mask;
	uint32_t node;

	for (; (node = tree->slots[at].node) != 0; at = (at + 1) & tree->slot_mask)
		if (tree->slots[at].hash == hash && tree->nodes[node].parent == parent &&
		    tree->nodes[node].function == function)
			return node;
	node = add_node(tree, parent, function);
	tree->slots[at] = (struct np_tree_slot){hash, node};
	if (tree->node_count > tree->slot_mask / 4 * 3)
		grow_slots(tree);
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

int np_tree_add(struct np_tree *tree, uint32_t node, uint64_t value, uint64_t samples,
		uint64_t calls)
{
	uint64_t sum_value, sum_samples, sum_calls;

	if (__builtin_add_overflow(tree->sum_value, value, &sum_value) ||
	    __builtin_add_overflow(tree->sum_samples, samples, &sum_samples) ||
	    __builtin_add_overflow(tree->sum_calls, calls, &sum_calls))
		return -EOVERFLOW;
	/* No node can wrap: each is a part of a sum that did not. */
	tree->nodes[node].self += value;
	tree->nodes[node].self_samples += samples;
	tree->nodes[node].calls += calls;
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
	for (uint32_t i = 0; i < tree->node_count; i++) {
		tree->nodes[i].self *= factor;
		if (copies)
			tree->nodes[i].self_samples *= factor;
	}
	tree->sum_value = sum_value;
	tree->sum_samples = sum_samples;
	return 0;
}

struct np_tree_meta *np_tree_meta(struct np_tree *tree)
{
	return &tree->meta;
}

void np_tree_add_comment(struct np_tree *tree, const char *text)
{
	if (tree->comment_count == tree->comment_room) {
		tree->comment_room = tree->comment_room ? tree->comment_room * 2 : 16;
		tree->comments = np_xrealloc(tree->comments, tree->comment_room,
					     sizeof(*tree->comments));
	}
	tree->comments[tree->comment_count++] = np_tree_intern(tree, text, strlen(text));
}

size_t np_tree_comment_count(const struct np_tree *tree)
{
	return tree->comment_count;
}

const char *np_tree_comment(const struct np_tree *tree, size_t index)
{
	return np_tree_string(tree, tree->comments[index]);
}
