/* SPDX-License-Identifier: MIT
 *
 * fold_about.h - what the profile says about itself, in plain words: its pprof comments.
 *
 * Context: tools.
 */
#ifndef NP_TOOLS_FOLD_ABOUT_H
#define NP_TOOLS_FOLD_ABOUT_H

#include "fold.h"
#include "fold_model.h"
#include "profile/pprof_write.h"
#include "profile/tree.h"

/* The line that tells this process image from every other on the machine; the caller's to free. */
char *np_fold_identity(const struct np_spool_header *head);

/* "good", or "poor: 43.2 % of the stacks are cut; …"; to be freed. */
char *np_fold_health(const struct np_fold_result *result);

/* Add all comments: who, how it was measured, how good it is, what was lost, how it ended. */
void np_fold_about(struct np_pprof *pprof, const struct np_fold_model *model,
		   const struct np_fold_result *result);

/* The same for the sum of several: how good it is, what was lost, what it cost. */
void np_fold_about_sum(struct np_tree *tree, const struct np_fold_result *sum);

#endif
