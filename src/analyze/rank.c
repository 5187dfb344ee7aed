/* SPDX-License-Identifier: MIT
 *
 * rank.c - call tree to rows, score, ROI, bounds.  Context: tools.
 */
#include "analyze/rank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/collect.h"
#include "analyze/stats.h"
#include "analyze/units.h"
#include "base/message.h"

#define WEIGHT_SELF  0.4
#define WEIGHT_TOTAL 0.4
#define WEIGHT_CALLS 0.2

#define NO_ROW NP_GROUP_NONE

struct identity {
	uint32_t name, module, kind, function;
};

static int compare_identities(const void *left, const void *right)
{
	const struct identity *a = left, *b = right;

	if (a->name != b->name)
		return a->name < b->name ? -1 : 1;
	if (a->module != b->module)
		return a->module < b->module ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return (a->function > b->function) - (a->function < b->function);
}

static bool is_ranked(const struct np_function *function)
{
	return function->kind != NP_KIND_PROCESS && function->kind != NP_KIND_THREAD &&
	       function->kind != NP_KIND_MARKER;
}

static void add_row(struct np_ranking *ranking, const struct np_tree *tree,
		    const struct np_function *function)
{
	struct np_rank_row *row = &ranking->rows[ranking->count++];

	row->name = np_tree_string(tree, function->name);
	row->module = np_tree_string(tree, function->module);
	row->kind = function->kind;
}

/* Make a row per identity; returns the row of every function, NO_ROW for what is not ranked. */
static uint32_t *make_rows(struct np_ranking *ranking, const struct np_tree *tree)
{
	uint32_t count = np_tree_function_count(tree);
	struct identity *order = np_xcalloc(count, sizeof(*order));
	uint32_t *row_of = np_xcalloc(count, sizeof(*row_of));
	uint32_t ranked = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct np_function *function = np_tree_function_at(tree, i);

		row_of[i] = NO_ROW;
		if (i > 0 && is_ranked(function))	/* function 0 is the root */
			order[ranked++] = (struct identity){ function->name, function->module,
							     function->kind, i };
	}
	qsort(order, ranked, sizeof(*order), compare_identities);
	ranking->rows = np_xcalloc(ranked, sizeof(*ranking->rows));
	for (uint32_t i = 0; i < ranked; i++) {
		const struct np_function *function = np_tree_function_at(tree, order[i].function);
		struct np_rank_row *row;

		if (i == 0 || order[i].name != order[i - 1].name ||
		    order[i].module != order[i - 1].module || order[i].kind != order[i - 1].kind)
			add_row(ranking, tree, function);
		row_of[order[i].function] = (uint32_t)(ranking->count - 1);
		row = &ranking->rows[ranking->count - 1];
		if (!row->file || !*row->file) {
			row->file = np_tree_string(tree, function->file);
			row->line = function->line;
		}
		if (function->inlined)
			row->inlined = true;
		else
			row->not_inlined = true;
	}
	free(order);
	return row_of;
}

static void collect(struct np_ranking *ranking, const struct np_tree *tree)
{
	const struct np_grouping groups = { .of_function = ranking->row_of, .count = ranking->count };
	struct np_sum *sums = np_xcalloc(ranking->count + 1, sizeof(*sums));

	np_collect(tree, &groups, sums);
	for (size_t i = 0; i < ranking->count; i++) {
		struct np_rank_row *row = &ranking->rows[i];

		row->self = sums[i].self;
		row->total = sums[i].total;
		row->self_samples = sums[i].self_samples;
		row->total_samples = sums[i].total_samples;
		row->calls = sums[i].calls;
	}
	free(sums);
	for (uint32_t i = 0; i < np_tree_node_count(tree); i++) {
		const struct np_node *node = np_tree_node(tree, i);
		const struct np_function *function = np_tree_function_at(tree, node->function);

		ranking->kind_self[function->kind < NP_KIND_MAX ? function->kind : 0] += node->self;
		if (function->inlined)
			ranking->inlined_self += node->self;
	}
}

static void set_weights(struct np_ranking *ranking, enum np_calls calls)
{
	for (size_t i = 0; i < ranking->count; i++)
		if (__builtin_add_overflow(ranking->calls_total, ranking->rows[i].calls,
					   &ranking->calls_total))
			ranking->calls_total = UINT64_MAX;
	ranking->calls = ranking->calls_total ? calls : NP_CALLS_UNKNOWN;
	ranking->weight_self = WEIGHT_SELF;
	ranking->weight_total = WEIGHT_TOTAL;
	ranking->weight_calls = WEIGHT_CALLS;
	if (ranking->calls == NP_CALLS_UNKNOWN) {
		ranking->weight_self = WEIGHT_SELF / (WEIGHT_SELF + WEIGHT_TOTAL);
		ranking->weight_total = WEIGHT_TOTAL / (WEIGHT_SELF + WEIGHT_TOTAL);
		ranking->weight_calls = 0;
	}
}

static void judge(const struct np_ranking *ranking, struct np_rank_row *row,
		  const struct np_complexity *complexity)
{
	double max;

	row->self_share = (double)row->self / (double)ranking->total;
	row->total_share = (double)row->total / (double)ranking->total;
	if (ranking->calls != NP_CALLS_UNKNOWN)
		row->calls_share = (double)row->calls / (double)ranking->calls_total;
	if (ranking->samples_known) {
		row->self_lower = np_wilson_lower(row->self_share, ranking->samples);
		row->total_lower = np_wilson_lower(row->total_share, ranking->samples);
	}
	np_complexity_look_up(complexity, row->name, row->module, row->kind,
			      (double)row->self < complexity->pass_through * (double)row->total,
			      &row->verdict);
	row->score = 100 * (ranking->weight_self * row->self_share +
			    ranking->weight_total * row->total_share +
			    ranking->weight_calls * row->calls_share);
	row->roi = row->score / row->verdict.complexity;
	row->saves_2 = row->self_share / 2;
	row->saves_all = row->self_share;
	max = row->verdict.max_speedup;
	if (max > 0) {
		row->impact_min = row->self_share * row->verdict.min_speedup;
		row->impact = row->self_share * max;
		row->saves_min = row->self_share * (1 - 1 / row->verdict.min_speedup);
		row->saves_max = row->self_share * (1 - 1 / max);
	}
}

double np_rank_speedup(double saves)
{
	return saves >= 1 ? INFINITY : 1 / (1 - saves);
}

static int descending(double a, double b)
{
	return (a < b) - (a > b);
}

static int descending_integers(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int compare_rows(const void *left, const void *right, void *context)
{
	const struct np_rank_row *a = left, *b = right;
	int order = 0;

	switch (*(const enum np_rank_order *)context) {
	case NP_RANK_SCORE:
		order = descending(a->score, b->score);
		break;
	case NP_RANK_SELF:
		order = descending_integers(a->self, b->self);
		break;
	case NP_RANK_TOTAL:
		order = descending_integers(a->total, b->total);
		break;
	case NP_RANK_SAMPLES:
		order = descending_integers(a->self_samples, b->self_samples);
		break;
	case NP_RANK_CALLS:
		order = descending_integers(a->calls, b->calls);
		break;
	case NP_RANK_LOWER:
		order = descending(a->self_lower, b->self_lower);
		break;
	case NP_RANK_MODULE:
		order = strcmp(a->module, b->module);
		break;
	case NP_RANK_NAME:
		break;
	default:
		order = descending(a->roi, b->roi);
		break;
	}
	if (order == 0)
		order = strcmp(a->name, b->name);
	if (order == 0)
		order = strcmp(a->module, b->module);
	return order ? order : (int)a->kind - (int)b->kind;
}

const char *np_rank_order_name(enum np_rank_order order)
{
	static const char *const names[NP_RANK_ORDERS] = {
		[NP_RANK_ROI] = "roi", [NP_RANK_SCORE] = "score", [NP_RANK_SELF] = "self",
		[NP_RANK_TOTAL] = "total", [NP_RANK_SAMPLES] = "samples", [NP_RANK_CALLS] = "calls",
		[NP_RANK_NAME] = "name", [NP_RANK_MODULE] = "module",
		[NP_RANK_LOWER] = "lower",
	};

	return names[order];
}

/* Rows are dropped and sorted; their functions follow. */
static void sort(struct np_ranking *ranking, const struct np_tree *tree, enum np_rank_order order)
{
	uint32_t *place = np_xcalloc(ranking->count + 1, sizeof(*place));
	size_t kept = 0, made = ranking->count;

	for (size_t i = 0; i < made; i++)
		place[i] = NO_ROW;
	/* Functions that only stand in the tables, or in stacks of value zero. */
	for (size_t i = 0; i < made; i++) {
		if (ranking->rows[i].total == 0)
			continue;
		ranking->rows[kept] = ranking->rows[i];
		ranking->rows[kept++].made = (uint32_t)i;
	}
	ranking->count = kept;
	qsort_r(ranking->rows, ranking->count, sizeof(*ranking->rows), compare_rows, &order);
	for (size_t i = 0; i < kept; i++)
		place[ranking->rows[i].made] = (uint32_t)i;
	for (uint32_t i = 0; i < np_tree_function_count(tree); i++)
		if (ranking->row_of[i] != NO_ROW)
			ranking->row_of[i] = place[ranking->row_of[i]];
	free(place);
}

void np_ranking_init(struct np_ranking *ranking, struct np_tree *tree,
		     const struct np_complexity *complexity, enum np_rank_order order)
{
	const struct np_node *root = np_tree_node(tree, 0);
	const struct np_tree_meta *meta = np_tree_meta(tree);

	memset(ranking, 0, sizeof(*ranking));
	ranking->total = root->total;
	ranking->samples_known = np_units_samples(meta, np_tree_total_samples(tree, 0),
						  &ranking->samples);
	ranking->row_of = make_rows(ranking, tree);
	collect(ranking, tree);
	set_weights(ranking, meta->calls);
	for (size_t i = 0; i < ranking->count; i++)
		judge(ranking, &ranking->rows[i], complexity);
	sort(ranking, tree, order);
}

static int compare_impacts(const void *left, const void *right)
{
	const struct np_rank_row *a = *(const struct np_rank_row *const *)left;
	const struct np_rank_row *b = *(const struct np_rank_row *const *)right;
	int order = descending(a->impact, b->impact);

	return order ? order : descending(b->saves_max, a->saves_max);
}

struct np_rank_inversion np_rank_inversion(const struct np_ranking *ranking, size_t row_count)
{
	const struct np_rank_row **rows = np_xcalloc(row_count + 1, sizeof(*rows)), *least = NULL;
	struct np_rank_inversion worst = { 0 };
	size_t count = 0;
	double most = 1e-12;

	for (size_t i = 0; i < row_count; i++)
		if (ranking->rows[i].impact > 0)
			rows[count++] = &ranking->rows[i];
	qsort(rows, count, sizeof(*rows), compare_impacts);
	/* Of all with a larger impact, the one that saves least. */
	for (size_t i = 0; i < count; i++) {
		if (least && least->impact > rows[i]->impact &&
		    rows[i]->saves_max - least->saves_max > most) {
			most = rows[i]->saves_max - least->saves_max;
			worst = (struct np_rank_inversion){ least, rows[i] };
		}
		if (!least || rows[i]->saves_max < least->saves_max)
			least = rows[i];
	}
	free(rows);
	return worst;
}

void np_ranking_finish(struct np_ranking *ranking)
{
	free(ranking->rows);
	free(ranking->row_of);
	memset(ranking, 0, sizeof(*ranking));
}
