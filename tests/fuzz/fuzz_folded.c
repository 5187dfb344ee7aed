/* SPDX-License-Identifier: MIT
 *
 * fuzz_folded.c - any bytes as a profile: recognition, gzip, folded stacks.
 */
#include "fuzz_profile.h"

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
	return 0;
}
