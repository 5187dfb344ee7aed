/* SPDX-License-Identifier: MIT
 *
 * diff_internal.h - what a box of two profiles looks like and says, for both forms of the picture.
 *
 * Context: tools, for diff.c and page_static.c.
 */
#ifndef NP_FLAMEGRAPH_DIFF_INTERNAL_H
#define NP_FLAMEGRAPH_DIFF_INTERNAL_H

#include <stddef.h>

#include "diff.h"
#include "paint.h"

/* The paths of TREE with the values of VIEW, finished and sorted; nodes have the numbers that they have in
 * TREE.  NULL: the values do not fit.  Destroy it. */
struct np_tree *np_diff_tree(const struct np_tree *tree, const struct np_diff_node *nodes,
			     enum np_diff_view view);

/* The class of assets/flame.css. */
const char *np_diff_class(const struct np_diff_node *node);

/* "5.01 % → 6.30 % (+1.29 points, ×1.26)", and its own and how sure that is on a second line. */
void np_diff_put_words(const struct np_diff_node *node, FILE *to);

#define NP_DIFF_SWATCHES 7
extern const struct np_svg_swatch np_diff_swatches[NP_DIFF_SWATCHES];

#endif
