/* SPDX-License-Identifier: MIT
 *
 * test-page.c - how compact the data of an HTML page is.  tests/host/report_page.js reads it back.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "analyze/rank.h"
#include "page_data.h"

#define NODES	   30000u
#define NODE_BYTES 14.0		/* what the format promises, before deflate */

static uint32_t random_below(uint64_t *seed, uint32_t below)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(*seed >> 33) % below;
}

/* Paths of 20 000 functions, own values of any number of periods, calls, samples. */
static struct np_tree *make(uint64_t period, bool has_samples)
{
	struct np_tree *tree = np_tree_create();
	uint64_t seed = 7;

	np_tree_meta(tree)->samples_known = has_samples;
	np_tree_meta(tree)->calls = NP_CALLS_LOWER_BOUND;
	while (np_tree_node_count(tree) < NODES) {
		uint32_t depth = 1 + random_below(&seed, 40), at = 0, weight = 1 + random_below(&seed, 5000);

		for (uint32_t i = 0; i < depth; i++) {
			char name[32];
			int length = snprintf(name, sizeof(name), "function%" PRIu32,
					      random_below(&seed, i < 5 ? 3 : 20000));
			struct np_function function = {
				.name = np_tree_intern(tree, name, (size_t)length), .kind = NP_KIND_OWN };

			at = np_tree_child(tree, at, np_tree_function(tree, &function));
		}
		assert_int_equal(np_tree_add(tree, at, period * weight, has_samples ? weight - weight / 9 : weight,
					     1 + random_below(&seed, 200)), 0);
	}
	np_tree_finish(tree);
	np_tree_sort(tree);
	return tree;
}

static void nodes_are_small(void **state)
{
	static const struct {
		uint64_t period;
		bool has_samples;
	} cases[] = { { 1, false }, { 10101010, true }, { 1000003, false } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct np_tree *tree = make(cases[i].period, cases[i].has_samples);
		struct np_complexity complexity;
		struct np_ranking ranking;
		struct np_bytes bytes = { .size = 0 };
		uint32_t nodes;
		size_t size;

		np_complexity_init(&complexity);
		np_ranking_init(&ranking, tree, &complexity, NP_RANK_ROI);
		size = np_page_data(tree, &(struct np_page_options){ .ranking = &ranking }, &bytes, &nodes);
		print_message("%" PRIu32 " nodes, %.2f bytes each\n", nodes, (double)size / nodes);
		assert_int_equal(nodes, np_tree_node_count(tree));
		assert_true((double)size / nodes <= NODE_BYTES);
		np_bytes_finish(&bytes);
		np_ranking_finish(&ranking);
		np_complexity_finish(&complexity);
		np_tree_destroy(tree);
	}
}

static void numbers_take_what_they_need(void **state)
{
	static const struct {
		uint64_t number;
		size_t size;
	} cases[] = { { 0, 1 }, { 127, 1 }, { 128, 2 }, { 16383, 2 }, { 16384, 3 }, { UINT64_MAX, 10 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct np_bytes bytes = { .size = 0 };

		np_bytes_put_number(&bytes, cases[i].number);
		assert_int_equal(bytes.size, cases[i].size);
		np_bytes_finish(&bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_are_small),
		cmocka_unit_test(numbers_take_what_they_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
