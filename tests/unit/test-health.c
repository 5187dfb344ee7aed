/* SPDX-License-Identifier: MIT
 *
 * test-health.c - what is good, fair and poor, and that a profile's comments say the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fold_about.h"
#include "health.h"

static const struct np_health_counts whole = { .samples = 100000, .threads = 100, .cpu_ns = 1000000000 };

static enum np_health_level worst_of(const struct np_health_counts *counts)
{
	struct np_health health;

	np_health_of_counts(&health, counts);
	return np_health_worst(&health);
}

static void test_whole_is_good(void **state)
{
	struct np_health health;
	char *line;

	(void)state;
	np_health_of_counts(&health, &whole);
	line = np_health_line(&health);
	assert_string_equal(line, "good");
	free(line);
}

static void test_nothing_known_is_not_judged(void **state)
{
	struct np_health health;

	(void)state;
	np_health_init(&health);
	assert_int_equal(np_health_worst(&health), NP_HEALTH_GOOD);
}

/* Each figure alone, at its thresholds and one beyond. */
static void test_thresholds(void **state)
{
	static const struct {
		size_t field;
		uint64_t good, fair, fair_last, poor;	/* 0 = there is none */
	} cases[] = {
		{ offsetof(struct np_health_counts, samples), 1000, 999, 100, 99 },
		{ offsetof(struct np_health_counts, cut), 1000, 1001, 10000, 10001 },
		{ offsetof(struct np_health_counts, unresolved), 5000, 5001, 30000, 30001 },
		{ offsetof(struct np_health_counts, shortened), 1000, 1001, 10000, 10001 },
		{ offsetof(struct np_health_counts, lost), 1010, 1011, 11111, 11112 },
		{ offsetof(struct np_health_counts, uncovered), 0, 1, 11, 12 },
		{ offsetof(struct np_health_counts, ended), 0, 1, 10, 11 },
		{ offsetof(struct np_health_counts, taken), 0, 0, 0, 1 },
		{ offsetof(struct np_health_counts, damaged), 0, 1, 1000000, 0 },
		{ offsetof(struct np_health_counts, missing_ns), 10000000, 10101011, 111111111, 111111112 },
		{ offsetof(struct np_health_counts, handler_ns), 20000000, 20000001, 100000000, 100000001 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct np_health_counts counts = whole;
		uint64_t *field = (uint64_t *)((char *)&counts + cases[i].field);

		*field = cases[i].good;
		assert_int_equal(worst_of(&counts), NP_HEALTH_GOOD);
		*field = cases[i].fair;
		assert_int_equal(worst_of(&counts), cases[i].fair ? NP_HEALTH_FAIR : NP_HEALTH_GOOD);
		*field = cases[i].fair_last;
		assert_int_equal(worst_of(&counts), cases[i].fair ? NP_HEALTH_FAIR : NP_HEALTH_GOOD);
		*field = cases[i].poor;
		if (cases[i].poor)
			assert_int_equal(worst_of(&counts), NP_HEALTH_POOR);
	}
}

static void test_the_worst_is_said_first(void **state)
{
	struct np_health_counts counts = whole;
	struct np_health health;
	char *line;

	(void)state;
	counts.cut = 2000;
	counts.unresolved = 40000;
	counts.uncovered = 3;
	np_health_of_counts(&health, &counts);
	line = np_health_line(&health);
	assert_string_equal(line, "poor: 40.0 % of the samples are in code without a name; 2.00 % of the "
			    "stacks are cut; 2.91 % of the threads were not sampled");
	free(line);
}

/* What fold_about.c writes, np_health_of_comments() reads. */
static void test_comments_say_the_same(void **state)
{
	struct np_fold_result result = { .samples = 2000, .periods = 2500, .cpu_ns = 2500000000u, .damaged = 4 };
	struct np_health_counts counts;
	struct np_tree *tree = np_tree_create();
	struct np_health health;
	char *line, *again;

	(void)state;
	result.by_quality[NP_QUALITY_COMPLETE] = 1700;
	result.by_quality[NP_QUALITY_NO_RULE] = 300;
	result.unresolved_samples = 500;
	result.counters[NP_COUNT_ON_ANCESTOR] = 31;
	result.counters[NP_COUNT_LOST_REENTRANT] = 40;
	result.counters[NP_COUNT_LOST_NO_THREAD] = 50;
	result.counters[NP_COUNT_LOST_NO_SPOOL] = 60;
	result.counters[NP_COUNT_THREADS_SEEN] = 20;
	result.counters[NP_COUNT_THREADS_UNCOVERED] = 3;
	result.counters[NP_COUNT_CLOCKS_CLOSED] = 1;
	result.counters[NP_COUNT_HANDLER_REPLACED] = 1;
	result.counters[NP_COUNT_HANDLER_NS] = 125000000;
	result.counters[NP_COUNT_THREADS_UNSEEN] = 2;
	result.counters[NP_COUNT_UNSEEN_CPU_NS] = 250000000;
	np_fold_about_sum(tree, &result);
	assert_int_equal(np_health_of_comments(&counts, tree), 1);
	assert_int_equal(counts.samples, 2000);
	assert_int_equal(counts.cut, 300);
	assert_int_equal(counts.unresolved, 500);
	assert_int_equal(counts.shortened, 31);
	assert_int_equal(counts.lost, 150);
	assert_int_equal(counts.threads, 20);
	assert_int_equal(counts.uncovered, 3);
	assert_int_equal(counts.ended, 1);
	assert_int_equal(counts.taken, 1);
	assert_int_equal(counts.damaged, 4);
	assert_int_equal(counts.handler_ns, 125000000);
	assert_int_equal(counts.missing_ns, 250000000);
	np_health_of_counts(&health, &counts);
	line = np_fold_health(&result);
	again = np_health_line(&health);
	assert_string_equal(line, again);
	free(again);
	free(line);
	/* A second recording adds up. */
	np_fold_about_sum(tree, &result);
	assert_int_equal(np_health_of_comments(&counts, tree), 2);
	assert_int_equal(counts.samples, 4000);
	assert_int_equal(counts.lost, 300);
	np_tree_destroy(tree);
}

static void test_hostile_comments(void **state)
{
	static const char *const texts[] = {
		"samples: ", "samples: 99999999999999999999999 weighing 1 periods, 1e400 s",
		"samples: 18446744073709551615 weighing 0 periods, nan s", "samples: -3 weighing",
		"complete stacks: nan %", "complete stacks: -1e300 %", "unresolved: inf %", "overhead: -nan %",
		"count: ", "count: 5", "count: x ticks lost inside the profiler itself",
		"count: 18446744073709551615 ticks lost inside the profiler itself",
		"count: 18446744073709551615 ticks lost while there was no spool", "damaged: ", "damaged: -1",
	};
	struct np_health_counts counts;
	struct np_tree *tree = np_tree_create();
	struct np_health health;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		np_tree_add_comment(tree, texts[i]);
	np_health_of_comments(&counts, tree);
	assert_int_equal(counts.lost, UINT64_MAX);
	np_health_of_counts(&health, &counts);
	for (int i = 0; i < NP_HEALTH_FIGURES; i++)
		if (i != NP_HEALTH_SAMPLES && i != NP_HEALTH_TAKEN && i != NP_HEALTH_DAMAGED)
			assert_true(health.figure[i] <= 1);
	np_tree_destroy(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_is_good),
		cmocka_unit_test(test_nothing_known_is_not_judged),
		cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_the_worst_is_said_first),
		cmocka_unit_test(test_comments_say_the_same),
		cmocka_unit_test(test_hostile_comments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
