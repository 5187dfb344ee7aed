/* SPDX-License-Identifier: MIT
 *
 * startstop.c - uses the public header: only wanted() is to be seen in the profile.
 *
 *	startstop		start, stop
 *	startstop snapshot	a snapshot, a line on standard input, then more work
 *	startstop race		snapshots from three threads and a fork child, while the process ends
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <neuroprof/neuroprof.h>

static volatile unsigned long sink;
static volatile sig_atomic_t child_signals;

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void spin(double seconds)
{
	double until = cpu_seconds() + seconds;

	do {
		for (int i = 0; i < 20000; i++)
			sink += (unsigned long)i;
	} while (cpu_seconds() < until);
}

/* Different in what they add, or the compiler makes one of them. */
__attribute__((noinline)) static void unwanted(void)
{
	spin(0.3);
	sink += 1;
}

__attribute__((noinline)) static void wanted(void)
{
	spin(0.3);
	sink += 2;
}

__attribute__((noinline)) static void later(void)
{
	spin(0.3);
	sink += 3;
}

static void count_child(int number)
{
	(void)number;
	child_signals++;
}

static int snapshot(void)
{
	int before = neuroprof_sampling_snapshot(), now, children;
	char line[8];

	signal(SIGCHLD, count_child);
	wanted();
	errno = 33;
	now = neuroprof_sampling_snapshot();
	children = wait(NULL) > 0 || errno != ECHILD;
	printf("before %d, now %d, children seen %d, signals %d\n", before, now, children,
	       (int)child_signals);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	later();
	return 0;
}

static void *snapshots(void *unused)
{
	for (;;) {
		spin(0.002);
		neuroprof_sampling_snapshot();
	}
	return unused;
}

/* The child is made while others take theirs: it must not wait for a thread that it has not. */
static int race(void)
{
	int status = 0, taken;
	pthread_t thread;
	pid_t child;

	for (int i = 0; i < 3; i++)
		pthread_create(&thread, NULL, snapshots, NULL);
	spin(0.1);
	child = fork();
	if (child == 0) {
		later();
		taken = neuroprof_sampling_snapshot();
		exit(taken);
	}
	if (waitpid(child, &status, 0) != child)
		return 1;
	printf("child %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return 0;			/* and the threads go on meanwhile */
}

int main(int argc, char **argv)
{
	int on, off;

	if (argc > 1)
		return strcmp(argv[1], "race") == 0 ? race() : snapshot();
	unwanted();
	on = neuroprof_sampling_start();
	wanted();
	off = neuroprof_sampling_stop();
	unwanted();
	printf("start %d, stop %d\n", on, off);
	return 0;
}
