/* SPDX-License-Identifier: MIT
 *
 * report_health.h - what neuroprof-report can know of a profile's health from its tree and comments.
 *
 * Context: tools.
 */
#ifndef NP_TOOLS_REPORT_HEALTH_H
#define NP_TOOLS_REPORT_HEALTH_H

#include "health.h"
#include "profile/read.h"

/* Sums over the tree. */
struct np_survey {
	uint64_t total;
	uint64_t nameless;	/* own value of functions without a name */
	uint64_t by_start;	/* of these, named by where they start: "libfoo.so+0x4d0" */
	uint64_t cut;		/* below our markers of stacks that were cut */
	uint64_t startup;
	uint64_t flat;		/* own value of stacks of one function */
	uint64_t broken;	/* of stacks of several whose outermost one has no name */
	uint64_t no_module;
	uint64_t *by_module;	/* NAMELESS by the module's string id */
	bool any_kernel;
};

/* Is it no function's NAME: "[unknown]", "0x4d0", "[libfoo.so]" in that MODULE? */
bool np_report_is_nameless(const char *name, const char *module);

/* TREE: finished.  Free SURVEY->by_module. */
void np_survey_tree(struct np_survey *survey, const struct np_tree *tree);

/* FACTS of reading it, or NULL. */
void np_report_health(struct np_health *health, struct np_tree *tree, const struct np_survey *survey,
		      const struct np_read_facts *facts);

/* Lines for the head of a report, to be freed.  A profile of one recording says its health in its
 * comments; of several it is judged by their sum, and only what all say alike is kept; a profile
 * without such comments is called poor when it is.  *RET_HEALTH: NULL when there is nothing to say. */
void np_report_health_notes(struct np_tree *tree, char **ret_health, char **ret_notes);

#endif
