/* SPDX-License-Identifier: MIT
 *
 * spans.c - which span a sample fell in.  Context: signal handler, own thread.
 */
#include "signal/spans.h"

#include "base/atomic.h"
#include "spool/metrics.h"

_Thread_local struct np_spans np_spans;

void np_spans_note(uint32_t entry, uint32_t node, uint64_t periods)
{
	struct np_spool *spool = &np_sampler.spool;
	uint32_t depth = np_spans.depth, parent = 0;

	if (depth == 0 || np_spans.image != np_sampler.image)
		return;
	np_signal_fence();
	for (uint32_t i = 0; i < depth && i < NP_SPANS_DEPTH; i++) {
		struct np_span_frame *frame = &np_spans.frames[i];

		if (frame->record == 0) {
			struct np_spool_span span = { .id = frame->id,
				.trace = { np_spans.trace[0], np_spans.trace[1] },
				.start_ns = frame->start_ns, .metric = frame->metric, .parent = parent,
				.remote_parent = frame->remote_parent, .thread = entry };

			frame->record = np_spool_span_add(spool, &span) + 1;
		}
		if (frame->record == 0)		/* no place */
			break;
		parent = frame->record;
	}
	if (parent == 0 || !np_spool_span_sample_add(spool, node, parent - 1, periods))
		np_spool_count(spool, NP_COUNT_SPAN_SAMPLES_LOST, 1);
}
