/* SPDX-License-Identifier: MIT
 *
 * test-sketches.c - the sketches of the storage engine keep their published bounds, on sequential keys
 * and on keys of a Zipf distribution.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/sample.h"
#include "sigmavault/sigmavault.h"
#include "sigmavault/sketch.h"

#define TRIALS 20u

static void test_distinct_keys_are_counted_within_the_standard_error(void **unused)
{
	static const uint64_t counts[] = { 100, 10000, 60000, 1000000 };
	struct hll *hll = malloc(sizeof(*hll));

	(void)unused;
	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		double squares = 0;

		for (uint64_t trial = 0; trial < TRIALS; trial++) {
			double error;

			*hll = (struct hll){ { 0 } };
			for (uint64_t key = 0; key < counts[c]; key++) {	/* sequential, twice */
				hll_add(hll, sample_hash(key + (trial << 40)));
				hll_add(hll, sample_hash(key + (trial << 40)));
			}
			error = hll_count(hll) / (double)counts[c] - 1;
			squares += error * error;
		}
		/* 0.81 %; of 20 trials the root mean square lies below 1.4 times that in 99.9 % */
		assert_true(sqrt(squares / TRIALS) < 0.0081 * 1.4);
	}
	free(hll);
}

static void check_counts(uint64_t keys, uint64_t additions, uint64_t (*draw)(void *, uint64_t), void *user)
{
	struct count_min *sketch = calloc(1, sizeof(*sketch));
	uint64_t *truth = calloc(keys, sizeof(*truth)), over = 0;

	for (uint64_t i = 0; i < additions; i++) {
		uint64_t key = draw(user, i);

		truth[key]++;
		count_min_add(sketch, sample_hash(key));
	}
	for (uint64_t key = 0; key < keys; key++) {
		uint32_t estimate = count_min_estimate(sketch, sample_hash(key));

		assert_true(estimate >= truth[key]);
		over += estimate > truth[key] + M_E / COUNT_MIN_WIDTH * (double)additions;
	}
	assert_true((double)over <= exp(-(double)COUNT_MIN_DEPTH) * (double)keys);	/* 0.7 % */
	free(truth);
	free(sketch);
}

static uint64_t draw_in_turn(void *keys, uint64_t i)
{
	return i % *(uint64_t *)keys;
}

struct drawing {
	struct zipf zipf;
	struct sample_random random;
};

static uint64_t draw_zipf(void *user, uint64_t i)
{
	struct drawing *drawing = user;

	(void)i;
	return zipf_next(&drawing->zipf, &drawing->random);
}

static void test_counts_are_never_too_small_and_rarely_much_too_large(void **unused)
{
	struct drawing drawing = { .random = { 7 } };
	uint64_t keys = 20000;

	(void)unused;
	check_counts(keys, 400000, draw_in_turn, &keys);
	zipf_init(&drawing.zipf, 50000);
	check_counts(50000, 500000, draw_zipf, &drawing);
}

static void test_a_filter_forgets_no_key_and_is_rarely_wrong_about_others(void **unused)
{
	struct drawing drawing = { .random = { 9 } };
	uint64_t keys = 100000, wrong = 0;
	struct bloom bloom;

	(void)unused;
	bloom_init(&bloom, keys, 12);
	for (uint64_t key = 0; key < keys; key++)
		bloom_add(&bloom, key);
	for (uint64_t key = 0; key < keys; key++)
		assert_true(bloom_may_have(&bloom, key));
	for (uint64_t key = keys; key < 6 * keys; key++)
		wrong += bloom_may_have(&bloom, key);
	/* Blocked, 8 bits in 512 for each of 42.7 keys on average: 0.6 % by the Poisson mixture. */
	assert_true((double)wrong / (double)(5 * keys) < 0.008);
	bloom_free(&bloom);

	bloom_init(&bloom, keys, 12);
	zipf_init(&drawing.zipf, keys);
	for (uint64_t i = 0; i < keys; i++)
		bloom_add(&bloom, zipf_next(&drawing.zipf, &drawing.random));
	for (uint64_t key = keys, i = wrong = 0; i < 5 * keys; i++)
		wrong += bloom_may_have(&bloom, key++);
	assert_true((double)wrong / (double)(5 * keys) < 0.008);
	bloom_free(&bloom);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distinct_keys_are_counted_within_the_standard_error),
		cmocka_unit_test(test_counts_are_never_too_small_and_rarely_much_too_large),
		cmocka_unit_test(test_a_filter_forgets_no_key_and_is_rarely_wrong_about_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
