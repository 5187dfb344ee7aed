/* SPDX-License-Identifier: MIT
 *
 * living.c - lives until its standard input ends: a busy thread, one that sleeps, one in a handler.
 *
 * usage: living [fork | exec PROGRAM]
 *
 * Prints "ready" once all are where they belong.  With "fork" the process forks first and both go
 * on, with "exec" it becomes PROGRAM when its input ends.  Each 'f' that it reads makes a child.
 */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long sink;
static volatile int stop;
static sem_t ready;
static sem_t forever;

static inline __attribute__((always_inline)) void inlined_work(void)
{
	for (int i = 0; i < 20000; i++)
		sink += (unsigned long)i;
}

__attribute__((noinline)) static void busy_leaf(void)
{
	inlined_work();
	sink++;
}

__attribute__((noinline)) static void busy_outer(void)
{
	for (int i = 0; i < 10; i++)
		busy_leaf();
	sink++;
}

__attribute__((noinline)) static void *busy_thread(void *unused)
{
	(void)unused;
	pthread_setname_np(pthread_self(), "busy");
	sem_post(&ready);
	while (!stop)
		busy_outer();
	return NULL;
}

__attribute__((noinline)) static void wait_here(void)
{
	sem_post(&ready);
	while (!stop)
		sem_wait(&forever);
	sink++;
}

__attribute__((noinline)) static void *sleeping_thread(void *unused)
{
	(void)unused;
	pthread_setname_np(pthread_self(), "sleeping");
	wait_here();
	sink++;
	return NULL;
}

__attribute__((noinline)) static void handler(int signal)
{
	(void)signal;
	wait_here();
	sink++;
}

/* In a handler, on a stack of its own: what a dump has to get through. */
__attribute__((noinline)) static void *handling_thread(void *stack)
{
	stack_t alternate = { .ss_sp = stack, .ss_size = 65536 };
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK };

	pthread_setname_np(pthread_self(), "handling");
	sigaltstack(&alternate, NULL);
	sigaction(SIGUSR2, &action, NULL);
	pthread_kill(pthread_self(), SIGUSR2);
	sink++;
	return NULL;
}

/* A child that uses 0.3 s of CPU time; its process id is printed when it has ended. */
static void fork_child(void)
{
	pid_t child = fork();

	if (child == 0) {
		while (clock() < CLOCKS_PER_SEC * 3 / 10)	/* its own clock begins at 0 */
			busy_outer();
		exit(0);
	}
	waitpid(child, NULL, 0);
	printf("%d\n", (int)child);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	pthread_t threads[3];
	char byte;

	if (argc > 1 && strcmp(argv[1], "fork") == 0 && fork() < 0)
		return 1;
	sem_init(&ready, 0, 0);
	sem_init(&forever, 0, 0);
	pthread_create(&threads[0], NULL, busy_thread, NULL);
	pthread_create(&threads[1], NULL, sleeping_thread, NULL);
	pthread_create(&threads[2], NULL, handling_thread, malloc(65536));
	for (int i = 0; i < 3; i++)
		while (sem_wait(&ready) < 0)
			;
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		if (byte == 'f')
			fork_child();
	if (argc > 2 && strcmp(argv[1], "exec") == 0)
		execl(argv[2], argv[2], (char *)NULL);
	stop = 1;
	sem_post(&forever);
	sem_post(&forever);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	puts("done");
	return 3;
}
