/* SPDX-License-Identifier: MIT
 *
 * gate_confirm.c - does a second set of recordings show the same?  Context: tools.
 *
 * What the first set found is asked of the second one alone: a few questions that were known before,
 * so they are corrected for their own number only (Bonferroni), and no minimum effect is asked for
 * again.  A chance finding is met again with the probability that was asked for, RATE, at most.
 */
#include "analyze/gate.h"

#include <string.h>

static bool is_slower_again(const struct np_gate *second, const struct np_gate_change *change,
			    size_t questions)
{
	return change->tested && change->verdict.change > 0 &&
	       change->verdict.p / 2 <= second->options.rate / (double)questions;
}

static const struct np_gate_row *same_row(const struct np_gate *gate, const struct np_compare_row *as)
{
	for (size_t i = 0; i < gate->row_count; i++)
		if (strcmp(gate->rows[i].row->name, as->name) == 0 &&
		    strcmp(gate->rows[i].row->module, as->module) == 0)
			return &gate->rows[i];
	return NULL;
}

static enum np_gate_again row_again(const struct np_gate_row *row, const struct np_gate *second,
				    size_t questions)
{
	const struct np_gate_row *other = same_row(second, row->row);

	if (!other)
		return NP_GATE_NOT_AGAIN;
	return is_slower_again(second, np_gate_change_is_self(row) ? &other->self : &other->total,
			       questions) ? NP_GATE_AGAIN : NP_GATE_NOT_AGAIN;
}

static enum np_gate_again module_again(const struct np_gate_module *module,
				       const struct np_gate *second, size_t questions)
{
	for (size_t i = 0; i < second->module_count; i++)
		if (strcmp(second->modules[i].name, module->name) == 0 &&
		    is_slower_again(second, &second->modules[i].own, questions))
			return NP_GATE_AGAIN;
	return NP_GATE_NOT_AGAIN;
}

static bool whole_is_slower(const struct np_gate *gate)
{
	return gate->work.significant && gate->work.verdict.change > 0;
}

/* Budgets are of after alone: over by any amount is over again. */
static size_t budgets_again(struct np_gate *gate, const struct np_gate *second)
{
	size_t again = 0;

	for (size_t i = 0; i < gate->options.budget_count; i++) {
		struct np_budget *budget = &gate->options.budgets[i], once_more = *budget;

		if (!np_budget_is_over(budget))
			continue;
		budget->again = np_budget_measure(second, &once_more) > budget->most
			      ? NP_GATE_AGAIN : NP_GATE_NOT_AGAIN;
		again += budget->again == NP_GATE_AGAIN;
	}
	return again;
}

void np_gate_confirm(struct np_gate *gate, const struct np_gate *second)
{
	size_t questions = gate->slower + whole_is_slower(gate), again = 0;

	for (size_t i = 0; i < gate->order_count; i++) {
		struct np_gate_row *row = &gate->rows[gate->order[i]];

		if (row->role != NP_GATE_CAUSE || !row->slower)
			continue;
		row->again = row_again(row, second, questions);
		again += row->again == NP_GATE_AGAIN;
	}
	for (size_t i = 0; i < gate->module_count; i++) {
		struct np_gate_module *module = &gate->modules[i];

		if (module->role != NP_GATE_CAUSE || !module->slower)
			continue;
		module->again = module_again(module, second, questions);
		again += module->again == NP_GATE_AGAIN;
	}
	if (whole_is_slower(gate))
		gate->work_again = is_slower_again(second, &second->work, questions)
				 ? NP_GATE_AGAIN : NP_GATE_NOT_AGAIN;
	gate->slower = again;
	gate->over_budget = budgets_again(gate, second);
	gate->again = again + gate->over_budget > 0 || gate->work_again == NP_GATE_AGAIN
		    ? NP_GATE_AGAIN : NP_GATE_NOT_AGAIN;
	if (gate->again == NP_GATE_NOT_AGAIN)
		gate->result = NP_GATE_SUSPECT;
}
