/* SPDX-License-Identifier: MIT
 *
 * finish.c - the end of a process image: close the spool and have it folded outside the host.
 *
 * Context: host, signal-safe (the end may come from a signal handler): system calls only.
 */
#include "agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/syscalls.h"
#include "signal/governor.h"

#define SILENT_LEAST_NS 100000000u

static void close_spool(enum np_spool_end how)
{
	struct np_spool_header *head = np_sampler.spool.head;
	struct timespec now;

	np_syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	head->ended_monotonic_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	np_syscall(SYS_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, &now);
	head->ended_cpu_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	head->end = how;
	np_store_release(&head->state, NP_SPOOL_ENDED);
}

/* Of the thread that ends the image; others are in the middle of something. */
static void close_account(void)
{
	struct np_thread *self = np_thread_self;
	uint64_t mask;

	if (!self)
		return;
	np_signals_block(&mask);
	np_sampler_close_account(self);
	np_signals_restore(mask);
}

/* What no call of libc told us: the descriptors closed, the handler replaced. */
static void note_what_was_taken(void)
{
	np_unseen_look(NP_LOOK_LAST);
	for (struct np_thread *t = np_load_acquire(&np_sampler.threads); t; t = t->next)
		if (np_load_relaxed(&t->used) && np_clock_is_gone(t))
			np_sampler_count(NP_COUNT_CLOCKS_CLOSED, 1);
	if (np_signals_handler_is_ours())
		return;
	np_sampler_count(NP_COUNT_HANDLER_REPLACED, 1);
	np_say("the program took SIGPROF for itself by a raw system call: nothing was sampled since",
	       NULL);
}

/* The clock opened and counted, and no signal ever came: some sandboxes have that.  The account of
 * the ending thread was closed: so long without a sample is no chance. */
static void note_silent_clock(void)
{
	uint64_t periods = np_load_relaxed(&np_sampler.pending[NP_COUNT_LOST_PERIODS]);

	if (periods > 30 && periods * np_sampler.period_ns > SILENT_LEAST_NS)
		np_say("no profile: the clock runs, but none of its signals came; set NEUROPROF_CLOCK to "
		       "another one (neuroprof doctor tells which work here)", NULL);
}

static void finish_spool(enum np_spool_end how)
{
	bool left = np_agent.config.fold != NP_FOLD_OFF && np_left_leave();
	int r;

	np_governor_finish();
	close_spool(how);
	if (left)
		np_left_sweep();
	if (left || np_agent.config.fold == NP_FOLD_OFF)
		return;
	r = np_folder_run(NP_FOLD_AT_END, -1);
	if (r == NP_FOLD_MISSING)
		np_say("neuroprof-fold was not found beside the library: the samples are kept in ",
		       np_sampler.spool.path, "; run neuroprof recover", NULL);
	else if (r < 0)
		np_say("neuroprof-fold cannot be started (", np_say_errno(-r),
		       "): the samples are kept in ", np_sampler.spool.path,
		       "; run neuroprof recover", NULL);
	else if (r > 0)			/* it has said why */
		np_say("the samples are kept in ", np_sampler.spool.path,
		       "; mend that and run neuroprof recover", NULL);
}

void np_finish(enum np_spool_end how)
{
	uint32_t phase;

	if (!np_agent.attached || np_syscall(SYS_getpid) != np_agent.pid ||
	    np_exchange_acq_rel(&np_agent.finished, 1))
		return;
	close_account();
	np_store_relaxed(&np_sampler.enabled, 0);
	phase = np_load_acquire(&np_sampler.phase);
	if (phase == NP_PHASE_FAILED && np_sampler.create_errno == EFBIG)
		np_say("no profile: the limit for files (ulimit -f) leaves the spool less than 1 MiB", NULL);
	else if (phase == NP_PHASE_FAILED)
		np_say("no profile: ", np_sampler.spool_dir, ": cannot create the spool (",
		       np_say_errno(np_sampler.create_errno),
		       "); point NEUROPROF_SPOOL_DIR to a private directory with free space", NULL);
	note_what_was_taken();
	if (phase == NP_PHASE_NONE)
		note_silent_clock();
	if (phase == NP_PHASE_READY)
		finish_spool(how);
	else if (np_agent.had_others && np_agent.config.fold != NP_FOLD_OFF && np_left_to_us())
		np_folder_run(NP_FOLD_OTHERS, -1);
}

static bool has_samples(void)
{
	const struct np_spool *spool = &np_sampler.spool;
	uint64_t ready = np_load_acquire(&spool->head->threads.ready) / sizeof(*spool->threads);

	for (uint64_t i = 0; i < ready; i++)
		if (np_load_relaxed(&spool->threads[i].samples) > 0)
			return true;
	return false;
}

bool np_snapshot(void)
{
	int r;

	if (!np_signals_here() || np_load_relaxed(&np_agent.finished) ||
	    np_load_acquire(&np_sampler.phase) != NP_PHASE_READY || !has_samples())
		return false;
	r = np_folder_run(NP_FOLD_NOW, -1);
	if (r == NP_FOLD_MISSING)
		np_say("no snapshot: neuroprof-fold was not found beside the library", NULL);
	else if (r < 0 && r != -ECANCELED)
		np_say("no snapshot: neuroprof-fold cannot be started (", np_say_errno(-r), ")", NULL);
	return r == 0;			/* else it has said why */
}

/* Drain what is pending: the handler does not survive an exec, and the default action kills. */
static void drain_sigprof(void)
{
	uint64_t set = np_signals_ours();
	struct timespec none = { 0, 0 };

	while (np_syscall(SYS_rt_sigtimedwait, &set, 0, &none, 8) > 0)
		;
}

/* The new image may come without us (static, set-user-id, another environment), so a folder starts
 * now and waits at a pipe that the exec closes.  A refused exec writes a byte, and it goes away. */
void np_exec_prepare(struct np_exec_state *state)
{
	int ends[2] = { -1, -1 };

	state->pipe = -1;
	if (np_load_relaxed(&np_agent.finished))
		return;
	state->active = true;
	np_signals_block(&state->mask);
	close_account();
	np_store_relaxed(&np_sampler.enabled, 0);
	if (np_thread_self)
		np_clock_disarm(np_thread_self);
	np_clock_stop_process();
	drain_sigprof();
	if (np_load_acquire(&np_sampler.phase) == NP_PHASE_READY) {
		np_sampler.spool.head->left_to = (uint32_t)np_agent.top_pid;
		close_spool(NP_END_EXEC);
		if (np_agent.config.fold != NP_FOLD_OFF &&
		    np_syscall(SYS_pipe2, ends, O_CLOEXEC) == 0) {
			np_folder_run(NP_FOLD_AFTER_EXEC, ends[0]);
			np_syscall(SYS_close, ends[0]);
			state->pipe = ends[1];
		}
	}
	np_signals_for_exec(state->mask);
}

void np_exec_failed(struct np_exec_state *state)
{
	int saved_errno = errno;

	if (!state->active)
		return;
	if (state->pipe >= 0) {
		np_syscall(SYS_write, state->pipe, "x", 1);
		np_syscall(SYS_close, state->pipe);
	}
	if (np_load_acquire(&np_sampler.phase) == NP_PHASE_READY) {
		np_sampler.spool.head->end = NP_END_UNKNOWN;
		np_sampler.spool.head->left_to = np_sampler.identity.left_to;
		np_store_release(&np_sampler.spool.head->state, NP_SPOOL_LIVE);
	}
	if (np_thread_self && np_clock_arm(np_thread_self) < 0)
		np_sampler_count(NP_COUNT_THREADS_UNCOVERED, 1);
	np_store_relaxed(&np_sampler.enabled, 1);
	np_signals_after_exec(state->mask);
	errno = saved_errno;
}
