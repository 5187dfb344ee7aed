/* SPDX-License-Identifier: MIT
 *
 * fuzz_pair.c - any bytes as two profiles: compared, with renames and hidden, and drawn as a picture and as a page.
 * The first half of the input is before, the second after; where halves are no profiles, the whole is both.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../flamegraph/flamegraph.h"
#include "analyze/compare.h"
#include "analyze/gate.h"
#include "fuzz.h"
#include "profile/read.h"

static size_t occurrences(const char *text, const char *what)
{
	size_t count = 0;

	while ((text = strcasestr(text, what))) {
		count++;
		text++;
	}
	return count;
}

static bool add(struct np_compare *compare, enum np_side side, const uint8_t *bytes, size_t size)
{
	struct np_tree *tree = np_tree_create();
	struct np_read_report report;
	char message[512];
	bool added = np_read_memory("input", bytes, size, NULL, tree, &report) == 0;

	np_tree_finish(tree);
	added = added && np_compare_add(compare, side, "input", tree, NULL, message, sizeof(message)) == 0;
	np_tree_destroy(tree);
	return added;
}

/* Every function of before that has another name now is no row of its own; sums are what they were. */
static void check_rows(const struct np_compare *compare)
{
	for (size_t run = 0; run < compare->run_count; run++) {
		double all = 0, *nodes = np_compare_nodes(compare, &compare->runs[run], false), self = 0;

		for (uint32_t i = 0; i < np_tree_node_count(compare->tree); i++)
			all += nodes[i];
		for (size_t i = 0; i < compare->row_count; i++) {
			FUZZ_CHECK(compare->rows[i].self[run] <= compare->rows[i].total[run] * 1.000001 + 1e-6);
			self += compare->rows[i].self[run];
		}
		FUZZ_CHECK(self <= all * 1.000001 + 1e-6);
		free(nodes);
	}
	for (size_t i = 0; i < compare->rename_count; i++)
		FUZZ_CHECK(compare->renames[i].similarity >= 0.5 && compare->renames[i].similarity <= 1 &&
			   compare->renames[i].to < np_tree_function_count(compare->tree));
}

static void draw(struct np_compare *compare, const struct np_diff_node *nodes,
		 const struct np_page_mover *movers, bool is_page)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	int rc;

	FUZZ_CHECK(to);
	if (is_page)
		rc = np_page_write(compare->tree, &(struct np_page_options){ .title = compare->runs[0].path,
				   .summary = "both", .nodes = nodes, .movers = movers,
				   .mover_count = compare->row_count }, to);
	else
		rc = np_diff_svg_write(compare->tree, nodes, NP_DIFF_UNION, "both",
				       &(struct np_svg_options){ .narrow_px = -1 }, to);
	FUZZ_CHECK(fclose(to) == 0 && strlen(text) == size);
	if (rc == 0) {
		FUZZ_CHECK(occurrences(text, "<script") == (is_page ? 2 : 1));
		FUZZ_CHECK(occurrences(text, "</script") == (is_page ? 2 : 1));
		FUZZ_CHECK(occurrences(text, "<style") == 1 && occurrences(text, "</style") == 1);
		FUZZ_CHECK(occurrences(text, "<!--") == 0);
	}
	free(text);
}

static void draw_both(struct np_compare *compare, const struct np_gate *gate)
{
	uint32_t count = np_tree_node_count(compare->tree);
	struct np_diff_node *nodes = calloc(count, sizeof(*nodes));
	struct np_page_mover *movers = calloc(compare->row_count + 1, sizeof(*movers));
	double *values[4];

	FUZZ_CHECK(nodes && movers);
	for (int i = 0; i < 4; i++)
		values[i] = np_gate_nodes(gate, i % 2 ? NP_AFTER : NP_BEFORE, i < 2);
	for (uint32_t i = 0; i < count; i++)
		nodes[i] = (struct np_diff_node){ values[0][i], values[1][i], values[2][i], values[3][i], 0.5,
						  i % 2, compare->row_of[i] == UINT32_MAX ? NULL
						  : compare->rows[compare->row_of[i]].name };
	for (size_t i = 0; i < compare->row_count; i++) {
		const struct np_compare_row *row = &compare->rows[i];

		movers[i] = (struct np_page_mover){ .name = row->name, .function = row->function,
			.was = row->was ? row->was->name : NULL, .after = 0.1, .significant = i % 2 };
	}
	np_tree_sort(compare->tree);
	draw(compare, nodes, movers, true);
	draw(compare, nodes, movers, false);
	for (int i = 0; i < 4; i++)
		free(values[i]);
	free(nodes);
	free(movers);
}

static void compare_both(const uint8_t *before, size_t before_size, const uint8_t *after, size_t after_size,
			 const char *anonymize)
{
	struct np_gate_options options;
	struct np_compare compare;
	struct np_gate gate;

	np_compare_init(&compare);
	compare.anonymize = anonymize;
	if (add(&compare, NP_BEFORE, before, before_size) && add(&compare, NP_AFTER, after, after_size)) {
		np_gate_options_init(&options);
		options.samples_min = 0;
		options.unresolved_max = options.truncated_max = options.lost_max = 2;
		np_compare_close(&compare);
		check_rows(&compare);
		np_gate_init(&gate, &compare, &options);
		draw_both(&compare, &gate);
		np_gate_finish(&gate);
	}
	np_compare_finish(&compare);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	size_t half = size / 2;

	/* At a line's end, where there is one: folded stacks stay whole. */
	while (half < size && half > 0 && bytes[half - 1] != '\n')
		half++;
	compare_both(bytes, half, bytes + half, size - half, NULL);
	compare_both(bytes, half, bytes + half, size - half, "key");
	compare_both(bytes, size, bytes, size, NULL);
	return 0;
}
