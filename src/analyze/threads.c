/* SPDX-License-Identifier: MIT
 *
 * threads.c - stacks by the thread that they are of.  Context: tools.
 */
#include "analyze/threads.h"

#include <stdlib.h>
#include <string.h>

#include "base/message.h"

static bool is_thread(const struct np_tree *tree, uint32_t node)
{
	enum np_kind kind = np_tree_function_at(tree, np_tree_node(tree, node)->function)->kind;

	return kind == NP_KIND_PROCESS || kind == NP_KIND_THREAD;
}

/* For each node the row of its thread; parents come before their children. */
static uint32_t *rows_of_nodes(struct np_thread_rows *threads, const struct np_tree *tree,
			       bool by_roots)
{
	uint32_t count = np_tree_node_count(tree);
	uint32_t *row_of = np_xcalloc(count, sizeof(*row_of));
	size_t room = 16;

	threads->rows = np_xcalloc(room, sizeof(*threads->rows));
	threads->count = 1;	/* row 0: of no thread */
	for (uint32_t i = 1; i < count; i++) {
		uint32_t parent = np_tree_node(tree, i)->parent;

		row_of[i] = row_of[parent];
		/* Only frames at the root: a function further in may be called anything. */
		if (threads->rows[row_of[parent]].node != parent ||
		    !(is_thread(tree, i) || (by_roots && parent == 0)))
			continue;
		if (threads->count == room) {
			room *= 2;
			threads->rows = np_xrealloc(threads->rows, room, sizeof(*threads->rows));
		}
		row_of[i] = (uint32_t)threads->count;
		threads->rows[threads->count++] = (struct np_thread_row){ .node = i };
	}
	return row_of;
}

struct own {		/* what a function takes in a thread */
	uint32_t row, function;
	uint64_t self;
};

static int compare_own(const void *left, const void *right)
{
	const struct own *a = left, *b = right;

	if (a->row != b->row)
		return a->row < b->row ? -1 : 1;
	return (a->function > b->function) - (a->function < b->function);
}

static bool is_function(const struct np_tree *tree, uint32_t function)
{
	return np_tree_function_at(tree, function)->kind < NP_KIND_PROCESS;
}

static void find_hottest(struct np_thread_rows *threads, const struct np_tree *tree,
			 const uint32_t *row_of)
{
	uint32_t count = np_tree_node_count(tree);
	struct own *all = np_xcalloc(count, sizeof(*all));
	size_t used = 0;
	uint64_t sum = 0;

	for (uint32_t i = 1; i < count; i++) {
		const struct np_node *node = np_tree_node(tree, i);

		if (node->self && is_function(tree, node->function))
			all[used++] = (struct own){ row_of[i], node->function, node->self };
	}
	qsort(all, used, sizeof(*all), compare_own);
	for (size_t i = 0; i < used; i++) {
		struct np_thread_row *row = &threads->rows[all[i].row];

		sum = i > 0 && compare_own(&all[i - 1], &all[i]) == 0 ? sum + all[i].self : all[i].self;
		if (sum > row->hottest_self) {
			row->hottest_self = sum;
			row->hottest = all[i].function;
		}
	}
	free(all);
}

static int compare_rows(const void *left, const void *right)
{
	const struct np_thread_row *a = left, *b = right;

	if (a->value != b->value)
		return a->value < b->value ? 1 : -1;
	return (a->node > b->node) - (a->node < b->node);
}

void np_threads_init(struct np_thread_rows *threads, const struct np_tree *tree, bool by_roots)
{
	uint32_t *row_of = rows_of_nodes(threads, tree, by_roots);
	size_t kept = 0;

	for (uint32_t i = 0; i < np_tree_node_count(tree); i++) {
		struct np_thread_row *row = &threads->rows[row_of[i]];

		row->value += np_tree_node(tree, i)->self;
		row->samples += np_tree_self_samples(tree, i);
	}
	find_hottest(threads, tree, row_of);
	free(row_of);
	for (size_t i = 0; i < threads->count; i++)
		if (threads->rows[i].value > 0)
			threads->rows[kept++] = threads->rows[i];
	threads->count = kept;
	qsort(threads->rows, kept, sizeof(*threads->rows), compare_rows);
}

void np_threads_finish(struct np_thread_rows *threads)
{
	free(threads->rows);
	memset(threads, 0, sizeof(*threads));
}

char *np_threads_name(const struct np_tree *tree, uint32_t node)
{
	char *name = NULL;

	for (; node; node = np_tree_node(tree, node)->parent) {
		const struct np_function *function =
			np_tree_function_at(tree, np_tree_node(tree, node)->function);
		char *longer = np_xasprintf("%s%s%s", np_tree_string(tree, function->name),
					    name ? " / " : "", name ? name : "");

		free(name);
		name = longer;
	}
	return name ? name : np_xstrdup("(no thread)");
}
