/* SPDX-License-Identifier: MIT
 *
 * host_killed.c - threads that note the CPU time they have used in shared memory, until somebody
 * kills the process, or it does so itself.  usage: host_killed FILE THREADS [abort|segfault|memory]
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 16

static volatile uint64_t *used_ns;	/* one cache line a thread */
static volatile unsigned long sink;

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
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
	long me = (long)argument;

	for (unsigned count = (unsigned)me;; count++) {
		next(count * 2654435761u, 60);
		used_ns[me * 8] = cpu_ns();
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int fd = argc > 2 ? open(argv[1], O_RDWR | O_CREAT, 0600) : -1;
	long threads = argc > 2 ? atol(argv[2]) : 0;
	const char *how = argc > 3 ? argv[3] : "";
	volatile int *volatile nowhere = NULL;
	pthread_t thread;

	if (fd < 0 || ftruncate(fd, THREADS_MAX * 64) < 0 || threads > THREADS_MAX)
		return 99;
	used_ns = mmap(NULL, THREADS_MAX * 64, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (long i = 1; i < threads; i++)
		pthread_create(&thread, NULL, work, (void *)i);
	if (!*how)
		work((void *)0L);
	while (cpu_ns() < 300000000) {
		next((unsigned)sink, 60);
		used_ns[0] = cpu_ns();
	}
	if (!strcmp(how, "abort"))
		abort();
	if (!strcmp(how, "segfault"))
		*nowhere = 1;
	if (!strcmp(how, "memory")) {
		struct rlimit limit = { 1u << 28, 1u << 28 };

		setrlimit(RLIMIT_AS, &limit);
		for (;;) {
			*(volatile char *)malloc(100000) = 1;
			used_ns[0] = cpu_ns();
		}
	}
	return 98;
}
