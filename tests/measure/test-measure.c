/* SPDX-License-Identifier: MIT
 *
 * test-measure.c - effects and verdicts against series whose truth is known.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/message.h"
#include "measure/change_points.h"
#include "measure/effect.h"
#include "measure/metric.h"
#include "measure/order.h"
#include "measure/run.h"
#include "measure/tail.h"
#include "measure/verdict.h"

static const struct np_verdict_rules simple = { 0.05, 0.1, false }, complex_one = { 0.05, 0.1, true };

static double uniform(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (double)(*state >> 11) * 0x1p-53;
}

/* Normal with mean 0 and variance 1 (Box and Muller). */
static double normal(uint64_t *state)
{
	return sqrt(-2 * log(1 - uniform(state))) * cos(2 * M_PI * uniform(state));
}

#define RUNS_MAX 64

struct arm {
	double values[RUNS_MAX];
	const double *rows[RUNS_MAX];
	size_t counts[RUNS_MAX];
};

static struct np_series series_of(struct arm *arm, size_t runs)
{
	for (size_t i = 0; i < runs; i++) {
		arm->rows[i] = &arm->values[i];
		arm->counts[i] = 1;
	}
	return (struct np_series){ arm->rows, arm->counts, runs };
}

/* RUNS pairs around 100 with a scatter of CV each, the new arm FACTOR times as long. */
static struct np_effect simulate(size_t runs, double cv, double factor, uint64_t *state)
{
	struct arm arms[2];
	struct np_series series[2];
	struct np_effect effect;

	for (size_t i = 0; i < runs; i++) {
		arms[0].values[i] = 100 * exp(cv * normal(state));
		arms[1].values[i] = 100 * factor * exp(cv * normal(state));
	}
	series[0] = series_of(&arms[0], runs);
	series[1] = series_of(&arms[1], runs);
	assert_int_equal(np_effect(&effect, &series[0], &series[1], NP_OF_MEDIAN, 0.95, 500, *state), 0);
	return effect;
}

static void test_the_same_program_is_never_called_a_change_more_than_rarely(void **unused)
{
	uint64_t state = 1;
	int alarms = 0;

	(void)unused;
	for (int trial = 0; trial < 1000; trial++) {
		struct np_effect effect = simulate(6 + (size_t)trial % 20, 0.05, 1, &state);
		enum np_verdict verdict = np_verdict(&effect, false, &simple);

		alarms += verdict == NP_KEEP || verdict == NP_REVERT || verdict == NP_REGRESSION;
	}
	assert_true(alarms <= 20);	/* 2 % */
}

static void test_a_slowdown_of_a_quarter_is_a_regression(void **unused)
{
	uint64_t state = 2;
	int found = 0;

	(void)unused;
	for (int trial = 0; trial < 200; trial++) {
		struct np_effect effect = simulate(20, 0.05, 1.25, &state);

		found += np_verdict(&effect, false, &simple) == NP_REGRESSION;
	}
	assert_true(found >= 180);
}

static void test_the_interval_covers_the_truth_about_as_often_as_it_says(void **unused)
{
	uint64_t state = 3;
	int covered = 0;

	(void)unused;
	for (int trial = 0; trial < 500; trial++) {
		struct np_effect effect = simulate(24, 0.05, 1.1, &state);

		covered += effect.low <= log(1.1) && log(1.1) <= effect.high;
	}
	assert_in_range(covered, 460, 495);	/* 92 to 99 % */
}

static struct np_effect effect_of(double old_to_new, double half)
{
	return (struct np_effect){ log(old_to_new), log(old_to_new) - half, log(old_to_new) + half, 10 };
}

static void test_verdicts_follow_the_interval_not_the_point(void **unused)
{
	struct np_effect effect;

	(void)unused;
	effect = effect_of(0.8, 0.02);
	assert_int_equal(np_verdict(&effect, false, &simple), NP_KEEP);
	assert_int_equal(np_verdict(&effect, true, &simple), NP_REGRESSION);	/* throughput */
	effect = effect_of(0.8, 0.3);
	assert_int_equal(np_verdict(&effect, false, &simple), NP_INCONCLUSIVE);
	effect = effect_of(1, 0.02);
	assert_int_equal(np_verdict(&effect, false, &simple), NP_NEUTRAL);
	assert_int_equal(np_verdict(&effect, false, &complex_one), NP_REVERT);
	effect = effect_of(1.07, 0.01);
	assert_int_equal(np_verdict(&effect, false, &simple), NP_REVERT);
	effect = effect_of(1.2, 0.05);
	assert_int_equal(np_verdict(&effect, false, &simple), NP_REGRESSION);
	effect = effect_of(1.12, 0.05);	/* worse than 5 %, not surely than 10 % */
	assert_int_equal(np_verdict(&effect, false, &simple), NP_REVERT);
	effect = effect_of(1.06, 0.05);
	assert_int_equal(np_verdict(&effect, false, &simple), NP_INCONCLUSIVE);
	assert_true(np_verdict_runs_needed(&effect, false, &simple) > 10);
	effect = effect_of(1.2, 0.05);
	assert_int_equal(np_verdict_runs_needed(&effect, false, &simple), 0);
}

static void test_a_slowdown_and_a_loss_of_throughput_meet_the_same_limit(void **unused)
{
	(void)unused;
	for (double factor = 1.01; factor < 1.3; factor += 0.01) {
		struct np_effect slower = effect_of(factor, 0.001), less = effect_of(1 / factor, 0.001);

		assert_int_equal(np_verdict(&slower, false, &simple), np_verdict(&less, true, &simple));
	}
}

static void test_effects_refuse_what_has_no_ratio(void **unused)
{
	struct arm a = { .values = { 1, 2, 0 } }, b = { .values = { 1, 2, 3 } };
	struct np_series x = series_of(&a, 3), y = series_of(&b, 3);
	struct np_effect effect;

	(void)unused;
	assert_int_not_equal(np_effect(&effect, &x, &y, NP_OF_MEDIAN, 0.95, 100, 1), 0);
	x.runs = y.runs = 1;
	assert_int_not_equal(np_effect(&effect, &x, &y, NP_OF_MEDIAN, 0.95, 100, 1), 0);
}

static void test_a_tail_alone_is_found_in_the_p99_and_not_in_the_median(void **unused)
{
	enum { RUNS = 8, EACH = 500 };
	static double values[2][RUNS][EACH];
	const double *rows[2][RUNS];
	size_t counts[RUNS];
	struct np_series series[2];
	struct np_effect median, tail;
	uint64_t state = 4;

	(void)unused;
	for (int run = 0; run < RUNS; run++) {
		counts[run] = EACH;
		for (int arm = 0; arm < 2; arm++) {
			rows[arm][run] = values[arm][run];
			for (int i = 0; i < EACH; i++)
				values[arm][run][i] = 10 + normal(&state) +
					(arm && uniform(&state) < 0.03 ? 10 : 0);
		}
	}
	for (int arm = 0; arm < 2; arm++)
		series[arm] = (struct np_series){ rows[arm], counts, RUNS };
	assert_int_equal(np_effect(&median, &series[0], &series[1], NP_OF_MEDIAN, 0.95, 300, 5), 0);
	assert_int_equal(np_effect(&tail, &series[0], &series[1], NP_OF_P99, 0.95, 300, 5), 0);
	assert_int_equal(np_verdict(&median, false, &simple), NP_NEUTRAL);
	assert_int_equal(np_verdict(&tail, false, &simple), NP_REGRESSION);
}

/* Runs drawn twice are as if their values stood there twice. */
static void test_the_p99_by_runs_is_harrell_and_davis_of_all_values(void **unused)
{
	enum { RUNS = 6, EACH = 700 };
	static double values[RUNS][EACH], pool[RUNS * EACH];
	static const size_t times[RUNS] = { 2, 0, 1, 3, 0, 0 };
	const double *rows[RUNS];
	size_t counts[RUNS], used = 0;
	struct np_series series = { rows, counts, RUNS };
	struct np_tail tail;
	uint64_t state = 8;

	(void)unused;
	for (int run = 0; run < RUNS; run++) {
		rows[run] = values[run];
		counts[run] = EACH;
		for (int i = 0; i < EACH; i++)
			values[run][i] = exp(normal(&state));
	}
	tail = np_tail_make(&series);
	memcpy(pool, values, sizeof(pool));
	np_order_sort(pool, RUNS * EACH);
	assert_float_equal(np_tail_p99(&tail, NULL), np_order_harrell_davis(pool, RUNS * EACH, 0.99), 1e-6);
	for (int run = 0; run < RUNS; run++) {
		for (size_t k = 0; k < times[run]; k++, used += EACH)
			memcpy(pool + used, values[run], EACH * sizeof(double));
	}
	np_order_sort(pool, used);
	assert_float_equal(np_tail_p99(&tail, times), np_order_harrell_davis(pool, used, 0.99), 1e-3);
	np_tail_free(&tail);
}

static void test_quantiles_of_known_values(void **unused)
{
	double values[101];

	(void)unused;
	for (int i = 0; i <= 100; i++)
		values[i] = i;
	assert_float_equal(np_order_quantile(values, 101, 0.5), 50, 1e-9);
	assert_float_equal(np_order_quantile(values, 101, 0.99), 99, 1e-9);
	assert_float_equal(np_order_harrell_davis(values, 101, 0.5), 50, 0.01);
	assert_float_equal(np_order_median((double[]){ 3, 1, 2 }, 3), 2, 0);
	assert_float_equal(np_order_median((double[]){ 4, 1, 2, 3 }, 4), 2.5, 0);
}

static void test_changes_of_a_series_are_where_they_were_planted(void **unused)
{
	struct np_change_point points[8];
	double values[300];
	uint64_t state = 6;
	size_t found;

	(void)unused;
	for (int i = 0; i < 300; i++)
		values[i] = (i < 100 ? 100 : i < 220 ? 110 : 90) * (1 + 0.03 * normal(&state));
	found = np_change_points(values, 300, 0.001, 0.01, points, 8);
	assert_int_equal(found, 2);
	assert_in_range(points[0].at, 97, 103);
	assert_in_range(points[1].at, 217, 223);
	assert_true(points[0].after > points[0].before && points[1].after < points[1].before);
}

static void test_a_hump_in_the_middle_is_two_changes(void **unused)
{
	struct np_change_point points[8];
	double values[212];
	uint64_t state = 8;

	(void)unused;
	for (int trial = 0; trial < 5; trial++) {
		for (int i = 0; i < 212; i++)	/* the means on either side of any split hardly differ */
			values[i] = (i >= 100 && i < 112 ? 112 : 100) * (1 + 0.03 * normal(&state));
		assert_int_equal(np_change_points(values, 212, 0.001, 0.01, points, 8), 2);
		assert_in_range(points[0].at, 98, 102);
		assert_in_range(points[1].at, 110, 114);
	}
}

static void test_outliers_are_no_changes(void **unused)
{
	struct np_change_point points[8];
	double values[150];
	uint64_t state = 9;

	(void)unused;
	for (int trial = 0; trial < 10; trial++) {
		for (int i = 0; i < 150; i++)
			values[i] = 100 * (1 + 0.02 * normal(&state)) * (uniform(&state) < 0.03 ? 1.6 : 1);
		assert_int_equal(np_change_points(values, 150, 0.001, 0.01, points, 8), 0);
	}
}

static void test_a_series_that_does_not_change_has_no_change(void **unused)
{
	struct np_change_point points[8];
	double values[200];
	uint64_t state = 7;
	int wrong = 0;

	(void)unused;
	for (int trial = 0; trial < 50; trial++) {
		for (int i = 0; i < 200; i++)
			values[i] = 100 * (1 + 0.03 * normal(&state));
		wrong += np_change_points(values, 200, 0.001, 0.01, points, 8) > 0;
	}
	assert_true(wrong <= 1);
}

static void test_metrics_are_lines_of_name_and_value(void **unused)
{
	static const char output[] = "hello\nttft_ms=12.5\nttft_ms=13\nchecksum=0xabc\nx y=3\n=4\nn=1e3\r\n"
		"bad=12x\nempty=\n1st=3\nlast=7";
	struct np_metrics metrics = { 0 };

	(void)unused;
	np_metrics_parse(&metrics, output, sizeof(output) - 1);
	assert_int_equal(metrics.count, 3);
	assert_int_equal(np_metrics_find(&metrics, "ttft_ms")->count, 2);
	assert_float_equal(np_metric_median(np_metrics_find(&metrics, "ttft_ms")), 12.75, 1e-12);
	assert_float_equal(np_metrics_find(&metrics, "n")->values[0], 1000, 0);
	assert_float_equal(np_metrics_find(&metrics, "last")->values[0], 7, 0);
	assert_string_equal(metrics.checksum, "0xabc");
	np_metrics_free(&metrics);
}

static void test_directions_come_from_names(void **unused)
{
	(void)unused;
	assert_int_equal(np_metric_direction("tokens_per_s"), NP_HIGHER_IS_BETTER);
	assert_int_equal(np_metric_direction("throughput_tokens_per_sec"), NP_HIGHER_IS_BETTER);
	assert_int_equal(np_metric_direction("compress_ms_per_mb"), NP_LOWER_IS_BETTER);
	assert_int_equal(np_metric_direction("ratio"), NP_HIGHER_IS_BETTER);
	assert_int_equal(np_metric_direction("cache_hit_percent"), NP_HIGHER_IS_BETTER);
	assert_int_equal(np_metric_direction("read_p99_ms"), NP_LOWER_IS_BETTER);
	assert_int_equal(np_metric_direction("task_count"), NP_NO_DIRECTION);
	assert_int_equal(np_metric_direction("compression_ratio"), NP_HIGHER_IS_BETTER);
	assert_int_equal(np_metric_direction("hits"), NP_HIGHER_IS_BETTER);
	assert_int_equal(np_metric_direction("errors_per_s"), NP_LOWER_IS_BETTER);
	assert_int_equal(np_metric_direction("ns_per_sample"), NP_LOWER_IS_BETTER);
	/* No ratio, hit or rss is a word of these. */
	assert_int_equal(np_metric_direction("duration_ms"), NP_LOWER_IS_BETTER);
	assert_int_equal(np_metric_direction("iteration_us"), NP_LOWER_IS_BETTER);
	assert_int_equal(np_metric_direction("generation_p50_ns"), NP_LOWER_IS_BETTER);
	assert_int_equal(np_metric_direction("white_ms"), NP_LOWER_IS_BETTER);
	assert_int_equal(np_metric_direction("addrssize"), NP_NO_DIRECTION);
}

static void test_a_run_is_measured_and_its_end_is_told(void **unused)
{
	char *const argv[] = { (char[]){ "/bin/sh" }, (char[]){ "-c" },
		(char[]){ "echo a=1; echo no luck >&2; exit 3" }, NULL };
	char *const slow[] = { (char[]){ "/bin/sleep" }, (char[]){ "100" }, NULL };
	char *const missing[] = { (char[]){ "/nonexistent/program" }, NULL };
	struct np_run_how how = { argv, -1, 60, NULL };
	struct np_run run;

	(void)unused;
	assert_int_equal(np_run(&run, &how), 0);
	assert_int_equal(run.exit_status, 3);
	assert_string_equal(run.complaint, "no luck");
	assert_float_equal(np_metrics_find(&run.metrics, "a")->values[0], 1, 0);
	assert_true(np_metrics_find(&run.metrics, "wall_ms")->values[0] > 0);
	np_run_free(&run);
	how.argv = slow;
	how.timeout_s = 0.1;
	assert_int_equal(np_run(&run, &how), 0);
	assert_true(run.timed_out);
	np_run_free(&run);
	how.argv = missing;
	assert_true(np_run(&run, &how) < 0);
	np_run_free(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_program_is_never_called_a_change_more_than_rarely),
		cmocka_unit_test(test_a_slowdown_of_a_quarter_is_a_regression),
		cmocka_unit_test(test_the_interval_covers_the_truth_about_as_often_as_it_says),
		cmocka_unit_test(test_verdicts_follow_the_interval_not_the_point),
		cmocka_unit_test(test_a_slowdown_and_a_loss_of_throughput_meet_the_same_limit),
		cmocka_unit_test(test_effects_refuse_what_has_no_ratio),
		cmocka_unit_test(test_a_tail_alone_is_found_in_the_p99_and_not_in_the_median),
		cmocka_unit_test(test_the_p99_by_runs_is_harrell_and_davis_of_all_values),
		cmocka_unit_test(test_quantiles_of_known_values),
		cmocka_unit_test(test_changes_of_a_series_are_where_they_were_planted),
		cmocka_unit_test(test_a_hump_in_the_middle_is_two_changes),
		cmocka_unit_test(test_outliers_are_no_changes),
		cmocka_unit_test(test_a_series_that_does_not_change_has_no_change),
		cmocka_unit_test(test_metrics_are_lines_of_name_and_value),
		cmocka_unit_test(test_directions_come_from_names),
		cmocka_unit_test(test_a_run_is_measured_and_its_end_is_told),
	};

	np_message_tool("test-measure");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
