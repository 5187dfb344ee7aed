/* SPDX-License-Identifier: MIT
 *
 * lines.h - what each source line takes.
 *
 * Context: tools.  The tree must have been read with np_read_options.lines.  A row is a line of a
 * file, whichever functions it was made part of; code without a line is a row for each function.
 */
#ifndef NP_ANALYZE_LINES_H
#define NP_ANALYZE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/collect.h"
#include "profile/tree.h"

struct np_line_row {
	uint32_t file, line;		/* string id; 0: unknown */
	uint32_t function;		/* the one with the most of its own there; a tree function */
	uint32_t site_file, site_line;	/* by call site: where it was inlined; 0: it was not */
	struct np_sum sum;
	uint64_t inlined;		/* own value of code that was inlined at this line */
};

struct np_lines {
	struct np_line_row *rows;	/* by self, then inlined, largest first */
	size_t count;
	uint64_t unknown;		/* own value of code without a line */
	uint64_t total;			/* of the tree */
};

/* BY_SITE: inlined code is a row for each line that it was inlined at. */
void np_lines_init(struct np_lines *lines, const struct np_tree *tree, bool by_site);
void np_lines_finish(struct np_lines *lines);

#endif
