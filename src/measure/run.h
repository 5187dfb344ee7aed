/* SPDX-License-Identifier: MIT
 *
 * run.h - run a command once and measure it.  Context: tools, one thread.
 */
#ifndef NP_MEASURE_RUN_H
#define NP_MEASURE_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "measure/metric.h"

#define NP_RUN_OUTPUT_MAX ((size_t)64 << 20)	/* of standard output that is looked at */

struct np_run_how {
	char *const *argv;
	int core;			/* pin to this one; -1: all */
	double timeout_s;		/* then the process group is killed */
	char *const *environment;	/* NULL: ours */
};

struct np_run {
	struct np_metrics metrics;	/* wall_ms, cpu_ms, ... and what the program told */
	int exit_status;		/* 128 + N for a signal */
	bool timed_out;
	bool interrupted;		/* by np_run_caught(): it was killed, and says nothing */
	bool left_behind;		/* its output was still open after its end: what it left was killed */
	char complaint[256];		/* the last line of standard error, when it failed */
};

/* Returns 0 when the program ran, whatever it returned, or -errno when it could not be started. */
int np_run(struct np_run *run, const struct np_run_how *how);
void np_run_free(struct np_run *run);

/* From now on SIGINT, SIGTERM and SIGHUP, unless they are ignored, end the run that is under way with all
 * its processes, and no more; the number of the one that came, or 0. */
void np_run_catch_signals(void);
int np_run_caught(void);

/* The names of our own figures, in the order of their table; NULL ends it. */
extern const char *const np_run_figures[];
bool np_run_is_figure(const char *name);

/* Cores that we may use, as numbers for `core`.  Returns how many were stored. */
size_t np_run_cores(int *cores, size_t most);

#endif
