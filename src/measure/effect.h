/* SPDX-License-Identifier: MIT
 *
 * effect.h - how much a change did, from runs in pairs, with an interval.  Context: tools.
 *
 * The effect is the median of the pairs' log ratios ln(new / old): what slows both runs of a pair
 * cancels.  The interval is a percentile bootstrap with a fixed seed over two levels, pairs and the
 * iterations inside their runs (Kalibera and Jones, "Rigorous benchmarking in reasonable time", ISMM
 * 2013): pooled iterations would pretend to be independent.
 */
#ifndef NP_MEASURE_EFFECT_H
#define NP_MEASURE_EFFECT_H

#include <stddef.h>
#include <stdint.h>

#define NP_EFFECT_RESAMPLES 10000u

struct np_series {			/* one metric of one arm, a row per run */
	const double *const *values;	/* [run][iteration], all above 0 */
	const size_t *counts;
	size_t runs;
};

struct np_effect {
	double log_ratio, low, high;	/* ln(new / old) and its 95 % interval */
	size_t pairs;
};

enum np_statistic {
	NP_OF_MEDIAN,			/* of a run's iterations */
	NP_OF_P99,			/* Harrell-Davis over all iterations of an arm */
};

/* The interval from the least to the greatest of n pairs holds the median with 1 - 2^(1 - n): with fewer
 * than these no interval of 95 % is to be had, whatever the runs were. */
#define NP_EFFECT_PAIRS_LEAST 6u

/* Pair i is (old run i, new run i).  CONFIDENCE is 0.95 unless corrected for multiplicity.  Returns 0,
 * or -EINVAL with no pairs: fewer than two, or a value that is not above 0.  Arms that tell the same
 * single value throughout differ by nothing, also when it is 0 or less. */
int np_effect(struct np_effect *effect, const struct np_series *old_runs,
	      const struct np_series *new_runs, enum np_statistic statistic, double confidence,
	      unsigned resamples, uint64_t seed);

/* The same for runs that were not made in pairs: a baseline of another day. */
int np_effect_unpaired(struct np_effect *effect, const struct np_series *old_runs,
		       const struct np_series *new_runs, double confidence, unsigned resamples,
		       uint64_t seed);

/* How improvements are said: (old - new) / old for what is better when lower, else (new - old) / old;
 * -0.1 is ten percent worse.  HIGHER: the metric is better when higher. */
double np_effect_gain(double log_ratio, int higher);

#endif
