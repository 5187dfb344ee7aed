/* SPDX-License-Identifier: MIT
 *
 * report_pair_options.c - the command lines of "diff" and "gate".  Context: tools.
 *
 * Options, the profiles of before, "--", those of after.  Two profiles need no "--".
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "../flamegraph/svg.h"
#include "base/message.h"
#include "profile/folded_columns.h"
#include "report_input.h"
#include "report_pair.h"

enum { OPT_NAMES = 256, OPT_NO_RENAMES, OPT_ANONYMIZE, OPT_STRICT, OPT_SAME_WORK, OPT_RATE, OPT_POINTS,
       OPT_PERCENT, OPT_NOISE, OPT_RUNS, OPT_SAMPLES, OPT_UNRESOLVED, OPT_CUT, OPT_LOST, OPT_BUDGET,
       OPT_FAIL_ON, OPT_WRITE, OPT_CONFIRM, OPT_CONFIG, OPT_NO_CONFIG, OPT_SPAN, OPT_SLOWEST,
       OPT_SVG, OPT_VIEW, OPT_TITLE, OPT_ICICLE, OPT_WIDTH, OPT_MINWIDTH, OPT_HELP };

static const struct option both_options[] = {
	{ "top", required_argument, NULL, 'n' },
	{ "format", required_argument, NULL, 'f' },
	{ "output", required_argument, NULL, 'o' },
	{ "names", required_argument, NULL, OPT_NAMES },
	{ "no-renames", no_argument, NULL, OPT_NO_RENAMES },
	{ "anonymize", optional_argument, NULL, OPT_ANONYMIZE },
	{ "strict", no_argument, NULL, OPT_STRICT },
	{ "same-work", no_argument, NULL, OPT_SAME_WORK },
	{ "rate", required_argument, NULL, OPT_RATE },
	{ "min-points", required_argument, NULL, OPT_POINTS },
	{ "min-percent", required_argument, NULL, OPT_PERCENT },
	{ "noise", required_argument, NULL, OPT_NOISE },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "no-config", no_argument, NULL, OPT_NO_CONFIG },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static const struct option diff_options[] = {
	{ "span", required_argument, NULL, OPT_SPAN },
	{ "slowest", required_argument, NULL, OPT_SLOWEST },
	{ "svg", required_argument, NULL, OPT_SVG },
	{ "view", required_argument, NULL, OPT_VIEW },
	{ "title", required_argument, NULL, OPT_TITLE },
	{ "icicle", no_argument, NULL, OPT_ICICLE },
	{ "inverted", no_argument, NULL, OPT_ICICLE },
	{ "width", required_argument, NULL, OPT_WIDTH },
	{ "minwidth", required_argument, NULL, OPT_MINWIDTH },
	{ NULL, 0, NULL, 0 },
};

static const struct option gate_options[] = {
	{ "min-runs", required_argument, NULL, OPT_RUNS },
	{ "min-samples", required_argument, NULL, OPT_SAMPLES },
	{ "max-unresolved", required_argument, NULL, OPT_UNRESOLVED },
	{ "max-cut", required_argument, NULL, OPT_CUT },
	{ "max-lost", required_argument, NULL, OPT_LOST },
	{ "budget", required_argument, NULL, OPT_BUDGET },
	{ "fail-on", required_argument, NULL, OPT_FAIL_ON },
	{ "confirm", required_argument, NULL, OPT_CONFIRM },
	{ "write", required_argument, NULL, OPT_WRITE },
	{ NULL, 0, NULL, 0 },
};

static const char *const formats[NP_PAIR_FORMATS] = { "text", "markdown", "json", "html", "junit", "sarif",
						      "github" };

static enum np_pair_format format(const struct np_pair *pair, const char *option, const char *text,
				  size_t length)
{
	int count = pair->is_gate ? NP_PAIR_FORMATS : NP_PAIR_HTML + 1;

	for (int i = 0; i < count; i++)
		if (strlen(formats[i]) == length && strncmp(text, formats[i], length) == 0 &&
		    !(pair->is_gate && i == NP_PAIR_HTML))
			return i;
	np_die(NP_EXIT_USAGE, "%s: '%.*s' is none of text, markdown, json, %s", option, (int)length, text,
	       pair->is_gate ? "junit, sarif, github" : "html");
}

static void add_output(struct np_pair *pair, enum np_pair_format which, const char *path)
{
	if (!*path)
		np_die(NP_EXIT_USAGE, "a file name is empty");
	pair->outputs = np_xrealloc(pair->outputs, pair->output_count + 1, sizeof(*pair->outputs));
	pair->outputs[pair->output_count++] = (struct np_pair_output){ which, path };
}

static void add_write(struct np_pair *pair, const char *text)
{
	const char *equals = strchr(text, '=');

	if (!equals)
		np_die(NP_EXIT_USAGE, "--write: '%s' is not FORMAT=FILE", text);
	add_output(pair, format(pair, "--write", text, (size_t)(equals - text)), equals + 1);
}

static void add_budget(struct np_pair *pair, const char *text)
{
	struct np_budget budget;

	if (np_budget_parse(&budget, text) < 0)
		np_die(NP_EXIT_USAGE, "--budget: '%s' is not PATTERN:self=PERCENT%%, "
		       "PATTERN:total=PERCENT%% or PATTERN:calls=NUMBER", text);
	np_budget_add(&pair->options, &budget);
}

static void fail_on(struct np_pair *pair, const char *text)
{
	char *copy = np_xstrdup(text), *rest = copy, *word;

	while ((word = strsep(&rest, ","))) {
		if (strcmp(word, "suspect") == 0)
			pair->fail_on_suspect = true;
		else if (strcmp(word, "inconclusive") == 0)
			pair->fail_on_inconclusive = true;
		else
			np_die(NP_EXIT_USAGE, "--fail-on: '%s' is neither suspect nor inconclusive", word);
	}
	free(copy);
}

static enum np_pair_view view(const char *text)
{
	static const char *const names[] = { "union", "before", "after" };

	for (int i = 0; i < 3; i++)
		if (strcmp(text, names[i]) == 0)
			return i;
	np_die(NP_EXIT_USAGE, "--view: '%s' is none of union, before, after", text);
}

static void take_picture(struct np_pair *pair, int option)
{
	switch (option) {
	case OPT_SVG:
		if (!*optarg)
			np_die(NP_EXIT_USAGE, "a file name is empty");
		pair->svg = optarg;
		break;
	case OPT_VIEW:
		pair->view = view(optarg);
		break;
	case OPT_TITLE:
		pair->title = optarg;
		break;
	case OPT_ICICLE:
		pair->icicle = true;
		break;
	case OPT_WIDTH:
		pair->width = (unsigned)np_report_number("--width", optarg, NP_SVG_WIDTH_MIN,
							 NP_SVG_WIDTH_MAX);
		break;
	default:
		pair->narrow_px = np_report_number("--minwidth", optarg, 0, NP_SVG_WIDTH_MAX);
		break;
	}
}

/* What neuroprof.yaml may say as well; an option has the last word. */
static const struct limit {
	const char *name;
	int option;
	enum np_config_threshold which;
	double least, most, per;
} limits[] = {
	{ "--rate", OPT_RATE, NP_THRESHOLD_RATE, 1e-9, 50, 100 },
	{ "--min-points", OPT_POINTS, NP_THRESHOLD_MIN_POINTS, 0.001, 100, 100 },
	{ "--min-percent", OPT_PERCENT, NP_THRESHOLD_MIN_PERCENT, 0, 10000, 100 },
	{ "--noise", OPT_NOISE, NP_THRESHOLD_NOISE, 0, 100, 100 },
	{ "--min-runs", OPT_RUNS, NP_THRESHOLD_MIN_RUNS, 3, 1000, 1 },
	{ "--min-samples", OPT_SAMPLES, NP_THRESHOLD_MIN_SAMPLES, 0, 1e15, 1 },
	{ "--max-unresolved", OPT_UNRESOLVED, NP_THRESHOLD_MAX_UNRESOLVED, 0, 100, 100 },
	{ "--max-cut", OPT_CUT, NP_THRESHOLD_MAX_CUT, 0, 100, 100 },
	{ "--max-lost", OPT_LOST, NP_THRESHOLD_MAX_LOST, 0, 100, 100 },
};
#define LIMITS (sizeof(limits) / sizeof(*limits))

static void take_limit(double *given, int option)
{
	for (size_t i = 0; i < LIMITS; i++)
		if (limits[i].option == option)
			given[limits[i].which] = np_report_number(limits[i].name, optarg, limits[i].least,
								  limits[i].most) / limits[i].per;
}

/* The project's own thresholds and budgets; those on the command line come first. */
static void take_config(struct np_pair *pair, const double *given)
{
	struct np_gate_options *options = &pair->options;
	double runs = (double)options->runs_fail;
	double *const to[NP_THRESHOLDS] = {
		[NP_THRESHOLD_RATE] = &options->rate,
		[NP_THRESHOLD_MIN_POINTS] = &options->points,
		[NP_THRESHOLD_MIN_PERCENT] = &options->relative,
		[NP_THRESHOLD_NOISE] = &options->noise,
		[NP_THRESHOLD_MAX_UNRESOLVED] = &options->unresolved_max,
		[NP_THRESHOLD_MAX_CUT] = &options->truncated_max,
		[NP_THRESHOLD_MAX_LOST] = &options->lost_max,
		[NP_THRESHOLD_MIN_RUNS] = &runs,
		[NP_THRESHOLD_MIN_SAMPLES] = &options->samples_min,
	};
	struct np_config config;
	char message[512], *found = NULL;
	const char *path = pair->config;

	np_config_init(&config);
	if (!path && !pair->no_config)
		path = found = np_config_find();
	/* Never 1, which "gate" keeps for regressions. */
	if (path && np_config_read(&config, path, message, sizeof(message)) < 0)
		np_die(pair->is_gate ? NP_EXIT_USAGE : NP_EXIT_FAILURE, "%s", message);
	free(found);
	for (size_t i = 0; i < LIMITS; i++) {
		enum np_config_threshold which = limits[i].which;
		*to[which] = given[which] >= 0 ? given[which]
					       : np_config_threshold(&config, which, *to[which]);
	}
	options->runs_fail = (size_t)runs;
	if (pair->is_gate)
		np_budget_add_config(options, &config);
	np_config_finish(&config);
}

static void take(struct np_pair *pair, int option, const char *help, enum np_pair_format *first,
		 const char **output, double *given)
{
	switch (option) {
	case 'n':
		pair->rows_max = np_report_rows(optarg);
		break;
	case 'f':
		*first = format(pair, "--format", optarg, strlen(optarg));
		break;
	case 'o':
		*output = optarg;
		break;
	case OPT_NAMES:
		pair->name_map = optarg;
		break;
	case OPT_NO_RENAMES:
		pair->no_renames = true;
		break;
	case OPT_ANONYMIZE:
		pair->anonymize = optarg ? optarg : "";
		break;
	case OPT_STRICT:
		pair->strict = true;
		break;
	case OPT_SAME_WORK:
		pair->options.same_work = true;
		break;
	case OPT_BUDGET:
		add_budget(pair, optarg);
		break;
	case OPT_FAIL_ON:
		fail_on(pair, optarg);
		break;
	case OPT_WRITE:
		add_write(pair, optarg);
		break;
	case OPT_CONFIRM:
		pair->confirm = optarg;
		break;
	case OPT_CONFIG:
		pair->config = optarg;
		break;
	case OPT_NO_CONFIG:
		pair->no_config = true;
		break;
	case OPT_SPAN:
		pair->span = optarg;
		break;
	case OPT_SLOWEST:
		pair->slowest = np_report_slowest(optarg);
		break;
	case OPT_HELP:
		fputs(help, stdout);
		exit(fflush(stdout) == 0 ? NP_EXIT_OK : NP_EXIT_FAILURE);
	default:
		if (option >= OPT_SVG)
			take_picture(pair, option);
		else
			take_limit(given, option);
	}
}

/* Where ARGV's "--" is, or ARGC. */
static int separator(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			return i;
	return argc;
}

/* One file alone may be both sides: what difffolded.pl writes for flamegraph.pl. */
static void take_columns(struct np_pair *pair)
{
	const char *path = pair->files[NP_BEFORE][0];
	struct np_read_report report = { .message = "" };
	unsigned columns;

	if (strcmp(path, "-") == 0 || np_folded_columns(path, &columns, &report) < 0 || columns != 2)
		return;
	if (pair->is_gate)
		np_die(NP_EXIT_USAGE, "'%s': every line ends in two numbers, which is one run of each side: "
		       "'diff' shows it, 'gate' wants the runs that it was made of", path);
	pair->two_columns = true;
	pair->file_count[NP_AFTER] = 1;
	pair->files[NP_AFTER] = pair->files[NP_BEFORE];
}

static void split(struct np_pair *pair, int argc, char **argv, int dashes)
{
	pair->files[NP_BEFORE] = argv + optind;
	pair->file_count[NP_BEFORE] = (size_t)(dashes - optind);
	pair->files[NP_AFTER] = argv + dashes + 1;
	pair->file_count[NP_AFTER] = dashes < argc ? (size_t)(argc - dashes - 1) : 0;
	if (pair->slowest > 0 && !pair->span)
		np_die(NP_EXIT_USAGE, "--slowest: of which spans? --span NAME says so");
	if (pair->slowest > 0 && dashes < argc)
		np_die(NP_EXIT_USAGE, "--slowest: every profile is both sides, the slowest spans and the "
		       "others: leave out '--'");
	if (pair->slowest > 0) {
		pair->file_count[NP_AFTER] = pair->file_count[NP_BEFORE];
		pair->files[NP_AFTER] = pair->files[NP_BEFORE];
		return;
	}
	if (dashes == argc && pair->file_count[NP_BEFORE] == 2) {
		pair->file_count[NP_BEFORE] = pair->file_count[NP_AFTER] = 1;
		pair->files[NP_AFTER] = pair->files[NP_BEFORE] + 1;
	}
	if (dashes == argc && pair->file_count[NP_BEFORE] == 1)
		take_columns(pair);
	if (pair->file_count[NP_BEFORE] == 0 || pair->file_count[NP_AFTER] == 0)
		np_die(NP_EXIT_USAGE, "which profiles? neuroprof-report %s [OPTION…] BEFORE… -- AFTER…",
		       argv[0]);
}

static void check(const struct np_pair *pair)
{
	size_t standard_inputs = 0;

	for (int side = 0; side < NP_SIDES; side++)
		for (size_t i = 0; i < pair->file_count[side]; i++) {
			const char *file = pair->files[side][i];

			if (!*file)
				np_die(NP_EXIT_USAGE, "a file name is empty");
			standard_inputs += strcmp(file, "-") == 0;
			if (side == NP_AFTER && file[0] == '-' && file[1])
				np_die(NP_EXIT_USAGE, "'%s' after '--' is taken for a profile: options go "
				       "before the profiles, a file of that name is './%s'", file, file);
		}
	if (standard_inputs > 1)
		np_die(NP_EXIT_USAGE, "standard input can be read once: '-' is given %zu times",
		       standard_inputs);
}

void np_pair_options(struct np_pair *pair, int argc, char **argv, const char *help)
{
	int option, dashes = separator(argc, argv);
	enum np_pair_format first = NP_PAIR_TEXT;
	const char *output = "-";
	double given[NP_THRESHOLDS];
	struct option *options = np_options_join(both_options, pair->is_gate ? gate_options : diff_options);

	for (size_t i = 0; i < NP_THRESHOLDS; i++)
		given[i] = -1;
	pair->rows_max = 20;
	pair->narrow_px = -1;
	np_gate_options_init(&pair->options);
	opterr = 0;
	optind = 0;
	while ((option = getopt_long(dashes, argv, ":n:f:o:", options, NULL)) != -1) {
		const char *word = argv[optind - 1];

		if (option == ':')
			np_die(NP_EXIT_USAGE, "'%s' needs a value: see neuroprof-report %s --help", word,
			       argv[0]);
		if (option == '?')
			np_die(NP_EXIT_USAGE, "'%s' is no option, or not one that takes this: see "
			       "neuroprof-report %s --help", word, argv[0]);
		take(pair, option, help, &first, &output, given);
	}
	free(options);
	add_output(pair, first, output);
	split(pair, argc, argv, dashes);
	check(pair);
	if (pair->config && pair->no_config)
		np_die(NP_EXIT_USAGE, "--config and --no-config exclude each other");
	take_config(pair, given);
	if (pair->svg && strcmp(pair->svg, "-") == 0 && strcmp(output, "-") == 0)
		pair->output_count = 0;	/* standard output is the picture's */
}
