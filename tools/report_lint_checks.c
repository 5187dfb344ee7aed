/* SPDX-License-Identifier: MIT
 *
 * report_lint_checks.c - the checks, each a function.  Context: tools.
 *
 * Thresholds are here, and of what makes a profile fair or poor in health.c; nowhere else.
 * docs/man/neuroprof-report.1 lists them.
 */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/units.h"
#include "analyze/visible.h"
#include "base/message.h"
#include "profile/export_common.h"
#include "report_health.h"
#include "report_lint.h"

#define BROKEN_SHARE	 0.05
#define FLAT_SHARE	 0.90
#define STARTUP_SHARE	 0.05
#define NO_MODULE_SHARE	 0.50

void np_lint_add(struct np_lint *lint, enum np_lint_severity severity, const char *id,
		 const char *todo, const char *format, ...)
{
	struct np_lint_finding *finding;
	va_list args;
	char *raw;

	va_start(args, format);
	if (vasprintf(&raw, format, args) < 0)
		np_die(NP_EXIT_FAILURE, "out of memory");
	va_end(args);
	if (lint->count == lint->room) {
		lint->room = lint->room ? lint->room * 2 : 16;
		lint->findings = np_xrealloc(lint->findings, lint->room, sizeof(*lint->findings));
	}
	finding = &lint->findings[lint->count++];
	*finding = (struct np_lint_finding){ .id = id, .severity = severity, .todo = todo,
					     .message = np_visible(raw, 0) };
	lint->serious += severity > NP_LINT_NOTE;
	free(raw);
}

void np_lint_finish(struct np_lint *lint)
{
	for (size_t i = 0; i < lint->count; i++)
		free(lint->findings[i].message);
	free(lint->findings);
	memset(lint, 0, sizeof(*lint));
}

static double share(uint64_t part, const struct np_survey *survey)
{
	return (double)part / (double)survey->total;
}

/* What is fair is worth a warning, what is poor is an error. */
static enum np_lint_severity severity(const struct np_health *health, enum np_health_figure figure)
{
	return (enum np_lint_severity)np_health_level(health, figure);
}

static void check_reading(struct np_lint *lint, const struct np_read_report *report)
{
	if (report->skipped > 0)
		np_lint_add(lint, NP_LINT_WARNING, "skipped-lines",
			    "look at that line: was the file cut, edited, or two outputs mixed?",
			    "%" PRIu64 " lines are no stack, the first is line %" PRIu64,
			    report->skipped, report->first_skipped);
	if (report->facts.other_samples > 0)
		np_lint_add(lint, NP_LINT_WARNING, "several-events",
			    "pick one: neuroprof-report convert --event NAME",
			    "holds several events: %s is read, %" PRIu64 " of other events left aside",
			    report->facts.event, report->facts.other_samples);
}

static void check_samples(struct np_lint *lint, const struct np_health *health)
{
	const char *todo = "sample longer or more often (NEUROPROF_HZ=999), or sum several runs: "
			   "neuroprof-report merge";
	enum np_lint_severity how = severity(health, NP_HEALTH_SAMPLES);
	double samples = health->figure[NP_HEALTH_SAMPLES];

	if (samples < 0)
		np_lint_add(lint, NP_LINT_WARNING, "samples-unknown",
			    "give the pprof file, or folded stacks with the header samples/count TYPE/UNIT",
			    "nothing says how many samples the values stand for: no statement about "
			    "their precision is possible");
	else if (how > NP_LINT_NOTE)
		np_lint_add(lint, how, "few-samples", todo,
			    "%.0f samples: a share of 10 %% is known to \xc2\xb1%.1f points (95 %%)",
			    samples, 196 * sqrt(0.1 * 0.9 / samples));
}

static void check_names(struct np_lint *lint, const struct np_tree *tree,
			const struct np_survey *survey, const struct np_health *health)
{
	enum np_lint_severity how = severity(health, NP_HEALTH_UNRESOLVED);
	enum np_lint_severity by_start = severity(health, NP_HEALTH_BY_START);
	uint32_t worst = 0;
	char part[NP_UNITS_TEXT], of[NP_UNITS_TEXT];

	for (uint32_t i = 0; i < np_tree_string_count(tree); i++)
		if (survey->by_module[i] > survey->by_module[worst])
			worst = i;
	how = how > by_start ? how : by_start;
	if (how == NP_LINT_NOTE)
		return;
	np_units_percent(part, share(survey->nameless, survey));
	np_units_percent(of, share(survey->by_module[worst], survey));
	np_lint_add(lint, how, "unresolved", "install the debug symbols of that object (a -dbgsym package, or "
		    "DEBUGINFOD_URLS) and fold or print it again; JIT code needs a perf map",
		    "%s of the value is in code without a name, %s in %s", part, of,
		    worst ? np_tree_string(tree, worst) : "no known object");
}

static void check_stacks(struct np_lint *lint, const struct np_survey *survey,
			 const struct np_health *health)
{
	enum np_lint_severity how = severity(health, NP_HEALTH_CUT);
	char part[NP_UNITS_TEXT];

	np_units_percent(part, health->figure[NP_HEALTH_CUT]);
	if (how > NP_LINT_NOTE)
		np_lint_add(lint, how, "truncated",
			    "deeper than the limit: raise it where it was recorded; code without unwind "
			    "rules: build it with -fasynchronous-unwind-tables",
			    "%s of the samples have a stack that was cut", part);
	np_units_percent(part, share(survey->flat, survey));
	if (share(survey->flat, survey) > FLAT_SHARE)
		np_lint_add(lint, NP_LINT_WARNING, "no-callers",
			    "record call chains: perf record --call-graph dwarf, or LD_PRELOAD=libneuroprof.so",
			    "%s of the value is in stacks of a single function: nothing says who calls it",
			    part);
	np_units_percent(part, share(survey->broken, survey));
	if (share(survey->broken, survey) > BROKEN_SHARE)
		np_lint_add(lint, NP_LINT_WARNING, "broken-stacks",
			    "the frame pointer chain was lost: perf record --call-graph dwarf, or build with "
			    "-fno-omit-frame-pointer",
			    "%s of the value is in stacks whose outermost function has no name", part);
	np_units_percent(part, share(survey->startup, survey));
	if (share(survey->startup, survey) > STARTUP_SHARE)
		np_lint_add(lint, NP_LINT_NOTE, "startup",
			    "profile a longer run if the start is not what matters",
			    "%s of the value passed before sampling began", part);
}

static void check_modules(struct np_lint *lint, const struct np_survey *survey,
			  const struct np_read_facts *facts)
{
	if (share(survey->no_module, survey) > NO_MODULE_SHARE)
		np_lint_add(lint, NP_LINT_NOTE, "no-modules",
			    "give the pprof file beside it, which has them",
			    "nothing says in which object most functions lie, nor whose code they are");
	if (facts->modules_without_build_id > 0)
		np_lint_add(lint, NP_LINT_WARNING, "no-build-ids",
			    "link with -Wl,--build-id: without one nobody can tell later which build it was",
			    "%" PRIu64 " of %" PRIu64 " objects have no build id",
			    facts->modules_without_build_id, facts->modules);
}

static bool has_user_modifier(const char *event)
{
	const char *colon = strrchr(event, ':');

	return colon && strspn(colon + 1, "uPpSDIWe") == strlen(colon + 1) && strchr(colon, 'u');
}

static void check_units(struct np_lint *lint, struct np_tree *tree)
{
	const struct np_tree_meta *meta = np_tree_meta(tree);

	if (!np_units_is_time(meta) && strcmp(meta->value_unit, "count") != 0 &&
	    strcmp(meta->value_unit, "bytes") != 0)
		np_lint_add(lint, NP_LINT_WARNING, "unit-unknown",
			    "convert it where it was made to nanoseconds, bytes or count",
			    "its values are %s in '%s', a unit that no tool knows", meta->value_type,
			    meta->value_unit);
	else if (strcmp(meta->value_type, "samples") == 0 && meta->period == 0)
		np_lint_add(lint, NP_LINT_NOTE, "no-time",
			    "give the pprof file beside it, which has the period",
			    "counts samples and does not say of what period: shares are known, times are not");
}

static void check_kernel(struct np_lint *lint, const struct np_survey *survey,
			 const struct np_read_facts *facts)
{
	if (has_user_modifier(facts->event))
		np_lint_add(lint, NP_LINT_WARNING, "user-only",
			    "sysctl kernel.perf_event_paranoid=1 and record again, or record cpu-clock",
			    "the event %s counts user space only: time in the kernel is missing", facts->event);
	else if (strcmp(facts->format, "perf script") == 0 && !survey->any_kernel)
		np_lint_add(lint, NP_LINT_NOTE, "no-kernel",
			    "sysctl kernel.perf_event_paranoid=1 if the program makes system calls",
			    "no stack is in the kernel: nothing happened there, or it was not allowed to be seen");
}

static void check_rates(struct np_lint *lint, struct np_tree *tree,
			const struct np_read_facts *facts)
{
	const struct np_tree_meta *meta = np_tree_meta(tree);

	if (strcmp(facts->format, "perf script") == 0 && meta->samples_known && meta->period == 0)
		np_lint_add(lint, NP_LINT_NOTE, "varying-period",
			    "a fixed period (perf record -c) makes samples equal",
			    "samples weigh differently: perf adapted the period to a frequency");
	if (facts->threads == 1)
		np_lint_add(lint, NP_LINT_NOTE, "one-thread",
			    "if the program has more, look whether they were sampled",
			    "all samples are from one thread");
}

/* What our own profiles say about losses, and what perf does. */
static void check_comments(struct np_lint *lint, const struct np_tree *tree,
			   const struct np_health *health)
{
	static const struct {
		const char *words;
		enum np_health_figure figure;
		const char *id, *todo;
	} known[] = {
		{ "kept on an outer frame", NP_HEALTH_SHORTENED, "lost",
		  "record again with more room: NEUROPROF_SPOOL_MAX" },
		{ "lost ", NP_HEALTH_LOST, "lost", "record again at a lower rate" },
		{ "could get no clock", NP_HEALTH_UNCOVERED, "lost",
		  "neuroprof doctor says what refuses the clock" },
		{ "missing: ", NP_HEALTH_MISSING, "lost",
		  "threads that a program makes past pthread_create() cannot always be sampled: see libneuroprof.so(7)" },
		{ "threads not sampled to their end", NP_HEALTH_ENDED, "lost",
		  "the program closes descriptors that are not its own: NEUROPROF_CLOCK=timer has none" },
		{ "took SIGPROF", NP_HEALTH_TAKEN, "lost",
		  "switch the program's own profiling off, or use one of the two" },
		{ "overhead: ", NP_HEALTH_OVERHEAD, "overhead",
		  "record at a lower rate: the profile shows the profiler, too" },
	};

	for (size_t i = 0; i < np_tree_comment_count(tree); i++) {
		const char *text = np_tree_comment(tree, i);
		size_t k = 0;

		if (strncmp(text, "lost: ", 6) == 0)
			np_lint_add(lint, NP_LINT_WARNING, "lost",
				    "record again with more room (perf record -m) or at a lower rate",
				    "%.300s", text);
		else if (strncmp(text, "damaged: ", 9) == 0)
			np_lint_add(lint, NP_LINT_WARNING, "damaged",
				    "the process or the machine stopped in the middle: record again",
				    "%.300s", text);
		else if (strncmp(text, "end: still running", 18) == 0)
			np_lint_add(lint, NP_LINT_NOTE, "snapshot", "take it again when the program has ended",
				    "%.300s", text);
		if (strncmp(text, "count: ", 7) != 0 && strncmp(text, "overhead: ", 10) != 0 &&
		    strncmp(text, "missing: ", 9) != 0)
			continue;
		while (k < sizeof(known) / sizeof(*known) && !strstr(text, known[k].words))
			k++;
		if (k == sizeof(known) / sizeof(*known) ||
		    (known[k].figure == NP_HEALTH_OVERHEAD &&
		     (strstr(text, "halved") || severity(health, NP_HEALTH_OVERHEAD) == NP_LINT_NOTE)))
			continue;
		np_lint_add(lint, severity(health, known[k].figure), known[k].id, known[k].todo, "%.300s",
			    text);
	}
}

void np_lint_check(struct np_lint *lint, struct np_tree *tree, const struct np_read_report *report)
{
	struct np_survey survey = { 0 };
	struct np_health health;

	np_survey_tree(&survey, tree);
	np_report_health(&health, tree, &survey, &report->facts);
	check_reading(lint, report);
	check_samples(lint, &health);
	check_names(lint, tree, &survey, &health);
	check_stacks(lint, &survey, &health);
	check_modules(lint, &survey, &report->facts);
	check_units(lint, tree);
	check_kernel(lint, &survey, &report->facts);
	check_rates(lint, tree, &report->facts);
	check_comments(lint, tree, &health);
	free(survey.by_module);
}
