/* SPDX-License-Identifier: MIT
 *
 * page_ranking.c - what the ranking knows of each name.  Context: tools.
 */
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "page_internal.h"

#define COLUMNS (sizeof(offsets) / sizeof(*offsets))

/* Doubles of a row, in the order of np_page_columns. */
static const size_t offsets[] = {
	offsetof(struct np_rank_row, score),
	offsetof(struct np_rank_row, roi),
	offsetof(struct np_rank_row, verdict.complexity),
	offsetof(struct np_rank_row, self_lower),
	offsetof(struct np_rank_row, total_lower),
	offsetof(struct np_rank_row, saves_2),
	offsetof(struct np_rank_row, saves_all),
	offsetof(struct np_rank_row, saves_max),
	offsetof(struct np_rank_row, impact),
	offsetof(struct np_rank_row, verdict.max_speedup),
};

const char *const np_page_columns[COLUMNS + 1] = {
	"score", "roi", "complexity", "selfLower", "totalLower", "saves2", "savesAll",
	"savesMax", "impact", "maxSpeedup", NULL,
};

/* A row knows its strings, not its function. */
static int compare_rows(const void *left, const void *right, void *context)
{
	const struct np_tree *tree = context;
	const struct np_page_name *a = left, *b = right;
	const char *texts[4] = { np_tree_string(tree, a->name), np_tree_string(tree, b->name),
				 np_tree_string(tree, a->module), np_tree_string(tree, b->module) };

	/* Interned: the same string is the same address. */
	for (int i = 0; i < 4; i += 2)
		if (texts[i] != texts[i + 1])
			return (uintptr_t)texts[i] < (uintptr_t)texts[i + 1] ? -1 : 1;
	return (int)a->kind - (int)b->kind;
}

struct row_key {
	const struct np_rank_row *row;
	const struct np_tree *tree;
};

static int compare_key(const void *left, const void *right)
{
	const struct row_key *key = left;
	const struct np_page_name *name = right;
	const char *text = np_tree_string(key->tree, name->name);
	const char *module = np_tree_string(key->tree, name->module);

	if (key->row->name != text)
		return (uintptr_t)key->row->name < (uintptr_t)text ? -1 : 1;
	if (key->row->module != module)
		return (uintptr_t)key->row->module < (uintptr_t)module ? -1 : 1;
	return (int)key->row->kind - (int)name->kind;
}

/* Of two profiles it is the functions whose change is more than noise, without figures. */
static void put_significant(struct np_page_data *data)
{
	const struct np_page_options *options = data->options;
	struct np_bytes list = { .size = 0 };
	size_t count = 0;

	for (size_t i = 0; i < options->mover_count; i++) {
		uint32_t name = data->name_of[options->movers[i].function];

		if (!options->movers[i].significant || name >= data->name_count)
			continue;
		np_bytes_put_number(&list, name);
		count++;
	}
	np_bytes_put_number(data->to, count);
	np_bytes_put(data->to, list.at, list.size);
	np_bytes_finish(&list);
	for (size_t i = 0; i < count; i++)
		np_bytes_put_number(data->to, NP_CATEGORY_NONE);
}

static void put_rows(struct np_page_data *data)
{
	const struct np_ranking *ranking = data->options->ranking;
	struct np_page_name *sorted = np_xcalloc(data->name_count + 1ul, sizeof(*sorted));
	const struct np_rank_row **rows = np_xcalloc(ranking->count + 1ul, sizeof(void *));
	struct np_bytes list = { .size = 0 };
	size_t count = 0;

	for (uint32_t i = 0; i < data->name_count; i++) {
		sorted[i] = data->names[i];
		sorted[i].order = i;
	}
	qsort_r(sorted, data->name_count, sizeof(*sorted), compare_rows, data->tree);
	for (size_t i = 0; i < ranking->count; i++) {
		const struct row_key key = { &ranking->rows[i], data->tree };
		const struct np_page_name *name = bsearch(&key, sorted, data->name_count, sizeof(*sorted),
						  compare_key);

		if (!name)	/* a function without value has no node here */
			continue;
		np_bytes_put_number(&list, name->order);
		rows[count++] = &ranking->rows[i];
	}
	np_bytes_put_number(data->to, count);
	np_bytes_put(data->to, list.at, list.size);
	for (size_t column = 0; column < COLUMNS; column++) {
		for (size_t i = 0; i < count; i++) {
			double value;

			memcpy(&value, (const char *)rows[i] + offsets[column], sizeof(value));
			np_bytes_put_float(data->to, (float)value);
		}
	}
	for (size_t i = 0; i < count; i++)
		np_bytes_put_number(data->to, rows[i]->verdict.category);
	np_bytes_finish(&list);
	free(sorted);
	free(rows);
}

void np_page_put_ranking(struct np_page_data *data)
{
	if (data->options->nodes)
		put_significant(data);
	else
		put_rows(data);
}
