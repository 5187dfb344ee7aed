/* SPDX-License-Identifier: MIT
 *
 * session.c - blocks of four runs until the interval is narrow.  Context: tools.
 */
#include "measure/session.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/message.h"
#include "measure/openmetrics.h"

#define CORES_MAX	1024u
#define STOP_RESAMPLES	1000u
#define ONE_THREAD_SHARE 0.95	/* of the CPU time is the main thread's */
#define IDLE_MS		20.0	/* less may be the machine's */
#define SWITCHES_FEW	20.0	/* it waits for a file, a page, the exit */
#define MS_PER_SWITCH	50.0

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* As the user knows it: of a shell that becomes a command, the command. */
static const char *name_of(const struct np_command *command)
{
	char *const *argv = command->argv;
	const char *text = argv[0];

	if (argv[1] && strcmp(argv[1], "-c") == 0 && argv[2])
		text = strncmp(argv[2], "exec ", 5) == 0 ? argv[2] + 5 : argv[2];
	return text;
}

static int fail(struct np_session *session, int number, const struct np_run *run, int rc)
{
	const struct np_arm *arm = &session->arms[number];
	char *to = session->failure;
	size_t size = sizeof(session->failure);
	int used = snprintf(to, size, "run %zu of %s'%.200s' ", arm->count + 1,
			    session->arms[1].command.argv ? number ? "the new " : "the old " : "",
			    name_of(&arm->command));

	to += used;
	size -= (size_t)used;
	if (rc < 0)
		snprintf(to, size, "cannot be started: %s", strerror(-rc));
	else if (run->interrupted)
		snprintf(to, size, "was interrupted");
	else if (run->timed_out)
		snprintf(to, size, "did not end within %g s (--timeout)", session->rules->timeout_s);
	else
		snprintf(to, size, "ended with status %d%s%s", run->exit_status,
			 run->complaint[0] ? ": " : "", run->complaint);
	return -1;
}

static int run_one(struct np_session *session, int number, int core)
{
	struct np_arm *arm = &session->arms[number];
	struct np_run_how how = { arm->command.argv, core, session->rules->timeout_s,
		arm->command.environment ? arm->command.environment : session->rules->environment };
	struct np_run run;
	int rc = np_run(&run, &how);

	session->interrupted = np_run_caught() != 0;
	session->left_behind |= run.left_behind;
	if (rc < 0 || run.timed_out || run.interrupted || run.exit_status) {
		fail(session, number, &run, rc);
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

/* Time of the wall that was neither work nor the queue for a core: the least of the runs, for on a busy
 * machine the runner itself sees an end late. */
static double idle_ms(const struct np_arm *arm)
{
	double least = INFINITY;

	for (size_t i = 0; i < arm->count; i++) {
		const struct np_run *run = &arm->runs[i];

		least = fmin(least, figure(run, "wall_ms") - figure(run, "cpu_ms") -
				    figure(run, "run_delay_ms") - figure(run, "steal_ms"));
	}
	return least;
}

/* One long sleep is one switch: who sleeps as long as it works, or more than it did before the change, is not
 * to be judged by what it worked. */
static bool waits(const struct np_session *session)
{
	double idle[2] = { 0, 0 }, work = 0;
	int arms = session->arms[1].count ? 2 : 1;

	for (int arm = 0; arm < arms; arm++) {
		idle[arm] = idle_ms(&session->arms[arm]);
		work = fmax(work, figure(&session->arms[arm].runs[0], "cpu_ms"));
		if (idle[arm] > IDLE_MS && idle[arm] > work / 2)
			return true;
	}
	return arms == 2 && fabs(idle[0] - idle[1]) > fmax(IDLE_MS, work / 10);
}

/* CPU time for what computes in one thread, for it knows nothing of steal and of other programs;
 * wall time for what waits or works in parallel. */
static bool choose_primary(struct np_session *session)
{
	bool one_thread = computes(&session->arms[0].runs[0]) &&
		(session->arms[1].count == 0 || computes(&session->arms[1].runs[0]));

	session->primary = session->rules->metric;
	if (!session->primary)
		session->primary = one_thread && !waits(session) ? "cpu_ms" : "wall_ms";
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

static void forget(struct np_arm *arm, size_t from)
{
	for (size_t i = from; i < arm->count; i++)
		np_run_free(&arm->runs[i]);
	arm->count = from;
}

/* The warm-up has told all names: to go on without the one that decides is to waste the budget. */
static int check_metric(struct np_session *session)
{
	for (int arm = 0; arm < 2; arm++) {
		if (np_metrics_find(&session->arms[arm].runs[0].metrics, session->primary))
			continue;
		snprintf(session->failure, sizeof(session->failure), "'%.200s' tells no metric '%.100s': it has "
			 "to print a line %.100s=VALUE", name_of(&session->arms[arm].command),
			 session->primary, session->primary);
		return -1;
	}
	return 0;
}

/* Whole blocks are kept, if there are any. */
static int break_off(struct np_session *session)
{
	size_t whole = session->arms[0].count < session->arms[1].count ? session->arms[0].count
								       : session->arms[1].count;

	if (!session->interrupted)
		return -1;
	for (int arm = 0; arm < 2; arm++)
		forget(&session->arms[arm], whole / 2 * 2);
	return whole >= 2 ? 0 : -1;
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
	np_run_catch_signals();
	for (size_t block = 0;; block++) {
		double block_begun = now_s(), spent;

		if (run_block(session, block, session->pinned ? cores[block % core_count] : -1) < 0)
			return block == 0 ? -1 : break_off(session);
		session->elapsed_s = spent = now_s() - begun;
		if (block == 0) {	/* a warm-up that also says what kind of program it is */
			session->pinned = choose_primary(session) && rules->pin && core_count > 1;
			if (check_metric(session) < 0)
				return -1;
			for (int arm = 0; arm < 2; arm++)
				forget(&session->arms[arm], 0);
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
	np_run_catch_signals();
	for (size_t i = 0; i < count; i++) {
		if (run_one(session, 0, -1) < 0)
			return session->interrupted && i > 0 ? 0 : -1;
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
		forget(&session->arms[arm], 0);
		free(session->arms[arm].runs);
	}
}
