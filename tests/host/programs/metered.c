/* SPDX-License-Identifier: MIT
 *
 * metered.c - a program that counts what it does, and says the truth on standard output.
 *
 * metered THREADS ROUNDS: each thread adds to counters, records values 1..1000, opens nested spans
 * of which some burn CPU; then all is printed as the metrics must have it.  metered cost: ns a call.
 * metered deep N: spans nested N deeper than 32.
 */
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "neuroprof/neuroprof.h"

/* Kept as one function of its own name. */
#if defined(__has_attribute) && __has_attribute(noipa)
#define FUNCTION __attribute__((noipa))
#else
#define FUNCTION __attribute__((noinline))
#endif

static struct neuroprof_metric *calls, *labelled, *level, *sizes, *outer, *inner, *slow;
static long rounds;
static volatile long rounds_slow;

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

FUNCTION static void burn_fast(uint64_t ns)
{
	for (uint64_t end = now_ns(CLOCK_THREAD_CPUTIME_ID) + ns; now_ns(CLOCK_THREAD_CPUTIME_ID) < end;)
		;
}

FUNCTION static void burn_slow(uint64_t ns)
{
	rounds_slow++;			/* or the two would be folded into one */
	for (uint64_t end = now_ns(CLOCK_THREAD_CPUTIME_ID) + ns; now_ns(CLOCK_THREAD_CPUTIME_ID) < end;)
		;
}

static void *work(void *argument)
{
	long number = (long)(intptr_t)argument;

	for (long i = 0; i < rounds; i++) {
		uint64_t span = neuroprof_span_begin(outer), within = neuroprof_span_begin(inner);

		neuroprof_counter_add(calls, 1);
		neuroprof_counter_add(labelled, 2);
		neuroprof_gauge_add(level, i & 1 ? -1.5 : 1.5);
		neuroprof_histogram_record(sizes, (uint64_t)(i % 1000) + 1);
		burn_fast(200000);
		neuroprof_span_end(within);
		if (i % 50 == 49) {	/* one in fifty is slow */
			uint64_t rare = neuroprof_span_begin(slow);

			burn_slow(4000000);
			neuroprof_span_end(rare);
		}
		neuroprof_span_end(span);
	}
	(void)number;
	return NULL;
}

/* CPU time: what else runs is not the question. */
static double each(uint64_t begun, long calls_made)
{
	return (double)(now_ns(CLOCK_THREAD_CPUTIME_ID) - begun) / (double)calls_made;
}

/* The compiler may not know what lies in memory from one call to the next: or without the library all of
 * the loop would be a test before it. */
static inline long next_call(long i)
{
	__asm__ volatile("" ::: "memory");
	return i + 1;
}

static int cost(void)
{
	enum { CALLS = 1000000 };
	uint64_t begun = now_ns(CLOCK_THREAD_CPUTIME_ID);

	for (long i = 0; i < CALLS; i = next_call(i))
		neuroprof_counter_add(calls, 1);
	printf("counter_ns=%.2f\n", each(begun, CALLS));
	begun = now_ns(CLOCK_THREAD_CPUTIME_ID);
	for (long i = 0; i < CALLS; i = next_call(i))
		neuroprof_gauge_set(level, (double)i);
	printf("gauge_ns=%.2f\n", each(begun, CALLS));
	begun = now_ns(CLOCK_THREAD_CPUTIME_ID);
	for (long i = 0; i < CALLS; i = next_call(i))
		neuroprof_histogram_record(sizes, (uint64_t)i);
	printf("histogram_ns=%.2f\n", each(begun, CALLS));
	begun = now_ns(CLOCK_THREAD_CPUTIME_ID);
	for (long i = 0; i < CALLS; i = next_call(i))
		neuroprof_span_end(neuroprof_span_begin(outer));
	printf("span_ns=%.2f\n", each(begun, CALLS));
	return 0;
}

/* As many as are kept, and EXTRA ones within them. */
static void nest(long extra)
{
	uint64_t span = neuroprof_span_begin(inner);

	if (extra > -32)
		nest(extra - 1);
	else
		burn_fast(20000000);
	neuroprof_span_end(span);
}

static void remote(void)
{
	static const char header[] = "00-0123456789abcdef0123456789abcdef-00f067aa0ba902b7-01";
	char text[NEUROPROF_TRACEPARENT_BYTES];
	uint64_t span = neuroprof_span_begin_remote(outer, header);

	if (neuroprof_traceparent(text) && strncmp(text, header, 36) == 0 &&
	    strcmp(text + 52, "-01") == 0 && strncmp(text + 36, header + 36, 16) != 0)
		puts("trace=continued");
	neuroprof_span_end(span);
	span = neuroprof_span_begin_remote(outer, "00-nonsense");
	if (neuroprof_traceparent(text) && strlen(text) == 55)
		puts("damaged=own trace");
	neuroprof_span_end(span);
	if (!neuroprof_traceparent(text) && !*text)
		puts("outside=none");
}

int main(int argc, char **argv)
{
	long threads = argc > 1 ? atol(argv[1]) : 1;
	pthread_t made[64];

	calls = neuroprof_counter("calls", "1", NULL);
	labelled = neuroprof_counter("calls", "1", "route=/a");
	level = neuroprof_gauge("level", "{item}", NULL);
	sizes = neuroprof_histogram("sizes", "By", NULL);
	outer = neuroprof_span("outer");
	inner = neuroprof_span("inner");
	slow = neuroprof_span("slow");
	printf("same=%d other=%d wrong=%d\n", calls == neuroprof_counter("calls", "1", NULL),
	       calls != labelled, neuroprof_counter("9 lives", "1", NULL) == NULL);
	if (argc > 1 && strcmp(argv[1], "cost") == 0)
		return cost();
	if (argc > 2 && strcmp(argv[1], "deep") == 0) {
		nest(atol(argv[2]) - 1);
		return 0;
	}
	rounds = argc > 2 ? atol(argv[2]) : 100;
	remote();
	for (long i = 0; i < threads && i < 64; i++)
		pthread_create(&made[i], NULL, work, (void *)(intptr_t)i);
	for (long i = 0; i < threads && i < 64; i++)
		pthread_join(made[i], NULL);
	neuroprof_gauge_set(level, 42.5);
	if (argc > 3 && strcmp(argv[3], "fork") == 0) {
		pid_t pid = fork();

		if (pid == 0) {		/* the child counts anew */
			neuroprof_counter_add(calls, 7);
			burn_fast(50000000);
			exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	if (argc > 3 && strcmp(argv[3], "kill") == 0)
		kill(getpid(), 9);
	printf("calls=%ld\n", threads * rounds);
	return 0;
}
