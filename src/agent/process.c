/* SPDX-License-Identifier: MIT
 *
 * process.c - fork, exec, exit and dlclose: where one process image ends and another begins.
 *
 * Context: host.  A vfork child runs in its parent's memory: every wrapper here first asks the
 * kernel for the process id and touches nothing when it is not the one that attached.
 */
#include "agent/agent.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/real.h"
#include "base/atomic.h"
#include "base/syscalls.h"
#include "signal/modules.h"

static uint64_t fork_mask;	/* of the forking thread, between the fork handlers */
static bool forks_with_us;	/* likewise */

static bool is_own_process(void)
{
	return np_agent.attached && np_syscall(SYS_getpid) == np_agent.pid;
}

/* A signal every period would restart a slow clone() for ever; and libunwind's pool lock must not
 * be copied while a handler holds it.  A handler lasts microseconds, so this wait is short. */
static void before_fork(void)
{
	forks_with_us = np_agent.attached;
	if (!forks_with_us)
		return;
	np_signals_block(&fork_mask);
	np_descriptors_wait();
	if (np_sampler.unwinder && np_sampler.unwinder->kind == NP_UNWINDER_LIBUNWIND) {
		np_store_relaxed(&np_sampler.enabled, 0);
		for (int i = 0; i < 100000 && np_load_acquire(&np_sampler.running); i++)
			np_syscall(SYS_sched_yield);
	}
}

static void after_fork_parent(void)
{
	if (!forks_with_us)
		return;
	if (np_agent.attached && !np_load_relaxed(&np_agent.finished))
		np_store_relaxed(&np_sampler.enabled, 1);
	if (is_own_process() && !np_load_relaxed(&np_agent.finished))
		np_left_after_fork();
	np_signals_restore(fork_mask);
}

static void start_image(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	np_sampler.identity.started_realtime_ns =
		(uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	clock_gettime(CLOCK_MONOTONIC, &now);
	np_sampler.identity.started_monotonic_ns =
		(uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	np_sampler.identity.ppid = (uint32_t)np_syscall(SYS_getppid);
	np_sampler.identity.pid = (uint32_t)np_agent.pid;
}

/* The child starts with nothing of its parent's: no event, no spool, no counts. */
static void after_fork_child(void)
{
	struct np_thread *self = np_thread_self;

	if (!forks_with_us)
		return;
	if (!np_agent.attached)
		goto out;
	np_agent.pid = (pid_t)np_syscall(SYS_getpid);
	np_agent.finished = 0;
	np_agent.had_others = false;
	np_sampler.running = 0;
	np_sampler.startup_periods = 0;
	np_sampler.host_itimer = 0;
	np_host.pending.state = 0;	/* a child has nothing pending */
	if (self)
		self->host.pending.state = self->host.forwarded.state = 0;
	np_sampler.identity.start_ticks = 0;
	np_sampler.identity.left_to = np_left_at_first();
	memset(np_sampler.pending, 0, sizeof(np_sampler.pending));
	np_threads_after_fork(self);
	np_unseen_forget();
	if (np_sampler.phase == NP_PHASE_READY) {
		/* What tools asked of the parent holds for the child: its spool is made from this. */
		np_sampler.identity.control = np_load_relaxed(&np_sampler.spool.head->control);
		np_sampler.identity.hz_wanted = np_load_relaxed(&np_sampler.spool.head->hz_wanted);
		np_spool_forget(&np_sampler.spool);
	}
	np_store_release(&np_sampler.phase, NP_PHASE_NONE);
	np_sampler.image++;
	np_modules_forget();
	start_image();
	if (!np_agent.config.children || !self) {
		np_store_relaxed(&np_sampler.enabled, 0);
		np_agent.attached = false;
		goto out;
	}
	np_store_relaxed(&np_sampler.enabled, 1);
	if (!np_thread_attach(self))
		np_thread_self = NULL;
	else if (np_sampler.identity.control)
		np_attach_account_startup(self);	/* it can be milliseconds on a busy machine */
out:
	np_signals_restore(fork_mask);
}

void np_process_install(void)
{
	start_image();
	pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

/* ---- exec ---- */

#define EXEC(call)                                                                                 \
	do {                                                                                       \
		struct np_exec_state state = { .active = false };                                  \
		int result;                                                                        \
		if (is_own_process())                                                              \
			np_exec_prepare(&state);                                                   \
		result = (call);                                                                   \
		np_exec_failed(&state);                                                            \
		return result;                                                                     \
	} while (0)

NP_EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	EXEC(NP_REAL(execve)(path, argv, envp));
}

NP_EXPORT int execv(const char *path, char *const argv[])
{
	return execve(path, argv, environ);
}

NP_EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
	EXEC(NP_REAL(execvpe)(file, argv, envp));
}

NP_EXPORT int execvp(const char *file, char *const argv[])
{
	return execvpe(file, argv, environ);
}

NP_EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
	EXEC(NP_REAL(fexecve)(fd, argv, envp));
}

NP_EXPORT int execveat(int dir, const char *path, char *const argv[], char *const envp[], int flags)
{
	EXEC(NP_REAL(execveat)(dir, path, argv, envp, flags));
}

/* The list forms: count, copy to the stack (the heap may not be usable here), go on as the others. */
#define LIST_ARGUMENTS(first, then)                                                                \
	do {                                                                                       \
		va_list list;                                                                      \
		size_t count = 1;                                                                  \
		va_start(list, first);                                                             \
		while (va_arg(list, const char *))                                                 \
			count++;                                                                   \
		va_end(list);                                                                      \
		char **argv = __builtin_alloca((count + 1) * sizeof(*argv));                       \
		argv[0] = (char *)(uintptr_t)first;                                                \
		va_start(list, first);                                                             \
		for (size_t i = 1; i <= count; i++)                                                \
			argv[i] = va_arg(list, char *);                                            \
		then;                                                                              \
		va_end(list);                                                                      \
	} while (0)

NP_EXPORT int execl(const char *path, const char *argument, ...)
{
	int r;

	LIST_ARGUMENTS(argument, r = execve(path, argv, environ));
	return r;
}

NP_EXPORT int execlp(const char *file, const char *argument, ...)
{
	int r;

	LIST_ARGUMENTS(argument, r = execvpe(file, argv, environ));
	return r;
}

NP_EXPORT int execle(const char *path, const char *argument, ...)
{
	int r;

	LIST_ARGUMENTS(argument, r = execve(path, argv, va_arg(list, char **)));
	return r;
}

/* ---- the quick ways out ---- */

NP_EXPORT _Noreturn void _exit(int status)
{
	if (is_own_process())
		np_finish(NP_END_EXIT);
	for (;;)
		np_syscall(SYS_exit_group, status);
}

NP_EXPORT _Noreturn void _Exit(int status)
{
	_exit(status);
}

/* ---- unloading ---- */

NP_EXPORT int dlclose(void *handle)
{
	int r;

	np_modules_unloaded();	/* before: no rule of a module that goes may be made from here on … */
	r = NP_REAL(dlclose)(handle);
	np_modules_unloaded();	/* … and none that was made meanwhile may stay */
	np_modules_snapshot();
	return r;
}
