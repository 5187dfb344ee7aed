/* SPDX-License-Identifier: MIT
 *
 * page.h - a call tree as one self-contained HTML page: graph, table, sources, health.
 *
 * Context: tools.  The page holds the whole tree, however large; see page_data.h for how.  It asks for
 * nothing remote and runs no script but its own, which its content security policy names by hash; what
 * the profile says enters it as data only.  Without scripts its top levels and a table can be read.  The
 * bytes depend on nothing but the arguments (and LC_CTYPE being UTF-8).
 */
#ifndef NP_FLAMEGRAPH_PAGE_H
#define NP_FLAMEGRAPH_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "analyze/rank.h"
#include "diff.h"
#include "profile/tree.h"

/* What is known about how good the profile is; visible text. */
struct np_page_health {
	const char *id;		/* of lint's finding */
	const char *level;	/* "note", "fair", "poor" */
	const char *what, *todo;
};

/* Lines of a source file, visible text, by number; what lies between them is left out. */
struct np_page_line {
	uint32_t number;
	uint64_t self, inlined, total;	/* in the tree's unit */
	char *text;
};

struct np_page_source {
	char *file;		/* as functions name it */
	struct np_page_line *lines;
	size_t count;
};

/* A function of two profiles, for the table that needs no script: raw name, shares of its total. */
struct np_page_mover {
	const char *name;
	const char *was;	/* "likely renamed, was f", raw; NULL: nothing is to be said */
	uint32_t function;	/* of the tree */
	double before, after;
	bool significant;
};

struct np_page_options {
	const char *title;	/* NULL: "Profile" */
	const char *source;	/* file name, for the line below; may be NULL */
	bool icicle;		/* root at the top */
	const struct np_ranking *ranking;	/* of the same tree; of two profiles NULL */
	const char *formula;	/* of the score, in words; may be NULL */
	const struct np_page_health *health;
	size_t health_count;
	const struct np_page_source *sources;	/* to be carried along; may be NULL */
	size_t source_count;
	/* Of two profiles, instead of a ranking: what diff.h says of every node, and the rest. */
	const struct np_diff_node *nodes;
	const char *summary;			/* visible; NULL: of the tree */
	const struct np_page_mover *movers;	/* the most important first */
	size_t mover_count;
};

/* TREE must be sorted, and finished with a root total above zero; of two profiles its values do not matter.
 * Returns 0 or -errno of the first failed write; TO is flushed. */
int np_page_write(struct np_tree *tree, const struct np_page_options *options, FILE *to);

/* The line below the title, visible; to be freed. */
char *np_page_summary(struct np_tree *tree, const struct np_page_options *options);

#endif
