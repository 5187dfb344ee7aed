/* SPDX-License-Identifier: MIT
 *
 * raw.c - syscall(): what a host asks of the kernel past libc's functions, where it concerns us.
 *
 * Context: host, signal-safe.
 *
 * Replacing our handler would kill the host at the next tick or take all samples away; blocking
 * SIGPROF would end the samples of a thread; an exit past _exit() would leave the spool unfolded.  A host that brings system call instructions of its own
 * is not seen here: the end of the profile tells what it took (agent/finish.c).
 *
 * The kernel answers EFAULT for a bad pointer, and so must we: the host's memory is moved by calls
 * that cannot fault.
 */
#include "agent/agent.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "agent/real.h"
#include "base/syscalls.h"

struct kernel_action {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

static bool moved(long number, void *ours, const void *the_hosts, size_t bytes)
{
	struct iovec here = { ours, bytes }, there = { (void *)(uintptr_t)the_hosts, bytes };
	long r = np_syscall(number, np_agent.pid, &here, 1, &there, 1, 0);

	if (r == -ENOSYS || r == -EPERM) {	/* refused here: the host is taken at its word */
		memcpy(number == SYS_process_vm_readv ? ours : there.iov_base,
		       number == SYS_process_vm_readv ? the_hosts : ours, bytes);
		return true;
	}
	return r == (long)bytes;
}

bool np_raw_read(void *to, const void *from, size_t bytes)
{
	return moved(SYS_process_vm_readv, to, from, bytes);
}

static long fault(void)
{
	errno = EFAULT;
	return -1;
}

static long raw_sigaction(const struct kernel_action *act, struct kernel_action *old)
{
	struct kernel_action wanted = { 0 }, before = { 0 };
	struct sigaction to, from;

	memset(&to, 0, sizeof(to));
	memset(&from, 0, sizeof(from));
	if (act && !np_raw_read(&wanted, act, sizeof(wanted)))
		return fault();
	to.sa_handler = (void (*)(int))(uintptr_t)wanted.handler;
	to.sa_flags = (int)wanted.flags & ~0x04000000;	/* SA_RESTORER */
	memcpy(&to.sa_mask, &wanted.mask, sizeof(wanted.mask));
	if (sigaction(SIGPROF, act ? &to : NULL, &from) < 0)
		return -1;
	before.handler = (void *)(uintptr_t)from.sa_handler;
	before.flags = (unsigned long)from.sa_flags;
	memcpy(&before.mask, &from.sa_mask, sizeof(before.mask));
	return !old || moved(SYS_process_vm_writev, &before, old, sizeof(before)) ? 0 : fault();
}

static long raw_sigprocmask(int how, const uint64_t *set, uint64_t *old)
{
	sigset_t to, from;

	sigemptyset(&to);
	if (set && !np_raw_read(&to, set, sizeof(*set)))
		return fault();
	if (sigprocmask(how, set ? &to : NULL, &from) < 0)
		return -1;
	return !old || moved(SYS_process_vm_writev, &from, old, sizeof(*old)) ? 0 : fault();
}

/* Waiting until a point in time, or for ever, can be done again as it is. */
static bool is_repeatable_futex(const long a[6])
{
	int command = (int)a[1] & FUTEX_CMD_MASK;

	return command == FUTEX_WAIT_BITSET || (command == FUTEX_WAIT && a[3] == 0);
}

static bool makes_thread(long number, const long a[6])
{
	if (number == SYS_clone)
		return (a[0] & CLONE_THREAD) != 0;
	return number == SYS_clone3 && (*(const uint64_t *)a[0] & CLONE_THREAD) != 0;
}

NP_EXPORT long syscall(long number, ...)
{
	int saved_errno = errno;
	long a[6], r;
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_rt_sigaction && a[0] == SIGPROF && a[3] == 8 && np_signals_here())
		return raw_sigaction((const struct kernel_action *)a[1], (struct kernel_action *)a[2]);
	if (number == SYS_rt_sigprocmask && a[3] == 8 && np_signals_here())
		return raw_sigprocmask((int)a[0], (const uint64_t *)a[1], (uint64_t *)a[2]);
	if (number == SYS_close)
		return close((int)a[0]);
	if (number == SYS_exit_group)
		_exit((int)a[0]);
	if (number == SYS_chroot || number == SYS_landlock_restrict_self)
		np_users_keep_place();
	if (number == SYS_prctl)
		np_confine_prctl(a[0], (unsigned long)a[1], (const void *)a[2]);
	if (number == SYS_seccomp && a[0] == SECCOMP_SET_MODE_STRICT)
		np_confine_strict();
	if (number == SYS_seccomp && a[0] == SECCOMP_SET_MODE_FILTER)
		np_confine_filter((const void *)a[2]);
	if (number != SYS_futex || !is_repeatable_futex(a)) {
		r = NP_REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
		if (r > 0 && makes_thread(number, a) && np_signals_here())
			np_unseen_made(r);
		return r;
	}
	do {
		np_sampler_broke_wait = 0;
		r = NP_REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	} while (r == -1 && errno == EINTR && np_sampler_broke_wait && ((errno = saved_errno), 1));
	return r;
}
