/* SPDX-License-Identifier: MIT
 *
 * test-hypothesis.c - src/analyze/{student,hypothesis}: reference values, and a simulation of what
 * gates do on the same code and on code with one function 25 % slower.
 *
 * The simulation is seeded with numbers of its own, so it gives the same everywhere (but for the
 * last bits of libm, which the bounds leave room for).
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

#include "analyze/hypothesis.h"
#include "analyze/student.h"

#define FUNCTIONS 200
#define SAMPLES	  5000
#define RUNS_MAX  20
#define SLOWER	  3		/* the function that becomes slower: 17 % / 4 = 4.25 % */

static void near(double a, double b, double tolerance)
{
	if (!(fabs(a - b) <= tolerance))
		fail_msg("%.12g is not %.12g", a, b);
}

/* Closed forms: df 1 is Cauchy, df 2 is algebraic; the normal by erfc; gamma's derivatives by
 * Euler's constant and pi^2/6. */
static void student(void **state)
{
	for (double t = -8; t <= 8; t += 0.37) {
		near(np_student_tail(t, 1), 0.5 - atan(t) / M_PI, 1e-12);
		near(np_student_tail(t, 2), 0.5 - t / (2 * sqrt(2 + t * t)), 1e-12);
		near(np_student_tail(t, 4), 0.5 - 3 / 8.0 * t / sqrt(1 + t * t / 4) *
		     (1 - t * t / (12 * (1 + t * t / 4))), 1e-12);
		near(np_student_tail(t, INFINITY), erfc(t / sqrt(2)) / 2, 1e-15);
	}
	near(np_student_tail(2.2281388519649385, 10), 0.025, 1e-10);
	near(np_student_quantile(0.025, 10), 2.2281388519649385, 1e-9);
	near(np_student_quantile(0.975, 10), -2.2281388519649385, 1e-9);
	near(np_student_quantile(0.05, INFINITY), 1.6448536269514722, 1e-9);
	near(np_digamma(1), -0.57721566490153286, 1e-12);
	near(np_digamma(0.5), -0.57721566490153286 - 2 * log(2), 1e-12);
	near(np_trigamma(1), M_PI * M_PI / 6, 1e-12);
	near(np_trigamma(0.5), M_PI * M_PI / 2, 1e-12);
	near(np_trigamma_inverse(np_trigamma(3.7)), 3.7, 1e-9);
	near(np_beta_fraction(2, 3, 0.4), 0.5248, 1e-12);	/* 1 - sum of binomial terms */
	near(np_beta_fraction(5, 1, 0.7), pow(0.7, 5), 1e-12);
}

static void adjust(void **state)
{
	double p[] = { 0.04, 0.001, 0.9, 0.02, 0.03 }, none[1];

	np_hypothesis_adjust(p, 5);
	near(p[1], 0.005, 1e-15);
	near(p[3], 0.05, 1e-15);	/* 0.02·5/2, but 0.03·5/3 and 0.04·5/4 are 0.05 too */
	near(p[4], 0.05, 1e-15);
	near(p[0], 0.05, 1e-15);
	near(p[2], 0.9, 1e-15);
	np_hypothesis_adjust(none, 0);
	near(np_hypothesis_either(0.01, 0.5), 0.02, 1e-15);
	near(np_hypothesis_either(0.03, 0.04), 0.04, 1e-15);
}

/* Two pooled proportions: (x1/n1 - x2/n2) / sqrt(p(1-p)(1/n1+1/n2)). */
static void two_proportions(void **state)
{
	const double exposure[] = { 5000, 5000 }, counts[] = { 250, 320 }, gone[] = { 0, 50 };
	const struct np_experiment experiment = { .exposure = exposure, .count = { 1, 1 }, .scale = 1,
						  .samples_known = true };
	const struct np_noise noise = { .prior_scale = 1 };
	struct np_verdict_of_share verdict;
	double z = 0.014 / sqrt(0.057 * 0.943 * 2 / 5000);

	np_hypothesis_test(&verdict, &experiment, &noise, counts, 1);
	near(verdict.share[0], 0.05, 1e-15);
	near(verdict.change, 0.014, 1e-15);
	near(verdict.p, erfc(z / sqrt(2)), 1e-12);
	near(verdict.error, sqrt((0.05 * 0.95 + 0.064 * 0.936) / 5000), 1e-12);
	near(verdict.upper, 0.014 + 1.959963984540054 * verdict.error, 1e-9);
	np_hypothesis_test(&verdict, &experiment, &noise, gone, 1);
	assert_true(verdict.p < 1e-9 && verdict.p > 0);
	np_hypothesis_test(&verdict, &experiment, &noise, (const double[]){ 0, 0 }, 1);
	near(verdict.p, 1, 0);
	np_hypothesis_test(&verdict, &experiment, &noise, (const double[]){ 5000, 5000 }, 1);
	near(verdict.p, 1, 0);
	/* Samples that weigh four times as much are a quarter as many. */
	np_hypothesis_test(&verdict, &experiment, &noise, counts, 4);
	near(verdict.p, erfc(z / 2 / sqrt(2)), 1e-12);
}

/* A prior of forty degrees says that runs agree; one run of six does not.  Its noise is its own, and
 * the degrees of freedom those of the runs. */
static void outlier(void **state)
{
	const double exposure[] = { 3000, 3000, 3000, 3000, 3000, 3000 };
	const struct np_experiment experiment = { .exposure = exposure, .count = { 3, 3 }, .scale = 1,
						  .samples_known = true };
	const struct np_noise noise = { .prior_scale = 1, .prior_df = 40 };
	struct np_verdict_of_share verdict;

	np_hypothesis_test(&verdict, &experiment, &noise, (const double[]){ 0, 0, 0, 0, 0, 120 }, 1);
	near(verdict.df, 4, 0);
	assert_true(verdict.phi > 50 && verdict.p > 0.2);
	np_hypothesis_test(&verdict, &experiment, &noise, (const double[]){ 0, 0, 0, 40, 40, 40 }, 1);
	near(verdict.df, 44, 0);
	assert_true(verdict.p < 1e-9);
}

/* Everything below draws from this, seeded by the test. */
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

/* One run: SAMPLES draws from Zipf's shares, each function's cost times exp(noise·gauss). */
static void record(double *counts, size_t run, double noise, double factor)
{
	double cumulative[FUNCTIONS], sum = 0;

	for (int i = 0; i < FUNCTIONS; i++) {
		double cost = (i == SLOWER ? factor : 1) / (i + 1);

		sum += noise > 0 ? cost * exp(noise * gauss()) : cost;
		cumulative[i] = sum;
		counts[(size_t)i * RUNS_MAX + run] = 0;
	}
	for (int n = 0; n < SAMPLES; n++) {
		double at = uniform() * sum;
		int low = 0, high = FUNCTIONS - 1;

		while (low < high) {
			int middle = (low + high) / 2;

			if (cumulative[middle] > at)
				high = middle;
			else
				low = middle + 1;
		}
		counts[(size_t)low * RUNS_MAX + run]++;
	}
}

enum rule { ANY_TENTH = 0, ONE_POINT, Z_TEST, Z_BH, Z_BH_EFFECT, OURS, RULES };

/* How often, of TRIALS pairs, each rule said that a function became slower that did not, and that
 * SLOWER did. */
struct rates {
	double false_alarm[RULES], found[RULES];
};

static bool fires(enum rule rule, const struct np_verdict_of_share *verdict, double q)
{
	bool grew = verdict->change > 0;
	bool effect = verdict->change >= 0.005 && verdict->change >= 0.1 * verdict->share[0];

	switch (rule) {
	case ANY_TENTH:
		return verdict->share[1] > 0.005 && verdict->change > 0.1 * verdict->share[0];
	case ONE_POINT:
		return verdict->change > 0.01;
	case Z_TEST:
		return grew && verdict->p < 0.05;
	case Z_BH:
		return grew && q < 0.05;
	default:
		return effect && q < 0.05;
	}
}

/* All functions by one test; those that can reach the minimum effect only, when OURS asks. */
static void judge(struct rates *rates, const struct np_experiment *experiment,
		  const struct np_noise *noise, const double *counts, const enum rule *rules,
		  size_t rule_count, double least, bool planted)
{
	struct np_verdict_of_share verdicts[FUNCTIONS];
	double q[FUNCTIONS];
	int index[FUNCTIONS];
	size_t tested = 0;
	bool alarm[RULES] = {false};

	for (int i = 0; i < FUNCTIONS; i++) {
		struct np_verdict_of_share *verdict = &verdicts[tested];

		np_hypothesis_test(verdict, experiment, noise, counts + (size_t)i * RUNS_MAX, 1);
		if (verdict->share[0] + verdict->share[1] < 2 * least)
			continue;
		q[tested] = verdict->p;
		index[tested++] = i;
	}
	np_hypothesis_adjust(q, tested);
	for (size_t i = 0; i < tested; i++)
		for (size_t r = 0; r < rule_count; r++) {
			if (!fires(rules[r], &verdicts[i], q[i]))
				continue;
			if (planted && index[i] == SLOWER)
				rates->found[rules[r]]++;
			else
				alarm[rules[r]] = true;
		}
	for (int r = 0; r < RULES; r++)
		rates->false_alarm[r] += alarm[r];
}

static void simulate(struct rates *rates, size_t runs, double noise_of_runs, double factor,
		     int trials)
{
	static const enum rule simple[] = { ANY_TENTH, ONE_POINT, Z_TEST, Z_BH, Z_BH_EFFECT };
	static const enum rule ours[] = { OURS };
	double *counts = calloc((size_t)FUNCTIONS * RUNS_MAX, sizeof(*counts)), exposure[RUNS_MAX];
	const double *series[FUNCTIONS];
	const struct np_noise binomial = { .prior_scale = 1 };
	struct np_experiment experiment = { .exposure = exposure, .count = { runs, runs }, .scale = 1,
					    .samples_known = true };
	struct np_noise noise;

	memset(rates, 0, sizeof(*rates));
	for (size_t run = 0; run < 2 * runs; run++)
		exposure[run] = SAMPLES;
	for (int i = 0; i < FUNCTIONS; i++)
		series[i] = counts + (size_t)i * RUNS_MAX;
	for (int trial = 0; trial < trials; trial++) {
		for (size_t run = 0; run < 2 * runs; run++)
			record(counts, run, noise_of_runs, run < runs ? 1 : factor);
		if (runs == 1) {
			judge(rates, &experiment, &binomial, counts, simple, 5, 0,
			      factor > 1);
			continue;
		}
		np_noise_fit(&noise, &experiment, series, FUNCTIONS);
		judge(rates, &experiment, &noise, counts, ours, 1, 0.0025, factor > 1);
	}
	for (int r = 0; r < RULES; r++) {
		rates->false_alarm[r] /= trials;
		rates->found[r] /= trials;
	}
	free(counts);
}

static void print_rates(const char *what, const struct rates *rates)
{
	static const char *const names[RULES] = { "+10 % and over 0.5 %", "+1 point", "z, p < 0.05",
		"z, BH", "z, BH, effect", "quasi-binomial, BH, effect" };

	for (int r = 0; r < RULES; r++)
		if (rates->false_alarm[r] > 0 || rates->found[r] > 0 || r == OURS)
			printf("# %-32s %-28s false %5.1f %%, found %5.1f %%\n", what, names[r],
			       100 * rates->false_alarm[r], 100 * rates->found[r]);
}

/* Fixed thresholds fire on the same code; ours does not, with or without noise between runs. */
static void same_code(void **state)
{
	struct rates rates;

	random_state = 1;
	simulate(&rates, 1, 0, 1, 200);
	print_rates("same code, 1 v 1, no noise", &rates);
	assert_true(rates.false_alarm[ANY_TENTH] > 0.95);
	assert_true(rates.false_alarm[Z_TEST] > 0.95);
	assert_true(rates.false_alarm[Z_BH] < 0.1);
	assert_true(rates.false_alarm[Z_BH_EFFECT] <= rates.false_alarm[Z_BH]);
	simulate(&rates, 1, 0.1, 1, 200);
	print_rates("same code, 1 v 1, 10 % noise", &rates);
	assert_true(rates.false_alarm[ONE_POINT] > 0.3);
	assert_true(rates.false_alarm[Z_BH_EFFECT] > 0.1);	/* why one run cannot fail a build */
	simulate(&rates, 5, 0, 1, 200);
	print_rates("same code, 5 v 5, no noise", &rates);
	assert_true(rates.false_alarm[OURS] <= 0.02);
	simulate(&rates, 5, 0.1, 1, 200);
	print_rates("same code, 5 v 5, 10 % noise", &rates);
	assert_true(rates.false_alarm[OURS] <= 0.02);
	simulate(&rates, 3, 0.1, 1, 200);
	print_rates("same code, 3 v 3, 10 % noise", &rates);
	assert_true(rates.false_alarm[OURS] <= 0.03);
}

/* +25 % of a function with 4.25 %. */
static void slower_code(void **state)
{
	struct rates rates;

	random_state = 2;
	simulate(&rates, 5, 0, 1.25, 200);
	print_rates("+25 %, 5 v 5, no noise", &rates);
	assert_true(rates.found[OURS] >= 0.7 && rates.false_alarm[OURS] <= 0.03);
	simulate(&rates, 10, 0, 1.25, 100);
	print_rates("+25 %, 10 v 10, no noise", &rates);
	assert_true(rates.found[OURS] >= 0.95 && rates.false_alarm[OURS] <= 0.03);
	simulate(&rates, 10, 0.1, 1.25, 200);
	print_rates("+25 %, 10 v 10, 10 % noise", &rates);
	assert_true(rates.found[OURS] >= 0.5 && rates.false_alarm[OURS] <= 0.04);
}

/* One function halved from 17 % of 100: all others seem to grow, until the guard is up. */
static void guard(void **state)
{
	double counts[2 * 40], exposure[2] = { 100000, 100000 };
	const double *series[40];
	struct np_experiment experiment = { .exposure = exposure, .count = { 1, 1 }, .scale = 1,
					    .samples_known = true };

	for (int i = 0; i < 40; i++) {
		series[i] = counts + 2 * i;
		counts[2 * i] = i ? 60000 / 39.0 : 40000;
		counts[2 * i + 1] = i ? 75000 / 39.0 : 25000;	/* half: 20000 of 80000 */
	}
	assert_true(np_hypothesis_guard(&experiment, series, 40, 0.0025));
	near(experiment.scale, 0.8, 1e-9);
	for (int i = 0; i < 40; i++)
		counts[2 * i + 1] = counts[2 * i];
	assert_false(np_hypothesis_guard(&experiment, series, 40, 0.0025));
	near(experiment.scale, 1, 0);
}

/* Of three runs a side one was odd: that is no common change of the code.  All three were: it is. */
static void guard_of_runs(void **state)
{
	double counts[6 * 40], exposure[6];
	const double *series[40];
	struct np_experiment experiment = { .exposure = exposure, .count = { 3, 3 }, .scale = 1,
					    .samples_known = true };

	for (int odd = 1; odd <= 3; odd += 2) {
		for (int run = 0; run < 6; run++)
			exposure[run] = 10000;
		for (int i = 0; i < 6 * 40; i++) {
			int run = i % 6, function = i / 6;
			double usual = function ? 6000 / 39.0 : 4000;
			double changed = function ? 3000 / 39.0 : 7000;

			series[function] = counts + 6 * function;
			counts[i] = run >= 6 - odd ? changed : usual + run;	/* runs differ a little */
		}
		assert_int_equal(np_hypothesis_guard(&experiment, series, 40, 0.0025), odd == 3);
		assert_true(odd == 3 ? fabs(experiment.scale - 2) < 0.05 : experiment.scale == 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guard_of_runs), cmocka_unit_test(student),	cmocka_unit_test(adjust),
		cmocka_unit_test(two_proportions), cmocka_unit_test(outlier), cmocka_unit_test(guard),
		cmocka_unit_test(same_code),	cmocka_unit_test(slower_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
