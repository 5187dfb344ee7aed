/* SPDX-License-Identifier: MIT
 *
 * bench_ab.c - two programs in turns: `neuroprof-bench ab OLD NEW`.  Context: tools.
 */
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "bench.h"
#include "bench_suite.h"

static const char usage[] =
	"ab [OPTION]... 'OLD COMMAND' 'NEW COMMAND'\n"
	"       neuroprof-bench ab --file FILE.yaml [OPTION]... 'OLD ARGUMENTS' 'NEW ARGUMENTS'\n"
	"Run two shell commands in turns and say whether the second one is to be kept.  With a benchmark\n"
	"file each case of it is compared; the arguments stand where its command has {arm}, else at its end.";

static char *with_arm(const char *command, const char *arm)
{
	const char *at = strstr(command, "{arm}");

	if (!at)
		return np_xasprintf("%s%s%s", command, arm[0] ? " " : "", arm);
	return np_xasprintf("%.*s%s%s", (int)(at - command), command, arm, at + strlen("{arm}"));
}

struct work {
	struct np_session *sessions;
	char ***argvs;			/* two a comparison */
	struct np_bench_report report;
	bool failed;			/* a case did; it is not in the report */
};

static void tell_commands(const struct np_comparison *comparison)
{
	for (int arm = 0; arm < 2; arm++)
		printf("%s%s%s %s: %s\n", comparison->benchmark, comparison->case_name[0] ? " " : "",
		       comparison->case_name, arm ? "new" : "old", comparison->commands[arm]);
}

static int compare(struct np_bench_settings *settings, const struct np_spec *spec, struct work *work,
		   size_t number)
{
	struct np_comparison *comparison = &work->report.all[number];
	struct np_session *session = &work->sessions[number];
	char **argvs[2] = { np_bench_shell(comparison->commands[0]),
		np_bench_shell(comparison->commands[1]) };
	const struct np_command commands[2] = { { argvs[0], NULL }, { argvs[1], NULL } };

	work->argvs[2 * number] = argvs[0];
	work->argvs[2 * number + 1] = argvs[1];
	if (np_session_run(session, commands, &settings->rules) < 0) {
		np_bench_progress_end(settings);
		np_error("%s%s%s: %s", comparison->benchmark, comparison->case_name[0] ? " " : "",
			 comparison->case_name, session->failure);
		return NP_EXIT_FAILURE;
	}
	np_bench_progress_end(settings);
	np_judge(comparison, session, spec, 0.95);
	if (settings->profile && !session->interrupted &&
	    np_bench_profile(settings, spec, comparison, commands, number) != NP_EXIT_OK)
		work->failed = true;	/* the verdict stands */
	return NP_EXIT_OK;
}

static void drop(struct work *work, size_t number)
{
	np_comparison_free(&work->report.all[number]);
	np_session_free(&work->sessions[number]);
	for (size_t arm = 0; arm < 2; arm++) {
		np_bench_shell_free(work->argvs[2 * number + arm]);
		work->argvs[2 * number + arm] = NULL;
	}
	work->report.all[number] = (struct np_comparison){ 0 };
	work->sessions[number] = (struct np_session){ 0 };
}

/* With many benchmarks the intervals are made again, wider. */
static void correct(struct work *work, const struct np_spec *spec)
{
	work->report.confidence = np_judge_confidence(work->report.all, work->report.count);
	for (size_t i = 0; work->report.confidence > 0.95 && i < work->report.count; i++) {
		struct np_comparison *comparison = &work->report.all[i];

		free(comparison->all);
		comparison->all = NULL;
		comparison->count = 0;
		comparison->has_tail = false;
		np_judge(comparison, &work->sessions[i], spec, work->report.confidence);
	}
}

/* A case that fails is told, and does not take the results of the others with it. */
static int compare_all(struct np_bench_settings *settings, const struct np_spec *spec,
		       struct work *work, size_t cases)
{
	char message[512];

	for (size_t i = 0; i < cases && !np_run_caught(); i++) {
		char *command = spec ? np_spec_case_command(spec, i, settings->samples, message,
							    sizeof(message)) : NULL;
		size_t at = work->report.count;
		struct np_comparison *comparison = &work->report.all[at];

		if (spec && !command) {
			np_error("%s", message);
			return NP_EXIT_USAGE;
		}
		comparison->benchmark = np_xstrdup(spec ? spec->name
						  : settings->name ? settings->name : "ab");
		comparison->case_name = spec ? np_spec_case_name(spec, i) : np_xstrdup("");
		for (int arm = 0; arm < 2; arm++)
			comparison->commands[arm] = command ? with_arm(command, settings->files[arm])
							    : np_xstrdup(settings->files[arm]);
		free(command);
		if (settings->dry_run)
			tell_commands(comparison);
		if (!settings->dry_run && compare(settings, spec, work, at) == NP_EXIT_OK) {
			work->report.count++;
			continue;
		}
		work->failed |= !settings->dry_run;
		drop(work, at);
	}
	return work->failed && work->report.count == 0 ? NP_EXIT_FAILURE : NP_EXIT_OK;
}

static void release(struct work *work)
{
	for (size_t i = work->report.count; i-- > 0;)
		drop(work, i);
	free(work->report.all);
	free(work->sessions);
	free(work->argvs);
}

static int read_spec(struct np_spec *spec, struct np_bench_settings *settings, size_t *cases)
{
	char message[512];

	if (np_spec_read(spec, settings->file_name, message, sizeof(message)) < 0) {
		np_error("%s", message);
		return NP_EXIT_USAGE;
	}
	if (settings->tier >= 0 && settings->tier != (int)spec->tier) {
		np_error("'%s' is of tier %s, not %s", settings->file_name, np_tier_name(spec->tier),
			 np_tier_name((enum np_tier)settings->tier));
		return NP_EXIT_USAGE;
	}
	*cases = np_spec_case_count(spec);
	settings->rules.verdict.threshold = spec->threshold;
	settings->rules.budget_s /= (double)*cases;
	return NP_EXIT_OK;
}

int np_bench_ab(int argc, char **argv)
{
	struct np_bench_settings settings;
	struct np_spec spec = { 0 }, *of = NULL;
	struct work work = { 0 };
	size_t cases = 1;
	int status = NP_EXIT_OK;

	np_bench_options(&settings, argc, argv, usage);
	if (settings.file_count != 2) {
		np_error("ab takes two commands, each quoted: neuroprof-bench ab './old' './new'");
		return NP_EXIT_USAGE;
	}
	if (settings.file_name) {
		of = &spec;
		status = read_spec(&spec, &settings, &cases);
	}
	work.sessions = np_xcalloc(cases, sizeof(*work.sessions));
	work.argvs = np_xcalloc(2 * cases, sizeof(*work.argvs));
	work.report = (struct np_bench_report){ .all = np_xcalloc(cases, sizeof(*work.report.all)),
		.is_pair = true, .confidence = 0.95 };
	np_machine_read(&work.report.machine);
	if (status == NP_EXIT_OK && !settings.dry_run)
		np_bench_preload(&settings);
	if (status == NP_EXIT_OK)
		status = compare_all(&settings, of, &work, cases);
	np_bench_preload_end(&settings);
	np_bench_tell_rest(work.sessions, work.report.count);
	if (status == NP_EXIT_OK && work.report.count) {
		correct(&work, of);
		status = np_bench_write(&settings, &work.report);
		if (status == NP_EXIT_OK)
			status = np_bench_status(&settings, &work.report);
		status = work.failed ? NP_EXIT_FAILURE : status;
	}
	release(&work);
	np_spec_free(&spec);
	return np_bench_interrupted(status);
}
