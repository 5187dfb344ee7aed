/* SPDX-License-Identifier: MIT
 *
 * session.h - the runs of a comparison: in pairs, interleaved, on swapped cores.  Context: tools.
 *
 * A block is old, new, new, old (the next one new, old, old, new) on one core; the next block is on
 * the next core.  What drifts during a block cancels in its two pairs, and its two runs of the same
 * program are the A/A control.
 */
#ifndef NP_MEASURE_SESSION_H
#define NP_MEASURE_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "measure/run.h"
#include "measure/verdict.h"

#define NP_SESSION_PAIRS_MAX 2000u

struct np_command {
	char *const *argv;
	char *const *environment;
};

struct np_arm {
	struct np_command command;
	struct np_run *runs;		/* run i of one arm is the partner of run i of the other */
	size_t count;
};

struct np_session_rules {
	struct np_verdict_rules verdict;
	size_t pairs_min, pairs_max;
	double budget_s;		/* no block is begun that would likely pass it */
	double timeout_s;		/* of one run */
	const char *metric;		/* that decides when to stop; NULL: CPU or wall time */
	const char *metrics_directory;	/* runs leave *.metrics.txt there; NULL: they do not */
	char *const *environment;	/* of all runs; NULL: ours */
	bool results_differ;		/* by intent: a checksum is held against its own arm's only */
	bool pin;			/* to one core a block; only for programs of one thread */
	void (*progress)(void *user, size_t done, size_t most, double left_s);
	void *user;
};

struct np_session {
	struct np_arm arms[2];		/* old, new */
	const struct np_session_rules *rules;
	const char *primary;		/* the metric that decided */
	double elapsed_s;
	bool pinned;
	bool is_unpaired;		/* arms of different times: no pairs, no control */
	char failure[512];		/* why it was broken off; "" = it was not */
	bool interrupted;		/* by a signal: the pairs that are whole are kept */
	bool left_behind;		/* a run left processes that held its output: they were killed */
};

/* Run until the primary metric's interval is narrow enough, or budget or pairs_max are reached.
 * Returns 0, or -1 with `failure` set: a command failed, or timed out, or could not be started, or told no
 * such metric; or a signal came before the first pair. */
int np_session_run(struct np_session *session, const struct np_command commands[2],
		   const struct np_session_rules *rules);

/* COUNT runs of one command, for a baseline: no pairs, no control.  arms[0] has them. */
int np_session_run_alone(struct np_session *session, const struct np_command *command,
			 const struct np_session_rules *rules, size_t count);
void np_session_free(struct np_session *session);

/* The rows of METRIC in the arm, for effects; *counts and *values are to be freed.  Runs that lack
 * it end the list: returns fewer runs than the arm has. */
struct np_series np_arm_series(const struct np_arm *arm, const char *metric);
void np_series_free(struct np_series *series);

/* The control: run 2i against run 2i + 1 of the arm, which are the same program in one block. */
void np_arm_control(const struct np_series *series, struct np_series *first,
		    struct np_series *second);

#endif
