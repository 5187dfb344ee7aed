/* SPDX-License-Identifier: MIT
 *
 * effect.c - medians of log ratios, and bootstrap intervals.  Context: tools.
 */
#include "measure/effect.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/student.h"
#include "base/message.h"
#include "measure/draw.h"
#include "measure/order.h"
#include "measure/tail.h"

#define WORK_MAX	((size_t)20000000)
#define RESAMPLES_LEAST ((size_t)1000)

static int check(const struct np_series *series)
{
	for (size_t i = 0; i < series->runs; i++) {
		if (series->counts[i] == 0)
			return -EINVAL;
		for (size_t k = 0; k < series->counts[i]; k++) {
			if (!(series->values[i][k] > 0) || !isfinite(series->values[i][k]))
				return -EINVAL;
		}
	}
	return 0;
}

/* Is all that both arms tell one and the same number?  Then nothing changed, whatever its sign. */
static bool is_constant(const struct np_series *a, const struct np_series *b)
{
	const struct np_series *both[] = { a, b };
	double known = a->runs && a->counts[0] ? a->values[0][0] : NAN;

	for (int arm = 0; arm < 2; arm++) {
		for (size_t i = 0; i < both[arm]->runs; i++) {
			for (size_t k = 0; k < both[arm]->counts[i]; k++) {
				if (both[arm]->values[i][k] != known)
					return false;
			}
		}
	}
	return true;
}

/* The iterations of every run in order, so that a drawn median costs no sort. */
struct rows {
	double **sorted;
	const size_t *counts;
	size_t runs;
};

static struct rows sort_rows(const struct np_series *series)
{
	struct rows rows = { np_xcalloc(series->runs, sizeof(*rows.sorted)), series->counts, series->runs };

	for (size_t i = 0; i < series->runs; i++) {
		rows.sorted[i] = np_xcalloc(series->counts[i], sizeof(double));
		memcpy(rows.sorted[i], series->values[i], series->counts[i] * sizeof(double));
		np_order_sort(rows.sorted[i], series->counts[i]);
	}
	return rows;
}

static void free_rows(struct rows *rows)
{
	for (size_t i = 0; i < rows->runs; i++)
		free(rows->sorted[i]);
	free(rows->sorted);
}

/* The logarithm of a run's median, of its iterations as they are or drawn again.  The k-th of n drawn
 * is the value at n u, u being the k-th of n uniform numbers, which is distributed as Beta. */
static double run_median(const struct rows *rows, size_t run, uint64_t *state)
{
	const double *sorted = rows->sorted[run];
	size_t count = rows->counts[run], half = count / 2, at, next;
	double u;

	if (count == 1 || !state)
		return log(np_order_quantile(sorted, count, 0.5));
	if (count & 1)
		return log(sorted[(size_t)(np_draw_beta(state, half + 1, half + 1) * (double)count)]);
	u = np_draw_beta(state, half, half + 1);
	at = (size_t)(u * (double)count);
	/* The next one is the least of the other `half`, which lie above. */
	u += (1 - u) * (1 - pow(np_draw_uniform(state), 1 / (double)half));
	next = (size_t)(u * (double)count);
	return log(sorted[at] / 2 + sorted[next < count ? next : count - 1] / 2);
}

struct paired {
	struct rows old_rows, new_rows;
	struct np_tail old_tail, new_tail;
	enum np_statistic statistic;
	double *ratios;
	size_t *times;			/* that a run was picked */
};

static double statistic_of(struct paired *paired, const size_t *picked, uint64_t *state)
{
	size_t pairs = paired->old_rows.runs;

	if (paired->statistic == NP_OF_P99) {
		memset(paired->times, 0, pairs * sizeof(*paired->times));
		for (size_t i = 0; i < pairs; i++)
			paired->times[picked[i]]++;
		return log(np_tail_p99(&paired->new_tail, paired->times)) -
			log(np_tail_p99(&paired->old_tail, paired->times));
	}
	for (size_t i = 0; i < pairs; i++)
		paired->ratios[i] = run_median(&paired->new_rows, picked[i], state) -
			run_median(&paired->old_rows, picked[i], state);
	return np_order_median(paired->ratios, pairs);
}

/* P(T <= -t) of Student's distribution. */
static double student_tail(double t, double freedom)
{
	return np_beta_fraction(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2;
}

/* Percentile intervals are too narrow for few runs: they forget that the scatter is estimated, too.
 * The expanded ones (Hesterberg, "What teachers should know about the bootstrap", 2015) take the
 * quantile at Phi(-sqrt(n / (n - 1)) t), t of Student's distribution with n - 1 degrees. */
static double expanded_tail(double tail, size_t runs)
{
	double low = 0, high = 1000, freedom = (double)(runs - 1);

	for (int i = 0; i < 60; i++) {
		double middle = (low + high) / 2;

		if (student_tail(middle, freedom) > tail)
			low = middle;
		else
			high = middle;
	}
	return erfc(sqrt((double)runs / freedom) * low / M_SQRT2) / 2;
}

static void interval(struct np_effect *effect, double *found, unsigned resamples, double confidence)
{
	double tail = expanded_tail((1 - confidence) / 2, effect->pairs);

	np_order_sort(found, resamples);
	effect->low = np_order_quantile(found, resamples, tail);
	effect->high = np_order_quantile(found, resamples, 1 - tail);
}

/* With a million iterations fewer resamples do: their interval is as good, but for its last digit. */
static unsigned affordable(unsigned resamples, size_t work)
{
	size_t most = WORK_MAX / work;

	most = most < RESAMPLES_LEAST ? RESAMPLES_LEAST : most;
	return most < resamples ? (unsigned)most : resamples;
}

int np_effect(struct np_effect *effect, const struct np_series *old_runs,
	      const struct np_series *new_runs, enum np_statistic statistic, double confidence,
	      unsigned resamples, uint64_t seed)
{
	size_t pairs = old_runs->runs, *picked;
	struct paired paired = { .statistic = statistic };
	uint64_t state = seed | 1;
	double *found;

	*effect = (struct np_effect){ 0 };
	if (pairs < 2 || new_runs->runs != pairs)
		return -EINVAL;
	effect->pairs = pairs;
	if (is_constant(old_runs, new_runs))
		return 0;
	if (check(old_runs) < 0 || check(new_runs) < 0) {
		effect->pairs = 0;
		return -EINVAL;
	}
	paired.old_rows = sort_rows(old_runs);
	paired.new_rows = sort_rows(new_runs);
	paired.ratios = np_xcalloc(pairs, sizeof(double));
	paired.times = np_xcalloc(pairs, sizeof(*paired.times));
	if (statistic == NP_OF_P99) {
		paired.old_tail = np_tail_make(old_runs);
		paired.new_tail = np_tail_make(new_runs);
		resamples = affordable(resamples, np_tail_work(&paired.old_tail) +
				       np_tail_work(&paired.new_tail));
	}
	picked = np_xcalloc(pairs, sizeof(*picked));
	found = np_xcalloc(resamples, sizeof(double));
	for (size_t i = 0; i < pairs; i++)
		picked[i] = i;
	effect->log_ratio = statistic_of(&paired, picked, NULL);
	for (unsigned r = 0; r < resamples; r++) {
		for (size_t i = 0; i < pairs; i++)
			picked[i] = np_draw(&state, pairs);
		found[r] = statistic_of(&paired, picked, &state);
	}
	interval(effect, found, resamples, confidence);
	free_rows(&paired.old_rows);
	free_rows(&paired.new_rows);
	free(paired.ratios);
	np_tail_free(&paired.old_tail);
	np_tail_free(&paired.new_tail);
	free(paired.times);
	free(picked);
	free(found);
	return 0;
}

static double median_of_runs(const struct rows *rows, uint64_t *state, double *medians)
{
	for (size_t i = 0; i < rows->runs; i++)
		medians[i] = run_median(rows, state ? np_draw(state, rows->runs) : i, state);
	return np_order_median(medians, rows->runs);
}

int np_effect_unpaired(struct np_effect *effect, const struct np_series *old_runs,
		       const struct np_series *new_runs, double confidence, unsigned resamples,
		       uint64_t seed)
{
	size_t least = old_runs->runs < new_runs->runs ? old_runs->runs : new_runs->runs;
	uint64_t state = seed | 1;
	struct rows rows[2];
	double *medians, *found;

	*effect = (struct np_effect){ 0 };
	if (least < 2)
		return -EINVAL;
	effect->pairs = least;
	if (is_constant(old_runs, new_runs))
		return 0;
	if (check(old_runs) < 0 || check(new_runs) < 0) {
		effect->pairs = 0;
		return -EINVAL;
	}
	rows[0] = sort_rows(old_runs);
	rows[1] = sort_rows(new_runs);
	medians = np_xcalloc(old_runs->runs + new_runs->runs, sizeof(double));
	found = np_xcalloc(resamples, sizeof(double));
	effect->log_ratio = median_of_runs(&rows[1], NULL, medians) -
		median_of_runs(&rows[0], NULL, medians);
	for (unsigned r = 0; r < resamples; r++)
		found[r] = median_of_runs(&rows[1], &state, medians) -
			median_of_runs(&rows[0], &state, medians);
	interval(effect, found, resamples, confidence);
	free_rows(&rows[0]);
	free_rows(&rows[1]);
	free(medians);
	free(found);
	return 0;
}

double np_effect_gain(double log_ratio, int higher)
{
	return higher ? expm1(log_ratio) : -expm1(log_ratio);
}
