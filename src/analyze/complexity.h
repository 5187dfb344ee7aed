/* SPDX-License-Identifier: MIT
 *
 * complexity.h - how hard a function is to change, and what a change may give at most.
 *
 * Context: tools.  From the user's YAML file by pattern, else from the defaults below.  The file:
 *
 *	defaults: {own: 2, library: 5}		# any of np_complexity_default_name()
 *	rules:					# the first rule that matches decides
 *	  - function: "parse_*"			# shell pattern; either or both of the two
 *	    module: "libfoo*"			# the object's base name or its whole path
 *	    complexity: 3			# at least one of the last three
 *	    category: algorithm			# algorithm, data-structure, code, system
 *	    max_speedup: 10
 */
#ifndef NP_ANALYZE_COMPLEXITY_H
#define NP_ANALYZE_COMPLEXITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/tree.h"

#define NP_COMPLEXITY_MAX	  1000.0
#define NP_COMPLEXITY_SPEEDUP_MAX 1e6
#define NP_COMPLEXITY_RULES_MAX	  10000u

/* The defaults, in the order of enum np_complexity_default. */
enum np_complexity_default {
	NP_COMPLEXITY_OWN,
	NP_COMPLEXITY_LIBRARY,
	NP_COMPLEXITY_RUNTIME,
	NP_COMPLEXITY_KERNEL,
	NP_COMPLEXITY_JIT,
	NP_COMPLEXITY_UNKNOWN,
	NP_COMPLEXITY_PASS_THROUGH,	/* self below 5 % of total: to gain there, change its callees */
	NP_COMPLEXITY_DEFAULTS
};

enum np_category {
	NP_CATEGORY_NONE = 0,
	NP_CATEGORY_ALGORITHM,		/* replace the algorithm: 100-1000x */
	NP_CATEGORY_DATA_STRUCTURE,	/* 10-100x */
	NP_CATEGORY_CODE,		/* unrolling, locality, vectors: 1-10x */
	NP_CATEGORY_SYSTEM,		/* caches, asynchronous I/O, batching: 1-5x */
	NP_CATEGORY_MAX
};

struct np_complexity_rule {
	char *function, *module;	/* NULL: any */
	double complexity;		/* 0: not given */
	double max_speedup;		/* 0: not given */
	enum np_category category;
	uint32_t line;			/* where it stands in the file */
};

struct np_complexity {
	double defaults[NP_COMPLEXITY_DEFAULTS];
	double pass_through;	/* below this part of its total, a function passes time on: 0.05 */
	struct np_complexity_rule *rules;
	size_t rule_count, rule_room;
	char *file;			/* NULL: no file was read */
};

/* What is known about one function. */
struct np_complexity_verdict {
	double complexity;
	enum np_complexity_default from;	/* when RULE gave no complexity */
	const struct np_complexity_rule *rule;	/* NULL: no rule matched */
	bool complexity_from_rule;
	enum np_category category;
	/* From the rule, where both are the same, or the range of its category; 0: unknown. */
	double min_speedup, max_speedup;
};

void np_complexity_init(struct np_complexity *complexity);	/* the defaults */
void np_complexity_finish(struct np_complexity *complexity);

/* Read PATH into COMPLEXITY.  Returns 0 or -errno with one line in MESSAGE: file:line, what is
 * wrong and what is accepted; what it quotes from the file is the file's own bytes (np_error() escapes). */
int np_complexity_read(struct np_complexity *complexity, const char *path, char *message,
		       size_t message_size);

/* The file that COMPLEXITY's rules are from, for the output. */
void np_complexity_set_file(struct np_complexity *complexity, const char *path);

void np_complexity_look_up(const struct np_complexity *complexity, const char *function,
			   const char *module, enum np_kind kind, bool is_pass_through,
			   struct np_complexity_verdict *ret);

const char *np_complexity_default_name(enum np_complexity_default which);
const char *np_category_name(enum np_category category);	/* NULL for none */

/* What changes of that kind are known to give; 0 for none. */
double np_category_min_speedup(enum np_category category);
double np_category_max_speedup(enum np_category category);

#endif
