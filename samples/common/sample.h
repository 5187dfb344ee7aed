/* SPDX-License-Identifier: MIT
 *
 * sample.h - what the four component programs share: seeded data, clocks, latencies, results.
 *
 * Results are lines `name=value` on standard output; a self-check that fails is one line on standard
 * error and exit status 1, a wrong option exit status 2.  Context: the samples, ordinary programs.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loglinear.h"

/* Kept as one function of its own name in a profile: not inlined, cloned, or split. */
#if defined(__has_attribute) && __has_attribute(noipa)
#define SAMPLE_FUNCTION __attribute__((noipa))
#else
#define SAMPLE_FUNCTION __attribute__((noinline))
#endif

struct sample_random {
	uint64_t state;
};

/* splitmix64 (S. Vigna, public domain algorithm): the same numbers everywhere for a seed. */
static inline uint64_t sample_random_next(struct sample_random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static inline uint32_t sample_random_below(struct sample_random *random, uint32_t bound)
{
	return (uint32_t)((sample_random_next(random) >> 32) * bound >> 32);
}

static inline double sample_random_unit(struct sample_random *random)	/* [0, 1) */
{
	return (double)(sample_random_next(random) >> 11) * 0x1p-53;
}

/* One well-mixed hash of a 64-bit key. */
static inline uint64_t sample_hash(uint64_t key)
{
	struct sample_random random = { key };

	return sample_random_next(&random);
}

/* FNV-1a over SIZE bytes, continuing from HASH (SAMPLE_CHECKSUM_START at first). */
#define SAMPLE_CHECKSUM_START 0xcbf29ce484222325u
uint64_t sample_checksum(uint64_t hash, const void *data, size_t size);

uint64_t sample_now_ns(void);		/* CLOCK_MONOTONIC */
uint64_t sample_thread_cpu_ns(void);
uint64_t sample_process_cpu_ns(void);
void sample_sleep_until(uint64_t monotonic_ns);
void sample_spin(uint64_t cpu_ns);	/* burn this thread's CPU */
uint64_t sample_peak_rss_bytes(void);

/* Latencies in ns; merged over threads by adding.  38 KB: allocate it. */
struct sample_latency {
	uint64_t counts[NP_LOGLINEAR_BUCKETS];
	uint64_t worst;
};

void sample_latency_add(struct sample_latency *latency, uint64_t ns);
void sample_latency_merge(struct sample_latency *into, const struct sample_latency *from);
double sample_latency_ms(const struct sample_latency *latency, double quantile);
/* NAME_p50_ms, NAME_p99_ms, NAME_p999_ms, NAME_max_ms and NAME_count. */
void sample_latency_print(const char *name, const struct sample_latency *latency);

void sample_print(const char *name, double value);
void sample_print_whole(const char *name, uint64_t value);
void sample_print_checksum(const char *name, uint64_t value);

void sample_fail(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));	/* exit status 1 */
void sample_usage_error(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));	/* exit status 2 */
void *sample_allocate(size_t bytes);	/* zeroed; fails by sample_fail() */

/* One option with a value; `whole` and `text` say where it goes. */
struct sample_option {
	const char *name;		/* without "--"; NULL ends the table */
	const char *help;
	uint64_t *whole;		/* a number between least and most, or */
	uint64_t least, most;
	const char **choice;		/* one of `choices`, NULL-terminated */
	const char *const *choices;
	const char **text;		/* any text */
};

/* Read `--name value` and `--name=value`, --help and --version; nothing else is accepted. */
void sample_options(int argc, char **argv, const char *summary, const struct sample_option *table);

/* Is this the defect that was asked for?  DEFECT is what --defect gave, "none" at first. */
bool sample_is(const char *choice, const char *name);

#endif
