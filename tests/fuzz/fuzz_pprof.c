/* SPDX-License-Identifier: MIT
 *
 * fuzz_pprof.c - any bytes as an unpacked pprof file.
 */
#include "fuzz_profile.h"
#include "profile/pprof_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct np_tree *tree = np_tree_create();
	struct np_read_report report = {0};
	int rc = np_pprof_read("input", bytes, size, NULL, tree, &report);

	FUZZ_CHECK(rc == 0 || (rc < 0 && report.message[0]));
	if (rc == 0)
		fuzz_tree(tree);
	np_tree_destroy(tree);
	return 0;
}
