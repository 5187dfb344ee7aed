/* SPDX-License-Identifier: MIT
 *
 * in_place.c - takes things away, as a container or an administrator does, and runs a program.
 * usage: in_place THING... -- PROGRAM ARGUMENT...
 * THING: perf=ERRNO, timer_create=ERRNO, setitimer=ERRNO, ... (by a seccomp filter), nofile=N,
 *        sigpending=N, memlock=N, as=N, fsize=N, nobody; deaf-perf and deaf-timer: clocks that open, are
 *        never switched on, and say that they were; mute-perf: one that counts and sends no signal.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static void refuse(int number, int error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		exit(77);
}

/* Calls NUMBER whose second argument is ARGUMENT succeed and do nothing. */
static void pretend(int number, uint32_t argument)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, argument, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		exit(77);
}

static void limit(int which, const char *value)
{
	struct rlimit to = { strtoul(value, NULL, 10), strtoul(value, NULL, 10) };

	if (setrlimit(which, &to) < 0)
		exit(77);
}

int main(int argc, char **argv)
{
	static const struct { const char *name; int number; } calls[] = {
		{ "perf", SYS_perf_event_open }, { "timer_create", SYS_timer_create },
		{ "setitimer", SYS_setitimer }, { "madvise", SYS_madvise }, { "prlimit", SYS_prlimit64 },
		{ "clone", SYS_clone }, { "execve", SYS_execve },
	};
	static const struct { const char *name; int which; } limits[] = {
		{ "nofile", RLIMIT_NOFILE }, { "sigpending", RLIMIT_SIGPENDING }, { "memlock", RLIMIT_MEMLOCK },
		{ "as", RLIMIT_AS }, { "fsize", RLIMIT_FSIZE },
	};
	const char *preload = getenv("IN_PLACE_PRELOAD");
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		char *value = strchr(argv[i], '=');

		if (!strcmp(argv[i], "nobody")) {
			if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
				exit(77);
			continue;
		}
		if (!strcmp(argv[i], "deaf-perf"))
			pretend(SYS_ioctl, PERF_EVENT_IOC_ENABLE);
		else if (!strcmp(argv[i], "deaf-timer"))
			pretend(SYS_timer_settime, 0);
		else if (!strcmp(argv[i], "mute-perf"))
			pretend(SYS_fcntl, F_SETFL);
		else if (!value)
			return 99;
		if (!value)
			continue;
		*value++ = '\0';
		for (size_t k = 0; k < sizeof(calls) / sizeof(*calls); k++)
			if (!strcmp(argv[i], calls[k].name))
				refuse(calls[k].number, atoi(value));
		for (size_t k = 0; k < sizeof(limits) / sizeof(*limits); k++)
			if (!strcmp(argv[i], limits[k].name))
				limit(limits[k].which, value);
	}
	if (i + 1 >= argc)
		return 99;
	if (preload)
		setenv("LD_PRELOAD", preload, 1);
	execv(argv[i + 1], argv + i + 1);
	return 98;
}
