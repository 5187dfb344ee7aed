/* SPDX-License-Identifier: MIT
 *
 * report_lint.c - neuroprof-report lint: what is wrong with profiles, and what to do about it.
 *
 * Context: tools.  A file that cannot be read is a finding like others: the rest is looked at.
 */
#include "report_lint.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/visible.h"
#include "base/message.h"
#include "profile/folded_columns.h"
#include "report_commands.h"
#include "report_input.h"

enum { OPT_HELP = 256 };

static const struct option options[] = {
	{ "format", required_argument, NULL, 'f' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 },
};

static const char *const severities[] = {
	[NP_LINT_NOTE] = "note", [NP_LINT_WARNING] = "warning", [NP_LINT_ERROR] = "error",
};

struct settings {
	bool is_json, is_quiet;
};

/* The units of the first file that was read: those of a comparison or a sum must agree. */
struct first {
	char *file, *unit;
	uint64_t period;
};

static _Noreturn void help(void)
{
	puts("usage: neuroprof-report lint [OPTION\xe2\x80\xa6] PROFILE\xe2\x80\xa6\n\n"
	     "Says what is wrong with profiles before anything is concluded from them, and what to do.\n\n"
	     "  -f, --format text|json   how (text)\n"
	     "  -q, --quiet              no notes, only warnings and errors\n\n"
	     "Exit status: 0 nothing but notes; 1 a warning or error, or a file that cannot be read;\n"
	     "2 wrong usage.");
	exit(fflush(stdout) == 0 ? NP_EXIT_OK : NP_EXIT_FAILURE);
}

static void take(struct settings *settings, int option, char **argv)
{
	switch (option) {
	case 'f':
		settings->is_json = strcmp(optarg, "json") == 0;
		if (!settings->is_json && strcmp(optarg, "text") != 0)
			np_die(NP_EXIT_USAGE, "lint: --format: '%s' is neither text nor json", optarg);
		break;
	case 'q':
		settings->is_quiet = true;
		break;
	case OPT_HELP:
		help();
	default:
		np_die(NP_EXIT_USAGE, option == ':' ? "lint: '%s' needs a value: see neuroprof-report lint "
		       "--help" : "lint: '%s' is no option: see neuroprof-report lint --help",
		       argv[optind - 1]);
	}
}

/* Against the first file: a sum or a comparison of different things means nothing. */
static void check_against(struct np_lint *lint, struct first *first, struct np_tree *tree)
{
	const struct np_tree_meta *meta = np_tree_meta(tree);
	char *unit = np_xasprintf("%s/%s", meta->value_type, meta->value_unit);

	if (!first->file) {
		*first = (struct first){ np_xstrdup(lint->file), unit, meta->period };
		return;
	}
	if (strcmp(first->unit, unit) != 0)
		np_lint_add(lint, NP_LINT_ERROR, "mixed-units", "compare and sum profiles of one unit only",
			    "its values are %s, those of %s are %s", unit, first->file, first->unit);
	else if (first->period != meta->period)
		np_lint_add(lint, NP_LINT_WARNING, "mixed-periods",
			    "record with the same rate: counts of samples cannot be compared",
			    "its period is %llu, that of %s is %llu", (unsigned long long)meta->period,
			    first->file, (unsigned long long)first->period);
	free(unit);
}

/* A difference in one file reads like a profile whose functions have numbers in their names. */
static void check_columns(struct np_lint *lint, const char *path, const struct np_read_report *read)
{
	struct np_read_report report = { .message = "" };
	unsigned columns = 0;

	if (strcmp(path, "-") == 0 || !read->facts.format || strcmp(read->facts.format, "folded") != 0)
		return;
	if (np_folded_columns(path, &columns, &report) < 0)
		np_lint_add(lint, NP_LINT_WARNING, "mixed-columns",
			    "one number a line, or say how many: neuroprof-report --columns N", "%s",
			    report.message);
	else if (columns == 2)
		np_lint_add(lint, NP_LINT_WARNING, "two-columns",
			    "two profiles in one: neuroprof-report diff FILE; one profile: neuroprof-report "
			    "--columns 2", "every line ends in two numbers, and the last is taken for the value");
}

static void lint_file(struct np_lint *lint, const char *path, struct first *first)
{
	struct np_read_report report = { .message = "" };
	struct np_tree *tree = np_tree_create();

	if (np_read_path(path, NULL, tree, &report) < 0) {
		np_lint_add(lint, NP_LINT_ERROR, "unreadable", "nothing can be concluded from it", "%s",
			    report.message);
	} else {
		np_tree_finish(tree);
		np_tree_sort(tree);
		if (np_tree_node(tree, 0)->total == 0) {
			np_lint_add(lint, NP_LINT_ERROR, "empty", "was the program on a CPU?",
				    "no sample with a value above zero");
		} else {
			np_lint_check(lint, tree, &report);
			if (!np_tree_meta(tree)->samples_known)
				check_columns(lint, path, &report);
			check_against(lint, first, tree);
		}
	}
	np_tree_destroy(tree);
}

static void put_text(const struct np_lint *lint, const struct settings *settings)
{
	char *file = np_visible(lint->file, 0);

	if (lint->serious == 0)
		printf("%s: nothing wrong\n", file);
	else
		printf("%s: %zu %s\n", file, lint->serious, lint->serious == 1 ? "finding" : "findings");
	for (int severity = NP_LINT_ERROR; severity >= NP_LINT_NOTE; severity--) {
		for (size_t i = 0; i < lint->count; i++) {
			const struct np_lint_finding *finding = &lint->findings[i];

			if ((int)finding->severity != severity ||
			    (settings->is_quiet && severity == NP_LINT_NOTE))
				continue;
			printf("  %s: %s [%s]\n      %s\n", severities[severity], finding->message,
			       finding->id, finding->todo);
		}
	}
	free(file);
}

static json_t *must(json_t *value)
{
	if (!value)
		np_die(NP_EXIT_FAILURE, "out of memory");
	return value;
}

static json_t *json_of(const struct np_lint *lint, const struct settings *settings)
{
	json_t *findings = must(json_array());
	char *file = np_visible(lint->file, 0);
	json_t *object;

	for (size_t i = 0; i < lint->count; i++) {
		const struct np_lint_finding *finding = &lint->findings[i];

		if (settings->is_quiet && finding->severity == NP_LINT_NOTE)
			continue;
		json_array_append_new(findings, must(json_pack("{s:s, s:s, s:s, s:s}", "id", finding->id,
			"severity", severities[finding->severity], "message", finding->message, "todo",
			finding->todo)));
	}
	object = must(json_pack("{s:s, s:b, s:o}", "file", file, "clean", lint->serious == 0, "findings",
				findings));
	free(file);
	return object;
}

int np_report_lint(int argc, char **argv)
{
	struct settings settings = { 0 };
	struct first first = { 0 };
	json_t *files = must(json_array());
	size_t serious = 0;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":f:q", options, NULL)) != -1)
		take(&settings, option, argv);
	if (optind == argc)
		np_die(NP_EXIT_USAGE, "lint: which profile? neuroprof-report lint FILE.pb.gz; '-' reads "
		       "standard input");
	np_report_input_check(argv + optind, (size_t)(argc - optind));
	for (int i = optind; i < argc; i++) {
		struct np_lint lint = { .file = strcmp(argv[i], "-") == 0 ? "standard input" : argv[i] };

		lint_file(&lint, argv[i], &first);
		if (settings.is_json)
			json_array_append_new(files, json_of(&lint, &settings));
		else
			put_text(&lint, &settings);
		serious += lint.serious;
		np_lint_finish(&lint);
	}
	if (settings.is_json) {
		json_t *all = must(json_pack("{s:s, s:b, s:O}", "schema", NP_LINT_SCHEMA, "clean",
					     serious == 0, "files", files));

		json_dumpf(all, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
		putchar('\n');
		json_decref(all);
	}
	json_decref(files);
	free(first.file);
	free(first.unit);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		np_error("cannot write to standard output");
		return NP_EXIT_FAILURE;
	}
	return serious ? NP_EXIT_FAILURE : NP_EXIT_OK;
}
