/* SPDX-License-Identifier: MIT
 *
 * finish.c - the end of a process image: close the spool and have it folded outside the host.
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
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/syscalls.h"

#define CHILD_STACK_BYTES (32u << 10)
#define ENVIRONMENT_MAX	  2048u
#define FOLD_MISSING	  127

struct fold_job {
	const char *spool;
	bool wait;
	int pipe;			/* read end: wait for the exec to happen; -1 = start at once */
	bool started;
	char program[600];
	char pipe_number[24];
	char *argv[8];
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
	np_syscall(SYS_exit, FOLD_MISSING);
	return FOLD_MISSING;
}

static int middle_main(void *unused)
{
	int status = 0;
	long folder, r;

	(void)unused;
	folder = clone(folder_main, folder_stack + CHILD_STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD,
		       NULL);
	if (folder < 0)
		np_syscall(SYS_exit, FOLD_MISSING);
	if (job.wait) {
		do
			r = np_syscall(SYS_wait4, folder, &status, 0, 0);
		while (r == -EINTR);
	}
	np_syscall(SYS_exit, job.wait && WIFEXITED(status) ? WEXITSTATUS(status) : 0);
	return 0;
}

enum fold_when { FOLD_NOW, FOLD_AFTER_EXEC, FOLD_AT_END };

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

/* Everything but the mask and the turn. */
static int run_job(enum fold_when when, int pipe)
{
	int status = 0;
	long middle, r;
	size_t n = 0;

	if (when == FOLD_NOW && np_load_relaxed(&np_agent.finished))
		return -ECANCELED;	/* the whole profile is being written */
	if (!find_program(job.program, sizeof(job.program)))
		return FOLD_MISSING;
	job.spool = np_sampler.spool.path;
	job.wait = when == FOLD_NOW ||
		   (when == FOLD_AT_END && np_agent.config.fold == NP_FOLD_WAIT);
	job.pipe = pipe;
	job.argv[n++] = job.program;
	job.argv[n++] = (char *)(uintptr_t)(np_agent.config.debug ? "--verbose" : "--quiet");
	if (when != FOLD_NOW)
		job.argv[n++] = (char *)(uintptr_t)"--remove";
	if (pipe >= 0)
		job.argv[n++] = (char *)(uintptr_t)"--after-exec=3";
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

/* Run the folder for the present spool.  Returns its exit status, FOLD_MISSING, or -errno. */
static int run_folder(enum fold_when when, int pipe)
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

static void close_spool(enum np_spool_end how)
{
	struct np_spool_header *head = np_sampler.spool.head;
	struct timespec now;

	np_syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	head->ended_monotonic_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	np_syscall(SYS_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, &now);
	head->ended_cpu_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	head->end = how;
	np_store_release(&head->state, NP_SPOOL_ENDED);
}

/* What no call of libc told us: the descriptors closed, the handler replaced. */
static void note_what_was_taken(void)
{
	np_unseen_look(NP_LOOK_LAST);
	for (struct np_thread *t = np_load_acquire(&np_sampler.threads); t; t = t->next)
		if (np_load_relaxed(&t->used) && np_clock_is_gone(t))
			np_sampler_count(NP_COUNT_CLOCKS_CLOSED, 1);
	if (np_signals_handler_is_ours())
		return;
	np_sampler_count(NP_COUNT_HANDLER_REPLACED, 1);
	np_say("the program took SIGPROF for itself by a raw system call: nothing was sampled since",
	       NULL);
}

void np_finish(enum np_spool_end how)
{
	uint32_t phase;
	int r;

	if (!np_agent.attached || np_syscall(SYS_getpid) != np_agent.pid ||
	    np_exchange_acq_rel(&np_agent.finished, 1))
		return;
	np_store_relaxed(&np_sampler.enabled, 0);
	phase = np_load_acquire(&np_sampler.phase);
	if (phase == NP_PHASE_FAILED && np_sampler.create_errno == EFBIG)
		np_say("no profile: the limit for files (ulimit -f) leaves the spool less than 1 MiB", NULL);
	else if (phase == NP_PHASE_FAILED)
		np_say("no profile: ", np_sampler.spool_dir, ": cannot create the spool (",
		       np_say_errno(np_sampler.create_errno),
		       "); point NEUROPROF_SPOOL_DIR to a private directory with free space", NULL);
	note_what_was_taken();
	if (phase != NP_PHASE_READY)
		return;
	close_spool(how);
	if (np_agent.config.fold == NP_FOLD_OFF)
		return;
	r = run_folder(FOLD_AT_END, -1);
	if (r == FOLD_MISSING)
		np_say("neuroprof-fold was not found beside the library: the samples are kept in ",
		       np_sampler.spool.path, "; run neuroprof recover", NULL);
	else if (r < 0)
		np_say("neuroprof-fold cannot be started (", np_say_errno(-r),
		       "): the samples are kept in ", np_sampler.spool.path,
		       "; run neuroprof recover", NULL);
	else if (r > 0)			/* it has said why */
		np_say("the samples are kept in ", np_sampler.spool.path,
		       "; mend that and run neuroprof recover", NULL);
}

static bool has_samples(void)
{
	const struct np_spool *spool = &np_sampler.spool;
	uint64_t ready = np_load_acquire(&spool->head->threads.ready) / sizeof(*spool->threads);

	for (uint64_t i = 0; i < ready; i++)
		if (np_load_relaxed(&spool->threads[i].samples) > 0)
			return true;
	return false;
}

bool np_snapshot(void)
{
	int r;

	if (!np_signals_here() || np_load_relaxed(&np_agent.finished) ||
	    np_load_acquire(&np_sampler.phase) != NP_PHASE_READY || !has_samples())
		return false;
	r = run_folder(FOLD_NOW, -1);
	if (r == FOLD_MISSING)
		np_say("no snapshot: neuroprof-fold was not found beside the library", NULL);
	else if (r < 0 && r != -ECANCELED)
		np_say("no snapshot: neuroprof-fold cannot be started (", np_say_errno(-r), ")", NULL);
	return r == 0;			/* else it has said why */
}

/* Drain what is pending: the handler does not survive an exec, and the default action kills. */
static void drain_sigprof(void)
{
	uint64_t set = np_signals_ours();
	struct timespec none = { 0, 0 };

	while (np_syscall(SYS_rt_sigtimedwait, &set, 0, &none, 8) > 0)
		;
}

/* The new image may come without us (static, set-user-id, another environment), so a folder starts
 * now and waits at a pipe that the exec closes.  A refused exec writes a byte, and it goes away. */
void np_exec_prepare(struct np_exec_state *state)
{
	int ends[2] = { -1, -1 };

	state->pipe = -1;
	if (np_load_relaxed(&np_agent.finished))
		return;
	state->active = true;
	np_signals_block(&state->mask);
	np_store_relaxed(&np_sampler.enabled, 0);
	if (np_thread_self)
		np_clock_disarm(np_thread_self);
	np_clock_stop_process();
	drain_sigprof();
	if (np_load_acquire(&np_sampler.phase) == NP_PHASE_READY) {
		close_spool(NP_END_EXEC);
		if (np_agent.config.fold != NP_FOLD_OFF &&
		    np_syscall(SYS_pipe2, ends, O_CLOEXEC) == 0) {
			run_folder(FOLD_AFTER_EXEC, ends[0]);
			np_syscall(SYS_close, ends[0]);
			state->pipe = ends[1];
		}
	}
	np_signals_for_exec(state->mask);
}

void np_exec_failed(struct np_exec_state *state)
{
	int saved_errno = errno;

	if (!state->active)
		return;
	if (state->pipe >= 0) {
		np_syscall(SYS_write, state->pipe, "x", 1);
		np_syscall(SYS_close, state->pipe);
	}
	if (np_load_acquire(&np_sampler.phase) == NP_PHASE_READY) {
		np_sampler.spool.head->end = NP_END_UNKNOWN;
		np_store_release(&np_sampler.spool.head->state, NP_SPOOL_LIVE);
	}
	if (np_thread_self && np_clock_arm(np_thread_self) < 0)
		np_sampler_count(NP_COUNT_THREADS_UNCOVERED, 1);
	np_store_relaxed(&np_sampler.enabled, 1);
	np_signals_after_exec(state->mask);
	errno = saved_errno;
}
