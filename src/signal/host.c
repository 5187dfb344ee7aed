/* SPDX-License-Identifier: MIT
 *
 * host.c - a SIGPROF that is no tick, dealt with as the kernel would have done it.
 *
 * Context: handler, all signals blocked, or host with SIGPROF blocked; system calls only.
 *
 * Which thread gets a signal that was sent to the process is the kernel's choice among those that
 * do not block it, and to the kernel none blocks SIGPROF.  So it may arrive where the host blocks
 * it; it is then forwarded to a thread that does not, or kept until there is one.
 */
#include "signal/host.h"

#include <string.h>
#include <ucontext.h>

#include "base/atomic.h"
#include "base/syscalls.h"
#include "signal/sampler.h"

#define SIGPROF_BIT (1ull << (SIGPROF - 1))
#define TRIES_MAX   10000

struct np_host np_host;

static void slot_put(struct np_host_slot *slot, const siginfo_t *info)
{
	uint32_t state = 0;

	for (int i = 0; i < TRIES_MAX; i++, state = 0) {
		if (np_cas_acq_rel(&slot->state, &state, 1)) {
			slot->info = *info;
			np_store_release(&slot->state, 2);
			return;
		}
		if (state == 2)
			return;
		np_syscall(SYS_sched_yield);	/* another thread is changing it */
	}
}

static bool slot_take(struct np_host_slot *slot, siginfo_t *ret_info)
{
	uint32_t state = 2;

	if (np_load_relaxed(&slot->state) == 0 || !np_cas_acq_rel(&slot->state, &state, 1))
		return false;
	*ret_info = slot->info;
	np_store_release(&slot->state, 0);
	return true;
}

const struct sigaction *np_host_action(void)
{
	return &np_host.actions[np_load_acquire(&np_host.action) & 1];
}

static bool is_plain(const struct sigaction *action, void (*handler)(int))
{
	return !(action->sa_flags & SA_SIGINFO) && action->sa_handler == handler;
}

/* Two changes within one reading would be needed for a reader to see a mixture. */
void np_host_set_action(const struct sigaction *action)
{
	uint32_t next = !(np_load_relaxed(&np_host.action) & 1);
	siginfo_t dropped;

	np_host.actions[next] = *action;
	np_store_release(&np_host.action, next);
	if (is_plain(action, SIG_IGN)) {	/* throws away what is pending */
		slot_take(&np_host.pending, &dropped);
		for (struct np_thread *t = np_load_acquire(&np_sampler.threads); t; t = t->next)
			slot_take(&t->host.pending, &dropped);
	}
}

void np_host_handler_left(struct np_thread *self, uintptr_t at)
{
	struct np_host_thread *host = &self->host;

	if (host->handler_at && at > host->handler_at && at < self->stack_high &&
	    host->handler_at >= self->stack_low) {
		host->handler_at = 0;
		host->blocks = host->blocked_before;
	}
}

/* Make THREAD look at its slots.  This SIGPROF may merge with a tick that is pending there: so the
 * handler looks after every one.  Returns false when the thread is gone. */
static bool poke(const struct np_thread *thread)
{
	long pid = np_syscall(SYS_getpid);
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_signo = SIGPROF;
	info.si_code = SI_QUEUE;
	info.si_pid = (pid_t)pid;
	info.si_value.sival_ptr = &np_host;
	return np_syscall(SYS_rt_tgsigqueueinfo, pid, thread->tid, SIGPROF, &info) == 0;
}

bool np_host_is_poke(const siginfo_t *info)
{
	return info->si_code == SI_QUEUE && info->si_value.sival_ptr == &np_host;
}

/* To a thread of the host that would get a signal sent to the process. */
static bool forward(struct np_thread *self, const siginfo_t *info)
{
	siginfo_t back;

	for (struct np_thread *t = np_load_acquire(&np_sampler.threads); t; t = t->next) {
		if (t == self || !np_load_acquire(&t->used) || t->tid == 0 ||
		    (np_load_relaxed(&t->host.blocks) && !np_load_relaxed(&t->host.waits)))
			continue;
		slot_put(&t->host.forwarded, info);
		if (poke(t))
			return true;
		slot_take(&t->host.forwarded, &back);	/* it has just ended */
	}
	return false;
}

static void die_by(int signal)
{
	struct { void *handler; unsigned long flags; void *restorer; uint64_t mask; } plain = { 0 };
	long pid = np_syscall(SYS_getpid), tid = np_syscall(SYS_gettid);

	np_syscall(SYS_rt_sigaction, signal, &plain, 0, 8);
	np_syscall(SYS_tgkill, pid, tid, signal);	/* takes effect when the handler returns */
}

static void set_mask(uint64_t mask)
{
	np_syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, 8);
}

static void call(const struct sigaction *action, int signal, siginfo_t *info, void *context)
{
	if (action->sa_flags & SA_SIGINFO)
		action->sa_sigaction(signal, info, context);
	else
		action->sa_handler(signal);
}

/* With the mask that the host's action asks for; ticks go on meanwhile. */
static void deliver(struct np_thread *self, int signal, siginfo_t *info, void *context)
{
	struct sigaction action = *np_host_action(), reset;
	uint64_t before, during;
	uintptr_t outer = 0;
	bool blocked = false, blocked_before = false;

	if (is_plain(&action, SIG_IGN)) {
		np_sampler_note_wait(context);
		return;
	}
	if (is_plain(&action, SIG_DFL)) {
		die_by(signal);
		return;
	}
	if (action.sa_flags & (int)SA_RESETHAND) {
		reset = action;
		reset.sa_flags &= ~SA_SIGINFO;
		reset.sa_handler = SIG_DFL;
		np_host_set_action(&reset);
	}
	memcpy(&before, &((ucontext_t *)context)->uc_sigmask, sizeof(before));
	memcpy(&during, &action.sa_mask, sizeof(during));
	if (self) {
		blocked = self->host.blocks;
		blocked_before = self->host.blocked_before;
		outer = self->host.handler_at;
		self->host.blocked_before = blocked;
		self->host.blocks = blocked || !(action.sa_flags & SA_NODEFER) ||
				    (during & SIGPROF_BIT);
		self->host.handler_at = (uintptr_t)&action;
	}
	set_mask((before | during) & ~SIGPROF_BIT);
	call(&action, signal, info, context);
	set_mask(~0ull);
	np_sampler_broke_wait = 0;	/* EINTR is the host's due now */
	if (self) {
		self->host.handler_at = outer;
		self->host.blocked_before = blocked_before;
		self->host.blocks = blocked;
	}
}

static bool any_attached(void)
{
	for (struct np_thread *t = np_load_acquire(&np_sampler.threads); t; t = t->next)
		if (np_load_relaxed(&t->used))
			return true;
	return false;
}

void np_host_signal(struct np_thread *self, int signal, siginfo_t *info, void *context)
{
	bool to_thread = info->si_code == SI_TKILL;

	if (self ? !self->host.blocks : to_thread || !any_attached()) {
		deliver(self, signal, info, context);
		return;
	}
	np_sampler_note_wait(context);	/* a blocked signal interrupts nothing */
	if (to_thread)
		slot_put(&self->host.pending, info);
	else if (!forward(self, info))
		slot_put(&np_host.pending, info);
}

void np_host_drain(struct np_thread *self, int signal, void *context)
{
	siginfo_t info;

	/* Sent here while the thread waited for it, and it waits no more. */
	if (self->host.blocks && !np_load_relaxed(&self->host.waits) &&
	    slot_take(&self->host.forwarded, &info) && !forward(self, &info))
		slot_put(&np_host.pending, &info);
	while (!self->host.blocks && np_host_take(self, &info))
		deliver(self, signal, &info, context);
}

bool np_host_take(struct np_thread *self, siginfo_t *ret_info)
{
	return slot_take(&self->host.pending, ret_info) ||
	       slot_take(&self->host.forwarded, ret_info) ||
	       slot_take(&np_host.pending, ret_info);
}

void np_host_send(struct np_thread *thread, const siginfo_t *info)
{
	slot_put(&thread->host.pending, info);
	poke(thread);
}

void np_host_requeue(struct np_thread *self)
{
	if (!self->host.blocks && np_host_is_pending(self))
		poke(self);
}
