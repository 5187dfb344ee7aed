/* SPDX-License-Identifier: MIT
 *
 * bottleneck.h - what a profile is bound by, as far as a profile of CPU time can tell.
 *
 * Context: tools.  Known are the time on a CPU of the wall time, and the parts of it that stacks
 * spend in the allocator, in I/O calls and in locks, by the names of functions.  Not known are cache
 * misses, and what a thread that is on no CPU waits for: that is said, not guessed.
 */
#ifndef NP_ANALYZE_BOTTLENECK_H
#define NP_ANALYZE_BOTTLENECK_H

#include <stdbool.h>

#include "analyze/config.h"
#include "profile/tree.h"

enum np_bound { NP_BOUND_CPU = 0, NP_BOUND_MEMORY, NP_BOUND_IO, NP_BOUND_LOCKS, NP_BOUNDS };

struct np_bottleneck {
	bool enough;			/* samples to say anything: 100 */
	bool busy_known;		/* the values are times and the wall time is known */
	double busy;			/* CPUs that were busy on average */
	double share[NP_BOUNDS];	/* of the time on a CPU; of NP_BOUND_CPU: what is in none of the others */
	bool is_bound[NP_BOUNDS];	/* beyond its threshold */
	bool waits;			/* busy for less than the threshold: mostly it waited */
};

void np_bottleneck_init(struct np_bottleneck *bottleneck, struct np_tree *tree,
			const struct np_config *config);

/* "CPU", "memory and locks", "waiting", "nothing in particular", "too few samples"; to be freed. */
char *np_bottleneck_class(const struct np_bottleneck *bottleneck);

/* "1.86 CPUs busy on average; allocator 3.10 %, I/O 1.20 %, locks 0.40 % of the time on a CPU";
 * to be freed. */
char *np_bottleneck_evidence(const struct np_bottleneck *bottleneck);

const char *np_bound_name(enum np_bound bound);		/* "cpu", "memory", "io", "locks" */

#endif
