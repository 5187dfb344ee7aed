/* SPDX-License-Identifier: MIT
 *
 * spans.h - the spans that are open on a thread, for the handler to find.
 *
 * Ownership: the thread's own code (agent/spans.c) opens and closes; the handler on the same thread
 * reads, and gives a span its entry in the spool when the first sample falls into it.  A frame is
 * complete before `depth` lets the handler see it.
 */
#ifndef NP_SIGNAL_SPANS_H
#define NP_SIGNAL_SPANS_H

#include <stdint.h>

#include "signal/sampler.h"

#define NP_SPANS_DEPTH 32u	/* deeper ones are not kept: their samples belong to the one above */

struct np_span_frame {
	uint64_t id;
	uint64_t start_ns;
	uint64_t remote_parent;
	uint32_t metric;	/* entry of its name in the spool of `image` */
	uint32_t record;	/* entry in the spool + 1; 0 = no sample yet */
	void *name;		/* agent: its metric */
};

struct np_spans {
	uint32_t depth;
	uint32_t image;		/* np_sampler.image that the frames belong to */
	uint64_t trace[2];
	uint64_t random;	/* agent: state of the thread's ids; 0 = not begun */
	uint32_t shard;		/* agent: which cells of a counter are this thread's, + 1 */
	struct np_span_frame frames[NP_SPANS_DEPTH];
};

extern _Thread_local struct np_spans np_spans __attribute__((tls_model("initial-exec")));

/* A sample of PERIODS on NODE of thread ENTRY was committed: it belongs to the open spans.
 * Context: handler. */
void np_spans_note(uint32_t entry, uint32_t node, uint64_t periods);

#endif
