/* SPDX-License-Identifier: MIT
 *
 * fuzz_folded.c - any bytes as a profile: recognition, gzip, folded stacks.
 */
#include "fuzz_profile.h"

/* The same with all that changes what frames and values mean. */
static void read_by_the_options(const uint8_t *bytes, size_t size)
{
	struct np_read_options options = { .lax = true, .drop_empty = true, .drop_threads = true,
		.merge_kinds = true, .lines = true, .dialect = NP_DIALECT_AUTO };

	for (unsigned columns = 0; columns < 3; columns++) {
		struct np_tree *tree = np_tree_create();
		struct np_read_report report;

		options.columns = columns;
		options.dialect = columns == 1 ? NP_DIALECT_AP : NP_DIALECT_AUTO;
		if (np_read_memory("input", bytes, size, &options, tree, &report) == 0)
			fuzz_totals(tree);
		np_tree_destroy(tree);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct np_tree *tree = np_tree_create();
	struct np_read_report report;
	int rc = np_read_memory("input", bytes, size, NULL, tree, &report);

	FUZZ_CHECK(rc == 0 || (rc < 0 && report.message[0]));
	if (rc == 0) {
		FUZZ_CHECK(report.records > 0);
		fuzz_tree(tree);
	}
	np_tree_destroy(tree);
	read_by_the_options(bytes, size);
	return 0;
}
