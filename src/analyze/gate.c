/* SPDX-License-Identifier: MIT
 *
 * gate.c - the tests and the verdict.  Context: tools.
 */
#include "analyze/gate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"

#define POWER	 0.8		/* of all comparisons are decided by the runs that are asked for */
#define RUNS_MAX 1000000u	/* more are not worth a number */

void np_gate_options_init(struct np_gate_options *options)
{
	*options = (struct np_gate_options){ .rate = 0.05, .points = 0.005, .relative = 0.1,
		.noise = NP_HYPOTHESIS_NOISE, .runs_fail = 3, .samples_min = 1000,
		.unresolved_max = 0.2, .truncated_max = 0.1, .lost_max = 0.05 };
}

const char *np_gate_result_name(enum np_gate_result result)
{
	static const char *const names[] = { "PASS", "FAIL", "SUSPECT", "INCONCLUSIVE", "UNUSABLE" };

	return names[result];
}

const char *np_gate_role_name(enum np_gate_role role)
{
	static const char *const names[] = { "none", "cause", "through", "moved" };

	return names[role];
}

bool np_gate_change_is_self(const struct np_gate_row *row)
{
	return row->self.significant;
}

const struct np_gate_change *np_gate_change_of(const struct np_gate_row *row)
{
	return row->self.significant ? &row->self : &row->total;
}

/* What every test needs: exposures, and what to divide by when the work is the same. */
static void set_experiment(struct np_gate *gate)
{
	const struct np_compare *compare = gate->compare;
	struct np_experiment *experiment = &gate->experiment;

	gate->exposure = np_xcalloc(compare->run_count + 1, sizeof(*gate->exposure));
	gate->factor = np_xcalloc(compare->run_count + 1, sizeof(*gate->factor));
	for (size_t i = 0; i < compare->run_count; i++) {
		gate->exposure[i] = np_compare_exposure(&compare->runs[i]);
		gate->factor[i] = 1;
	}
	*experiment = (struct np_experiment){ .exposure = gate->exposure,
		.count = { compare->count[NP_BEFORE], compare->count[NP_AFTER] }, .scale = 1,
		.noise = gate->options.noise, .samples_known = compare->samples_known,
		.absolute = gate->options.same_work };
}

/* Samples of a run that are one unit of work, for absolute comparison: shares are then of the
 * mean of before.  A sample must weigh the same everywhere, so the value decides. */
static void make_absolute(struct np_gate *gate)
{
	const struct np_compare *compare = gate->compare;
	double value = 0, samples = 0, count = (double)compare->count[NP_BEFORE];

	for (size_t i = 0; i < compare->count[NP_BEFORE]; i++) {
		value += compare->runs[i].value / count;
		samples += gate->exposure[i] / count;
	}
	for (size_t i = 0; i < compare->run_count; i++) {
		gate->factor[i] = compare->runs[i].value / value * samples / gate->exposure[i];
		gate->exposure[i] = samples;
	}
}

bool np_gate_is_effect(const struct np_gate *gate, double before, double after)
{
	double change = fabs(after - before);

	return change >= gate->options.points && change >= gate->options.relative * before;
}

/* The whole, when both sides did the same work. */
static void test_work(struct np_gate *gate, const double *samples)
{
	size_t runs = gate->compare->run_count;
	double *counts = np_xcalloc(runs + 1, sizeof(*counts));
	const struct np_noise noise = { .sigma = gate->options.noise, .prior_scale = 1 };

	for (size_t i = 0; i < runs; i++)
		counts[i] = samples[i] * gate->factor[i];
	gate->work_known = true;
	gate->work.tested = true;
	np_hypothesis_test(&gate->work.verdict, &gate->experiment, &noise, counts, 1);
	gate->work.q = gate->work.verdict.p;
	gate->work.significant = gate->work.q <= gate->options.rate &&
				 np_gate_is_effect(gate, gate->work.verdict.share[0],
						   gate->work.verdict.share[1]);
	free(counts);
}

/* Both kinds of counts by row, for the fits. */
static void fit(struct np_gate *gate)
{
	const double **series = np_xcalloc(gate->row_count + 1, sizeof(*series));

	for (size_t i = 0; i < gate->row_count; i++)
		series[i] = gate->rows[i].row->self;
	gate->guarded = np_hypothesis_guard(&gate->experiment, series, gate->row_count,
					    gate->options.points / 2);
	np_noise_fit(&gate->noise_self, &gate->experiment, series, gate->row_count);
	for (size_t i = 0; i < gate->row_count; i++)
		series[i] = gate->rows[i].row->total;
	np_noise_fit(&gate->noise_total, &gate->experiment, series, gate->row_count);
	free((void *)series);
}

/* More than this and a function would be found, had it grown so. */
static double limit_of(const struct np_gate *gate, const struct np_verdict_of_share *verdict)
{
	return fmax(gate->options.points, gate->options.relative * verdict->share[0]);
}

/* The questions to which the answer is to be "no". */
struct open_questions {
	double *ratio;		/* limit over standard error */
	size_t count, room;
	double df;		/* the least of theirs */
	double least;		/* of the ratios */
};

static void ask(struct np_gate *gate, const char *name, const struct np_gate_change *change,
		struct open_questions *open)
{
	double limit = limit_of(gate, &change->verdict), ratio;

	if (!change->tested || change->significant)
		return;
	ratio = limit / fmax(change->verdict.error, 1e-12);
	if (open->count == open->room) {
		open->room = open->room ? 2 * open->room : 64;
		open->ratio = np_xrealloc(open->ratio, open->room, sizeof(*open->ratio));
	}
	open->ratio[open->count++] = ratio;
	open->df = fmin(open->df, change->verdict.df);
	if (change->verdict.upper_one_sided < limit)
		return;
	gate->undecided++;
	if (ratio < open->least) {
		open->least = ratio;
		gate->least_decided = name;
	}
}

/* Would RUNS times as many runs answer all of them, if nothing changed, in POWER of all cases? */
static bool would_show(const struct open_questions *open, double runs_now, double runs)
{
	double quantile = np_student_quantile(0.05, open->df + 2 * (runs - runs_now));
	double factor = sqrt(runs / runs_now), all = 1;

	for (size_t i = 0; i < open->count && all >= POWER; i++)
		all *= np_student_tail(quantile - open->ratio[i] * factor, INFINITY);
	return all >= POWER;
}

static size_t runs_needed(const struct open_questions *open, size_t runs_now)
{
	size_t low = runs_now, high = runs_now + 1;

	while (high < RUNS_MAX && !would_show(open, (double)runs_now, (double)high)) {
		low = high;
		high *= 2;
	}
	if (high >= RUNS_MAX)
		return RUNS_MAX;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (would_show(open, (double)runs_now, (double)middle))
			high = middle;
		else
			low = middle;
	}
	return high;
}

static void count_causes(struct np_gate *gate)
{
	for (size_t i = 0; i < gate->order_count; i++) {
		const struct np_gate_row *row = &gate->rows[gate->order[i]];

		gate->slower += row->role == NP_GATE_CAUSE && row->slower;
		gate->faster += row->role == NP_GATE_CAUSE && !row->slower;
	}
	for (size_t i = 0; i < gate->module_count; i++) {
		const struct np_gate_module *module = &gate->modules[i];

		gate->slower += module->role == NP_GATE_CAUSE && module->slower;
		gate->faster += module->role == NP_GATE_CAUSE && !module->slower;
	}
}

/* Sets undecided, least_decided and runs_needed. */
static void ask_all(struct np_gate *gate, size_t runs)
{
	struct open_questions open = { .df = INFINITY, .least = INFINITY };

	for (size_t i = 0; i < gate->row_count; i++) {
		const struct np_gate_row *row = &gate->rows[i];

		if (row->role != NP_GATE_NONE)
			continue;
		ask(gate, row->row->name, &row->self, &open);
		if (!np_gate_is_leaf(gate, row->row))
			ask(gate, row->row->name, &row->total, &open);
	}
	for (size_t i = 0; i < gate->module_count; i++)
		if (gate->modules[i].role == NP_GATE_NONE)
			ask(gate, gate->modules[i].name, &gate->modules[i].own, &open);
	if (gate->undecided > 0)
		gate->runs_needed = runs_needed(&open, runs);
	free(open.ratio);
}

static void decide(struct np_gate *gate)
{
	size_t runs = gate->experiment.count[0] < gate->experiment.count[1]
		    ? gate->experiment.count[0] : gate->experiment.count[1];
	bool enough = runs >= gate->options.runs_fail;

	ask_all(gate, runs);
	if (!enough && gate->runs_needed < gate->options.runs_fail)
		gate->runs_needed = gate->options.runs_fail;
	count_causes(gate);
	if (gate->over_budget > 0 ||
	    (enough && (gate->slower > 0 || (gate->work.significant && gate->work.verdict.change > 0))))
		gate->result = NP_GATE_FAIL;
	else if (gate->slower > 0 || gate->near_budget > 0 ||
		 (gate->work.significant && gate->work.verdict.change > 0))
		gate->result = NP_GATE_SUSPECT;
	else if (!enough || gate->undecided > 0)
		gate->result = NP_GATE_INCONCLUSIVE;
	else
		gate->result = NP_GATE_PASS;
}

/* Absolute counts need rows of their own: COMPARE's are shares of each run. */
static void scale_rows(struct np_gate *gate)
{
	for (size_t i = 0; i < gate->row_count; i++)
		for (size_t run = 0; run < gate->compare->run_count; run++) {
			gate->compare->rows[i].self[run] *= gate->factor[run];
			gate->compare->rows[i].total[run] *= gate->factor[run];
			gate->compare->rows[i].self_spread[run] *= gate->factor[run];
			gate->compare->rows[i].total_spread[run] *= gate->factor[run];
		}
}

static void judge(struct np_gate *gate)
{
	size_t runs = gate->compare->run_count;
	double *samples = np_xcalloc(runs + 1, sizeof(*samples));

	memcpy(samples, gate->exposure, runs * sizeof(*samples));
	if (gate->options.same_work) {
		make_absolute(gate);
		scale_rows(gate);
		test_work(gate, samples);
	}
	fit(gate);
	np_gate_levels(gate);
	np_gate_causes(gate);
	np_gate_budgets(gate);
	decide(gate);
	free(samples);
}

void np_gate_init(struct np_gate *gate, const struct np_compare *compare,
		  const struct np_gate_options *options)
{
	*gate = (struct np_gate){ .compare = compare, .options = *options,
				  .row_count = compare->row_count };
	gate->rows = np_xcalloc(gate->row_count + 1, sizeof(*gate->rows));
	for (size_t i = 0; i < gate->row_count; i++)
		gate->rows[i] = (struct np_gate_row){ .row = &compare->rows[i], .q = 1,
			.cause = SIZE_MAX };
	gate->order = np_xcalloc(gate->row_count + 1, sizeof(*gate->order));
	set_experiment(gate);
	np_gate_quality(gate);
	if (gate->problem_count > 0)
		gate->result = NP_GATE_UNUSABLE;
	else
		judge(gate);
}

void np_gate_finish(struct np_gate *gate)
{
	for (size_t i = 0; i < gate->problem_count; i++)
		free(gate->problems[i].text);
	free(gate->problems);
	free(gate->exposure);
	free(gate->factor);
	free(gate->rows);
	free(gate->modules);
	free(gate->by_module);
	free(gate->module_cells);
	free(gate->order);
	memset(gate, 0, sizeof(*gate));
}
