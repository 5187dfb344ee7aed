/* SPDX-License-Identifier: MIT
 *
 * session.c - blocks of four runs until the interval is narrow.  Context: tools.
 */
#include "measure/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/message.h"
#include "measure/openmetrics.h"

#define CORES_MAX	1024u
#define STOP_RESAMPLES	1000u
#define ONE_THREAD_SHARE 0.95	/* of the CPU time is the main thread's */
#define SWITCHES_FEW	20.0	/* it waits for a file, a page, the exit */
#define MS_PER_SWITCH	50.0

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int fail(struct np_session *session, int arm, const struct np_run *run, int rc, double limit)
{
	const char *name = session->arms[arm].command.argv[0];

	if (rc < 0)
		snprintf(session->failure, sizeof(session->failure), "'%s' cannot be started: %s", name,
			 strerror(-rc));
	else if (run->timed_out)
		snprintf(session->failure, sizeof(session->failure), "'%s' did not end within %g s", name,
			 limit);
	else
		snprintf(session->failure, sizeof(session->failure), "'%s' ended with status %d%s%s", name,
			 run->exit_status, run->complaint[0] ? ": " : "", run->complaint);
	return -1;
}

static int run_one(struct np_session *session, int number, int core)
{
	struct np_arm *arm = &session->arms[number];
	struct np_run_how how = { arm->command.argv, core, session->rules->timeout_s,
		arm->command.environment ? arm->command.environment : session->rules->environment };
	struct np_run run;
	int rc = np_run(&run, &how);

	if (rc < 0 || run.timed_out || run.exit_status) {
		fail(session, number, &run, rc, session->rules->timeout_s);
		np_run_free(&run);
		return -1;
	}
	if (session->rules->metrics_directory)
		np_openmetrics_collect(&run.metrics, session->rules->metrics_directory);
	if ((arm->count & (arm->count - 1)) == 0)
		arm->runs = np_xrealloc(arm->runs, arm->count ? arm->count * 2 : 1, sizeof(*arm->runs));
	arm->runs[arm->count++] = run;
	return 0;
}

struct np_series np_arm_series(const struct np_arm *arm, const char *metric)
{
	const double **values = np_xcalloc(arm->count + 1, sizeof(*values));
	size_t *counts = np_xcalloc(arm->count + 1, sizeof(*counts)), runs = 0;

	for (; runs < arm->count; runs++) {
		const struct np_metric *found = np_metrics_find(&arm->runs[runs].metrics, metric);

		if (!found)
			break;
		values[runs] = found->values;
		counts[runs] = found->count;
	}
	return (struct np_series){ values, counts, runs };
}

void np_series_free(struct np_series *series)
{
	free((void *)(uintptr_t)series->values);
	free((void *)(uintptr_t)series->counts);
	*series = (struct np_series){ 0 };
}

void np_arm_control(const struct np_series *series, struct np_series *first,
		    struct np_series *second)
{
	size_t pairs = series->runs / 2;
	const double **values[2];
	size_t *counts[2];

	for (int side = 0; side < 2; side++) {
		values[side] = np_xcalloc(pairs + 1, sizeof(*values[side]));
		counts[side] = np_xcalloc(pairs + 1, sizeof(*counts[side]));
		for (size_t i = 0; i < pairs; i++) {
			/* Which came first changes from block to block, so drift has no sign. */
			size_t run = 2 * i + ((size_t)side ^ (i & 1));

			values[side][i] = series->values[run];
			counts[side][i] = series->counts[run];
		}
	}
	*first = (struct np_series){ values[0], counts[0], pairs };
	*second = (struct np_series){ values[1], counts[1], pairs };
}

static double figure(const struct np_run *run, const char *name)
{
	const struct np_metric *metric = np_metrics_find(&run->metrics, name);

	return metric ? metric->values[0] : 0;
}

/* One thread that hardly ever gives up its core by itself: it computes. */
static bool computes(const struct np_run *run)
{
	return figure(run, "main_cpu_ms") > ONE_THREAD_SHARE * figure(run, "cpu_ms") &&
		figure(run, "voluntary_switches") < SWITCHES_FEW + figure(run, "cpu_ms") / MS_PER_SWITCH;
}

/* CPU time for what computes in one thread, for it knows nothing of steal and of other programs;
 * wall time for what waits or works in parallel. */
static bool choose_primary(struct np_session *session)
{
	bool one_thread = computes(&session->arms[0].runs[0]) &&
		(session->arms[1].count == 0 || computes(&session->arms[1].runs[0]));

	session->primary = session->rules->metric;
	if (!session->primary)
		session->primary = one_thread ? "cpu_ms" : "wall_ms";
	return one_thread;
}

static bool is_precise(struct np_session *session)
{
	struct np_series old_runs = np_arm_series(&session->arms[0], session->primary);
	struct np_series new_runs = np_arm_series(&session->arms[1], session->primary);
	struct np_effect effect;
	bool precise = np_effect(&effect, &old_runs, &new_runs, NP_OF_MEDIAN, 0.95, STOP_RESAMPLES,
				 1) == 0 && np_verdict_is_precise(&effect, &session->rules->verdict);

	np_series_free(&old_runs);
	np_series_free(&new_runs);
	return precise;
}

static int run_block(struct np_session *session, size_t block, int core)
{
	static const int orders[2][4] = { { 0, 1, 1, 0 }, { 1, 0, 0, 1 } };

	for (int i = 0; i < 4; i++) {
		if (run_one(session, orders[block & 1][i], core) < 0)
			return -1;
	}
	return 0;
}

static void tell_progress(const struct np_session *session, double begun)
{
	const struct np_session_rules *rules = session->rules;
	size_t done = session->arms[0].count;
	double spent = now_s() - begun, each = done ? spent / (double)done : 0;
	double left = each * (double)(rules->pairs_max - (done < rules->pairs_max ? done
										  : rules->pairs_max));

	if (left > rules->budget_s - spent)
		left = rules->budget_s > spent ? rules->budget_s - spent : 0;
	if (rules->progress)
		rules->progress(rules->user, done, rules->pairs_max, left);
}

int np_session_run(struct np_session *session, const struct np_command commands[2],
		   const struct np_session_rules *rules)
{
	double begun = now_s();
	int cores[CORES_MAX];
	size_t core_count = np_run_cores(cores, CORES_MAX);

	*session = (struct np_session){ .arms = { { .command = commands[0] },
		{ .command = commands[1] } }, .rules = rules };
	for (size_t block = 0;; block++) {
		double block_begun = now_s(), spent;

		if (run_block(session, block, session->pinned ? cores[block % core_count] : -1) < 0)
			return -1;
		session->elapsed_s = spent = now_s() - begun;
		if (block == 0) {	/* a warm-up that also says what kind of program it is */
			session->pinned = choose_primary(session) && rules->pin && core_count > 1;
			for (int arm = 0; arm < 2; arm++) {
				for (size_t i = 0; i < session->arms[arm].count; i++)
					np_run_free(&session->arms[arm].runs[i]);
				session->arms[arm].count = 0;
			}
			continue;
		}
		tell_progress(session, begun);
		if (session->arms[0].count >= rules->pairs_max)
			break;
		if (session->arms[0].count >= rules->pairs_min &&
		    (is_precise(session) || spent + (now_s() - block_begun) > rules->budget_s))
			break;
	}
	return 0;
}

int np_session_run_alone(struct np_session *session, const struct np_command *command,
			 const struct np_session_rules *rules, size_t count)
{
	double begun = now_s();

	*session = (struct np_session){ .arms = { { .command = *command } }, .rules = rules };
	for (size_t i = 0; i < count; i++) {
		if (run_one(session, 0, -1) < 0)
			return -1;
		if (i == 0)
			choose_primary(session);
		if (rules->progress)
			rules->progress(rules->user, i + 1, count,
					(now_s() - begun) / (double)(i + 1) * (double)(count - i - 1));
		session->elapsed_s = now_s() - begun;
		if (i + 1 >= rules->pairs_min && session->elapsed_s > rules->budget_s)
			break;
	}
	return 0;
}

void np_session_free(struct np_session *session)
{
	for (int arm = 0; arm < 2; arm++) {
		for (size_t i = 0; i < session->arms[arm].count; i++)
			np_run_free(&session->arms[arm].runs[i]);
		free(session->arms[arm].runs);
	}
}
