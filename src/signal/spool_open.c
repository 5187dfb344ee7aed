/* SPDX-License-Identifier: MIT
 *
 * spool_open.c - the first sample makes the spool: most short processes never need one.
 *
 * Context: signal handler (or host, with SIGPROF blocked).  About twenty system calls, once.
 */
#include "signal/sampler.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/atomic.h"
#include "base/syscalls.h"
#include "signal/governor.h"

#define IMAGES_MAX 1000u

/* Field 22 of /proc/self/stat; the second field may hold blanks and brackets of its own. */
uint64_t np_sampler_start_ticks(void)
{
	char text[1024];
	long fd = np_syscall(SYS_openat, AT_FDCWD, "/proc/self/stat", O_RDONLY | O_CLOEXEC);
	long n = fd < 0 ? 0 : np_syscall(SYS_read, fd, text, sizeof(text));
	uint64_t ticks = 0;
	int field = 2;
	long i;

	if (fd >= 0)
		np_syscall(SYS_close, fd);
	for (i = n - 1; i > 0 && text[i] != ')'; i--)
		;
	for (; i > 0 && i < n && field < 22; i++)
		field += text[i] == ' ';
	for (; i > 0 && i < n && text[i] >= '0' && text[i] <= '9'; i++)
		ticks = ticks * 10 + (uint64_t)(text[i] - '0');
	return ticks;
}

static char *append(char *at, const char *end, const char *text)
{
	while (*text && at < end)
		*at++ = *text++;
	*at = '\0';
	return at;
}

static char *append_number(char *at, const char *end, uint64_t number)
{
	char digits[24], *first = digits + sizeof(digits) - 1;

	*first = '\0';
	do
		*--first = (char)('0' + number % 10);
	while (number /= 10);
	return append(at, end, first);
}

/* Whether a process that is not seen has ended can only be said in the namespace of its number. */
static uint64_t read_pid_namespace(void)
{
	struct stat st;

	return np_syscall(SYS_newfstatat, AT_FDCWD, "/proc/self/ns/pid", &st, 0) == 0 ? st.st_ino : 0;
}

/* Fields that the agent prepared, into the header that np_spool_create() laid out. */
static void fill_header(struct np_spool_header *head)
{
	const struct np_spool_header *id = &np_sampler.identity;

	head->pid = id->pid;
	head->ppid = id->ppid;
	head->start_ticks = id->start_ticks;
	head->image = id->image;
	head->hz = id->hz;
	head->period_ns = id->period_ns;
	head->clock = id->clock;
	head->clock_errno = id->clock_errno;
	head->unwinder = id->unwinder;
	head->depth_max = NP_DEPTH_MAX;
	head->started_realtime_ns = id->started_realtime_ns;
	head->started_monotonic_ns = id->started_monotonic_ns;
	memcpy(head->comm, id->comm, sizeof(head->comm));
	memcpy(head->exe, id->exe, sizeof(head->exe));
	memcpy(head->fold_out, id->fold_out, sizeof(head->fold_out));
	head->control = id->control;
	head->hz_wanted = id->hz_wanted;
	head->left_to = id->left_to;
	if (head->left_to)
		head->pid_namespace = read_pid_namespace();
	for (int i = 0; i < NP_COUNT_MAX; i++)
		head->counters[i] = np_load_relaxed(&np_sampler.pending[i]);
}

static void commit_startup(struct np_spool *spool)
{
	uint32_t node;

	if (np_sampler.startup_periods == 0)
		return;
	node = np_spool_child(spool, NP_SPOOL_NODE_ROOT, 0, 0, NP_NODE_STARTUP);
	if (node == NP_SPOOL_NODE_NONE)
		return;
	np_spool_commit(spool, 0, node, node, np_sampler.startup_periods);
	np_spool_count(spool, NP_COUNT_STARTUP_PERIODS, np_sampler.startup_periods);
}

/* A spool under the same name was left by an earlier program of this process. */
static int create_next(uint64_t ticks)
{
	char path[sizeof(np_sampler.spool.path)];
	const char *end = path + sizeof(path) - 1;
	uint32_t image;
	int r = -EEXIST;
	char *at;

	for (image = 0; r == -EEXIST && image < IMAGES_MAX; image++) {
		at = append(path, end, np_sampler.spool_dir);
		at = append(at, end, "/");
		at = append_number(at, end, np_sampler.identity.pid);
		at = append(at, end, ".");
		at = append_number(at, end, ticks);
		at = append(at, end, ".");
		at = append_number(at, end, image);
		at = append(at, end, NP_SPOOL_SUFFIX);
		r = np_spool_create(&np_sampler.spool, path, np_sampler.spool_bytes_max);
	}
	np_sampler.identity.image = image - 1;
	return r;
}

static int create(uint64_t ticks)
{
	int r = create_next(ticks);

	if (r == -ENOENT) {		/* a folder may have removed the last resort */
		np_syscall(SYS_mkdir, np_sampler.spool_dir, 0700);
		r = create_next(ticks);
	}
	return r;
}

bool np_sampler_spool(void)
{
	uint32_t phase = np_load_acquire(&np_sampler.phase);
	uint32_t before, control;
	int r;

	if (phase == NP_PHASE_READY)
		return true;
	if (phase != NP_PHASE_NONE ||
	    !np_cas_acq_rel(&np_sampler.phase, &phase, NP_PHASE_CREATING))
		return false;
	if (!np_sampler.identity.start_ticks)	/* a fork child */
		np_sampler.identity.start_ticks = np_sampler_start_ticks();
	r = create(np_sampler.identity.start_ticks);
	if (r < 0) {
		np_sampler.create_errno = -r;
		np_store_release(&np_sampler.phase, NP_PHASE_FAILED);
		return false;
	}
	before = np_load_relaxed(&np_sampler.identity.control);
	np_sampler.period_cycles = np_governor_cycles_of(np_sampler.period_ns);
	fill_header(np_sampler.spool.head);
	np_spool_publish(&np_sampler.spool);
	commit_startup(&np_sampler.spool);
	np_exchange_acq_rel(&np_sampler.phase, NP_PHASE_READY);	/* pairs with the acquires above */
	control = np_load_relaxed(&np_sampler.identity.control);
	if (control != before)		/* the program changed its mind meanwhile */
		np_store_relaxed(&np_sampler.spool.head->control, control);
	return true;
}
