/* SPDX-License-Identifier: MIT
 *
 * left.c - fork children leave their spools to the process at the top.
 *
 * Context: host, signal-safe: system calls only.
 *
 * Folding takes tens of milliseconds, and a server that forks for every request would wait that long
 * for each.  So a child's spool is marked (`left_to`) when it is made, and the child just ends, or is killed.  One folder at a time, which nobody
 * waits for, sweeps what was left; it holds a lock on the spool directory meanwhile.  The process at
 * the top folds the rest at its own end, and waits for what is being swept: when it is gone, the
 * profiles of its children are there.  A child waits for its own profile, as everybody else does,
 * where the top is gone (a daemon), NEUROPROF_FOLD=wait was set, or too many spools lie about.
 *
 * A child that has given up the top's user cannot enter the directory any more.  Its spool was made
 * before it did (users.c), and the top starts the sweep now and then.
 */
#include "agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>

#include "base/atomic.h"
#include "base/syscalls.h"
#include "spool/layout.h"

#define LEFT_MAX   64u			/* spools in the directory: a sweep that falls behind slows the host */
#define SWEEP_EACH 16u			/* forks */

struct entry {
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

static long open_directory(void)
{
	return np_syscall(SYS_openat, AT_FDCWD, np_sampler.spool_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool is_spool(const char *name)
{
	size_t length = strlen(name), suffix = sizeof(NP_SPOOL_SUFFIX) - 1;

	return length > suffix && strcmp(name + length - suffix, NP_SPOOL_SUFFIX) == 0;
}

static bool read_word(long fd, size_t offset, uint32_t *ret)
{
	return np_syscall(SYS_pread64, fd, ret, sizeof(*ret), offset) == sizeof(*ret);
}

/* Was it left to process TO (0: to anybody), and has its owner ended, or is gone without a word? */
static bool is_left(long dir, const char *name, uint32_t to)
{
	long fd = np_syscall(SYS_openat, dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	uint32_t version = 0, state = 0, left_to = 0, pid = 0;
	bool left;

	if (fd < 0)
		return false;
	left = read_word(fd, offsetof(struct np_spool_header, version), &version) &&
	       version == NP_SPOOL_VERSION &&
	       read_word(fd, offsetof(struct np_spool_header, state), &state) &&
	       read_word(fd, offsetof(struct np_spool_header, left_to), &left_to) && left_to &&
	       (to == 0 || left_to == to) &&
	       (state == NP_SPOOL_ENDED ||
		(read_word(fd, offsetof(struct np_spool_header, pid), &pid) && pid &&
		 np_syscall(SYS_kill, pid, 0) == -ESRCH));
	np_syscall(SYS_close, fd);
	return left;
}

/* Spools in the directory, or, with TO other than NULL, whether any is left to it (0 or 1). */
static uint32_t look_through(long dir, const uint32_t *to)
{
	char entries[1024] __attribute__((aligned(8)));
	uint32_t count = 0;
	long n;

	while ((n = np_syscall(SYS_getdents64, dir, entries, sizeof(entries))) > 0)
		for (long at = 0; at < n; at += ((const struct entry *)(entries + at))->length) {
			const struct entry *entry = (const struct entry *)(entries + at);

			if (!is_spool(entry->name))
				continue;
			if (!to)
				count++;
			else if (is_left(dir, entry->name, *to))
				return 1;
		}
	return count;
}

static bool is_any_left(uint32_t to)
{
	long dir = open_directory();
	bool any;

	if (dir < 0)
		return false;
	any = look_through(dir, &to) != 0;
	np_syscall(SYS_close, dir);
	return any;
}

bool np_left_to_us(void)
{
	return is_any_left((uint32_t)np_agent.pid);
}

uint32_t np_left_at_first(void)
{
	if (np_agent.config.fold == NP_FOLD_OFF || np_agent.config.children_wait)
		return 0;
	return (uint32_t)np_agent.top_pid;
}

static bool may_leave(void)
{
	uint32_t spools = 0;
	long dir, alive;

	if (np_agent.pid == np_agent.top_pid || np_agent.config.children_wait)
		return false;
	alive = np_syscall(SYS_kill, np_agent.top_pid, 0);
	if (alive < 0 && alive != -EPERM)
		return false;
	dir = open_directory();
	if (dir >= 0) {
		spools = look_through(dir, NULL);
		np_syscall(SYS_close, dir);
	}
	return spools <= LEFT_MAX;
}

bool np_left_leave(void)
{
	bool leaves = may_leave();

	np_sampler.spool.head->left_to = leaves ? (uint32_t)np_agent.top_pid : 0;
	return leaves;
}

/* One is at work: it looks again after it has given up the lock, so it will see ours. */
static bool is_being_swept(void)
{
	long dir = open_directory(), r;

	if (dir < 0)
		return true;		/* not ours to sweep */
	r = np_syscall(SYS_flock, dir, LOCK_EX | LOCK_NB);
	np_syscall(SYS_close, dir);
	return r == -EWOULDBLOCK;
}

void np_left_sweep(void)
{
	if (!is_being_swept())
		np_folder_run(NP_FOLD_SWEEP, -1);
}

void np_left_after_fork(void)
{
	static uint32_t forks;

	np_agent.had_others = true;
	if (np_agent.config.fold != NP_FOLD_OFF && np_add_relaxed(&forks, 1) % SWEEP_EACH == SWEEP_EACH - 1 &&
	    is_any_left(0))
		np_left_sweep();
}
