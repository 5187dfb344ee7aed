/* SPDX-License-Identifier: MIT
 *
 * host_unseen.c - threads that do not come through pthread_create(): of a raw clone, of libc itself,
 * and of a constructor that runs before any preloaded library's.  Prints what a test compares.
 * usage: host_unseen CASE MILLISECONDS
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

static volatile unsigned long sink;
static volatile int done;
static double seconds;
static char stack[4][65536] __attribute__((aligned(16)));

static double now(clockid_t clock)
{
	struct timespec time = { 0, 0 };

	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

__attribute__((noinline)) static void burn_unseen(double time)
{
	double until = now(CLOCK_THREAD_CPUTIME_ID) + time;

	do
		for (int i = 0; i < 1000; i++)
			sink += (unsigned long)i;
	while (now(CLOCK_THREAD_CPUTIME_ID) < until);
}

__attribute__((noinline)) static void burn_main(double time)
{
	burn_unseen(time);
	sink++;			/* no tail call */
}

/* Nearly no libc here: its thread-local storage is the parent's. */
static int raw_thread(void *unused)
{
	burn_unseen(seconds);
	__atomic_fetch_add(&done, 1, __ATOMIC_RELEASE);
	while (!unused || done)
		pause();
	return 0;
}

/* The same, by an instruction of its own. */
static void clone_by_instruction(char *top)
{
	long r = SYS_clone;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "xor %%edi, %%edi\n\t"
			 "call *%[run]\n\t"
			 "1:"
			 : "+a"(r)
			 : "D"((long)THREAD_FLAGS), "S"(top), "d"(0L), [run] "b"(raw_thread)
			 : "rcx", "r11", "memory");
	if (r < 0)
		exit(77);
}

static void raw(void)
{
	clone(raw_thread, stack[0] + sizeof(stack[0]), THREAD_FLAGS, NULL);
	burn_main(seconds);
	while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) < 1)
		usleep(1000);
}

static void by_instruction(void)
{
	clone_by_instruction(stack[1] + sizeof(stack[1]));
	burn_main(seconds);
	while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) < 1)
		usleep(1000);
}

/* libc makes this thread past its own pthread_create(). */
static void on_timer(union sigval unused)
{
	(void)unused;
	burn_unseen(seconds);
	__atomic_fetch_add(&done, 1, __ATOMIC_RELEASE);
}

static void of_libc(void)
{
	struct sigevent event;
	struct itimerspec when = { { 0, 0 }, { 0, 1000000 } };
	timer_t timer;

	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_THREAD;
	event.sigev_notify_function = on_timer;
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0 || timer_settime(timer, 0, &when, NULL) < 0)
		exit(77);
	burn_main(seconds);
	while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) < 1)
		usleep(1000);
	timer_delete(timer);
}

/* ---- before the preloaded library's constructor, in the order of the program's own start ---- */

static pthread_t early;

static void *early_thread(void *unused)
{
	(void)unused;
	burn_unseen(seconds);
	__atomic_fetch_add(&done, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void make_early(int argc, char **argv, char **envp)
{
	(void)envp;
	if (argc < 3 || strcmp(argv[1], "early") != 0)
		return;
	seconds = atof(argv[2]) / 1e3;
	pthread_create(&early, NULL, early_thread, NULL);
}

__attribute__((section(".preinit_array"), used)) static void (*const before_all)(int, char **, char **) = make_early;

static void early_case(void)
{
	burn_main(seconds);
	pthread_join(early, NULL);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} cases[] = { { "raw", raw }, { "instruction", by_instruction }, { "libc", of_libc }, { "early", early_case } };

	if (argc < 3)
		return 99;
	seconds = atof(argv[2]) / 1e3;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (!strcmp(argv[1], cases[i].name)) {
			cases[i].run();
			printf("%s: done %d\n", argv[1], done);
			return 5;
		}
	return 99;
}
