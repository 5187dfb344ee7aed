/* SPDX-License-Identifier: MIT
 *
 * health.h - is a profile good, fair or poor, and why?  The one judgement of record, neuroprof-fold,
 * snapshot, neuroprof-report and its lint.
 *
 * Context: tools.  The thresholds are in health.c; docs/man/neuroprof-report.1 lists them.
 */
#ifndef NP_TOOLS_HEALTH_H
#define NP_TOOLS_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "profile/tree.h"
#include "spool/layout.h"

enum np_health_level {
	NP_HEALTH_GOOD = 0,
	NP_HEALTH_FAIR,			/* a part of it is not to be trusted */
	NP_HEALTH_POOR,			/* nothing should be concluded from it */
};

/* What a recording says of itself. */
struct np_health_counts {
	uint64_t samples;
	uint64_t cut;			/* samples whose stack is incomplete */
	uint64_t unresolved;		/* samples whose leaf has no name */
	uint64_t shortened;		/* samples kept on an outer frame, for the spool was full */
	uint64_t lost;			/* ticks that became no sample */
	uint64_t threads;		/* attached */
	uint64_t uncovered;		/* threads that were not sampled */
	uint64_t ended;			/* threads whose clock was closed before their end */
	uint64_t taken;			/* processes that took SIGPROF from us by a raw system call */
	uint64_t damaged;		/* entries of the spool that could not be used */
	uint64_t handler_ns, cpu_ns;	/* in the handler, of all */
	uint64_t missing_ns;		/* CPU time of threads that were not sampled, where known */
};

enum np_health_figure {
	NP_HEALTH_SAMPLES = 0,		/* a number; all others but two are shares from 0 to 1 */
	NP_HEALTH_CUT,
	NP_HEALTH_UNRESOLVED,
	NP_HEALTH_BY_START,		/* told apart, but named by their address alone */
	NP_HEALTH_SHORTENED,
	NP_HEALTH_LOST,
	NP_HEALTH_MISSING,
	NP_HEALTH_UNCOVERED,
	NP_HEALTH_ENDED,
	NP_HEALTH_TAKEN,		/* a number */
	NP_HEALTH_DAMAGED,		/* a number */
	NP_HEALTH_OVERHEAD,
	NP_HEALTH_FIGURES
};

struct np_health {
	double figure[NP_HEALTH_FIGURES];	/* below 0: not known, and not judged */
};

void np_health_init(struct np_health *health);		/* nothing is known */
void np_health_of_counts(struct np_health *health, const struct np_health_counts *counts);

/* The comment "count: N WORDS" of a counter of the spool; NULL: it has none. */
extern const char *const np_health_words[NP_COUNT_MAX];

/* Sum up what the comments of TREE say, as fold_about.c writes them.  Returns how many recordings
 * they are of; 0: another tool's profile, or folded stacks. */
unsigned np_health_of_comments(struct np_health_counts *counts, const struct np_tree *tree);

enum np_health_level np_health_level(const struct np_health *health, enum np_health_figure figure);
enum np_health_level np_health_worst(const struct np_health *health);

/* "good", or "poor: 43.2 % of the stacks are cut; …", the worst first; to be freed. */
char *np_health_line(const struct np_health *health);

#endif
