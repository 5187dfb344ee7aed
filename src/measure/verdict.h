/* SPDX-License-Identifier: MIT
 *
 * verdict.h - what to do with a change, from its effect's interval.  Context: tools.
 */
#ifndef NP_MEASURE_VERDICT_H
#define NP_MEASURE_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "measure/effect.h"

enum np_verdict {
	NP_KEEP,		/* better by more than `keep`, all of the interval */
	NP_NEUTRAL,		/* within +-`keep`, all of the interval, and the change is simple */
	NP_REVERT,		/* not better by `keep` and complex, or worse by more than that */
	NP_REGRESSION,		/* worse by more than `threshold`, all of the interval */
	NP_INCONCLUSIVE,	/* more runs are needed */
	NP_INVALID,		/* the runs do not say anything */
	NP_VERDICT_MAX
};

struct np_verdict_rules {
	double keep;		/* 0.05 */
	double threshold;	/* 0.1 */
	bool is_complex;	/* the change costs something to have: declared by the user */
};

/* HIGHER: the metric is better when higher. */
enum np_verdict np_verdict(const struct np_effect *effect, bool higher,
			   const struct np_verdict_rules *rules);

/* Runs a side that the interval would need to be decided at the present scatter; its width goes with
 * the square root.  0: it is decided. */
size_t np_verdict_runs_needed(const struct np_effect *effect, bool higher,
			      const struct np_verdict_rules *rules);

/* Would more runs hardly narrow what is known?  The interval is narrower than half of `keep` to
 * either side: stop on precision, never on significance. */
bool np_verdict_is_precise(const struct np_effect *effect, const struct np_verdict_rules *rules);

const char *np_verdict_name(enum np_verdict verdict);

/* The share of A/A comparisons that would have been called KEEP, REVERT or REGRESSION: pairs of the
 * same program, with each pair's order drawn, TRIALS times. */
double np_verdict_false_alarms(const struct np_series *first, const struct np_series *second,
			       const struct np_verdict_rules *rules, unsigned trials);

#endif
