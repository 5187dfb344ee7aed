/* SPDX-License-Identifier: MIT
 *
 * account.h - how many clock periods a sample weighs.  Context: signal handler, own thread only.
 */
#ifndef NP_SIGNAL_ACCOUNT_H
#define NP_SIGNAL_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "signal/sampler.h"

/* Whole periods of CPU time since the last call; what is left is carried, so that a late, lost or
 * merged tick loses no time.  CYCLES: the time-stamp counter now.  READ_CLOCK: look at the thread's
 * clock even where the tick would do. */
uint64_t np_account_take(struct np_thread *self, uint64_t cycles, bool read_clock);

/* Periods that could not be recorded will weigh in the next sample. */
void np_account_give_back(struct np_thread *self, uint64_t periods);

#endif
