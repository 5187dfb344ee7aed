/* SPDX-License-Identifier: MIT
 *
 * test-svg.c - flamegraph/: the boxes and what is left out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "layout.h"
#include "profile/read.h"
#include "svg.h"

static struct np_tree *read_text(const char *text)
{
	struct np_tree *tree = np_tree_create();
	struct np_read_report report = { .message = "" };
	const struct np_read_options options = { .strict = true };

	if (np_read_memory("test", text, strlen(text), &options, tree, &report) < 0)
		fail_msg("%s", report.message);
	np_tree_finish(tree);
	np_tree_sort(tree);
	return tree;
}

static const char *name_of(const struct np_tree *tree, const struct np_box *box)
{
	return np_tree_string(tree, np_tree_function_at(tree,
		np_tree_node(tree, box->node)->function)->name);
}

/* What holds for every picture: a box lies within its parent, siblings do not overlap, and no
 * function is drawn twice beside itself. */
static void check_layout(const struct np_tree *tree, const struct np_layout *layout)
{
	uint64_t *edge = calloc(layout->count, sizeof(*edge));

	assert_int_equal(layout->boxes[0].width, np_tree_node(tree, 0)->total);
	for (uint32_t i = 0; i < layout->count; i++)
		edge[i] = layout->boxes[i].left;
	for (uint32_t i = 1; i < layout->count; i++) {
		const struct np_box *box = &layout->boxes[i], *parent = &layout->boxes[box->parent];

		assert_true(box->parent < i);
		assert_int_equal(box->depth, parent->depth + 1);
		assert_true(box->width > 0);
		assert_int_equal(box->left, edge[box->parent]);
		edge[box->parent] += box->width;
		assert_true(edge[box->parent] <= parent->left + parent->width);
		assert_true(box->depth < layout->rows);
	}
	free(edge);
}

static void one_function_is_one_box(void **state)
{
	struct np_tree *tree = read_text("main;vfs_read 300\nmain;vfs_read.part.0;copy 300\n"
					 "main;vfs_read;ext4 300\n");
	struct np_layout layout;
	unsigned found = 0;

	np_layout_init(&layout, tree, 0, 0);
	check_layout(tree, &layout);
	assert_int_equal(layout.count, 6);
	for (uint32_t i = 0; i < layout.count; i++) {
		if (strcmp(name_of(tree, &layout.boxes[i]), "vfs_read") == 0) {
			found++;
			assert_int_equal(layout.boxes[i].width, 600);
		}
	}
	assert_int_equal(found, 1);
	np_layout_finish(&layout);
	np_tree_destroy(tree);
}

static void narrow_siblings_become_one_box(void **state)
{
	struct np_tree *tree = read_text("m;a 1\nm;b;x 1\nm;c 1\nm;big 96\nm;d;e;f 1\n");
	struct np_layout layout;
	const struct np_box *box;

	np_layout_init(&layout, tree, 0.02, 0);
	check_layout(tree, &layout);
	assert_int_equal(layout.count, 4);	/* all, m, big, … */
	box = &layout.boxes[3];
	assert_int_equal(box->type, NP_BOX_NARROW);
	assert_int_equal(box->width, 4);
	assert_int_equal(box->frames, 7);
	assert_int_equal(layout.narrow_frames, 7);
	assert_int_equal(layout.undrawn, 0);
	np_layout_finish(&layout);

	/* Too narrow even together: counted. */
	np_layout_init(&layout, tree, 0.05, 0);
	check_layout(tree, &layout);
	assert_int_equal(layout.count, 3);
	assert_int_equal(layout.narrow_frames, 7);
	assert_int_equal(layout.undrawn, 4);
	np_layout_finish(&layout);
	np_tree_destroy(tree);
}

static void deep_stacks_end_in_one_box(void **state)
{
	struct np_tree *tree = np_tree_create();
	struct np_layout layout;
	struct np_function function = { .name = np_tree_intern(tree, "f", 1) };
	uint32_t id = np_tree_function(tree, &function), node = 0;
	unsigned deeper = 0;

	for (int i = 0; i < 100000; i++)
		node = np_tree_child(tree, node, id);
	np_tree_add(tree, node, 7, 7, 0);
	np_tree_finish(tree);
	np_tree_sort(tree);
	np_layout_init(&layout, tree, -1, 1e-4);
	check_layout(tree, &layout);
	assert_int_equal(layout.rows, NP_LAYOUT_ROWS_MAX);
	assert_int_equal(layout.deepest, 100000);
	assert_int_equal(layout.deep_frames, 100000 - (NP_LAYOUT_ROWS_MAX - 2));
	for (uint32_t i = 0; i < layout.count; i++)
		deeper += layout.boxes[i].type == NP_BOX_DEEPER;
	assert_int_equal(deeper, 1);
	np_layout_finish(&layout);
	np_tree_destroy(tree);
}

static void many_boxes_are_bounded(void **state)
{
	struct np_tree *tree = np_tree_create();
	struct np_layout layout;

	for (unsigned i = 0; i < 3 * NP_LAYOUT_BOXES_MAX; i++) {
		char name[16];
		struct np_function function = {0};

		snprintf(name, sizeof(name), "f%u", i);
		function.name = np_tree_intern(tree, name, strlen(name));
		np_tree_add(tree, np_tree_child(tree, 0, np_tree_function(tree, &function)), 1 + i % 97,
			    1, 0);
	}
	np_tree_finish(tree);
	np_tree_sort(tree);
	np_layout_init(&layout, tree, -1, 1e-9);
	check_layout(tree, &layout);
	/* Ten times 1e-9 of the root is the most that may be left out. */
	assert_true(layout.least <= 1 + (uint64_t)(1e-8 * (double)np_tree_node(tree, 0)->total));
	np_layout_finish(&layout);
	np_layout_init(&layout, tree, -1, 1e-5);
	check_layout(tree, &layout);
	assert_true(layout.count <= NP_LAYOUT_BOXES_MAX + 2);
	assert_true(layout.narrow_frames > 0);
	np_layout_finish(&layout);
	np_tree_destroy(tree);
}

static char *draw(struct np_tree *tree, const struct np_svg_options *options)
{
	char *text;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_int_equal(np_svg_write(tree, options, to), 0);
	fclose(to);
	return text;
}

static void nothing_hostile_gets_out(void **state)
{
	struct np_tree *tree = read_text("</title><script>alert(1)</script>;\"'&<>;]]>;a\x1b[0m 5\n");
	const struct np_svg_options options = { .title = "</style><script>x", .narrow_px = -1,
						.source = "a&b\"<" };
	char *text = draw(tree, &options);

	assert_null(strstr(text, "<script>alert"));
	assert_null(strstr(text, "<script>x"));
	assert_non_null(strstr(text, "&lt;/title&gt;&lt;script&gt;alert(1)"));
	assert_non_null(strstr(text, "\\u{1b}[0m"));
	assert_null(strchr(text, 0x1b));
	free(text);
	np_tree_destroy(tree);
}

static void same_input_same_bytes(void **state)
{
	struct np_tree *one = read_text("m;a 1\nm;b;x 2\nm;c 3\n"), *two = read_text("m;c 3\nm;b;x 2\nm;a 1\n");
	const struct np_svg_options options = { .narrow_px = -1 };
	char *first = draw(one, &options), *second = draw(two, &options);

	assert_string_equal(first, second);
	free(first);
	free(second);
	np_tree_destroy(one);
	np_tree_destroy(two);
}

static void a_full_disk_is_noticed(void **state)
{
	struct np_tree *tree = read_text("m;a 1\n");
	const struct np_svg_options options = { .narrow_px = -1 };
	FILE *to = fopen("/dev/full", "w");

	assert_non_null(to);
	assert_true(np_svg_write(tree, &options, to) < 0);
	fclose(to);
	np_tree_destroy(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_function_is_one_box),
		cmocka_unit_test(narrow_siblings_become_one_box),
		cmocka_unit_test(deep_stacks_end_in_one_box),
		cmocka_unit_test(many_boxes_are_bounded),
		cmocka_unit_test(nothing_hostile_gets_out),
		cmocka_unit_test(same_input_same_bytes),
		cmocka_unit_test(a_full_disk_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
