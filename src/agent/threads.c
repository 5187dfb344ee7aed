/* SPDX-License-Identifier: MIT
 *
 * threads.c - every thread that the host makes gets a clock and a place to keep its last stack.
 *
 * Context: host.  The records are mappings of their own (never the host's heap), are used again
 * after a thread has ended, and are never unmapped: a late tick may still look at one.
 */
#include "agent/agent.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <threads.h>
#include <unistd.h>

#include "agent/real.h"
#include "base/atomic.h"
#include "base/syscalls.h"

#define MAIN_STACK_DEFAULT (64ull << 20)	/* where RLIMIT_STACK says "unlimited" */

extern void *__libc_stack_end;	/* ld.so: where the kernel put argc */

static struct np_thread main_record;	/* the main thread must not depend on mmap */

static struct np_thread *reset(struct np_thread *thread)
{
	memset(thread, 0, offsetof(struct np_thread, stack));
	thread->stack.depth = 0;
	thread->fd = -1;
	thread->timer = -1;
	thread->adopted = false;
	return thread;
}

static void publish(struct np_thread *thread)
{
	struct np_thread *head = np_load_acquire(&np_sampler.threads);

	do
		thread->next = head;
	while (!np_cas_acq_rel(&np_sampler.threads, &head, thread));
}

struct np_thread *np_thread_take(void)
{
	struct np_thread *thread;
	long mapped;
	uint32_t free_mark;

	for (thread = np_load_acquire(&np_sampler.threads); thread; thread = thread->next) {
		free_mark = 0;
		if (np_load_relaxed(&thread->used) == 0 && np_cas_acq_rel(&thread->used, &free_mark, 1))
			return reset(thread);
	}
	mapped = np_syscall(SYS_mmap, 0, sizeof(*thread), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mapped < 0 && mapped > -4096)
		return NULL;
	thread = (struct np_thread *)mapped;
	thread->used = 1;
	publish(thread);
	return reset(thread);
}

void np_thread_give_back(struct np_thread *thread)
{
	np_store_release(&thread->used, 0);
}

void np_threads_after_fork(struct np_thread *self)
{
	for (struct np_thread *thread = np_sampler.threads; thread; thread = thread->next) {
		if (!thread->used)
			continue;
		np_clock_close_inherited(thread);
		if (thread != self)
			thread->used = 0;
	}
}

/* The main thread's stack may grow to its limit; another's was sized when it was made. */
static void main_stack(struct np_thread *self)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	uint64_t bytes;

	np_syscall(SYS_prlimit64, 0, RLIMIT_STACK, 0, &limit);
	bytes = limit.rlim_cur == RLIM_INFINITY ? MAIN_STACK_DEFAULT : limit.rlim_cur;
	self->stack_high = (uintptr_t)__libc_stack_end + 64;	/* argv lies above: it is mapped */
	self->stack_low = bytes < self->stack_high ? self->stack_high - bytes : 0;
}

static void made_stack(struct np_thread *self, const pthread_attr_t *attr)
{
	pthread_attr_t standard;
	size_t bytes = 8u << 20;

	if (attr) {
		pthread_attr_getstacksize(attr, &bytes);
	} else if (pthread_getattr_default_np(&standard) == 0) {
		pthread_attr_getstacksize(&standard, &bytes);
		pthread_attr_destroy(&standard);
	}
	self->stack_low = bytes;	/* a size until the thread knows where it is */
}

/* A fork child keeps the stack of the thread that forked, whatever its number is now. */
static void place_stack(struct np_thread *self)
{
	if (self->stack_high)
		return;
	if (self->tid == (uint32_t)np_agent.pid) {
		main_stack(self);
		return;
	}
	/* The thread's control block lies at the top of its stack. */
	self->stack_high = (uintptr_t)pthread_self();
	self->stack_low = self->stack_high - self->stack_low;
}

bool np_thread_attach(struct np_thread *self)
{
	int r;

	self->tid = (uint32_t)np_syscall(SYS_gettid);
	self->handle = (uintptr_t)pthread_self();
	place_stack(self);
	r = np_sampler.identity.clock == NP_CLOCK_NONE ? np_clock_choose(self) : np_clock_arm(self);
	np_sampler_count(NP_COUNT_THREADS_SEEN, 1);
	if (r < 0) {
		np_sampler_count(NP_COUNT_THREADS_UNCOVERED, 1);
		return false;
	}
	np_thread_self = self;
	return true;
}

struct np_thread *np_thread_main_record(void)
{
	main_record.used = 1;
	publish(&main_record);
	return reset(&main_record);
}

/* From here on ticks of this thread find no record; the next one is dropped and counted. */
static void detach(void *argument)
{
	struct np_thread *self = argument;
	uint64_t mask;

	if (!np_agent.attached) {	/* retired: not even a system call */
		np_thread_self = NULL;
		np_thread_give_back(self);
		return;
	}
	np_signals_block(&mask);
	np_sampler_close_account(self);
	np_clock_disarm(self);
	if (self->host.blocks)		/* from here on the kernel sees to it */
		mask |= np_signals_ours();
	np_thread_self = NULL;
	np_thread_give_back(self);
	np_signals_restore(mask);
}

/* The mask was inherited from a thread that may have blocked everything: our signal must come through. */
static void attach_made(struct np_thread *self)
{
	uint64_t mask;

	if (!np_agent.attached)		/* retired since the thread was begun */
		return;
	np_signals_block(&mask);
	mask &= ~np_signals_ours();
	if (np_thread_attach(self))
		self->cpu_last_ns = 0;	/* what it used until here is in its account, too */
	else if (self->host.blocks)
		mask |= np_signals_ours();
	np_signals_restore(mask);
}

static void *run_thread(void *argument)
{
	struct np_thread *self = argument;
	void *(*start)(void *) = self->start;
	void *result;

	attach_made(self);
	pthread_cleanup_push(detach, self);
	result = start(self->argument);
	pthread_cleanup_pop(1);
	return result;
}

static int run_thrd(void *argument)
{
	struct np_thread *self = argument;
	int (*start)(void *) = (int (*)(void *))(uintptr_t)self->start;
	int result;

	attach_made(self);
	pthread_cleanup_push(detach, self);
	result = start(self->argument);
	pthread_cleanup_pop(1);
	return result;
}

static struct np_thread *prepare(const pthread_attr_t *attr, void *start, void *argument)
{
	struct np_thread *thread;

	/* The child of a raw clone() or _Fork() still has its parent's spool: its threads go without. */
	if (!np_signals_here() || np_load_relaxed(&np_agent.finished))
		return NULL;
	thread = np_thread_take();
	if (!thread) {
		np_sampler_count(NP_COUNT_THREADS_SEEN, 1);
		np_sampler_count(NP_COUNT_THREADS_UNCOVERED, 1);
		return NULL;
	}
	thread->start = (void *(*)(void *))(uintptr_t)start;
	thread->argument = argument;
	thread->host.blocks = np_thread_self && np_thread_self->host.blocks;
	made_stack(thread, attr);
	return thread;
}

NP_EXPORT int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attr,
			     void *(*start)(void *), void *restrict argument)
{
	struct np_thread *record = prepare(attr, (void *)(uintptr_t)start, argument);
	int r;

	if (!record)
		return NP_REAL(pthread_create)(thread, attr, start, argument);
	r = NP_REAL(pthread_create)(thread, attr, run_thread, record);
	if (r != 0)
		np_thread_give_back(record);
	return r;
}

NP_EXPORT int thrd_create(thrd_t *thread, thrd_start_t start, void *argument)
{
	struct np_thread *record = prepare(NULL, (void *)(uintptr_t)start, argument);
	int r;

	if (!record)
		return NP_REAL(thrd_create)(thread, start, argument);
	r = NP_REAL(thrd_create)(thread, run_thrd, record);
	if (r != thrd_success)
		np_thread_give_back(record);
	return r;
}
