/* SPDX-License-Identifier: MIT
 *
 * tail.h - the 99th percentile of all iterations of an arm, and of its runs drawn again.  Context: tools.
 *
 * Harrell and Davis' weighted mean of the order statistics (Biometrika 1982), of which only the highest
 * hundredth weighs anything: a resample walks down from the top.  Runs are drawn, not iterations: those of
 * one run are not independent.
 */
#ifndef NP_MEASURE_TAIL_H
#define NP_MEASURE_TAIL_H

#include "measure/effect.h"

struct np_tail_value {
	double value;
	size_t run;
};

struct np_tail {
	struct np_tail_value *values;	/* the greatest first */
	const size_t *counts;		/* of each run; the series' */
	size_t count, runs;
};

struct np_tail np_tail_make(const struct np_series *series);
void np_tail_free(struct np_tail *tail);

/* The p99 with run i TIMES[i] times in it; NULL: each once. */
double np_tail_p99(const struct np_tail *tail, const size_t *times);

/* About how many values a p99 looks at. */
size_t np_tail_work(const struct np_tail *tail);

#endif
