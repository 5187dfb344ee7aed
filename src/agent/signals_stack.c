/* SPDX-License-Identifier: MIT
 *
 * signals_stack.c - hosts with small signal stacks: no tick comes while a handler runs on one.
 *
 * Context: host, signal-safe.
 *
 * A tick puts a frame of up to AT_MINSIGSTKSZ bytes (3.3 KiB with AVX-512) and our handler's on top
 * of the frame that is there already.  A stack of SIGSTKSZ, the 8 KiB of old, has no room for that,
 * and what lies below is overwritten, or the kernel kills the process.  So once a thread has such a
 * stack, handlers that may run on it hold SIGPROF back; the time they take is told with what runs
 * next.  To the host the mask of its handlers stays what it set.
 */
#include "agent/agent.h"

#include <errno.h>
#include <sys/auxv.h>

#include "agent/real.h"
#include "base/atomic.h"

#define HANDLERS_BYTES 8192u		/* ours and the host's, without the two frames */

static uint32_t small_stacks;
static bool added[NSIG];		/* SIGPROF is in the kernel's mask but not in the host's */

bool np_signals_small_stacks(void)
{
	return np_load_relaxed(&small_stacks);
}

static bool needs_more(const struct sigaction *action)
{
	return np_load_relaxed(&small_stacks) && (action->sa_flags & SA_ONSTACK) &&
	       ((action->sa_flags & SA_SIGINFO) || (action->sa_handler != SIG_DFL &&
						    action->sa_handler != SIG_IGN)) &&
	       sigismember(&action->sa_mask, SIGPROF) != 1;
}

int np_signals_set(int signal, const struct sigaction *act, struct sigaction *old)
{
	struct sigaction more;
	bool was = added[signal], is = act && needs_more(act);
	int r;

	if (is) {
		more = *act;
		sigaddset(&more.sa_mask, SIGPROF);
	}
	r = NP_REAL(sigaction)(signal, is ? &more : act, old);
	if (r != 0)
		return r;
	if (act)
		added[signal] = is;
	if (old && was)
		sigdelset(&old->sa_mask, SIGPROF);
	return 0;
}

static void set_all_again(void)
{
	struct sigaction found;
	int saved_errno = errno;

	for (int signal = 1; signal < NSIG; signal++)
		if (signal != SIGPROF && NP_REAL(sigaction)(signal, NULL, &found) == 0 &&
		    needs_more(&found))
			np_signals_set(signal, &found, NULL);
	errno = saved_errno;
}

NP_EXPORT int sigaltstack(const stack_t *restrict stack, stack_t *restrict old)
{
	int r = NP_REAL(sigaltstack)(stack, old);

	if (r == 0 && stack && !(stack->ss_flags & SS_DISABLE) &&
	    stack->ss_size < 2 * getauxval(AT_MINSIGSTKSZ) + HANDLERS_BYTES && np_signals_here() &&
	    np_exchange_acq_rel(&small_stacks, 1) == 0) {
		set_all_again();
		np_signals_set_again();
	}
	return r;
}
