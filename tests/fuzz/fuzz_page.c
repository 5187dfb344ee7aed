/* SPDX-License-Identifier: MIT
 *
 * fuzz_page.c - any profile as a picture and as a page: the document is ours, whatever the names are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../flamegraph/flamegraph.h"
#include "fuzz.h"
#include "profile/read.h"

/* How often TEXT holds WHAT, in either case. */
static size_t occurrences(const char *text, const char *what)
{
	size_t count = 0;

	while ((text = strcasestr(text, what))) {
		count++;
		text++;
	}
	return count;
}

static void draw(struct np_tree *tree, const struct np_ranking *ranking, bool is_page)
{
	const char *title = np_tree_string(tree, np_tree_string_count(tree) - 1);
	const struct np_page_health health = { .id = "x", .level = "note", .what = title, .todo = title };
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	FUZZ_CHECK(to);
	if (is_page)
		FUZZ_CHECK(np_page_write(tree, &(struct np_page_options){ .title = title, .source = title,
						 .ranking = ranking, .health = &health, .health_count = 1 },
					 to) == 0);
	else
		FUZZ_CHECK(np_svg_write(tree, &(struct np_svg_options){ .title = title, .source = title,
						.narrow_px = -1 }, to) == 0);
	FUZZ_CHECK(fclose(to) == 0);
	FUZZ_CHECK(strlen(text) == size);
	FUZZ_CHECK(occurrences(text, "<script") == (is_page ? 2 : 1));
	FUZZ_CHECK(occurrences(text, "</script") == (is_page ? 2 : 1));
	FUZZ_CHECK(occurrences(text, "<style") == 1 && occurrences(text, "</style") == 1);
	FUZZ_CHECK(occurrences(text, "<!--") == 0);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct np_tree *tree = np_tree_create();
	struct np_read_report report;

	if (np_read_memory("input", bytes, size, NULL, tree, &report) == 0) {
		struct np_complexity complexity;
		struct np_ranking ranking;

		np_tree_finish(tree);
		np_tree_sort(tree);
		np_complexity_init(&complexity);
		np_ranking_init(&ranking, tree, &complexity, NP_RANK_ROI);
		if (np_tree_node(tree, 0)->total > 0) {
			draw(tree, &ranking, false);
			draw(tree, &ranking, true);
		}
		np_ranking_finish(&ranking);
		np_complexity_finish(&complexity);
	}
	np_tree_destroy(tree);
	return 0;
}
