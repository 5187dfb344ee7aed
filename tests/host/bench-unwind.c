/* SPDX-License-Identifier: MIT
 *
 * bench-unwind.c - what one unwinding costs, in time-stamp counter cycles: p50 and p99 by depth.
 *
 * Not a test: prints figures.  Every sample is a real signal, so caches are as cold as they are in
 * a sampled program.  "new": every return slot differs from the sample before (the base of the
 * stack is shifted).  "leaf": only the innermost frames differ.
 */
#include <alloca.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

#include "signal/unwind.h"

#define SAMPLES 4000

static struct np_stack stack;
static struct np_stack_range range;
static const struct np_unwinder *unwinder;
static uint64_t cycles[SAMPLES];
static int taken;
static uint32_t depth_seen;

static void handler(int signal, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;
	bool same_activation;
	uint64_t start, end;

	(void)signal;
	(void)info;
	range.low = (uintptr_t)uc->uc_mcontext.gregs[REG_RSP] - 128;
	start = __rdtsc();
	unwinder->unwind(NULL, uc, &range, &stack, &same_activation);
	end = __rdtsc();
	if (taken < SAMPLES)
		cycles[taken++] = end - start;
	depth_seen = stack.depth;
}

#define LEAF(n)                                                                                    \
	__attribute__((noinline)) static int leaf_##n(int x)                                       \
	{                                                                                          \
		__asm__ volatile("" ::: "memory");                                                 \
		raise(SIGUSR1);                                                                    \
		return x + n;                                                                      \
	}
LEAF(0)
LEAF(1)
LEAF(2)
LEAF(3)

static int call_leaf(int i)
{
	switch (i % 4) {
	case 0:
		return leaf_0(i);
	case 1:
		return leaf_1(i);
	case 2:
		return leaf_2(i);
	default:
		return leaf_3(i);
	}
}

/* Functions of different frames that call each other down to the wanted depth. */
static int descend(int depth, int leaves, int kind);

#define STEP(n, bytes)                                                                             \
	__attribute__((noinline)) static int step_##n(int depth, int leaves)                       \
	{                                                                                          \
		volatile char room[bytes];                                                         \
		room[0] = (char)depth;                                                             \
		return descend(depth, leaves, depth * 7 + n) + room[0];                            \
	}
STEP(0, 16)
STEP(1, 40)
STEP(2, 100)
STEP(3, 8)
STEP(4, 200)

__attribute__((noinline)) static int descend(int depth, int leaves, int kind)
{
	int sum = 0;

	if (depth <= 0) {
		for (int i = 0; i < leaves; i++)
			sum += call_leaf(i);
		return sum;
	}
	switch (kind % 5) {
	case 0:
		return step_0(depth - 2, leaves) + 1;
	case 1:
		return step_1(depth - 2, leaves) + 2;
	case 2:
		return step_2(depth - 2, leaves) + 3;
	case 3:
		return step_3(depth - 2, leaves) + 4;
	default:
		return step_4(depth - 2, leaves) + 5;
	}
}

__attribute__((noinline)) static int shifted(int depth, int shift, int leaves)
{
	volatile char *room = alloca((size_t)(16 + shift % 64 * 16));

	room[0] = 1;
	return descend(depth, leaves, shift) + room[0];
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print(const char *what, int depth)
{
	uint64_t first = cycles[0];

	qsort(cycles, (size_t)taken, sizeof(*cycles), compare);
	printf("%-6s %-5s depth %4u (of %4d)  p50 %7lu  p99 %7lu  first %8lu\n", unwinder->name, what,
	       depth_seen, depth, cycles[taken / 2], cycles[taken * 99 / 100], first);
}

static void measure(int depth)
{
	memset(&stack, 0, sizeof(stack));
	taken = 0;
	for (int i = 0; i < SAMPLES; i++)
		shifted(depth, i, 1);
	print("new", depth);
	taken = 0;
	shifted(depth, 0, SAMPLES);
	print("leaf", depth);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	static const struct np_unwinder *const unwinders[] = { &np_unwinder_cfi, &np_unwinder_fp };
	static const int depths[] = { 4, 84, 384, 1800 };

	(void)argc;
	range.high = (uintptr_t)argv;	/* main() and its callers lie below */
	sigaction(SIGUSR1, &action, NULL);
	for (size_t i = 0; i < 2; i++) {
		unwinder = unwinders[i];
		for (size_t k = 0; k < sizeof(depths) / sizeof(depths[0]); k++)
			measure(depths[k]);
	}
	return 0;
}
