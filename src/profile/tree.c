/* SPDX-License-Identifier: MIT
 *
 * tree.c - the names and functions of a call tree, interned into flat arrays; what it means.
 *
 * Context: tools.
 */
#include "profile/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "profile/tree_internal.h"

#define SLOTS_AT_START 1024u
#define COUNT_MAX (UINT32_C(1) << 31)

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
	np_pages_grow(&tree->node_pages, tree->node_room * sizeof(*tree->nodes));
	tree->nodes = tree->node_pages.bytes;
	tree->node_count = 1;	/* the root: all zero */

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
	np_pages_finish(&tree->node_pages);
	np_pages_finish(&tree->count_pages);
	np_pages_finish(&tree->slot_pages);
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
	uint64_t what = (uint64_t)function->at_line << 9 | (uint64_t)function->kind << 1 |
			function->inlined;

	return (uint32_t)np_hash_mix(names ^ tree->seed, 0x9e3779b97f4a7c15u + what * 2);
}

static bool same_function(const struct np_function *a, const struct np_function *b)
{
	return a->name == b->name && a->module == b->module && a->kind == b->kind &&
	       a->inlined == b->inlined && a->at_line == b->at_line;
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
