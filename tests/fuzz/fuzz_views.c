/* SPDX-License-Identifier: MIT
 *
 * fuzz_views.c - any bytes as a profile, looked at from every side: ranking, factors, callers and
 * callees, lines, threads, what it is bound by.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "analyze/bottleneck.h"
#include "analyze/factors.h"
#include "analyze/lines.h"
#include "analyze/peek.h"
#include "analyze/threads.h"
#include "profile/read.h"

static void rank(struct np_tree *tree)
{
	const struct np_factor_options options = { .pass_through = 0.05, .many_calls_ns = 1e4,
						   .callers = true };
	struct np_complexity complexity;
	struct np_ranking ranking;
	struct np_factors *factors;
	uint64_t self = 0;

	np_complexity_init(&complexity);
	np_ranking_init(&ranking, tree, &complexity, NP_RANK_ROI);
	factors = np_factors_create(&ranking, tree, ranking.count, &options);
	for (size_t i = 0; i < ranking.count; i++) {
		const struct np_rank_row *row = &ranking.rows[i];

		self += row->self;
		FUZZ_CHECK(row->self <= row->total && row->total <= ranking.total);
		FUZZ_CHECK(factors[i].callers > 0 && factors[i].breadth > 0.999 &&
			   factors[i].breadth < factors[i].callers + 0.001);
		FUZZ_CHECK(factors[i].hottest_path >= 0 && factors[i].hottest_path <= 1);
	}
	FUZZ_CHECK(self <= ranking.total);
	free(factors);
	np_ranking_finish(&ranking);
	np_complexity_finish(&complexity);
}

static void peek(const struct np_tree *tree, const char *word)
{
	struct np_peek_match *matches;
	char message[128];
	size_t count;

	if (np_peek_find(tree, word, &matches, &count, message, sizeof(message)) < 0)
		return;
	if (count > 0) {
		struct np_peek found;
		uint64_t callees = 0;

		np_peek_init(&found, tree, matches, count);
		for (size_t i = 0; i < found.callee_count; i++)
			callees += found.callees[i].value;
		FUZZ_CHECK(found.recursive <= found.sum.total);
		/* Without recursion callees and its own time are all of it. */
		FUZZ_CHECK(found.recursive > 0 || callees == found.sum.total);
		np_peek_finish(&found);
	}
	free(matches);
}

static void look(struct np_tree *tree)
{
	struct np_thread_rows threads;
	struct np_bottleneck bottleneck;
	struct np_config config;
	struct np_lines lines;
	uint64_t sum = 0;

	for (int i = 0; i < 2; i++) {
		np_lines_init(&lines, tree, i);
		sum = 0;
		for (size_t j = 0; j < lines.count; j++)
			sum += lines.rows[j].sum.self;
		FUZZ_CHECK(sum <= lines.total);
		np_lines_finish(&lines);
		np_threads_init(&threads, tree, i);
		sum = 0;
		for (size_t j = 0; j < threads.count; j++) {
			free(np_threads_name(tree, threads.rows[j].node));
			sum += threads.rows[j].value;
		}
		FUZZ_CHECK(sum == np_tree_node(tree, 0)->total);
		np_threads_finish(&threads);
	}
	np_config_init(&config);
	np_bottleneck_init(&bottleneck, tree, &config);
	free(np_bottleneck_class(&bottleneck));
	free(np_bottleneck_evidence(&bottleneck));
	np_config_finish(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const struct np_read_options options = { .lines = true, .threads = true,
						 .dialect = NP_DIALECT_AUTO };
	struct np_tree *tree = np_tree_create();
	struct np_read_report report;

	if (np_read_memory("input", bytes, size, &options, tree, &report) == 0) {
		np_tree_finish(tree);
		np_tree_sort(tree);
		rank(tree);
		peek(tree, "a");
		peek(tree, "/./");
		peek(tree, np_tree_string(tree, np_tree_function_at(tree,
			np_tree_function_count(tree) - 1)->name));
		look(tree);
	}
	np_tree_destroy(tree);
	return 0;
}
