/* SPDX-License-Identifier: MIT
 *
 * gate_cause.c - from many significant functions to the few that are the reason.  Context: tools.
 *
 * One slower leaf makes every caller's total grow; code that moved from one function to another
 * makes one slower and one faster.  None of these is another alarm.
 */
#include "analyze/gate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"

#define NONE	     SIZE_MAX
#define EXPLAINS     0.5	/* of a caller's change, by functions below it */
#define CANCELS	     0.75	/* of a change, by neighbours that went the other way */
#define UNCHANGED    0.25	/* of a change: the caller's is less */
#define WHOLE	     0.9	/* a caller that is nearly all: its share cannot show a change */

/* Changes of share by node and by row. */
struct shift {
	double *self, *total;	/* by node */
	double *before;		/* total of before, by node */
	double *by_row;		/* what one question sums up */
	uint8_t *mark;		/* by node */
	uint32_t nodes;
};

double *np_gate_nodes(const struct np_gate *gate, enum np_side side, bool totals)
{
	const struct np_compare *compare = gate->compare;
	uint32_t nodes = np_tree_node_count(compare->tree);
	double *sum = np_xcalloc(nodes, sizeof(*sum)), exposure = 0;

	for (size_t run = 0; run < compare->run_count; run++) {
		double *values;

		if (compare->runs[run].side != side)
			continue;
		values = np_compare_nodes(compare, &compare->runs[run], totals);
		for (uint32_t i = 0; i < nodes; i++)
			sum[i] += values[i] * gate->factor[run];
		exposure += gate->exposure[run];
		free(values);
	}
	for (uint32_t i = 0; i < nodes && exposure > 0; i++)
		sum[i] *= (side == NP_AFTER ? gate->experiment.scale : 1) / exposure;
	return sum;
}

static void shift_init(struct shift *shift, const struct np_gate *gate)
{
	double *after = np_gate_nodes(gate, NP_AFTER, true);
	double *self = np_gate_nodes(gate, NP_BEFORE, false);

	shift->nodes = np_tree_node_count(gate->compare->tree);
	shift->before = np_gate_nodes(gate, NP_BEFORE, true);
	shift->total = after;
	shift->self = np_gate_nodes(gate, NP_AFTER, false);
	shift->by_row = np_xcalloc(gate->row_count + 1, sizeof(*shift->by_row));
	shift->mark = np_xcalloc(shift->nodes, sizeof(*shift->mark));
	for (uint32_t i = 0; i < shift->nodes; i++) {
		shift->total[i] -= shift->before[i];
		shift->self[i] -= self[i];
	}
	free(self);
}

static void shift_finish(struct shift *shift)
{
	free(shift->self);
	free(shift->total);
	free(shift->before);
	free(shift->by_row);
	free(shift->mark);
}

static double change_of(const struct np_gate_row *row)
{
	return np_gate_change_of(row)->verdict.change;
}

/* What each row's self, or for those that changed by callees alone the total, did below ROW. */
static void sum_below(const struct np_gate *gate, struct shift *shift, size_t row)
{
	const struct np_compare *compare = gate->compare;

	memset(shift->by_row, 0, gate->row_count * sizeof(*shift->by_row));
	memset(shift->mark, 0, shift->nodes);
	for (uint32_t i = 1; i < shift->nodes; i++) {
		uint32_t other = compare->row_of[i];

		shift->mark[i] = shift->mark[np_tree_node(compare->tree, i)->parent] || other == row;
		if (!shift->mark[i] || other == UINT32_MAX || other == row)
			continue;
		if (gate->rows[other].self.significant)
			shift->by_row[other] += shift->self[i];
		else if (compare->outermost[i])
			shift->by_row[other] += shift->total[i];
	}
}

/* The totals that grew or shrank for what lies below.  ROWS: ascending by the size of change, so
 * that a row's causes are settled before it and no two can be each other's. */
static void find_through(struct np_gate *gate, struct shift *shift, const size_t *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct np_gate_row *row = &gate->rows[rows[i]];
		double change = change_of(row), selfs = 0, best = 0;
		size_t best_row = NONE;

		if (row->self.significant)
			continue;
		sum_below(gate, shift, rows[i]);
		for (size_t j = 0; j < count; j++) {
			const struct np_gate_row *other = &gate->rows[rows[j]];
			double part = shift->by_row[rows[j]] / change;

			if (other->slower != row->slower || part <= 0 ||
			    (!other->self.significant && j >= i))
				continue;
			if (other->self.significant)
				selfs += part;
			if (part > best) {
				best = part;
				best_row = rows[j];
			}
		}
		if (best_row == NONE || (selfs < EXPLAINS && best < EXPLAINS))
			continue;
		row->role = NP_GATE_THROUGH;
		row->cause = best_row;
		/* To the reason itself, not to another caller of it. */
		if (gate->rows[best_row].role == NP_GATE_THROUGH)
			row->cause = gate->rows[best_row].cause;
	}
}

/* Did what ROW won come from neighbours below callers that themselves did not change? */
static size_t moved_from(const struct np_gate *gate, struct shift *shift, size_t row)
{
	const struct np_compare *compare = gate->compare;
	double won = 0, callers = 0, before = 0, lost = 0, most = 0;
	size_t best = NONE;

	memset(shift->by_row, 0, gate->row_count * sizeof(*shift->by_row));
	memset(shift->mark, 0, shift->nodes);
	for (uint32_t i = 1; i < shift->nodes; i++) {
		uint32_t parent = np_tree_node(compare->tree, i)->parent;

		if (compare->row_of[i] != row || !compare->outermost[i])
			continue;
		won += shift->total[i];
		if (shift->mark[parent])
			continue;
		shift->mark[parent] = 1;
		callers += shift->total[parent];
		before += shift->before[parent];
		if (compare->row_of[parent] != UINT32_MAX)
			shift->by_row[compare->row_of[parent]] += shift->self[parent];
	}
	if (fabs(callers) > UNCHANGED * fabs(won) ||
	    (!gate->experiment.absolute && before > WHOLE))
		return NONE;
	for (uint32_t i = 1; i < shift->nodes; i++) {
		uint32_t other = compare->row_of[i];

		if (shift->mark[np_tree_node(compare->tree, i)->parent] && other != UINT32_MAX &&
		    other != row)
			shift->by_row[other] += shift->total[i];
	}
	for (size_t i = 0; i < gate->row_count; i++) {
		double part = -shift->by_row[i] / won;

		if (gate->rows[i].role == NP_GATE_NONE || part <= 0)
			continue;
		lost += part;
		if (part > most) {
			most = part;
			best = i;
		}
	}
	return lost >= CANCELS ? best : NONE;
}

static void find_moved(struct np_gate *gate, struct shift *shift, const size_t *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct np_gate_row *row = &gate->rows[rows[i]];
		size_t other;

		if (row->role != NP_GATE_CAUSE)
			continue;
		other = moved_from(gate, shift, rows[i]);
		if (other == NONE)
			continue;
		row->role = NP_GATE_MOVED;
		row->cause = other;
		if (gate->rows[other].role == NP_GATE_CAUSE &&
		    fabs(change_of(&gate->rows[other])) <= fabs(change_of(row)) * (1 + UNCHANGED)) {
			gate->rows[other].role = NP_GATE_MOVED;
			gate->rows[other].cause = rows[i];
		}
	}
}

/* A module that changed because of functions that are told anyway. */
static void explain_modules(struct np_gate *gate)
{
	for (size_t i = 0; i < gate->module_count; i++) {
		struct np_gate_module *module = &gate->modules[i];
		double explained = 0, most = 0;

		if (module->role != NP_GATE_CAUSE)
			continue;
		for (size_t j = module->first; j < module->first + module->functions; j++) {
			const struct np_gate_row *row = &gate->rows[gate->by_module[j]];
			double part = row->self.verdict.change / module->own.verdict.change;

			if ((row->role != NP_GATE_CAUSE && row->role != NP_GATE_MOVED) ||
			    !row->self.tested || part <= 0)
				continue;
			explained += part;
			if (part > most) {
				most = part;
				module->cause = gate->by_module[j];
			}
		}
		if (explained >= EXPLAINS)
			module->role = NP_GATE_THROUGH;
	}
}

struct sized {
	double change;
	size_t row;
	int role;
};

static int compare_ascending(const void *left, const void *right)
{
	const struct sized *a = left, *b = right;

	if (a->change != b->change)
		return a->change < b->change ? -1 : 1;
	return (a->row > b->row) - (a->row < b->row);
}

static int compare_for_report(const void *left, const void *right)
{
	static const int places[] = { [NP_GATE_CAUSE] = 0, [NP_GATE_MOVED] = 1,
				      [NP_GATE_THROUGH] = 2 };
	const struct sized *a = left, *b = right;

	if (a->role != b->role)
		return places[a->role] - places[b->role];
	if (a->change != b->change)
		return a->change > b->change ? -1 : 1;
	return (a->row > b->row) - (a->row < b->row);
}

void np_gate_causes(struct np_gate *gate)
{
	struct sized *found = np_xcalloc(gate->row_count + 1, sizeof(*found));
	struct shift shift;
	size_t count = 0;

	for (size_t i = 0; i < gate->row_count; i++)
		if (gate->rows[i].role != NP_GATE_NONE)
			found[count++] = (struct sized){ fabs(change_of(&gate->rows[i])), i, 0 };
	qsort(found, count, sizeof(*found), compare_ascending);
	for (size_t i = 0; i < count; i++)
		gate->order[i] = found[i].row;
	gate->order_count = count;
	if (count > 0) {
		shift_init(&shift, gate);
		find_through(gate, &shift, gate->order, count);
		find_moved(gate, &shift, gate->order, count);
		shift_finish(&shift);
	}
	explain_modules(gate);
	for (size_t i = 0; i < count; i++)
		found[i].role = gate->rows[found[i].row].role;
	qsort(found, count, sizeof(*found), compare_for_report);
	for (size_t i = 0; i < count; i++)
		gate->order[i] = found[i].row;
	free(found);
}
