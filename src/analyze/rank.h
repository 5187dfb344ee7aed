/* SPDX-License-Identifier: MIT
 *
 * rank.h - the hot spots of a call tree, ordered by what a change gives for its effort.
 *
 * Context: tools.  One row per function (name, module, kind), whether it was inlined or not.
 *
 *	score = 0.4·self% + 0.4·total% + 0.2·calls%	(0.5 and 0.5 when no calls are known)
 *	ROI   = score / complexity
 *
 * Shares are fractions (0..1) of the whole tree; a recursive function's total counts each stack
 * once.  Process and thread frames and markers are no functions and are not ranked.
 */
#ifndef NP_ANALYZE_RANK_H
#define NP_ANALYZE_RANK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/complexity.h"
#include "profile/tree.h"

struct np_rank_row {
	const char *name, *module, *file;	/* raw, owned by the tree; "" = unknown */
	uint32_t line;
	enum np_kind kind;
	bool inlined, not_inlined;		/* how it was seen */
	uint32_t made;				/* for rank.c */

	uint64_t self, total, calls;
	uint64_t self_samples, total_samples;
	double self_share, total_share, calls_share;
	double self_lower, total_lower;		/* 95 % Wilson; only with np_ranking.samples_known */

	struct np_complexity_verdict verdict;
	double score, roi;			/* score in percent points */

	double saves_2, saves_all;		/* share saved at 2x, and when it costs nothing */
	/* With the verdict's speed-ups; 0 when they are unknown. */
	double saves_min, saves_max;		/* share saved at min_speedup and at max_speedup */
	double impact_min, impact;		/* self share x min_speedup, x max_speedup */
};

struct np_ranking {
	struct np_rank_row *rows;
	size_t count;
	uint64_t total;			/* of the whole tree */
	double samples;			/* how many samples that is; only with samples_known */
	bool samples_known;
	enum np_calls calls;		/* UNKNOWN also when every count is zero */
	uint64_t calls_total;
	double weight_self, weight_total, weight_calls;
	uint64_t kind_self[NP_KIND_MAX];	/* self by kind, markers and threads included */
	uint64_t inlined_self;			/* of which in inlined functions */
	uint32_t *row_of;		/* by function of the tree: its row; UINT32_MAX: it has none */
};

enum np_rank_order { NP_RANK_ROI = 0, NP_RANK_SCORE, NP_RANK_SELF, NP_RANK_TOTAL, NP_RANK_SAMPLES,
		     NP_RANK_CALLS, NP_RANK_NAME, NP_RANK_MODULE, NP_RANK_LOWER, NP_RANK_ORDERS };

/* TREE must be finished and must outlive RANKING, and so must COMPLEXITY. */
void np_ranking_init(struct np_ranking *ranking, struct np_tree *tree,
		     const struct np_complexity *complexity, enum np_rank_order order);
void np_ranking_finish(struct np_ranking *ranking);

const char *np_rank_order_name(enum np_rank_order order);

/* Where the order by impact and the order by what can be saved differ most: FIRST has the larger
 * impact, and saves less than SECOND does. */
struct np_rank_inversion {
	const struct np_rank_row *first, *second;	/* NULL: they agree */
};
struct np_rank_inversion np_rank_inversion(const struct np_ranking *ranking, size_t row_count);

/* The speed-up of the whole when SAVES of it is gone: 1/(1-saves); INFINITY at 1. */
double np_rank_speedup(double saves);

#endif
