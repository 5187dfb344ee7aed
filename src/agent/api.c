/* SPDX-License-Identifier: MIT
 *
 * api.c - the functions of <neuroprof/neuroprof.h>.  Context: host, signal-safe.
 */
#include "agent/agent.h"
#include "base/atomic.h"
#include "neuroprof/neuroprof.h"

/* The spool's word is the truth once there is one: tools write it too.  Until then the identity's
 * is, from which it is made; np_sampler_spool() looks again when it is done, so none gets lost. */
static int switch_sampling(uint32_t on)
{
	if (!np_signals_here() || np_load_relaxed(&np_agent.finished))
		return 0;
	np_exchange_acq_rel(&np_sampler.identity.control, on);
	if (np_load_acquire(&np_sampler.phase) == NP_PHASE_READY)
		np_store_relaxed(&np_sampler.spool.head->control, on);
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

NP_EXPORT int neuroprof_snapshot(void)
{
	return np_snapshot();
}
