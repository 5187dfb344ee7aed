/* SPDX-License-Identifier: MIT
 *
 * test-score.c - src/analyze: score, ROI, bounds, complexity rules, words.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "analyze/complexity.h"
#include "analyze/rank.h"
#include "analyze/stats.h"
#include "analyze/units.h"
#include "analyze/visible.h"

#define assert_near(a, b) assert_true(fabs((double)(a) - (double)(b)) < 1e-9)

static uint32_t function_of(struct np_tree *tree, const char *name, const char *module,
			    enum np_kind kind, bool inlined)
{
	const struct np_function function = {
		.name = np_tree_intern(tree, name, strlen(name)),
		.module = np_tree_intern(tree, module, strlen(module)),
		.kind = (uint8_t)kind, .inlined = inlined };

	return np_tree_function(tree, &function);
}

/* STACK: names separated by blanks, root first; a name ending in '~' was inlined. */
static uint32_t add(struct np_tree *tree, const char *stack, uint64_t value, uint64_t calls)
{
	char *copy = strdup(stack), *rest = copy, *name;
	uint32_t node = 0;

	while ((name = strsep(&rest, " "))) {
		size_t length = strlen(name);
		bool inlined = name[length - 1] == '~';

		name[length - inlined] = '\0';
		node = np_tree_child(tree, node, function_of(tree, name, "prog", NP_KIND_OWN, inlined));
	}
	free(copy);
	assert_int_equal(np_tree_add(tree, node, value, value, calls), 0);
	return node;
}

static const struct np_rank_row *row_of(const struct np_ranking *ranking, const char *name)
{
	for (size_t i = 0; i < ranking->count; i++)
		if (strcmp(ranking->rows[i].name, name) == 0)
			return &ranking->rows[i];
	fail_msg("no row for %s", name);
	return NULL;
}

static void rank(struct np_tree *tree, struct np_ranking *ranking)
{
	static struct np_complexity complexity;

	np_complexity_init(&complexity);
	np_tree_finish(tree);
	np_ranking_init(ranking, tree, &complexity, NP_RANK_ROI);
}

/* Reference values: the share q below SHARE with (share - q)^2 = z^2 q(1-q)/n, by bisection in
 * rational numbers. */
static void wilson(void **state)
{
	assert_true(fabs(np_wilson_lower(0.5, 100) - 0.4038315303659956) < 1e-12);
	assert_true(fabs(np_wilson_lower(0.01, 1000) - 0.005440754445529249) < 1e-12);
	assert_true(fabs(np_wilson_lower(0.1, 50) - 0.04347576493189042) < 1e-12);
	assert_true(fabs(np_wilson_lower(1, 10) - 0.7224672001371107) < 1e-12);
	assert_near(np_wilson_lower(0, 100), 0);
	assert_near(np_wilson_lower(0.5, 0), 0);
	assert_true(np_wilson_lower(0.5, 1e12) < 0.5);
}

static void formula_with_exact_calls(void **state)
{
	struct np_tree *tree = np_tree_create();
	struct np_ranking ranking;
	const struct np_rank_row *row;

	add(tree, "main", 10, 1);
	add(tree, "main hot", 60, 2);
	add(tree, "main hot leaf", 30, 7);
	np_tree_meta(tree)->calls = NP_CALLS_EXACT;
	np_tree_meta(tree)->samples_known = true;
	rank(tree, &ranking);
	assert_int_equal(ranking.calls, NP_CALLS_EXACT);
	assert_near(ranking.weight_self, 0.4);
	assert_near(ranking.weight_calls, 0.2);
	row = row_of(&ranking, "hot");
	assert_near(row->self_share, 0.6);
	assert_near(row->total_share, 0.9);
	assert_near(row->calls_share, 0.2);
	assert_near(row->score, 0.4 * 60 + 0.4 * 90 + 0.2 * 20);
	assert_near(row->verdict.complexity, 2);
	assert_near(row->roi, row->score / 2);
	assert_near(row->saves_2, 0.3);
	assert_near(row->saves_all, 0.6);
	assert_near(np_rank_speedup(row->saves_2), 1 / 0.7);
	assert_near(row->self_lower, np_wilson_lower(0.6, 100));
	assert_ptr_equal(row, &ranking.rows[0]);
	np_ranking_finish(&ranking);
	np_tree_destroy(tree);
}

static void unknown_calls_renormalise(void **state)
{
	struct np_tree *tree = np_tree_create();
	struct np_ranking ranking;

	add(tree, "main", 20, 0);
	add(tree, "main f", 80, 0);
	rank(tree, &ranking);
	assert_int_equal(ranking.calls, NP_CALLS_UNKNOWN);
	assert_near(ranking.weight_self + ranking.weight_total, 1);
	assert_near(ranking.weight_calls, 0);
	assert_near(row_of(&ranking, "f")->score, 80);
	assert_near(row_of(&ranking, "main")->score, 0.5 * 20 + 0.5 * 100);
	np_ranking_finish(&ranking);
	np_tree_destroy(tree);

	/* A profile that has the column, but nothing in it, knows no calls either. */
	tree = np_tree_create();
	add(tree, "f", 5, 0);
	np_tree_meta(tree)->calls = NP_CALLS_LOWER_BOUND;
	rank(tree, &ranking);
	assert_int_equal(ranking.calls, NP_CALLS_UNKNOWN);
	assert_near(row_of(&ranking, "f")->score, 100);
	assert_true(isinf(np_rank_speedup(row_of(&ranking, "f")->saves_all)));
	np_ranking_finish(&ranking);
	np_tree_destroy(tree);
}

static void recursion_counts_once_a_stack(void **state)
{
	struct np_tree *tree = np_tree_create();
	struct np_ranking ranking;

	add(tree, "main f f f", 30, 0);
	add(tree, "main f g f", 20, 0);
	add(tree, "main g", 50, 0);
	add(tree, "main f", 10, 0);
	rank(tree, &ranking);
	assert_int_equal(row_of(&ranking, "f")->self, 60);
	assert_int_equal(row_of(&ranking, "f")->total, 60);
	assert_int_equal(row_of(&ranking, "g")->total, 70);
	assert_int_equal(row_of(&ranking, "main")->total, 110);
	np_ranking_finish(&ranking);
	np_tree_destroy(tree);
}

static void inlined_and_called_are_one_row(void **state)
{
	struct np_tree *tree = np_tree_create();
	struct np_ranking ranking;
	const struct np_rank_row *row;

	add(tree, "main f", 30, 0);
	add(tree, "main g f~", 20, 0);
	add(tree, "main g h~", 5, 0);
	rank(tree, &ranking);
	assert_int_equal(ranking.count, 4);
	row = row_of(&ranking, "f");
	assert_int_equal(row->self, 50);
	assert_true(row->inlined && row->not_inlined);
	row = row_of(&ranking, "h");
	assert_true(row->inlined && !row->not_inlined);
	assert_int_equal(ranking.inlined_self, 25);
	np_ranking_finish(&ranking);
	np_tree_destroy(tree);
}

static void markers_and_threads_have_no_row(void **state)
{
	struct np_tree *tree = np_tree_create();
	struct np_ranking ranking;
	uint32_t thread = np_tree_child(tree, 0, function_of(tree, "[worker tid=7]", "",
							       NP_KIND_THREAD, false));
	uint32_t marker = np_tree_child(tree, 0, function_of(tree, "[startup]", "", NP_KIND_MARKER,
							       false));
	uint32_t f = np_tree_child(tree, thread, function_of(tree, "f", "", NP_KIND_OWN, false));

	np_tree_add(tree, marker, 10, 10, 0);
	np_tree_add(tree, f, 30, 30, 0);
	rank(tree, &ranking);
	assert_int_equal(ranking.count, 1);
	assert_near(ranking.rows[0].self_share, 0.75);
	assert_int_equal(ranking.kind_self[NP_KIND_MARKER], 10);
	np_ranking_finish(&ranking);
	np_tree_destroy(tree);
}

static void ties_go_by_name_and_deep_stacks_are_fine(void **state)
{
	struct np_tree *tree = np_tree_create();
	struct np_ranking ranking;
	uint32_t node = 0, f;

	add(tree, "b", 10, 0);
	add(tree, "a", 10, 0);
	add(tree, "c", 10, 0);
	f = function_of(tree, "deep", "prog", NP_KIND_OWN, false);
	for (int i = 0; i < 200000; i++)
		node = np_tree_child(tree, node, f);
	np_tree_add(tree, node, 1, 1, 0);
	rank(tree, &ranking);
	assert_string_equal(ranking.rows[0].name, "a");
	assert_string_equal(ranking.rows[1].name, "b");
	assert_string_equal(ranking.rows[2].name, "c");
	assert_int_equal(row_of(&ranking, "deep")->total, 1);
	np_ranking_finish(&ranking);
	np_tree_destroy(tree);
}

static void pass_through_frames_rank_low(void **state)
{
	struct np_tree *tree = np_tree_create();
	struct np_ranking ranking;

	add(tree, "main loop work", 98, 0);
	add(tree, "main loop other", 2, 0);
	rank(tree, &ranking);
	assert_string_equal(ranking.rows[0].name, "work");
	assert_int_equal(row_of(&ranking, "main")->verdict.from, NP_COMPLEXITY_PASS_THROUGH);
	assert_int_equal(row_of(&ranking, "work")->verdict.from, NP_COMPLEXITY_OWN);
	np_ranking_finish(&ranking);
	np_tree_destroy(tree);
}

/* Read TEXT as a complexity file; returns what np_complexity_read() does. */
static int read_rules(struct np_complexity *complexity, const char *text, char *message)
{
	char path[] = "/tmp/np-complexity-XXXXXX";
	int fd = mkstemp(path), rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	np_complexity_init(complexity);
	rc = np_complexity_read(complexity, path, message, 512);
	unlink(path);
	return rc;
}

static void rules_match_the_first(void **state)
{
	static const char text[] = "# effort\n"
		"defaults: {own: 4, pass-through: 50}\n"
		"rules:\n"
		"  - {function: 'parse_*', module: 'libfoo*', complexity: 3, category: algorithm}\n"
		"  - function: 'parse_*'\n"
		"    complexity: 7\n"
		"  - {module: '/usr/lib/*', max_speedup: 1.5}\n";
	struct np_complexity complexity;
	struct np_complexity_verdict verdict;
	char message[512];

	assert_int_equal(read_rules(&complexity, text, message), 0);
	np_complexity_look_up(&complexity, "parse_x", "/opt/libfoo.so.1", NP_KIND_LIBRARY, false, &verdict);
	assert_near(verdict.complexity, 3);
	assert_near(verdict.min_speedup, 100);
	assert_near(verdict.max_speedup, 1000);
	assert_int_equal(verdict.rule->line, 4);
	np_complexity_look_up(&complexity, "parse_x", "prog", NP_KIND_OWN, true, &verdict);
	assert_near(verdict.complexity, 7);
	assert_int_equal(verdict.category, NP_CATEGORY_NONE);
	np_complexity_look_up(&complexity, "f", "/usr/lib/libz.so.1", NP_KIND_LIBRARY, false, &verdict);
	assert_near(verdict.complexity, 5);
	assert_false(verdict.complexity_from_rule);
	assert_near(verdict.max_speedup, 1.5);
	np_complexity_look_up(&complexity, "f", "prog", NP_KIND_OWN, false, &verdict);
	assert_near(verdict.complexity, 4);
	assert_null(verdict.rule);
	np_complexity_finish(&complexity);
}

static void wrong_rules_are_named(void **state)
{
	static const struct {
		const char *text, *line, *says;
	} cases[] = {
		{ "rules:\n- {function: f, complexity: zero}\n", "line 2", "complexity: 'zero'" },
		{ "rules:\n- {function: f, complexity: -1}\n", "line 2", "0.01 to 1000" },
		{ "rules:\n- {function: f, complexity: 0}\n", "line 2", "complexity" },
		{ "rules:\n- {function: f, complexity: nan}\n", "line 2", "complexity" },
		{ "rules:\n- {function: f, complexity: 1e999}\n", "line 2", "complexity" },
		{ "rules:\n- function: f\n  complexty: 3\n", "line 3", "'complexty'" },
		{ "rules:\n- {complexity: 3}\n", "line 2", "give function or module" },
		{ "rules:\n- {function: f}\n", "line 2", "says nothing" },
		{ "rules:\n- {function: f, category: magic}\n", "line 2", "algorithm, data-structure" },
		{ "rules:\n- {function: f, max_speedup: 0.5}\n", "line 2", "max_speedup" },
		{ "rules:\n- {function: f, function: g, complexity: 1}\n", "line 2", "twice" },
		{ "rules:\n- {function: '', complexity: 1}\n", "line 2", "shell pattern" },
		{ "rules:\n- {function: [a], complexity: 1}\n", "line 2", "shell pattern" },
		{ "rules: 5\n", "line 1", "list" },
		{ "rules: [f]\n", "line 1", "keys and values" },
		{ "rule: []\n", "line 1", "'rule'" },
		{ "defaults: {mine: 3}\n", "line 1", "'mine'" },
		{ "defaults: {own: x}\n", "line 1", "own" },
		{ "- a\n", "line 1", "rules" },
		{ "", "line 1", "rules" },
		{ "rules: [\n", "line", "not YAML" },
		{ "a: b: c\n", "line 1", "not YAML" },
		{ "rules:\n- {function: \"a\\0b\", complexity: 1}\n", "line 2", "shell pattern" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct np_complexity complexity;
		char message[512] = "";

		assert_true(read_rules(&complexity, cases[i].text, message) < 0);
		if (!strstr(message, cases[i].line) || !strstr(message, cases[i].says))
			fail_msg("'%s' gave: %s", cases[i].text, message);
		np_complexity_finish(&complexity);
	}
}

static void hostile_rules_are_bounded(void **state)
{
	struct np_complexity complexity;
	char message[512], *deep = malloc(200002);

	memset(deep, '[', 200000);
	strcpy(deep + 200000, "\n");
	assert_true(read_rules(&complexity, deep, message) < 0);
	assert_non_null(strstr(message, "deep"));
	np_complexity_finish(&complexity);
	/* Aliases are not expanded. */
	assert_int_equal(read_rules(&complexity, "rules:\n- &a {function: f, complexity: 2}\n- *a\n",
				    message), 0);
	assert_int_equal(complexity.rule_count, 2);
	np_complexity_finish(&complexity);
	free(deep);
}

static void impact_stands_beside_what_is_possible(void **state)
{
	struct np_tree *tree = np_tree_create();
	struct np_complexity complexity;
	struct np_ranking ranking;
	char message[512];

	add(tree, "a", 30, 0);
	add(tree, "b", 5, 0);
	add(tree, "rest", 65, 0);
	np_tree_finish(tree);
	assert_int_equal(read_rules(&complexity, "rules:\n- {function: a, max_speedup: 10}\n"
				    "- {function: b, category: algorithm}\n", message), 0);
	np_ranking_init(&ranking, tree, &complexity, NP_RANK_NAME);
	assert_near(row_of(&ranking, "a")->impact, 3.0);
	assert_near(row_of(&ranking, "a")->saves_max, 0.27);
	assert_near(row_of(&ranking, "b")->impact_min, 5.0);
	assert_near(row_of(&ranking, "b")->saves_min, 0.0495);
	assert_near(row_of(&ranking, "b")->impact, 50.0);
	assert_near(row_of(&ranking, "b")->saves_max, 0.04995);
	assert_near(row_of(&ranking, "rest")->impact, 0);
	np_ranking_finish(&ranking);
	np_complexity_finish(&complexity);
	np_tree_destroy(tree);
}

/* 30 % at 10x, 50 % at 2x and 5 % at 100x: by impact the last is first, and it saves least. */
static void the_order_by_impact_is_told_to_mislead(void **state)
{
	struct np_tree *tree = np_tree_create();
	struct np_complexity complexity;
	struct np_ranking ranking;
	struct np_rank_inversion found;
	char message[512];

	add(tree, "a", 30, 0);
	add(tree, "b", 5, 0);
	add(tree, "c", 50, 0);
	add(tree, "rest", 15, 0);
	np_tree_finish(tree);
	assert_int_equal(read_rules(&complexity, "rules:\n- {function: a, max_speedup: 10}\n"
				    "- {function: b, max_speedup: 100}\n"
				    "- {function: c, max_speedup: 2}\n", message), 0);
	np_ranking_init(&ranking, tree, &complexity, NP_RANK_NAME);
	assert_near(row_of(&ranking, "b")->impact, 5);
	assert_near(row_of(&ranking, "a")->impact, 3);
	assert_near(row_of(&ranking, "c")->impact, 1);
	assert_near(row_of(&ranking, "b")->saves_max, 0.0495);
	assert_near(row_of(&ranking, "a")->saves_max, 0.27);
	assert_near(row_of(&ranking, "c")->saves_max, 0.25);
	found = np_rank_inversion(&ranking, ranking.count);
	assert_string_equal(found.first->name, "b");
	assert_string_equal(found.second->name, "a");
	/* Of the first row alone, and of rows without an impact, there is nothing to tell. */
	assert_null(np_rank_inversion(&ranking, 1).first);
	assert_null(np_rank_inversion(&ranking, 0).first);
	np_ranking_finish(&ranking);
	np_complexity_finish(&complexity);
	np_tree_destroy(tree);
}

static void names_become_visible(void **state)
{
	static const struct {
		const char *raw, *shown;
	} cases[] = {
		{ "plain <&>", "plain <&>" },
		{ "a\x1b[31m", "a\\u{1b}[31m" },
		{ "\xe2\x80\xae" "evil", "\\u{202e}evil" },
		{ "\xc2\x9b", "\\u{9b}" },
		{ "\xff\xfe", "\\xff\\xfe" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
		{ "\xef\xbf\xbe", "\\u{fffe}" },
		{ "\xc3\xa9\xe4\xbd\xa0", "\xc3\xa9\xe4\xbd\xa0" },
		{ "\xe2\x80\x8b", "\\u{200b}" },
		{ "\xf0\x9f\xbf\xbf", "\\u{1ffff}" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *shown = np_visible(cases[i].raw, 0);

		assert_string_equal(shown, cases[i].shown);
		free(shown);
	}
}

static void long_names_keep_both_ends(void **state)
{
	char *cut = np_visible_middle("abcdefghijklmnopqrstuvwxyz", 10), *bytes;

	assert_string_equal(cut, "abcdef\xe2\x80\xa6xyz");
	free(cut);
	cut = np_visible_middle("short", 10);
	assert_string_equal(cut, "short");
	free(cut);
	/* The limit does not cut a character in two. */
	bytes = np_visible("ab\xc3\xa9", 3);
	assert_string_equal(bytes, "ab\xe2\x80\xa6");
	free(bytes);
}

static void values_in_words(void **state)
{
	struct np_tree_meta meta = { .value_type = "samples", .value_unit = "count" };
	char text[NP_UNITS_TEXT];

	np_units_value(text, &meta, 1);
	assert_string_equal(text, "1 sample");
	np_units_value(text, &meta, 1234567);
	assert_string_equal(text, "1,234,567 samples");
	meta.decimals = 2;
	np_units_value(text, &meta, 123405);
	assert_string_equal(text, "1,234.05 samples");
	meta = (struct np_tree_meta){ .value_type = "cpu", .value_unit = "nanoseconds" };
	np_units_value(text, &meta, 12345678901);
	assert_string_equal(text, "12.35 s");
	np_units_value(text, &meta, 999999999);
	assert_string_equal(text, "1.00 s");
	np_units_value(text, &meta, 0);
	assert_string_equal(text, "0 ns");
	np_units_value(text, &meta, UINT64_MAX);
	assert_non_null(strstr(text, " s"));
	np_units_percent(text, 0.123456);
	assert_string_equal(text, "12.3 %");
	np_units_percent(text, 0.9999);
	assert_string_equal(text, ">99.9 %");
	np_units_percent(text, 1);
	assert_string_equal(text, "100 %");
	np_units_percent(text, 1.443);
	assert_string_equal(text, "144 %");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wilson),
		cmocka_unit_test(formula_with_exact_calls),
		cmocka_unit_test(unknown_calls_renormalise),
		cmocka_unit_test(recursion_counts_once_a_stack),
		cmocka_unit_test(inlined_and_called_are_one_row),
		cmocka_unit_test(markers_and_threads_have_no_row),
		cmocka_unit_test(ties_go_by_name_and_deep_stacks_are_fine),
		cmocka_unit_test(pass_through_frames_rank_low),
		cmocka_unit_test(rules_match_the_first),
		cmocka_unit_test(wrong_rules_are_named),
		cmocka_unit_test(hostile_rules_are_bounded),
		cmocka_unit_test(impact_stands_beside_what_is_possible),
		cmocka_unit_test(the_order_by_impact_is_told_to_mislead),
		cmocka_unit_test(names_become_visible),
		cmocka_unit_test(long_names_keep_both_ends),
		cmocka_unit_test(values_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
