/* SPDX-License-Identifier: MIT
 *
 * test-judge.c - what is said of sessions whose truth is known: made of numbers, not of programs.
 *
 * The noise is that of a shared virtual machine: drift, a level that wanders (AR(1)), and now and then a
 * run that was held up.  The session looks after each block and stops on precision, as session.c does.
 * With an argument, more trials: `test-judge 2000`.
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

#include "base/message.h"
#include "measure/draw.h"
#include "measure/judge.h"

#define PAIRS_MIN 8u
#define PAIRS_MAX 40u
#define LOOK_RESAMPLES 1000u

static unsigned trials = 2;

static const struct np_session_rules rules = { .verdict = { 0.05, 0.1, false }, .pairs_min = PAIRS_MIN,
	.pairs_max = PAIRS_MAX };

static double normal(uint64_t *state)
{
	return sqrt(-2 * log(np_draw_uniform(state))) * cos(2 * M_PI * np_draw_uniform(state));
}

struct noise {
	double drift;		/* a run, in logarithms */
	double wander, memory;	/* of the level */
	double white;
	double held_up;		/* the share of runs that are */
	double level;
	size_t run;
};

static double next_time(struct noise *noise, uint64_t *state)
{
	double log_time = noise->drift * (double)noise->run++;

	noise->level = noise->memory * noise->level + noise->wander * normal(state);
	log_time += noise->level + noise->white * normal(state);
	if (np_draw_uniform(state) < noise->held_up)	/* Pareto: no mean to speak of */
		log_time += 0.05 / pow(np_draw_uniform(state), 0.7);
	return 100 * exp(log_time);
}

static void add_run(struct np_session *session, int arm, const char *metric, double value)
{
	struct np_arm *to = &session->arms[arm];

	to->runs = np_xrealloc(to->runs, to->count + 1, sizeof(*to->runs));
	to->runs[to->count] = (struct np_run){ 0 };
	np_metrics_add(&to->runs[to->count++].metrics, metric, value, false);
}

static bool is_precise(const struct np_session *session)
{
	struct np_series old_runs = np_arm_series(&session->arms[0], session->primary);
	struct np_series new_runs = np_arm_series(&session->arms[1], session->primary);
	struct np_effect effect;
	bool precise = np_effect(&effect, &old_runs, &new_runs, NP_OF_MEDIAN, 0.95, LOOK_RESAMPLES, 1) == 0 &&
		np_verdict_is_precise(&effect, &rules.verdict);

	np_series_free(&old_runs);
	np_series_free(&new_runs);
	return precise;
}

static enum np_verdict judge(const struct np_session *session, const struct np_spec *spec,
			     struct np_comparison *comparison)
{
	*comparison = (struct np_comparison){ 0 };
	np_judge(comparison, session, spec, 0.95);
	return comparison->verdict;
}

/* One comparison, the new program FACTOR times as long as the old one. */
static enum np_verdict simulate(struct noise noise, double factor, uint64_t *state, size_t *pairs)
{
	static const int orders[2][4] = { { 0, 1, 1, 0 }, { 1, 0, 0, 1 } };
	struct np_session session = { .rules = &rules, .primary = "work_ms" };
	struct np_comparison comparison;
	enum np_verdict verdict;

	for (size_t block = 0; session.arms[0].count < PAIRS_MAX &&
	     (session.arms[0].count < PAIRS_MIN || !is_precise(&session)); block++) {
		for (int i = 0; i < 4; i++) {
			int arm = orders[block & 1][i];

			add_run(&session, arm, "work_ms", (arm ? factor : 1) * next_time(&noise, state));
		}
	}
	*pairs = session.arms[0].count;
	verdict = judge(&session, NULL, &comparison);
	np_comparison_free(&comparison);
	np_session_free(&session);
	return verdict;
}

static const struct {
	const char *what;
	struct noise noise;
} places[] = {
	{ "quiet", { .white = 0.01 } },
	{ "white, 5 %", { .white = 0.05 } },
	{ "wandering level", { .wander = 0.03, .memory = 0.8, .white = 0.02 } },
	{ "runs held up", { .white = 0.02, .held_up = 0.1 } },
	{ "drift", { .drift = 0.004, .white = 0.02 } },
	{ "all of it", { .drift = 0.002, .wander = 0.04, .memory = 0.8, .white = 0.03, .held_up = 0.1 } },
};

static unsigned count_changes(const struct noise *noise, double factor, const char *what, uint64_t *state)
{
	unsigned verdicts[NP_VERDICT_MAX] = { 0 };
	size_t pairs, all = 0;

	for (unsigned i = 0; i < trials; i++) {
		verdicts[simulate(*noise, factor, state, &pairs)]++;
		all += pairs;
	}
	printf("   %-16s x %.2f:", what, factor);
	for (int v = 0; v < NP_VERDICT_MAX; v++)
		printf(" %s %u", np_verdict_name((enum np_verdict)v), verdicts[v]);
	printf("; pairs %.1f\n", (double)all / trials);
	return verdicts[NP_KEEP] + verdicts[NP_REVERT] + verdicts[NP_REGRESSION];
}

static void test_the_same_program_is_not_called_changed(void **unused)
{
	uint64_t state = 7;
	unsigned all = 0, alarms = 0;

	(void)unused;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++, all += trials)
		alarms += count_changes(&places[i].noise, 1, places[i].what, &state);
	assert_in_range(alarms, 0, all / 50 + (trials < 50));
}

static void test_ten_percent_are_found_where_the_noise_allows(void **unused)
{
	uint64_t state = 9;

	(void)unused;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		unsigned found = count_changes(&places[i].noise, 1.1, places[i].what, &state);

		if (places[i].noise.white < 0.03)
			assert_in_range(found, trials - 1 - trials / 10, trials);
	}
}

/* Looking after each block must not make a gain of just `keep` one of more, nor a loss of `threshold`. */
static void test_what_lies_on_the_border_is_not_called_beyond_it(void **unused)
{
	uint64_t state = 11;
	unsigned all = 0, beyond = 0;

	(void)unused;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++, all += trials)
		beyond += count_changes(&places[i].noise, 0.95, places[i].what, &state);
	assert_in_range(beyond, 0, 2 + all / 20);
}

static void test_a_metric_that_no_run_told_decides_nothing(void **unused)
{
	struct np_session session = { .rules = &rules, .primary = "misspelt_ms" };
	struct np_comparison comparison;

	(void)unused;
	for (int i = 0; i < 16; i++)
		add_run(&session, i & 1, "work_ms", 100 + i);
	assert_int_equal(judge(&session, NULL, &comparison), NP_INVALID);
	assert_non_null(strstr(comparison.invalid, "misspelt_ms"));
	np_comparison_free(&comparison);
	session.primary = "work_ms";
	np_metrics_free(&session.arms[1].runs[3].metrics);	/* one run told nothing */
	assert_int_equal(judge(&session, NULL, &comparison), NP_INVALID);
	np_comparison_free(&comparison);
	np_session_free(&session);
}

static void test_a_run_without_the_checksum_of_the_others_is_no_result(void **unused)
{
	struct np_session session = { .rules = &rules, .primary = "work_ms" };
	struct np_comparison comparison;

	(void)unused;
	for (int i = 0; i < 16; i++) {
		add_run(&session, i & 1, "work_ms", i & 1 ? 10 : 100);
		if (!(i & 1))
			session.arms[0].runs[i / 2].metrics.checksum = np_xstrdup("1");
	}
	assert_int_equal(judge(&session, NULL, &comparison), NP_INVALID);
	np_comparison_free(&comparison);
	np_session_free(&session);
}

static void test_five_pairs_are_too_few_and_six_may_do(void **unused)
{
	struct np_session session = { .rules = &rules, .primary = "work_ms" };
	struct np_comparison comparison;

	(void)unused;
	for (int i = 0; i < 12; i++) {
		add_run(&session, i & 1, "work_ms", i & 1 ? 10 + 0.01 * i : 100 + 0.1 * i);
		if (i < 3 || !(i & 1))
			continue;
		assert_int_equal(judge(&session, NULL, &comparison), i < 11 ? NP_INCONCLUSIVE : NP_KEEP);
		assert_int_equal(comparison.all[0].runs_needed, i < 11 ? 6 : 0);
		np_comparison_free(&comparison);
	}
	np_session_free(&session);
}

static void test_what_is_always_zero_is_the_same_and_what_became_more_has_no_ratio(void **unused)
{
	static const double news[] = { 0, 5, -3 };
	static const enum np_verdict wanted[] = { NP_NEUTRAL, NP_INCONCLUSIVE, NP_INCONCLUSIVE };
	struct np_comparison comparison;

	(void)unused;
	for (int k = 0; k < 3; k++) {
		struct np_session session = { .rules = &rules, .primary = "request_errors" };

		for (int i = 0; i < 16; i++)
			add_run(&session, i & 1, "request_errors", i & 1 ? news[k] : 0);
		assert_int_equal(judge(&session, NULL, &comparison), wanted[k]);
		assert_int_equal(comparison.all[0].effect.pairs, k == 0 ? 8 : 0);
		np_comparison_free(&comparison);
		np_session_free(&session);
	}
}

static void test_a_tail_has_its_verdict_whatever_its_unit(void **unused)
{
	static const char *const names[] = { "latency_p99", "read_p99_ms", "latency_p99.route" };
	struct np_comparison comparison;

	(void)unused;
	for (int k = 0; k < 3; k++) {
		struct np_session session = { .rules = &rules, .primary = "work_ms" };

		for (int i = 0; i < 16; i++) {
			struct np_metrics *metrics;

			add_run(&session, i & 1, "work_ms", 100 + i % 3);
			metrics = &session.arms[i & 1].runs[i / 2].metrics;
			np_metrics_add(metrics, names[k], i & 1 ? 9 : 3, false);
			np_metrics_add(metrics, k == 1 ? "read_count" : "latency_count", 375, false);
		}
		assert_int_equal(judge(&session, NULL, &comparison), NP_NEUTRAL);
		assert_true(comparison.has_tail);
		assert_int_equal(comparison.tail_verdict, NP_REGRESSION);
		np_comparison_free(&comparison);
		np_session_free(&session);
	}
}

#define TAIL_RUNS 12
#define TAIL_EACH 300

/* Runs that tell each request: lognormal, a level of 3 % scatter a run, STALL of the new ones 10 ms late. */
static void simulate_requests(struct np_session *session, double stall, uint64_t *state)
{
	for (int i = 0; i < 2 * TAIL_RUNS; i++) {
		double level = 10 * exp(0.03 * normal(state));

		add_run(session, i & 1, "work_ms", 100 + 0.1 * (i % 3));
		for (int k = 0; k < TAIL_EACH; k++) {
			double late = (i & 1) && np_draw_uniform(state) < stall ? 10 : 0;

			np_metrics_add(&session->arms[i & 1].runs[i / 2].metrics, "request_ms",
				       level * exp(0.2 * normal(state)) + late, false);
		}
	}
}

static void test_the_p99_of_iterations_is_judged_by_runs(void **unused)
{
	unsigned alarms = 0, found = 0, covered = 0, all = 5 * trials;
	uint64_t state = 13;

	(void)unused;
	for (unsigned i = 0; i < 2 * all; i++) {
		struct np_session session = { .rules = &rules, .primary = "work_ms" };
		const struct np_judgement *tail;
		struct np_comparison comparison;

		simulate_requests(&session, i < all ? 0 : 0.03, &state);
		assert_int_equal(judge(&session, NULL, &comparison), NP_NEUTRAL);
		tail = &comparison.all[comparison.count - 1];
		assert_string_equal(tail->metric, "request_p99_ms");
		assert_true(tail->is_tail && tail->samples_needed == 0 && comparison.has_tail);
		if (i < all) {
			alarms += tail->verdict != NP_NEUTRAL && tail->verdict != NP_INCONCLUSIVE;
			covered += tail->effect.low <= 0 && tail->effect.high >= 0;
		} else {
			found += comparison.tail_verdict == NP_REGRESSION;
		}
		np_comparison_free(&comparison);
		np_session_free(&session);
	}
	printf("   p99: called changed %u, covered %u, stall found %u of %u\n", alarms, covered, found, all);
	assert_in_range(alarms, 0, all / 50 + 1);
	assert_in_range(covered, all * 9 / 10 - 2, all);
	assert_in_range(found, all - 1 - all / 20, all);
}

/* Twelve pairs of a program that gets a core for a quarter of the time that it wants one; the new one needs
 * a fifth less.  OTHER is what other programs use meanwhile. */
static enum np_verdict judge_crowded(double other, struct np_comparison *comparison,
				     enum np_verdict *ret_cpu)
{
	struct np_session session = { .rules = &rules, .primary = "wall_ms" };
	enum np_verdict verdict;
	uint64_t state = 12;

	for (size_t i = 0; i < 24; i++) {
		int arm = (int)(i & 1);
		double cpu = (arm ? 80 : 100) * exp(0.005 * normal(&state));
		struct np_metrics *to;

		add_run(&session, arm, "x_count", 1);
		to = &session.arms[arm].runs[session.arms[arm].count - 1].metrics;
		np_metrics_add(to, "wall_ms", 400 * exp(0.005 * normal(&state)), true);
		np_metrics_add(to, "cpu_ms", cpu, true);
		np_metrics_add(to, "run_delay_ms", 400 - cpu, true);
		np_metrics_add(to, "other_cpu_ms", other, true);
	}
	session.pinned = true;
	verdict = judge(&session, NULL, comparison);
	*ret_cpu = NP_VERDICT_MAX;
	for (size_t i = 0; i < comparison->count; i++) {
		if (strcmp(comparison->all[i].metric, "cpu_ms") == 0)
			*ret_cpu = comparison->all[i].verdict;
	}
	np_comparison_free(comparison);
	np_session_free(&session);
	return verdict;
}

static void test_a_busy_machine_takes_the_verdict_of_wall_time_and_not_of_cpu_time(void **unused)
{
	struct np_comparison comparison;
	enum np_verdict cpu;

	(void)unused;
	assert_int_equal(judge_crowded(500, &comparison, &cpu), NP_INVALID);
	assert_int_equal(cpu, NP_KEEP);
	assert_non_null(strstr(comparison.invalid, "--metric cpu_ms"));
	/* Nobody else was there: its threads waited for each other, which is how it is. */
	assert_int_equal(judge_crowded(0, &comparison, &cpu), NP_NEUTRAL);
	assert_int_equal(cpu, NP_KEEP);
}

static void test_a_target_of_what_is_not_told_is_missed(void **unused)
{
	struct np_session session = { .rules = &rules, .primary = "work_ms" };
	struct np_spec spec = { .target_count = 1 };
	struct np_comparison comparison;

	(void)unused;
	spec.targets[0] = (struct np_spec_target){ .metric = (char[]){ "misspelt_ms" }, .target = 5,
		.has_target = true };
	add_run(&session, 0, "work_ms", 100);
	judge(&session, &spec, &comparison);
	assert_int_equal(comparison.count, 2);
	assert_true(comparison.all[1].is_absent && comparison.all[1].target_missed);
	np_comparison_free(&comparison);
	np_session_free(&session);
}

/* A drawn median of n values is that of n drawn values. */
static void test_a_median_that_is_drawn_is_distributed_as_one_of_a_resample(void **unused)
{
	static const size_t counts[] = { 2, 3, 4, 9, 10, 100, 101 };
	uint64_t state = 3;

	(void)unused;
	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		double values[101], low[101], sums[2] = { 0 }, squares[2] = { 0 };
		const double *rows[2] = { values, low };
		size_t n = counts[c], sizes[2] = { n, 1 };
		struct np_series series = { rows, sizes, 2 }, ones;
		double one = 1, other = 1;
		const double *one_rows[2] = { &one, &other };
		size_t one_sizes[2] = { 1, 1 };
		struct np_effect effect;

		for (size_t i = 0; i < n; i++)
			values[i] = exp((double)i / (double)n);
		low[0] = 1;
		ones = (struct np_series){ one_rows, one_sizes, 2 };
		assert_int_equal(np_effect(&effect, &ones, &series, NP_OF_MEDIAN, 0.5, 2000, 5), 0);
		assert_true(effect.low <= effect.high && isfinite(effect.high));
		for (int i = 0; i < 20000; i++) {	/* the Beta numbers against n uniform ones */
			double drawn = np_draw_beta(&state, n, 1), most = 0;

			for (size_t k = 0; k < n; k++)
				most = fmax(most, np_draw_uniform(&state));
			sums[0] += drawn;
			sums[1] += most;
			squares[0] += drawn * drawn;
			squares[1] += most * most;
		}
		assert_true(fabs(sums[0] - sums[1]) / 20000 < 0.01);
		assert_true(fabs(squares[0] - squares[1]) / 20000 < 0.01);
	}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_program_is_not_called_changed),
		cmocka_unit_test(test_ten_percent_are_found_where_the_noise_allows),
		cmocka_unit_test(test_what_lies_on_the_border_is_not_called_beyond_it),
		cmocka_unit_test(test_a_metric_that_no_run_told_decides_nothing),
		cmocka_unit_test(test_a_run_without_the_checksum_of_the_others_is_no_result),
		cmocka_unit_test(test_five_pairs_are_too_few_and_six_may_do),
		cmocka_unit_test(test_what_is_always_zero_is_the_same_and_what_became_more_has_no_ratio),
		cmocka_unit_test(test_a_tail_has_its_verdict_whatever_its_unit),
		cmocka_unit_test(test_the_p99_of_iterations_is_judged_by_runs),
		cmocka_unit_test(test_a_busy_machine_takes_the_verdict_of_wall_time_and_not_of_cpu_time),
		cmocka_unit_test(test_a_target_of_what_is_not_told_is_missed),
		cmocka_unit_test(test_a_median_that_is_drawn_is_distributed_as_one_of_a_resample),
	};

	np_message_tool("test-judge");
	if (argc > 1)
		trials = (unsigned)strtoul(argv[1], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
