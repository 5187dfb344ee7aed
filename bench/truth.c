/* SPDX-License-Identifier: MIT
 *
 * truth.c - programs that know how their CPU time is split among functions.
 *
 *	truth CASE CPU_MS
 *
 * Each thread reads its own CPU clock whenever it leaves one of the functions and books everything
 * since the last reading on it, so nothing is left out but what comes before and after.  Printed:
 *
 *	function NAME NANOSECONDS	one line each; a sample belongs to the innermost of them
 *	total NANOSECONDS		of the whole process
 *	threads COUNT
 *
 * Slices have exponential lengths: a program with a rhythm falls into step with any regular clock of
 * about the same period, the more so as each tick's own cost delays it, and then all of them are wrong
 * by points (with slices of 1 ms, give or take a half, 3 points at 1 kHz; an empty handler that
 * looks at a variable is as wrong as a profiler).  Every function works through burn(), one call further in, for a walk along frame pointers loses the caller of a libc
 * function that has no frame of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifdef __clang__		/* which makes no clones of functions that are not inlined */
#define FUNCTION    __attribute__((noinline, used)) static
#else
#define FUNCTION    __attribute__((noinline, noclone, used)) static
#endif
#define FUNCTIONS   4
#define THREADS_MAX 64
#define DEPTH	    200		/* frames between the root of a deep stack and its work */

struct ledger {			/* one thread's; nobody else touches it until it is joined */
	uint64_t last_ns, until_ns, seed;
	uint64_t booked_ns[FUNCTIONS];
};

struct truth_case {
	const char *name;
	unsigned int threads;
	void (*run)(struct ledger *ledger, unsigned int thread);
	const char *functions[FUNCTIONS];	/* booked_ns[i] is of functions[i] */
};

static const struct truth_case *running;
static uint64_t cpu_ms;
static volatile uint64_t sink;

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Exponential, of this mean; no less than a thousandth of it. */
static uint64_t random_length(struct ledger *ledger, uint64_t mean)
{
	ledger->seed ^= ledger->seed << 13;
	ledger->seed ^= ledger->seed >> 7;
	ledger->seed ^= ledger->seed << 17;
	return mean / 1000 + 1 +
	       (uint64_t)(-log((double)((ledger->seed >> 11) + 1) * 0x1p-53) * (double)mean);
}

static bool is_over(const struct ledger *ledger)
{
	return ledger->last_ns >= ledger->until_ns;
}

/* Work for MEAN_NS on average, and book it. */
FUNCTION void burn(struct ledger *ledger, unsigned int function, uint64_t mean_ns)
{
	uint64_t until = ledger->last_ns + random_length(ledger, mean_ns);
	uint64_t value = until, now;

	do {
		for (int i = 0; i < 1500; i++)
			value = (value ^ value >> 29) * 0x9e3779b97f4a7c15u + 1;
		now = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	} while (now < until);
	sink = value;
	ledger->booked_ns[function] += now - ledger->last_ns;
	ledger->last_ns = now;
}

/* The call is not the last thing that they do: their frames stay. */
#define WORKER(name, index)                                                                        \
	FUNCTION void name(struct ledger *ledger, uint64_t mean_ns)                                \
	{                                                                                          \
		burn(ledger, index, mean_ns);                                                      \
		sink++;                                                                            \
	}

WORKER(hot, 0)
WORKER(cold, 1)
WORKER(steady, 0)
WORKER(bursty, 1)
WORKER(task_a, 0)
WORKER(task_b, 1)
WORKER(task_c, 2)
WORKER(task_d, 3)
WORKER(greedy, 0)
WORKER(modest, 1)
WORKER(user_side, 0)

static void run_split(struct ledger *ledger, unsigned int thread)
{
	(void)thread;
	while (!is_over(ledger)) {
		hot(ledger, 1400000);
		cold(ledger, 600000);
	}
}

static bool steady_done;

/* The clock of sleeping threads stands: the bursty one ends with the steady one. */
static void run_bursty(struct ledger *ledger, unsigned int thread)
{
	const struct timespec pause = { 0, 700000 };

	if (thread == 0) {
		while (!is_over(ledger))
			steady(ledger, 500000);
		__atomic_store_n(&steady_done, true, __ATOMIC_RELAXED);
		return;
	}
	while (!__atomic_load_n(&steady_done, __ATOMIC_RELAXED)) {
		bursty(ledger, 300000);
		nanosleep(&pause, NULL);
	}
}

static void run_tasks(struct ledger *ledger, unsigned int thread)
{
	(void)thread;
	while (!is_over(ledger)) {
		task_a(ledger, 400000);
		task_b(ledger, 300000);
		task_c(ledger, 200000);
		task_d(ledger, 100000);
	}
}

/* Both on one processor; the modest thread gets about a tenth. */
static void run_nice(struct ledger *ledger, unsigned int thread)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	if (thread == 1)
		setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 10);
	if (thread == 0) {
		while (!is_over(ledger))
			greedy(ledger, 300000);
		__atomic_store_n(&steady_done, true, __ATOMIC_RELAXED);
	} else {
		while (!__atomic_load_n(&steady_done, __ATOMIC_RELAXED))
			modest(ledger, 300000);
	}
}

static void book(struct ledger *ledger, unsigned int function)
{
	uint64_t now = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	ledger->booked_ns[function] += now - ledger->last_ns;
	ledger->last_ns = now;
}

FUNCTION void read_block(int fd)
{
	static char buffer[1 << 18];

	sink += (uint64_t)read(fd, buffer, sizeof(buffer));
}

FUNCTION void ask_kernel(void)
{
	sink += (uint64_t)syscall(SYS_getppid);
}

FUNCTION void big_reads(struct ledger *ledger, int fd)
{
	for (uint64_t i = random_length(ledger, 40); i-- > 0; )
		read_block(fd);
	book(ledger, 1);
}

FUNCTION void small_calls(struct ledger *ledger)
{
	for (uint64_t i = random_length(ledger, 2000); i-- > 0; )
		ask_kernel();
	book(ledger, 2);
}

static void run_syscalls(struct ledger *ledger, unsigned int thread)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	(void)thread;
	while (!is_over(ledger)) {
		user_side(ledger, 500000);
		big_reads(ledger, fd);
		small_calls(ledger);
	}
	close(fd);
}

FUNCTION void left(struct ledger *ledger, unsigned int depth);

/* Each level works on its own account, on the way down and on the way up. */
FUNCTION void right(struct ledger *ledger, unsigned int depth)
{
	burn(ledger, 1, 20000);
	if (depth > 0)
		left(ledger, depth - 1);
	burn(ledger, 1, 20000);
	sink++;
}

FUNCTION void left(struct ledger *ledger, unsigned int depth)
{
	burn(ledger, 0, 40000);
	if (depth > 0)
		right(ledger, depth - 1);
	burn(ledger, 0, 40000);
	sink++;
}

static void run_recursion(struct ledger *ledger, unsigned int thread)
{
	(void)thread;
	while (!is_over(ledger))
		left(ledger, 12);
}

/* The two roots differ, what they call is the same: whoever cuts the stack cannot tell them apart. */
FUNCTION void level(struct ledger *ledger, unsigned int root, unsigned int depth)
{
	if (depth > 0)
		level(ledger, root, depth - 1);
	else
		burn(ledger, root, root ? 800000 : 1200000);
	sink++;
}

FUNCTION void root_a(struct ledger *ledger)
{
	level(ledger, 0, DEPTH);
	sink++;
}

FUNCTION void root_b(struct ledger *ledger)
{
	level(ledger, 1, DEPTH);
	sink++;
}

static void run_deep(struct ledger *ledger, unsigned int thread)
{
	(void)thread;
	while (!is_over(ledger)) {
		root_a(ledger);
		root_b(ledger);
	}
}

WORKER(tail_heavy, 0)
WORKER(tail_light, 1)

/* A jump: this function has no frame while the other one works. */
FUNCTION void dispatch(struct ledger *ledger, uint64_t mean_ns)
{
	if (mean_ns > 500000) {
		tail_heavy(ledger, mean_ns);
		return;
	}
	tail_light(ledger, mean_ns);
}

static void run_tail(struct ledger *ledger, unsigned int thread)
{
	(void)thread;
	while (!is_over(ledger)) {
		dispatch(ledger, 800000);
		dispatch(ledger, 200000);
	}
}

static const struct truth_case cases[] = {
	{ "split", 1, run_split, { "hot", "cold" } },
	{ "bursty", 2, run_bursty, { "steady", "bursty" } },
	{ "threads-2", 2, run_tasks, { "task_a", "task_b", "task_c", "task_d" } },
	{ "threads-8", 8, run_tasks, { "task_a", "task_b", "task_c", "task_d" } },
	{ "threads-64", 64, run_tasks, { "task_a", "task_b", "task_c", "task_d" } },
	{ "nice", 2, run_nice, { "greedy", "modest" } },
	{ "syscalls", 1, run_syscalls, { "user_side", "big_reads", "small_calls" } },
	{ "recursion", 1, run_recursion, { "left", "right" } },
	{ "deep", 1, run_deep, { "root_a", "root_b" } },
	{ "tail", 1, run_tail, { "tail_heavy", "tail_light" } },
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

static struct ledger ledgers[THREADS_MAX];

static void *thread_main(void *argument)
{
	struct ledger *ledger = argument;
	unsigned int thread = (unsigned int)(ledger - ledgers);
	uint64_t budget_ns = cpu_ms * 1000000u / running->threads;

	/* These two are ended by their first thread, which should use most of the time. */
	if (running->run == run_bursty || running->run == run_nice)
		budget_ns = cpu_ms * 800000u;
	ledger->seed = clock_ns(CLOCK_MONOTONIC) * 2 + 1 + thread * 0x9e3779b97f4a7c15u;
	ledger->last_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	ledger->until_ns = ledger->last_ns + budget_ns;
	running->run(ledger, thread);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS_MAX];
	unsigned int i, t;

	for (i = 0; i < CASES && argc == 3; i++)
		if (strcmp(cases[i].name, argv[1]) == 0)
			running = &cases[i];
	cpu_ms = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
	if (!running || cpu_ms == 0 || cpu_ms > 1000000) {
		fputs("usage: truth CASE CPU_MS, CASE one of", stderr);
		for (i = 0; i < CASES; i++)
			fprintf(stderr, " %s", cases[i].name);
		fputc('\n', stderr);
		return 2;
	}
	for (t = 1; t < running->threads; t++) {
		errno = pthread_create(&threads[t], NULL, thread_main, &ledgers[t]);
		if (errno) {
			perror("truth: no more threads");
			return 1;
		}
	}
	thread_main(&ledgers[0]);
	for (t = 1; t < running->threads; t++)
		pthread_join(threads[t], NULL);
	for (i = 0; i < FUNCTIONS && running->functions[i]; i++) {
		uint64_t sum = 0;

		for (t = 0; t < running->threads; t++)
			sum += ledgers[t].booked_ns[i];
		printf("function %s %llu\n", running->functions[i], (unsigned long long)sum);
	}
	printf("threads %u\ntotal %llu\n", running->threads,
	       (unsigned long long)clock_ns(CLOCK_PROCESS_CPUTIME_ID));
	return 0;
}
