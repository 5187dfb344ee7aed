/* SPDX-License-Identifier: MIT
 *
 * report_drawing.h - the options of pictures: ours, and all of flamegraph.pl's by their names.
 *
 * Context: tools, for the report itself and for its command flamegraph.  What changes the picture alone
 * (reversed stacks) leaves the ranking as it is; what changes the numbers changes both.
 */
#ifndef NP_TOOLS_REPORT_DRAWING_H
#define NP_TOOLS_REPORT_DRAWING_H

#include <getopt.h>
#include <stdbool.h>

#include "../flamegraph/svg.h"
#include "profile/read.h"
#include "report_palette.h"

#define NP_DRAWING_MAP "palette.map"	/* of --cp, in the working directory */

struct np_drawing {
	const char *title, *subtitle;
	unsigned width;			/* 0: the default */
	double narrow_px;		/* below 0: the default */
	double narrow_share;		/* of all, instead of NARROW_PX; below 0: not given */
	bool icicle, reverse, in_order, use_map;
	const char *colours, *ground;	/* NULL: by kind */
	const char *count_name, *notes;
	const char *total, *factor;	/* numbers that were checked; NULL: not given */
};

void np_drawing_init(struct np_drawing *drawing);

/* OWN, which ends in a row without a name, with the options of pictures behind; to be freed. */
struct option *np_drawing_options(const struct option *own);

/* Take OPTION, as getopt_long() gave it.  Returns false when it is none of these.  Exits with
 * NP_EXIT_USAGE and one line when ARGUMENT is wrong; says in one line what is accepted for the sake
 * of old scripts and changes nothing. */
bool np_drawing_take(struct np_drawing *drawing, int option, const char *argument);

/* Bring --total, --factor, --countname and --notes into TREE, which is finished again.  Exits with one
 * line when that is not possible. */
void np_drawing_values(const struct np_drawing *drawing, struct np_tree *tree);

/* Write the picture.  TITLE and SOURCE are for when the drawing has none.  Returns 0, or -errno after
 * one line; PATH "-" is standard output. */
int np_drawing_write(const struct np_drawing *drawing, struct np_tree *tree, const char *title,
		     const char *source, const char *path);

/* The lines about these options for --help. */
extern const char np_drawing_help[];

#endif
