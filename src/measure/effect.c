/* SPDX-License-Identifier: MIT
 *
 * effect.c - medians of log ratios, and bootstrap intervals.  Context: tools.
 */
#include "measure/effect.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/student.h"
#include "base/message.h"
#include "measure/order.h"

/* xorshift64* (Marsaglia 2003, Vigna 2016): the same interval for the same runs, everywhere. */
static size_t draw(uint64_t *state, size_t below)
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return (size_t)((unsigned __int128)(x * 0x2545f4914f6cdd1du) * below >> 64);
}

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

static size_t longest(const struct np_series *series)
{
	size_t most = 0;

	for (size_t i = 0; i < series->runs; i++)
		most = series->counts[i] > most ? series->counts[i] : most;
	return most;
}

static size_t total(const struct np_series *series)
{
	size_t sum = 0;

	for (size_t i = 0; i < series->runs; i++)
		sum += series->counts[i];
	return sum;
}

/* The logarithm of a run's median, of its iterations as they are or drawn again. */
static double run_median(const struct np_series *series, size_t run, uint64_t *state, double *scratch)
{
	size_t count = series->counts[run];

	if (count == 1)
		return log(series->values[run][0]);
	for (size_t i = 0; i < count; i++)
		scratch[i] = series->values[run][state ? draw(state, count) : i];
	return log(np_order_median(scratch, count));
}

struct paired {
	const struct np_series *old_runs, *new_runs;
	enum np_statistic statistic;
	double *scratch, *ratios, *pool;
};

/* The p99 of all iterations of the runs PICKED, and of the pair's other arm. */
static double pooled_p99(const struct paired *paired, const struct np_series *series,
			 const size_t *picked, uint64_t *state)
{
	size_t used = 0;

	for (size_t i = 0; i < series->runs; i++) {
		size_t run = picked[i], count = series->counts[run];

		for (size_t k = 0; k < count; k++)
			paired->pool[used++] = series->values[run][state ? draw(state, count) : k];
	}
	np_order_sort(paired->pool, used);
	return log(np_order_harrell_davis(paired->pool, used, 0.99));
}

static double statistic_of(struct paired *paired, const size_t *picked, uint64_t *state)
{
	size_t pairs = paired->old_runs->runs;

	if (paired->statistic == NP_OF_P99)
		return pooled_p99(paired, paired->new_runs, picked, state) -
			pooled_p99(paired, paired->old_runs, picked, state);
	for (size_t i = 0; i < pairs; i++)
		paired->ratios[i] = run_median(paired->new_runs, picked[i], state, paired->scratch) -
			run_median(paired->old_runs, picked[i], state, paired->scratch);
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

int np_effect(struct np_effect *effect, const struct np_series *old_runs,
	      const struct np_series *new_runs, enum np_statistic statistic, double confidence,
	      unsigned resamples, uint64_t seed)
{
	size_t pairs = old_runs->runs, most = longest(old_runs), pooled = 1, *picked;
	struct paired paired = { old_runs, new_runs, statistic, NULL, NULL, NULL };
	uint64_t state = seed | 1;
	double *found;

	*effect = (struct np_effect){ .pairs = pairs };
	if (pairs < 2 || new_runs->runs != pairs || check(old_runs) < 0 || check(new_runs) < 0)
		return -EINVAL;
	most = longest(new_runs) > most ? longest(new_runs) : most;
	if (statistic == NP_OF_P99)	/* a run may be picked as often as there are pairs */
		pooled = pairs * most;
	paired.scratch = np_xcalloc(most, sizeof(double));
	paired.ratios = np_xcalloc(pairs, sizeof(double));
	paired.pool = np_xcalloc(pooled, sizeof(double));
	picked = np_xcalloc(pairs, sizeof(*picked));
	found = np_xcalloc(resamples, sizeof(double));
	for (size_t i = 0; i < pairs; i++)
		picked[i] = i;
	effect->log_ratio = statistic_of(&paired, picked, NULL);
	for (unsigned r = 0; r < resamples; r++) {
		for (size_t i = 0; i < pairs; i++)
			picked[i] = draw(&state, pairs);
		found[r] = statistic_of(&paired, picked, &state);
	}
	interval(effect, found, resamples, confidence);
	free(paired.scratch);
	free(paired.ratios);
	free(paired.pool);
	free(picked);
	free(found);
	return 0;
}

static double median_of_runs(const struct np_series *series, uint64_t *state, double *scratch,
			     double *medians)
{
	for (size_t i = 0; i < series->runs; i++)
		medians[i] = run_median(series, state ? draw(state, series->runs) : i, state, scratch);
	return np_order_median(medians, series->runs);
}

int np_effect_unpaired(struct np_effect *effect, const struct np_series *old_runs,
		       const struct np_series *new_runs, double confidence, unsigned resamples,
		       uint64_t seed)
{
	size_t least = old_runs->runs < new_runs->runs ? old_runs->runs : new_runs->runs;
	double *scratch, *medians, *found;
	uint64_t state = seed | 1;

	*effect = (struct np_effect){ .pairs = least };
	if (least < 2 || check(old_runs) < 0 || check(new_runs) < 0)
		return -EINVAL;
	scratch = np_xcalloc(total(old_runs) + total(new_runs), sizeof(double));
	medians = np_xcalloc(old_runs->runs + new_runs->runs, sizeof(double));
	found = np_xcalloc(resamples, sizeof(double));
	effect->log_ratio = median_of_runs(new_runs, NULL, scratch, medians) -
		median_of_runs(old_runs, NULL, scratch, medians);
	for (unsigned r = 0; r < resamples; r++)
		found[r] = median_of_runs(new_runs, &state, scratch, medians) -
			median_of_runs(old_runs, &state, scratch, medians);
	interval(effect, found, resamples, confidence);
	free(scratch);
	free(medians);
	free(found);
	return 0;
}

double np_effect_gain(double log_ratio, int higher)
{
	return higher ? expm1(log_ratio) : -expm1(log_ratio);
}
