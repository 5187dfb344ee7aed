/* SPDX-License-Identifier: MIT
 *
 * views.c - where the boxes of a picture of two profiles are when one side's widths are taken.
 *
 * Context: tools.  The script switches between them; without it the picture is the union.  A "…"
 * box gets what its parent has and neither itself nor its drawn children do.
 */
#include <math.h>
#include <stdlib.h>

#include "base/message.h"
#include "paint.h"
#include "svg_internal.h"

/* One side. */
struct side {
	uint64_t *next;		/* by box: where its next child goes */
	uint64_t *rest;		/* by box: what its children have not taken yet */
};

static uint64_t parts(double share)
{
	return share > 0 ? (uint64_t)llround(share * NP_SVG_PARTS) : 0;
}

static void place(const struct np_svg *svg, struct side *sides, uint64_t *places, uint32_t at)
{
	const struct np_svg_paint *paint = svg->options->paint;
	const struct np_box *box = &svg->layout->boxes[at];
	double totals[2], selfs[2];

	paint->shares(paint->context, box->node, totals, selfs);
	for (int i = 0; i < 2; i++) {
		struct side *side = &sides[i];
		uint64_t width = parts(totals[i]), self = parts(selfs[i]);
		uint64_t left = at ? side->next[box->parent] : 0;

		if (at && (box->type != NP_BOX_FRAME || width > side->rest[box->parent]))
			width = side->rest[box->parent];	/* rounding, too */
		if (at) {
			side->next[box->parent] += width;
			side->rest[box->parent] -= width;
		}
		side->next[at] = left;
		side->rest[at] = width > self ? width - self : 0;
		places[4 * (size_t)at + 2 * (size_t)i] = left;
		places[4 * (size_t)at + 2 * (size_t)i + 1] = width;
	}
}

uint64_t *np_svg_views(const struct np_svg *svg)
{
	size_t count = svg->layout->count;
	uint64_t *places = np_xcalloc(4 * count, sizeof(*places));
	uint64_t *work = np_xcalloc(4 * count, sizeof(*work));
	struct side sides[2] = { { work, work + count }, { work + 2 * count, work + 3 * count } };

	for (uint32_t i = 0; i < svg->layout->count; i++)	/* parents first, left before right */
		place(svg, sides, places, i);
	free(work);
	return places;
}
