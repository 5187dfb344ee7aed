/* SPDX-License-Identifier: MIT
 *
 * judge.h - all that is said of a comparison: a verdict per metric, the tail's apart, the control.
 *
 * Context: tools.
 */
#ifndef NP_MEASURE_JUDGE_H
#define NP_MEASURE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "measure/session.h"
#include "measure/spec.h"

#define NP_TAIL_SAMPLES 30u	/* above p99, in each arm, before anything is said about it */

struct np_judgement {
	const char *metric, *unit;
	enum np_direction direction;	/* without one there is no verdict, only figures */
	bool is_primary, is_target, is_tail;
	double old_value, new_value;	/* medians over runs */
	struct np_effect effect;
	enum np_verdict verdict;
	size_t runs_needed;		/* INCONCLUSIVE: as many in all a side */
	double samples_needed;		/* a tail: so many more a side; 0 = enough */
	bool target_missed, is_absent;	/* a target of what no run tells */
	const struct np_spec_target *target;
};

struct np_hotspot {			/* a function, and its shares of all samples */
	char *function, *module;
	double self, total, roi;
};

struct np_hotspots {			/* by ROI */
	struct np_hotspot *all;
	size_t count;
	double samples;
};

struct np_comparison {
	char *benchmark, *case_name;
	char *commands[2];		/* as text */
	const char *spec_path;		/* the benchmark file; NULL: none */
	const struct np_session *session;
	struct np_judgement *all;
	size_t count;
	char **tails;			/* names of p99s that no program told: of its iterations */
	size_t tail_count;
	enum np_verdict verdict;	/* of the primary metric, or INVALID */
	enum np_verdict tail_verdict;	/* the worst of the tails */
	bool has_tail;
	double false_alarms;		/* of the A/A control, a share */
	enum np_verdict control;	/* what it was called: anything but NEUTRAL or INCONCLUSIVE
					 * makes all INVALID */
	struct np_effect control_effect;
	double steal_share;		/* of the wall time, median */
	double delay_share;		/* of the time that they wanted a core they got none */
	char invalid[256];		/* why; "" */
	bool is_disturbed;		/* by the machine: what does not depend on it has a verdict all the same */
	struct np_hotspots hotspots[2];	/* of each arm, where it was profiled by itself */
	char *artifact;			/* of profiled arms: the union flame graph; NULL */
	char *movers;			/* what moved, lines; NULL */
};

/* Judge SESSION.  SPEC may be NULL.  CONFIDENCE is 0.95, or more with many benchmarks. */
void np_judge(struct np_comparison *comparison, const struct np_session *session,
	      const struct np_spec *spec, double confidence);
void np_comparison_free(struct np_comparison *comparison);
void np_hotspots_free(struct np_hotspots *hotspots);

/* Benjamini and Hochberg (1995) over a suite: the intervals of comparisons are made again with the
 * confidence at which their share of false ones stays below 5 %. */
double np_judge_confidence(const struct np_comparison *all, size_t count);

#endif
