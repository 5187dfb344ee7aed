/* SPDX-License-Identifier: MIT
 *
 * account.c - how many clock periods a sample weighs.
 *
 * Context: signal handler, own thread only.
 *
 * The thread's CPU clock decides, but reading it is a system call, half of the handler's cost.  A
 * perf event's tick that comes about one period of wall time after the last one stands for one
 * period, for no thread uses more CPU time than passes; so the clock is read when a tick comes at
 * another distance, and every READ_EVERY samples.  What was taken on trust is in the carry, so the
 * next reading puts the account right.
 */
#include "signal/account.h"

#include "base/atomic.h"
#include "base/syscalls.h"
#include "signal/governor.h"

#define READ_EVERY	  64u
#define LOOKS_EACH	  8u	/* samples; rather not in a tick that reads the clock as well */
#define LOOK_EVERY_CYCLES (1ull << 28)	/* a tenth of a second */

static uint64_t look_due;	/* time-stamp counter; changed by compare-and-swap */

/* The thread's own look at itself: the agent made the record in another thread. */
__attribute__((cold)) struct np_thread *np_sampler_adopted(void)
{
	uint32_t tid;

	if (!np_load_relaxed(&np_sampler.adopted))
		return NULL;
	tid = (uint32_t)np_syscall(SYS_gettid);
	for (struct np_thread *t = np_load_acquire(&np_sampler.threads); t; t = t->next)
		if (np_load_acquire(&t->used) && t->adopted && t->tid == tid)
			return np_thread_self = t;
	return NULL;
}

/* A few times in a second of the process; several threads may come at the same time. */
__attribute__((noinline)) static void look_around(uint64_t now, uint64_t late)
{
	uint64_t due = np_load_relaxed(&look_due);

	if (now >= due + late && np_sampler.look && np_cas_acq_rel(&look_due, &due, now + LOOK_EVERY_CYCLES))
		np_sampler.look();
}

/* About one period since the last tick, by the time-stamp counter? */
static bool came_on_time(struct np_thread *self, uint64_t now)
{
	uint64_t passed = now - self->tick_cycles;
	uint64_t period = np_sampler.period_cycles;	/* 0 until it is known */

	self->tick_cycles = now;
	return self->clock == NP_CLOCK_PERF && passed > period / 2 && passed < period + period / 4;
}

__attribute__((noinline)) static uint64_t take_by_clock(struct np_thread *self, uint64_t cycles)
{
	int64_t period = (int64_t)np_sampler.period_ns;
	int64_t owed, periods;
	uint64_t now;

	self->unread = 0;
	/* Where ticks that come on time are rare, here after all, a little later. */
	look_around(cycles, self->clock == NP_CLOCK_PERF ? LOOK_EVERY_CYCLES / 4 : 0);
	now = np_sampler_thread_cpu_ns();
	owed = self->carry_ns + (int64_t)(now - self->cpu_last_ns);
	self->cpu_last_ns = now;
	/* A quarter period of earliness is forgiven: the tick's clock and the thread's clock need not
	 * agree to the nanosecond. */
	periods = (owed + period / 4) / period;
	if (periods < 0)
		periods = 0;
	self->carry_ns = owed - periods * period;
	return (uint64_t)periods;
}

NP_HOT uint64_t np_account_take(struct np_thread *self, uint64_t cycles, bool read_clock)
{
	bool on_time = came_on_time(self, cycles);

	if (!on_time || read_clock || self->unread >= READ_EVERY)
		return take_by_clock(self, cycles);
	if (self->unread++ % LOOKS_EACH == LOOKS_EACH / 2)
		look_around(cycles, 0);
	self->carry_ns -= (int64_t)np_sampler.period_ns;
	return 1;
}

void np_account_give_back(struct np_thread *self, uint64_t periods)
{
	self->carry_ns += (int64_t)(periods * np_sampler.period_ns);
}
