/* SPDX-License-Identifier: MIT
 *
 * sampler.c - the SIGPROF handler: one stack of the interrupted thread into the spool.
 *
 * Context: signal handler, all signals blocked; the thread may be inside malloc or the loader.
 * On any trouble: count and return.  Never logs, locks, allocates or exits.
 */
#include "signal/sampler.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "base/atomic.h"
#include "base/syscalls.h"
#include "signal/account.h"
#include "signal/governor.h"
#include "signal/record.h"
#include "signal/spans.h"

#define RED_ZONE_BYTES 128u
#define LATE_MOST_NS   20000000u	/* no clock's tick is later: two kernel ticks at 100 a second */
#define TICK_NS_HARMLESS 250000u	/* an interrupt was seen to take 60 us on a virtual machine */

struct np_sampler np_sampler;
_Thread_local struct np_thread *np_thread_self;
_Thread_local uint32_t np_sampler_broke_wait;

uint64_t np_sampler_thread_cpu_ns(void)
{
	struct timespec now = { 0, 0 };

	np_syscall(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void np_sampler_count(enum np_counter counter, uint64_t add)
{
	if (np_load_acquire(&np_sampler.phase) == NP_PHASE_READY)
		np_spool_count(&np_sampler.spool, counter, add);
	else
		np_add_relaxed(&np_sampler.pending[counter], add);
}

bool np_sampler_is_tick(const siginfo_t *info)
{
	if (info->si_code == SI_TIMER)
		return info->si_value.sival_ptr == NP_SAMPLER_TIMER_MARK;
	if (info->si_code == SI_KERNEL)
		return np_sampler.identity.clock == NP_CLOCK_ITIMER;
	return info->si_code >= POLL_IN && info->si_code <= POLL_HUP;
}

/* Did this signal end a system call with EINTR?  Only if it came on the way out of one and no signal
 * of the host's is there, too: one with a smaller number would have put its frame below ours, the
 * others are still pending.  (The kernel has put a call that it resumes itself back to its start.) */
NP_RARE static void note_broken_wait(const ucontext_t *context)
{
	const greg_t *registers = context->uc_mcontext.gregs;
	uintptr_t pc = (uintptr_t)registers[REG_RIP];
	uint64_t pending = 0, blocked;

	if (pc % 4096 < 2 || ((const uint8_t *)pc)[-2] != 0x0f || ((const uint8_t *)pc)[-1] != 0x05)
		return;
	memcpy(&blocked, &context->uc_sigmask, sizeof(blocked));
	np_syscall(SYS_rt_sigpending, &pending, 8);
	if (!(pending & ~blocked))
		np_sampler_broke_wait = 1;
}

void np_sampler_note_wait(const ucontext_t *context)
{
	if (context->uc_mcontext.gregs[REG_RAX] == -EINTR)
		note_broken_wait(context);
}

/* A fork or a first sample: nothing that is cached belongs to the present spool. */
NP_RARE static void thread_enter_image(struct np_thread *self)
{
	char name[16] = { 0 };

	memset(self->roots, 0, sizeof(self->roots));
	self->nodes_valid = 0;
	self->stack.depth = 0;
	np_syscall(SYS_prctl, 16 /* PR_GET_NAME */, name);
	self->entry = np_spool_thread_add(&np_sampler.spool, self->tid, name);
	self->image = np_sampler.image;
}

/* The signal stack counts as the thread's own while a handler runs on it. */
NP_RARE static struct np_stack_range other_range(const struct np_thread *self,
						 const ucontext_t *context)
{
	uintptr_t sp = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
	uintptr_t alternate = (uintptr_t)context->uc_stack.ss_sp;
	struct np_stack_range range = { .low = sp - RED_ZONE_BYTES };

	if (sp >= alternate && sp - alternate < context->uc_stack.ss_size) {
		range.high = alternate + context->uc_stack.ss_size;
		range.outer_low = self->stack_low;
		range.outer_high = self->stack_high;
	} else {
		range.low = range.high = 0;	/* a foreign stack: nothing is known to be mapped */
	}
	return range;
}

static struct np_stack_range stack_range(const struct np_thread *self, const ucontext_t *context)
{
	uintptr_t sp = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];

	if (sp < self->stack_low || sp >= self->stack_high)
		return other_range(self, context);
	return (struct np_stack_range){ .low = sp - RED_ZONE_BYTES, .high = self->stack_high };
}

static bool has_spool(void)
{
	return __builtin_expect(np_load_acquire(&np_sampler.phase) == NP_PHASE_READY, 1);
}

/* Once there is a spool the word in it is the truth, for tools write it as well. */
static bool is_wanted(void)
{
	return np_load_relaxed(has_spool() ? &np_sampler.spool.head->control
					   : &np_sampler.identity.control) != 0;
}

/* Tools may lower the rate; the period in which CPU time is counted stays what it is. */
static uint64_t wanted_tick_ns(void)
{
	uint32_t hz = np_load_relaxed(has_spool() ? &np_sampler.spool.head->hz_wanted
						  : &np_sampler.identity.hz_wanted);

	return np_governor_tick_ns(hz == 0 || hz >= np_sampler.identity.hz ? np_sampler.period_ns
									  : 1000000000u / hz);
}

static void set_timer(int timer, uint64_t ns)
{
	struct timespec every = { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };
	struct itimerspec when = { every, every };

	np_syscall(SYS_timer_settime, timer, 0, &when, 0);
}

static void set_itimer(uint64_t ns)
{
	struct timeval every = { (time_t)(ns / 1000000000u), (suseconds_t)(ns % 1000000000u / 1000) };
	struct itimerval when = { every, every };

	np_syscall(SYS_setitimer, ITIMER_PROF, &when, 0);
}

/* A thread's first tick comes after a random part of a period (agent/clock.c says why); from here
 * on the period is the regular one.  The descriptor is no stranger's: it just sent this tick. */
NP_RARE static void settle_period(struct np_thread *self)
{
	uint64_t wanted = wanted_tick_ns();
	bool first = self->first_tick;

	if (!first && wanted == self->tick_ns)
		return;
	self->first_tick = false;
	self->tick_ns = wanted;
	if (self->clock == NP_CLOCK_PERF)
		np_syscall(SYS_ioctl, self->fd, PERF_EVENT_IOC_PERIOD, &wanted);
	else if (self->clock == NP_CLOCK_TIMER && !(first && wanted == np_sampler.period_ns))
		set_timer(self->timer, wanted);
	else if (self->clock == NP_CLOCK_ITIMER && !np_load_relaxed(&np_sampler.host_itimer))
		set_itimer(wanted);
}

void np_sampler_set_itimer(void)
{
	set_itimer(wanted_tick_ns());
}

/* Sampling is switched off: what the thread uses meanwhile must not weigh in its next sample.  A
 * fork child that was never on makes its spool now, so that it can be found and switched on. */
NP_RARE static void skip_time(struct np_thread *self)
{
	np_account_take(self, np_governor_cycles(), true);
	settle_period(self);
	if (np_load_relaxed(&np_sampler.enabled))
		np_sampler_spool();
}

void np_sampler_close_account(struct np_thread *self)
{
	uint64_t periods;

	np_governor_give(self);
	if (self->inside || !np_load_relaxed(&np_sampler.enabled) || !is_wanted())
		return;
	self->carry_ns -= (int64_t)np_sampler.period_ns / 4;	/* no tick is early here */
	periods = np_account_take(self, np_governor_cycles(), true);
	if (periods == 0)
		return;
	if (has_spool() && self->image == np_sampler.image && self->stack.depth &&
	    (periods <= 2 || periods * np_sampler.period_ns <= LATE_MOST_NS))
		np_spans_note(self->entry, np_record(self, self->nodes_valid, UINT32_MAX, periods), periods);
	else				/* never sampled, or not for long: nothing is known of where */
		np_sampler_count(NP_COUNT_LOST_PERIODS, periods);
}

/* What this takes is our time, not the program's: no sample of it weighs that. */
NP_RARE static bool make_spool(struct np_thread *self, uint64_t periods)
{
	uint64_t before = np_sampler_thread_cpu_ns(), took;

	if (!np_sampler_spool()) {	/* its time will weigh in this thread's next sample */
		np_sampler_count(NP_COUNT_LOST_NO_SPOOL, 1);
		np_account_give_back(self, periods);
		return false;
	}
	took = np_sampler_thread_cpu_ns() - before;
	self->cpu_last_ns += took;
	np_sampler_count(NP_COUNT_HANDLER_NS, took);
	return true;
}

/* The process's first sample has enough to do: the tick after it sets the clock.  But a clock that
 * ticks all the time while the spool is made lets it be made in seconds instead. */
static bool is_time_to_settle(const struct np_thread *self, uint64_t periods)
{
	return periods == 0 || np_load_relaxed(&np_sampler.phase) != NP_PHASE_NONE ||
	       (self->first_tick && self->tick_ns < TICK_NS_HARMLESS);
}

static void sample(struct np_thread *self, const ucontext_t *context)
{
	uint64_t entered = np_governor_cycles();
	uint64_t periods = np_account_take(self, entered, self->first_tick);
	struct np_stack_range range;
	uint8_t quality_before;
	bool same_activation = false;
	uint32_t same, known, fresh, node;

	/* At another rate ticks come at another distance, and each reads the clock: so the rate need be
	 * looked at only then. */
	if (self->unread == 0 && is_time_to_settle(self, periods))
		settle_period(self);
	if (periods == 0)
		return;
	if (!has_spool()) {
		if (!make_spool(self, periods))
			return;
		entered = np_governor_cycles();
	}
	if (self->image != np_sampler.image)
		thread_enter_image(self);
	quality_before = self->stack.quality;
	range = stack_range(self, context);
	same = np_sampler.unwinder->unwind(&np_sampler.spool, context, &range, &self->stack,
					   &same_activation);
	known = self->stack.quality != quality_before ? 0
	      : same < self->nodes_valid ? same : self->nodes_valid;
	/* Only between two whole stacks does "not the same" mean "called since". */
	fresh = np_sampler.unwinder->tracks_activations && quality_before == NP_QUALITY_COMPLETE &&
		self->stack.quality == NP_QUALITY_COMPLETE ? same + same_activation : UINT32_MAX;
	node = np_record(self, known, fresh, periods);
	if (np_spans.depth)
		np_spans_note(self->entry, node, periods);
	np_governor_note(self, np_governor_cycles() - entered, periods * np_sampler.period_ns);
}

static void tick(struct np_thread *self, const ucontext_t *context)
{
	np_sampler_note_wait(context);
	if (!np_load_relaxed(&np_sampler.enabled) || !is_wanted()) {
		if (self && !self->inside)
			skip_time(self);
		return;
	}
	if (!self) {			/* before attach, after detach, or a thread of a raw clone */
		np_sampler_count(NP_COUNT_LOST_NO_THREAD, 1);
		return;
	}
	if (self->inside) {
		np_sampler_count(NP_COUNT_LOST_REENTRANT, 1);
		return;
	}
	self->inside = 1;
	np_signal_fence();
	sample(self, context);
	np_signal_fence();
	self->inside = 0;
}

/* The host has ITIMER_PROF, which is our clock as well: its tick, too.  A timer for once is over. */
static bool is_hosts_tick(const siginfo_t *info)
{
	if (info->si_code != SI_KERNEL || !np_load_relaxed(&np_sampler.host_itimer))
		return false;
	if (np_load_relaxed(&np_sampler.host_itimer) == 2) {
		np_store_relaxed(&np_sampler.host_itimer, 0);
		np_sampler_set_itimer();
	}
	return true;
}

NP_HOT void np_sampler_handler(int signal, siginfo_t *info, void *context)
{
	int saved_errno = errno;
	struct np_thread *self = np_thread_self ? np_thread_self : np_sampler_adopted();
	bool is_tick = np_sampler_is_tick(info);

	if (self && self->host.handler_at)
		np_host_handler_left(self, (uintptr_t)((ucontext_t *)context)
						   ->uc_mcontext.gregs[REG_RSP]);
	if (is_tick)
		tick(self, context);
	else if (np_host_is_poke(info))
		np_sampler_note_wait(context);
	errno = saved_errno;
	if (is_tick ? is_hosts_tick(info) : !np_host_is_poke(info))
		np_host_signal(self, signal, info, context);
	if (self && np_host_is_pending(self))
		np_host_drain(self, signal, context);
}
