/* SPDX-License-Identifier: MIT
 *
 * governor.h - what sampling costs the host, and fewer ticks when it would cost too much.
 *
 * Context: signal handler, any number of threads.  The cost is the handler's own, from entry to
 * return, in time-stamp cycles; the kernel's part of a signal cannot be seen from here.
 */
#ifndef NP_SIGNAL_GOVERNOR_H
#define NP_SIGNAL_GOVERNOR_H

#include <stdint.h>

struct np_thread;

#define NP_GOVERNOR_STEPS_MAX 8u	/* ticks are never made rarer than by 2^8 */

/* Note the time-stamp counter and the clock that belong together.  Host, once, at attach. */
void np_governor_start(void);

/* A span of time by the time-stamp counter; the longer ago np_governor_start() was, the better. */
uint64_t np_governor_cycles_of(uint64_t ns);

/* One sample took CYCLES and stands for BUSY_NS of the thread's CPU time.  Own thread only: summed
 * up there, and given to the common sums every few samples. */
void np_governor_note(struct np_thread *self, uint64_t cycles, uint64_t busy_ns);

/* The thread ends: what it has not given yet.  Own thread, SIGPROF blocked. */
void np_governor_give(struct np_thread *self);

/* The process ends: what all threads have not given yet goes into the spool's sum. */
void np_governor_finish(void);

/* The tick to use where TICK_NS is wanted: as often doubled as the bound on the cost asks for. */
uint64_t np_governor_tick_ns(uint64_t tick_ns);

static inline uint64_t np_governor_cycles(void)
{
	return __builtin_ia32_rdtsc();
}

#endif
