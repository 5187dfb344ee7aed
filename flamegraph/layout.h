/* SPDX-License-Identifier: MIT
 *
 * layout.h - call tree to boxes: who is drawn where, and what is too small or too deep to be drawn.
 *
 * Context: tools.  Boxes are in units of the tree's value, not in pixels, so that a viewer can zoom
 * exactly.  Nothing vanishes in silence: narrow siblings become one "…" box, what lies below the
 * last row becomes one box, and what even such a box would be too narrow for is counted.
 */
#ifndef NP_FLAMEGRAPH_LAYOUT_H
#define NP_FLAMEGRAPH_LAYOUT_H

#include <stdint.h>

#include "profile/tree.h"

#define NP_LAYOUT_ROWS_MAX  1000u	/* a browser draws about 16 000 px of height */
#define NP_LAYOUT_BOXES_MAX 12000u	/* more make a browser sluggish; kept by raising the limit */

enum np_box_type {
	NP_BOX_FRAME = 0,
	NP_BOX_NARROW,		/* stands for FRAMES frames too narrow to be drawn */
	NP_BOX_DEEPER,		/* stands for FRAMES frames below the last row */
};

struct np_box {
	uint64_t left, width;	/* in the tree's value; left is from the root's left edge */
	uint32_t node;		/* its node; for the other types the parent's */
	uint32_t parent;	/* index of the box below it; the root's is itself */
	uint32_t depth;		/* the root's is 0 */
	uint32_t frames;	/* 1, or how many it stands for (capped at UINT32_MAX) */
	enum np_box_type type;
};

struct np_layout {
	struct np_box *boxes;	/* parents before children, left before right */
	uint32_t count, room;
	uint32_t rows;		/* deepest box + 1 */
	uint64_t least;		/* narrower frames were not drawn; in the tree's value */
	uint32_t narrow_frames;	/* all frames not drawn for that */
	uint64_t undrawn;	/* value of those that not even a "…" box shows */
	uint32_t deep_frames;	/* frames below the last row */
	uint32_t deepest;	/* depth of the deepest of them */
};

/* TREE must be finished and sorted, with a root total above zero.  WIDTH_MIN: boxes narrower than
 * this fraction (0..1) of the root are pruned; below 0 it is FRACTION_DEFAULT, and up to ten times
 * that when there would be more than NP_LAYOUT_BOXES_MAX boxes. */
void np_layout_init(struct np_layout *layout, const struct np_tree *tree, double width_min,
		    double fraction_default);
void np_layout_finish(struct np_layout *layout);

#endif
