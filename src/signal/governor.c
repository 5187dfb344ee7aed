/* SPDX-License-Identifier: MIT
 *
 * governor.c - what sampling costs the host, and fewer ticks when it would cost too much.
 *
 * Context: signal handler.  Every WINDOW samples, if they stand for WINDOW_NS of CPU time by then,
 * one thread looks at the share of it that handlers took since the last look: above the bound the ticks of all threads
 * become half as many, below a quarter of it they double again, up to the rate that was asked for.
 * Weights come from the thread's clock, so the profile stays right at any rate.
 */
#include "signal/governor.h"

#include <time.h>

#include "base/atomic.h"
#include "base/syscalls.h"
#include "signal/sampler.h"

#define WINDOW	   64u
#define GIVE_EVERY 8u		/* atomic additions are a good part of a short sample */
#define WINDOW_NS  250000000u	/* so that a process's first samples do not decide */
#define DESCHEDULED (1u << 20)	/* cycles: in so long a handler the kernel ran something else */
#define PER_MYRIAD 10000u	/* the bound is in hundredths of a percent */

static uint64_t start_cycles, start_ns;		/* constant after attach */
static uint64_t window_cycles, window_busy_ns;	/* relaxed adds; emptied by who closes the window */
static uint32_t window_samples;
static uint32_t steps;				/* relaxed: how often the tick is doubled */

static uint64_t monotonic_ns(void)
{
	struct timespec now = { 0, 0 };

	np_syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void np_governor_start(void)
{
	start_ns = monotonic_ns();
	start_cycles = np_governor_cycles();
}

/* By how much both clocks have moved since attach: no table of CPU frequencies is needed. */
static uint64_t to_ns(uint64_t cycles)
{
	uint64_t passed_cycles = np_governor_cycles() - start_cycles;
	uint64_t passed_ns = monotonic_ns() - start_ns;

	if (passed_cycles == 0 || passed_ns == 0)
		return 0;
	return (uint64_t)((unsigned __int128)cycles * passed_ns / passed_cycles);
}

uint64_t np_governor_cycles_of(uint64_t ns)
{
	uint64_t passed_cycles = np_governor_cycles() - start_cycles;
	uint64_t passed_ns = monotonic_ns() - start_ns;

	return passed_ns ? (uint64_t)((unsigned __int128)ns * passed_cycles / passed_ns) : 0;
}

NP_RARE static void close_window(void)
{
	uint64_t cost_ns = to_ns(__atomic_exchange_n(&window_cycles, 0, __ATOMIC_RELAXED));
	uint64_t busy_ns = __atomic_exchange_n(&window_busy_ns, 0, __ATOMIC_RELAXED);
	uint32_t now = np_load_relaxed(&steps);
	uint64_t share;

	np_sampler_count(NP_COUNT_HANDLER_NS, cost_ns);
	if (busy_ns == 0 || np_sampler.overhead_max == 0)
		return;
	share = cost_ns * PER_MYRIAD / busy_ns;
	if (share > np_sampler.overhead_max && now < NP_GOVERNOR_STEPS_MAX) {
		np_store_relaxed(&steps, now + 1);
		np_sampler_count(NP_COUNT_SLOWED_DOWN, 1);
	} else if (share < np_sampler.overhead_max / 4 && now > 0) {
		np_store_relaxed(&steps, now - 1);
	}
}

/* The threads may still be in a handler: what they add meanwhile is not in it. */
void np_governor_finish(void)
{
	uint64_t cycles = __atomic_exchange_n(&window_cycles, 0, __ATOMIC_RELAXED);

	for (struct np_thread *t = np_load_acquire(&np_sampler.threads); t; t = t->next)
		if (np_load_relaxed(&t->used))
			cycles += np_load_relaxed(&t->cost_cycles);
	if (cycles > 0)
		np_sampler_count(NP_COUNT_HANDLER_NS, to_ns(cycles));
}

void np_governor_give(struct np_thread *self)
{
	uint32_t samples = self->cost_samples, before;

	if (samples == 0)
		return;
	np_add_relaxed(&window_cycles, self->cost_cycles);
	np_add_relaxed(&window_busy_ns, self->cost_busy_ns);
	self->cost_cycles = self->cost_busy_ns = 0;
	self->cost_samples = 0;
	before = np_add_relaxed(&window_samples, samples);
	if (before / WINDOW != (before + samples) / WINDOW &&
	    np_load_relaxed(&window_busy_ns) >= WINDOW_NS)
		close_window();
}

NP_HOT void np_governor_note(struct np_thread *self, uint64_t cycles, uint64_t busy_ns)
{
	if (cycles >= DESCHEDULED)	/* not what a handler costs: this sample says nothing */
		return;
	self->cost_cycles += cycles;
	self->cost_busy_ns += busy_ns;
	if (++self->cost_samples >= GIVE_EVERY)
		np_governor_give(self);
}

uint64_t np_governor_tick_ns(uint64_t tick_ns)
{
	return tick_ns << np_load_relaxed(&steps);
}
