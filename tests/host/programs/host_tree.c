/* SPDX-License-Identifier: MIT
 *
 * host_tree.c - trees of processes.  Prints what a test compares.
 * usage: host_tree forks COUNT MILLISECONDS | ends | jails | users | gate FILE | deep LEVELS
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long sink;

__attribute__((noinline)) static void burn(double seconds)
{
	struct timespec now;
	double until;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	until = (double)now.tv_sec + (double)now.tv_nsec * 1e-9 + seconds;
	do {
		for (int i = 0; i < 1000; i++)
			sink += (unsigned long)i;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	} while ((double)now.tv_sec + (double)now.tv_nsec * 1e-9 < until);
}

static int child_status(pid_t child)
{
	int status = -1;

	if (child < 0 || waitpid(child, &status, 0) != child)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -2;
}

/* COUNT of them, 20 at a time. */
static void forks(int count, double seconds)
{
	int right = 0;

	for (int begun = 0; begun < count;) {
		pid_t children[20];
		int n = 0;

		for (; n < 20 && begun < count; n++, begun++) {
			children[n] = fork();
			if (children[n] == 0) {
				burn(seconds);
				_exit(begun % 100);
			}
		}
		for (int i = 0; i < n; i++)
			right += child_status(children[i]) == (begun - n + i) % 100;
	}
	printf("%d of %d ended as they should\n", right, count);
}

/* Ends of which the library hears nothing, and one past libc's _exit(). */
static void end_badly(int how)
{
	long unused;

	if (how == 0)
		raise(SIGKILL);
	if (how == 1)
		abort();
	if (how == 2)
		syscall(SYS_exit_group, 7);
	__asm__ volatile("syscall" : "=a"(unused) : "0"((long)SYS_exit_group), "D"(8L) : "rcx", "r11", "memory");
}

static void ends(void)
{
	for (int how = 0; how < 4; how++) {
		pid_t child = fork();
		int status = -1;

		if (child == 0) {
			burn(0.05);
			end_badly(how);
		}
		if (waitpid(child, &status, 0) != child)
			status = -1;
		printf("end %d: %x\n", how, (unsigned)status);
	}
}

/* A worker in a jail; then the top itself. */
static void jails(const char *jail)
{
	pid_t child = fork();

	if (child == 0) {
		int r = chroot(jail);

		r = r == 0 ? chdir("/") : r;
		r = r == 0 ? setuid(65534) : r;
		burn(0.1);
		_exit(r == 0 ? 3 : 4);
	}
	printf("jail: %d\n", child_status(child));
	printf("and we: %d\n", chroot(jail));
	burn(0.1);
}

/* A server's worker gives up root; so does one that keeps a way back. */
static void users(void)
{
	for (int how = 0; how < 4; how++) {
		pid_t child = fork();

		if (child == 0) {
			int r = how == 0 ? setuid(65534) : how == 1 ? seteuid(65534)
			      : how == 2 ? setreuid(65534, 65534) : setresuid(65534, 65534, 65534);

			burn(0.1);
			_exit(r == 0 && geteuid() == 65534 ? 3 : 4);
		}
		printf("user changed: %d\n", child_status(child));
	}
}

/* Only when all children have ended, FILE is made: a folder that waits for FILE waits for them. */
static void gate(const char *file)
{
	for (int i = 0; i < 4; i++) {
		pid_t child = fork();

		if (child == 0) {
			burn(0.05);
			exit(3);
		}
		printf("ended: %d\n", child_status(child));
	}
	close(open(file, O_CREAT | O_WRONLY, 0600));
}

static int deep(int levels)
{
	pid_t child;

	burn(0.03);
	if (levels == 0)
		return 0;
	child = fork();
	if (child == 0)
		exit(deep(levels - 1));
	return child_status(child) + 1;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(how, "forks") && argc > 3)
		forks(atoi(argv[2]), atof(argv[3]) / 1e3);
	else if (!strcmp(how, "ends"))
		ends();
	else if (!strcmp(how, "jails") && argc > 2)
		jails(argv[2]);
	else if (!strcmp(how, "users"))
		users();
	else if (!strcmp(how, "gate") && argc > 2)
		gate(argv[2]);
	else if (!strcmp(how, "deep") && argc > 2)
		printf("%d levels\n", deep(atoi(argv[2])));
	else
		return 99;
	return 5;
}
