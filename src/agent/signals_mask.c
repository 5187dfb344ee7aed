/* SPDX-License-Identifier: MIT
 *
 * signals_mask.c - the signal mask as the host sees it: with SIGPROF as it wishes, while the kernel's
 * lets it in.
 *
 * Context: host, signal-safe.
 */
#include "agent/agent.h"

#include "agent/real.h"

/* Apply the host's wish for SIGPROF to the bit it sees; the kernel's mask never contains it. */
static void track_sigprof(int how, const sigset_t *set, bool *blocks)
{
	bool in_set = sigismember(set, SIGPROF) == 1;

	if (how == SIG_SETMASK)
		*blocks = in_set;
	else if (in_set)
		*blocks = how == SIG_BLOCK;
}

/* What came while the host blocked SIGPROF comes before this returns. */
static void deliver_pending(struct np_thread *self)
{
	uint64_t mask;

	if (self->host.blocks || !np_host_is_pending(self))
		return;
	np_signals_block(&mask);
	np_host_requeue(self);
	np_signals_restore(mask & ~np_signals_ours());
}

static int change_mask(int (*real)(int, const sigset_t *, sigset_t *), int how,
		       const sigset_t *set, sigset_t *old)
{
	struct np_thread *self = np_agent.attached ? np_thread_self : NULL;
	sigset_t without;
	sigset_t kernels;
	uint64_t unused;
	bool before;
	int r;

	/* Inside: libunwind, which binds to us like everybody else. */
	if (!self || self->inside || !np_signals_here())
		return real(how, set, old);
	np_host_handler_left(self, (uintptr_t)__builtin_frame_address(0));
	before = self->host.blocks;
	if (set) {
		without = *set;
		sigdelset(&without, SIGPROF);
	}
	r = real(how, set ? &without : NULL, &kernels);
	if (r != 0)
		return r;
	if (set && sigismember(&kernels, SIGPROF) == 1) {
		/* In a handler whose sa_mask has SIGPROF: the mask goes when the handler returns. */
		if (how == SIG_UNBLOCK ? sigismember(set, SIGPROF) != 1
				       : how == SIG_BLOCK || sigismember(set, SIGPROF) == 1)
			np_signals_block(&unused);
	} else if (set) {
		track_sigprof(how, set, &self->host.blocks);
		deliver_pending(self);
	}
	if (old) {
		*old = kernels;
		if (before)
			sigaddset(old, SIGPROF);
	}
	return 0;
}

NP_EXPORT int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
	return change_mask(NP_REAL(sigprocmask), how, set, old);
}

NP_EXPORT int pthread_sigmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
	return change_mask(NP_REAL(pthread_sigmask), how, set, old);
}
