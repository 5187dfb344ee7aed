/* SPDX-License-Identifier: MIT
 *
 * factors.c - classes, times per call, breadth of callers.  Context: tools.
 */
#include "analyze/factors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/collect.h"
#include "analyze/units.h"
#include "base/message.h"
#include "profile/intern.h"

struct edge {		/* from a caller to a row, by place in EDGES */
	uint32_t row, caller;
};

struct walk {
	const struct np_ranking *ranking;
	struct np_factors *factors;
	size_t count;
	struct np_intern edges;		/* of the bytes of struct edge */
	uint64_t *values;		/* of each of them */
	size_t room;
	uint64_t *hottest;		/* by row */
};

/* Row of the frame that called NODE; NP_GROUP_NONE: a thread, or nothing. */
static uint32_t caller_of(const struct walk *walk, const struct np_tree *tree,
			  const struct np_node *node)
{
	return node->parent ? walk->ranking->row_of[np_tree_node(tree, node->parent)->function]
			    : NP_GROUP_NONE;
}

static void visit(void *context, const struct np_tree *tree, uint32_t at, uint32_t row,
		  bool outermost)
{
	struct walk *walk = context;
	const struct np_node *node = np_tree_node(tree, at);
	struct edge edge = { row, NP_GROUP_NONE };
	uint32_t place;
	int is_new;

	if (row >= walk->count)		/* NP_GROUP_NONE, too */
		return;
	if (node->self > walk->hottest[row])
		walk->hottest[row] = node->self;
	if (!outermost || node->total == 0)
		return;
	edge.caller = caller_of(walk, tree, node);
	place = np_intern_get(&walk->edges, (const char *)&edge, sizeof(edge), &is_new);
	if (place >= walk->room) {
		walk->room = walk->room ? walk->room * 2 : 1024;
		walk->values = np_xrealloc(walk->values, walk->room, sizeof(*walk->values));
	}
	walk->values[place] = (is_new ? 0 : walk->values[place]) + node->total;
}

/* The entropy of a row's callers, and how many there are. */
static void measure_callers(struct walk *walk)
{
	for (uint32_t i = 0; i < walk->edges.count; i++) {
		struct edge edge;
		double part;

		memcpy(&edge, walk->edges.entries[i].bytes, sizeof(edge));
		part = (double)walk->values[i] / (double)walk->ranking->rows[edge.row].total;
		walk->factors[edge.row].callers++;
		walk->factors[edge.row].breadth -= part * log2(part);
	}
	for (size_t i = 0; i < walk->count; i++)
		walk->factors[i].breadth = exp2(walk->factors[i].breadth);
}

static void measure_times(const struct np_ranking *ranking, const struct np_tree_meta *meta,
			  const struct np_rank_row *row, struct np_factors *factors)
{
	factors->seconds_known = np_units_seconds(meta, row->self, &factors->self_s) &&
				 np_units_seconds(meta, row->total, &factors->total_s);
	factors->per_call_known = factors->seconds_known && row->calls > 0 &&
				  ranking->calls != NP_CALLS_UNKNOWN;
	if (!factors->per_call_known)
		return;
	factors->self_ns_per_call = factors->self_s * 1e9 / (double)row->calls;
	factors->total_ns_per_call = factors->total_s * 1e9 / (double)row->calls;
}

static enum np_class class_of(const struct np_ranking *ranking, struct np_tree *tree,
			      const struct np_rank_row *row, const struct np_factors *factors,
			      const struct np_factor_options *options)
{
	double samples;

	if (row->total_share >= NP_FACTORS_HOT &&
	    (double)row->self < options->pass_through * (double)row->total)
		return NP_CLASS_WRAPPER;
	if (row->self_share < NP_FACTORS_HOT || row->calls == 0)
		return NP_CLASS_NONE;
	if (ranking->calls == NP_CALLS_EXACT)
		return !factors->per_call_known ? NP_CLASS_NONE
		     : factors->self_ns_per_call < options->many_calls_ns ? NP_CLASS_HOT_MANY
									  : NP_CLASS_HOT_FEW;
	if (ranking->calls != NP_CALLS_LOWER_BOUND ||
	    !np_units_samples(np_tree_meta(tree), row->total_samples, &samples))
		return NP_CLASS_NONE;
	return samples < 2 * (double)row->calls ? NP_CLASS_HOT_MANY : NP_CLASS_HOT_FEW;
}

struct np_factors *np_factors_create(const struct np_ranking *ranking, struct np_tree *tree,
				     size_t count, const struct np_factor_options *options)
{
	struct walk walk = { .ranking = ranking, .count = count };

	walk.factors = np_xcalloc(count + 1, sizeof(*walk.factors));
	walk.hottest = np_xcalloc(count + 1, sizeof(*walk.hottest));
	np_intern_init(&walk.edges);
	if (options->callers) {
		np_collect_walk(tree, &(struct np_grouping){ .of_function = ranking->row_of,
			.count = ranking->count }, visit, &walk);
		measure_callers(&walk);
	}
	for (size_t i = 0; i < count; i++) {
		const struct np_rank_row *row = &ranking->rows[i];
		struct np_factors *factors = &walk.factors[i];

		measure_times(ranking, np_tree_meta(tree), row, factors);
		factors->class = class_of(ranking, tree, row, factors, options);
		if (row->self)
			factors->hottest_path = (double)walk.hottest[i] / (double)row->self;
	}
	np_intern_finish(&walk.edges);
	free(walk.values);
	free(walk.hottest);
	return walk.factors;
}

const char *np_class_name(enum np_class class)
{
	static const char *const names[NP_CLASSES] = {
		[NP_CLASS_NONE] = "", [NP_CLASS_WRAPPER] = "wrapper",
		[NP_CLASS_HOT_MANY] = "hot-many", [NP_CLASS_HOT_FEW] = "hot-few",
	};

	return names[class];
}

const char *np_class_advice(enum np_class class)
{
	static const char *const advice[NP_CLASSES] = {
		[NP_CLASS_NONE] = "", [NP_CLASS_WRAPPER] = "change what it calls",
		[NP_CLASS_HOT_MANY] = "call it less often, cache or inline it",
		[NP_CLASS_HOT_FEW] = "make the call cheaper: another algorithm",
	};

	return advice[class];
}
