/* SPDX-License-Identifier: MIT
 *
 * unseen.c - threads that did not come through our pthread_create().
 *
 * Context: host or handler, signal-safe: system calls only.  One thread of the process at a time.
 *
 * They are made by a raw clone(), by libc for itself (SIGEV_THREAD, aio), by the kernel (io_uring),
 * or by another library's constructor before ours.  /proc/self/task knows them all; its link count
 * tells for one system call whether there are more tasks than records, so that nobody else pays.
 *
 * A tick on a thread reads its thread-local storage, which only libc's threads are known to have for
 * themselves: the thread of a raw clone may share its parent's.  libc registers a robust list with
 * the kernel that lies in the thread's own control block, and that block names itself and its
 * thread.  A thread that passes this is adopted: it gets a record, and a clock from here, and finds
 * its record at its first tick (np_sampler_adopted()).  The others are counted with their CPU time.
 */
#include "agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "agent/real.h"
#include "base/atomic.h"
#include "base/syscalls.h"

#define KEPT_MAX    256u	/* more threads are not told apart */
#define KNOWN_SLOTS 8192u	/* a power of two; at most half of them are used */
#define LAST_LOOKS  3		/* of 1 ms each, to tell a thread that is just ending */
#define TCB_SEARCH  4096u
#define TRIES	    8		/* a thread may not have begun yet, or unblock SIGPROF later */
#define SUMMED_MAX  64u		/* threads: to sum up more costs as much as /proc */

struct unseen {
	uint32_t tid;
	uint32_t look;		/* number of the last look that found it */
	uint32_t tries;		/* to adopt it */
	bool sure;		/* counted: it is neither about to be attached nor about to end */
	uint64_t cpu_ns;	/* as much of its CPU time is counted */
};

/* Changed by whoever holds `looking`. */
static uint32_t looking, look_number;
static struct unseen kept[KEPT_MAX];
static uint32_t kept_count;
static uint32_t known[KNOWN_SLOTS];
static bool known_all;			/* there was room for all records */
static bool may_adopt;
static int64_t least_missing = INT64_MAX;	/* relaxed: unaccounted_ns() at its lowest since a look */

/* Where libc keeps these in a thread's control block: found once, in the main thread's.  0 = not. */
static size_t robust_offset, tid_offset;

/* ---- what libc's threads look like ---- */

struct control_block {			/* its beginning is part of the processor's ABI */
	uintptr_t self;
	uintptr_t vector;
	uintptr_t pointer;
};

void np_unseen_start(void)
{
	uintptr_t self = (uintptr_t)__builtin_thread_pointer();
	uint32_t tid = (uint32_t)np_syscall(SYS_gettid);
	uintptr_t head = 0;
	size_t bytes = 0;

	if (np_syscall(SYS_get_robust_list, 0, &head, &bytes) < 0 || head <= self ||
	    head - self > TCB_SEARCH)
		return;
	for (size_t at = sizeof(struct control_block); at + 4 <= head - self; at += 4)
		if (*(const uint32_t *)(self + at) == tid) {
			tid_offset = at;
			robust_offset = head - self;
			return;
		}
}

static bool read_own(uintptr_t from, void *to, size_t bytes)
{
	struct iovec local = { to, bytes }, remote = { (void *)from, bytes };

	return np_syscall(SYS_process_vm_readv, np_agent.pid, &local, 1, &remote, 1, 0) == (long)bytes;
}

/* The control block of a thread that libc made; 0: it did not, or that cannot be seen. */
static uintptr_t control_block_of(uint32_t tid)
{
	struct control_block block;
	uintptr_t head = 0, at;
	size_t bytes = 0;
	uint32_t named;

	if (!robust_offset || np_syscall(SYS_get_robust_list, tid, &head, &bytes) < 0 ||
	    head <= robust_offset)
		return 0;
	at = head - robust_offset;
	return read_own(at, &block, sizeof(block)) && block.self == at && block.pointer == at &&
	       read_own(at + tid_offset, &named, sizeof(named)) && named == tid ? at : 0;
}

/* ---- its stack and its mask, from /proc ---- */

static char *append_number(char *at, uint32_t number)
{
	char digits[24];
	const char *text = np_say_number(number, digits);

	while (*text)
		*at++ = *text++;
	*at = '\0';
	return at;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Where the mapping that holds ADDRESS begins; 0 = not found.  A line is "start-end flags ...". */
static uintptr_t mapping_start(uintptr_t address)
{
	static char text[4096];
	uintptr_t bounds[2] = { 0, 0 }, found = 0;
	long fd = np_syscall(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC), n;
	int field = 0;

	while (fd >= 0 && !found && (n = np_syscall(SYS_read, fd, text, sizeof(text))) > 0)
		for (long i = 0; i < n && !found; i++) {
			if (text[i] == '\n') {
				field = 0;
				bounds[0] = bounds[1] = 0;
			} else if (field < 2 && hex_digit(text[i]) >= 0) {
				bounds[field] = bounds[field] << 4 | (uintptr_t)hex_digit(text[i]);
			} else if (field < 2 && ++field == 2 && address >= bounds[0] && address < bounds[1]) {
				found = bounds[0];
			}
		}
	if (fd >= 0)
		np_syscall(SYS_close, fd);
	return found;
}

/* Does it block SIGPROF?  Then it would get no tick. */
static bool blocks_sigprof(uint32_t tid)
{
	static char text[4096];
	char path[64] = "/proc/self/task/";
	const char *found;
	uint64_t mask = 0;
	long fd, n;

	strcpy(append_number(path + strlen(path), tid), "/status");
	fd = np_syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	n = np_syscall(SYS_read, fd, text, sizeof(text) - 1);
	np_syscall(SYS_close, fd);
	text[n < 0 ? 0 : n] = '\0';
	found = strstr(text, "\nSigBlk:\t");
	if (!found)
		return true;
	for (found += 9; hex_digit(*found) >= 0; found++)
		mask = mask << 4 | (uint64_t)hex_digit(*found);
	return (mask & np_signals_ours()) != 0;
}

static bool adopt(uint32_t tid)
{
	uintptr_t block = may_adopt ? control_block_of(tid) : 0, low;
	struct np_thread *thread;

	if (!block || blocks_sigprof(tid) || !(low = mapping_start(block)) || !(thread = np_thread_take()))
		return false;
	thread->stack_low = low;
	thread->stack_high = block;
	thread->handle = block;
	thread->adopted = true;
	np_store_release(&thread->tid, tid);
	np_store_relaxed(&np_sampler.adopted, 1);
	np_sampler_count(NP_COUNT_THREADS_SEEN, 1);
	if (np_clock_arm(thread) == 0)
		return true;
	np_thread_give_back(thread);
	return false;
}

/* ---- who is there ---- */

static void know(uint32_t tid)
{
	for (uint32_t i = 0; i < KNOWN_SLOTS / 2; i++) {
		uint32_t *slot = &known[(tid + i) % KNOWN_SLOTS];

		if (*slot == 0 || *slot == tid) {
			*slot = tid;
			return;
		}
	}
}

static bool is_known(uint32_t tid)
{
	for (uint32_t i = 0; i < KNOWN_SLOTS; i++) {
		uint32_t found = known[(tid + i) % KNOWN_SLOTS];

		if (found == 0 || found == tid)
			return found == tid;
	}
	return false;
}

/* Also those that have been given back: their threads may not be quite gone. */
static void know_records(void)
{
	uint32_t count = 0, tid;

	memset(known, 0, sizeof(known));
	for (struct np_thread *t = np_load_acquire(&np_sampler.threads); t; t = t->next) {
		tid = np_load_acquire(&t->tid);
		if (tid && count++ < KNOWN_SLOTS / 2)
			know(tid);
	}
	known_all = count < KNOWN_SLOTS / 2;
}

/* Is each task one that we know of?  Read without `looking`, so it is no more than a hint. */
static bool is_all_known(void)
{
	uint64_t expected = np_load_relaxed(&kept_count);
	struct stat st;

	if (np_syscall(SYS_newfstatat, AT_FDCWD, "/proc/self/task", &st, 0) < 0 || st.st_nlink < 2)
		return true;
	for (struct np_thread *t = np_load_acquire(&np_sampler.threads); t; t = t->next)
		expected += np_load_relaxed(&t->used) != 0;
	return st.st_nlink - 2 == expected;
}

/* CPU time of the process that neither a sample nor a counter stands for. */
static int64_t unaccounted_ns(const struct np_spool *spool)
{
	const uint64_t *counters = spool->head->counters;
	uint64_t periods = np_load_relaxed(&counters[NP_COUNT_LOST_PERIODS]);
	uint64_t used = np_load_acquire(&spool->head->threads.used);
	struct timespec now = { 0, 0 };

	for (uint64_t i = 0; i < used && i <= SUMMED_MAX; i++)
		periods += np_load_relaxed(&spool->threads[i].periods);
	np_syscall(SYS_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec -
	       (int64_t)(periods * np_sampler.period_ns);
}

/* Has anybody used CPU time that we know nothing of?  Each thread owes up to a period and a bit;
 * who uses less in all than they do together is found later, or at the end.  No more than a hint. */
static bool is_time_missing(void)
{
	const struct np_spool *spool = &np_sampler.spool;
	int64_t missing, least = np_load_relaxed(&least_missing);
	uint64_t threads;

	if (np_load_acquire(&np_sampler.phase) != NP_PHASE_READY)
		return false;		/* its first sample: attaching has just looked */
	threads = np_load_relaxed(&spool->head->counters[NP_COUNT_THREADS_SEEN]);
	if (threads > SUMMED_MAX)
		return true;
	missing = unaccounted_ns(spool);
	if (missing >= least && missing - least > (int64_t)((threads + 2) * np_sampler.period_ns)) {
		np_store_relaxed(&least_missing, missing);
		return true;
	}
	if (missing < least)
		np_store_relaxed(&least_missing, missing);
	return false;
}

static struct unseen *find_kept(uint32_t tid)
{
	for (uint32_t i = 0; i < kept_count; i++)
		if (kept[i].tid == tid)
			return &kept[i];
	if (kept_count == KEPT_MAX)
		return NULL;
	kept[kept_count] = (struct unseen){ .tid = tid };
	return &kept[kept_count++];
}

/* Returns false when it has ended. */
static bool count_cpu(struct unseen *one)
{
	uint64_t now = np_clock_thread_ns(one->tid);

	if (now > one->cpu_ns) {
		np_sampler_count(NP_COUNT_UNSEEN_CPU_NS, now - one->cpu_ns);
		one->cpu_ns = now;
	}
	return now != 0;
}

/* Returns true when it has got a record, and is forgotten here. */
static bool try_adopt(struct unseen *one)
{
	if (!may_adopt || one->tries++ >= TRIES || !adopt(one->tid))
		return false;
	count_cpu(one);
	if (one->sure)
		np_sampler_count(NP_COUNT_THREADS_UNSEEN, (uint64_t)-1);
	*one = kept[--kept_count];
	return true;
}

/* Nobody came or went since the last look: no need to list the tasks, which may be thousands. */
static bool is_as_before(bool all_known)
{
	bool same = all_known;

	for (uint32_t i = 0; i < kept_count; i++) {
		if (kept[i].sure && try_adopt(&kept[i])) {
			i--;
			continue;
		}
		same &= kept[i].sure && count_cpu(&kept[i]);
	}
	return same;
}

/* Twice seen is certain: looks are a tenth of a second apart, or more.  So is everything in a last
 * look; and in the first one nothing of ours can be about to be attached. */
static void found(uint32_t tid, enum np_look look)
{
	struct unseen *one;
	bool again;

	if (is_known(tid) || !(one = find_kept(tid)))
		return;
	again = one->look != 0;
	one->look = look_number;
	if ((again || look == NP_LOOK_FIRST) && try_adopt(one))
		return;
	if (!one->sure && (again || look == NP_LOOK_LAST)) {
		one->sure = true;
		np_sampler_count(NP_COUNT_THREADS_UNSEEN, 1);
	}
	if (one->sure)
		count_cpu(one);
}

/* Every task of the process that has no record.  Returns how many are not certain yet. */
static uint32_t scan(enum np_look look)
{
	static char entries[4096] __attribute__((aligned(8)));
	struct entry { uint64_t inode; int64_t offset; uint16_t length; uint8_t type; char name[]; };
	long fd = np_syscall(SYS_openat, AT_FDCWD, "/proc/self/task",
			     O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint32_t unsure = 0, tid;
	long n;

	if (fd < 0)
		return 0;
	look_number++;
	while ((n = np_syscall(SYS_getdents64, fd, entries, sizeof(entries))) > 0)
		for (long at = 0; at < n; at += ((const struct entry *)(entries + at))->length) {
			const char *p = ((const struct entry *)(entries + at))->name;

			for (tid = 0; *p >= '0' && *p <= '9'; p++)
				tid = tid * 10 + (uint32_t)(*p - '0');
			if (tid)
				found(tid, look);
		}
	np_syscall(SYS_close, fd);
	for (uint32_t i = 0; i < kept_count; i++) {
		if (kept[i].look != look_number)	/* it has ended */
			kept[i--] = kept[--kept_count];
		else
			unsure += !kept[i].sure;
	}
	return unsure;
}

/* Adopted threads end without a word. */
static void bury_adopted(void)
{
	for (struct np_thread *t = np_load_acquire(&np_sampler.threads); t; t = t->next)
		if (np_load_acquire(&t->used) && t->adopted &&
		    np_syscall(SYS_tgkill, np_agent.pid, t->tid, 0) == -ESRCH) {
			np_clock_disarm(t);
			t->adopted = false;
			np_thread_give_back(t);
		}
}

void np_unseen_look(enum np_look look)
{
	struct timespec step = { 0, 1000000 };
	uint32_t free_mark = 0;
	bool all_known = is_all_known();

	if (all_known && !np_load_relaxed(&kept_count))
		return;
	if (!np_cas_acq_rel(&looking, &free_mark, 1))
		return;
	may_adopt = look != NP_LOOK_LAST;
	if (is_as_before(all_known))
		goto out;
	bury_adopted();
	know_records();
	if (known_all) {
		/* A thread that is just starting or ending is not there any more a moment later. */
		for (int i = 0; look == NP_LOOK_LAST && i < LAST_LOOKS && scan(NP_LOOK_NOW); i++) {
			np_syscall(SYS_nanosleep, &step, 0);
			know_records();
		}
		scan(look);
	}
out:
	np_store_release(&looking, 0);
}

/* Those that are known to be there are watched, be they busy or not. */
void np_unseen_look_now(void)
{
	if (np_load_relaxed(&kept_count) || np_load_relaxed(&np_sampler.adopted) || is_time_missing())
		np_unseen_look(NP_LOOK_NOW);
}

/* A fork child has one thread. */
void np_unseen_forget(void)
{
	looking = 0;
	kept_count = 0;
	least_missing = INT64_MAX;
	np_sampler.adopted = 0;
}

/* ---- raw clones that libc tells of ---- */

void np_unseen_made(long tid)
{
	uint32_t free_mark = 0;
	struct unseen *one;

	if (!np_cas_acq_rel(&looking, &free_mark, 1))
		return;			/* the look that is on will find it */
	one = find_kept((uint32_t)tid);
	if (one && !one->sure) {
		one->sure = true;
		one->look = look_number;
		np_sampler_count(NP_COUNT_THREADS_UNSEEN, 1);
	} else if (!one) {
		np_sampler_count(NP_COUNT_THREADS_UNSEEN, 1);
	}
	np_store_release(&looking, 0);
}

NP_EXPORT int clone(int (*run)(void *), void *stack, int flags, void *argument, ...)
{
	void *more[3];
	va_list list;
	int r;

	va_start(list, argument);	/* those that FLAGS do not ask for are not looked at */
	for (int i = 0; i < 3; i++)
		more[i] = va_arg(list, void *);
	va_end(list);
	r = NP_REAL(clone)(run, stack, flags, argument, more[0], more[1], more[2]);
	if (r > 0 && (flags & CLONE_THREAD) && np_signals_here())
		np_unseen_made(r);
	return r;
}
