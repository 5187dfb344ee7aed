/* SPDX-License-Identifier: MIT
 *
 * bench_suite.c - the cases of benchmark files, run and kept, and compared with a baseline.  Context: tools.
 */
#include "bench_suite.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "baseline.h"
#include "hotspots.h"

#define RUNS_JUDGED 8u		/* of a side, unless --iterations says otherwise: three are never enough */

void np_bench_tell_rest(const struct np_session *sessions, size_t count)
{
	bool left = false;

	for (size_t i = 0; i < count; i++)
		left |= sessions[i].left_behind;
	if (left)
		np_note("programs left processes that held their output when they ended: what those still "
			"printed is not counted, and those of them in the program's process group were ended");
}

int np_bench_interrupted(int status)
{
	return np_run_caught() ? NP_BENCH_INTERRUPTED + np_run_caught() : status;
}

char **np_bench_shell(const char *text)
{
	char **argv = np_xcalloc(4, sizeof(*argv));

	argv[0] = (char *)(uintptr_t)"/bin/sh";
	argv[1] = (char *)(uintptr_t)"-c";
	/* One plain command replaces the shell, so that the meters are of it alone. */
	argv[2] = strpbrk(text, ";|&(){}<>\n") ? np_xstrdup(text) : np_xasprintf("exec %s", text);
	return argv;
}

void np_bench_shell_free(char **argv)
{
	if (argv)
		free(argv[2]);
	free(argv);
}

static int read_specs(struct np_bench_suite *suite, const struct np_bench_settings *settings, char **files,
		      int file_count)
{
	char message[512];

	if (file_count == 0) {
		np_error("no benchmark file: see neuroprof-bench COMMAND --help");
		return NP_EXIT_USAGE;
	}
	suite->specs = np_xcalloc((unsigned long)file_count, sizeof(*suite->specs));
	for (int i = 0; i < file_count; i++) {
		struct np_spec *spec = &suite->specs[suite->spec_count++];

		if (np_spec_read(spec, files[i], message, sizeof(message)) < 0) {
			np_error("%s", message);
			return NP_EXIT_USAGE;
		}
		if (settings->tier < 0 || settings->tier == (int)spec->tier)
			suite->cases += np_spec_case_count(spec);
	}
	if (suite->cases == 0) {
		np_error("no benchmark is of tier %s", np_tier_name((enum np_tier)settings->tier));
		return NP_EXIT_USAGE;
	}
	return NP_EXIT_OK;
}

static void tell(const struct np_bench_settings *settings, const struct np_bench_suite *suite,
		 const struct np_comparison *comparison)
{
	if (settings->dry_run)
		printf("%s%s%s: %s\n", comparison->benchmark, comparison->case_name[0] ? " " : "",
		       comparison->case_name, comparison->commands[0]);
	else if (settings->rules.progress)
		fprintf(stderr, "\r\033[K%zu of %zu: %s %s\n", suite->report.count, suite->cases,
			comparison->benchmark, comparison->case_name);
}

/* The case did not come to a result: the others stand without it. */
static void drop_case(struct np_bench_suite *suite, size_t at)
{
	np_comparison_free(&suite->report.all[at]);
	np_session_free(&suite->sessions[at]);
	np_bench_shell_free(suite->argvs[at]);
	suite->report.all[at] = (struct np_comparison){ 0 };
	suite->sessions[at] = (struct np_session){ 0 };
	suite->argvs[at] = NULL;
	suite->report.count = at;
}

static int profile_case(const struct np_bench_settings *settings, const struct np_spec *spec,
			struct np_comparison *comparison, const struct np_command *command, size_t at)
{
	struct np_bench_settings own = *settings;
	char *directory = NULL;
	int status;

	if (np_run_caught() || (!settings->profile && !(spec->profiling && settings->keeps_hotspots)))
		return NP_EXIT_OK;
	if (!settings->profile)
		own.profile = directory = np_xasprintf("%s/profiles.%s", settings->directory, spec->name);
	status = np_bench_hotspots(&own, spec, comparison, command, at, 0);
	free(directory);
	return status;
}

static int run_case(struct np_bench_suite *suite, const struct np_bench_settings *settings,
		    const struct np_spec *spec, size_t number)
{
	size_t at = suite->report.count++;
	struct np_comparison *comparison = &suite->report.all[at];
	size_t count = settings->iterations ? settings->iterations : spec->min_iterations;
	struct np_command command = { 0 };
	char message[512];

	if (!settings->iterations && settings->is_judged && count < RUNS_JUDGED)
		count = RUNS_JUDGED;
	suite->spec_of[at] = spec;
	comparison->benchmark = np_xstrdup(spec->name);
	comparison->case_name = np_spec_case_name(spec, number);
	comparison->commands[0] = np_spec_case_command(spec, number, settings->samples, message,
						       sizeof(message));
	if (!comparison->commands[0]) {
		np_error("%s", message);
		drop_case(suite, at);
		return NP_EXIT_USAGE;
	}
	tell(settings, suite, comparison);
	if (settings->dry_run)
		return NP_EXIT_OK;
	suite->argvs[at] = np_bench_shell(comparison->commands[0]);
	command.argv = suite->argvs[at];
	if (np_session_run_alone(&suite->sessions[at], &command, &settings->rules, count) < 0) {
		np_bench_progress_end(settings);
		np_error("%s %s: %s", comparison->benchmark, comparison->case_name,
			 suite->sessions[at].failure);
		drop_case(suite, at);
		return NP_EXIT_FAILURE;
	}
	np_bench_progress_end(settings);
	suite->sessions[at].is_unpaired = true;
	np_judge(comparison, &suite->sessions[at], spec, 0.95);
	return profile_case(settings, spec, comparison, &command, at);
}

/* A case that fails is told, and does not take the results of the others with it. */
static int run_all(struct np_bench_suite *suite, const struct np_bench_settings *settings)
{
	int status = NP_EXIT_OK;

	for (int i = 0; i < suite->spec_count; i++) {
		struct np_spec *spec = &suite->specs[i];

		if (settings->tier >= 0 && settings->tier != (int)spec->tier)
			continue;
		for (size_t k = 0; k < np_spec_case_count(spec) && !np_run_caught(); k++) {
			int rc = run_case(suite, settings, spec, k);

			if (rc == NP_EXIT_USAGE)	/* of a file: all its cases have it */
				return rc;
			status = rc == NP_EXIT_OK ? status : rc;
		}
	}
	suite->failed = status != NP_EXIT_OK;
	return suite->report.count ? NP_EXIT_OK : status;
}

int np_bench_suite_run(struct np_bench_suite *suite, struct np_bench_settings *settings, char **files,
		       int file_count)
{
	int status;

	memset(suite, 0, sizeof(*suite));
	status = read_specs(suite, settings, files, file_count);
	if (status != NP_EXIT_OK)
		return status;
	suite->report = (struct np_bench_report){ .all = np_xcalloc(suite->cases,
		sizeof(*suite->report.all)), .confidence = 0.95 };
	suite->sessions = np_xcalloc(suite->cases, sizeof(*suite->sessions));
	suite->argvs = np_xcalloc(suite->cases, sizeof(*suite->argvs));
	suite->spec_of = np_xcalloc(suite->cases, sizeof(*suite->spec_of));
	np_machine_read(&suite->report.machine);
	settings->rules.budget_s /= (double)suite->cases;
	settings->rules.pairs_min = settings->is_judged ? RUNS_JUDGED : 1;
	if (!settings->dry_run)
		np_bench_preload(settings);
	status = run_all(suite, settings);
	np_bench_preload_end(settings);
	np_bench_tell_rest(suite->sessions, suite->report.count);
	return np_run_caught() && suite->report.count == 0 ? np_bench_interrupted(status) : status;
}

int np_bench_suite_status(const struct np_bench_suite *suite, const struct np_bench_settings *settings)
{
	int status = np_bench_status(settings, &suite->report);

	return np_bench_interrupted(suite->failed ? NP_EXIT_FAILURE : status);
}

static void judge_again(struct np_bench_suite *suite, size_t at, double confidence)
{
	struct np_comparison *comparison = &suite->report.all[at];

	free(comparison->all);
	comparison->all = NULL;
	comparison->count = 0;
	comparison->has_tail = false;
	np_judge(comparison, &suite->sessions[at], suite->spec_of[at], confidence);
}

static int compare_case(struct np_bench_suite *suite, const json_t *baseline, size_t at, const char *path)
{
	struct np_comparison *comparison = &suite->report.all[at];
	struct np_session *session = &suite->sessions[at];
	struct np_hotspots hotspots;
	struct np_arm before;

	if (!np_baseline_case(baseline, comparison->benchmark, comparison->case_name, &before, &hotspots)) {
		np_error("'%s' has no case '%s %s': save the baseline again", path, comparison->benchmark,
			 comparison->case_name);
		return NP_EXIT_FAILURE;
	}
	comparison->hotspots[1] = comparison->hotspots[0];
	comparison->hotspots[0] = hotspots;
	session->arms[1] = session->arms[0];
	session->arms[0] = before;
	comparison->commands[1] = comparison->commands[0];
	comparison->commands[0] = np_xasprintf("baseline %s", path);
	judge_again(suite, at, 0.95);
	return NP_EXIT_OK;
}

int np_bench_suite_compare(struct np_bench_suite *suite, const json_t *baseline, const char *path)
{
	int status = NP_EXIT_OK;

	for (size_t i = 0; i < suite->report.count && status == NP_EXIT_OK; i++)
		status = compare_case(suite, baseline, i, path);
	if (status != NP_EXIT_OK)
		return status;
	suite->report.is_pair = true;
	suite->report.baseline = path;
	suite->report.confidence = np_judge_confidence(suite->report.all, suite->report.count);
	for (size_t i = 0; i < suite->report.count && suite->report.confidence > 0.95; i++)
		judge_again(suite, i, suite->report.confidence);
	return NP_EXIT_OK;
}

void np_bench_suite_free(struct np_bench_suite *suite)
{
	for (size_t i = 0; i < suite->report.count; i++) {
		np_comparison_free(&suite->report.all[i]);
		np_session_free(&suite->sessions[i]);
		np_bench_shell_free(suite->argvs[i]);
	}
	for (int i = 0; i < suite->spec_count; i++)
		np_spec_free(&suite->specs[i]);
	free(suite->specs);
	free(suite->sessions);
	free(suite->argvs);
	free(suite->spec_of);
	free(suite->report.all);
}
