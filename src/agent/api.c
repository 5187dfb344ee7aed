/* SPDX-License-Identifier: MIT
 *
 * api.c - the functions of <neuroprof/neuroprof.h>.  Context: host, signal-safe.
 */
#include "agent/agent.h"
#include "base/atomic.h"
#include "neuroprof/neuroprof.h"

static int switch_sampling(uint32_t on)
{
	if (!np_agent.attached || np_load_relaxed(&np_agent.finished))
		return 0;
	np_agent.config.start = on;	/* a fork child goes on the same way */
	np_store_relaxed(&np_sampler.enabled, on);
	return 1;
}

NP_EXPORT int neuroprof_start(void)
{
	return switch_sampling(1);
}

NP_EXPORT int neuroprof_stop(void)
{
	return switch_sampling(0);
}
