/* SPDX-License-Identifier: MIT
 *
 * confine.c - hosts that forbid themselves system calls (seccomp, user dispatch), or the time-stamp counter.
 *
 * Context: host, signal-safe.
 *
 * A filter that kills for what we do would kill the host for having been profiled: at the next tick,
 * at its end, when a thread is made.  So the filter is looked at before the kernel gets it.  If it
 * lets us live, all goes on, and what it refuses with an error is degraded as anywhere else.  If not,
 * we retire: the profile is closed and folded while that is allowed, every clock is closed, the
 * host's own signal actions are put back, and from then on no wrapper does anything of ours.
 * Whoever runs a filter from a system call instruction of its own is not seen here.
 *
 * A filter from before our time (systemd's, a container's) cannot be looked at without privileges,
 * so a child tries our calls in its stead (np_confine_survives()).
 */
#include "agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/confine_filter.h"
#include "agent/real.h"
#include "base/atomic.h"
#include "base/syscalls.h"

#define PROBE_STACK_BYTES (16u << 10)
#define OF_THREAD_CLOCK	  0xfffffffffffffffeu	/* CLOCK_THREAD_CPUTIME_ID of thread 0, as np_clock_thread_ns() */

#define CALL(name, ...)	  { SYS_##name, #name, { __VA_ARGS__ }, false }
#define NEEDED(name, ...) { SYS_##name, #name, { __VA_ARGS__ }, true }

/* Every kind of call that the library makes after it was attached, in a form that does nothing. */
static const struct np_confine_call calls[] = {
	NEEDED(getpid, 0),
	NEEDED(gettid, 0),
	NEEDED(clock_gettime, OF_THREAD_CLOCK, 0),
	NEEDED(clock_gettime, CLOCK_PROCESS_CPUTIME_ID, 0),
	NEEDED(clock_gettime, CLOCK_MONOTONIC, 0),
	NEEDED(rt_sigprocmask, SIG_SETMASK, 0, 0, 8),
	NEEDED(rt_sigaction, SIGPROF, 0, 0, 8),
	CALL(rt_sigpending, 0, 8),
	CALL(rt_sigtimedwait, 0, 0, 0, 8),
	CALL(tgkill, 0, 0, 0),
	CALL(rt_tgsigqueueinfo, 0, 0, 0, 0),
	CALL(madvise, 0, 0, 23),	/* MADV_POPULATE_WRITE */
	CALL(mmap, 0, 0, PROT_READ | PROT_WRITE, MAP_SHARED, -1ul),
	CALL(munmap, 1, 0),
	CALL(openat, (uint64_t)AT_FDCWD, 0, O_RDWR | O_CLOEXEC),
	CALL(close, -1ul),
	CALL(read, -1ul),
	CALL(write, -1ul),
	CALL(fstat, -1ul),
	CALL(newfstatat, (uint64_t)AT_FDCWD, 0, 0, 0),
	CALL(ftruncate, -1ul, 0),
	CALL(fallocate, -1ul),
	CALL(mkdir, 0, 0700),
	CALL(faccessat, (uint64_t)AT_FDCWD, 0, 1),
	CALL(getdents64, -1ul),
	CALL(pread64, -1ul),
	CALL(flock, -1ul, 2),
	CALL(kill, 0x7fffffff, 0),
	CALL(prlimit64, 0, 7, 0, 0),
	CALL(perf_event_open, 0),
	CALL(ioctl, -1ul, PERF_EVENT_IOC_ID),
	CALL(ioctl, -1ul, PERF_EVENT_IOC_ENABLE),
	CALL(ioctl, -1ul, PERF_EVENT_IOC_PERIOD),
	CALL(fcntl, -1ul, F_SETOWN_EX),
	CALL(fcntl, -1ul, F_DUPFD_CLOEXEC),
	CALL(timer_create, 99, 0, 0),
	CALL(timer_settime, -1ul),
	CALL(timer_delete, -1ul),
	CALL(setitimer, 99),
	CALL(process_vm_readv, 0),
	CALL(get_robust_list, 0x7fffffff),
	CALL(sched_yield, 0),
	CALL(nanosleep, 0),
	CALL(getppid, 0),
	CALL(geteuid, 0),
	CALL(pipe2, 0),
	CALL(wait4, 0x7fffffff, 0, 1),
};
#define CALLS (sizeof(calls) / sizeof(*calls))

/* Only the filter shows these to be allowed; nobody could try them. */
static const struct np_confine_call untried[] = {
	NEEDED(rt_sigreturn, 0),
	CALL(clone, CLONE_VM | CLONE_VFORK),
	CALL(exit, 0),
};

static uint8_t probe_stack[PROBE_STACK_BYTES] __attribute__((aligned(16)));

/* ---- retiring */

static void close_clocks(void)
{
	for (struct np_thread *t = np_load_acquire(&np_sampler.threads); t; t = t->next)
		if (np_load_relaxed(&t->used))
			np_clock_disarm(t);
	np_clock_stop_process();
}

static void retire(const char *what, const char *which)
{
	uint64_t mask;

	if (np_agent.pid == np_agent.top_pid)	/* a server may confine every child that it forks */
		np_say("sampling ends here: the program forbids itself ", what, which, NULL);
	np_signals_block(&mask);
	np_finish(NP_END_CONFINED);
	close_clocks();
	np_signals_give_back(mask);
	np_agent.attached = false;
}

static bool may_retire(void)
{
	return np_signals_here() && !np_load_relaxed(&np_agent.finished);
}

/* ---- a filter that the host is about to install */

void np_confine_filter(const void *program)
{
	static struct sock_filter filter[BPF_MAXINSNS];
	static uint32_t busy;
	struct sock_fprog head;
	const struct np_confine_call *refused;

	/* What cannot be read the kernel refuses, too. */
	if (!program || !may_retire() || !np_raw_read(&head, program, sizeof(head)) || head.len == 0 ||
	    head.len > BPF_MAXINSNS)
		return;
	if (np_exchange_acq_rel(&busy, 1)) {	/* two at once: no time to look */
		retire("system calls", "");
		return;
	}
	if (np_raw_read(filter, head.filter, head.len * sizeof(*filter))) {
		refused = np_confine_refused(filter, head.len, calls, CALLS);
		if (!refused)
			refused = np_confine_refused(filter, head.len, untried,
						     sizeof(untried) / sizeof(*untried));
		if (refused)
			retire("what a sampler needs: ", refused->name);
	}
	np_store_release(&busy, 0);
}

void np_confine_strict(void)
{
	if (may_retire())
		retire("nearly all system calls", "");
}

void np_confine_prctl(long option, unsigned long value, const void *program)
{
	if (option == PR_SET_SECCOMP && value == SECCOMP_MODE_STRICT)
		np_confine_strict();
	else if (option == PR_SET_SECCOMP && value == SECCOMP_MODE_FILTER)
		np_confine_filter(program);
	else if (option == PR_SET_SYSCALL_USER_DISPATCH && value == PR_SYS_DISPATCH_ON && may_retire())
		retire("system calls of other code (syscall user dispatch)", "");
	else if (option == PR_SET_TSC && value == PR_TSC_SIGSEGV && may_retire())
		retire("the time-stamp counter", "");
}

NP_EXPORT int prctl(int option, ...)
{
	unsigned long a[4];
	va_list list;

	va_start(list, option);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(list, unsigned long);
	va_end(list);
	np_confine_prctl(option, a[0], (const void *)a[1]);
	return NP_REAL(prctl)(option, a[0], a[1], a[2], a[3]);
}

/* ---- a filter from before our time */

static bool is_filtered(void)
{
	static const char field[] = "\nSeccomp:\t";
	char text[4096];
	const char *at;
	long fd = np_syscall(SYS_openat, AT_FDCWD, "/proc/self/status", O_RDONLY | O_CLOEXEC), n = 0;

	if (fd < 0)
		return false;
	n = np_syscall(SYS_read, fd, text, sizeof(text));
	np_syscall(SYS_close, fd);
	at = n > 0 ? memmem(text, (size_t)n, field, sizeof(field) - 1) : NULL;
	return at && at + sizeof(field) - 1 < text + n && at[sizeof(field) - 1] == '2';
}

static int try_all(void *unused)
{
	(void)unused;
	for (size_t i = 0; i < CALLS; i++)
		np_syscall(calls[i].number, calls[i].args[0], calls[i].args[1], calls[i].args[2],
			   calls[i].args[3], calls[i].args[4]);
	np_syscall(SYS_exit, 0);
	return 0;
}

bool np_confine_survives(void)
{
	int status = -1;
	long child, r;

	if (!is_filtered())
		return true;
	child = clone(try_all, probe_stack + PROBE_STACK_BYTES, CLONE_VM | CLONE_VFORK, NULL);
	if (child < 0)
		return true;		/* no processes here: nothing is known */
	do
		r = np_syscall(SYS_wait4, child, &status, __WALL, 0);
	while (r == -EINTR);
	if (r < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
		return true;
	np_say("no profile: the seccomp filter around this program kills it for what a sampler needs", NULL);
	return false;
}
