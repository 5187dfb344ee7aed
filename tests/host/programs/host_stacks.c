/* SPDX-License-Identifier: MIT
 *
 * host_stacks.c - a host on stacks of its own: coroutines, signal stacks, crashes that it survives or
 * does not.  Prints what a test compares; how much of a stack was used goes to standard error.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define PAINT 0xa5

static volatile unsigned long sink;
static ucontext_t main_context, other_context;
static double seconds;

static double cpu_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

__attribute__((noinline)) static void burn(double time)
{
	double until = cpu_now() + time;

	do
		for (int i = 0; i < 5000; i++)
			sink += (unsigned long)i;
	while (cpu_now() < until);
}

__attribute__((noinline)) static void coroutine(void)
{
	burn(seconds);
	sink++;
}

/* A painted stack between two painted walls: walls whole, and how much of it was used. */
static void on_stack_of(size_t bytes, double time)
{
	size_t wall = 65536, used;
	unsigned char *memory = malloc(bytes + 2 * wall), *stack = memory + wall;
	volatile int whole = 1;

	memset(memory, PAINT, bytes + 2 * wall);
	getcontext(&other_context);
	other_context.uc_stack.ss_sp = stack;
	other_context.uc_stack.ss_size = bytes;
	other_context.uc_link = &main_context;
	seconds = time;
	makecontext(&other_context, coroutine, 0);
	swapcontext(&main_context, &other_context);
	for (size_t i = 0; i < wall; i++)
		whole &= memory[i] == PAINT && stack[bytes + i] == PAINT;
	for (used = bytes; used > 0 && stack[bytes - used] == PAINT; used--)
		;
	printf("%zu bytes: walls whole %d\n", bytes, whole);
	fprintf(stderr, "%zu of %zu bytes used, a signal frame may have %lu\n", used, bytes,
		getauxval(AT_MINSIGSTKSZ));
	free(memory);
}

static void coroutines(void)
{
	on_stack_of(16384, 0.3);
	on_stack_of(12288, 0.3);
}

static void *own_stack(void *unused)
{
	burn(0.3);
	return unused;
}

/* The smallest stack that libc allows. */
static void small_thread(void)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	printf("smallest stack: %d\n", pthread_attr_setstacksize(&attr, (size_t)sysconf(_SC_THREAD_STACK_MIN)));
	printf("made: %d\n", pthread_create(&thread, &attr, own_stack, NULL));
	pthread_join(thread, NULL);
}

static volatile sig_atomic_t came;

static void on_signal_stack(int number)
{
	(void)number;
	came++;
	burn(0.2);
}

/* A handler on a signal stack of SIZE bytes, which is painted, between walls. */
static void signal_stack(size_t bytes)
{
	size_t wall = 65536, used;
	unsigned char *memory = malloc(bytes + 2 * wall);
	stack_t stack = { .ss_sp = memory + wall, .ss_size = bytes };
	struct sigaction action, found;
	int whole = 1;

	memset(memory, PAINT, bytes + 2 * wall);
	memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal_stack;
	action.sa_flags = SA_ONSTACK;
	printf("sigaltstack %d\n", sigaltstack(&stack, NULL));
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR1, NULL, &found);
	printf("mask has SIGPROF: %d\n", sigismember(&found.sa_mask, SIGPROF));
	came = 0;
	raise(SIGUSR1);
	for (size_t i = 0; i < wall; i++)
		whole &= memory[i] == PAINT && memory[wall + bytes + i] == PAINT;
	for (used = bytes; used > 0 && memory[wall + bytes - used] == PAINT; used--)
		;
	printf("signal stack of %zu bytes: came %d, walls whole %d\n", bytes, (int)came, whole);
	fprintf(stderr, "%zu of %zu bytes used\n", used, bytes);
	stack.ss_flags = SS_DISABLE;
	sigaltstack(&stack, NULL);
	free(memory);
}

static void signal_stacks(void)
{
	size_t least = getauxval(AT_MINSIGSTKSZ);

	if (least < 2048)
		least = 2048;
	signal_stack(least + 2048);
	signal_stack(least > 5120 ? least + 3072 : 8192);
	signal_stack(65536);
}

static sigjmp_buf jump;
static volatile int *volatile nowhere;

static void recover(int number)
{
	(void)number;
	siglongjmp(jump, 1);
}

__attribute__((noinline)) static void crash_at_depth(int depth)
{
	char room[200];

	memset(room, depth, sizeof(room));
	burn(0.0002);
	if (depth == 0)
		*nowhere = 1;
	else
		crash_at_depth(depth - 1);
	sink += (unsigned long)room[depth % 200];
}

/* Crashes that are survived; and frames that vanish by a jump while they are in the last stack. */
static void survived(int flags)
{
	static unsigned char alternate[65536];
	stack_t stack = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
	struct sigaction action;
	volatile int crashes = 0;

	sigaltstack(&stack, NULL);
	memset(&action, 0, sizeof(action));
	action.sa_handler = recover;
	action.sa_flags = flags;
	sigaction(SIGSEGV, &action, NULL);
	while (crashes < 300)
		if (sigsetjmp(jump, 1) == 0)
			crash_at_depth(crashes % 10);
		else
			crashes++;
	printf("survived %d\n", crashes);
}

static void crash_again(int number)
{
	(void)number;
	burn(0.05);
	*nowhere = 2;
}

static void tell_and_die(int number)
{
	static const char text[] = "crash handler\n";

	burn(0.05);
	if (write(1, text, sizeof(text) - 1) < 0)
		_exit(9);
	signal(number, SIG_DFL);
	raise(number);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(how, "first"))		/* the first sample, which makes the spool, may fall here */
		on_stack_of(16384, 0.05);
	if (!strcmp(how, "coroutines"))
		coroutines();
	if (!strcmp(how, "small-thread"))
		small_thread();
	if (!strcmp(how, "signal-stack"))
		signal_stacks();
	if (!strcmp(how, "survive")) {
		survived(0);
		survived(SA_ONSTACK);
		survived((int)SA_NODEFER);
	}
	if (!strcmp(how, "crash-twice")) {
		signal(SIGSEGV, crash_again);
		burn(0.1);
		*nowhere = 1;
	}
	if (!strcmp(how, "crash-told")) {
		signal(SIGSEGV, tell_and_die);
		burn(0.1);
		*nowhere = 1;
	}
	burn(0.1);
	return 0;
}
