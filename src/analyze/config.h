/* SPDX-License-Identifier: MIT
 *
 * config.h - neuroprof.yaml: what a project says about itself.
 *
 * Context: tools.  Looked for from the working directory upwards, up to the directory that holds
 * .git.  Everything in it is optional:
 *
 *	own:					# what counts as own code
 *	  - "libmine*.so*"			# a module, by base name or whole path
 *	  - {function: "mine::*"}		# or by function, module, file: all that are given
 *	complexity:				# complexity.h
 *	  defaults: {own: 2}
 *	  rules: [{function: "parse_*", complexity: 3, category: algorithm}]
 *	thresholds: {min_points: 0.5, max_unresolved: 20%}	# np_config_threshold_name()
 *	budgets:				# what functions may take; checked by gate
 *	  - {function: "parse_*", max_self: 5%, max_total: 20%, max_calls: 100000}
 */
#ifndef NP_ANALYZE_CONFIG_H
#define NP_ANALYZE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/complexity.h"
#include "profile/tree.h"

#define NP_CONFIG_NAME	      "neuroprof.yaml"
#define NP_CONFIG_ENTRIES_MAX 10000u

/* Patterns are shell patterns; NULL: any.  A module is matched by its base name or its whole path,
 * a file by its whole path or by any part of it that begins after a '/'. */
struct np_config_pattern {
	char *function, *module, *file;
};

struct np_config_budget {
	struct np_config_pattern pattern;	/* at least one of function and module */
	double max_self, max_total;		/* shares, 0 to 1; negative: not given */
	double max_calls;			/* negative: not given */
	uint32_t line;				/* where it stands in the file */
};

/* Like the options of gate of the same name; shares are fractions. */
enum np_config_threshold {
	NP_THRESHOLD_RATE,		/* percent */
	NP_THRESHOLD_MIN_POINTS,	/* percent points */
	NP_THRESHOLD_MIN_PERCENT,
	NP_THRESHOLD_NOISE,
	NP_THRESHOLD_MAX_UNRESOLVED,
	NP_THRESHOLD_MAX_CUT,
	NP_THRESHOLD_MAX_LOST,
	NP_THRESHOLD_PASS_THROUGH,	/* below this part of its total, a function passes time on */
	NP_THRESHOLD_BOUND_CPU,		/* bottleneck.h: of one CPU's time */
	NP_THRESHOLD_BOUND_MEMORY,	/* of the time on CPUs, as the next two */
	NP_THRESHOLD_BOUND_IO,
	NP_THRESHOLD_BOUND_LOCKS,
	NP_THRESHOLD_MIN_RUNS,		/* numbers from here on */
	NP_THRESHOLD_MIN_SAMPLES,
	NP_THRESHOLD_MANY_CALLS_NS,	/* hot-many: fewer ns a call than this */
	NP_THRESHOLDS
};

struct np_config {
	char *path;				/* NULL: there is none */
	struct np_complexity complexity;
	struct np_config_pattern *own;
	size_t own_count, own_room;
	struct np_config_budget *budgets;
	size_t budget_count, budget_room;
	double thresholds[NP_THRESHOLDS];	/* negative: not given */
};

void np_config_init(struct np_config *config);		/* as if the file were empty */
void np_config_finish(struct np_config *config);

/* Read PATH into CONFIG.  Returns 0 or -errno with one line in MESSAGE: file, line, key, what is
 * wrong and what is accepted (the file's own bytes in it; np_error() escapes). */
int np_config_read(struct np_config *config, const char *path, char *message, size_t message_size);

/* The neuroprof.yaml that holds for the working directory, to be freed; NULL: there is none. */
char *np_config_find(void);

/* What every command does: PATH, or np_config_find() when it is NULL, or nothing when NONE.  Exits
 * with NP_EXIT_FAILURE and one line when the file is wrong.  NULL and false are the defaults. */
void np_config_load(struct np_config *config, const char *path, bool none);

/* Is that code what PATTERN means?  MODULE and FILE may be "". */
bool np_config_matches(const struct np_config_pattern *pattern, const char *function,
		       const char *module, const char *file);

/* Make the functions of TREE own code that the file says are; before anything is ranked or drawn.
 * Kernel code, processes, threads and markers stay what they are.  Returns whether any changed:
 * then the tree is to be sorted (again). */
bool np_config_apply(const struct np_config *config, struct np_tree *tree);

/* The file's threshold, or DEFAULT_VALUE. */
double np_config_threshold(const struct np_config *config, enum np_config_threshold which,
			   double default_value);
const char *np_config_threshold_name(enum np_config_threshold which);

#endif
