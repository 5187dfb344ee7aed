/* SPDX-License-Identifier: MIT
 *
 * judge_tail.h - between judge.c and judge_tail.c.  Context: tools.
 */
#ifndef NP_MEASURE_JUDGE_TAIL_H
#define NP_MEASURE_JUDGE_TAIL_H

#include "measure/judge.h"

#define NP_JUDGE_SEED 20240229u

/* judge.c */
const struct np_spec_target *np_judge_target_of(const struct np_spec *spec, const char *metric);
bool np_judge_is_missed(const struct np_spec_target *target, enum np_direction direction,
			double value);
void np_judge_note_tail(struct np_comparison *comparison, const struct np_judgement *judgement);

/* A tail is judged when 30 samples lie above it in each arm: p99 needs 3 000 samples, p999 30 000.  SERIES
 * are METRIC's of the arms.  Returns how many more a side; 0: it has enough. */
double np_judge_samples_needed(const struct np_session *session, const struct np_series *series,
			       const char *metric);

/* Add a judgement for the p99 of each metric that tells its iterations. */
void np_judge_tails(struct np_comparison *comparison, const struct np_session *session,
		    const struct np_spec *spec, double confidence);
void np_judge_free_tails(struct np_comparison *comparison);

#endif
