/* SPDX-License-Identifier: MIT
 *
 * peek.c - callers and callees.  Context: tools.
 */
#include "analyze/peek.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"

/* Functions of one name, module and kind have one group. */
struct groups {
	struct np_peek_name *names;
	size_t count;
	uint32_t *of_function;
};

static int compare_names(const void *left, const void *right, void *context)
{
	const struct np_tree *tree = context;
	const struct np_function *a = np_tree_function_at(tree, *(const uint32_t *)left);
	const struct np_function *b = np_tree_function_at(tree, *(const uint32_t *)right);

	if (a->name != b->name)
		return a->name < b->name ? -1 : 1;
	if (a->module != b->module)
		return a->module < b->module ? -1 : 1;
	return (int)a->kind - (int)b->kind;
}

static void groups_init(struct groups *groups, const struct np_tree *tree)
{
	uint32_t count = np_tree_function_count(tree);
	uint32_t *order = np_xcalloc(count, sizeof(*order));

	groups->names = np_xcalloc(count, sizeof(*groups->names));
	groups->of_function = np_xcalloc(count, sizeof(*groups->of_function));
	groups->count = 0;
	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	qsort_r(order, count, sizeof(*order), compare_names, (void *)(uintptr_t)tree);
	for (uint32_t i = 0; i < count; i++) {
		const struct np_function *function = np_tree_function_at(tree, order[i]);

		if (i == 0 || compare_names(&order[i - 1], &order[i], (void *)(uintptr_t)tree) != 0)
			groups->names[groups->count++] = (struct np_peek_name){
				function->name, function->module, function->kind };
		groups->of_function[order[i]] = (uint32_t)groups->count - 1;
	}
	free(order);
}

static void groups_finish(struct groups *groups)
{
	free(groups->names);
	free(groups->of_function);
}

static int compare_matches(const void *left, const void *right)
{
	const struct np_peek_match *a = left, *b = right;

	if (a->total != b->total)
		return a->total < b->total ? 1 : -1;
	if (a->name.name != b->name.name)
		return a->name.name < b->name.name ? -1 : 1;
	return (a->name.module > b->name.module) - (a->name.module < b->name.module);
}

enum how { EXACTLY, BY_EXPRESSION, BY_PART };

static size_t take(const struct np_tree *tree, const struct groups *groups,
		   const struct np_sum *sums, const char *word, enum how how, const regex_t *regex,
		   struct np_peek_match *matches)
{
	size_t count = 0;

	for (size_t i = 0; i < groups->count; i++) {
		const char *name = np_tree_string(tree, groups->names[i].name);
		bool is_one = how == EXACTLY ? strcmp(name, word) == 0
			    : how == BY_PART ? strstr(name, word) != NULL
			    : regexec(regex, name, 0, NULL, 0) == 0;

		if (is_one && sums[i].total > 0 && groups->names[i].kind < NP_KIND_PROCESS)
			matches[count++] = (struct np_peek_match){ groups->names[i], sums[i].total };
	}
	return count;
}

int np_peek_find(const struct np_tree *tree, const char *word, struct np_peek_match **ret,
		 size_t *ret_count, char *message, size_t message_size)
{
	size_t length = strlen(word), count;
	bool is_regex = length > 2 && word[0] == '/' && word[length - 1] == '/';
	struct np_peek_match *matches;
	struct np_sum *sums;
	struct groups groups;
	regex_t regex;
	int error = 0;

	if (is_regex) {
		char *expression = np_xasprintf("%.*s", (int)length - 2, word + 1);

		error = regcomp(&regex, expression, REG_EXTENDED | REG_NOSUB);
		if (error)
			regerror(error, &regex, message, message_size);
		free(expression);
		if (error)
			return -EINVAL;
	}
	groups_init(&groups, tree);
	sums = np_xcalloc(groups.count, sizeof(*sums));
	matches = np_xcalloc(groups.count, sizeof(*matches));
	np_collect(tree, &(struct np_grouping){ .of_function = groups.of_function,
						.count = groups.count }, sums);
	count = take(tree, &groups, sums, word, EXACTLY, NULL, matches);
	if (count == 0 && is_regex)
		count = take(tree, &groups, sums, word, BY_EXPRESSION, &regex, matches);
	else if (count == 0)
		count = take(tree, &groups, sums, word, BY_PART, NULL, matches);
	qsort(matches, count, sizeof(*matches), compare_matches);
	if (is_regex)
		regfree(&regex);
	free(sums);
	groups_finish(&groups);
	*ret = matches;
	*ret_count = count;
	return 0;
}

enum edge { CALLERS, CALLEES, RECURSION };

struct focus {
	const struct groups *groups;
	bool *is_focus;			/* by group */
	uint32_t root;			/* the group of a caller that is no function */
};

/* The groups of nodes whose totals are those of the edges: the caller of each node that is the
 * function, or the callee of each whose parent is.  Then "outermost" is "this edge is not above". */
static uint32_t *edge_groups(const struct focus *focus, const struct np_tree *tree, enum edge which)
{
	uint32_t count = np_tree_node_count(tree);
	uint32_t *of_node = np_xcalloc(count, sizeof(*of_node));
	bool *inside = np_xcalloc(count, sizeof(*inside));

	of_node[0] = NP_GROUP_NONE;
	for (uint32_t i = 1; i < count; i++) {
		const struct np_node *node = np_tree_node(tree, i);
		uint32_t group = focus->groups->of_function[node->function];
		uint32_t caller = focus->groups->of_function[np_tree_node(tree, node->parent)->function];
		bool from_focus = focus->is_focus[caller], to_focus = focus->is_focus[group];

		inside[i] = inside[node->parent] || from_focus;
		if (focus->groups->names[caller].kind >= NP_KIND_PROCESS || node->parent == 0)
			caller = focus->root;
		of_node[i] = NP_GROUP_NONE;
		if (which == CALLERS && to_focus && !from_focus)
			of_node[i] = caller;
		else if (which == CALLEES && from_focus && !to_focus)
			of_node[i] = group;
		else if (which == RECURSION && to_focus && inside[i])
			of_node[i] = 0;
	}
	free(inside);
	return of_node;
}

static int compare_edges(const void *left, const void *right)
{
	const struct np_peek_edge *a = left, *b = right;

	if (a->value != b->value)
		return a->value < b->value ? 1 : -1;
	if (a->other.name != b->other.name)
		return a->other.name < b->other.name ? -1 : 1;
	return (a->other.module > b->other.module) - (a->other.module < b->other.module);
}

static struct np_peek_edge *edges(const struct focus *focus, const struct np_tree *tree,
				  enum edge which, size_t *ret_count)
{
	uint32_t *of_node = edge_groups(focus, tree, which);
	size_t count = focus->groups->count + 1, kept = 0;
	struct np_sum *sums = np_xcalloc(count, sizeof(*sums));
	struct np_peek_edge *found = np_xcalloc(count + 1, sizeof(*found));

	np_collect(tree, &(struct np_grouping){ .of_node = of_node, .count = count }, sums);
	for (size_t i = 0; i < count; i++) {
		if (sums[i].total == 0 && sums[i].calls == 0)
			continue;
		found[kept] = (struct np_peek_edge){ .is_root = i == focus->root,
			.value = sums[i].total, .samples = sums[i].total_samples, .calls = sums[i].calls };
		if (i != focus->root)
			found[kept].other = focus->groups->names[i];
		kept++;
	}
	free(sums);
	free(of_node);
	*ret_count = kept;
	return found;
}

static uint64_t recursion(const struct focus *focus, const struct np_tree *tree)
{
	uint32_t *of_node = edge_groups(focus, tree, RECURSION);
	struct np_sum sum = { 0 };

	np_collect(tree, &(struct np_grouping){ .of_node = of_node, .count = 1 }, &sum);
	free(of_node);
	return sum.total;
}

static void sum_up(struct np_peek *peek, const struct focus *focus, const struct np_tree *tree)
{
	uint32_t count = np_tree_function_count(tree);
	uint32_t *one = np_xcalloc(count, sizeof(*one));

	for (uint32_t i = 0; i < count; i++)
		one[i] = focus->is_focus[focus->groups->of_function[i]] ? 0 : NP_GROUP_NONE;
	np_collect(tree, &(struct np_grouping){ .of_function = one, .count = 1 }, &peek->sum);
	free(one);
}

void np_peek_init(struct np_peek *peek, const struct np_tree *tree,
		  const struct np_peek_match *matches, size_t count)
{
	struct groups groups;
	struct focus focus = { .groups = &groups };

	memset(peek, 0, sizeof(*peek));
	groups_init(&groups, tree);
	focus.root = (uint32_t)groups.count;
	focus.is_focus = np_xcalloc(groups.count, sizeof(*focus.is_focus));
	for (size_t i = 0; i < groups.count; i++)
		for (size_t j = 0; j < count && !focus.is_focus[i]; j++)
			focus.is_focus[i] = groups.names[i].name == matches[j].name.name &&
					    groups.names[i].module == matches[j].name.module &&
					    groups.names[i].kind == matches[j].name.kind;
	sum_up(peek, &focus, tree);
	peek->callers = edges(&focus, tree, CALLERS, &peek->caller_count);
	peek->callees = edges(&focus, tree, CALLEES, &peek->callee_count);
	/* Its own is told among what it calls. */
	if (peek->sum.self > 0)
		peek->callees[peek->callee_count++] = (struct np_peek_edge){ .is_self = true,
			.value = peek->sum.self, .samples = peek->sum.self_samples };
	qsort(peek->callers, peek->caller_count, sizeof(*peek->callers), compare_edges);
	qsort(peek->callees, peek->callee_count, sizeof(*peek->callees), compare_edges);
	peek->recursive = recursion(&focus, tree);
	free(focus.is_focus);
	groups_finish(&groups);
}

void np_peek_finish(struct np_peek *peek)
{
	free(peek->callers);
	free(peek->callees);
	memset(peek, 0, sizeof(*peek));
}
