/* SPDX-License-Identifier: MIT
 *
 * svg_internal.h - what the files of the SVG writer share.
 *
 * Context: tools, for svg.c and svg_frames.c.
 */
#ifndef NP_FLAMEGRAPH_SVG_INTERNAL_H
#define NP_FLAMEGRAPH_SVG_INTERNAL_H

#include "layout.h"
#include "svg.h"

/* px; flame.css and assets/svg/ know them too. */
#define NP_SVG_SIDE	10
#define NP_SVG_ROW	18
#define NP_SVG_GLYPH	7.25	/* a monospace character of 12px, rounded up */

struct np_svg {
	FILE *to;
	struct np_tree *tree;
	const struct np_svg_options *options;
	const struct np_layout *layout;
	unsigned width, height;
	unsigned top;		/* y of the first row */
	bool kinds_known;
};

void np_svg_frames(struct np_svg *svg);

/* Left and width of each box before, left and width after; to be freed.  Needs paint->shares. */
uint64_t *np_svg_views(const struct np_svg *svg);

#endif
