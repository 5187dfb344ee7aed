/* SPDX-License-Identifier: MIT
 *
 * page_internal.h - what the files of a page's data share.
 *
 * Context: tools, for page_data.c, page_meta.c and page_ranking.c.
 */
#ifndef NP_FLAMEGRAPH_PAGE_INTERNAL_H
#define NP_FLAMEGRAPH_PAGE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "page.h"
#include "page_strings.h"

/* A name of the page: functions that differ at most in being inlined. */
struct np_page_name {
	uint32_t name, module, file;	/* string ids of the tree */
	uint32_t line, nodes;
	uint8_t kind;
	uint32_t order;		/* place among all, by text: the same whatever the input's order */
};

struct np_page_data {
	struct np_tree *tree;
	const struct np_page_options *options;
	struct np_page_strings strings;
	struct np_page_name *names;		/* the most frequent first */
	uint32_t name_count;
	uint32_t *name_of;		/* by function */
	uint32_t *nodes;		/* preorder, the root first; none without value */
	uint32_t node_count;
	bool has_calls, has_samples;
	uint64_t divisor;
	struct np_bytes *to;
};

/* The JSON at the beginning. */
void np_page_put_meta(struct np_page_data *data);

/* The order of the ranking and its figures. */
void np_page_put_ranking(struct np_page_data *data);

/* The keys of those figures, in order; ends with NULL. */
extern const char *const np_page_columns[];

#endif
