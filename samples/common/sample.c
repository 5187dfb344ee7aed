/* SPDX-License-Identifier: MIT
 *
 * sample.c - clocks, latencies and results; see sample.h.
 */
#include "sample.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

uint64_t sample_checksum(uint64_t hash, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3u;
	return hash;
}

static uint64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t sample_now_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t sample_thread_cpu_ns(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t sample_process_cpu_ns(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

void sample_sleep_until(uint64_t monotonic_ns)
{
	struct timespec until = { (time_t)(monotonic_ns / 1000000000u),
		(long)(monotonic_ns % 1000000000u) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

void sample_spin(uint64_t cpu_ns)
{
	uint64_t end = sample_thread_cpu_ns() + cpu_ns;

	while (sample_thread_cpu_ns() < end)
		;
}

uint64_t sample_peak_rss_bytes(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)usage.ru_maxrss * 1024;
}

void sample_latency_add(struct sample_latency *latency, uint64_t ns)
{
	latency->counts[np_loglinear_bucket(ns)]++;
	if (ns > latency->worst)
		latency->worst = ns;
}

void sample_latency_merge(struct sample_latency *into, const struct sample_latency *from)
{
	for (uint32_t i = 0; i < NP_LOGLINEAR_BUCKETS; i++)
		into->counts[i] += from->counts[i];
	if (from->worst > into->worst)
		into->worst = from->worst;
}

double sample_latency_ms(const struct sample_latency *latency, double quantile)
{
	return (double)np_loglinear_quantile(latency->counts, quantile) / 1e6;
}

void sample_latency_print(const char *name, const struct sample_latency *latency)
{
	uint64_t count = np_loglinear_total(latency->counts);

	printf("%s_count=%llu\n", name, (unsigned long long)count);
	if (!count)
		return;
	printf("%s_p50_ms=%.6g\n", name, sample_latency_ms(latency, 0.5));
	printf("%s_p99_ms=%.6g\n", name, sample_latency_ms(latency, 0.99));
	printf("%s_p999_ms=%.6g\n", name, sample_latency_ms(latency, 0.999));
	printf("%s_max_ms=%.6g\n", name, (double)latency->worst / 1e6);
}

void sample_print(const char *name, double value)
{
	if (isfinite(value))
		printf("%s=%.6g\n", name, value);
}

void sample_print_whole(const char *name, uint64_t value)
{
	printf("%s=%llu\n", name, (unsigned long long)value);
}

void sample_print_checksum(const char *name, uint64_t value)
{
	printf("%s=0x%016llx\n", name, (unsigned long long)value);
}

__attribute__((format(printf, 1, 0))) static void complain(const char *format, va_list arguments)
{
	fflush(stdout);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

void sample_fail(const char *format, ...)
{
	static int failed;
	va_list arguments;

	while (__atomic_exchange_n(&failed, 1, __ATOMIC_RELAXED))	/* another thread said so already */
		pause();
	va_start(arguments, format);
	complain(format, arguments);
	va_end(arguments);
	exit(1);
}

void sample_usage_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	complain(format, arguments);
	va_end(arguments);
	exit(2);
}

void *sample_allocate(size_t bytes)
{
	void *memory = calloc(1, bytes ? bytes : 1);

	if (!memory)
		sample_fail("out of memory for %zu bytes: ask for a smaller size", bytes);
	return memory;
}

bool sample_is(const char *choice, const char *name)
{
	return strcmp(choice, name) == 0;
}
