/* SPDX-License-Identifier: MIT
 *
 * report_lint_checks.c - the checks, each a function.  Context: tools.
 *
 * Thresholds are here and nowhere else; docs/man/neuroprof-report.1 lists them.
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
#include "report_lint.h"

#define SAMPLES_FEW	 1000
#define SAMPLES_TOO_FEW	 100
#define NAMELESS_SHARE	 0.05
#define NAMELESS_TOO_BAD 0.30
#define CUT_SHARE	 0.01
#define BROKEN_SHARE	 0.05
#define FLAT_SHARE	 0.90
#define STARTUP_SHARE	 0.05
#define NO_MODULE_SHARE	 0.50

/* Sums over the tree. */
struct survey {
	uint64_t total;
	uint64_t nameless;	/* own value of functions without a name */
	uint64_t cut;		/* below our markers of stacks that were cut */
	uint64_t startup;
	uint64_t flat;		/* own value of stacks of one function */
	uint64_t broken;	/* of stacks of several whose outermost one has no name */
	uint64_t no_module;
	uint64_t *by_module;	/* NAMELESS by the module's string id */
	bool any_kernel;
};

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

static bool is_hexadecimal(const char *text)
{
	return *text && text[strspn(text, "0123456789abcdefABCDEF")] == '\0';
}

/* "[unknown]", "0x4d0", "libfoo.so+0x4d0", "[libfoo.so]" in that object */
static bool is_nameless(const struct np_tree *tree, const struct np_function *function)
{
	const char *name = np_tree_string(tree, function->name), *plus = strrchr(name, '+');
	const char *module = np_tree_string(tree, function->module);
	size_t length = strlen(name);

	if (length == 0 || strcmp(name, "[unknown]") == 0 || strcmp(name, "(unknown)") == 0 ||
	    strcmp(name, "??") == 0)
		return true;
	if (strncmp(name, "0x", 2) == 0 && is_hexadecimal(name + 2))
		return true;
	if (plus && plus > name && strncmp(plus, "+0x", 3) == 0 && is_hexadecimal(plus + 3))
		return true;
	return *module && length == strlen(module) + 2 && name[0] == '[' && name[length - 1] == ']' &&
	       strncmp(name + 1, module, length - 2) == 0;
}

static bool is_function(const struct np_function *function)
{
	return function->kind < NP_KIND_PROCESS;
}

static void survey_marker(struct survey *survey, const struct np_tree *tree, uint32_t index)
{
	const struct np_node *node = np_tree_node(tree, index);
	const char *name = np_export_name(tree, node->function);

	if (strncmp(name, "[truncated", 10) == 0)
		survey->cut += node->total;
	else if (strcmp(name, "[startup]") == 0)
		survey->startup += node->total;
}

static void survey_tree(struct survey *survey, const struct np_tree *tree)
{
	struct np_export_walk walk = { .tree = tree };
	uint32_t frames = 0;

	survey->by_module = np_xcalloc(np_tree_string_count(tree), sizeof(uint64_t));
	survey->total = np_tree_node(tree, 0)->total;
	while (np_export_next(&walk)) {
		const struct np_node *node = np_tree_node(tree, walk.node);
		const struct np_function *function = np_export_function(tree, walk.node);
		const char *name = np_export_name(tree, node->function);
		bool nameless = is_function(function) && is_nameless(tree, function);

		if (walk.leaving) {
			frames -= is_function(function);
			continue;
		}
		/* A folded file does not say that "[startup]" is a marker. */
		if (function->kind == NP_KIND_MARKER || *name == '[')
			survey_marker(survey, tree, walk.node);
		if (!is_function(function))
			continue;
		frames++;
		survey->any_kernel |= function->kind == NP_KIND_KERNEL;
		survey->no_module += function->module ? 0 : node->self;
		survey->flat += frames == 1 ? node->self : 0;
		if (frames == 1 && nameless)
			survey->broken += node->total - node->self;
		if (nameless) {
			survey->nameless += node->self;
			survey->by_module[function->module] += node->self;
		}
	}
}

static double share(uint64_t part, const struct survey *survey)
{
	return (double)part / (double)survey->total;
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

static void check_samples(struct np_lint *lint, struct np_tree *tree)
{
	const char *todo = "sample longer or more often (NEUROPROF_HZ=999), or sum several runs: "
			   "neuroprof-report merge";
	double samples;

	if (!np_units_samples(np_tree_meta(tree), np_tree_total_samples(tree, 0), &samples)) {
		np_lint_add(lint, NP_LINT_WARNING, "samples-unknown",
			    "give the pprof file, or folded stacks with the header samples/count TYPE/UNIT",
			    "nothing says how many samples the values stand for: no statement about "
			    "their precision is possible");
		return;
	}
	if (samples < SAMPLES_FEW)
		np_lint_add(lint, samples < SAMPLES_TOO_FEW ? NP_LINT_ERROR : NP_LINT_WARNING,
			    "few-samples", todo,
			    "%.0f samples: a share of 10 %% is known to \xc2\xb1%.1f points (95 %%)",
			    samples, 196 * sqrt(0.1 * 0.9 / samples));
}

static void check_names(struct np_lint *lint, const struct np_tree *tree,
			const struct survey *survey)
{
	uint32_t worst = 0;
	char part[NP_UNITS_TEXT], of[NP_UNITS_TEXT];

	for (uint32_t i = 0; i < np_tree_string_count(tree); i++)
		if (survey->by_module[i] > survey->by_module[worst])
			worst = i;
	if (share(survey->nameless, survey) <= NAMELESS_SHARE)
		return;
	np_units_percent(part, share(survey->nameless, survey));
	np_units_percent(of, share(survey->by_module[worst], survey));
	np_lint_add(lint, share(survey->nameless, survey) > NAMELESS_TOO_BAD ? NP_LINT_ERROR
									    : NP_LINT_WARNING,
		    "unresolved", "install the debug symbols of that object (a -dbgsym package, or "
		    "DEBUGINFOD_URLS) and fold or print it again; JIT code needs a perf map",
		    "%s of the value is in code without a name, %s in %s", part, of,
		    worst ? np_tree_string(tree, worst) : "no known object");
}

static void check_stacks(struct np_lint *lint, const struct survey *survey,
			 const struct np_tree *tree, const struct np_read_facts *facts)
{
	uint64_t samples = np_tree_total_samples(tree, 0);
	double cut = share(survey->cut, survey);
	char part[NP_UNITS_TEXT];

	if (samples > 0 && (double)facts->cut_samples / (double)samples > cut)
		cut = (double)facts->cut_samples / (double)samples;
	np_units_percent(part, cut);
	if (cut > CUT_SHARE)
		np_lint_add(lint, NP_LINT_WARNING, "truncated",
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

static void check_modules(struct np_lint *lint, const struct survey *survey,
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

static void check_kernel(struct np_lint *lint, const struct survey *survey,
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
static void check_comments(struct np_lint *lint, const struct np_tree *tree)
{
	for (size_t i = 0; i < np_tree_comment_count(tree); i++) {
		const char *text = np_tree_comment(tree, i);

		if (strncmp(text, "lost: ", 6) == 0 ||
		    (strncmp(text, "count: ", 7) == 0 && strstr(text, "lost")) ||
		    strstr(text, "threads not sampled"))
			np_lint_add(lint, NP_LINT_WARNING, "lost",
				    "record again with more room (NEUROPROF_SPOOL_MAX, perf record -m) or at "
				    "a lower rate", "%.300s", text);
		else if (strncmp(text, "damaged: ", 9) == 0)
			np_lint_add(lint, NP_LINT_WARNING, "damaged",
				    "the process or the machine stopped in the middle: record again",
				    "%.300s", text);
		else if (strncmp(text, "end: still running", 18) == 0)
			np_lint_add(lint, NP_LINT_NOTE, "snapshot", "take it again when the program has ended",
				    "%.300s", text);
	}
}

void np_lint_check(struct np_lint *lint, struct np_tree *tree, const struct np_read_report *report)
{
	struct survey survey = { 0 };

	survey_tree(&survey, tree);
	check_reading(lint, report);
	check_samples(lint, tree);
	check_names(lint, tree, &survey);
	check_stacks(lint, &survey, tree, &report->facts);
	check_modules(lint, &survey, &report->facts);
	check_units(lint, tree);
	check_kernel(lint, &survey, &report->facts);
	check_rates(lint, tree, &report->facts);
	check_comments(lint, tree);
	free(survey.by_module);
}
