/* SPDX-License-Identifier: MIT
 *
 * folder.c - starting neuroprof-fold so that the host does not notice.
 *
 * Context: host, signal-safe (the end may come from a signal handler): system calls only.
 *
 * The folder must not be the host's child as the host counts children: a middle process without an
 * exit signal (no SIGCHLD, invisible to wait()) starts it, and waits for it when we are to wait.
 */
#include "agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/syscalls.h"

#define CHILD_STACK_BYTES (32u << 10)
#define ENVIRONMENT_MAX	  2048u

struct fold_job {
	const char *spool;
	bool wait;
	int pipe;			/* read end: wait for the exec to happen; -1 = start at once */
	char program[600];
	char directory[560], left_to[40];
	char *argv[10];
	char *envp[ENVIRONMENT_MAX + 1];
};

/* Not on the stack, which may be a small one.  Who may use it: see take_job(). */
static struct fold_job job;
static uint32_t job_pid;		/* the process one of whose threads uses it; 0 = none */
static uint8_t middle_stack[CHILD_STACK_BYTES] __attribute__((aligned(16)));
static uint8_t folder_stack[CHILD_STACK_BYTES] __attribute__((aligned(16)));

/* Beside the library when it runs from the build tree, else where `meson install` puts it. */
static bool find_program(char *program, size_t bytes)
{
	static const char *const places[] = {
		"/neuroprof-fold", "/../../tools/neuroprof-fold",
		"/" NP_LIBEXEC_FROM_LIBDIR "/neuroprof-fold",
	};
	size_t length = strlen(np_agent.library_dir);

	for (size_t i = 0; length && i < sizeof(places) / sizeof(*places); i++) {
		if (length + strlen(places[i]) + 1 > bytes)
			continue;
		memcpy(program, np_agent.library_dir, length);
		memcpy(program + length, places[i], strlen(places[i]) + 1);
		if (np_syscall(SYS_faccessat, AT_FDCWD, program, X_OK) == 0)
			return true;
	}
	return false;
}

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The folder must not be profiled, or audited, in its turn, nor keep the host from ending while it
 * asks a symbol server; `neuroprof record` and neuroprof-fold by hand do ask. */
static void copy_environment(void)
{
	size_t n = 0;

	for (char **e = environ; e && *e && n < ENVIRONMENT_MAX; e++)
		if (!starts_with(*e, "LD_PRELOAD=") && !starts_with(*e, "LD_AUDIT=") &&
		    !starts_with(*e, "LD_DEBUG=") && !starts_with(*e, "DEBUGINFOD_URLS="))
			job.envp[n++] = *e;
	job.envp[n] = NULL;
}

/* The host's limits were not made for the folder: as far as we may, it goes without. */
static void lift_limits(void)
{
	static const int which[] = { RLIMIT_NOFILE, RLIMIT_FSIZE, RLIMIT_AS, RLIMIT_DATA, RLIMIT_CPU };
	struct rlimit limit;

	for (size_t i = 0; i < sizeof(which) / sizeof(*which); i++) {
		if (np_syscall(SYS_prlimit64, 0, which[i], 0, &limit) < 0)
			continue;
		limit.rlim_cur = limit.rlim_max;
		if (which[i] == RLIMIT_NOFILE)
			limit.rlim_cur = limit.rlim_max < 1024 ? limit.rlim_max : 1024;
		np_syscall(SYS_prlimit64, 0, which[i], &limit, 0);
	}
}

static int folder_main(void *unused)
{
	struct { void *handler; unsigned long flags; void *restorer; uint64_t mask; } act = { 0 };
	static const int ignored[] = { SIGINT, SIGQUIT, SIGHUP, SIGPIPE };
	uint64_t none = 0;
	long null;

	(void)unused;
	act.handler = (void *)SIG_IGN;	/* a Ctrl-C to the group must not cost the profile */
	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		np_syscall(SYS_rt_sigaction, ignored[i], &act, 0, 8);
	np_syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, 0, 8);
	lift_limits();
	null = np_syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR);
	if (null >= 0) {
		np_syscall(SYS_dup2, null, 0);
		np_syscall(SYS_dup2, null, 1);
		if (!job.wait)
			np_syscall(SYS_dup2, null, 2);
	}
	if (job.pipe >= 0) {
		np_syscall(SYS_dup2, job.pipe, 3);
		np_syscall(SYS_fcntl, 3, F_SETFD, 0);
	}
	np_syscall(SYS_close_range, job.pipe >= 0 ? 4 : 3, ~0u, 0);
	np_syscall(SYS_execve, job.program, job.argv, job.envp);
	np_syscall(SYS_exit, NP_FOLD_MISSING);
	return NP_FOLD_MISSING;
}

static int middle_main(void *unused)
{
	int status = 0;
	long folder, r;

	(void)unused;
	folder = clone(folder_main, folder_stack + CHILD_STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD,
		       NULL);
	if (folder < 0)
		np_syscall(SYS_exit, NP_FOLD_MISSING);
	if (job.wait) {
		do
			r = np_syscall(SYS_wait4, folder, &status, 0, 0);
		while (r == -EINTR);
	}
	np_syscall(SYS_exit, job.wait && WIFEXITED(status) ? WEXITSTATUS(status) : 0);
	return 0;
}

/* One thread at a time.  Whoever has it blocks all signals, so no handler can wait for its own
 * thread; and in a fork child it is nobody's, although another thread had it in the parent. */
static void take_job(void)
{
	struct timespec step = { 0, 1000000 };
	uint32_t free_for_all = 0;

	while (!np_cas_acq_rel(&job_pid, &free_for_all, (uint32_t)np_agent.pid)) {
		if (free_for_all != (uint32_t)np_agent.pid)
			continue;	/* a parent's: compare with that */
		free_for_all = 0;
		np_syscall(SYS_nanosleep, &step, 0);
	}
}

static char *join(char *to, const char *name, const char *value)
{
	strcpy(stpcpy(to, name), value);
	return to;
}

/* Everything but the mask and the turn. */
static int run_job(enum np_fold_when when, int pipe)
{
	char number[24];
	int status = 0;
	long middle, r;
	size_t n = 0;

	if (when == NP_FOLD_NOW && np_load_relaxed(&np_agent.finished))
		return -ECANCELED;	/* the whole profile is being written */
	if (!find_program(job.program, sizeof(job.program)))
		return NP_FOLD_MISSING;
	job.spool = np_sampler.spool.path;
	job.wait = when == NP_FOLD_NOW || ((when == NP_FOLD_AT_END || when == NP_FOLD_OTHERS) &&
					   np_agent.config.fold == NP_FOLD_WAIT);
	job.pipe = pipe;
	job.argv[n++] = job.program;
	job.argv[n++] = (char *)(uintptr_t)(np_agent.config.debug ? "--verbose" : "--quiet");
	if (when != NP_FOLD_NOW)
		job.argv[n++] = (char *)(uintptr_t)"--remove";
	if (pipe >= 0)
		job.argv[n++] = (char *)(uintptr_t)"--after-exec=3";
	if (when == NP_FOLD_SWEEP || when == NP_FOLD_AT_END || when == NP_FOLD_OTHERS) {
		job.argv[n++] = join(job.directory, "--left-in=", np_sampler.spool_dir);
		if (when != NP_FOLD_SWEEP)
			job.argv[n++] = join(job.left_to, "--left-to=",
					     np_say_number((uint64_t)np_agent.pid, number));
	}
	if (when != NP_FOLD_SWEEP && when != NP_FOLD_OTHERS)
		job.argv[n++] = (char *)(uintptr_t)job.spool;
	job.argv[n] = NULL;
	copy_environment();
	middle = clone(middle_main, middle_stack + CHILD_STACK_BYTES, CLONE_VM | CLONE_VFORK, NULL);
	if (middle < 0)
		return -errno;
	do
		r = np_syscall(SYS_wait4, middle, &status, __WALL, 0);
	while (r == -EINTR);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int np_folder_run(enum np_fold_when when, int pipe)
{
	uint64_t all = ~0ull, mask = 0;
	int saved_errno = errno, r;

	np_syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, 8);
	take_job();
	r = run_job(when, pipe);
	np_store_release(&job_pid, 0);
	np_syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, 8);
	errno = saved_errno;
	return r;
}
