/* SPDX-License-Identifier: MIT
 *
 * work.c - a program of known cost, for bench/verdict.py.
 *
 * bench-work MS: so many ms of arithmetic, counted in rounds and not by the clock, so that a longer
 * run is more work.  bench-work requests [stall]: 400 requests of 50 us; with "stall" one in fifty
 * takes 20 times as long, by the CPU clock.  Prints request_p50_ms, request_p99_ms and request_count.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS_PER_MS 400000u
#define REQUESTS      400u

static uint64_t work(uint64_t rounds)
{
	uint64_t x = 88172645463325252u;

	while (rounds--) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	return x;
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);	/* what others do is not the question */
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void serve(int stall)
{
	static double took[REQUESTS];
	volatile uint64_t sink;

	for (unsigned i = 0; i < REQUESTS; i++) {
		double begun = now_ms();

		sink = work(ROUNDS_PER_MS / 20 * (stall && i % 50 == 49 ? 20 : 1));
		took[i] = now_ms() - begun;
	}
	(void)sink;
	qsort(took, REQUESTS, sizeof(*took), compare);
	printf("request_count=%u\nrequest_p50_ms=%.6f\nrequest_p99_ms=%.6f\n", REQUESTS,
	       took[REQUESTS / 2], took[REQUESTS * 99 / 100]);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "requests") == 0)
		serve(argc > 2 && strcmp(argv[2], "stall") == 0);
	else if (argc == 2 && atoi(argv[1]) > 0)
		printf("checksum=0x%016llx\n",
		       (unsigned long long)(work((uint64_t)atoi(argv[1]) * ROUNDS_PER_MS) ? 1u : 0u));
	else
		return 2;
	return 0;
}
