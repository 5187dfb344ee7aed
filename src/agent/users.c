/* SPDX-License-Identifier: MIT
 *
 * users.c - a process that gives up the user it started as keeps a place for its samples.
 *
 * Context: host, signal-safe.
 *
 * The spool directory is closed to all other users, and the spool is made by the first sample: later
 * than a server's worker gives up root.  So it is made before; a mapping needs no rights any more.
 */
#include "agent/agent.h"

#include <unistd.h>

#include "agent/real.h"
#include "base/atomic.h"
#include "base/syscalls.h"

static void before_change(void)
{
	uint64_t mask;

	if (!np_signals_here() || np_syscall(SYS_geteuid) != 0 || np_load_relaxed(&np_agent.finished) ||
	    np_load_acquire(&np_sampler.phase) != NP_PHASE_NONE)
		return;
	np_signals_block(&mask);
	np_sampler_spool();
	np_signals_restore(mask);
}

NP_EXPORT int setuid(uid_t user)
{
	before_change();
	return NP_REAL(setuid)(user);
}

NP_EXPORT int seteuid(uid_t user)
{
	before_change();
	return NP_REAL(seteuid)(user);
}

NP_EXPORT int setreuid(uid_t real, uid_t effective)
{
	before_change();
	return NP_REAL(setreuid)(real, effective);
}

NP_EXPORT int setresuid(uid_t real, uid_t effective, uid_t saved)
{
	before_change();
	return NP_REAL(setresuid)(real, effective, saved);
}
