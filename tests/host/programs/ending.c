/* SPDX-License-Identifier: MIT
 *
 * ending.c - burns CPU time in burn() and then ends in the way its first argument names, so that a
 * test can compare output and status with and without the profiler.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long sink;

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

__attribute__((noinline)) static void burn(double seconds)
{
	double until = cpu_seconds() + seconds;

	do {
		for (int i = 0; i < 50000; i++)
			sink += (unsigned long)i;
	} while (cpu_seconds() < until);
}

__attribute__((noinline)) static void burn_in_child(void)
{
	burn(0.3);
	sink++;
}

static int burn_thread(void *unused)
{
	(void)unused;
	burn(0.3);
	return 0;
}

static void own_handler(int number)
{
	(void)number;
	if (write(1, "own handler\n", 12) < 0)
		_exit(99);
	_exit(21);
}

static void print_status(const char *what, int status)
{
	if (WIFEXITED(status))
		printf("%s: exit %d\n", what, WEXITSTATUS(status));
	else
		printf("%s: signal %d\n", what, WTERMSIG(status));
	fflush(stdout);
}

static void fork_and_wait(void)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		burn_in_child();
		_exit(4);
	}
	waitpid(child, &status, 0);
	print_status("child", status);
	printf("another child: %d %s\n", (int)wait(&status), strerror(errno));
	fflush(stdout);
}

static void vfork_and_wait(void)
{
	int status = 0;
	pid_t child = vfork();

	if (child == 0)
		_exit(4);
	waitpid(child, &status, 0);
	print_status("vfork child", status);
}

static void default_actions(void)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGPROF };
	struct sigaction found;

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		sigaction(signals[i], NULL, &found);
		printf("signal %d: %s\n", signals[i], found.sa_handler == SIG_DFL ? "default" : "taken");
	}
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	volatile int *volatile nowhere = NULL;
	thrd_t thread;

	burn(0.2);
	if (!strcmp(how, "return"))
		return 3;
	if (!strcmp(how, "exit"))
		exit(7);
	if (!strcmp(how, "_exit"))
		_exit(8);
	if (!strcmp(how, "_Exit"))
		_Exit(9);
	if (!strcmp(how, "quick_exit"))
		quick_exit(10);
	if (!strcmp(how, "SIGTERM"))
		raise(SIGTERM);
	if (!strcmp(how, "SIGINT"))
		kill(getpid(), SIGINT);
	if (!strcmp(how, "SIGHUP"))
		raise(SIGHUP);
	if (!strcmp(how, "SIGKILL"))
		raise(SIGKILL);
	if (!strcmp(how, "SIGPROF"))
		raise(SIGPROF);
	if (!strcmp(how, "abort"))
		abort();
	if (!strcmp(how, "segfault"))
		*nowhere = 1;
	if (!strcmp(how, "own-SIGTERM")) {
		signal(SIGTERM, own_handler);
		raise(SIGTERM);
	}
	if (!strcmp(how, "own-SIGPROF")) {
		signal(SIGPROF, own_handler);
		burn(0.2);
		raise(SIGPROF);
	}
	if (!strcmp(how, "ignored-SIGHUP")) {
		signal(SIGHUP, SIG_IGN);
		raise(SIGHUP);
		return 12;
	}
	if (!strcmp(how, "default-again")) {
		signal(SIGTERM, own_handler);
		signal(SIGTERM, SIG_DFL);
		raise(SIGTERM);
	}
	if (!strcmp(how, "dispositions")) {
		default_actions();
		return 0;
	}
	if (!strcmp(how, "exec"))
		execl(argv[0], argv[0], "exit", (char *)NULL);
	if (!strcmp(how, "exec-list-environment")) {
		static char only[] = "ONLY=this";
		char *environment[] = { only, NULL };

		execle("/usr/bin/env", "env", (char *)NULL, environment);
	}
	if (!strcmp(how, "exec-refused")) {
		execlp("/nonexistent/program", "program", (char *)NULL);
		printf("refused: %s\n", strerror(errno));
		fflush(stdout);
		burn(0.2);
		return 11;
	}
	if (!strcmp(how, "fork")) {
		fork_and_wait();
		return 5;
	}
	if (!strcmp(how, "vfork")) {
		vfork_and_wait();
		return 6;
	}
	if (!strcmp(how, "system")) {
		print_status("system", system("exit 3"));
		return 0;
	}
	if (!strcmp(how, "threads-running")) {
		for (int i = 0; i < 4; i++)
			thrd_create(&thread, burn_thread, NULL);
		burn(0.1);
		return 13;
	}
	if (!strcmp(how, "thread-exits")) {
		thrd_create(&thread, burn_thread, NULL);
		thrd_exit(0);	/* the process goes on until its last thread ends */
	}
	return 99;
}
