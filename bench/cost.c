/* SPDX-License-Identifier: MIT
 *
 * cost.c - what sampling costs a program, measured from inside it, under any profiler that samples
 * by SIGPROF, or under perf.  Prints words and numbers.
 *
 *	cost slices SLICE_US ROUNDS		a SIGPROF profiler is preloaded
 *	cost slices SLICE_US ROUNDS CTL ACK	perf record --control fifo:CTL,ACK -D -1
 *	cost threads COUNT			create and join, one after the other
 *	cost fork COUNT				fork, _exit, wait
 *	cost memory THREADS CPU_MS		resident, while the threads are there
 *	cost parts				the kernel's share of one sample
 *
 * Slices do the same work in turns, in random order: with the clock stopped, with the clock and a
 * handler that returns at once, and as the profiler has it.  What the machine does else hits all
 * three alike, and each round is compared within itself.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "base/syscalls.h"

#define COUNT_MAX   20000
#define DEPTH	    12		/* two frames each, and those around them: about 30 */
#define TABLE_WORDS (1u << 15)	/* 256 KB: what a handler throws out of the caches shows */
#define CLOCKS_MAX  16

/* As the kernel has it; the C library's differs, and a preloaded one answers for itself, even in
 * syscall(): hence np_syscall(). */
struct kernel_action {
	void (*handler)(int signal, siginfo_t *info, void *context);
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

enum kind { KIND_NONE, KIND_EMPTY, KIND_THEIRS, KINDS };

static uint64_t values[KINDS][COUNT_MAX];
static uint64_t table[TABLE_WORDS];
static uint64_t seed = 88172645463325252u;
static volatile uint64_t sink;
static volatile uint32_t ticks;

static int die(const char *what)
{
	fprintf(stderr, "cost: %s: %s\n", what, strerror(errno));
	return 1;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed >> 11;
}

static int by_value(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static uint64_t median(uint64_t *samples, size_t count)
{
	qsort(samples, count, sizeof(*samples), by_value);
	return samples[count / 2];
}

/* Some tens of microseconds of arithmetic and memory. */
__attribute__((noinline)) static void unit(void)
{
	uint64_t at = 1;

	for (int i = 0; i < 6000; i++) {
		at = (at ^ at >> 31) * 0x9e3779b97f4a7c15u + table[at % TABLE_WORDS];
		table[at % TABLE_WORDS] += at;
	}
	sink += at;
}

static void descend(unsigned int depth);

#define STEP(n, bytes)                                                                             \
	__attribute__((noinline)) static void step_##n(unsigned int depth)                         \
	{                                                                                          \
		volatile char room[bytes];                                                         \
		room[0] = (char)depth;                                                             \
		descend(depth);                                                                    \
		sink += (uint64_t)room[0];                                                         \
	}
STEP(a, 24)
STEP(b, 88)

__attribute__((noinline)) static void descend(unsigned int depth)
{
	if (depth == 0)
		unit();
	else if (next_random() % 8 == 0)
		step_a(depth - 1);
	else
		step_b(depth - 1);
	sink++;
}

static uint64_t slice_ns(uint64_t units)
{
	uint64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	while (units-- > 0)
		descend(DEPTH);
	return clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
}

/* The profiler's clock and handler. */
static int clocks[CLOCKS_MAX];
static unsigned int clock_count;
static struct itimerval interval;
static struct kernel_action theirs, empty;

static void empty_handler(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	(void)context;
	ticks++;
}

static void find_perf_clocks(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	char target[64];

	while (dir && (entry = readdir(dir)) && clock_count < CLOCKS_MAX) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		if (n > 0 && (target[n] = '\0', strcmp(target, "anon_inode:[perf_event]") == 0))
			clocks[clock_count++] = atoi(entry->d_name);
	}
	if (dir)
		closedir(dir);
}

static bool find_profiler(void)
{
	find_perf_clocks();
	np_syscall(SYS_getitimer, ITIMER_PROF, &interval);
	interval.it_value = interval.it_interval;
	if (np_syscall(SYS_rt_sigaction, SIGPROF, NULL, &theirs, 8) < 0 || (uintptr_t)theirs.handler < 2 ||
	    (clock_count == 0 && !interval.it_value.tv_sec && !interval.it_value.tv_usec)) {
		fputs("cost: no perf_event or interval timer that sends SIGPROF: preload a profiler\n", stderr);
		return false;
	}
	empty = theirs;
	empty.handler = empty_handler;
	return true;
}

static void set_profiler(enum kind kind)
{
	static const struct itimerval never;

	np_syscall(SYS_rt_sigaction, SIGPROF, kind == KIND_EMPTY ? &empty : &theirs, NULL, 8);
	for (unsigned int i = 0; i < clock_count; i++)
		ioctl(clocks[i], kind == KIND_NONE ? PERF_EVENT_IOC_DISABLE : PERF_EVENT_IOC_ENABLE, 0);
	if (clock_count == 0)
		np_syscall(SYS_setitimer, ITIMER_PROF, kind == KIND_NONE ? &never : &interval, NULL);
}

static int control_fd = -1, ack_fd = -1;

static void set_perf(enum kind kind)
{
	const char *word = kind == KIND_NONE ? "disable\n" : "enable\n";
	char answer[8];

	if (write(control_fd, word, strlen(word)) < 0 || read(ack_fd, answer, sizeof(answer)) <= 0)
		exit(die("perf's control"));
}

static int slices(uint64_t slice_us, size_t rounds, const char *control, const char *ack)
{
	enum kind kinds[KINDS] = { KIND_NONE, KIND_THEIRS, KIND_EMPTY };
	unsigned int count = control ? 2 : 3;
	uint64_t units = 1;

	if (control) {
		control_fd = open(control, O_RDWR | O_CLOEXEC);
		ack_fd = open(ack, O_RDWR | O_CLOEXEC);
		if (control_fd < 0 || ack_fd < 0)
			return die("perf's control");
	} else if (!find_profiler()) {
		return 1;
	}
	slice_ns(2000);		/* the pages of the table, and the frequency of the processor */
	units = 1000 * slice_us * 1000 / slice_ns(1000) + 1;
	for (size_t round = 0; round < rounds; round++) {
		for (unsigned int i = count - 1; i > 0; i--) {		/* shuffle */
			unsigned int j = (unsigned int)(next_random() % (i + 1));
			enum kind kind = kinds[i];

			kinds[i] = kinds[j];
			kinds[j] = kind;
		}
		for (unsigned int i = 0; i < count; i++) {
			control ? set_perf(kinds[i]) : set_profiler(kinds[i]);
			values[kinds[i]][round] = slice_ns(units);
		}
	}
	control ? set_perf(KIND_NONE) : set_profiler(KIND_THEIRS);
	for (size_t round = 0; round < rounds; round++)
		printf("%llu %llu %llu\n", (unsigned long long)values[KIND_NONE][round],
		       (unsigned long long)values[KIND_EMPTY][round],
		       (unsigned long long)values[KIND_THEIRS][round]);
	printf("ticks %u\n", ticks);
	return 0;
}

static void *nothing(void *argument)
{
	return argument;
}

static int threads(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t start = clock_ns(CLOCK_MONOTONIC);
		pthread_t thread;

		errno = pthread_create(&thread, NULL, nothing, NULL);
		if (errno)
			return die("pthread_create");
		pthread_join(thread, NULL);
		values[0][i] = clock_ns(CLOCK_MONOTONIC) - start;
	}
	printf("ns %llu\n", (unsigned long long)median(values[0], count));
	return 0;
}

static int forks(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t start = clock_ns(CLOCK_MONOTONIC);
		pid_t child = fork();

		if (child < 0)
			return die("fork");
		if (child == 0)
			_exit(0);
		waitpid(child, NULL, 0);
		values[0][i] = clock_ns(CLOCK_MONOTONIC) - start;
	}
	printf("ns %llu\n", (unsigned long long)median(values[0], count));
	return 0;
}

static uint64_t thread_ns;
static pthread_barrier_t barrier;

static void *busy(void *argument)
{
	uint64_t until = clock_ns(CLOCK_THREAD_CPUTIME_ID) + thread_ns;

	while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < until)
		sink += next_random();
	pthread_barrier_wait(&barrier);		/* all have worked */
	pthread_barrier_wait(&barrier);		/* it was read */
	return argument;
}

static int memory(unsigned int count, uint64_t cpu_ms)
{
	char line[128];
	pthread_t thread;
	FILE *file;

	thread_ns = cpu_ms * 1000000u / count;
	pthread_barrier_init(&barrier, NULL, count + 1);
	for (unsigned int i = 0; i < count; i++) {
		errno = pthread_create(&thread, NULL, busy, NULL);
		if (errno)
			return die("pthread_create");
	}
	pthread_barrier_wait(&barrier);
	file = fopen("/proc/self/smaps_rollup", "re");
	if (!file)
		return die("/proc/self/smaps_rollup");
	while (fgets(line, sizeof(line), file)) {
		unsigned long kilobytes;
		char name[32];

		if (sscanf(line, "%31[A-Za-z_]: %lu kB", name, &kilobytes) == 2)
			printf("%s %lu\n", name, kilobytes);
	}
	fclose(file);
	pthread_barrier_wait(&barrier);
	return 0;
}

/* Cycles of what every sample needs from the kernel, whoever takes it. */
static int parts(void)
{
	struct sigaction action = { .sa_sigaction = empty_handler, .sa_flags = SA_SIGINFO | SA_RESTART };
	pid_t pid = getpid(), tid = (pid_t)syscall(SYS_gettid);
	struct timespec now;
	size_t i, count = 5000;

	sigaction(SIGUSR1, &action, NULL);
	for (i = 0; i < count; i++) {
		uint64_t start = __rdtsc();

		syscall(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, &now);
		values[0][i] = __rdtsc() - start;
	}
	for (i = 0; i < count; i++) {
		uint64_t start = __rdtsc();

		syscall(SYS_getppid);
		values[1][i] = __rdtsc() - start;
	}
	for (i = 0; i < count; i++) {
		uint64_t start = __rdtsc();

		syscall(SYS_tgkill, pid, tid, SIGUSR1);
		values[2][i] = __rdtsc() - start;
	}
	printf("clock %llu call %llu signal %llu\n", (unsigned long long)median(values[0], count),
	       (unsigned long long)median(values[1], count), (unsigned long long)median(values[2], count));
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	uint64_t second = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	const char *what = argc > 1 ? argv[1] : "";
	bool in_bounds = first >= 1 && first <= COUNT_MAX;

	if (strcmp(what, "slices") == 0 && first > 0 && second >= 1 && second <= COUNT_MAX)
		return slices(first, second, argc > 5 ? argv[4] : NULL, argc > 5 ? argv[5] : NULL);
	if (strcmp(what, "threads") == 0 && in_bounds)
		return threads(first);
	if (strcmp(what, "fork") == 0 && in_bounds)
		return forks(first);
	if (strcmp(what, "memory") == 0 && in_bounds && second > 0)
		return memory((unsigned int)first, second);
	if (strcmp(what, "parts") == 0)
		return parts();
	fputs("usage: cost slices SLICE_US ROUNDS [CTL ACK] | threads COUNT | fork COUNT |\n"
	      "       memory THREADS CPU_MS | parts\n", stderr);
	return 2;
}
