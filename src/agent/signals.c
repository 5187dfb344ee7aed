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

#include "agent/real.h"
#include "base/syscalls.h"

#define SIGNAL_BIT(signal) (1ull << ((signal)-1))

static const int fatal_signals[] = { SIGTERM, SIGINT, SIGHUP };

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

/* A vfork child has its parent's memory, but signal actions of its own: none of ours are in it. */
bool np_signals_here(void)
{
	return np_agent.attached && np_syscall(SYS_getpid) == np_agent.pid;
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
	if (NP_REAL(sigaction)(signal, &action, NULL) == 0)
		fatal_is_ours[signal] = true;
}

/* As the host wants its SIGPROF handler to be run, where that can matter to it: a handler without
 * SA_RESTART is meant to break waiting calls, one with SA_ONSTACK may have no room elsewhere. */
static void install_sampler(const struct sigaction *host, struct sigaction *ret_found)
{
	struct sigaction action;
	bool handled = !is_default(host) &&
		       ((host->sa_flags & SA_SIGINFO) || host->sa_handler != SIG_IGN);

	memset(&action, 0, sizeof(action));
	action.sa_sigaction = np_sampler_handler;
	action.sa_flags = SA_SIGINFO | SA_RESTART;
	if (handled)
		action.sa_flags = SA_SIGINFO | (host->sa_flags & (SA_RESTART | SA_ONSTACK));
	if (np_signals_small_stacks())
		action.sa_flags &= ~SA_ONSTACK;
	sigfillset(&action.sa_mask);
	NP_REAL(libc_sigaction)(SIGPROF, &action, ret_found);
}

void np_signals_install(void)
{
	struct sigaction found;

	memset(&found, 0, sizeof(found));
	NP_REAL(sigaction)(SIGPROF, NULL, &found);
	np_host_set_action(&found);
	install_sampler(&found, NULL);
	for (size_t i = 0; i < sizeof(fatal_signals) / sizeof(*fatal_signals); i++)
		if (NP_REAL(sigaction)(fatal_signals[i], NULL, &found) == 0 &&
		    is_default(&found))
			install_fatal(fatal_signals[i]);
}

void np_signals_set_again(void)
{
	install_sampler(np_host_action(), NULL);
}

bool np_signals_handler_is_ours(void)
{
	struct { void *handler; unsigned long flags; void *restorer; uint64_t mask; } found = { 0 };

	np_syscall(SYS_rt_sigaction, SIGPROF, 0, &found, 8);
	return found.handler == (void *)np_sampler_handler;
}

/* The new image inherits the host's mask, not ours, and ignores what the host ignored. */
void np_signals_for_exec(uint64_t mask)
{
	const struct sigaction *host = np_host_action();

	if (np_thread_self && np_thread_self->host.blocks)
		mask |= SIGNAL_BIT(SIGPROF);
	if (!(host->sa_flags & SA_SIGINFO) && host->sa_handler == SIG_IGN)
		NP_REAL(sigaction)(SIGPROF, host, NULL);
	np_signals_restore(mask);
}

void np_signals_after_exec(uint64_t mask)
{
	install_sampler(np_host_action(), NULL);
	np_signals_restore(mask);
}

/* No clock ticks any more. */
void np_signals_give_back(uint64_t mask)
{
	struct sigaction plain;

	memset(&plain, 0, sizeof(plain));
	plain.sa_handler = SIG_IGN;	/* drops ticks that are pending, for all threads */
	NP_REAL(libc_sigaction)(SIGPROF, &plain, NULL);
	plain.sa_handler = SIG_DFL;
	NP_REAL(libc_sigaction)(SIGPROF, np_host_action(), NULL);
	for (size_t i = 0; i < sizeof(fatal_signals) / sizeof(*fatal_signals); i++)
		if (fatal_is_ours[fatal_signals[i]])
			NP_REAL(sigaction)(fatal_signals[i], &plain, NULL);
	if (np_thread_self && np_thread_self->host.blocks)
		mask |= SIGNAL_BIT(SIGPROF);
	np_signals_restore(mask);
}

static void change_sigprof(const struct sigaction *act, struct sigaction *old)
{
	struct sigaction before = *np_host_action();
	uint64_t mask;

	np_signals_block(&mask);
	if (act) {
		np_host_set_action(act);
		install_sampler(act, NULL);
	}
	np_signals_restore(mask);
	if (old)
		*old = before;
}

NP_EXPORT int sigaction(int signal, const struct sigaction *restrict act,
			struct sigaction *restrict old)
{
	struct sigaction found;
	bool ours;
	int r;

	if (signal <= 0 || signal >= NSIG || !np_signals_here())
		return NP_REAL(sigaction)(signal, act, old);
	if (signal == SIGPROF) {
		change_sigprof(act, old);
		return 0;
	}
	if (!is_fatal(signal))
		return np_signals_set(signal, act, old);
	ours = fatal_is_ours[signal];
	r = np_signals_set(signal, NULL, &found);
	if (r == 0 && act && is_default(act)) {
		install_fatal(signal);
	} else if (r == 0 && act) {
		r = np_signals_set(signal, act, NULL);
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
	struct sigaction act, old;

	if ((number != SIGPROF && !is_fatal(number)) || !np_signals_here())
		return NP_REAL(signal)(number, handler);
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
