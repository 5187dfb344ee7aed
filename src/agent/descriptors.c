/* SPDX-License-Identifier: MIT
 *
 * descriptors.c - where the events' descriptors lie, and hosts that close all there are.
 *
 * Context: host; the wrappers are signal-safe.
 *
 * The host must neither meet our descriptors nor miss those that we take.  They are put above its
 * limit where that can be: the limit is raised for the moment of one dup and then put back, for the
 * kernel asks for it only when it hands a descriptor out.  Otherwise they lie high in the table,
 * with a part of it left to the host; a thread that finds no place gets a timer instead.
 * To the host they are not open: closing one says EBADF, closing all passes them by.
 */
#include "agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "agent/real.h"
#include "base/atomic.h"
#include "base/syscalls.h"

#define OURS_MAX      65536u
#define ABOVE_MOST    4096u	/* a table that must grow further for us costs too much memory */
#define FLOOR_MOST    768u
#define RESERVE_LEAST 32u
#define TRIES_MAX     100000

static uint64_t ours[OURS_MAX / 64];	/* relaxed, one bit a descriptor */
static dev_t event_device;		/* of every event; constant after the first */
static ino_t event_inode;
static uint32_t limit_is_raised;	/* one thread at a time */

static bool is_ours(int fd)
{
	return (unsigned)fd < OURS_MAX && np_agent.attached &&
	       (np_load_relaxed(&ours[(unsigned)fd / 64]) >> ((unsigned)fd % 64) & 1);
}

static void mark(int fd)
{
	__atomic_fetch_or(&ours[(unsigned)fd / 64], 1ull << ((unsigned)fd % 64), __ATOMIC_RELAXED);
}

static void unmark(int fd)
{
	__atomic_fetch_and(&ours[(unsigned)fd / 64], ~(1ull << ((unsigned)fd % 64)), __ATOMIC_RELAXED);
}

/* At LIMIT or above; -1 when the hard limit leaves no room. */
static long dup_above(int fd, const struct rlimit *limit)
{
	struct rlimit raised = { limit->rlim_cur + ABOVE_MOST, limit->rlim_max };
	struct rlimit now = { 0, 0 };
	uint32_t free_mark = 0;
	long high = -1;

	if (limit->rlim_cur > ABOVE_MOST || limit->rlim_cur >= limit->rlim_max)
		return -1;
	for (int i = 0; !np_cas_acq_rel(&limit_is_raised, &free_mark, 1); i++, free_mark = 0) {
		if (i == TRIES_MAX)
			return -1;
		np_syscall(SYS_sched_yield);
	}
	if (raised.rlim_cur > raised.rlim_max)
		raised.rlim_cur = raised.rlim_max;
	if (raised.rlim_cur > limit->rlim_cur &&
	    np_syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &now) == 0 &&
	    now.rlim_cur == limit->rlim_cur &&
	    np_syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &raised, 0) == 0) {
		high = np_syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, limit->rlim_cur);
		np_syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, limit, 0);
	}
	np_store_release(&limit_is_raised, 0);
	return high;
}

static long dup_high(int fd, const struct rlimit *limit)
{
	rlim_t floor = limit->rlim_cur / 4 * 3, reserve = limit->rlim_cur / 8;
	long high;

	if (floor > FLOOR_MOST)
		floor = FLOOR_MOST;
	if (reserve < RESERVE_LEAST)
		reserve = RESERVE_LEAST;
	high = np_syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, floor);
	if (high >= 0 && (rlim_t)high + reserve >= limit->rlim_cur) {
		np_syscall(SYS_close, high);
		return -EMFILE;
	}
	return high;
}

void np_descriptors_wait(void)
{
	for (int i = 0; i < TRIES_MAX && np_load_acquire(&limit_is_raised); i++)
		np_syscall(SYS_sched_yield);
}

int np_descriptor_keep(int fd)
{
	struct rlimit limit = { 256, 256 };
	struct stat st;
	long high;

	np_descriptors_wait();		/* or the limit that we see is not the host's */
	np_syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &limit);
	high = dup_above(fd, &limit);
	if (high < 0)
		high = dup_high(fd, &limit);
	np_syscall(SYS_close, fd);
	if (high < 0)
		return (int)high;
	if (high >= (long)OURS_MAX) {
		np_syscall(SYS_close, high);
		return -EMFILE;
	}
	if (event_inode == 0 && np_syscall(SYS_fstat, high, &st) == 0) {
		event_device = st.st_dev;
		event_inode = st.st_ino;
	}
	mark((int)high);
	return (int)high;
}

/* Events share one inode with other files that have no name: nothing else is asked what it is. */
bool np_descriptor_may_be_event(int fd)
{
	struct stat st;

	return np_syscall(SYS_fstat, fd, &st) == 0 && st.st_dev == event_device &&
	       st.st_ino == event_inode;
}

void np_descriptor_forget(int fd)
{
	if ((unsigned)fd < OURS_MAX)
		unmark(fd);
}

/* ---- what the host closes ---- */

NP_EXPORT int close(int fd)
{
	if (is_ours(fd)) {
		errno = EBADF;
		return -1;
	}
	return NP_REAL(close)(fd);
}

/* The first of ours from FROM on, or OURS_MAX. */
static unsigned next_ours(unsigned from)
{
	uint64_t word;

	while (from < OURS_MAX) {
		word = np_load_relaxed(&ours[from / 64]) >> (from % 64);
		if (word)
			return from + (unsigned)__builtin_ctzll(word);
		from = (from / 64 + 1) * 64;
	}
	return OURS_MAX;
}

NP_EXPORT int close_range(unsigned int first, unsigned int last, int flags)
{
	unsigned next, from = first;

	if (!NP_REAL(close_range)) {
		errno = ENOSYS;
		return -1;
	}
	/* Invalid, or marks ours to be closed by an exec, which they are. */
	if (first > last || !np_agent.attached || (flags & CLOSE_RANGE_CLOEXEC))
		return NP_REAL(close_range)(first, last, flags);
	while ((next = next_ours(from)) < OURS_MAX && next <= last) {
		if (next > from && NP_REAL(close_range)(from, next - 1, flags) < 0)
			return -1;
		if (next == last)
			return 0;
		from = next + 1;
	}
	return NP_REAL(close_range)(from, last, flags);
}

NP_EXPORT void closefrom(int low)
{
	int saved_errno = errno;

	if (next_ours(low < 0 ? 0 : (unsigned)low) < OURS_MAX &&
	    close_range(low < 0 ? 0 : (unsigned)low, ~0u, 0) == 0)
		return;
	errno = saved_errno;
	if (NP_REAL(closefrom))
		NP_REAL(closefrom)(low);
}

/* The host wants a number that one of ours has: ours moves on. */
static void make_way(int fd)
{
	uint64_t mask;
	long moved;

	np_signals_block(&mask);
	for (struct np_thread *t = np_load_acquire(&np_sampler.threads); t; t = t->next) {
		if (!np_load_acquire(&t->used) || t->fd != fd)
			continue;
		moved = np_syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, fd);
		if (moved >= (long)OURS_MAX) {
			np_syscall(SYS_close, moved);
			moved = -1;
		}
		if (moved >= 0)
			mark((int)moved);
		t->fd = moved < 0 ? -1 : (int)moved;
		if (moved >= 0)
			continue;
		if (t == np_thread_self && np_clock_fall_back(t) == 0)
			continue;
		np_sampler_count(NP_COUNT_CLOCKS_CLOSED, 1);
	}
	unmark(fd);
	np_signals_restore(mask);
}

NP_EXPORT int dup2(int from, int to)
{
	if (is_ours(to) && np_signals_here())
		make_way(to);
	return NP_REAL(dup2)(from, to);
}

NP_EXPORT int dup3(int from, int to, int flags)
{
	if (is_ours(to) && np_signals_here())
		make_way(to);
	return NP_REAL(dup3)(from, to, flags);
}
