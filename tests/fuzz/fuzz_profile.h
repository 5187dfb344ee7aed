/* SPDX-License-Identifier: MIT
 *
 * fuzz_profile.h - what must hold for a call tree, whatever file it came from.
 *
 * Context: tests, for fuzz_folded.c and fuzz_pprof.c.
 */
#ifndef NP_FUZZ_PROFILE_H
#define NP_FUZZ_PROFILE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "profile/folded.h"
#include "profile/read.h"

static inline char *fuzz_write(const struct np_tree *tree, size_t *ret_size)
{
	char *text = NULL;
	FILE *to = open_memstream(&text, ret_size);

	FUZZ_CHECK(to && np_folded_write(tree, to, true) == 0);
	fclose(to);
	return text;
}

/* Totals are exact. */
static inline void fuzz_totals(struct np_tree *tree)
{
	np_tree_finish(tree);
	np_tree_sort(tree);
	for (uint32_t i = 0; i < np_tree_node_count(tree); i++) {
		const struct np_node *node = np_tree_node(tree, i);
		uint64_t sum = node->self;

		for (uint32_t c = node->first_child; c; c = np_tree_node(tree, c)->next_sibling)
			sum += np_tree_node(tree, c)->total;
		FUZZ_CHECK(sum == node->total);
	}
}

/* And what is written is read back as the same text. */
static inline void fuzz_tree(struct np_tree *tree)
{
	struct np_tree *back = np_tree_create();
	struct np_read_report report;
	size_t size, size_back;
	char *text, *text_back;

	fuzz_totals(tree);
	text = fuzz_write(tree, &size);
	FUZZ_CHECK(np_read_memory("written", text, size, &(struct np_read_options){.strict = true},
				  back, &report) == 0);
	np_tree_finish(back);
	FUZZ_CHECK(np_tree_node(back, 0)->total == np_tree_node(tree, 0)->total);
	text_back = fuzz_write(back, &size_back);
	FUZZ_CHECK(size == size_back && memcmp(text, text_back, size) == 0);
	free(text);
	free(text_back);
	np_tree_destroy(back);
}

#endif
