/* SPDX-License-Identifier: MIT
 *
 * test-config.c - src/analyze/config: neuroprof.yaml, what it means and how it is refused.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "analyze/config.h"

#define assert_near(a, b) assert_true(fabs((double)(a) - (double)(b)) < 1e-12)

static char directory[] = "/tmp/np-config-XXXXXX";

static void write_file(const char *path, const char *text)
{
	FILE *to = fopen(path, "w");

	assert_non_null(to);
	fputs(text, to);
	assert_int_equal(fclose(to), 0);
}

static int read_config(struct np_config *config, const char *text, char message[512])
{
	char path[128];

	snprintf(path, sizeof(path), "%s/read.yaml", directory);
	write_file(path, text);
	np_config_init(config);
	return np_config_read(config, path, message, 512);
}

static void every_key_is_read(void **state)
{
	struct np_config config;
	char message[512] = "";

	assert_int_equal(read_config(&config,
		"own:\n- \"libmine*.so*\"\n- {function: \"mine::*\", module: prog}\n- {file: \"src/*\"}\n"
		"complexity:\n  defaults: {own: 1.5}\n  rules:\n  - {function: f, category: algorithm}\n"
		"thresholds: {rate: 1, min_points: 0.5%, min_percent: 10 %, min_runs: 5, many_calls_ns: 2e3}\n"
		"budgets:\n- function: \"parse_*\"\n  max_self: 5%\n  max_calls: 1e6\n"
		"- {module: \"libz*\", max_total: 12.5}\n", message), 0);
	assert_string_equal(message, "");
	assert_int_equal(config.own_count, 3);
	assert_string_equal(config.own[0].module, "libmine*.so*");
	assert_string_equal(config.own[1].function, "mine::*");
	assert_string_equal(config.own[1].module, "prog");
	assert_string_equal(config.own[2].file, "src/*");
	assert_near(config.complexity.defaults[NP_COMPLEXITY_OWN], 1.5);
	assert_int_equal(config.complexity.rule_count, 1);
	assert_near(np_config_threshold(&config, NP_THRESHOLD_RATE, 0.05), 0.01);
	assert_near(np_config_threshold(&config, NP_THRESHOLD_MIN_POINTS, 1), 0.005);
	assert_near(np_config_threshold(&config, NP_THRESHOLD_MIN_PERCENT, 1), 0.1);
	assert_near(np_config_threshold(&config, NP_THRESHOLD_MIN_RUNS, 3), 5);
	assert_near(np_config_threshold(&config, NP_THRESHOLD_MANY_CALLS_NS, 1), 2000);
	assert_near(np_config_threshold(&config, NP_THRESHOLD_NOISE, 0.07), 0.07);
	assert_int_equal(config.budget_count, 2);
	assert_string_equal(config.budgets[0].pattern.function, "parse_*");
	assert_near(config.budgets[0].max_self, 0.05);
	assert_near(config.budgets[0].max_total, -1);
	assert_near(config.budgets[0].max_calls, 1e6);
	assert_int_equal(config.budgets[0].line, 11);
	assert_string_equal(config.budgets[1].pattern.module, "libz*");
	assert_near(config.budgets[1].max_total, 0.125);
	np_config_finish(&config);
}

static void wrong_files_are_refused_by_line_and_key(void **state)
{
	static const struct {
		const char *text, *line, *what;
	} cases[] = {
		{ "owns: []\n", "line 1", "unknown key 'owns' in neuroprof.yaml: did you mean 'own'?" },
		{ "thresholds:\n  min_point: 1\n", "line 2", "did you mean 'min_points'?" },
		{ "thresholds:\n  xyzzy: 1\n", "line 2", "'xyzzy' in thresholds: it takes rate, min_points" },
		{ "thresholds: {rate: 0}\n", "line 1", "rate: '0' is no percentage from 1e-09 to 50" },
		{ "thresholds: {min_runs: 2}\n", "line 1", "min_runs: '2' is no number from 3 to 1000" },
		{ "thresholds: {rate: 5%%}\n", "line 1", "rate: '5%%' is no percentage" },
		{ "thresholds: {rate: 5, rate: 6}\n", "line 1", "rate: given twice in thresholds" },
		{ "budgets:\n- {function: f}\n", "line 2", "give max_self, max_total or max_calls" },
		{ "budgets:\n- {max_self: 5}\n", "line 2", "give function or module" },
		{ "budgets:\n- {function: f, max_sefl: 5}\n", "line 2", "did you mean 'max_self'?" },
		{ "budgets:\n- {function: f, max_self: 101}\n", "line 2", "no percentage from 0 to 100" },
		{ "budgets:\n- {function: f, max_calls: -1}\n", "line 2", "max_calls: '-1'" },
		{ "budgets:\n- f\n", "line 2", "must be keys and values" },
		{ "own: x\n", "line 1", "own: must be a list" },
		{ "own:\n- {}\n", "line 2", "matches everything" },
		{ "own:\n- ''\n", "line 2", "shell pattern" },
		{ "complexity:\n  rules:\n  - {function: f, complexty: 3}\n", "line 3",
		  "did you mean 'complexity'?" },
		{ "complexity: {default: {own: 1}}\n", "line 1", "did you mean 'defaults'?" },
		{ "", "line 1", "empty" },
		{ "- a\n", "line 1", "must be keys and values" },
		{ "own: [\n", "line", "not YAML" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct np_config config;
		char message[512] = "";

		assert_true(read_config(&config, cases[i].text, message) < 0);
		if (!strstr(message, cases[i].line) || !strstr(message, cases[i].what) ||
		    !strstr(message, "read.yaml'"))
			fail_msg("case %zu: %s", i, message);
		np_config_finish(&config);
	}
}

static void own_code_is_what_the_file_says(void **state)
{
	static const struct {
		const char *name, *module, *file;
		enum np_kind kind, want;
	} cases[] = {
		{ "f", "libmine.so.1", "", NP_KIND_LIBRARY, NP_KIND_OWN },
		{ "f", "/opt/x/libmine.so", "", NP_KIND_LIBRARY, NP_KIND_OWN },
		{ "g", "libother.so", "", NP_KIND_LIBRARY, NP_KIND_LIBRARY },
		{ "mine::f", "", "", NP_KIND_UNKNOWN, NP_KIND_OWN },
		{ "f", "libother.so", "/home/me/project/src/a.c", NP_KIND_LIBRARY, NP_KIND_OWN },
		{ "h", "libother.so", "/home/me/project/mysrc/a.c", NP_KIND_LIBRARY, NP_KIND_LIBRARY },
		{ "mine::f", "", "", NP_KIND_KERNEL, NP_KIND_KERNEL },
		{ "mine::f", "", "", NP_KIND_THREAD, NP_KIND_THREAD },
	};
	struct np_tree *tree = np_tree_create();
	uint32_t ids[sizeof(cases) / sizeof(*cases)];
	struct np_config config;
	char message[512] = "";

	assert_int_equal(read_config(&config, "own: [\"libmine*\", {function: \"mine::*\"}, "
				     "{file: \"src/*\"}]\n", message), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ids[i] = np_tree_function(tree, &(struct np_function){
			.name = np_tree_intern(tree, cases[i].name, strlen(cases[i].name)),
			.module = np_tree_intern(tree, cases[i].module, strlen(cases[i].module)),
			.file = np_tree_intern(tree, cases[i].file, strlen(cases[i].file)),
			.kind = (uint8_t)cases[i].kind });
	np_config_apply(&config, tree);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (np_tree_function_at(tree, ids[i])->kind != cases[i].want)
			fail_msg("case %zu: kind %d", i, np_tree_function_at(tree, ids[i])->kind);
	np_tree_destroy(tree);
	np_config_finish(&config);
}

/* The file is looked for upwards, and not beyond the project. */
static void the_file_is_found_from_below(void **state)
{
	char path[256], here[4096], *found;

	assert_non_null(getcwd(here, sizeof(here)));
	snprintf(path, sizeof(path), "%s/project", directory);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/project/.git", directory);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/project/src", directory);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chdir(path), 0);
	snprintf(path, sizeof(path), "%s/neuroprof.yaml", directory);
	write_file(path, "own: [x]\n");
	assert_null(np_config_find());
	snprintf(path, sizeof(path), "%s/project/neuroprof.yaml", directory);
	write_file(path, "own: [x]\n");
	found = np_config_find();
	assert_non_null(found);
	assert_string_equal(found, path);
	free(found);
	assert_int_equal(chdir(here), 0);
}

static int set_up(void **state)
{
	return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(wrong_files_are_refused_by_line_and_key),
		cmocka_unit_test(own_code_is_what_the_file_says),
		cmocka_unit_test(the_file_is_found_from_below),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
