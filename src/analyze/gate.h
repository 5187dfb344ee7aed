/* SPDX-License-Identifier: MIT
 *
 * gate.h - which functions changed between two sides, and whether a build may pass.
 *
 * Context: tools.  The order of things (docs/regression-gate.md has the reasons):
 *
 *	1. quality: is there enough in the recordings to judge by?
 *	2. guard: what all functions did together is no change of any of them
 *	3. tests, from the top: modules, in those found their functions, in those found self and
 *	   total (gate_levels.c)
 *	4. effect: at least so many points and so much of what it was
 *	5. causes: a total that grew because of callees is told with them, time that only moved to a
 *	   neighbour below an unchanged caller is no regression
 *	6. budgets
 */
#ifndef NP_ANALYZE_GATE_H
#define NP_ANALYZE_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "analyze/compare.h"
#include "analyze/config.h"
#include "analyze/hypothesis.h"

enum np_gate_result { NP_GATE_PASS = 0, NP_GATE_FAIL, NP_GATE_SUSPECT, NP_GATE_INCONCLUSIVE,
		      NP_GATE_UNUSABLE };

/* Asked of a second set of recordings (np_gate_confirm()). */
enum np_gate_again { NP_GATE_NOT_ASKED = 0, NP_GATE_AGAIN, NP_GATE_NOT_AGAIN };

enum np_budget_of { NP_BUDGET_SELF = 0, NP_BUDGET_TOTAL, NP_BUDGET_CALLS };

/* What a function may take. */
struct np_budget {
	struct np_config_pattern match;
	enum np_budget_of of;
	double most;		/* share, or calls */
	double value;		/* set: of after, the largest of the functions that match */
	double lower;		/* set: its 95 % lower bound; of calls, the value itself */
	const char *function;	/* set: which; NULL: none matches */
	enum np_gate_again again;
	bool is_hidden;		/* set: its pattern is nobody's business */
};

struct np_gate_options {
	double rate;		/* false discoveries: 0.05 */
	double points;		/* minimum effect, as a share: 0.005 */
	double relative;	/* and as a part of what it was: 0.1 */
	double noise;		/* between runs, without replicates */
	bool same_work;		/* both sides did the same work: compare absolute values */
	size_t runs_fail;	/* runs a side for FAIL: 3 */
	double samples_min;	/* a side: 1000 */
	double unresolved_max, truncated_max, lost_max;	/* shares */
	struct np_budget *budgets;
	size_t budget_count;
};

/* One of a function's two shares. */
struct np_gate_change {
	struct np_verdict_of_share verdict;
	bool tested;		/* large enough to matter on at least one side */
	bool significant;	/* and at least the minimum effect */
	double q;		/* of its family within the selection; 1 when not selected */
};

enum np_gate_role {
	NP_GATE_NONE = 0,	/* not significant */
	NP_GATE_CAUSE,		/* its own change */
	NP_GATE_THROUGH,	/* its total changed because of CAUSE below it */
	NP_GATE_MOVED,		/* time that CAUSE beside it, or above it, lost or won */
};

/* The functions of one module. */
struct np_gate_module {
	const char *name;		/* "" = unknown: no question about it */
	double *self, *spread;		/* samples by run, of all its functions; see compare.h */
	size_t first, functions;	/* range of by_module */
	bool asked;			/* it, or a function of it, is large enough to matter */
	struct np_gate_change own;	/* the time of its functions together */
	double q;			/* of "nothing in it changed", over all modules */
	enum np_gate_role role;		/* THROUGH: functions of it that are told explain it */
	bool slower;
	size_t cause;			/* index into rows; SIZE_MAX: none */
	enum np_gate_again again;
};

struct np_gate_row {
	const struct np_compare_row *row;
	struct np_gate_change self, total;
	double q;		/* of "neither changed", over what its module left */
	enum np_gate_role role;
	bool slower;		/* direction of the significant change; the self one if both are */
	bool is_new, is_gone;
	size_t cause;		/* index into rows; SIZE_MAX: none */
	enum np_gate_again again;
};

struct np_gate_problem {
	char *text;		/* what is wrong and what to do, one line, raw */
};

struct np_gate {
	const struct np_compare *compare;
	struct np_gate_options options;
	enum np_gate_result result;
	struct np_gate_problem *problems;	/* of quality: UNUSABLE */
	size_t problem_count;

	struct np_experiment experiment;
	double *exposure;		/* by run */
	double *factor;			/* by run, of compare's counts; 1 unless same_work */
	bool guarded;
	struct np_noise noise_self, noise_total;
	struct np_gate_row *rows;	/* like compare->rows */
	size_t row_count, tested, selected;
	struct np_gate_module *modules;	/* by name */
	size_t module_count;
	size_t *by_module;		/* rows in the order of their modules */
	double *module_cells;		/* what the modules' self and spread point into */
	size_t *order;			/* rows with a role: causes by their change, largest first */
	size_t order_count;
	size_t slower, faster;		/* causes: functions and modules */

	bool work_known;		/* same_work: the whole */
	struct np_gate_change work;	/* share[0] is 1 */
	enum np_gate_again work_again, again;	/* again: anything that failed it */
	size_t over_budget, near_budget;
	size_t undecided;		/* tested and neither found nor shown to be below the limit */
	const char *least_decided;	/* a function or module; NULL: all are */
	size_t runs_needed;		/* a side, to decide all; 0: enough */
};

void np_gate_options_init(struct np_gate_options *options);

/* "PATTERN:self=5%", "PATTERN:total=12.5%" or "PATTERN:calls=1000".  Returns 0, or -EINVAL. */
int np_budget_parse(struct np_budget *ret, const char *text);
/* The budgets of neuroprof.yaml, added to OPTIONS. */
void np_budget_add_config(struct np_gate_options *options, const struct np_config *config);
void np_budget_add(struct np_gate_options *options, const struct np_budget *budget);
void np_budget_free_all(struct np_gate_options *options);
bool np_budget_is_over(const struct np_budget *budget);		/* surely */
bool np_budget_is_close(const struct np_budget *budget);	/* over, but not surely */
/* Its pattern in words, raw; to be freed. */
char *np_budget_name(const struct np_budget *budget);
const char *np_budget_of_name(enum np_budget_of of);		/* "self", ... */
/* "7.21 % of the time", "1200 calls"; to be freed. */
char *np_budget_amount(const struct np_budget *budget, double amount);

/* COMPARE must be closed, and outlive GATE.  OPTIONS is copied; its budgets are used in place. */
void np_gate_init(struct np_gate *gate, const struct np_compare *compare,
		  const struct np_gate_options *options);
void np_gate_finish(struct np_gate *gate);

/* SECOND: the same comparison of recordings made once more.  What GATE found must be found again, else
 * it is no more than suspect. */
void np_gate_confirm(struct np_gate *gate, const struct np_gate *second);

/* Is a change from BEFORE to AFTER at least the minimum effect? */
bool np_gate_is_effect(const struct np_gate *gate, double before, double after);

/* The change that is told of a row: self when that is significant, else total. */
const struct np_gate_change *np_gate_change_of(const struct np_gate_row *row);
bool np_gate_change_is_self(const struct np_gate_row *row);

const char *np_gate_result_name(enum np_gate_result result);	/* "PASS", ... */
const char *np_gate_role_name(enum np_gate_role role);

/* One run's samples by node with descendants, or their own alone, as shares of its side's sum, so
 * that the sum over the runs of a side is the side's share; to be freed. */
double *np_gate_nodes(const struct np_gate *gate, enum np_side side, bool totals);

/* Are self and total of it the same in every run? */
bool np_gate_is_leaf(const struct np_gate *gate, const struct np_compare_row *row);

/* For gate_*.c: */
void np_gate_levels(struct np_gate *gate);
void np_gate_quality(struct np_gate *gate);
void np_gate_causes(struct np_gate *gate);
void np_gate_budgets(struct np_gate *gate);
double np_budget_measure(const struct np_gate *gate, struct np_budget *budget);

#endif
