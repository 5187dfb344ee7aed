/* SPDX-License-Identifier: MIT
 *
 * signals_send.c - SIGPROF that the host has sent to itself: raise(), pthread_kill(), kill(), ITIMER_PROF.
 *
 * Context: host, signal-safe.
 *
 * A standard signal that is pending for a thread swallows the next one with its number.  A tick may
 * be pending, so what the host sends to a thread of its own goes by the thread's slot instead.
 * What other processes send to one thread (tgkill) can still meet a tick; kill() cannot, for what
 * is sent to a process is kept apart, unless ITIMER_PROF is our clock: its ticks go to the process,
 * too, so it stands still while the host sends.
 */
#include "agent/agent.h"

#include <errno.h>
#include <string.h>

#include "agent/real.h"
#include "base/atomic.h"
#include "base/syscalls.h"

static void send_to(struct np_thread *thread)
{
	siginfo_t info;
	uint64_t mask;

	memset(&info, 0, sizeof(info));
	info.si_signo = SIGPROF;
	info.si_code = SI_TKILL;
	info.si_pid = np_agent.pid;
	info.si_uid = getuid();
	np_signals_block(&mask);
	np_host_send(thread, &info);
	np_signals_restore(mask);
}

NP_EXPORT int raise(int number)
{
	struct np_thread *self;

	if (number != SIGPROF || !np_signals_here() || !(self = np_thread_self))
		return NP_REAL(raise)(number);
	send_to(self);
	return 0;
}

NP_EXPORT int pthread_kill(pthread_t thread, int number)
{
	if (number == SIGPROF && np_signals_here())
		for (struct np_thread *t = np_load_acquire(&np_sampler.threads); t; t = t->next)
			if (np_load_acquire(&t->used) && t->handle == (uintptr_t)thread) {
				send_to(t);
				return 0;
			}
	return NP_REAL(pthread_kill)(thread, number);
}

/* SIGPROF is blocked.  A signal of the host's that was pending merges with the next one, as it would. */
static void drop_pending_ticks(void)
{
	uint64_t set = np_signals_ours();
	struct timespec none = { 0, 0 };

	while (np_syscall(SYS_rt_sigtimedwait, &set, 0, &none, 8) > 0)
		;
}

NP_EXPORT int kill(pid_t pid, int number)
{
	static const struct itimerval never;
	uint64_t mask;
	int r;

	if (number != SIGPROF || pid != np_agent.pid || np_sampler.identity.clock != NP_CLOCK_ITIMER ||
	    !np_signals_here() || np_load_relaxed(&np_sampler.host_itimer))
		return NP_REAL(kill)(pid, number);
	np_signals_block(&mask);
	np_syscall(SYS_setitimer, ITIMER_PROF, &never, 0);
	drop_pending_ticks();
	r = NP_REAL(kill)(pid, number);
	np_sampler_set_itimer();
	if (np_thread_self)
		np_host_requeue(np_thread_self);	/* what was dropped may have been a call to look */
	np_signals_restore(mask);
	return r;
}

/* ---- ITIMER_PROF: there is one, and on the lowest rung of the clock ladder it is our clock.  A
 * host that sets it has it then, at its own rate, and each of its ticks is one of ours, too. */

static bool is_our_clock(int which)
{
	return which == ITIMER_PROF && np_sampler.identity.clock == NP_CLOCK_ITIMER &&
	       np_signals_here();
}

NP_EXPORT int getitimer(__itimer_which_t which, struct itimerval *value)
{
	int r = NP_REAL(getitimer)(which, value);

	if (r == 0 && is_our_clock(which) && !np_load_relaxed(&np_sampler.host_itimer))
		memset(value, 0, sizeof(*value));
	return r;
}

NP_EXPORT int setitimer(__itimer_which_t which, const struct itimerval *restrict value,
			struct itimerval *restrict old)
{
	struct itimerval before;
	uint32_t kind = 0, was;
	uint64_t mask;
	int r;

	if (!is_our_clock(which) || !value)
		return NP_REAL(setitimer)(which, value, old);
	if (value->it_value.tv_sec || value->it_value.tv_usec)
		kind = value->it_interval.tv_sec || value->it_interval.tv_usec ? 1 : 2;
	np_signals_block(&mask);
	r = NP_REAL(setitimer)(which, value, &before);
	if (r == 0) {
		was = np_exchange_acq_rel(&np_sampler.host_itimer, kind);
		if (kind == 0)
			np_sampler_set_itimer();
		if (old && was)
			*old = before;
		else if (old)
			memset(old, 0, sizeof(*old));
	}
	np_signals_restore(mask);
	return r;
}
