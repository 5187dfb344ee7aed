/* SPDX-License-Identifier: MIT
 *
 * users.c - a process that gives up its user, or its view of the files, keeps a place for its samples.
 *
 * Context: host, signal-safe.
 *
 * The spool directory is closed to all other users, and the spool is made by the first sample: later
 * than a server's worker gives up root, or goes into its jail.  So it is made before; a mapping needs
 * no rights any more.  Who ends in a jail finds no folder there: a child's spool is left to the top, and
 * for the others one line names the spool.
 */
#include "agent/agent.h"

#include <unistd.h>

#include "agent/real.h"
#include "base/atomic.h"
#include "base/syscalls.h"

void np_users_keep_place(void)
{
	uint64_t mask;

	if (!np_signals_here() || np_load_relaxed(&np_agent.finished) ||
	    np_load_acquire(&np_sampler.phase) != NP_PHASE_NONE)
		return;
	np_signals_block(&mask);
	np_sampler_spool();
	np_signals_restore(mask);
}

static void before_change(void)
{
	if (np_agent.attached && np_syscall(SYS_geteuid) == 0)
		np_users_keep_place();
}

NP_EXPORT int chroot(const char *path)
{
	np_users_keep_place();
	return NP_REAL(chroot)(path);
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
