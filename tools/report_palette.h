/* SPDX-License-Identifier: MIT
 *
 * report_palette.h - colours by name, for those who want flamegraph.pl's instead of ours by kind.
 *
 * Context: tools.  The same name has the same colour in every picture: nothing is random.
 */
#ifndef NP_TOOLS_REPORT_PALETTE_H
#define NP_TOOLS_REPORT_PALETTE_H

#include <stdbool.h>
#include <stdio.h>

#include "../flamegraph/svg.h"

struct np_palette;	/* opaque */

bool np_palette_is_name(const char *name);
extern const char np_palette_names[];		/* "hot, mem, ..." */

bool np_palette_is_ground(const char *name);	/* yellow, blue, green, grey or #rrggbb */

/* NAME: one of the names; NULL: no colours for boxes.  GROUND: NULL for the one that goes with NAME.
 * MAP: a file of lines "function->rgb(r,g,b)", whose colours come first; NULL: none.  One that does
 * not exist is empty; a damaged one ends the tool with one line. */
struct np_palette *np_palette_create(const struct np_tree *tree, const char *name,
				     const char *ground, const char *map);

/* The same from a stream; NULL, with the number of the line in *RET_LINE (0: it cannot be read), when it is
 * damaged. */
struct np_palette *np_palette_create_from(const struct np_tree *tree, const char *name,
					  const char *ground, FILE *map, unsigned long *ret_line);
const struct np_svg_colours *np_palette_colours(const struct np_palette *palette);

/* Write the colours of all functions of the tree, and those that MAP had, to MAP.  Returns 0, or -errno
 * after one line. */
int np_palette_save(const struct np_palette *palette, const char *map);

void np_palette_destroy(struct np_palette *palette);	/* NULL is fine */

#endif
