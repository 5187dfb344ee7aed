/* SPDX-License-Identifier: MIT
 *
 * test-tree.c - the call tree: every path once, exact sums, an order of its own.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "profile/kind.h"
#include "profile/tree.h"

#define STACKS 600u
#define DEPTH_MAX 12u

struct stack {
	unsigned char frames[DEPTH_MAX];
	unsigned depth;
	uint64_t value;
};

static uint32_t function(struct np_tree *tree, const char *name)
{
	return np_tree_function(tree, &(struct np_function){
		.name = np_tree_intern(tree, name, strlen(name))});
}

static const char *name_of(const struct np_tree *tree, uint32_t node)
{
	return np_tree_string(tree, np_tree_function_at(tree,
				np_tree_node(tree, node)->function)->name);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void make_stacks(struct stack *stacks, uint64_t seed)
{
	for (unsigned i = 0; i < STACKS; i++) {
		stacks[i].depth = 1 + (unsigned)(next_random(&seed) % DEPTH_MAX);
		for (unsigned j = 0; j < stacks[i].depth; j++)
			stacks[i].frames[j] = (unsigned char)(next_random(&seed) % 5);
		stacks[i].value = next_random(&seed) % 1000;
	}
}

static void add_stack(struct np_tree *tree, const struct stack *stack)
{
	uint32_t node = 0;

	for (unsigned j = 0; j < stack->depth; j++) {
		char name[8];

		snprintf(name, sizeof(name), "f%u", stack->frames[j]);
		node = np_tree_child(tree, node, function(tree, name));
	}
	assert_int_equal(np_tree_add(tree, node, stack->value, stack->value, 1), 0);
}

/* The tree as text in its own order, for comparing two of them. */
static char *print_tree(const struct np_tree *tree)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	unsigned depth = 0;
	uint32_t node = 0;

	for (;;) {
		uint32_t next = np_tree_node(tree, node)->first_child;

		while (!next && node) {
			next = np_tree_node(tree, node)->next_sibling;
			node = np_tree_node(tree, node)->parent;
			depth--;
		}
		if (!next)
			break;
		node = next;
		depth++;
		fprintf(to, "%u %s %llu %llu\n", depth, name_of(tree, node),
			(unsigned long long)np_tree_node(tree, node)->self,
			(unsigned long long)np_tree_node(tree, node)->total);
	}
	fclose(to);
	return text;
}

static void interning_gives_one_id_per_string(void **state)
{
	struct np_tree *tree = np_tree_create();
	uint32_t first = np_tree_intern(tree, "main", 4);
	char name[16];

	assert_int_equal(np_tree_intern(tree, "", 0), 0);
	assert_int_equal(np_tree_intern(tree, "maintenance", 4), first);
	assert_int_not_equal(np_tree_intern(tree, "mai", 3), first);
	for (unsigned i = 0; i < 100000; i++) {
		int n = snprintf(name, sizeof(name), "n%u", i);

		np_tree_intern(tree, name, (size_t)n);
	}
	assert_int_equal(np_tree_intern(tree, "main", 4), first);
	assert_string_equal(np_tree_string(tree, first), "main");
	assert_string_equal(np_tree_string(tree, np_tree_intern(tree, "n77777", 6)), "n77777");
	assert_int_equal(np_tree_string_count(tree), 100003);
	np_tree_destroy(tree);
}

static void long_strings_are_kept_whole(void **state)
{
	struct np_tree *tree = np_tree_create();
	size_t length = 3 * 1000 * 1000;
	char *name = malloc(length);
	uint32_t id;

	memset(name, 'x', length);
	id = np_tree_intern(tree, name, length);
	assert_int_equal(strlen(np_tree_string(tree, id)), length);
	assert_int_equal(np_tree_intern(tree, name, length), id);
	assert_int_not_equal(np_tree_intern(tree, name, length - 1), id);
	free(name);
	np_tree_destroy(tree);
}

static void functions_differ_by_name_module_kind_and_inlining(void **state)
{
	struct np_tree *tree = np_tree_create();
	struct np_function plain = {.name = np_tree_intern(tree, "f", 1)};
	struct np_function other = plain;
	uint32_t id = np_tree_function(tree, &plain);

	other.module = np_tree_intern(tree, "libz.so.1", 9);
	assert_int_not_equal(np_tree_function(tree, &other), id);
	other = plain;
	other.kind = NP_KIND_KERNEL;
	assert_int_not_equal(np_tree_function(tree, &other), id);
	other = plain;
	other.inlined = 1;
	assert_int_not_equal(np_tree_function(tree, &other), id);
	assert_int_equal(np_tree_function(tree, &plain), id);
	assert_int_equal(np_tree_function(tree, &(struct np_function){0}), 0);
	assert_int_equal(np_tree_function_count(tree), 5);
	np_tree_destroy(tree);
}

static void a_function_keeps_the_first_source_line_it_was_seen_with(void **state)
{
	struct np_tree *tree = np_tree_create();
	struct np_function function = {.name = np_tree_intern(tree, "f", 1)};
	uint32_t id = np_tree_function(tree, &function), file = np_tree_intern(tree, "a.c", 3);

	function.file = file;
	function.line = 12;
	assert_int_equal(np_tree_function(tree, &function), id);
	function.file = np_tree_intern(tree, "b.c", 3);
	function.line = 34;
	assert_int_equal(np_tree_function(tree, &function), id);
	assert_int_equal(np_tree_function_at(tree, id)->file, file);
	assert_int_equal(np_tree_function_at(tree, id)->line, 12);
	np_tree_destroy(tree);
}

static void every_path_is_one_node_with_the_sum_of_its_values(void **state)
{
	static struct stack stacks[STACKS];
	struct np_tree *tree = np_tree_create();

	make_stacks(stacks, 11);
	for (unsigned i = 0; i < STACKS; i++)
		add_stack(tree, &stacks[i]);
	for (unsigned i = 0; i < STACKS; i++) {
		uint64_t sum = 0;
		uint32_t node = 0, before = np_tree_node_count(tree);

		for (unsigned j = 0; j < STACKS; j++)
			if (stacks[j].depth == stacks[i].depth &&
			    memcmp(stacks[j].frames, stacks[i].frames, stacks[i].depth) == 0)
				sum += stacks[j].value;
		for (unsigned j = 0; j < stacks[i].depth; j++) {
			char name[8];

			snprintf(name, sizeof(name), "f%u", stacks[i].frames[j]);
			node = np_tree_child(tree, node, function(tree, name));
		}
		assert_int_equal(np_tree_node_count(tree), before);
		assert_int_equal(np_tree_node(tree, node)->self, sum);
	}
	np_tree_destroy(tree);
}

static void children_never_sum_to_more_than_their_parent(void **state)
{
	static struct stack stacks[STACKS];

	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct np_tree *tree = np_tree_create();
		uint64_t all = 0;

		make_stacks(stacks, seed);
		for (unsigned i = 0; i < STACKS; i++) {
			add_stack(tree, &stacks[i]);
			all += stacks[i].value;
		}
		np_tree_finish(tree);
		np_tree_sort(tree);
		assert_int_equal(np_tree_node(tree, 0)->total, all);
		for (uint32_t i = 0; i < np_tree_node_count(tree); i++) {
			const struct np_node *node = np_tree_node(tree, i);
			uint64_t sum = node->self, samples = np_tree_self_samples(tree, i);

			for (uint32_t c = node->first_child; c;) {
				const struct np_node *child = np_tree_node(tree, c);

				assert_int_equal(child->parent, i);
				assert_true(c > i);
				sum += child->total;
				samples += np_tree_total_samples(tree, c);
				c = child->next_sibling;
			}
			assert_int_equal(sum, node->total);
			assert_int_equal(samples, np_tree_total_samples(tree, i));
		}
		np_tree_destroy(tree);
	}
}

static void the_sorted_tree_does_not_depend_on_the_order_of_input(void **state)
{
	static struct stack stacks[STACKS];
	char *first = NULL;

	make_stacks(stacks, 5);
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct np_tree *tree = np_tree_create();
		uint64_t random = seed;
		char *text;

		for (unsigned i = STACKS - 1; i > 0; i--) {
			unsigned j = (unsigned)(next_random(&random) % (i + 1));
			struct stack kept = stacks[i];

			stacks[i] = stacks[j];
			stacks[j] = kept;
		}
		for (unsigned i = 0; i < STACKS; i++)
			add_stack(tree, &stacks[i]);
		np_tree_finish(tree);
		np_tree_sort(tree);
		text = print_tree(tree);
		if (first)
			assert_string_equal(text, first);
		else
			first = strdup(text);
		free(text);
		np_tree_destroy(tree);
	}
	free(first);
}

static void siblings_are_ordered_by_name_bytes_then_module(void **state)
{
	static const char *const names[] = {"b", "a.part.0", "\xff", "a", "B", "ab", "a b"};
	static const char *const sorted[] = {"B", "a", "a", "a b", "a.part.0", "ab", "b", "\xff"};
	struct np_tree *tree = np_tree_create();
	uint32_t node, module = np_tree_intern(tree, "libz", 4);

	np_tree_child(tree, 0, np_tree_function(tree, &(struct np_function){
		.name = np_tree_intern(tree, "a", 1), .module = module}));
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		np_tree_child(tree, 0, function(tree, names[i]));
	np_tree_sort(tree);
	node = np_tree_node(tree, 0)->first_child;
	for (unsigned i = 0; i < sizeof(sorted) / sizeof(sorted[0]); i++) {
		assert_string_equal(name_of(tree, node), sorted[i]);
		if (i == 2)
			assert_int_equal(np_tree_function_at(tree,
				np_tree_node(tree, node)->function)->module, module);
		node = np_tree_node(tree, node)->next_sibling;
	}
	assert_int_equal(node, 0);
	np_tree_destroy(tree);
}

static void wide_fans_are_sorted_too(void **state)
{
	struct np_tree *tree = np_tree_create();
	uint32_t node;
	char name[16], last[16] = "";

	for (unsigned i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "%05u", i * 7919 % 5000);
		np_tree_child(tree, 0, function(tree, name));
	}
	np_tree_sort(tree);
	node = np_tree_node(tree, 0)->first_child;
	for (unsigned i = 0; i < 5000; i++) {
		assert_true(strcmp(last, name_of(tree, node)) < 0);
		snprintf(last, sizeof(last), "%s", name_of(tree, node));
		node = np_tree_node(tree, node)->next_sibling;
	}
	assert_int_equal(node, 0);
	np_tree_destroy(tree);
}

/* Sorting changes which children are met first; none may be lost to a later look-up. */
static void children_are_found_whenever_the_tree_is_sorted(void **state)
{
	struct np_tree *tree = np_tree_create();
	uint32_t parents[12], children[12][12] = {{0}}, made = 1;
	char name[16];

	for (unsigned round = 0; round < 12; round++) {
		for (unsigned i = 0; i < 12; i++) {
			snprintf(name, sizeof(name), "p%u", i);
			parents[i] = np_tree_child(tree, 0, function(tree, name));
			made += round == 0;
			for (unsigned j = 0; j <= round && j <= i; j++) {
				uint32_t child;

				snprintf(name, sizeof(name), "%u", j * 7 % 12);
				child = np_tree_child(tree, parents[i], function(tree, name));
				made += children[i][j] == 0;
				assert_true(children[i][j] == 0 || children[i][j] == child);
				children[i][j] = child;
			}
		}
		assert_int_equal(np_tree_node_count(tree), made);
		if (round % 3 != 0)
			np_tree_sort(tree);
	}
	np_tree_destroy(tree);
}

/* A profile that counts one thing becomes one that counts three. */
static void counts_begin_where_the_values_are(void **state)
{
	struct np_tree *tree = np_tree_create();
	uint32_t a = np_tree_child(tree, 0, function(tree, "a")), b;

	np_tree_add(tree, a, 3, 3, 0);
	np_tree_finish(tree);
	assert_int_equal(np_tree_total_samples(tree, 0), 3);
	b = np_tree_child(tree, a, function(tree, "b"));
	np_tree_add(tree, b, 10, 2, 5);
	for (unsigned i = 0; i < 3000; i++) {	/* beyond where the arrays grow */
		char name[16];

		snprintf(name, sizeof(name), "c%u", i);
		np_tree_add(tree, np_tree_child(tree, b, function(tree, name)), 1, 2, 3);
	}
	np_tree_finish(tree);
	assert_int_equal(np_tree_self_samples(tree, a), 3);
	assert_int_equal(np_tree_calls(tree, a), 0);
	assert_int_equal(np_tree_self_samples(tree, b), 2);
	assert_int_equal(np_tree_calls(tree, b), 5);
	assert_int_equal(np_tree_node(tree, 0)->total, 3013);
	assert_int_equal(np_tree_total_samples(tree, 0), 6005);
	np_tree_destroy(tree);
}

/* The example that the hash's description works through. */
static void names_are_hidden_by_siphash(void **state)
{
	static const uint64_t key[2] = { 0x0706050403020100u, 0x0f0e0d0c0b0a0908u };
	char bytes[15];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)i;
	assert_true(np_tree_siphash(key, bytes, sizeof(bytes)) == 0xa129ca6149be45e5u);
}

static void stacks_upside_down_keep_their_values(void **state)
{
	static struct stack stacks[STACKS];
	struct np_tree *tree = np_tree_create(), *reversed, *again;
	char *before, *after;

	make_stacks(stacks, 7);
	for (unsigned i = 0; i < STACKS; i++)
		if (stacks[i].value > 0)
			add_stack(tree, &stacks[i]);
	np_tree_finish(tree);
	np_tree_sort(tree);
	reversed = np_tree_reverse(tree);
	assert_int_equal(np_tree_node(reversed, 0)->total, np_tree_node(tree, 0)->total);
	again = np_tree_reverse(reversed);
	before = print_tree(tree);
	after = print_tree(again);
	assert_string_equal(before, after);
	free(before);
	free(after);
	np_tree_destroy(tree);
	np_tree_destroy(reversed);
	np_tree_destroy(again);
}

static void a_sum_beyond_64_bits_is_refused_and_changes_nothing(void **state)
{
	struct np_tree *tree = np_tree_create();
	uint32_t a = np_tree_child(tree, 0, function(tree, "a"));
	uint32_t b = np_tree_child(tree, 0, function(tree, "b"));

	assert_int_equal(np_tree_add(tree, a, UINT64_MAX - 5, 1, 0), 0);
	assert_int_equal(np_tree_add(tree, b, 6, 1, 0), -EOVERFLOW);
	assert_int_equal(np_tree_add(tree, b, 5, UINT64_MAX, 0), -EOVERFLOW);
	assert_int_equal(np_tree_node(tree, b)->self, 0);
	assert_int_equal(np_tree_self_samples(tree, b), 0);
	assert_int_equal(np_tree_add(tree, b, 5, 1, 7), 0);
	np_tree_finish(tree);
	assert_int_equal(np_tree_node(tree, 0)->total, UINT64_MAX);
	assert_int_equal(np_tree_total_samples(tree, 0), 2);
	assert_int_equal(np_tree_scale(tree, 10), -EOVERFLOW);
	assert_int_equal(np_tree_node(tree, b)->self, 5);
	np_tree_destroy(tree);
}

static void scaling_leaves_true_sample_counts_alone(void **state)
{
	struct np_tree *tree = np_tree_create();
	uint32_t a = np_tree_child(tree, 0, function(tree, "a"));

	np_tree_add(tree, a, 3, 3, 2);
	assert_int_equal(np_tree_scale(tree, 10), 0);
	assert_int_equal(np_tree_node(tree, a)->self, 30);
	assert_int_equal(np_tree_self_samples(tree, a), 30);
	assert_int_equal(np_tree_calls(tree, a), 2);
	np_tree_meta(tree)->samples_known = true;
	assert_int_equal(np_tree_scale(tree, 10), 0);
	assert_int_equal(np_tree_node(tree, a)->self, 300);
	assert_int_equal(np_tree_self_samples(tree, a), 30);
	np_tree_destroy(tree);
}

static void a_million_frames_deep_is_fine(void **state)
{
	struct np_tree *tree = np_tree_create();
	uint32_t f = function(tree, "recurse"), node = 0;

	for (unsigned i = 0; i < 1000000; i++)
		node = np_tree_child(tree, node, f);
	np_tree_add(tree, node, 42, 42, 0);
	np_tree_finish(tree);
	np_tree_sort(tree);
	assert_int_equal(np_tree_node(tree, 1)->total, 42);
	assert_int_equal(np_tree_node_count(tree), 1000001);
	np_tree_destroy(tree);
}

static void comments_stay_in_order(void **state)
{
	struct np_tree *tree = np_tree_create();
	char text[16];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "note %u", i % 50);
		np_tree_add_comment(tree, text);
	}
	assert_int_equal(np_tree_comment_count(tree), 100);
	assert_string_equal(np_tree_comment(tree, 99), "note 49");
	assert_string_equal(np_tree_comment(tree, 3), "note 3");
	np_tree_destroy(tree);
}

static void kinds_follow_the_object(void **state)
{
	static const struct {
		const char *path;
		bool is_main;
		enum np_kind kind;
	} cases[] = {
		{NULL, false, NP_KIND_UNKNOWN},
		{"", true, NP_KIND_UNKNOWN},
		{"/usr/bin/app", true, NP_KIND_OWN},
		{"/usr/bin/app", false, NP_KIND_LIBRARY},
		{"/lib/x86_64-linux-gnu/libc.so.6", false, NP_KIND_RUNTIME},
		{"/lib/libc-2.31.so", false, NP_KIND_RUNTIME},
		{"/lib64/ld-linux-x86-64.so.2", false, NP_KIND_RUNTIME},
		{"/usr/lib/libstdc++.so.6.0.30", false, NP_KIND_RUNTIME},
		{"libgcc_s.so.1", false, NP_KIND_RUNTIME},
		{"/lib/libm.so.6", false, NP_KIND_RUNTIME},
		{"/lib/libmagic.so.1", false, NP_KIND_LIBRARY},
		{"/lib/libcrypto.so.3", false, NP_KIND_LIBRARY},
		{"/lib/libc-client.so", false, NP_KIND_LIBRARY},
		{"[vdso]", false, NP_KIND_RUNTIME},
		{"linux-vdso.so.1", false, NP_KIND_RUNTIME},
		{"[kernel.kallsyms]", true, NP_KIND_KERNEL},
		{"[anon]", false, NP_KIND_JIT},
		{"/tmp/perf-123.map", true, NP_KIND_JIT},
		{"/usr/bin/perf-report", true, NP_KIND_OWN},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (np_kind_of_module(cases[i].path, cases[i].is_main) != cases[i].kind)
			fail_msg("'%s' got kind %d instead of %d", cases[i].path,
				 np_kind_of_module(cases[i].path, cases[i].is_main), cases[i].kind);
	assert_true(np_kind_is_marker("[startup]"));
	assert_true(np_kind_is_marker("[truncated: too deep]"));
	assert_false(np_kind_is_marker("[unknown]"));
	assert_false(np_kind_is_marker("[truncated: x"));
	assert_false(np_kind_is_marker("startup"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interning_gives_one_id_per_string),
		cmocka_unit_test(long_strings_are_kept_whole),
		cmocka_unit_test(functions_differ_by_name_module_kind_and_inlining),
		cmocka_unit_test(a_function_keeps_the_first_source_line_it_was_seen_with),
		cmocka_unit_test(every_path_is_one_node_with_the_sum_of_its_values),
		cmocka_unit_test(children_never_sum_to_more_than_their_parent),
		cmocka_unit_test(the_sorted_tree_does_not_depend_on_the_order_of_input),
		cmocka_unit_test(siblings_are_ordered_by_name_bytes_then_module),
		cmocka_unit_test(wide_fans_are_sorted_too),
		cmocka_unit_test(children_are_found_whenever_the_tree_is_sorted),
		cmocka_unit_test(counts_begin_where_the_values_are),
		cmocka_unit_test(names_are_hidden_by_siphash),
		cmocka_unit_test(stacks_upside_down_keep_their_values),
		cmocka_unit_test(a_sum_beyond_64_bits_is_refused_and_changes_nothing),
		cmocka_unit_test(scaling_leaves_true_sample_counts_alone),
		cmocka_unit_test(a_million_frames_deep_is_fine),
		cmocka_unit_test(comments_stay_in_order),
		cmocka_unit_test(kinds_follow_the_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
