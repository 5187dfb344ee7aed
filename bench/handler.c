/* SPDX-License-Identifier: MIT
 *
 * handler.c - what a profiler's signal handler costs, in time-stamp counter cycles, and what
 * sampling costs a whole program.
 *
 *   handler leaf|new|path DEPTH SAMPLES     run with the profiler preloaded
 *   handler work DEPTH MILLIONS [HZ]        HZ: our own clock and an empty handler, the floor
 *
 * Any profiler that samples by SIGPROF can be measured as it is: the kernel is asked for the
 * handler that the profiler installed, and a wrapper that reads the counter around it takes its
 * place.  So every figure is one real sample of the stock library, stack recorded, from its own
 * timer.
 *
 *   leaf   between two samples only the innermost function changes
 *   new    between two samples the whole stack is left and built again elsewhere, of the same calls
 *   path   the same, of calls that were (for all but the shallowest stacks) never seen before
 */
#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "base/syscalls.h"

#define SAMPLES_MAX 100000
#define PROBE_SECONDS 5			/* of CPU time without a sample: there is no profiler */

/* As the kernel has it; the C library's differs, and a preloaded one answers for itself, even in
 * syscall(): hence np_syscall(). */
struct kernel_action {
	void (*handler)(int signal, siginfo_t *info, void *context);
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

enum mode { MODE_LEAF, MODE_NEW, MODE_PATH, MODE_WORK };

static void (*theirs)(int signal, siginfo_t *info, void *context);
static uint32_t cycles[SAMPLES_MAX];
static volatile uint32_t taken;
static uint32_t wanted;
static enum mode mode;
static uint64_t seed = 88172645463325252u;
static volatile uint64_t sink;

static void measured(int signal, siginfo_t *info, void *context)
{
	uint64_t start = __rdtsc();

	theirs(signal, info, context);
	if (taken < SAMPLES_MAX)
		cycles[taken] = (uint32_t)(__rdtsc() - start);
	taken++;
}

static void empty(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	(void)context;
}

static int die(const char *what)
{
	fprintf(stderr, "handler: %s: %s\n", what, strerror(errno));
	return 1;
}

static bool wrap_their_handler(void)
{
	struct kernel_action action;

	if (np_syscall(SYS_rt_sigaction, SIGPROF, NULL, &action, 8) < 0 ||
	    (uintptr_t)action.handler < 2 || !(action.flags & SA_SIGINFO)) {
		fprintf(stderr, "handler: nobody handles SIGPROF here: preload a profiler\n");
		return false;
	}
	theirs = action.handler;
	action.handler = measured;
	return np_syscall(SYS_rt_sigaction, SIGPROF, &action, NULL, 8) == 0;
}

/* The floor: the clock that a good sampler takes, and a handler that does nothing. */
static bool start_empty_sampling(uint64_t hz)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.sample_period = 1000000000u / hz,
		.disabled = 1,
		.exclude_hv = 1,
		.wakeup_events = 1,
	};
	struct sigaction action = { .sa_sigaction = empty, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct f_owner_ex owner = { .type = F_OWNER_TID, .pid = (pid_t)syscall(SYS_gettid) };
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	return fd >= 0 && sigaction(SIGPROF, &action, NULL) == 0 &&
	       fcntl(fd, F_SETOWN_EX, &owner) == 0 && fcntl(fd, F_SETSIG, SIGPROF) == 0 &&
	       fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK) == 0 &&
	       ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) == 0;
}

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Spin until the next sample; four of them, so that the leaf can be another one each time. */
#define LEAF(n)                                                                                    \
	__attribute__((noinline)) static void leaf_##n(void)                                       \
	{                                                                                          \
		uint32_t before = taken;                                                           \
		uint64_t until = cpu_ns() + PROBE_SECONDS * 1000000000ull;                         \
		while (taken == before) {                                                          \
			for (int i = 0; i < 100000 && taken == before; i++)                        \
				sink += n;                                                         \
			if (taken == before && cpu_ns() > until) {                                 \
				fprintf(stderr, "handler: no sample in %d s\n", PROBE_SECONDS);    \
				exit(1);                                                           \
			}                                                                          \
		}                                                                                  \
	}
LEAF(0)
LEAF(1)
LEAF(2)
LEAF(3)

static void bottom(void)
{
	static void (*const leaves[])(void) = { leaf_0, leaf_1, leaf_2, leaf_3 };

	do
		leaves[taken % 4]();
	while (mode == MODE_LEAF && taken < wanted);
}

static uint64_t millions;

/* A fixed amount of arithmetic. */
__attribute__((noinline)) static void work(void)
{
	uint64_t value = 1;

	for (uint64_t i = 0; i < millions * 1000000u; i++) {
		value ^= value << 7;
		value = value * 0x9e3779b97f4a7c15u + i;
	}
	sink += value;
}

static int descend(unsigned int depth);

/* Two functions of different frames; which of them comes next is chance when paths are wanted. */
#define STEP(n, bytes)                                                                             \
	__attribute__((noinline)) static int step_##n(unsigned int depth)                          \
	{                                                                                          \
		volatile char room[bytes];                                                         \
		room[0] = (char)depth;                                                             \
		return descend(depth) + room[0];                                                   \
	}
STEP(a, 24)
STEP(b, 88)

/* Two frames a level. */
__attribute__((noinline)) static int descend(unsigned int depth)
{
	bool other = mode == MODE_PATH ? next_random() >> 40 & 1 : depth % 2;

	if (depth == 0) {
		if (mode == MODE_WORK)
			work();
		else
			bottom();
		return 1;
	}
	return (other ? step_a(depth - 1) : step_b(depth - 1)) + 1;
}

static void rebuild(unsigned int depth)
{
	volatile char *shift = alloca(16 + 16 * (taken % 61));

	shift[0] = 1;
	descend(depth);
}

static int by_value(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

static uint32_t percentile(const uint32_t *sorted, uint32_t count, uint32_t percent)
{
	return sorted[(uint64_t)(count - 1) * percent / 100];
}

static int measure(unsigned int depth)
{
	uint32_t skip = wanted / 10;	/* a profiler warms up; the first has a figure of its own */
	uint32_t *steady = cycles + skip, count = wanted - skip;

	if (!wrap_their_handler())
		return 1;
	while (taken < wanted)
		rebuild(depth);
	qsort(steady, count, sizeof(*steady), by_value);
	printf("first %u p50 %u p90 %u p99 %u samples %u\n", cycles[0],
	       percentile(steady, count, 50), percentile(steady, count, 90),
	       percentile(steady, count, 99), count);
	return 0;
}

int main(int argc, char **argv)
{
	static const char *const modes[] = { "leaf", "new", "path", "work" };
	unsigned int frames = argc > 2 ? (unsigned int)atoi(argv[2]) : 0;
	/* Around them: _start, two of libc, main, measure, rebuild, descend, bottom, leaf. */
	unsigned int depth = frames > 9 ? (frames - 9) / 2 : 0;
	uint64_t start;

	while (mode < 4 && (argc < 4 || strcmp(argv[1], modes[mode]) != 0))
		mode++;
	if (mode == 4 || frames == 0) {
		fprintf(stderr, "usage: handler leaf|new|path DEPTH SAMPLES\n"
				"       handler work DEPTH MILLIONS [HZ]\n");
		return 2;
	}
	if (mode == MODE_WORK) {
		millions = strtoull(argv[3], NULL, 10);
		if (argc > 4 && !start_empty_sampling(strtoull(argv[4], NULL, 10)))
			return die("no perf_event clock");
		start = cpu_ns();
		descend(depth);
		printf("cpu_ns %llu\n", (unsigned long long)(cpu_ns() - start));
		return 0;
	}
	wanted = (uint32_t)atoi(argv[3]);
	if (wanted < 100 || wanted > SAMPLES_MAX) {
		fprintf(stderr, "handler: SAMPLES is %s; it must be from 100 to %d\n", argv[3],
			SAMPLES_MAX);
		return 2;
	}
	return measure(depth);
}
