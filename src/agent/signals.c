/* SPDX-License-Identifier: MIT
 *
 * signals.c - SIGPROF belongs to us, and the host must not notice; SIGTERM, SIGINT and SIGHUP at
 * their default action still kill the host, after its profile was closed.
 *
 * Context: host; the mask helpers and the fatal handler are signal-safe.
 *
 * What the host asks for SIGPROF is kept here and handed back on its next question; its handler is
 * called for every SIGPROF that is not a tick of ours (signal/sampler.c).  A host that takes one of
 * the three fatal signals for itself really gets it; when it goes back to the default, so do we.
 */
#include "agent/agent.h"

#include <errno.h>
#include <string.h>

#include "base/atomic.h"
#include "base/syscalls.h"

#define SIGNAL_BIT(signal) (1ull << ((signal)-1))

static const int fatal_signals[] = { SIGTERM, SIGINT, SIGHUP };

static struct sigaction host_sigprof;		/* as the host believes; zero = default */
static bool fatal_is_ours[NSIG];		/* our handler stands for SIG_DFL */

uint64_t np_signals_ours(void)
{
	return SIGNAL_BIT(SIGPROF);
}

static void mask_change(int how, uint64_t set, uint64_t *old)
{
	np_syscall(SYS_rt_sigprocmask, how, &set, old, 8);
}

void np_signals_block(uint64_t *ret_old)
{
	mask_change(SIG_BLOCK, SIGNAL_BIT(SIGPROF), ret_old);
}

void np_signals_restore(uint64_t old)
{
	mask_change(SIG_SETMASK, old, NULL);
}

uint64_t np_signals_host_mask(void)
{
	uint64_t mask = 0;

	mask_change(SIG_BLOCK, 0, &mask);
	if (np_thread_self && np_thread_self->host_blocks_sigprof)
		mask |= SIGNAL_BIT(SIGPROF);
	return mask;
}

static int real_sigaction(int signal, const struct sigaction *act, struct sigaction *old)
{
	static int (*real)(int, const struct sigaction *, struct sigaction *);

	if (!real)
		real = np_real("sigaction");
	return real(signal, act, old);
}

/* Close the profile, then die of the same signal: the parent sees the same status. */
static void fatal_handler(int signal)
{
	struct { void *handler; unsigned long flags; void *restorer; uint64_t mask; } plain = { 0 };
	long pid = np_syscall(SYS_getpid), tid = np_syscall(SYS_gettid);
	int saved_errno = errno;

	np_finish(NP_END_SIGNAL);
	np_syscall(SYS_rt_sigaction, signal, &plain, 0, 8);
	np_syscall(SYS_tgkill, pid, tid, signal);
	errno = saved_errno;
}

static bool is_fatal(int signal)
{
	for (size_t i = 0; i < sizeof(fatal_signals) / sizeof(*fatal_signals); i++)
		if (fatal_signals[i] == signal)
			return true;
	return false;
}

static bool is_default(const struct sigaction *action)
{
	return !(action->sa_flags & SA_SIGINFO) && action->sa_handler == SIG_DFL;
}

static void install_fatal(int signal)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = fatal_handler;
	action.sa_flags = SA_RESTART;
	sigfillset(&action.sa_mask);
	if (real_sigaction(signal, &action, NULL) == 0)
		fatal_is_ours[signal] = true;
}

void np_signals_install(void)
{
	struct sigaction action, found;

	memset(&action, 0, sizeof(action));
	action.sa_sigaction = np_sampler_handler;
	action.sa_flags = SA_SIGINFO | SA_RESTART;
	sigfillset(&action.sa_mask);
	real_sigaction(SIGPROF, &action, &host_sigprof);
	np_store_release(&np_sampler.host_disposition, host_sigprof.sa_handler == SIG_IGN);
	for (size_t i = 0; i < sizeof(fatal_signals) / sizeof(*fatal_signals); i++)
		if (real_sigaction(fatal_signals[i], NULL, &found) == 0 &&
		    is_default(&found))
			install_fatal(fatal_signals[i]);
}

static void keep_host_sigprof(const struct sigaction *act)
{
	uint32_t disposition = act->sa_flags & SA_SIGINFO ? 3 : 2;

	if (!(act->sa_flags & SA_SIGINFO)) {
		if (act->sa_handler == SIG_DFL)
			disposition = 0;
		else if (act->sa_handler == SIG_IGN)
			disposition = 1;
	}
	host_sigprof = *act;
	np_store_release(&np_sampler.host_disposition, 1);	/* no call while the two change */
	np_sampler.host_action = act->sa_sigaction;
	np_store_release(&np_sampler.host_disposition, disposition);
}

NP_EXPORT int sigaction(int signal, const struct sigaction *restrict act,
			struct sigaction *restrict old)
{
	struct sigaction found;
	bool ours;
	int r;

	if (!np_agent.attached || signal <= 0 || signal >= NSIG)
		return real_sigaction(signal, act, old);
	if (signal == SIGPROF) {
		found = host_sigprof;
		if (act)
			keep_host_sigprof(act);
		if (old)
			*old = found;
		return 0;
	}
	if (!is_fatal(signal))
		return real_sigaction(signal, act, old);
	ours = fatal_is_ours[signal];
	r = real_sigaction(signal, NULL, &found);
	if (r == 0 && act && is_default(act)) {
		install_fatal(signal);
	} else if (r == 0 && act) {
		r = real_sigaction(signal, act, NULL);
		fatal_is_ours[signal] = ours && r != 0;
	}
	if (r == 0 && old) {
		*old = found;
		if (ours) {
			memset(old, 0, sizeof(*old));
			old->sa_handler = SIG_DFL;
		}
	}
	return r;
}

/* BSD semantics, as glibc's signal() has them. */
NP_EXPORT sighandler_t signal(int number, sighandler_t handler)
{
	static sighandler_t (*real)(int, sighandler_t);
	struct sigaction act, old;

	if (!np_agent.attached || (number != SIGPROF && !is_fatal(number))) {
		if (!real)
			real = np_real("signal");
		return real(number, handler);
	}
	if (handler == SIG_ERR) {
		errno = EINVAL;
		return SIG_ERR;
	}
	memset(&act, 0, sizeof(act));
	act.sa_handler = handler;
	act.sa_flags = SA_RESTART;
	sigemptyset(&act.sa_mask);
	sigaddset(&act.sa_mask, number);
	if (sigaction(number, &act, &old) < 0)
		return SIG_ERR;
	return old.sa_handler;
}

/* Apply the host's wish for SIGPROF to the bit it sees; the kernel's mask never contains it. */
static void track_sigprof(int how, const sigset_t *set, bool *blocked)
{
	bool in_set = sigismember(set, SIGPROF) == 1;

	if (how == SIG_SETMASK)
		*blocked = in_set;
	else if (in_set)
		*blocked = how == SIG_BLOCK;
}

static int change_mask(int (*real)(int, const sigset_t *, sigset_t *), int how,
		       const sigset_t *set, sigset_t *old)
{
	struct np_thread *self = np_agent.attached ? np_thread_self : NULL;
	sigset_t without;
	bool before;
	int r;

	if (!self || self->inside)	/* inside: libunwind, which binds to us like everybody else */
		return real(how, set, old);
	before = self->host_blocks_sigprof;
	if (set) {
		without = *set;
		sigdelset(&without, SIGPROF);
	}
	r = real(how, set ? &without : NULL, old);
	if (r != 0)
		return r;
	if (set)
		track_sigprof(how, set, &self->host_blocks_sigprof);
	if (old && before)
		sigaddset(old, SIGPROF);
	return 0;
}

NP_EXPORT int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
	static int (*real)(int, const sigset_t *, sigset_t *);

	if (!real)
		real = np_real("sigprocmask");
	return change_mask(real, how, set, old);
}

NP_EXPORT int pthread_sigmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
	static int (*real)(int, const sigset_t *, sigset_t *);

	if (!real)
		real = np_real("pthread_sigmask");
	return change_mask(real, how, set, old);
}
