/* SPDX-License-Identifier: MIT
 *
 * metrics.h - a metric's handle, as metrics.c and spans.c know it.  Context: host.
 */
#ifndef NP_AGENT_METRICS_H
#define NP_AGENT_METRICS_H

#include "agent/agent.h"
#include "base/loglinear.h"
#include "neuroprof/neuroprof.h"
#include "signal/spans.h"

struct neuroprof_metric {
	uint32_t state;			/* of its slot */
	uint32_t kind;			/* enum neuroprof_kind; constant once ready, as the texts */
	uint32_t image;			/* np_sampler.image + 1 that the rest belongs to; 0 = none yet */
	uint32_t binding;		/* the image that a thread is binding it to; 0 = none is */
	uint32_t entry;			/* in the spool; NP_SPOOL_ENTRY_NONE = no place */
	uint64_t *cells, *gauge;
	char name[64], unit[16], labels[128];
};

/* Does it have cells in the present spool?  Finds some if not. */
bool np_metric_is_bound(struct neuroprof_metric *metric);

/* METRIC is a histogram or a span, and bound. */
void np_metric_record(struct neuroprof_metric *metric, uint64_t value);

#endif
