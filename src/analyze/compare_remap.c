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
#include "profile/kind.h"

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

	struct np_compare_rename rename = { .to = pair->to, .similarity = pair->similarity,
					    .before = pair->before, .after = pair->after };

	rename.real = (struct np_compare_words){ np_tree_string(to, carry(to, from, old->name)),
						 np_tree_string(to, carry(to, from, old->module)),
						 np_tree_string(to, carry(to, from, old->file)) };
	rename.name = rename.real.name;
	rename.module = rename.real.module;
	compare->renames[compare->rename_count++] = rename;
}

bool np_compare_rename(struct np_compare *compare)
{
	uint32_t count = np_tree_function_count(compare->tree);
	uint32_t *functions;
	struct np_renames found;
	struct np_tree *to, *from;

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
	from = compare->tree;
	np_compare_remap(compare, to, functions);
	np_tree_destroy(from);
	np_renames_finish(&found);
	free(functions);
	return true;
}

void np_compare_words_of(struct np_compare_words *ret, const struct np_tree *tree, uint32_t id)
{
	const struct np_function *function = np_tree_function_at(tree, id);

	*ret = (struct np_compare_words){ np_tree_string(tree, function->name),
		np_tree_string(tree, function->module), np_tree_string(tree, function->file) };
}

/* As np_tree_anonymize() would, in TO. */
static const char *hide(struct np_tree *to, char letter, const char *word, const char *key, uint32_t *ret)
{
	char alias[NP_TREE_ALIAS_ROOM];

	np_tree_alias(alias, letter, word, key);
	*ret = np_tree_intern(to, alias, strlen(alias));
	return np_tree_string(to, *ret);
}

static uint32_t hide_function(struct np_tree *to, const struct np_tree *from, uint32_t id, const char *key)
{
	struct np_function function = *np_tree_function_at(from, id);
	struct np_compare_words words;

	np_compare_words_of(&words, from, id);
	/* Our own words; of folded stacks the name alone says so. */
	if (function.kind == NP_KIND_MARKER || np_kind_is_marker(words.name))
		function.name = np_tree_intern(to, words.name, strlen(words.name));
	else
		hide(to, function.kind == NP_KIND_PROCESS  ? 'p'
			 : function.kind == NP_KIND_THREAD ? 't' : 'f', words.name, key, &function.name);
	hide(to, 'm', words.module, key, &function.module);
	hide(to, 's', words.file, key, &function.file);
	return np_tree_function(to, &function);
}

/* What is named beside the functions: recordings, names as they were, old names. */
static void hide_words(struct np_compare *compare)
{
	const char *key = compare->anonymize;
	size_t number[NP_SIDES] = { 0, 0 };
	char alias[NP_TREE_ALIAS_ROOM];
	uint32_t id;

	for (size_t i = 0; i < compare->run_count; i++) {
		struct np_compare_run *run = &compare->runs[i];

		free(run->path);
		run->path = np_xasprintf("recording %zu of %s", ++number[run->side],
					 run->side == NP_BEFORE ? "before" : "after");
	}
	for (uint64_t i = 0; i < compare->normalised_count && i < NP_COMPARE_NORMALISED_MAX; i++) {
		np_tree_alias(alias, 'f', compare->normalised[i].from, key);
		free(compare->normalised[i].from);
		compare->normalised[i].from = np_xstrdup(alias);
	}
	for (size_t i = 0; i < compare->rename_count; i++) {
		struct np_compare_rename *rename = &compare->renames[i];

		rename->name = hide(compare->tree, 'f', rename->real.name, key, &id);
		rename->module = hide(compare->tree, 'm', rename->real.module, key, &id);
	}
}

void np_compare_hide(struct np_compare *compare)
{
	uint32_t count = np_tree_function_count(compare->tree);
	uint32_t *functions = np_xcalloc(count, sizeof(*functions));
	struct np_tree *to = np_tree_create();

	compare->real_tree = compare->tree;
	compare->real_function = np_xcalloc(count, sizeof(*compare->real_function));
	for (uint32_t i = 1; i < count; i++) {
		functions[i] = hide_function(to, compare->tree, i, compare->anonymize);
		compare->real_function[functions[i]] = i;
	}
	np_compare_remap(compare, to, functions);
	hide_words(compare);
	free(functions);
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
