/* SPDX-License-Identifier: MIT
 *
 * record.h - a stack becomes a path of the spool's calling-context tree.
 */
#ifndef NP_SIGNAL_RECORD_H
#define NP_SIGNAL_RECORD_H

#include "signal/sampler.h"

/* Record SELF's stack, weighing PERIODS.  The outermost KNOWN frames have their nodes already; the
 * first FRESH frames are no new activations (UINT32_MAX: it is not known which are).  Returns the node
 * that it was committed to.
 * Context: signal handler, own thread. */
uint32_t np_record(struct np_thread *self, uint32_t known, uint32_t fresh, uint64_t periods);

#endif
