/* SPDX-License-Identifier: MIT
 *
 * fold_write.h - the sorted model as folded stacks and as pprof.
 *
 * Context: tools.
 */
#ifndef NP_TOOLS_FOLD_WRITE_H
#define NP_TOOLS_FOLD_WRITE_H

#include "fold.h"
#include "fold_model.h"

/* Count what the summary needs: by quality, unresolved, frames.  MODEL is named and sorted. */
void np_fold_count(const struct np_fold_model *model, struct np_fold_result *result);

/* Write to the descriptors.  Return 0 or -errno. */
int np_fold_write_folded(struct np_fold_model *model, int fd);
int np_fold_write_pprof(struct np_fold_model *model, const struct np_fold_result *result, int fd);

#endif
