/* SPDX-License-Identifier: MIT
 *
 * diff.h - two profiles in one picture: every box with what it was and what it is.
 *
 * Context: tools.  Three views of the same tree:
 *	union	a box is as wide as its paths need on the side that has more of each, so that nothing
 *		new and nothing gone is invisible
 *	before, after	one side's widths, the other's figures
 * Colours are of the change of the box with all it calls: orange more, blue less, grey not
 * significant; dashed new or gone.
 */
#ifndef NP_FLAMEGRAPH_DIFF_H
#define NP_FLAMEGRAPH_DIFF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "profile/tree.h"
#include "svg.h"

/* One node of the common tree: shares of the whole of each side. */
struct np_diff_node {
	double before, after;		/* with all it calls */
	double before_self, after_self;
	double q;			/* false discovery rate of "changed"; 1: not tested */
	bool significant;
	const char *was;		/* raw: what before calls it; NULL: the same */
};

enum np_diff_view { NP_DIFF_UNION = 0, NP_DIFF_BEFORE, NP_DIFF_AFTER };

/* TREE holds all paths; its values do not matter.  NODES: by node.  SUBTITLE: visible.  Returns 0 or -errno of the first failed write; -ENODATA when the view
 * is empty. */
int np_diff_svg_write(const struct np_tree *tree, const struct np_diff_node *nodes,
		      enum np_diff_view view, const char *subtitle,
		      const struct np_svg_options *options, FILE *to);

#endif
