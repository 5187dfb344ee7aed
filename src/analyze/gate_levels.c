/* SPDX-License-Identifier: MIT
 *
 * gate_levels.c - the tests, from the module down to a function's self and total.  Context: tools.
 *
 * Three levels, each asked only where the one above it was found.  A module: "neither the time of
 * its functions together changed nor any of them".  Its members: that time together, and each
 * function, "neither its self nor its total changed".  A function: which of the two.  The first
 * level is Benjamini and Hochberg's over all modules at the rate that was asked for; what is found in
 * a family is tested at the family's level times the part of it that was found (Benjamini and
 * Bogomolov), so that the false discoveries among all that is told stay below the rate.
 *
 * Without modules there is one, without a name, and no question about it.
 */
#include "analyze/gate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"

#define WHOLE 0.9	/* a module that is nearly all: its share cannot show a change */

static double pooled(const struct np_gate *gate, const double *counts)
{
	double x = 0, n = 0;

	for (size_t i = 0; i < gate->compare->run_count; i++) {
		x += counts[i];
		n += gate->exposure[i];
	}
	return n > 0 ? x / n : 0;
}

/* SPREAD: by run, see np_compare_row.self_spread. */
static void test(const struct np_gate *gate, struct np_gate_change *change,
		 const struct np_noise *noise, const double *counts, const double *spread)
{
	double least_phi = pooled(gate, spread) / pooled(gate, counts);

	change->q = 1;
	change->verdict.p = 1;
	/* Too small for a change to reach the minimum effect, whoever has it. */
	change->tested = pooled(gate, counts) >= gate->options.points / 2;
	if (change->tested)
		np_hypothesis_test(&change->verdict, &gate->experiment, noise, counts, least_phi);
}

bool np_gate_is_leaf(const struct np_gate *gate, const struct np_compare_row *row)
{
	for (size_t i = 0; i < gate->compare->run_count; i++)
		if (fabs(row->self[i] - row->total[i]) > 1e-9 * row->total[i])
			return false;
	return true;
}

static int compare_module_names(const void *left, const void *right)
{
	const struct np_gate_row *const *a = left, *const *b = right;

	int order = strcmp((*a)->row->module, (*b)->row->module);

	return order ? order : (*a > *b) - (*a < *b);
}

/* Modules in the order of their names; their counts are sums of their rows' self. */
static void make_modules(struct np_gate *gate)
{
	size_t runs = gate->compare->run_count;
	struct np_gate_row **rows = np_xcalloc(gate->row_count + 1, sizeof(*rows));

	gate->by_module = np_xcalloc(gate->row_count + 1, sizeof(*gate->by_module));
	gate->modules = np_xcalloc(gate->row_count + 1, sizeof(*gate->modules));
	gate->module_cells = np_xcalloc(gate->row_count * runs * 2 + 1, sizeof(*gate->module_cells));
	for (size_t i = 0; i < gate->row_count; i++)
		rows[i] = &gate->rows[i];
	qsort(rows, gate->row_count, sizeof(*rows), compare_module_names);
	for (size_t i = 0; i < gate->row_count; i++) {
		struct np_gate_module *module;

		if (i == 0 || strcmp(rows[i]->row->module, rows[i - 1]->row->module) != 0) {
			module = &gate->modules[gate->module_count];
			*module = (struct np_gate_module){ .name = rows[i]->row->module, .q = 1,
				.self = gate->module_cells + gate->module_count * runs * 2,
				.first = i, .cause = SIZE_MAX };
			module->spread = module->self + runs;
			gate->module_count++;
		}
		module = &gate->modules[gate->module_count - 1];
		gate->by_module[i] = (size_t)(rows[i] - gate->rows);
		module->functions++;
		for (size_t run = 0; run < runs; run++) {
			module->self[run] += rows[i]->row->self[run];
			module->spread[run] += rows[i]->row->self_spread[run];
		}
	}
	free(rows);
}

/* The time of a module's functions together: a question of its own where there is more than one
 * function, and more than this module. */
static void test_module(struct np_gate *gate, struct np_gate_module *module)
{
	module->own.q = module->own.verdict.p = 1;
	if (!*module->name || module->functions < 2)
		return;
	if (gate->experiment.absolute || pooled(gate, module->self) <= WHOLE)
		test(gate, &module->own, &gate->noise_total, module->self, module->spread);
}

static bool is_tested(const struct np_gate_row *row)
{
	return row->self.tested || row->total.tested;
}

/* P of "neither self nor total changed". */
static double test_row(struct np_gate *gate, struct np_gate_row *row)
{
	test(gate, &row->self, &gate->noise_self, row->row->self,
	     row->row->self_spread);
	test(gate, &row->total, &gate->noise_total, row->row->total, row->row->total_spread);
	if (np_gate_is_leaf(gate, row->row))	/* both are one question */
		row->total = row->self;
	if (!row->self.tested || np_gate_is_leaf(gate, row->row))
		return row->total.verdict.p;
	return np_hypothesis_either(row->self.verdict.p, row->total.verdict.p);
}

/* One family: P of its members, which are rows but for the last one, the module's own. */
struct family {
	double *p;
	size_t *rows;
	size_t count;
	bool has_own;
};

static void collect(const struct np_gate *gate, const double *p, size_t module,
		    struct family *family)
{
	const struct np_gate_module *of = &gate->modules[module];

	family->count = 0;
	for (size_t i = of->first; i < of->first + of->functions; i++) {
		size_t row = gate->by_module[i];

		if (!is_tested(&gate->rows[row]))
			continue;
		family->rows[family->count] = row;
		family->p[family->count++] = p[row];
	}
	family->has_own = of->own.tested;
	if (family->has_own)
		family->p[family->count++] = of->own.verdict.p;
	np_hypothesis_adjust(family->p, family->count);
}

/* Simes: the least of the adjusted. */
static double least_of(const struct family *family)
{
	double least = 1;

	for (size_t i = 0; i < family->count; i++)
		least = fmin(least, family->p[i]);
	return least;
}

static bool is_effect(const struct np_gate *gate, const struct np_verdict_of_share *verdict)
{
	return np_gate_is_effect(gate, verdict->share[0], verdict->share[1]);
}

static void decide_significance(const struct np_gate *gate, struct np_gate_change *change)
{
	change->significant = change->tested && change->q <= gate->options.rate &&
			      is_effect(gate, &change->verdict);
}

/* Within a function that was selected: which of its two shares it was.  PART: what of the rate its
 * family left. */
static void choose(struct np_gate *gate, struct np_gate_row *row, double part)
{
	double both[2] = { row->self.verdict.p, row->total.verdict.p };

	if (row->self.tested && row->total.tested && !np_gate_is_leaf(gate, row->row))
		np_hypothesis_adjust(both, 2);
	/* So that q can be read against the rate that was asked for. */
	row->self.q = fmin(1, fmax(row->q, both[0] / part));
	row->total.q = fmin(1, fmax(row->q, both[1] / part));
	decide_significance(gate, &row->self);
	decide_significance(gate, &row->total);
	if (row->self.significant || row->total.significant) {
		row->role = NP_GATE_CAUSE;
		row->slower = np_gate_change_of(row)->verdict.change > 0;
		row->is_new = np_gate_change_of(row)->verdict.share[0] <= 0;
		row->is_gone = np_gate_change_of(row)->verdict.share[1] <= 0;
	}
}

/* What is in a module that was selected.  PART: what of the rate the modules left. */
static void choose_members(struct np_gate *gate, struct np_gate_module *module,
			   const struct family *family, double part)
{
	size_t functions = family->count - family->has_own, found = 0;

	for (size_t i = 0; i < family->count; i++)
		found += family->p[i] / part <= gate->options.rate;
	for (size_t i = 0; i < functions; i++) {
		struct np_gate_row *row = &gate->rows[family->rows[i]];

		row->q = fmin(1, fmax(module->q, family->p[i] / part));
		if (row->q > gate->options.rate)
			continue;
		gate->selected++;
		choose(gate, row, part * (double)found / (double)family->count);
	}
	if (!family->has_own)
		return;
	module->own.q = fmin(1, fmax(module->q, family->p[functions] / part));
	decide_significance(gate, &module->own);
	if (module->own.significant) {
		module->role = NP_GATE_CAUSE;
		module->slower = module->own.verdict.change > 0;
	}
}

void np_gate_levels(struct np_gate *gate)
{
	double *p = np_xcalloc(gate->row_count + 1, sizeof(*p)), *by_module;
	struct family family = { .p = np_xcalloc(gate->row_count + 2, sizeof(*family.p)),
				 .rows = np_xcalloc(gate->row_count + 1, sizeof(*family.rows)) };
	size_t asked = 0, found = 0;

	make_modules(gate);
	by_module = np_xcalloc(gate->module_count + 1, sizeof(*by_module));
	for (size_t i = 0; i < gate->row_count; i++) {
		p[i] = test_row(gate, &gate->rows[i]);
		gate->tested += is_tested(&gate->rows[i]);
	}
	for (size_t i = 0; i < gate->module_count; i++) {
		test_module(gate, &gate->modules[i]);
		collect(gate, p, i, &family);
		gate->modules[i].asked = family.count > 0;
		if (family.count > 0)
			by_module[asked++] = least_of(&family);
	}
	np_hypothesis_adjust(by_module, asked);
	for (size_t i = 0, at = 0; i < gate->module_count; i++) {
		if (!gate->modules[i].asked)
			continue;
		gate->modules[i].q = by_module[at++];
		found += gate->modules[i].q <= gate->options.rate;
	}
	for (size_t i = 0; i < gate->module_count; i++) {
		if (gate->modules[i].q > gate->options.rate || !gate->modules[i].asked)
			continue;
		collect(gate, p, i, &family);
		choose_members(gate, &gate->modules[i], &family, (double)found / (double)asked);
	}
	free(family.p);
	free(family.rows);
	free(by_module);
	free(p);
}
