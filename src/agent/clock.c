/* SPDX-License-Identifier: MIT
 *
 * clock.c - the clock ladder: perf_event task-clock, POSIX CPU timer, setitimer.
 *
 * Context: host; disarming is signal-safe.
 *
 * A thread's first tick comes after a random part of a period, as if the period had begun before
 * the thread.  So a thread that lives for a fifth of a period is sampled once in five times, and
 * the sum over many short threads or processes is right; with a full first period they would all
 * be invisible.
 */
#include "agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <time.h>

#include "base/atomic.h"
#include "base/syscalls.h"

/* The perf clock goes on ticking at the first period until the handler sets the regular one.  Were
 * that less than an interrupt takes, the thread would hardly get further. */
#define FIRST_TICK_LEAST_NS 100000u
#define SELF_TEST_NS	    50000u

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* A phase in [0, period) that no program can fall into step with. */
static uint64_t random_phase(uint32_t tid)
{
	uint64_t h = monotonic_ns() ^ (uint64_t)tid << 32 ^ (uintptr_t)&np_agent;

	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdull;
	h ^= h >> 33;
	h *= 0xc4ceb9fe1a85ec53ull;
	h ^= h >> 33;
	return h % np_sampler.period_ns;
}

/* The kernel's clock of a thread, as in include/linux/posix-timers.h: the same for all threads. */
static clockid_t clock_of(uint32_t tid)
{
	const uint32_t of_thread = 4, scheduled = 2;

	return (clockid_t)(~tid << 3 | of_thread | scheduled);
}

uint64_t np_clock_thread_ns(uint32_t tid)
{
	struct timespec now = { 0, 0 };

	np_syscall(SYS_clock_gettime, clock_of(tid), &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Set the thread's account and return when its first tick is due. */
static uint64_t open_account(struct np_thread *self)
{
	uint64_t now = np_clock_thread_ns(self->tid);
	uint64_t phase = random_phase(self->tid);
	uint64_t first = np_sampler.period_ns - phase, least = np_sampler.period_ns / 2;

	if (least > FIRST_TICK_LEAST_NS)
		least = FIRST_TICK_LEAST_NS;
	self->cpu_last_ns = now;
	self->carry_ns = (int64_t)phase;
	self->first_tick = true;
	return self->tick_ns = first < least ? least : first;
}

static int arm_perf(struct np_thread *self)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.disabled = 1,
		.exclude_hv = 1,
		.wakeup_events = 1,
	};
	struct f_owner_ex owner = { .type = F_OWNER_TID, .pid = (pid_t)self->tid };
	long fd, r;

	attr.sample_period = open_account(self);
	fd = np_syscall(SYS_perf_event_open, &attr, self->tid, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return (int)fd;
	fd = np_descriptor_keep((int)fd);
	if (fd < 0)
		return (int)fd;
	if ((r = np_syscall(SYS_ioctl, fd, PERF_EVENT_IOC_ID, &self->perf_id)) < 0 ||
	    (r = np_syscall(SYS_fcntl, fd, F_SETOWN_EX, &owner)) < 0 ||
	    (r = np_syscall(SYS_fcntl, fd, F_SETSIG, SIGPROF)) < 0 ||
	    (r = np_syscall(SYS_fcntl, fd, F_SETFL, O_ASYNC | O_NONBLOCK)) < 0 ||
	    (r = np_syscall(SYS_ioctl, fd, PERF_EVENT_IOC_ENABLE, 0)) < 0) {
		np_descriptor_forget((int)fd);
		np_syscall(SYS_close, fd);
		return (int)r;
	}
	self->fd = (int)fd;
	self->clock = NP_CLOCK_PERF;
	return 0;
}

static int arm_timer(struct np_thread *self)
{
	struct sigevent event;
	struct itimerspec when = { { 0, 0 }, { 0, 0 } };
	uint64_t first = open_account(self);
	int timer = -1;
	long r;

	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_THREAD_ID;
	event.sigev_signo = SIGPROF;
	event.sigev_value.sival_ptr = NP_SAMPLER_TIMER_MARK;
	event._sigev_un._tid = (pid_t)self->tid;
	r = np_syscall(SYS_timer_create, clock_of(self->tid), &event, &timer);
	if (r < 0)
		return (int)r;
	when.it_value.tv_sec = (time_t)(first / 1000000000u);
	when.it_value.tv_nsec = (long)(first % 1000000000u);
	when.it_interval.tv_sec = (time_t)(np_sampler.period_ns / 1000000000u);
	when.it_interval.tv_nsec = (long)(np_sampler.period_ns % 1000000000u);
	r = np_syscall(SYS_timer_settime, timer, 0, &when, 0);
	if (r < 0) {
		np_syscall(SYS_timer_delete, timer);
		return (int)r;
	}
	self->timer = timer;
	self->clock = NP_CLOCK_TIMER;
	return 0;
}

static uint32_t itimer_pid;	/* the process whose ITIMER_PROF we set */

/* One timer for the whole process; a thread that uses CPU time is likely to be the one hit. */
static int arm_itimer(struct np_thread *self)
{
	uint64_t us = np_sampler.period_ns / 1000;
	struct itimerval when = { .it_interval = { (time_t)(us / 1000000), (suseconds_t)(us % 1000000) } };
	long r = 0;

	open_account(self);
	self->first_tick = false;
	self->tick_ns = np_sampler.period_ns;
	self->clock = NP_CLOCK_ITIMER;
	when.it_value = when.it_interval;
	if (itimer_pid != (uint32_t)np_agent.pid)
		r = np_syscall(SYS_setitimer, ITIMER_PROF, &when, 0);
	if (r == 0)
		itimer_pid = (uint32_t)np_agent.pid;
	return (int)r;
}

static int arm_rung(struct np_thread *self, enum np_clock_kind rung)
{
	return rung == NP_CLOCK_PERF ? arm_perf(self)
	     : rung == NP_CLOCK_TIMER ? arm_timer(self) : arm_itimer(self);
}

/* Kernels were seen on which the event opens and counts nothing. */
static int perf_counts(const struct np_thread *self)
{
	uint64_t until = np_sampler_thread_cpu_ns() + SELF_TEST_NS;
	uint64_t count = 0;

	do {
		if (np_syscall(SYS_read, self->fd, &count, sizeof(count)) == sizeof(count) && count)
			return 0;
	} while (np_sampler_thread_cpu_ns() < until);
	return -ENODATA;
}

/* A timer that was not armed, whatever the kernel (or who stands in for it) answered. */
static int timer_runs(const struct np_thread *self)
{
	struct itimerspec left = { { 0, 0 }, { 0, 0 } };
	long r = np_syscall(SYS_timer_gettime, self->timer, &left);

	if (r < 0)
		return (int)r;
	return left.it_value.tv_sec || left.it_value.tv_nsec ? 0 : -ENODATA;
}

/* From perf to the timer, for one thread. */
int np_clock_fall_back(struct np_thread *self)
{
	int r = np_agent.config.clock == NP_CLOCK_NONE ? arm_timer(self) : -EMFILE;

	if (r == 0)
		np_sampler_count(NP_COUNT_THREADS_BY_TIMER, 1);
	return r;
}

/* A thread can be refused what others got: descriptors are short, or the program gave up its rights. */
int np_clock_arm(struct np_thread *self)
{
	enum np_clock_kind rung = (enum np_clock_kind)np_sampler.identity.clock;
	int r = arm_rung(self, rung);

	return r < 0 && rung == NP_CLOCK_PERF ? np_clock_fall_back(self) : r;
}

int np_clock_choose(struct np_thread *self)
{
	static const char *const names[] = { "", "perf", "timer", "itimer" };
	enum np_clock_kind asked = np_agent.config.clock;
	int r = -ENOSYS, first_error = 0;

	for (enum np_clock_kind rung = NP_CLOCK_PERF; rung <= NP_CLOCK_ITIMER; rung++) {
		if (asked != NP_CLOCK_NONE && rung != asked)
			continue;
		r = arm_rung(self, rung);
		if (r == 0 && rung == NP_CLOCK_PERF)
			r = perf_counts(self);
		else if (r == 0 && rung == NP_CLOCK_TIMER)
			r = timer_runs(self);
		if (r == 0) {
			np_sampler.identity.clock = rung;
			np_sampler.identity.clock_errno = -first_error;
			return 0;
		}
		np_clock_disarm(self);
		if (first_error == 0)
			first_error = r;
	}
	np_say("no clock: ", asked ? names[asked] : "perf, timer and itimer", " refused (",
	       np_say_errno(-r), "); the program runs without profiling", NULL);
	return r;
}

/* The host may have closed every descriptor and opened something else under our number. */
static bool still_ours(const struct np_thread *thread)
{
	uint64_t id = 0;

	return np_descriptor_may_be_event(thread->fd) &&
	       np_syscall(SYS_ioctl, thread->fd, PERF_EVENT_IOC_ID, &id) == 0 &&
	       id == thread->perf_id;
}

bool np_clock_is_gone(const struct np_thread *thread)
{
	return thread->fd >= 0 && !still_ours(thread);
}

static void close_event(struct np_thread *thread)
{
	if (thread->fd < 0)
		return;
	if (still_ours(thread))
		np_syscall(SYS_close, thread->fd);
	np_descriptor_forget(thread->fd);
	thread->fd = -1;
}

void np_clock_disarm(struct np_thread *thread)
{
	if (np_clock_is_gone(thread))
		np_sampler_count(NP_COUNT_CLOCKS_CLOSED, 1);
	close_event(thread);
	if (thread->timer >= 0)
		np_syscall(SYS_timer_delete, thread->timer);
	thread->timer = -1;
	thread->clock = NP_CLOCK_NONE;
}

/* An interval timer outlives an exec, our handler does not.  One that the host has set is its own. */
void np_clock_stop_process(void)
{
	static const struct itimerval never;

	if (itimer_pid == (uint32_t)np_agent.pid && !np_load_relaxed(&np_sampler.host_itimer))
		np_syscall(SYS_setitimer, ITIMER_PROF, &never, 0);
	itimer_pid = 0;
}

void np_clock_close_inherited(struct np_thread *thread)
{
	close_event(thread);
	thread->timer = -1;	/* timers are not inherited */
	thread->clock = NP_CLOCK_NONE;
}
