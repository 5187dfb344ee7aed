/* SPDX-License-Identifier: MIT
 *
 * fuzz_pprof.c - any bytes as an unpacked pprof file.
 */
#include "fuzz_profile.h"
#include "profile/pprof_read.h"

/* The same by lines and labels. */
static void read_by_the_options(const uint8_t *bytes, size_t size)
{
	const struct np_read_label label = { "thread", "w*" };
	const struct np_read_options options[] = {
		{ .lines = true, .threads = true },
		{ .group_by = "tid", .labels = &label, .label_count = 1 },
	};

	for (unsigned i = 0; i < 2; i++) {
		struct np_tree *tree = np_tree_create();
		struct np_read_report report = {0};

		if (np_pprof_read("input", bytes, size, &options[i], tree, &report) == 0)
			fuzz_totals(tree);
		np_tree_destroy(tree);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct np_tree *tree = np_tree_create();
	struct np_read_report report = {0};
	int rc = np_pprof_read("input", bytes, size, NULL, tree, &report);

	FUZZ_CHECK(rc == 0 || (rc < 0 && report.message[0]));
	if (rc == 0)
		fuzz_tree(tree);
	np_tree_destroy(tree);
	read_by_the_options(bytes, size);
	return 0;
}
