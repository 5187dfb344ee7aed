/* SPDX-License-Identifier: MIT
 *
 * bench_options.c - the options that the commands share.  Context: tools.
 */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "bench.h"

enum option_id {
	OPT_BUDGET = 256, OPT_PAIRS_MIN, OPT_PAIRS_MAX, OPT_TIMEOUT, OPT_METRIC, OPT_COMPLEX, OPT_KEEP,
	OPT_THRESHOLD, OPT_NO_PIN, OPT_FILE, OPT_NAME, OPT_SAMPLES, OPT_DIRECTORY, OPT_PROFILE, OPT_TIER,
	OPT_ITERATIONS, OPT_PRELOAD, OPT_DRY_RUN, OPT_INCONCLUSIVE_OK, OPT_CROSS_MACHINE,
	OPT_RESULTS_DIFFER
};

static const struct option options[] = {
	{ "budget", required_argument, NULL, OPT_BUDGET },
	{ "pairs-min", required_argument, NULL, OPT_PAIRS_MIN },
	{ "pairs-max", required_argument, NULL, OPT_PAIRS_MAX },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "metric", required_argument, NULL, OPT_METRIC },
	{ "complex", no_argument, NULL, OPT_COMPLEX },
	{ "keep", required_argument, NULL, OPT_KEEP },
	{ "threshold", required_argument, NULL, OPT_THRESHOLD },
	{ "no-pin", no_argument, NULL, OPT_NO_PIN },
	{ "file", required_argument, NULL, OPT_FILE },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "samples", required_argument, NULL, OPT_SAMPLES },
	{ "directory", required_argument, NULL, OPT_DIRECTORY },
	{ "profile", required_argument, NULL, OPT_PROFILE },
	{ "tier", required_argument, NULL, OPT_TIER },
	{ "iterations", required_argument, NULL, OPT_ITERATIONS },
	{ "preload", no_argument, NULL, OPT_PRELOAD },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "inconclusive-ok", no_argument, NULL, OPT_INCONCLUSIVE_OK },
	{ "cross-machine", no_argument, NULL, OPT_CROSS_MACHINE },
	{ "results-differ", no_argument, NULL, OPT_RESULTS_DIFFER },
	{ "format", required_argument, NULL, 'f' },
	{ "output", required_argument, NULL, 'o' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static double number(const char *name, const char *text, double least, double most)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !isfinite(value) || value < least || value > most)
		np_die(NP_EXIT_USAGE, "--%s: '%s' is no number from %g to %g", name, text, least, most);
	return value;
}

static size_t whole(const char *name, const char *text, size_t least, size_t most)
{
	double value = number(name, text, (double)least, (double)most);

	if (value != floor(value))
		np_die(NP_EXIT_USAGE, "--%s: '%s' is not a whole number", name, text);
	return (size_t)value;
}

static int tier_of(const char *text)
{
	int tier = np_tier_find(text);

	if (tier < 0)
		np_die(NP_EXIT_USAGE, "--tier: '%s' is none of micro, macro, profiling", text);
	return tier;
}

static void take_rule(struct np_bench_settings *settings, int option)
{
	struct np_session_rules *rules = &settings->rules;

	switch (option) {
	case OPT_BUDGET:
		rules->budget_s = number("budget", optarg, 0, 86400);
		break;
	case OPT_PAIRS_MIN:
		rules->pairs_min = whole("pairs-min", optarg, 2, NP_SESSION_PAIRS_MAX);
		break;
	case OPT_PAIRS_MAX:
		rules->pairs_max = whole("pairs-max", optarg, 2, NP_SESSION_PAIRS_MAX);
		break;
	case OPT_TIMEOUT:
		rules->timeout_s = number("timeout", optarg, 0.01, 86400);
		break;
	case OPT_METRIC:
		rules->metric = optarg;
		break;
	case OPT_COMPLEX:
		rules->verdict.is_complex = true;
		break;
	case OPT_KEEP:
		rules->verdict.keep = number("keep", optarg, 0.01, 100) / 100;
		break;
	case OPT_THRESHOLD:
		rules->verdict.threshold = number("threshold", optarg, 0.01, 1000) / 100;
		break;
	case OPT_RESULTS_DIFFER:
		rules->results_differ = true;
		break;
	case OPT_NO_PIN:
		rules->pin = false;
		break;
	}
}

static void take(struct np_bench_settings *settings, int option)
{
	switch (option) {
	case OPT_FILE:
		settings->file_name = optarg;
		break;
	case OPT_NAME:
		settings->name = optarg;
		break;
	case OPT_SAMPLES:
		settings->samples = optarg;
		break;
	case OPT_DIRECTORY:
		settings->directory = optarg;
		break;
	case OPT_PROFILE:
		settings->profile = optarg;
		break;
	case OPT_TIER:
		settings->tier = tier_of(optarg);
		break;
	case OPT_ITERATIONS:
		settings->iterations = (unsigned)whole("iterations", optarg, 1, 100000);
		break;
	case OPT_PRELOAD:
		settings->preload = true;
		break;
	case OPT_DRY_RUN:
		settings->dry_run = true;
		break;
	case OPT_INCONCLUSIVE_OK:
		settings->inconclusive_ok = true;
		break;
	case OPT_CROSS_MACHINE:
		settings->cross_machine = true;
		break;
	case 'f':
		if (!np_bench_format_is_known(optarg))
			np_die(NP_EXIT_USAGE, "--format: '%s' is none of text, markdown, json, junit, sarif, "
			       "openmetrics, github-action-benchmark, bencher", optarg);
		settings->format = optarg;
		break;
	case 'o':
		settings->output = optarg;
		break;
	case 'q':
		settings->quiet = true;
		break;
	default:
		take_rule(settings, option);
	}
}

static const char shared_help[] =
	"\nOptions:\n"
	"  --budget SECONDS    begin no run that would likely pass this (60)\n"
	"  --pairs-min N, --pairs-max N  runs a side (8, 200): stops when the interval is narrow\n"
	"  --timeout SECONDS   of one run (600)\n"
	"  --metric NAME       what decides; CPU time for what computes, else wall time\n"
	"  --complex           the change costs something to have: without a gain it goes\n"
	"  --keep PERCENT      gain from which a change is kept (5)\n"
	"  --threshold PERCENT loss from which it is a regression (10)\n"
	"  --no-pin            leave programs of one thread on all cores\n"
	"  --name NAME         what this benchmark is called\n"
	"  --samples DIR       where the component programs are\n"
	"  --directory DIR     of baselines and history (.neuroprof)\n"
	"  --profile DIR       profile both arms, too, and say which functions moved\n"
	"  --tier TIER         only files of this tier: micro, macro, profiling\n"
	"  --iterations N      runs of each case (run, baseline, compare)\n"
	"  --preload           take what the programs count through <neuroprof/neuroprof.h>, too\n"
	"  --dry-run           print what would be run\n"
	"  --inconclusive-ok   exit status 0 instead of 3\n"
	"  --results-differ    the two are meant to give different results: checksums need only be the\n"
	"                      same within each\n"
	"  --cross-machine     compare with a baseline of another machine\n"
	"  -f, --format FORMAT text, markdown, json, junit, sarif, openmetrics,\n"
	"                      github-action-benchmark, bencher\n"
	"  -o, --output FILE   instead of standard output\n"
	"  -q, --quiet         no progress\n"
	"  -h, --help  -V, --version\n"
	"\nExit status: 0 pass, 1 regression or a run that failed, 2 usage, 3 inconclusive, 4 invalid,\n"
	"5 target missed.\n";

/* Better before the runs than after them. */
static void check_output(const char *path)
{
	char *copy = path ? np_xstrdup(path) : NULL;
	const char *directory = copy ? dirname(copy) : ".";

	if (path && strcmp(path, "-") != 0 && access(path, W_OK) != 0 &&
	    (errno != ENOENT || access(directory, W_OK) != 0))
		np_die(NP_EXIT_FAILURE, "cannot write '%s': %s", path, strerror(errno));
	free(copy);
}

void np_bench_options(struct np_bench_settings *settings, int argc, char **argv, const char *usage)
{
	int option;

	*settings = (struct np_bench_settings){
		.rules = { .verdict = { .keep = 0.05, .threshold = 0.1 }, .pairs_min = 8,
			.pairs_max = 200, .budget_s = 60, .timeout_s = 600, .pin = true },
		.format = "text", .directory = ".neuroprof", .tier = -1 };
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":f:o:qhV", options, NULL)) != -1) {
		if (option == 'h') {
			printf("Usage: neuroprof-bench %s\n%s", usage, shared_help);
			exit(NP_EXIT_OK);
		}
		if (option == 'V') {
			printf("neuroprof-bench %s\n", NP_VERSION);
			exit(NP_EXIT_OK);
		}
		if (option == '?' || option == ':')
			exit(np_bad_option(option, argv, "neuroprof-bench COMMAND --help"));
		take(settings, option);
	}
	if (settings->rules.pairs_max < settings->rules.pairs_min)
		np_die(NP_EXIT_USAGE, "--pairs-max %zu is less than --pairs-min %zu",
		       settings->rules.pairs_max, settings->rules.pairs_min);
	check_output(settings->output);
	settings->files = argv + optind;
	settings->file_count = argc - optind;
	if (!settings->quiet && isatty(STDERR_FILENO)) {
		settings->rules.progress = np_bench_progress;
		settings->rules.user = settings;
	}
}

void np_bench_progress(void *user, size_t done, size_t most, double left_s)
{
	(void)user;
	fprintf(stderr, "\r%zu runs a side, at most %zu, %.0f s left \033[K", done, most, left_s);
}

void np_bench_progress_end(const struct np_bench_settings *settings)
{
	if (settings->rules.progress)
		fputs("\r\033[K", stderr);
}
