/* SPDX-License-Identifier: MIT
 *
 * sampler.h - what the SIGPROF handler and the agent share: the process's sampler and its threads.
 *
 * Ownership: the agent fills everything in ordinary context before a clock is armed; from then on
 * each field belongs to whom its comment names.
 */
#ifndef NP_SIGNAL_SAMPLER_H
#define NP_SIGNAL_SAMPLER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "signal/host.h"
#include "signal/unwind.h"
#include "spool/writer.h"

enum np_spool_phase {		/* who may touch np_sampler.spool; changed by compare-and-swap */
	NP_PHASE_NONE = 0,	/* no spool yet: the first sample makes it */
	NP_PHASE_CREATING,	/* one thread is at it; others keep their time for later */
	NP_PHASE_READY,
	NP_PHASE_FAILED,	/* create_errno says why; nothing more is recorded */
};

/* One attached thread.  Made by the agent (a mapping of its own, never heap), given back by it. */
struct np_thread {
	volatile sig_atomic_t inside;	/* handler only, this thread only */
	uint32_t tid;			/* constant while attached */
	enum np_clock_kind clock;	/* constant while attached */
	int fd;				/* perf event; -1 = none */
	uint64_t perf_id;		/* tells our descriptor from a stranger with its number */
	int timer;			/* kernel timer id; -1 = none */
	bool first_tick;		/* handler: the perf period is still the short first one */
	uint64_t tick_ns;		/* handler: what the clock was last set to */
	struct np_host_thread host;	/* what the host believes of SIGPROF on this thread */

	/* Handler, this thread. */
	uint64_t cpu_last_ns;		/* thread CPU clock up to which periods were counted */
	int64_t carry_ns;		/* CPU time not yet counted; less than 0 = counted on trust */
	uint64_t tick_cycles;		/* time-stamp counter at the last tick */
	uint32_t unread;		/* samples since cpu_last_ns was read */
	uint32_t image;			/* np_sampler.image that entry and nodes belong to */
	uint32_t entry;			/* thread entry in the spool */
	uint32_t roots[NP_QUALITY_MAX];	/* node per quality; 0 = not made yet */
	uint32_t nodes_valid;		/* stack.nodes[0..nodes_valid) are right */
	uint32_t cost_samples;		/* the governor's: samples not yet given to the common sums, */
	uint64_t cost_cycles, cost_busy_ns;	/* what they took and what they stand for */
	uintptr_t stack_low, stack_high;	/* the thread's own stack; constant while attached */
	struct np_stack stack;

	/* Agent. */
	struct np_thread *next;		/* in np_sampler.threads; constant once there */
	uintptr_t handle;		/* its pthread_t */
	bool adopted;			/* found running: it takes its record at its first tick */
	uint32_t used;			/* owned by a thread; the others wait to be used again */
	void *(*start)(void *);
	void *argument;
};

struct np_sampler {
	uint64_t period_ns;		/* constant after attach */
	uint64_t period_cycles;		/* the same by the time-stamp counter; 0 = not known yet */
	const struct np_unwinder *unwinder;	/* constant after attach */
	uint32_t enabled;		/* agent: attached and not at its end; relaxed loads in the handler */
	uint32_t running;		/* handlers that are inside libunwind right now */
	uint32_t phase;			/* enum np_spool_phase */
	uint32_t image;			/* grows with every fork: cached nodes of older ones are void */
	int32_t create_errno;
	struct np_spool spool;
	uint64_t spool_bytes_max;
	struct np_spool_header identity;	/* fields to copy into a new spool's header */
	char spool_dir[512];		/* where to create it; the file name is made from the pid */
	uint32_t overhead_max;		/* hundredths of a percent of the CPU time; 0 = no bound */
	uint64_t startup_periods;	/* spent before attaching; committed with the first sample */
	uint64_t pending[NP_COUNT_MAX];	/* counted before there was a spool */
	uint32_t host_itimer;		/* the host has ITIMER_PROF: 0 = no, 1 = repeating, 2 = once */
	struct np_thread *threads;	/* all records, newest first; only grows */
	uint32_t adopted;		/* agent: some record is; relaxed */
	void (*look)(void);		/* agent: for the handler to call a few times a second; signal-safe */
};

extern struct np_sampler np_sampler;

/* Does a signal of the host's wait that SELF could take?  Context: any. */
static inline bool np_host_is_pending(const struct np_thread *self)
{
	return (np_load_acquire(&self->host.pending.state) |
		np_load_acquire(&self->host.forwarded.state) |
		np_load_acquire(&np_host.pending.state)) != 0;
}

/* Initial-exec TLS: no allocation on first use.  NULL = this thread is not attached. */
extern _Thread_local struct np_thread *np_thread_self
	__attribute__((tls_model("initial-exec")));

/* Set by the handler when its tick, and nothing else, made a system call return EINTR; cleared by
 * the agent before such a call (agent/waits.c).  np_sampler_note_wait() looks for it. */
extern _Thread_local uint32_t np_sampler_broke_wait __attribute__((tls_model("initial-exec")));

/* The calling thread ends: whole periods that no tick came for are a sample of its last stack, or
 * counted as lost if it has none.  Where ticks are rare (a POSIX timer: 250 a second) that is most
 * of a short thread.  SIGPROF blocked. */
void np_sampler_close_account(struct np_thread *self);

/* Set ITIMER_PROF to our rate, where it is the clock.  Context: any, SIGPROF blocked. */
void np_sampler_set_itimer(void);

void np_sampler_note_wait(const ucontext_t *context);

/* Ours: a perf event's F_SETSIG signal, our POSIX timer, or the kernel's ITIMER_PROF if we use it.
 * Context: any. */
bool np_sampler_is_tick(const siginfo_t *info);

/* The calling thread's record, if the agent found the thread running and made one for it (agent/
 * unseen.c): it is np_thread_self from then on.  Context: handler. */
struct np_thread *np_sampler_adopted(void);

/* The signal handler.  Context: signal, any thread of the host. */
void np_sampler_handler(int signal, siginfo_t *info, void *context);

/* Map and look at beforehand what the first sample on SELF would have to.  Changes no result.
 * Context: host, ordinary. */
void np_sampler_prepare(struct np_thread *self);

/* Create the spool now if there is none.  Returns true when it may be written.
 * Context: handler or host, with SIGPROF blocked. */
bool np_sampler_spool(void);

/* When this process started, in clock ticks after boot: field 22 of /proc/self/stat; 0 = unknown.
 * Context: any.  Three system calls. */
uint64_t np_sampler_start_ticks(void);

/* Add to a counter, before or after the spool exists.  Context: any. */
void np_sampler_count(enum np_counter counter, uint64_t add);

/* Thread CPU clock in nanoseconds.  Context: any. */
uint64_t np_sampler_thread_cpu_ns(void);

/* The value that marks our POSIX timers in siginfo. */
#define NP_SAMPLER_TIMER_MARK ((void *)&np_sampler)

#endif
