/* SPDX-License-Identifier: MIT
 *
 * workload.c - what is asked of the engine: as fast as it goes, then at a rate of its own.
 *
 * The latency of the open loop counts from when an operation was due, not from when it began, so a
 * stall is charged to everybody who had to wait for it.
 */
#include "sigmavault.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/sample.h"
#include "neuroprof/neuroprof.h"

#define EXPONENT 0.99
#define SCRAMBLE_PRIME 2654435761u

struct worker {
	struct vault *vault;
	struct zipf zipf;
	struct sample_random random;
	struct sample_latency *reads, *writes;
	pthread_t thread;
	uint64_t operations, end, interval, first_due, checksum;
	bool is_writer, durable;
};

static double zeta(uint64_t keys)
{
	double sum = 0;

	for (uint64_t i = 1; i <= keys; i++)
		sum += 1 / pow((double)i, EXPONENT);
	return sum;
}

/* Gray et al., "Quickly generating billion-record synthetic databases", SIGMOD 1994. */
void zipf_init(struct zipf *zipf, uint64_t keys)
{
	zipf->keys = keys;
	zipf->alpha = 1 / (1 - EXPONENT);
	zipf->zeta = zeta(keys);
	zipf->half = 1 + pow(0.5, EXPONENT);
	zipf->eta = (1 - pow(2.0 / (double)keys, 1 - EXPONENT)) / (1 - zipf->half / zipf->zeta);
}

uint64_t zipf_next(const struct zipf *zipf, struct sample_random *random)
{
	double u = sample_random_unit(random), uz = u * zipf->zeta;
	uint64_t rank;

	if (uz < 1)
		rank = 0;
	else if (uz < zipf->half)
		rank = 1;
	else
		rank = (uint64_t)((double)zipf->keys * pow(zipf->eta * u - zipf->eta + 1, zipf->alpha));
	if (rank >= zipf->keys)
		rank = zipf->keys - 1;
	/* Scrambled, so that popular keys are no neighbours: a factor without a common divisor. */
	return rank * SCRAMBLE_PRIME % zipf->keys;
}

void workload_load(struct vault *vault)
{
	for (uint64_t key = 0; key < vault->settings->keys; key++)
		vault_put(vault, key, 0, false);
	log_flush(&vault->log);
}

/* One read; every value says whose it is.  Keys from `keys` on were never put. */
static void read_one(struct worker *worker, uint64_t rank)
{
	const struct vault_settings *settings = worker->vault->settings;
	bool absent = sample_random_below(&worker->random, 100) < settings->absent_percent;
	uint64_t key = absent ? rank + settings->keys : rank;
	struct vault_value value;
	bool found = vault_get(worker->vault, key, &value);

	if (found == absent || (found && value.key != key))
		sample_fail("key %llu: %s", (unsigned long long)key,
			!found ? "was put and is not found" : absent ? "was never put and is found"
								     : "another key's value came back");
	worker->checksum += key;
}

static void *closed_loop(void *argument)
{
	struct worker *worker = argument;

	while (sample_now_ns() < worker->end) {
		for (int i = 0; i < 64; i++, worker->operations++) {
			uint64_t rank = zipf_next(&worker->zipf, &worker->random);

			if (worker->is_writer)
				vault_put(worker->vault, rank, worker->operations, worker->durable);
			else
				read_one(worker, rank);
			if (worker->durable && sample_now_ns() >= worker->end)
				break;
		}
	}
	return NULL;
}

static void *open_loop(void *argument)
{
	struct worker *worker = argument;
	struct neuroprof_metric *read_span = neuroprof_span("sigmavault.read"),
				*write_span = neuroprof_span("sigmavault.write");

	for (uint64_t due = worker->first_due; due < worker->end; due += worker->interval) {
		uint64_t rank = zipf_next(&worker->zipf, &worker->random), span;
		bool is_read =
			sample_random_below(&worker->random, 100) < worker->vault->settings->read_percent;

		if (sample_now_ns() < due)
			sample_sleep_until(due);
		span = neuroprof_span_begin(is_read ? read_span : write_span);
		if (is_read)
			read_one(worker, rank);
		else
			vault_put(worker->vault, rank, worker->operations, false);
		neuroprof_span_end(span);
		sample_latency_add(is_read ? worker->reads : worker->writes, sample_now_ns() - due);
		worker->operations++;
	}
	return NULL;
}

/* THREADS workers of BODY, each prepared as FIRST is; the caller takes their results and frees. */
static struct worker *run(const struct worker *first, uint64_t threads, void *(*body)(void *))
{
	struct worker *workers = sample_allocate(threads * sizeof(*workers));

	for (uint64_t i = 0; i < threads; i++) {
		workers[i] = *first;
		workers[i].random.state = first->vault->settings->seed * 1000 + i;
		workers[i].first_due = first->first_due + i * first->interval / threads;
		workers[i].reads = sample_allocate(sizeof(*workers[i].reads));
		workers[i].writes = sample_allocate(sizeof(*workers[i].writes));
		if (pthread_create(&workers[i].thread, NULL, body, &workers[i]))
			sample_fail("no thread to be had: ask for fewer --threads");
	}
	for (uint64_t i = 0; i < threads; i++)
		pthread_join(workers[i].thread, NULL);
	return workers;
}

static void release(struct worker *workers, uint64_t threads)
{
	for (uint64_t i = 0; i < threads; i++) {
		free(workers[i].reads);
		free(workers[i].writes);
	}
	free(workers);
}

static double rate_of(struct vault *vault, bool writes, bool durable, uint64_t threads)
{
	uint64_t begun = sample_now_ns(), operations = 0;
	struct worker first = { .vault = vault, .is_writer = writes, .durable = durable,
		.end = begun + vault->settings->milliseconds * 1000000u };
	struct worker *workers;
	double seconds;

	zipf_init(&first.zipf, vault->settings->keys);
	begun = sample_now_ns();
	first.end = begun + vault->settings->milliseconds * 1000000u;
	workers = run(&first, threads, closed_loop);
	seconds = (double)(sample_now_ns() - begun) / 1e9;
	for (uint64_t i = 0; i < threads; i++)
		operations += workers[i].operations;
	release(workers, threads);
	return (double)operations / seconds;
}

void workload_throughput(struct vault *vault, bool writes, const char *name)
{
	sample_print(name, rate_of(vault, writes, false, vault->settings->threads));
}

/* More threads than cores: they share the syncs. */
void workload_durable(struct vault *vault)
{
	uint64_t syncs = vault->log.syncs;
	double rate = rate_of(vault, true, true, 32);

	sample_print("durable_writes_per_s", rate);
	sample_print("durable_syncs_per_s",
		(double)(vault->log.syncs - syncs) / ((double)vault->settings->milliseconds / 1e3));
}

void workload_open_loop(struct vault *vault)
{
	uint64_t threads = vault->settings->threads;
	struct worker first = { .vault = vault,
		.interval = 1000000000u * threads / vault->settings->rate };
	struct worker *workers;

	zipf_init(&first.zipf, vault->settings->keys);
	first.first_due = sample_now_ns() + 1000000;
	first.end = first.first_due + vault->settings->milliseconds * 1000000u;
	workers = run(&first, threads, open_loop);
	for (uint64_t i = 1; i < threads; i++) {
		sample_latency_merge(workers[0].reads, workers[i].reads);
		sample_latency_merge(workers[0].writes, workers[i].writes);
	}
	sample_latency_print("read", workers[0].reads);
	sample_latency_print("write", workers[0].writes);
	release(workers, threads);
}
