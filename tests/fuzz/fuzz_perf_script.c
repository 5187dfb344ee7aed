/* SPDX-License-Identifier: MIT
 *
 * fuzz_perf_script.c - any bytes as the text of perf script, whole and in two pieces.
 *
 * The first byte says where the second piece begins: the tree must not depend on it.
 */
#include "fuzz_profile.h"
#include "profile/perf_script.h"

static struct np_tree *read_pieces(const char *bytes, size_t size, size_t first, int *ret_rc)
{
	struct np_tree *tree = np_tree_create();
	struct np_read_report report = {0};
	struct np_perf_reader reader;
	int rc;

	np_perf_reader_init(&reader, "input", NULL, tree, &report);
	rc = np_perf_reader_push(&reader, bytes, first);
	if (rc == 0)
		rc = np_perf_reader_push(&reader, bytes + first, size - first);
	if (rc == 0)
		rc = np_perf_reader_end(&reader);
	np_perf_reader_finish(&reader);
	FUZZ_CHECK(rc <= 0 && (rc == 0 || report.message[0]));
	FUZZ_CHECK(rc < 0 || report.records > 0);
	*ret_rc = rc;
	return tree;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *text = (const char *)bytes + 1;
	size_t first, written, written_whole;
	struct np_tree *tree, *whole;
	char *folded, *folded_whole;
	int rc, rc_whole;

	if (size == 0)
		return 0;
	size--;
	first = bytes[0] < size ? bytes[0] : size;
	tree = read_pieces(text, size, first, &rc);
	whole = read_pieces(text, size, size, &rc_whole);
	FUZZ_CHECK(rc == rc_whole);
	if (rc == 0 && np_tree_node_count(tree) > 1) {
		fuzz_tree(tree);
		np_tree_finish(whole);
		np_tree_sort(whole);
		folded = fuzz_write(tree, &written);
		folded_whole = fuzz_write(whole, &written_whole);
		FUZZ_CHECK(written == written_whole && memcmp(folded, folded_whole, written) == 0);
		free(folded);
		free(folded_whole);
	}
	np_tree_destroy(tree);
	np_tree_destroy(whole);
	return 0;
}
