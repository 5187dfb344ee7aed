/* SPDX-License-Identifier: MIT
 *
 * page_strings.h - the strings of a page: visible, sorted, each once.
 *
 * Context: tools.  A string is made visible here, once, so that the page's script need not know what
 * is dangerous to show.
 */
#ifndef NP_FLAMEGRAPH_PAGE_STRINGS_H
#define NP_FLAMEGRAPH_PAGE_STRINGS_H

#include "bytes.h"
#include "profile/tree.h"

struct np_page_strings {
	char **texts;		/* by place in the pool; the first is "" */
	uint32_t count;
	uint32_t *place;	/* by the tree's string id; of unmarked ones meaningless */
	char **visible;		/* likewise; NULL: not marked */
	uint32_t id_count;
};

/* Mark the ids that are needed, then sort; afterwards `place` is right. */
void np_page_strings_init(struct np_page_strings *strings, const struct np_tree *tree);
void np_page_strings_mark(struct np_page_strings *strings, const struct np_tree *tree, uint32_t id);
void np_page_strings_sort(struct np_page_strings *strings);

/* How many; then of each how many bytes it shares with the one before, how many follow, and those. */
void np_page_strings_put(const struct np_page_strings *strings, struct np_bytes *to);

void np_page_strings_finish(struct np_page_strings *strings);

#endif
