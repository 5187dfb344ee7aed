/* SPDX-License-Identifier: MIT
 *
 * agent.h - the parts of the preloaded library that run in the host in ordinary context.
 *
 * Context: host.  Functions marked "signal-safe" may also run in a signal handler of the host (it
 * may call _exit or fork there) and therefore use system calls only.
 */
#ifndef NP_AGENT_AGENT_H
#define NP_AGENT_AGENT_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "signal/sampler.h"

#define NP_EXPORT __attribute__((visibility("default")))

enum np_fold_mode { NP_FOLD_WAIT = 0, NP_FOLD_BACKGROUND, NP_FOLD_OFF };

struct np_config {
	uint32_t hz;
	enum np_clock_kind clock;	/* NONE = auto */
	enum np_unwinder_kind unwinder;	/* NONE = auto */
	enum np_fold_mode fold;
	bool children_wait;		/* fork children, too: NEUROPROF_FOLD=wait was set */
	bool start, children, quiet, debug;
	uint64_t spool_max;		/* bytes */
	uint32_t overhead_max;		/* hundredths of a percent; 0 = no bound */
	char out[512];			/* absolute */
	char spool_dir[512];		/* "" = choose */
};

struct np_agent {
	bool attached;			/* configuration was right and a clock was found */
	pid_t pid;			/* the process that attached: a vfork child is not it */
	pid_t top_pid;			/* the one that it is a fork child of, however deep; or itself */
	bool had_others;		/* it has forked, or another image ran in it before */
	uint32_t finished;		/* exchanged: the end is told once */
	struct np_config config;
	char library_dir[512];		/* where libneuroprof.so lies; "" = unknown */
};
extern struct np_agent np_agent;

/* ---- say.c: one line on standard error.  Signal-safe. */
void np_say(const char *first, ...) __attribute__((sentinel));	/* strings, then NULL */
const char *np_say_number(uint64_t number, char buffer[24]);
const char *np_say_errno(int number);	/* "EACCES", "ENOSPC", ...; "error" for rare ones */

/* ---- config.c: NEUROPROF_* from the environment.  Returns false after saying what is wrong. */
bool np_config_read(struct np_config *config);
const char *np_config_env(const char *name);
const char *np_config_unknown(void);	/* a variable NEUROPROF_... that is no setting; NULL: none */
void np_config_say_unknown(const char *variable);

/* ---- clock.c: the clock ladder. */
/* Choose the rung for this process by trying it on the calling thread, which is then armed.
 * Returns 0, or -errno of the last rung tried after saying why no clock can be had. */
int np_clock_choose(struct np_thread *self);
int np_clock_arm(struct np_thread *self);	/* the chosen rung, on the calling thread: 0 or -errno */
int np_clock_fall_back(struct np_thread *self);	/* its event is lost: the timer, if that is allowed */
void np_clock_disarm(struct np_thread *thread);	/* signal-safe; any thread's */
void np_clock_stop_process(void);		/* what belongs to no thread; signal-safe */
bool np_clock_is_gone(const struct np_thread *thread);	/* closed behind our back; signal-safe */
void np_clock_close_inherited(struct np_thread *thread);	/* fork child: drop the parent's event */

uint64_t np_clock_thread_ns(uint32_t tid);	/* CPU time of any thread of ours; 0 = it is gone */

/* ---- descriptors.c: where the events' descriptors lie. */
int np_descriptor_keep(int fd);			/* moves and marks it: the new number or -errno */
bool np_descriptor_may_be_event(int fd);	/* false: somebody else's; signal-safe */
void np_descriptor_forget(int fd);		/* signal-safe */
void np_descriptors_wait(void);			/* until no thread changes the limit (before a fork) */

/* ---- attach.c: what the first thread of an image used before it was attached. */
void np_attach_account_startup(struct np_thread *self);

/* ---- threads.c: pthread_create and what a thread needs. */
struct np_thread *np_thread_take(void);		/* NULL when memory is out */
void np_thread_give_back(struct np_thread *thread);
bool np_thread_attach(struct np_thread *self);	/* the calling thread; false: not covered */
void np_threads_after_fork(struct np_thread *self);	/* child: forget all others */
struct np_thread *np_thread_main_record(void);	/* the main thread's, ready to attach */

/* ---- unseen.c: threads that did not come through pthread_create().  Signal-safe. */
enum np_look {
	NP_LOOK_FIRST,			/* at attach: no thread of ours is being made */
	NP_LOOK_NOW,			/* while it runs */
	NP_LOOK_LAST,			/* nothing more will be sampled */
};
void np_unseen_start(void);		/* on the main thread, once */
void np_unseen_look(enum np_look look);
void np_unseen_look_now(void);
void np_unseen_made(long tid);		/* by a raw clone() that went through libc */
void np_unseen_forget(void);		/* fork child */

/* ---- signals.c: the host's view of SIGPROF, SIGTERM, SIGINT and SIGHUP. */
void np_signals_install(void);			/* our handlers, where nothing else is installed */
uint64_t np_signals_ours(void);			/* the set that must never stay blocked */
void np_signals_block(uint64_t *ret_old);	/* SIGPROF on this thread; signal-safe */
void np_signals_restore(uint64_t old);		/* signal-safe */
void np_signals_for_exec(uint64_t mask);	/* MASK: before np_signals_block(); signal-safe */
void np_signals_after_exec(uint64_t mask);	/* it was refused */
void np_signals_give_back(uint64_t mask);	/* likewise; for good: the host's own actions; signal-safe */

bool np_signals_here(void);			/* attached, and not a vfork child; signal-safe */
bool np_signals_handler_is_ours(void);		/* nobody replaced it by a raw system call */

void np_signals_set_again(void);		/* our handler, with flags that fit */

/* ---- signals_stack.c: sigaction() for what is not SIGPROF.  Signal-safe. */
int np_signals_set(int signal, const struct sigaction *act, struct sigaction *old);
bool np_signals_small_stacks(void);

/* ---- signals_wait.c: the host's mask for the time of one wait.  Signal-safe. */
struct np_wait_mask {
	struct np_thread *self;		/* NULL = nothing to undo */
	bool before, held_back;
	sigset_t mask;
};
const sigset_t *np_signals_wait_begin(struct np_wait_mask *wait, const sigset_t *mask);
void np_signals_wait_end(struct np_wait_mask *wait);

/* ---- process.c */
void np_process_install(void);			/* fork handlers */

/* ---- folder.c: neuroprof-fold, out of the host's sight.  Signal-safe. */
enum np_fold_when {
	NP_FOLD_NOW,			/* what there is, and the spool stays */
	NP_FOLD_AFTER_EXEC,		/* when the other end of PIPE closes */
	NP_FOLD_AT_END,			/* also what children have left to us */
	NP_FOLD_OTHERS,			/* only what they have left */
	NP_FOLD_SWEEP,			/* what anybody has left in our spool directory; never waits */
};
#define NP_FOLD_MISSING 127
/* PIPE: read end, or -1.  Returns the folder's exit status, NP_FOLD_MISSING, or -errno. */
int np_folder_run(enum np_fold_when when, int pipe);

/* ---- left.c: spools that fork children leave to the process at the top.  Signal-safe. */
uint32_t np_left_at_first(void);	/* who has the spool of a new fork child folded; 0 = itself */
bool np_left_leave(void);		/* before the spool is closed: it is left */
void np_left_sweep(void);		/* after it */
bool np_left_to_us(void);		/* somebody has left us one */
void np_left_after_fork(void);		/* parent */

/* ---- raw.c: the host's memory, which may not be there.  Signal-safe. */
bool np_raw_read(void *to, const void *from, size_t bytes);

/* ---- users.c: make the spool while it can be made.  Signal-safe. */
void np_users_keep_place(void);

/* ---- confine.c: hosts that forbid themselves what we need.  Signal-safe. */
void np_confine_prctl(long option, unsigned long value, const void *program);	/* before the call */
void np_confine_filter(const void *program);	/* a struct sock_fprog */
void np_confine_strict(void);
bool np_confine_survives(void);			/* at attach: a filter that is there already lets us live */

/* ---- finish.c: the end of the image.  Signal-safe. */
void np_finish(enum np_spool_end how);		/* once; folds as configured */
bool np_snapshot(void);				/* fold what there is, and go on; waits */
/* Before and after an exec that the kernel may refuse. */
struct np_exec_state {
	bool active;
	int pipe;			/* write end to the waiting folder; -1 = none */
	uint64_t mask;
};
void np_exec_prepare(struct np_exec_state *state);
void np_exec_failed(struct np_exec_state *state);

#endif
