/* SPDX-License-Identifier: MIT
 *
 * compare_remap.c - the common tree with other functions: two names of one become one.
 *
 * Context: tools.
 */
#include <stdlib.h>
#include <string.h>

#include "analyze/compare.h"
#include "analyze/rename.h"
#include "base/message.h"

void np_compare_remap(struct np_compare *compare, struct np_tree *to, const uint32_t *functions)
{
	struct np_tree *from = compare->tree;
	uint32_t count = np_tree_node_count(from), *node_of = np_xcalloc(count, sizeof(*node_of));

	for (uint32_t i = 1; i < count; i++) {
		const struct np_node *node = np_tree_node(from, i);

		node_of[i] = np_tree_child(to, node_of[node->parent], functions[node->function]);
	}
	for (size_t run = 0; run < compare->run_count; run++) {
		struct np_compare_run *of = &compare->runs[run];

		for (uint32_t i = 0; i < of->node_count; i++)
			of->nodes[i] = node_of[of->nodes[i]];
		for (uint32_t i = 0; i < of->call_count; i++)
			of->call_nodes[i] = node_of[of->call_nodes[i]];
	}
	for (uint64_t i = 0; i < compare->normalised_count && i < NP_COMPARE_NORMALISED_MAX; i++)
		compare->normalised[i].to = functions[compare->normalised[i].to];
	for (size_t i = 0; i < compare->rename_count; i++)
		compare->renames[i].to = functions[compare->renames[i].to];
	free(node_of);
	np_tree_destroy(from);
	compare->tree = to;
}

/* WORD of FROM in TO. */
static uint32_t carry(struct np_tree *to, const struct np_tree *from, uint32_t word)
{
	const char *text = np_tree_string(from, word);

	return np_tree_intern(to, text, strlen(text));
}

static uint32_t carry_function(struct np_tree *to, const struct np_tree *from, uint32_t id)
{
	struct np_function function = *np_tree_function_at(from, id);

	function.name = carry(to, from, function.name);
	function.module = carry(to, from, function.module);
	function.file = carry(to, from, function.file);
	return np_tree_function(to, &function);
}

static void take(struct np_compare *compare, struct np_tree *to, const struct np_rename_pair *pair)
{
	const struct np_tree *from = compare->tree;
	const struct np_function *old = np_tree_function_at(from, pair->from);

	compare->renames[compare->rename_count++] = (struct np_compare_rename){
		.name = np_tree_string(to, carry(to, from, old->name)),
		.module = np_tree_string(to, carry(to, from, old->module)),
		.file = np_tree_string(to, carry(to, from, old->file)),
		.to = pair->to, .similarity = pair->similarity,
		.before = pair->before, .after = pair->after };
}

bool np_compare_rename(struct np_compare *compare)
{
	uint32_t count = np_tree_function_count(compare->tree);
	uint32_t *functions;
	struct np_renames found;
	struct np_tree *to;

	np_renames_find(&found, compare);
	if (found.count == 0) {
		np_renames_finish(&found);
		return false;
	}
	to = np_tree_create();
	functions = np_xcalloc(count, sizeof(*functions));
	for (size_t i = 0; i < found.count; i++)
		functions[found.pairs[i].from] = carry_function(to, compare->tree, found.pairs[i].to);
	for (uint32_t i = 1; i < count; i++)
		if (!functions[i])
			functions[i] = carry_function(to, compare->tree, i);
	compare->renames = np_xcalloc(found.count, sizeof(*compare->renames));
	for (size_t i = 0; i < found.count; i++)
		take(compare, to, &found.pairs[i]);
	np_compare_remap(compare, to, functions);
	np_renames_finish(&found);
	free(functions);
	return true;
}

void np_compare_note_renames(struct np_compare *compare)
{
	uint32_t count = np_tree_function_count(compare->tree);
	struct np_compare_row **row_of = np_xcalloc(count, sizeof(*row_of));

	for (size_t i = 0; i < compare->row_count; i++)
		row_of[compare->rows[i].function] = &compare->rows[i];
	for (size_t i = 0; i < compare->rename_count; i++) {
		struct np_compare_row *row = row_of[compare->renames[i].to];

		if (row)
			row->was = &compare->renames[i];
	}
	free(row_of);
}
