/* SPDX-License-Identifier: MIT
 *
 * lines.c - the call tree by source lines.  Context: tools.
 */
#include "analyze/lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "profile/intern.h"

#define INLINED_MAX 64u		/* call sites that one chain of inlined code is followed through */

/* What makes a row; compared as bytes. */
struct key {
	uint32_t file, line, name, module;	/* NAME and MODULE only without a line */
	uint32_t site_file, site_line;
};

struct making {
	const struct np_tree *tree;
	bool by_site;
	struct np_intern keys;
	uint32_t *of_node;
	struct np_line_row *rows;
	size_t room;
	uint64_t *hottest;	/* own value of each row's FUNCTION, as far as seen in one node */
};

static const struct np_function *function_of(const struct np_tree *tree, uint32_t node)
{
	return np_tree_function_at(tree, np_tree_node(tree, node)->function);
}

static uint32_t row_of(struct making *making, uint32_t at)
{
	const struct np_tree *tree = making->tree;
	const struct np_function *function = function_of(tree, at);
	struct key key = { .file = function->file, .line = function->at_line };
	uint32_t row;
	int is_new;

	if (function->kind >= NP_KIND_PROCESS)
		return NP_GROUP_NONE;
	if (!key.file || !key.line)
		key = (struct key){ .name = function->name, .module = function->module };
	if (making->by_site && function->inlined) {
		const struct np_function *site = function_of(tree, np_tree_node(tree, at)->parent);

		key.site_file = site->at_line ? site->file : 0;
		key.site_line = site->at_line;
	}
	row = np_intern_get(&making->keys, (const char *)&key, sizeof(key), &is_new);
	if (!is_new)
		return row;
	if (row >= making->room) {
		making->room = making->room ? making->room * 2 : 256;
		making->rows = np_xrealloc(making->rows, making->room, sizeof(*making->rows));
		making->hottest = np_xrealloc(making->hottest, making->room, sizeof(*making->hottest));
	}
	making->hottest[row] = 0;
	making->rows[row] = (struct np_line_row){ .file = key.file, .line = key.line,
		.function = np_tree_node(tree, at)->function, .site_file = key.site_file,
		.site_line = key.site_line };
	return row;
}

/* Inlined code is a part of each function on the way to the one that was called: its own value is
 * also that of the lines there. */
static void tell_sites(struct making *making, uint32_t at)
{
	const struct np_tree *tree = making->tree;
	uint64_t self = np_tree_node(tree, at)->self;
	uint32_t seen[INLINED_MAX + 1] = { making->of_node[at] };
	unsigned count = 1;

	while (at && function_of(tree, at)->inlined && count <= INLINED_MAX) {
		bool again = false;
		uint32_t row;

		at = np_tree_node(tree, at)->parent;
		row = making->of_node[at];
		for (unsigned i = 0; i < count; i++)
			again |= seen[i] == row;
		if (!again && row != NP_GROUP_NONE)
			making->rows[row].inlined += self;
		seen[count++] = row;
	}
}

static int compare_rows(const void *left, const void *right)
{
	const struct np_line_row *a = left, *b = right;

	if (a->sum.self != b->sum.self)
		return a->sum.self < b->sum.self ? 1 : -1;
	if (a->inlined != b->inlined)
		return a->inlined < b->inlined ? 1 : -1;
	if (a->sum.total != b->sum.total)
		return a->sum.total < b->sum.total ? 1 : -1;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return (a->site_line > b->site_line) - (a->site_line < b->site_line);
}

static void make_rows(struct making *making)
{
	const struct np_tree *tree = making->tree;
	uint32_t count = np_tree_node_count(tree);

	making->of_node = np_xcalloc(count, sizeof(*making->of_node));
	making->of_node[0] = NP_GROUP_NONE;
	for (uint32_t i = 1; i < count; i++) {
		const struct np_node *node = np_tree_node(tree, i);
		uint32_t row = making->of_node[i] = row_of(making, i);

		if (row != NP_GROUP_NONE && node->self > making->hottest[row]) {
			making->hottest[row] = node->self;
			making->rows[row].function = node->function;
		}
	}
	for (uint32_t i = 1; i < count; i++)
		if (np_tree_node(tree, i)->self > 0)
			tell_sites(making, i);
}

void np_lines_init(struct np_lines *lines, const struct np_tree *tree, bool by_site)
{
	struct making making = { .tree = tree, .by_site = by_site };
	struct np_sum *sums;
	size_t kept = 0;

	memset(lines, 0, sizeof(*lines));
	lines->total = np_tree_node(tree, 0)->total;
	np_intern_init(&making.keys);
	make_rows(&making);
	lines->count = making.keys.count;
	sums = np_xcalloc(lines->count + 1, sizeof(*sums));
	np_collect(tree, &(struct np_grouping){ .of_node = making.of_node, .count = lines->count }, sums);
	for (size_t i = 0; i < lines->count; i++) {
		making.rows[i].sum = sums[i];
		if (making.rows[i].line == 0)
			lines->unknown += sums[i].self;
		if (sums[i].total > 0)
			making.rows[kept++] = making.rows[i];
	}
	lines->rows = making.rows;
	lines->count = kept;
	if (kept)
		qsort(lines->rows, kept, sizeof(*lines->rows), compare_rows);
	free(sums);
	free(making.of_node);
	free(making.hottest);
	np_intern_finish(&making.keys);
}

void np_lines_finish(struct np_lines *lines)
{
	free(lines->rows);
	memset(lines, 0, sizeof(*lines));
}
