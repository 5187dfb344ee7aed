/* SPDX-License-Identifier: MIT
 *
 * fold_order.c - the order of everything that the folder writes, and the walk in that order.
 *
 * Context: tools.  Sorted by what things are (module, address, thread), never by the order in which
 * they came, so that the same samples give the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "fold_model.h"

static int by_number(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* The program first (pprof takes the first mapping for it), code in no module last. */
static int compare_modules(const void *a, const void *b, void *context)
{
	const struct np_fold_model *model = context;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct np_fold_module *x = &model->modules[i], *y = &model->modules[j];
	bool x_main, y_main;
	int r;

	if (!x->spool || !y->spool)
		return x->spool ? -1 : y->spool ? 1 : by_number(i, j);
	x_main = x->spool->flags & NP_MODULE_MAIN;
	y_main = y->spool->flags & NP_MODULE_MAIN;
	if (x_main != y_main)
		return x_main ? -1 : 1;
	r = strcmp(x->path, y->path);
	if (r == 0)
		r = by_number(x->spool->start, y->spool->start);
	if (r == 0)
		r = by_number(x->spool->generation, y->spool->generation);
	return r ? r : by_number(i, j);
}

static int compare_locations(const void *a, const void *b, void *context)
{
	const struct np_fold_model *model = context;
	const struct np_fold_location *x = &model->locations[*(const uint32_t *)a];
	const struct np_fold_location *y = &model->locations[*(const uint32_t *)b];
	int r = by_number(x->marker, y->marker);

	if (r == 0)
		r = by_number(model->modules[x->module].rank, model->modules[y->module].rank);
	if (r == 0)
		r = by_number(x->address, y->address);
	return r ? r : by_number(x->entry, y->entry);
}

static int compare_roots(const void *a, const void *b, void *context)
{
	const struct np_fold_model *model = context;
	const struct np_fold_root *x = &model->roots[*(const uint32_t *)a];
	const struct np_fold_root *y = &model->roots[*(const uint32_t *)b];
	int r = by_number(x->tid, y->tid);

	if (r == 0)
		r = strcmp(x->name, y->name);
	return r ? r : by_number(x->quality, y->quality);
}

static int compare_nodes(const void *a, const void *b, void *context)
{
	const struct np_fold_model *model = context;
	const struct np_fold_node *x = &model->nodes[*(const uint32_t *)a];
	const struct np_fold_node *y = &model->nodes[*(const uint32_t *)b];

	if (x->parent != y->parent)	/* NP_FOLD_NONE + 1 is 0: roots first */
		return by_number((uint32_t)(x->parent + 1), (uint32_t)(y->parent + 1));
	if (x->parent == NP_FOLD_NONE)
		return by_number(model->roots[x->location].rank, model->roots[y->location].rank);
	return by_number(model->locations[x->location].rank, model->locations[y->location].rank);
}

/* The numbers 0 to COUNT-1, sorted. */
static uint32_t *sorted(struct np_fold_model *model, uint32_t count,
			int (*compare)(const void *, const void *, void *))
{
	uint32_t *order = np_xcalloc(count, sizeof(*order));

	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	qsort_r(order, count, sizeof(*order), compare, model);
	return order;
}

void np_fold_model_sort(struct np_fold_model *model)
{
	uint32_t *order = sorted(model, model->module_count, compare_modules);
	uint32_t at = 0;

	for (uint32_t i = 0; i < model->module_count; i++)
		model->modules[order[i]].rank = i;
	free(order);
	order = sorted(model, model->location_count, compare_locations);
	for (uint32_t i = 0; i < model->location_count; i++)
		model->locations[order[i]].rank = i;
	free(order);
	order = sorted(model, model->root_count, compare_roots);
	for (uint32_t i = 0; i < model->root_count; i++)
		model->roots[order[i]].rank = i;
	free(order);
	model->order = sorted(model, model->node_count, compare_nodes);
	model->begin = np_xcalloc(model->node_count + 2ull, sizeof(*model->begin));
	for (uint32_t parent = 0; parent <= model->node_count; parent++) {
		model->begin[parent] = at;
		while (at < model->node_count &&
		       (uint32_t)(model->nodes[model->order[at]].parent + 1) == parent)
			at++;
	}
	model->begin[model->node_count + 1ull] = at;
}

void np_fold_walk(const struct np_fold_model *model, np_fold_visit *visit, void *context)
{
	static uint32_t next[NP_FOLD_DEPTH_MAX + 4], end[NP_FOLD_DEPTH_MAX + 4];
	size_t depth = 0;

	next[0] = model->begin[0];
	end[0] = model->begin[1];
	for (;;) {
		uint32_t node;

		if (next[depth] == end[depth]) {
			if (depth-- == 0)
				return;
			continue;
		}
		node = model->order[next[depth]++];
		visit(context, node);
		depth++;	/* no deeper than nodes are: place_frame() sees to that */
		next[depth] = model->begin[node + 1ull];
		end[depth] = model->begin[node + 2ull];
	}
}
