/* SPDX-License-Identifier: MIT
 *
 * tree_reverse.c - the same samples with their stacks upside down: who calls the leaves.
 *
 * Context: tools.
 */
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "profile/tree_internal.h"

/* Strings keep their ids.  Returns the functions' new ones, to be freed. */
static uint32_t *copy_tables(struct np_tree *to, const struct np_tree *from)
{
	uint32_t *functions = np_xcalloc(from->function_count, sizeof(*functions));
	const char *type = from->meta.value_type, *unit = from->meta.value_unit;

	for (uint32_t i = 1; i < from->strings.count; i++)
		np_tree_intern(to, from->strings.entries[i].bytes, from->strings.entries[i].length);
	for (uint32_t i = 1; i < from->function_count; i++)
		functions[i] = np_tree_function(to, &from->functions[i]);
	to->meta = from->meta;
	to->meta.value_type = np_tree_string(to, np_tree_intern(to, type, strlen(type)));
	to->meta.value_unit = np_tree_string(to, np_tree_intern(to, unit, strlen(unit)));
	if (from->meta.command)
		to->meta.command = np_tree_string(to, np_tree_intern(to, from->meta.command,
								     strlen(from->meta.command)));
	for (size_t i = 0; i < from->comment_count; i++)
		np_tree_add_comment(to, np_tree_comment(from, i));
	return functions;
}

struct np_tree *np_tree_reverse(const struct np_tree *from)
{
	struct np_tree *to = np_tree_create();
	uint32_t *functions = copy_tables(to, from);

	for (uint32_t i = 0; i < from->node_count; i++) {
		uint64_t samples = np_tree_self_samples(from, i), calls = np_tree_calls(from, i);
		uint32_t node = 0;

		if (from->nodes[i].self == 0 && samples == 0)
			continue;
		for (uint32_t at = i; at; at = from->nodes[at].parent)
			node = np_tree_child(to, node, functions[from->nodes[at].function]);
		/* Calls are those of the leaf, which is the outermost here. */
		np_tree_add(to, node, from->nodes[i].self, samples, calls);
	}
	free(functions);
	np_tree_finish(to);
	np_tree_sort(to);
	return to;
}
