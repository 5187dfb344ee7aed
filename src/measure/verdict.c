/* SPDX-License-Identifier: MIT
 *
 * verdict.c - the rules.  Context: tools.
 */
#include "measure/verdict.h"

#include <math.h>
#include <stdlib.h>

#include "base/message.h"

#define AA_RESAMPLES 400u
#define RUNS_MAX     100000.0

static const char *const names[NP_VERDICT_MAX] = { "KEEP", "NEUTRAL", "REVERT", "REGRESSION",
	"INCONCLUSIVE", "INVALID" };

const char *np_verdict_name(enum np_verdict verdict)
{
	return names[verdict];
}

/* The interval as gains: low <= high, positive is better. */
static void gains(const struct np_effect *effect, bool higher, double *low, double *high)
{
	double a = np_effect_gain(effect->low, higher), b = np_effect_gain(effect->high, higher);

	*low = fmin(a, b);
	*high = fmax(a, b);
}

/* How much worse, as a share of what it was: a slowdown by threshold, whichever way is better. */
static double loss_limit(double threshold, bool higher)
{
	return higher ? -threshold / (1 + threshold) : -threshold;
}

enum np_verdict np_verdict(const struct np_effect *effect, bool higher,
			   const struct np_verdict_rules *rules)
{
	double low, high;

	gains(effect, higher, &low, &high);
	if (low > rules->keep)
		return NP_KEEP;
	if (high < loss_limit(rules->threshold, higher))
		return NP_REGRESSION;
	if (high < loss_limit(rules->keep, higher))
		return NP_REVERT;
	if (high < rules->keep && rules->is_complex)
		return NP_REVERT;
	if (high <= rules->keep && low >= loss_limit(rules->keep, higher))
		return NP_NEUTRAL;
	return NP_INCONCLUSIVE;
}

size_t np_verdict_runs_needed(const struct np_effect *effect, bool higher,
			      const struct np_verdict_rules *rules)
{
	double gain = np_effect_gain(effect->log_ratio, higher), low, high, half, away;
	const double borders[] = { rules->keep, loss_limit(rules->keep, higher),
		loss_limit(rules->threshold, higher) };
	double needed;

	if (np_verdict(effect, higher, rules) != NP_INCONCLUSIVE)
		return 0;
	gains(effect, higher, &low, &high);
	half = (high - low) / 2;
	away = INFINITY;
	for (size_t i = 0; i < sizeof(borders) / sizeof(borders[0]); i++)
		away = fmin(away, fabs(gain - borders[i]));
	/* On a border no number of runs decides; say what a quarter of the band would need. */
	away = fmax(away, rules->keep / 4);
	needed = ceil((double)effect->pairs * (half / away) * (half / away));
	if (needed <= (double)effect->pairs)
		needed = (double)effect->pairs + 1;
	return (size_t)fmin(needed, RUNS_MAX);
}

bool np_verdict_is_precise(const struct np_effect *effect, const struct np_verdict_rules *rules)
{
	return (effect->high - effect->low) / 2 < rules->keep / 2;
}

double np_verdict_false_alarms(const struct np_series *first, const struct np_series *second,
			       const struct np_verdict_rules *rules, unsigned trials)
{
	size_t pairs = first->runs;
	const double **a = np_xcalloc(pairs, sizeof(*a)), **b = np_xcalloc(pairs, sizeof(*b));
	size_t *a_counts = np_xcalloc(pairs, sizeof(*a_counts));
	size_t *b_counts = np_xcalloc(pairs, sizeof(*b_counts));
	uint64_t state = 88172645463325252u;
	unsigned alarms = 0;

	for (unsigned t = 0; t < trials; t++) {
		struct np_series x = { a, a_counts, pairs }, y = { b, b_counts, pairs };
		struct np_effect effect;

		for (size_t i = 0; i < pairs; i++) {
			bool swap;

			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			swap = state >> 40 & 1;
			a[i] = swap ? second->values[i] : first->values[i];
			b[i] = swap ? first->values[i] : second->values[i];
			a_counts[i] = swap ? second->counts[i] : first->counts[i];
			b_counts[i] = swap ? first->counts[i] : second->counts[i];
		}
		if (np_effect(&effect, &x, &y, NP_OF_MEDIAN, 0.95, AA_RESAMPLES, state) == 0) {
			struct np_verdict_rules simple = *rules;
			enum np_verdict verdict;

			simple.is_complex = false;
			verdict = np_verdict(&effect, false, &simple);
			alarms += verdict == NP_KEEP || verdict == NP_REVERT || verdict == NP_REGRESSION;
		}
	}
	free(a);
	free(b);
	free(a_counts);
	free(b_counts);
	return (double)alarms / (double)trials;
}
