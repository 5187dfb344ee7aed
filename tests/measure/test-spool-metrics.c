/* SPDX-License-Identifier: MIT
 *
 * test-spool-metrics.c - many threads count into one spool while it is read; suite lockfree.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/atomic.h"
#include "neuroprof/neuroprof.h"
#include "spool/metrics.h"
#include "spool/reader_metrics.h"

#define THREADS 4u
#define ROUNDS	2000u

static char path[64];
static struct np_spool spool;

static int set_up(void **unused)
{
	(void)unused;
	snprintf(path, sizeof(path), "/tmp/test-spool-metrics.%d", (int)getpid());
	unlink(path);
	assert_int_equal(np_spool_create(&spool, path, 16u << 20), 0);
	spool.head->period_ns = 1000000;
	np_spool_publish(&spool);
	return 0;
}

static int tear_down(void **unused)
{
	(void)unused;
	np_spool_forget(&spool);
	return unlink(path);
}

static struct np_spool_reader *look(void)
{
	struct np_spool_reader *reader;
	char message[256];

	assert_int_equal(np_spool_open(path, &reader, message, sizeof(message)), 0);
	return reader;
}

struct work {
	pthread_t thread;
	uint32_t number, counter, histogram;
};

static void *count(void *argument)
{
	struct work *work = argument;
	uint64_t *cells = np_spool_cells_at(&spool, np_spool_metric_at(&spool, work->counter)->cell);
	uint64_t *buckets = np_spool_cells_at(&spool, np_spool_metric_at(&spool, work->histogram)->cell);

	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct np_spool_span span = { .id = i + 1, .metric = work->histogram, .thread = 0 };
		uint32_t entry = np_spool_span_add(&spool, &span);

		np_add_relaxed(&cells[8 * (i % NP_SPOOL_SHARDS)], 1);
		np_add_relaxed(&buckets[np_loglinear_bucket(i)], 1);
		if (entry == NP_SPOOL_ENTRY_NONE)
			continue;
		np_spool_span_sample_add(&spool, NP_SPOOL_NODE_ROOT, entry, 1);
		np_spool_span_end(&spool, entry, i);
	}
	return NULL;
}

static void check_spans(const struct np_spool_reader *reader)
{
	for (uint32_t i = 0; i < np_spool_span_sample_count(reader); i++) {
		const struct np_spool_span_sample *sample = np_spool_span_sample(reader, i);
		const struct np_spool_span *span = sample ? np_spool_span(reader, sample->span) : NULL;

		if (span)
			assert_in_range(span->id, 1, ROUNDS);
	}
	assert_int_equal(np_spool_damaged(reader), 0);
}

static void test_no_count_is_lost_and_every_look_is_sound(void **unused)
{
	struct work works[THREADS];
	struct np_spool_histogram *histogram = calloc(1, sizeof(*histogram));
	struct np_spool_reader *reader;
	uint32_t counter = np_spool_metric_add(&spool, NEUROPROF_COUNTER, "c", "1", "");
	uint32_t shared = np_spool_metric_add(&spool, NEUROPROF_SPAN, "s", "ns", "k=v");

	(void)unused;
	for (uint32_t i = 0; i < THREADS; i++) {
		works[i] = (struct work){ .number = i, .counter = counter, .histogram = shared };
		assert_int_equal(pthread_create(&works[i].thread, NULL, count, &works[i]), 0);
	}
	for (int i = 0; i < 20; i++) {
		reader = look();
		check_spans(reader);
		np_spool_close(reader);
	}
	for (uint32_t i = 0; i < THREADS; i++)
		pthread_join(works[i].thread, NULL);
	reader = look();
	check_spans(reader);
	assert_int_equal(np_spool_metric_count(reader), 2);
	assert_int_equal(np_spool_counter_value(reader, np_spool_metric(reader, counter)), THREADS * ROUNDS);
	np_spool_histogram_read(reader, np_spool_metric(reader, shared), histogram);
	assert_int_equal(histogram->count, THREADS * ROUNDS);
	assert_string_equal(np_spool_metric(reader, shared)->labels, "k=v");
	np_spool_close(reader);
	free(histogram);
}

static void test_a_full_table_says_so(void **unused)
{
	char name[16];
	uint32_t entry = 0, made = 0;

	(void)unused;
	for (uint32_t i = 0; i < 2 * NP_SPOOL_METRICS_MAX && entry != NP_SPOOL_ENTRY_NONE; i++, made++) {
		snprintf(name, sizeof(name), "m%u", i);
		entry = np_spool_metric_add(&spool, NEUROPROF_GAUGE, name, "", "");
	}
	assert_int_equal(entry, NP_SPOOL_ENTRY_NONE);
	assert_in_range(made, 100, NP_SPOOL_METRICS_MAX + 1);	/* the last one was refused */
}

static void test_buckets_are_within_one_percent(void **unused)
{
	uint64_t value = 1;

	(void)unused;
	for (int i = 0; i < 100000 && value < UINT64_MAX / 3; i++) {
		uint64_t middle = np_loglinear_middle(np_loglinear_bucket(value));
		double error = (double)middle / (double)value - 1;

		assert_true(error > -0.01 && error < 0.01);
		value += value / 997 + 1;
	}
	assert_in_range(np_loglinear_bucket(UINT64_MAX), 1, NP_LOGLINEAR_BUCKETS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_count_is_lost_and_every_look_is_sound, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_full_table_says_so, set_up, tear_down),
		cmocka_unit_test(test_buckets_are_within_one_percent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
