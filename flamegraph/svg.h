/* SPDX-License-Identifier: MIT
 *
 * svg.h - a call tree as one self-contained SVG: readable without scripts, alive with them.
 *
 * Context: tools.  The bytes depend on nothing but the arguments (and LC_CTYPE being UTF-8, for
 * the width of wide characters).
 */
#ifndef NP_FLAMEGRAPH_SVG_H
#define NP_FLAMEGRAPH_SVG_H

#include <stdbool.h>
#include <stdio.h>

#include "profile/tree.h"

#define NP_SVG_WIDTH_DEFAULT 1200u
#define NP_SVG_WIDTH_MIN     320u
#define NP_SVG_WIDTH_MAX     20000u
#define NP_SVG_NARROW_PX     0.1	/* what is narrower is merged, unless told otherwise */

struct np_svg_paint;

struct np_svg_colours {
	const uint32_t *classes;	/* by function: the N of its class qN */
	const char *style;		/* rules for them and for the ground, after those of every picture */
};

struct np_svg_options {
	const char *title;	/* NULL: "Flame graph" */
	const char *source;	/* file name, for the line below; may be NULL */
	unsigned width;		/* px, of the picture before scripts fit it to the window; 0: default */
	double narrow_px;	/* below 0: NP_SVG_NARROW_PX, and more where a browser needs it */
	bool icicle;		/* root at the top */
	const char *subtitle;	/* before what was measured; may be NULL */
	const struct np_svg_colours *colours;	/* NULL: by kind */
	const struct np_svg_paint *paint;	/* NULL: as every picture; see paint.h */
};

/* px of a picture of WIDTH that all boxes together are wide. */
double np_svg_inside(unsigned width);

/* TREE must be finished and sorted, with a root total above zero.
 * Returns 0 or -errno of the first failed write; TO is flushed. */
int np_svg_write(struct np_tree *tree, const struct np_svg_options *options, FILE *to);

#endif
