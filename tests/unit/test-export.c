/* SPDX-License-Identifier: MIT
 *
 * test-export.c - exporters: nothing is lost that the format can hold, whatever the tree.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "profile/export_common.h"
#include "profile/folded.h"
#include "profile/read.h"

typedef int export_function(struct np_export *export);

static export_function *const exporters[] = {
	np_export_pprof, np_export_speedscope, np_export_firefox, np_export_callgrind, np_export_json,
};

/* Through a file: pprof is written to a descriptor. */
static char *write_with(export_function *exporter, struct np_tree *tree, size_t *ret_size,
			int wanted)
{
	struct np_export export = { .tree = tree, .name = "a \"name\"\n", .to = tmpfile() };
	char *bytes;
	long size;

	assert_non_null(export.to);
	np_tree_finish(tree);
	np_tree_sort(tree);
	assert_int_equal(exporter(&export), wanted);
	assert_true(wanted == 0 || export.message[0] != '\0');
	assert_int_equal(fseek(export.to, 0, SEEK_END), 0);
	size = ftell(export.to);
	rewind(export.to);
	bytes = calloc(1, (size_t)size + 1);
	assert_int_equal(fread(bytes, 1, (size_t)size, export.to), size);
	fclose(export.to);
	*ret_size = (size_t)size;
	return bytes;
}

static char *folded(struct np_tree *tree)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	np_tree_finish(tree);
	assert_int_equal(np_folded_write(tree, to, true), 0);
	fclose(to);
	return text;
}

static struct np_tree *read_bytes(const char *bytes, size_t size)
{
	struct np_tree *tree = np_tree_create();
	struct np_read_report report;

	if (np_read_memory("bytes", bytes, size, NULL, tree, &report) < 0)
		fail_msg("%s", report.message);
	return tree;
}

static uint32_t function(struct np_tree *tree, const char *name, const char *module,
			 enum np_kind kind, bool inlined)
{
	return np_tree_function(tree, &(struct np_function){
		.name = np_tree_intern(tree, name, strlen(name)),
		.module = np_tree_intern(tree, module, strlen(module)),
		.kind = (uint8_t)kind, .inlined = inlined });
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Of functions of every kind, some inlined, some recursive. */
static struct np_tree *random_tree(uint32_t seed)
{
	struct np_tree *tree = np_tree_create();
	const uint32_t functions[] = {
		function(tree, "main", "prog", NP_KIND_OWN, false),
		function(tree, "work", "prog", NP_KIND_OWN, true),
		function(tree, "step", "prog", NP_KIND_OWN, true),
		function(tree, "compress", "libz.so.1", NP_KIND_LIBRARY, false),
		function(tree, "memcpy", "libc.so.6", NP_KIND_RUNTIME, false),
		function(tree, "vfs_read", "[kernel.kallsyms]", NP_KIND_KERNEL, false),
		function(tree, "Lfoo;", "//anon", NP_KIND_JIT, false),
		function(tree, "main", "", NP_KIND_UNKNOWN, false),
		function(tree, "</script>\n\x01\"", "", NP_KIND_UNKNOWN, false),
		function(tree, "[startup]", "", NP_KIND_MARKER, false),
	};

	np_tree_meta(tree)->value_type = "cpu";
	np_tree_meta(tree)->value_unit = "nanoseconds";
	np_tree_meta(tree)->period = 1000;
	np_tree_meta(tree)->samples_known = true;
	np_tree_meta(tree)->calls = NP_CALLS_LOWER_BOUND;
	for (int i = 0; i < 200; i++) {
		uint32_t node = 0, depth = 1 + next_random(&seed) % 8;

		for (uint32_t j = 0; j < depth; j++) {
			uint32_t place = next_random(&seed) % 10;

			/* In pprof what is inlined lies in the object of its caller. */
			if (j == 0 || np_export_function(tree, node)->kind != NP_KIND_OWN)
				place = place == 1 || place == 2 ? 0 : place;
			node = np_tree_child(tree, node, functions[place]);
		}
		np_tree_add(tree, node, 1000 * (next_random(&seed) % 5), next_random(&seed) % 5,
			    next_random(&seed) % 3);
	}
	return tree;
}

static void pprof_comes_back_as_it_was(void **state)
{
	for (uint32_t seed = 1; seed <= 20; seed++) {
		struct np_tree *tree = random_tree(seed), *back;
		size_t size;
		char *bytes = write_with(np_export_pprof, tree, &size, 0);
		char *before = folded(tree), *after;
		const struct np_tree_meta *meta;

		back = read_bytes(bytes, size);
		meta = np_tree_meta(back);
		after = folded(back);
		assert_string_equal(before, after);
		assert_int_equal(np_tree_node(back, 0)->total, np_tree_node(tree, 0)->total);
		assert_int_equal(np_tree_total_samples(back, 0),
				 np_tree_total_samples(tree, 0));
		assert_string_equal(meta->value_type, "cpu");
		assert_int_equal(meta->period, 1000);
		assert_true(meta->samples_known && meta->calls == NP_CALLS_LOWER_BOUND);
		free(before);
		free(after);
		free(bytes);
		np_tree_destroy(tree);
		np_tree_destroy(back);
	}
}

static void equal_trees_give_equal_bytes(void **state)
{
	for (size_t i = 0; i < sizeof(exporters) / sizeof(*exporters); i++) {
		struct np_tree *one = random_tree(7), *other = random_tree(7);
		size_t size, other_size;
		char *bytes = write_with(exporters[i], one, &size, 0);
		char *other_bytes = write_with(exporters[i], other, &other_size, 0);

		assert_int_equal(size, other_size);
		assert_memory_equal(bytes, other_bytes, size);
		free(bytes);
		free(other_bytes);
		np_tree_destroy(one);
		np_tree_destroy(other);
	}
}

static void json_stays_json_whatever_the_names(void **state)
{
	static export_function *const json[] = { np_export_speedscope, np_export_firefox, np_export_json };

	for (size_t i = 0; i < 3; i++) {
		struct np_tree *tree = random_tree(3);
		size_t size;
		json_error_t error;
		json_t *value;
		char *bytes;

		np_tree_add(tree, np_tree_child(tree, 0, function(tree, "\xff\xed\xa0\x80\xe2\x80\xa8", "\x80",
								  NP_KIND_LIBRARY, false)), 1, 1, 0);
		bytes = write_with(json[i], tree, &size, 0);
		value = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &error);

		if (!value)
			fail_msg("exporter %zu, line %d: %s", i, error.line, error.text);
		for (size_t j = 0; j < size; j++)
			assert_true((unsigned char)bytes[j] < 0x7f);
		json_decref(value);
		free(bytes);
		np_tree_destroy(tree);
	}
}

/* A stack of 100 000 frames: time and size grow with it, not with its square. */
static void deep_stacks_are_written_by_every_exporter(void **state)
{
	const uint32_t depth = 100000;

	for (size_t i = 0; i < sizeof(exporters) / sizeof(*exporters); i++) {
		struct np_tree *tree = np_tree_create();
		uint32_t node = 0, twice[2] = { function(tree, "f", "", 0, false),
						function(tree, "g", "", 0, true) };
		size_t size;
		char *bytes;

		for (uint32_t j = 0; j < depth; j++)
			node = np_tree_child(tree, node, twice[j % 7 > 0]);
		np_tree_add(tree, node, 1, 1, 0);
		bytes = write_with(exporters[i], tree, &size, 0);
		assert_true(size > 0 && size < 100ul * depth);
		free(bytes);
		np_tree_destroy(tree);
	}
}

static void what_pprof_cannot_hold_is_refused(void **state)
{
	struct np_tree *tree = np_tree_create();
	size_t size;

	np_tree_add(tree, np_tree_child(tree, 0, function(tree, "f", "", 0, false)),
		    (uint64_t)INT64_MAX + 1, 0, 0);
	free(write_with(np_export_pprof, tree, &size, -EOVERFLOW));
	assert_int_equal(size, 0);
	np_tree_destroy(tree);
}

static void fractions_stay_exact(void **state)
{
	static const char text[] = "a;b 0.25\na 1.5\n";
	struct np_tree *tree = read_bytes(text, strlen(text));
	size_t size;
	char *bytes = write_with(np_export_speedscope, tree, &size, 0);

	assert_non_null(strstr(bytes, "\"at\":0.25}"));
	assert_non_null(strstr(bytes, "\"endValue\":1.75,"));
	free(bytes);
	bytes = write_with(np_export_json, tree, &size, 0);
	assert_non_null(strstr(bytes, "\"total\":[1.75,1.75,0.25]"));
	free(bytes);
	np_tree_destroy(tree);
}

static void every_node_is_entered_and_left_once(void **state)
{
	struct np_tree *tree = random_tree(11), *empty = np_tree_create();
	struct np_export_walk walk = { .tree = tree }, none = { .tree = empty };
	uint32_t entered = 0, left = 0;

	while (np_export_next(&walk)) {
		assert_true(walk.node != 0 && walk.depth > 0);
		if (walk.leaving)
			left++;
		else
			entered++;
		assert_true(left <= entered);
	}
	assert_int_equal(walk.depth, 0);
	assert_int_equal(entered, np_tree_node_count(tree) - 1);
	assert_int_equal(left, entered);
	assert_false(np_export_next(&none));
	np_tree_destroy(tree);
	np_tree_destroy(empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pprof_comes_back_as_it_was),
		cmocka_unit_test(equal_trees_give_equal_bytes),
		cmocka_unit_test(json_stays_json_whatever_the_names),
		cmocka_unit_test(deep_stacks_are_written_by_every_exporter),
		cmocka_unit_test(what_pprof_cannot_hold_is_refused),
		cmocka_unit_test(fractions_stay_exact),
		cmocka_unit_test(every_node_is_entered_and_left_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
