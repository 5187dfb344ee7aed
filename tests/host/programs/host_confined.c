/* SPDX-License-Identifier: MIT
 *
 * host_confined.c - a program that forbids itself system calls, or the time-stamp counter, and goes on.
 * usage: host_confined HOW; HOW: all | kill | trap | errno | strict | tsc | dispatch | thread | null | exec PROGRAM
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALLOW(number) BPF_JUMP(BPF_JMP + BPF_JEQ + BPF_K, number, 0, 1), BPF_STMT(BPF_RET + BPF_K, SECCOMP_RET_ALLOW)

static volatile unsigned long sink;

__attribute__((noinline)) static void burn(unsigned long rounds)
{
	for (unsigned long i = 0; i < rounds * 1000000; i++)
		sink += i;
}

/* Writing and ending, and not even the way back from a signal handler. */
static long install(unsigned action)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD + BPF_W + BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(SYS_write), ALLOW(SYS_exit_group), ALLOW(SYS_exit), ALLOW(SYS_prctl), ALLOW(SYS_seccomp),
		BPF_STMT(BPF_RET + BPF_K, action),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(*filter), filter };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

/* All but one call, which is answered by ACTION. */
static int install_but(int number, unsigned action)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD + BPF_W + BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP + BPF_JEQ + BPF_K, (unsigned)number, 0, 1),
		BPF_STMT(BPF_RET + BPF_K, action),
		BPF_STMT(BPF_RET + BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(*filter), filter };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void *in_thread(void *unused)
{
	burn(50);
	return unused;
}

static void tell(const char *text)
{
	if (write(1, text, strlen(text)) < 0)
		_exit(9);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	pthread_t thread;

	burn(50);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (!strcmp(how, "all") && install_but(999, SECCOMP_RET_KILL_PROCESS) < 0)
		return 2;
	if (!strcmp(how, "kill") && install(SECCOMP_RET_KILL_PROCESS) < 0)
		return 2;
	if (!strcmp(how, "trap") && install(SECCOMP_RET_TRAP) < 0)
		return 2;
	if (!strcmp(how, "errno") && install_but(SYS_perf_event_open, SECCOMP_RET_ERRNO | EPERM) < 0)
		return 2;
	if (!strcmp(how, "strict") && prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) < 0)
		return 2;
	if (!strcmp(how, "tsc") && prctl(PR_SET_TSC, PR_TSC_SIGSEGV) < 0)
		return 2;
	if (!strcmp(how, "dispatch")) {	/* as Wine does: all that is not libc's is caught, while SELECTOR says so */
		static volatile char selector = 0;

		if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0L, 0L, &selector) < 0)
			return 2;
		selector = 1;
		burn(300);
		selector = 0;
	}
	/* As libseccomp asks what the kernel knows. */
	if (!strcmp(how, "null") && (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 1, NULL) == 0 || errno != EFAULT))
		return 2;
	if (!strcmp(how, "thread")) {
		pthread_create(&thread, NULL, in_thread, NULL);
		if (install_but(SYS_perf_event_open, SECCOMP_RET_KILL_PROCESS) < 0)
			return 2;
		pthread_join(thread, NULL);
		pthread_create(&thread, NULL, in_thread, NULL);
		pthread_join(thread, NULL);
		if (fork() == 0)
			_exit(0);
		wait(NULL);
	}
	if (!strcmp(how, "exec") && argc > 2 && install_but(SYS_perf_event_open, SECCOMP_RET_KILL_PROCESS) == 0)
		execv(argv[2], argv + 2);
	tell("confined\n");
	burn(300);
	tell("and still here\n");
	syscall(strcmp(how, "strict") ? SYS_exit_group : SYS_exit, 7L);
	return 8;
}
