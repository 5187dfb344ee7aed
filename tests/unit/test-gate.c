/* SPDX-License-Identifier: MIT
 *
 * test-gate.c - src/analyze/gate*.c on simulated recordings with modules: what is told at which
 * level, how often it is wrong, and whether the runs that are said to be needed are.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/compare.h"
#include "analyze/gate.h"

static uint64_t random_state;

static double uniform(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return ((double)((z ^ (z >> 31)) >> 11) + 0.5) / 9007199254740992.0;
}

static double gauss(void)
{
	return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

/* The program: main in "app" calls twelve functions of "app", twelve small ones of "libsmall.so" and
 * six of "libother.so". */
#define FUNCTIONS 30

struct program {
	double weight[FUNCTIONS];
	const char *module[FUNCTIONS];
};

static void program_init(struct program *program)
{
	static const double app[] = { 20, 14, 9, 7, 5, 5, 4, 4, 3, 2, 2, 2 };

	for (int i = 0; i < FUNCTIONS; i++) {
		program->module[i] = i < 12 ? "app" : i < 24 ? "libsmall.so" : "/usr/lib/libother.so";
		program->weight[i] = i < 12 ? app[i] : i < 24 ? 0.7 : 2;
	}
}

static uint32_t add_child(struct np_tree *tree, uint32_t parent, const char *name, const char *module)
{
	const struct np_function function = {
		.name = np_tree_intern(tree, name, strlen(name)),
		.module = np_tree_intern(tree, module, strlen(module)), .kind = NP_KIND_OWN };

	return np_tree_child(tree, parent, np_tree_function(tree, &function));
}

/* A run of it: SAMPLES draws, each function's weight times exp(noise·gauss); and a function "odd" that
 * takes ODD_WEIGHT in ODD_SAMPLES samples. */
static void record_with(struct np_compare *compare, enum np_side side, const struct program *program,
			int samples, double noise, uint64_t odd_weight, uint64_t odd_samples)
{
	struct np_tree *tree = np_tree_create();
	double cumulative[FUNCTIONS], sum = 0;
	uint64_t counts[FUNCTIONS] = {0};
	uint32_t root = add_child(tree, 0, "main", "app");
	char message[512], name[16];

	for (int i = 0; i < FUNCTIONS; i++)
		cumulative[i] = sum += program->weight[i] * exp(noise * gauss());
	for (int n = 0; n < samples; n++) {
		double at = uniform() * sum;
		int i = 0;

		while (i < FUNCTIONS - 1 && cumulative[i] <= at)
			i++;
		counts[i]++;
	}
	for (int i = 0; i < FUNCTIONS; i++) {
		uint32_t node;

		snprintf(name, sizeof(name), "f%d", i);
		node = add_child(tree, root, name, program->module[i]);
		assert_int_equal(np_tree_add(tree, node, counts[i], counts[i], (uint64_t)i), 0);
	}
	if (odd_samples > 0)
		assert_int_equal(np_tree_add(tree, add_child(tree, 0, "odd", "app"), odd_weight,
					     odd_samples, 0), 0);
	np_tree_meta(tree)->samples_known = true;
	np_tree_finish(tree);
	assert_int_equal(np_compare_add(compare, side, "run", tree, NULL, message, sizeof(message)), 0);
	np_tree_destroy(tree);
}

static void record(struct np_compare *compare, enum np_side side, const struct program *program,
		   int samples, double noise)
{
	record_with(compare, side, program, samples, noise, 0, 0);
}

static void judge(struct np_compare *compare, struct np_gate *gate, int runs, int samples, double noise,
		  const struct program *before, const struct program *after)
{
	struct np_gate_options options;

	np_gate_options_init(&options);
	np_compare_init(compare);
	for (int i = 0; i < runs; i++)
		record(compare, NP_BEFORE, before, samples, noise);
	for (int i = 0; i < runs; i++)
		record(compare, NP_AFTER, after, samples, noise);
	np_compare_close(compare);
	np_gate_init(gate, compare, &options);
}

static void finish(struct np_compare *compare, struct np_gate *gate)
{
	np_gate_finish(gate);
	np_compare_finish(compare);
}

static const struct np_gate_module *module_of(const struct np_gate *gate, const char *name)
{
	for (size_t i = 0; i < gate->module_count; i++)
		if (strcmp(gate->modules[i].name, name) == 0)
			return &gate->modules[i];
	fail_msg("no module %s", name);
	return NULL;
}

static const struct np_gate_row *row_of(const struct np_gate *gate, const char *name)
{
	for (size_t i = 0; i < gate->row_count; i++)
		if (strcmp(gate->rows[i].row->name, name) == 0)
			return &gate->rows[i];
	fail_msg("no row for %s", name);
	return NULL;
}

/* A library that is slower everywhere, and no function of it by half a point. */
static void slower_module(void **state)
{
	struct program before, after;
	struct np_compare compare;
	struct np_gate gate;

	program_init(&before);
	after = before;
	for (int i = 12; i < 24; i++)
		after.weight[i] *= 1.4;
	random_state = 1;
	judge(&compare, &gate, 5, 5000, 0.02, &before, &after);
	assert_int_equal(gate.module_count, 3);
	assert_int_equal(module_of(&gate, "libsmall.so")->functions, 12);
	assert_int_equal(module_of(&gate, "libsmall.so")->role, NP_GATE_CAUSE);
	assert_true(module_of(&gate, "libsmall.so")->slower);
	assert_int_equal(module_of(&gate, "libother.so")->role, NP_GATE_NONE);
	assert_int_equal(gate.order_count, 0);
	assert_int_equal(gate.slower, 1);
	assert_int_equal(gate.result, NP_GATE_FAIL);
	finish(&compare, &gate);
}

/* One function of a module: told once, as the function. */
static void slower_function(void **state)
{
	struct program before, after;
	struct np_compare compare;
	struct np_gate gate;

	program_init(&before);
	after = before;
	after.weight[26] *= 2.5;
	random_state = 2;
	judge(&compare, &gate, 5, 5000, 0.02, &before, &after);
	assert_int_equal(row_of(&gate, "f26")->role, NP_GATE_CAUSE);
	assert_int_equal(module_of(&gate, "libother.so")->role, NP_GATE_THROUGH);
	assert_ptr_equal(&gate.rows[module_of(&gate, "libother.so")->cause], row_of(&gate, "f26"));
	assert_int_equal(gate.slower, 1);
	assert_int_equal(gate.result, NP_GATE_FAIL);
	finish(&compare, &gate);
}

/* A function that is now linked statically: the same under another module, and no regression. */
static void other_module(void **state)
{
	struct program before, after;
	struct np_compare compare;
	struct np_gate gate;

	program_init(&before);
	after = before;
	after.module[26] = "app";
	random_state = 3;
	judge(&compare, &gate, 5, 5000, 0.02, &before, &after);
	assert_string_equal(row_of(&gate, "f26")->row->was->module, "libother.so");
	assert_string_equal(row_of(&gate, "f26")->row->module, "app");
	assert_int_equal(row_of(&gate, "f26")->role, NP_GATE_NONE);
	assert_int_not_equal(module_of(&gate, "libother.so")->role, NP_GATE_CAUSE);
	assert_int_equal(gate.slower, 0);
	assert_int_equal(gate.faster, 0);
	finish(&compare, &gate);
}

/* With modules as without: the same code hardly ever fails. */
static void false_alarms(void **state)
{
	struct program program;
	struct np_compare compare;
	struct np_gate gate;
	int alarms = 0;

	program_init(&program);
	random_state = 4;
	for (int i = 0; i < 300; i++) {
		judge(&compare, &gate, i % 2 ? 3 : 5, 3000, i % 3 ? 0.05 : 0, &program, &program);
		alarms += gate.result == NP_GATE_FAIL;
		finish(&compare, &gate);
	}
	printf("# same code with modules: %d of 300 fail\n", alarms);
	assert_true(alarms <= 6);
}

/* What befell one run of several is no regression: a sample that came late and weighs much, or a
 * function that only ran there; in all runs it is one. */
static void odd_run(void **state)
{
	static const struct { uint64_t weight, samples; int runs; enum np_gate_result result; } cases[] = {
		{ 60, 1, 1, NP_GATE_INCONCLUSIVE }, { 120, 120, 1, NP_GATE_INCONCLUSIVE },
		{ 60, 60, 3, NP_GATE_FAIL } };
	struct np_gate_options options;
	struct np_compare compare;
	struct program program;
	struct np_gate gate;

	program_init(&program);
	np_gate_options_init(&options);
	random_state = 8;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		np_compare_init(&compare);
		for (int run = 0; run < 6; run++) {
			bool odd = run >= 6 - cases[i].runs;

			record_with(&compare, run < 3 ? NP_BEFORE : NP_AFTER, &program, 3000, 0.02,
				    odd ? cases[i].weight : 0, odd ? cases[i].samples : 0);
		}
		np_compare_close(&compare);
		np_gate_init(&gate, &compare, &options);
		assert_int_equal(gate.result, cases[i].result);
		assert_int_equal(row_of(&gate, "odd")->role == NP_GATE_CAUSE,
				 cases[i].result == NP_GATE_FAIL);
		finish(&compare, &gate);
	}
}

/* Calls that were seen are a bound without an error, so a budget of them is kept or not. */
static void calls_budget(void **state)
{
	struct np_budget given[2];
	struct np_gate_options options;
	struct np_compare compare;
	struct program program;
	struct np_gate gate;

	program_init(&program);
	random_state = 6;
	np_gate_options_init(&options);
	assert_int_equal(np_budget_parse(&given[0], "f2?:calls=28"), 0);
	assert_int_equal(np_budget_parse(&given[1], "f2?:calls=29"), 0);
	options.budgets = given;
	options.budget_count = 2;
	np_compare_init(&compare);
	for (int i = 0; i < 6; i++)
		record(&compare, i < 3 ? NP_BEFORE : NP_AFTER, &program, 5000, 0);
	np_compare_close(&compare);
	np_gate_init(&gate, &compare, &options);
	assert_int_equal(gate.result, NP_GATE_FAIL);
	assert_int_equal(gate.over_budget, 1);
	assert_true(np_budget_is_over(&given[0]) && given[0].value == 29);
	assert_string_equal(given[0].function, "f29");
	assert_false(np_budget_is_over(&given[1]) || np_budget_is_close(&given[1]));
	finish(&compare, &gate);
	for (int i = 0; i < 2; i++)
		free(given[i].match.function);
}

/* The first set found something: a second set of the changed code shows it again, one of the code as
 * it was does so at the rate of false discoveries at most. */
static void confirmed(void **state)
{
	struct program before, after;
	int again = 0, by_chance = 0, failed = 0;

	program_init(&before);
	after = before;
	after.weight[4] *= 1.3;
	random_state = 7;
	for (int i = 0; i < 60; i++) {
		struct np_compare first, second;
		struct np_gate gate, other;

		judge(&first, &gate, 5, 5000, 0.02, &before, &after);
		judge(&second, &other, 5, 5000, 0.02, &before, i % 2 ? &after : &before);
		if (gate.result == NP_GATE_FAIL) {
			failed++;
			np_gate_confirm(&gate, &other);
			assert_int_equal(gate.result, gate.again == NP_GATE_AGAIN ? NP_GATE_FAIL
										  : NP_GATE_SUSPECT);
			*(i % 2 ? &again : &by_chance) += gate.again == NP_GATE_AGAIN;
		}
		finish(&first, &gate);
		finish(&second, &other);
	}
	printf("# of 60 %d fail; of those recorded once more, changed: %d again, as before: %d\n", failed,
	       again, by_chance);
	assert_true(failed >= 50 && again >= 24);
	assert_true(by_chance <= 4);
}

/* Do RUNS a side of the same code decide? */
static int decides(const struct program *program, int runs, int samples, double noise)
{
	struct np_compare compare;
	struct np_gate gate;
	int result;

	judge(&compare, &gate, runs, samples, noise, program, program);
	result = gate.result == NP_GATE_PASS;
	finish(&compare, &gate);
	return result;
}

/* "about N runs a side would show": of the same code N do in most cases, and half of N in few. */
static void runs_needed(void **state)
{
	static const struct { int samples; double noise; } cases[] = {
		{ 1000, 0 }, { 3000, 0 }, { 3000, 0.03 }, { 10000, 0.05 } };
	struct program program;
	struct np_compare compare;
	struct np_gate gate;

	program_init(&program);
	random_state = 5;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int samples = cases[i].samples, asked = 0, with_all = 0, with_half = 0;
		double noise = cases[i].noise, sum = 0;

		while (asked < 40) {
			int needed;

			judge(&compare, &gate, 5, samples, noise, &program, &program);
			needed = gate.result == NP_GATE_INCONCLUSIVE ? (int)gate.runs_needed : 0;
			finish(&compare, &gate);
			if (needed == 0 || needed > 300)
				continue;
			asked++;
			sum += needed;
			with_all += decides(&program, needed, samples, noise);
			with_half += decides(&program, needed / 2 < 3 ? 3 : needed / 2, samples, noise);
		}
		printf("# %d samples a run, noise %.0f %%: 5 v 5 ask for %.0f runs a side (mean), which "
		       "decide %d of %d; half of them %d\n", samples, 100 * noise, sum / asked, with_all,
		       asked, with_half);
		assert_true(with_all >= 28);
		assert_true(with_half <= 14);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slower_module), cmocka_unit_test(slower_function),
		cmocka_unit_test(other_module),	 cmocka_unit_test(false_alarms),
		cmocka_unit_test(odd_run),	 cmocka_unit_test(calls_budget),
		cmocka_unit_test(confirmed),
		cmocka_unit_test(runs_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
