/* SPDX-License-Identifier: MIT
 *
 * host_killed.c - threads that note in a file what they have used and how often they were sampled,
 * until somebody kills the process, or it does so itself.
 *
 *	host_killed FILE THREADS [abort|segfault|exit_group|cpu|memory|cgroup]
 *
 * The profiler's handler is wrapped, so the threads know which of their ticks became samples: the
 * count of their entry in the spool says so before and after.  What is noted is in the file whatever
 * happens, for it is mapped.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/syscalls.h"
#include "spool/layout.h"

#define THREADS_MAX 16
#define PATIENCE_NS 5000000000u		/* for the first sample */

struct note {				/* a cache line; read by hostile_kill.py */
	uint64_t used_ns;		/* CPU time, after each piece of work */
	uint64_t tid;
	uint64_t before;		/* samples before the handler was wrapped */
	uint64_t entered, left;		/* ticks */
	uint64_t idle;			/* ticks that left without a sample, as early ones do */
	uint64_t reserved[2];
};

/* As the kernel has it. */
struct kernel_action {
	void (*handler)(int signal, siginfo_t *info, void *context);
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

static volatile struct note *notes;
static void (*theirs)(int signal, siginfo_t *info, void *context);
static struct np_spool_header *spool;
static uint32_t slots;
static _Thread_local volatile struct note *mine;
static _Thread_local struct np_spool_thread *entry;
static volatile unsigned long sink;

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Samples that this thread has committed. */
static uint64_t committed(void)
{
	struct np_spool_thread *all = (void *)((char *)spool + spool->threads.offset);
	uint64_t ready = __atomic_load_n(&spool->threads.ready, __ATOMIC_ACQUIRE) / sizeof(*all);

	for (uint64_t i = 1; !entry && i < ready; i++)
		if (__atomic_load_n(&all[i].ready, __ATOMIC_ACQUIRE) && all[i].tid == mine->tid)
			entry = &all[i];
	return entry ? __atomic_load_n(&entry->samples, __ATOMIC_RELAXED) : 0;
}

/* Once a thread, by its first tick or its first work: no tick in between. */
static void take_slot(void)
{
	uint64_t profiling = 1ull << (SIGPROF - 1), before;

	np_syscall(SYS_rt_sigprocmask, SIG_BLOCK, &profiling, &before, 8);
	if (!mine) {
		mine = &notes[__atomic_fetch_add(&slots, 1, __ATOMIC_RELAXED) % THREADS_MAX];
		mine->tid = (uint64_t)np_syscall(SYS_gettid);
	}
	np_syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, 8);
}

static void watched(int signal, siginfo_t *info, void *context)
{
	uint64_t before;

	if (!mine)
		take_slot();
	before = committed();
	mine->entered++;
	theirs(signal, info, context);
	mine->idle += committed() == before;
	mine->left++;
}

/* The spool is mapped by the first sample. */
static struct np_spool_header *find_spool(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[600];
	unsigned long start = 0;

	while (maps && !start && fgets(line, sizeof(line), maps))
		if (strstr(line, NP_SPOOL_SUFFIX "\n"))
			start = strtoul(line, NULL, 16);
	if (maps)
		fclose(maps);
	return (struct np_spool_header *)start;
}

static int watch(void)
{
	struct kernel_action action;
	uint64_t profiling = 1ull << (SIGPROF - 1);

	while (!spool && cpu_ns() < PATIENCE_NS)
		spool = find_spool();
	if (!spool || np_syscall(SYS_rt_sigaction, SIGPROF, NULL, &action, 8) < 0)
		return -1;
	theirs = action.handler;
	action.handler = watched;
	np_syscall(SYS_rt_sigprocmask, SIG_BLOCK, &profiling, NULL, 8);
	mine->before = committed();
	np_syscall(SYS_rt_sigaction, SIGPROF, &action, NULL, 8);
	np_syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &profiling, NULL, 8);
	return 0;
}

__attribute__((noinline)) static void leaf(int rounds)
{
	for (int i = 0; i < rounds; i++)
		sink += (unsigned long)i;
}

/* A new stack whenever it is looked at: the two ways down are taken by the bits of COUNT. */
static void left(unsigned count, int depth);
static void right(unsigned count, int depth);

__attribute__((noinline)) static void next(unsigned count, int depth)
{
	if (depth == 0)
		leaf(300);
	else if (count >> (depth % 32) & 1)
		left(count, depth - 1);
	else
		right(count, depth - 1);
	sink++;
}

__attribute__((noinline)) static void left(unsigned count, int depth)
{
	next(count, depth);
	sink++;
}

__attribute__((noinline)) static void right(unsigned count, int depth)
{
	next(count, depth);
	sink++;
}

static void *work(void *argument)
{
	unsigned count = (unsigned)(uintptr_t)argument;

	take_slot();
	for (;; count++) {
		next(count * 2654435761u, 60);
		mine->used_ns = cpu_ns();
	}
	return NULL;
}

static void *eat(void *unused)
{
	for (;;) {
		memset(malloc(100000), 1, 100000);
		mine->used_ns = cpu_ns();
	}
	return unused;
}

static int end(const char *how)
{
	volatile int *volatile nowhere = NULL;
	struct rlimit second = { 1, 1 }, room = { 1u << 28, 1u << 28 };

	while (cpu_ns() < 300000000) {
		next((unsigned)sink, 60);
		mine->used_ns = cpu_ns();
	}
	if (!strcmp(how, "abort"))
		abort();
	if (!strcmp(how, "segfault"))
		*nowhere = 1;
	if (!strcmp(how, "exit_group"))
		np_syscall(SYS_exit_group, 5);
	if (!strcmp(how, "cpu")) {
		setrlimit(RLIMIT_CPU, &second);
		work(NULL);
	}
	if (!strcmp(how, "memory")) {
		setrlimit(RLIMIT_AS, &room);
		eat(NULL);
	}
	if (!strcmp(how, "cgroup"))	/* it has a bound: the test made it */
		eat(NULL);
	return 98;
}

int main(int argc, char **argv)
{
	int fd = argc > 2 ? open(argv[1], O_RDWR | O_CREAT, 0600) : -1;
	long threads = argc > 2 ? atol(argv[2]) : 0;
	pthread_t thread;

	if (fd < 0 || ftruncate(fd, THREADS_MAX * sizeof(struct note)) < 0 || threads > THREADS_MAX)
		return 99;
	notes = mmap(NULL, THREADS_MAX * sizeof(struct note), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	take_slot();
	if (watch() < 0)
		return 97;
	for (long i = 1; i < threads; i++)
		pthread_create(&thread, NULL, work, (void *)i);
	if (argc > 3)
		return end(argv[3]);
	work(NULL);
	return 0;
}
