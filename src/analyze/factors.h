/* SPDX-License-Identifier: MIT
 *
 * factors.h - what else is known of the rows of a ranking, so that somebody can tell what to do.
 *
 * Context: tools.  Apart from rank.h because it costs another walk over the tree.
 *
 * The class of a function that takes at least NP_FACTORS_HOT of the whole:
 *
 *	wrapper		of its total hardly anything is its own: change what it calls
 *	hot-many	its calls are short: call it less often, cache, inline
 *	hot-few		its calls are long: another algorithm
 *
 * Where calls are exact, short means fewer nanoseconds of its own a call than a threshold.  Calls
 * that sampling has seen are a lower bound: then a call is long when one activation is met in two
 * samples and more on average, and short otherwise.
 */
#ifndef NP_ANALYZE_FACTORS_H
#define NP_ANALYZE_FACTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/rank.h"

#define NP_FACTORS_HOT	   0.01		/* share: self, or total for wrappers */
#define NP_FACTORS_MANY_NS 10000.0	/* default of the threshold many_calls_ns */

enum np_class { NP_CLASS_NONE = 0, NP_CLASS_WRAPPER, NP_CLASS_HOT_MANY, NP_CLASS_HOT_FEW,
		NP_CLASSES };

struct np_factors {
	enum np_class class;
	bool seconds_known;		/* the values are times */
	double self_s, total_s;
	bool per_call_known;		/* calls are known, and the values are times */
	double self_ns_per_call, total_ns_per_call;	/* upper bounds where calls are lower ones */
	/* Zero when they were not looked at. */
	uint32_t callers;		/* functions that call it; being outermost is one, too */
	double breadth;			/* 2^entropy of its callers: as many that called it equally often */
	double hottest_path;		/* part of its own value in the one path that has most of it */
};

struct np_factor_options {
	double pass_through;		/* below this part of its total, a function is a wrapper */
	double many_calls_ns;
	bool callers;			/* look at callers and paths: another walk over the tree */
};

/* For the first COUNT rows of RANKING; to be freed. */
struct np_factors *np_factors_create(const struct np_ranking *ranking, struct np_tree *tree,
				     size_t count, const struct np_factor_options *options);

const char *np_class_name(enum np_class class);		/* "hot-many"; "" for none */
const char *np_class_advice(enum np_class class);	/* "call it less often, cache, inline" */

#endif
