/* SPDX-License-Identifier: MIT
 *
 * host.h - the host's own SIGPROF: its handler, its mask, and signals that wait for it.
 *
 * The kernel never sees the host block or replace SIGPROF, for ticks must come through.  What the
 * host asked for is kept here, and a SIGPROF that is no tick is dealt with as the kernel would have
 * done it: handed to its handler, kept until a thread unblocks it, or given to one that waits.
 *
 * Ownership: the action is written by agent/signals.c with SIGPROF blocked; slots by anybody, with
 * SIGPROF blocked; a thread's view of its mask by that thread.
 */
#ifndef NP_SIGNAL_HOST_H
#define NP_SIGNAL_HOST_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct np_thread;

/* One standard signal that is pending; a second one merges with it, as in the kernel. */
struct np_host_slot {
	uint32_t state;			/* 0 = empty, 1 = being changed, 2 = full */
	siginfo_t info;
};

struct np_host_thread {			/* what a thread believes; part of struct np_thread */
	bool blocks;			/* SIGPROF is in its mask */
	uint32_t waits;			/* in sigwait() or its like for SIGPROF */
	uintptr_t handler_at;		/* stack address below which the host's handler runs; 0 = not */
	bool blocked_before;		/* `blocks` before that handler */
	struct np_host_slot pending;	/* sent to this thread */
	struct np_host_slot forwarded;	/* sent to the process; another thread could not have it */
};

struct np_host {
	struct sigaction actions[2];	/* as the host set it last, and the one before */
	uint32_t action;		/* which of the two; stored with release */
	struct np_host_slot pending;	/* sent to the process while all threads block it */
};

extern struct np_host np_host;

/* A SIGPROF that is neither a tick nor a poke.  Context: handler. */
__attribute__((cold)) void np_host_signal(struct np_thread *self, int signal, siginfo_t *info, void *context);

/* Change what the host wants done.  Context: host, SIGPROF blocked (or a handler). */
void np_host_set_action(const struct sigaction *action);
const struct sigaction *np_host_action(void);

/* Take a signal that waits for SELF.  Context: SIGPROF blocked. */
bool np_host_take(struct np_thread *self, siginfo_t *ret_info);

/* A SIGPROF of our own that makes a thread look at its slots; np_host_drain() is that look, and is
 * due after every SIGPROF, for a poke may have merged with it.  Context: handler. */
bool np_host_is_poke(const siginfo_t *info);
__attribute__((cold)) void np_host_drain(struct np_thread *self, int signal, void *context);

/* Let SELF look, if it does not block SIGPROF any more.  Context: SIGPROF blocked; it looks when
 * that ends. */
void np_host_requeue(struct np_thread *self);

/* raise() and pthread_kill(): the kernel would merge it with a tick.  Context: SIGPROF blocked. */
void np_host_send(struct np_thread *thread, const siginfo_t *info);

/* The stack is above AT again: has a handler of the host been left by a longjmp? */
__attribute__((cold)) void np_host_handler_left(struct np_thread *self, uintptr_t at);

#endif
