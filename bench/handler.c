/* SPDX-License-Identifier: MIT
 *
 * handler.c - what a profiler's signal handler costs, in time-stamp counter cycles.
 *
 *   handler leaf|known|new DEPTH SAMPLES [record] [cold]
 *
 * Any profiler that samples by SIGPROF can be measured as it is, preloaded: the kernel is asked for
 * the handler that the profiler installed, and a wrapper that reads the counter around it takes its
 * place.  So every figure is one real sample of the stock library, stack recorded, from its own
 * timer.  Built with NP_BENCH_UNWIND it needs no profiler: a handler of its own unwinds by cfi, and
 * records the stack if `record` is given; its samples come one after the other, with warm caches, or,
 * if `cold` is given, with caches and branch predictors full of something else.
 *
 *   leaf    between two samples only the innermost function changes
 *   known   between two samples the whole stack is left, and another of PATHS paths of calls is
 *           built elsewhere: every frame is new, but each path has been recorded before
 *   new     the same along paths that were never seen (at depth 10, where there are but 4 096:
 *           seldom)
 */
#include <alloca.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <x86intrin.h>

#include "base/syscalls.h"

#define SAMPLES_MAX 100000
#define PROBE_SECONDS 5			/* of CPU time without a sample: there is no profiler */
#define PATHS 8u
#define STEPS 8u			/* functions to choose from at each level */

enum mode { MODE_LEAF, MODE_KNOWN, MODE_NEW, MODE_MAX };

static void (*theirs)(int signal, siginfo_t *info, void *context);
static uint32_t cycles[SAMPLES_MAX];
static volatile uint32_t taken;
static uint32_t wanted;
static enum mode mode;
static uint64_t seed;
static volatile uint64_t sink;

static void measured(int signal, siginfo_t *info, void *context)
{
	uint64_t start = __rdtsc();

	theirs(signal, info, context);
	if (taken < SAMPLES_MAX)
		cycles[taken] = (uint32_t)(__rdtsc() - start);
	taken++;
}

#ifdef NP_BENCH_UNWIND

#include <unistd.h>

#include "signal/record.h"

static struct np_thread self;
static uintptr_t stack_high;
static bool recording;

static void unwind_and_record(int signal, siginfo_t *info, void *context)
{
	const ucontext_t *interrupted = context;
	struct np_stack_range range = {
		.low = (uintptr_t)interrupted->uc_mcontext.gregs[REG_RSP] - 128,
		.high = stack_high,
	};
	uint8_t quality_before = self.stack.quality;
	bool same_activation = false;
	uint32_t same, known;

	(void)signal;
	(void)info;
	same = np_unwinder_cfi.unwind(&np_sampler.spool, interrupted, &range, &self.stack,
				      &same_activation);
	known = self.stack.quality != quality_before ? 0
	      : same < self.nodes_valid ? same : self.nodes_valid;
	if (recording)
		np_record(&self, known, same + same_activation, 1);
}

/* A spool that is gone when the program ends. */
static bool make_spool(void)
{
	static const char name[16] = "bench";
	char path[64];

	snprintf(path, sizeof(path), "/dev/shm/neuroprof-bench-%d.spool", (int)getpid());
	if (np_spool_create(&np_sampler.spool, path, 64u << 20) < 0)
		return false;
	unlink(path);
	self.entry = np_spool_thread_add(&np_sampler.spool, 1, name);
	recording = true;
	return true;
}

/* What a program of some size does to a handler between two ticks: more data than the second level
 * holds, and more code than the first. */
#define COLD_BYTES (4u << 20)
__asm__(".text\n"
	".p2align 6\n"
	"np_bench_much_code:\n"
	".rept 8192\n"
	"	jmp 1f\n"
	"	.skip 62, 0xcc\n"
	"1:\n"
	".endr\n"
	"	ret\n");
void np_bench_much_code(void);

static volatile unsigned char much_data[COLD_BYTES];
static bool cold;

static void make_cold(void)
{
	for (uint32_t i = 0; i < COLD_BYTES; i += 64)
		much_data[i]++;
	np_bench_much_code();
}

static bool take_handler(void)
{
	struct sigaction action = { .sa_sigaction = measured, .sa_flags = SA_SIGINFO };

	theirs = unwind_and_record;
	return sigaction(SIGPROF, &action, NULL) == 0;
}

/* One signal after the other, with warm caches: nearly the same on a busy machine. */
static void tick(void)
{
	long tid = np_syscall(SYS_gettid);

	if (cold)
		make_cold();
	np_syscall(SYS_tkill, tid, SIGPROF);
}

static void note_stack(char **argv)
{
	stack_high = (uintptr_t)argv;	/* what main() and its callers use lies below */
}

#else

/* As the kernel has it; the C library's differs, and a preloaded one answers for itself, even in
 * syscall(): hence np_syscall(). */
struct kernel_action {
	void (*handler)(int signal, siginfo_t *info, void *context);
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

static bool take_handler(void)
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

static void note_stack(char **argv)
{
	(void)argv;
}

static bool cold;

static bool make_spool(void)		/* the profiler's own is measured */
{
	return false;
}

static void tick(void)
{
	/* The profiler's clock does it. */
}

#endif

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
	return seed * 0x2545f4914f6cdd1du;
}

/* Spin until the next sample; four of them, so that the leaf can be another one each time. */
#define LEAF(n)                                                                                    \
	__attribute__((noinline)) static void leaf_##n(void)                                       \
	{                                                                                          \
		uint32_t before = taken;                                                           \
		uint64_t until = cpu_ns() + PROBE_SECONDS * 1000000000ull;                         \
		while (taken == before) {                                                          \
			tick();                                                                    \
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

static int descend(unsigned int depth);

/* Functions of different frames, one frame a level. */
#define STEP(n, bytes)                                                                             \
	__attribute__((noinline)) static int step_##n(unsigned int depth)                          \
	{                                                                                          \
		volatile char room[bytes];                                                         \
		room[0] = (char)depth;                                                             \
		return descend(depth) + room[0];                                                   \
	}
STEP(0, 8)
STEP(1, 24)
STEP(2, 40)
STEP(3, 56)
STEP(4, 72)
STEP(5, 88)
STEP(6, 136)
STEP(7, 200)

static int (*const steps[STEPS])(unsigned int depth) = { step_0, step_1, step_2, step_3,
							 step_4, step_5, step_6, step_7 };

__attribute__((always_inline)) static inline int descend(unsigned int depth)
{
	if (depth == 0) {
		bottom();
		return 1;
	}
	return steps[next_random() >> 40 & (STEPS - 1)](depth - 1) + 1;
}

/* The seed decides the path. */
__attribute__((noinline)) static int rebuild(unsigned int depth)
{
	volatile char *shift = alloca(16 + 16 * (taken % 61));

	shift[0] = 1;
	if (mode == MODE_KNOWN)
		seed = 0x9e3779b97f4a7c15u * (1 + taken % PATHS);
	return descend(depth) + shift[0];
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

	if (!take_handler())
		return 1;
	while (taken < wanted)
		rebuild(depth);
	qsort(steady, count, sizeof(*steady), by_value);
	printf("first %u p10 %u p50 %u p90 %u p99 %u samples %u\n", cycles[0],
	       percentile(steady, count, 10), percentile(steady, count, 50),
	       percentile(steady, count, 90), percentile(steady, count, 99), count);
	return 0;
}

/* Others' turns on the processor are not a handler's cost.  Root alone may; the kernel leaves the
 * others a share all the same. */
static void run_alone(void)
{
	struct sched_param priority = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO, &priority) < 0)
		setpriority(PRIO_PROCESS, 0, -20);
}

int main(int argc, char **argv)
{
	static const char *const modes[] = { "leaf", "known", "new" };
	unsigned int frames = argc > 2 ? (unsigned int)atoi(argv[2]) : 0;
	/* Around the steps: _start, two of libc, main, measure, rebuild, and bottom, leaf. */
	unsigned int depth = frames > 8 ? frames - 8 : 0;

	while (mode < MODE_MAX && (argc < 4 || strcmp(argv[1], modes[mode]) != 0))
		mode++;
	if (mode == MODE_MAX || frames == 0) {
		fprintf(stderr, "usage: handler leaf|known|new DEPTH SAMPLES [record] [cold]\n");
		return 2;
	}
	wanted = (uint32_t)atoi(argv[3]);
	if (wanted < 100 || wanted > SAMPLES_MAX) {
		fprintf(stderr, "handler: SAMPLES is %s; it must be from 100 to %d\n", argv[3],
			SAMPLES_MAX);
		return 2;
	}
	for (int i = 4; i < argc; i++) {
		if (strcmp(argv[i], "cold") == 0) {
			cold = true;
		} else if (strcmp(argv[i], "record") != 0 || !make_spool()) {
			fprintf(stderr, "handler: cannot '%s' here\n", argv[i]);
			return 1;
		}
	}
	note_stack(argv);
	seed = (uint64_t)time(NULL) * 0x9e3779b97f4a7c15u | 1;
	run_alone();
	return measure(depth);
}
