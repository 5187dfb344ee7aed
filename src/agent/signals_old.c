/* SPDX-License-Identifier: MIT
 *
 * signals_old.c - the older ways to set handlers and masks.  Inside libc they would not come through
 * our sigaction() and sigprocmask(), and so would replace our handler or block our signal.
 *
 * Context: host, signal-safe.
 */
#include "agent/agent.h"

#include <errno.h>
#include <string.h>

#include "agent/real.h"

static sighandler_t set_handler(int number, sighandler_t handler, int flags)
{
	struct sigaction act, old;

	if (handler == SIG_ERR) {
		errno = EINVAL;
		return SIG_ERR;
	}
	memset(&act, 0, sizeof(act));
	act.sa_handler = handler;
	act.sa_flags = flags;
	sigemptyset(&act.sa_mask);
	return sigaction(number, &act, &old) < 0 ? SIG_ERR : old.sa_handler;
}

/* What signal() is with -D_XOPEN_SOURCE alone. */
NP_EXPORT sighandler_t __sysv_signal(int number, sighandler_t handler);
NP_EXPORT sighandler_t __sysv_signal(int number, sighandler_t handler)
{
	return set_handler(number, handler, (int)(SA_RESETHAND | SA_NODEFER));
}

NP_EXPORT sighandler_t sysv_signal(int number, sighandler_t handler)
{
	return __sysv_signal(number, handler);
}

NP_EXPORT sighandler_t bsd_signal(int number, sighandler_t handler);
NP_EXPORT sighandler_t bsd_signal(int number, sighandler_t handler)
{
	return signal(number, handler);
}

NP_EXPORT sighandler_t ssignal(int number, sighandler_t handler)
{
	return signal(number, handler);
}

NP_EXPORT int siginterrupt(int number, int interrupt)
{
	struct sigaction act;

	if (sigaction(number, NULL, &act) < 0)
		return -1;
	act.sa_flags = interrupt ? act.sa_flags & ~SA_RESTART : act.sa_flags | SA_RESTART;
	return sigaction(number, &act, NULL);
}

static int change_one(int how, int number, sigset_t *old)
{
	sigset_t set;

	sigemptyset(&set);
	if (sigaddset(&set, number) < 0)
		return -1;
	return sigprocmask(how, &set, old);
}

NP_EXPORT int sighold(int number)
{
	return change_one(SIG_BLOCK, number, NULL);
}

NP_EXPORT int sigrelse(int number)
{
	return change_one(SIG_UNBLOCK, number, NULL);
}

NP_EXPORT int sigignore(int number)
{
	return set_handler(number, SIG_IGN, 0) == SIG_ERR ? -1 : 0;
}

NP_EXPORT sighandler_t sigset(int number, sighandler_t handler)
{
	sigset_t old;
	struct sigaction before;
	sighandler_t r;

	if (handler == SIG_HOLD) {
		if (change_one(SIG_BLOCK, number, &old) < 0)
			return SIG_ERR;
		if (sigismember(&old, number) == 1)
			return SIG_HOLD;
		return sigaction(number, NULL, &before) < 0 ? SIG_ERR : before.sa_handler;
	}
	r = set_handler(number, handler, 0);
	if (r == SIG_ERR || change_one(SIG_UNBLOCK, number, &old) < 0)
		return SIG_ERR;
	return sigismember(&old, number) == 1 ? SIG_HOLD : r;
}
