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
};

static int compare(struct np_bench_settings *settings, const struct np_spec *spec, struct work *work,
		   size_t number, char *old_command, char *new_command)
{
	struct np_comparison *comparison = &work->report.all[number];
	struct np_session *session = &work->sessions[number];
	char **argvs[2] = { np_bench_shell(old_command), np_bench_shell(new_command) };
	const struct np_command commands[2] = { { argvs[0], NULL }, { argvs[1], NULL } };
	int status = NP_EXIT_OK;

	comparison->commands[0] = old_command;
	comparison->commands[1] = new_command;
	work->argvs[2 * number] = argvs[0];
	work->argvs[2 * number + 1] = argvs[1];
	if (np_session_run(session, commands, &settings->rules) < 0) {
		np_bench_progress_end(settings);
		np_error("%s %s: %s", comparison->benchmark, comparison->case_name, session->failure);
		return NP_EXIT_FAILURE;
	}
	np_bench_progress_end(settings);
	np_judge(comparison, session, spec, 0.95);
	if (settings->profile)
		status = np_bench_profile(settings, spec, comparison, commands, number);
	return status;
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

static int compare_all(struct np_bench_settings *settings, const struct np_spec *spec,
		       struct work *work, size_t cases)
{
	char message[512];

	for (size_t i = 0; i < cases; i++) {
		char *command = spec ? np_spec_case_command(spec, i, settings->samples, message,
							    sizeof(message)) : NULL;
		struct np_comparison *comparison = &work->report.all[i];
		int status;

		if (spec && !command) {
			np_error("%s", message);
			return NP_EXIT_USAGE;
		}
		comparison->benchmark = np_xstrdup(spec ? spec->name
						  : settings->name ? settings->name : "ab");
		comparison->case_name = spec ? np_spec_case_name(spec, i) : np_xstrdup("");
		work->report.count = i + 1;
		status = compare(settings, spec, work, i,
				 command ? with_arm(command, settings->files[0])
					 : np_xstrdup(settings->files[0]),
				 command ? with_arm(command, settings->files[1])
					 : np_xstrdup(settings->files[1]));
		free(command);
		if (status != NP_EXIT_OK)
			return status;
	}
	return NP_EXIT_OK;
}

static void release(struct work *work, size_t cases)
{
	for (size_t i = 0; i < cases; i++) {
		np_comparison_free(&work->report.all[i]);
		np_session_free(&work->sessions[i]);
		for (int arm = 0; arm < 2; arm++)
			np_bench_shell_free(work->argvs[2 * i + (size_t)arm]);
	}
	free(work->report.all);
	free(work->sessions);
	free(work->argvs);
}

int np_bench_ab(int argc, char **argv)
{
	struct np_bench_settings settings;
	struct np_spec spec;
	struct work work = { 0 };
	char message[512];
	size_t cases = 1;
	int status;

	np_bench_options(&settings, argc, argv, usage);
	if (settings.file_count != 2) {
		np_error("ab takes two commands, each quoted: neuroprof-bench ab './old' './new'");
		return NP_EXIT_USAGE;
	}
	if (settings.file_name) {
		if (np_spec_read(&spec, settings.file_name, message, sizeof(message)) < 0) {
			np_error("%s", message);
			np_spec_free(&spec);
			return NP_EXIT_USAGE;
		}
		cases = np_spec_case_count(&spec);
		settings.rules.verdict.threshold = spec.threshold;
		settings.rules.budget_s /= (double)cases;
	}
	work.sessions = np_xcalloc(cases, sizeof(*work.sessions));
	work.argvs = np_xcalloc(2 * cases, sizeof(*work.argvs));
	work.report = (struct np_bench_report){ .all = np_xcalloc(cases, sizeof(*work.report.all)),
		.is_pair = true, .confidence = 0.95 };
	np_machine_read(&work.report.machine);
	np_bench_preload(&settings);
	status = compare_all(&settings, settings.file_name ? &spec : NULL, &work, cases);
	np_bench_preload_end(&settings);
	if (status == NP_EXIT_OK) {
		correct(&work, settings.file_name ? &spec : NULL);
		status = np_bench_write(&settings, &work.report);
	}
	if (status == NP_EXIT_OK)
		status = np_bench_status(&settings, &work.report);
	release(&work, cases);
	if (settings.file_name)
		np_spec_free(&spec);
	return status;
}
