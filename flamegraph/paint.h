/* SPDX-License-Identifier: MIT
 *
 * paint.h - for pictures whose boxes look and say something of their own; see np_svg_options.
 *
 * Context: tools.
 */
#ifndef NP_FLAMEGRAPH_PAINT_H
#define NP_FLAMEGRAPH_PAINT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Widths of views are shares in these parts: fine for 2^32 samples, exact in a script. */
#define NP_SVG_PARTS 1e12

/* An entry of the legend: a class of assets/flame.css and what it means. */
struct np_svg_swatch {
	const char *class, *label;
};

struct np_svg_paint {
	void *context;
	const char *(*class_of)(void *context, uint32_t node);	/* instead of the colour by kind */
	/* Instead of value and shares, after the name and where it is: lines of plain ASCII, or what
	 * is escaped for XML already. */
	void (*put_words)(void *context, uint32_t node, FILE *to);
	/* Shares of two sides (0..1) of a node, with all it calls and its own; NULL: the picture has one
	 * view.  Else the script can switch to the widths of either side. */
	void (*shares)(void *context, uint32_t node, double totals[2], double selfs[2]);
	const char *subtitle;		/* visible; instead of what was measured */
	const struct np_svg_swatch *swatches;
	size_t swatch_count;
};

#endif
