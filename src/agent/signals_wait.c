/* SPDX-License-Identifier: MIT
 *
 * signals_wait.c - waiting for signals, and waiting with another mask, while SIGPROF is ours.
 *
 * Context: host, signal-safe.
 */
#include "agent/agent.h"

#include <errno.h>
#include <string.h>

#include "agent/real.h"
#include "base/atomic.h"

static bool has_sigprof(const sigset_t *set)
{
	return sigismember(set, SIGPROF) == 1;
}

/* For the time of a wait the host's mask is MASK.  Where that lets SIGPROF in, the kernel must hold
 * it back until the wait has begun: one that came just before would not end the wait. */
const sigset_t *np_signals_wait_begin(struct np_wait_mask *wait, const sigset_t *mask)
{
	struct np_thread *self = np_agent.attached ? np_thread_self : NULL;
	uint64_t old;

	wait->self = NULL;
	if (!mask || !self || !np_signals_here())
		return mask;
	wait->self = self;
	wait->before = self->host.blocks;
	wait->mask = *mask;
	sigdelset(&wait->mask, SIGPROF);
	wait->held_back = wait->before && !has_sigprof(mask);
	if (wait->held_back)
		np_signals_block(&old);
	self->host.blocks = has_sigprof(mask);
	if (wait->held_back)
		np_host_requeue(self);
	return &wait->mask;
}

void np_signals_wait_end(struct np_wait_mask *wait)
{
	struct np_thread *self = wait->self;
	int saved_errno = errno;
	uint64_t old;

	if (!self)
		return;
	np_signals_block(&old);
	self->host.blocks = wait->before;
	np_host_requeue(self);
	np_signals_restore(old & ~np_signals_ours());
	errno = saved_errno;
}

NP_EXPORT int sigsuspend(const sigset_t *mask)
{
	struct np_wait_mask wait;
	int r;

	mask = np_signals_wait_begin(&wait, mask);
	do {
		np_sampler_broke_wait = 0;
		r = NP_REAL(sigsuspend)(mask);
	} while (np_sampler_broke_wait);
	np_signals_wait_end(&wait);
	return r;
}

/* ---- sigwait and its like ---- */

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static bool is_the_hosts(const siginfo_t *info)
{
	if (info->si_code == SI_KERNEL && np_load_relaxed(&np_sampler.host_itimer))
		return true;
	return !np_sampler_is_tick(info) && !np_host_is_poke(info);
}

/* One that the host waits for, as sigtimedwait(): ticks are passed over.  SIGPROF is blocked, if it
 * is in SET: it must not go to the handler between the look at what is pending and the wait. */
static int wait_for(struct np_thread *self, const sigset_t *set, siginfo_t *ret_info,
		    const struct timespec *timeout)
{
	int64_t deadline = timeout && np_agent.attached ? now_ns() + timeout->tv_sec * 1000000000ll + timeout->tv_nsec : 0;
	int saved_errno = errno, r;
	struct timespec left;
	int64_t ns;

	for (;;) {
		if (self && has_sigprof(set) && np_host_take(self, ret_info))
			return SIGPROF;
		np_sampler_broke_wait = 0;
		r = NP_REAL(sigtimedwait)(set, ret_info, timeout);
		if (r == SIGPROF && self ? is_the_hosts(ret_info)
					 : !(r == -1 && errno == EINTR && np_sampler_broke_wait))
			return r;
		errno = saved_errno;
		if (timeout) {
			ns = deadline - now_ns();
			ns = ns < 0 ? 0 : ns;
			left = (struct timespec){ ns / 1000000000, ns % 1000000000 };
			timeout = &left;
		}
	}
}

NP_EXPORT int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict ret_info,
			   const struct timespec *restrict timeout)
{
	struct np_thread *self = np_agent.attached && np_signals_here() ? np_thread_self : NULL;
	bool ours = self && has_sigprof(set);
	siginfo_t info;
	uint64_t old;
	int r;

	if (timeout && (timeout->tv_sec < 0 || timeout->tv_sec > INT32_MAX))
		return NP_REAL(sigtimedwait)(set, ret_info, timeout);
	if (ours) {
		np_signals_block(&old);
		np_exchange_acq_rel(&self->host.waits, 1);
	}
	r = wait_for(self, set, &info, timeout);
	if (ours) {
		np_exchange_acq_rel(&self->host.waits, 0);
		np_signals_restore(old & ~np_signals_ours());
	}
	if (r > 0 && info.si_code == SI_TKILL)	/* libc hides it from those who wait */
		info.si_code = SI_USER;
	if (r > 0 && ret_info)
		*ret_info = info;
	return r;
}

NP_EXPORT int sigwaitinfo(const sigset_t *restrict set, siginfo_t *restrict ret_info)
{
	return sigtimedwait(set, ret_info, NULL);
}

/* Resumes after a signal handler, as libc's does. */
NP_EXPORT int sigwait(const sigset_t *restrict set, int *restrict ret_signal)
{
	int saved_errno = errno, r;

	do
		r = sigtimedwait(set, NULL, NULL);
	while (r == -1 && errno == EINTR);
	if (r == -1)
		r = errno;
	else
		*ret_signal = r;
	errno = saved_errno;
	return r == *ret_signal ? 0 : r;
}

NP_EXPORT int sigpending(sigset_t *set)
{
	struct np_thread *self = np_agent.attached && np_signals_here() ? np_thread_self : NULL;
	int r = NP_REAL(sigpending)(set);

	if (r == 0 && self && np_host_is_pending(self))
		sigaddset(set, SIGPROF);
	return r;
}

/* A descriptor reads what the kernel holds back, and for us it holds no SIGPROF back. */
NP_EXPORT int signalfd(int fd, const sigset_t *mask, int flags)
{
	static uint32_t said;
	int r = NP_REAL(signalfd)(fd, mask, flags);

	if (r >= 0 && np_agent.attached && has_sigprof(mask) && np_signals_here() &&
	    np_exchange_acq_rel(&said, 1) == 0)
		np_say("this program reads SIGPROF from a signalfd: under the profiler none arrives "
		       "there; run it without, if it depends on that", NULL);
	return r;
}
