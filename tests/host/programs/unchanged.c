/* SPDX-License-Identifier: MIT
 *
 * unchanged.c - prints what a program can see of itself, so that a test can compare it with and
 * without the library: heap calls, threads, descriptors, masks, handlers, errno, floating point.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

static volatile unsigned long heap_calls;

void *malloc(size_t bytes)
{
	heap_calls++;
	return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
	heap_calls++;
	return __libc_calloc(count, bytes);
}

void *realloc(void *old, size_t bytes)
{
	heap_calls++;
	return __libc_realloc(old, bytes);
}

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Keeps errno, the rounding mode and vector registers busy and says how often they were wrong. */
__attribute__((noinline)) static long spin(double seconds)
{
	double until = cpu_seconds() + seconds;
	long wrong = 0;

	fesetround(FE_TOWARDZERO);
	do {
		for (int i = 1; i < 20000; i++) {
			register double a __asm__("xmm9") = (double)i;

			errno = i;
			__asm__ volatile("" : "+x"(a));
			for (volatile int j = 0; j < 3; j++)
				;
			__asm__ volatile("" : "+x"(a));
			if (a != (double)i || errno != i)
				wrong++;
		}
		wrong += fegetround() != FE_TOWARDZERO;
	} while (cpu_seconds() < until);
	fesetround(FE_TONEAREST);
	return wrong;
}

static int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	while (dir && readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void *thread_body(void *unused)
{
	sigset_t mask;
	long wrong = spin(0.2);

	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	printf("thread: wrong %ld, SIGPROF blocked %d, SIGUSR1 blocked %d\n", wrong,
	       sigismember(&mask, SIGPROF), sigismember(&mask, SIGUSR1));
	return unused;
}

int main(void)
{
	unsigned long at_start = heap_calls;
	sigset_t all, mask;
	pthread_t thread;
	struct sigaction action;
	int fd;

	printf("heap calls before main: %lu\n", at_start);
	fd = open("/dev/null", O_RDONLY);
	printf("next descriptor: %d\n", fd);
	close(fd);
	printf("threads: %d\n", count_entries("/proc/self/task"));
	at_start = heap_calls;
	printf("wrong: %ld\n", spin(0.3));
	printf("heap calls while spinning: %lu\n", heap_calls - at_start);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int i = 1; i < 32; i++)
		if (sigismember(&mask, i))
			printf("blocked: %d\n", i);
	for (int i = 1; i < 32; i++)
		if (sigaction(i, NULL, &action) == 0 && action.sa_handler != SIG_DFL)
			printf("handled: %d\n", i);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	pthread_create(&thread, NULL, thread_body, NULL);
	pthread_join(thread, NULL);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	printf("main: SIGPROF blocked %d\n", sigismember(&mask, SIGPROF));
	printf("threads: %d\n", count_entries("/proc/self/task"));
	return 0;
}
