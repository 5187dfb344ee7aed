/* SPDX-License-Identifier: MIT
 *
 * fuzz_export.c - any profile that can be read, in every format that can be written.
 *
 * Totals survive the way through pprof, where its numbers can hold them.
 */
#include "fuzz_profile.h"
#include "profile/export.h"

static FILE *scratch(void)
{
	FILE *to = tmpfile();

	FUZZ_CHECK(to);
	return to;
}

static void write_all(struct np_tree *tree)
{
	static int (*const exporters[])(struct np_export *export) = {
		np_export_speedscope, np_export_firefox, np_export_callgrind, np_export_json,
	};

	for (size_t i = 0; i < sizeof(exporters) / sizeof(*exporters); i++) {
		struct np_export export = { .tree = tree, .name = "fuzz", .to = fopen("/dev/null", "w") };

		FUZZ_CHECK(export.to && exporters[i](&export) == 0);
		fclose(export.to);
	}
}

static void through_pprof(struct np_tree *tree)
{
	struct np_export export = { .tree = tree, .name = "fuzz", .to = scratch() };
	struct np_tree *back = np_tree_create();
	struct np_read_report report;
	int rc = np_export_pprof(&export);

	FUZZ_CHECK(rc == 0 || export.message[0]);
	if (rc == 0) {
		long size;
		char *bytes;

		fseek(export.to, 0, SEEK_END);
		size = ftell(export.to);
		rewind(export.to);
		bytes = malloc((size_t)size);
		FUZZ_CHECK(bytes && fread(bytes, 1, (size_t)size, export.to) == (size_t)size);
		FUZZ_CHECK(np_read_memory("back", bytes, (size_t)size, NULL, back, &report) == 0);
		np_tree_finish(back);
		FUZZ_CHECK(np_tree_node(back, 0)->total == np_tree_node(tree, 0)->total);
		FUZZ_CHECK(np_tree_node_count(back) <= np_tree_node_count(tree) + 1);
		free(bytes);
	}
	fclose(export.to);
	np_tree_destroy(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct np_tree *tree = np_tree_create();
	struct np_read_report report;

	if (np_read_memory("input", bytes, size, NULL, tree, &report) == 0) {
		np_tree_finish(tree);
		np_tree_sort(tree);
		write_all(tree);
		through_pprof(tree);
	}
	np_tree_destroy(tree);
	return 0;
}
