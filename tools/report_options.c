/* SPDX-License-Identifier: MIT
 *
 * report_options.c - the command line of neuroprof-report.  Context: tools.
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "base/text.h"
#include "report.h"
#include "report_commands.h"
#include "report_input.h"

static const char help_text[] =
	"usage: neuroprof-report [OPTION…] FILE…\n"
	"       neuroprof-report COMMAND …\n\n"
	"Ranks the hot spots of a profile and draws its flame graph.  FILE: pprof, folded stacks\n"
	"or the text of perf script, gzip or not, '-' for standard input; several are summed.\n\n"
	"Ranking\n"
	"  -n, --top N|all          rows (20)\n"
	"  -s, --sort KEY           roi (default), score, self, lower, total, samples, calls, name,\n"
	"                           module; lower: the lower bound of self\n"
	"  -f, --format FORMAT      text (default), json, markdown, csv; html: graph and\n"
	"                           ranking in one page that opens in a browser\n"
	"  -F, --factors            a second table: class, time per call, callers, seconds\n"
	"  -c, --complexity FILE    how hard what is to change, by pattern (YAML)\n"
	"      --config FILE        instead of the neuroprof.yaml above the working directory\n"
	"      --no-config          without any\n"
	"  -o, --output FILE        where the ranking goes ('-': standard output)\n\n"
	"Flame graph\n"
	"      --svg FILE           where it goes; without, PROFILE.svg beside the input\n"
	"      --no-svg             none\n"
	"      --sources            of a page: with the source lines that take something\n"
	"      --source-dir DIR     where sources are that are not where they were built\n";

static const char help_end[] =
	"\n      --help, --version\n\n"
	"Exit status: 0 done; 1 an input or output failed; 2 wrong usage.  neuroprof-report(1) has more.\n";

enum { OPT_CONFIG = 256, OPT_NO_CONFIG, OPT_SVG, OPT_NO_SVG, OPT_SOURCES, OPT_SOURCE_DIR, OPT_HELP, OPT_VERSION };

static const struct option own_options[] = {
	{ "top", required_argument, NULL, 'n' },
	{ "sort", required_argument, NULL, 's' },
	{ "format", required_argument, NULL, 'f' },
	{ "factors", no_argument, NULL, 'F' },
	{ "complexity", required_argument, NULL, 'c' },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "no-config", no_argument, NULL, OPT_NO_CONFIG },
	{ "output", required_argument, NULL, 'o' },
	{ "svg", required_argument, NULL, OPT_SVG },
	{ "no-svg", no_argument, NULL, OPT_NO_SVG },
	{ "sources", no_argument, NULL, OPT_SOURCES },
	{ "source-dir", required_argument, NULL, OPT_SOURCE_DIR },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

size_t np_report_rows(const char *text)
{
	char *end;
	unsigned long value;

	if (strcmp(text, "all") == 0)
		return 0;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || value == 0)
		np_die(NP_EXIT_USAGE, "--top: '%s' is neither a number from 1 nor 'all'", text);
	return value;
}

double np_report_number(const char *option, const char *text, double least, double most)
{
	char *end;
	double value = strtod(text, &end);

	if (!*text || *end || !isfinite(value) || value < least || value > most)
		np_die(NP_EXIT_USAGE, "%s: '%s' is no number from %g to %g", option, text, least, most);
	return value;
}

static enum np_report_format format(const char *text)
{
	static const char *const names[NP_REPORT_FORMATS] = { "text", "json", "markdown", "csv", "html" };

	for (int i = 0; i < NP_REPORT_FORMATS; i++)
		if (strcmp(text, names[i]) == 0)
			return i;
	np_die(NP_EXIT_USAGE, "--format: '%s' is none of text, json, markdown, csv, html", text);
}

static enum np_rank_order order(const char *text)
{
	for (int i = 0; i < NP_RANK_ORDERS; i++)
		if (strcmp(text, np_rank_order_name(i)) == 0)
			return i;
	np_die(NP_EXIT_USAGE, "--sort: '%s' is none of roi, score, self, lower, total, samples, calls, "
	       "name, module", text);
}

static void take(struct np_report_settings *settings, int option)
{
	if (np_report_input_take(&settings->read, option, optarg) ||
	    np_drawing_take(&settings->drawing, option, optarg))
		return;
	switch (option) {
	case 'n':
		settings->rows_max = np_report_rows(optarg);
		break;
	case 's':
		settings->order = order(optarg);
		break;
	case 'f':
		settings->format = format(optarg);
		settings->format_given = true;
		break;
	case 'c':
		settings->complexity = optarg;
		break;
	case 'o':
		settings->output = optarg;
		break;
	case 'F':
		settings->factors = true;
		break;
	case OPT_CONFIG:
		settings->config = optarg;
		break;
	case OPT_NO_CONFIG:
		settings->no_config = true;
		break;
	case OPT_SVG:
		settings->svg = optarg;
		break;
	case OPT_NO_SVG:
		settings->no_svg = true;
		break;
	case OPT_SOURCES:
		settings->sources = true;
		break;
	case OPT_SOURCE_DIR:
		if (settings->source_directory_count == NP_REPORT_SOURCE_DIRECTORIES)
			np_die(NP_EXIT_USAGE, "--source-dir: at most %d", NP_REPORT_SOURCE_DIRECTORIES - 1);
		settings->source_directories[settings->source_directory_count++] = optarg;
		break;
	case OPT_HELP:
		fputs(help_text, stdout);
		fputs(np_drawing_help, stdout);
		fputc('\n', stdout);
		fputs(np_report_input_help, stdout);
		fputs(help_end, stdout);
		for (const struct np_report_command *row = np_report_commands; row->name; row++)
			printf("%s  %-11s %s\n", row == np_report_commands ? "\nCommands (neuroprof-report COMMAND --help)\n"
									: "", row->name, row->summary);
		exit(fflush(stdout) == 0 ? NP_EXIT_OK : NP_EXIT_FAILURE);
	default:
		puts("neuroprof-report " NP_VERSION);
		exit(fflush(stdout) == 0 ? NP_EXIT_OK : NP_EXIT_FAILURE);
	}
}

static void check(const struct np_report_settings *settings)
{
	if (settings->file_count == 0)
		np_die(NP_EXIT_USAGE, "which profile? neuroprof-report FILE.pb.gz or FILE.folded; "
		       "'-' reads standard input");
	np_report_input_check(settings->files, settings->file_count);
	for (size_t i = 0; settings->sources && i < settings->file_count; i++)
		if (strcmp(settings->files[i], "-") == 0)
			np_die(NP_EXIT_USAGE, "--sources reads the profile twice: give a file, not standard input");
	if (settings->sources && settings->read.anonymize)
		np_die(NP_EXIT_USAGE, "--sources and --anonymize exclude each other");
	if (settings->config && settings->no_config)
		np_die(NP_EXIT_USAGE, "--config and --no-config exclude each other");
	if (settings->read.threads && settings->read.group_by)
		np_die(NP_EXIT_USAGE, "--threads and --group-by exclude each other");
	if (settings->svg && settings->no_svg)
		np_die(NP_EXIT_USAGE, "--svg and --no-svg exclude each other");
	if ((settings->svg && !*settings->svg) || (settings->output && !*settings->output))
		np_die(NP_EXIT_USAGE, "a file name is empty");
	if (settings->svg && settings->output && strcmp(settings->svg, settings->output) == 0)
		np_die(NP_EXIT_USAGE, "--svg and --output name the same file");
}

void np_report_options(int argc, char **argv, struct np_report_settings *settings)
{
	static char here[] = ".";	/* builds elsewhere name sources from there */
	struct option *with_input = np_report_input_join(own_options);
	struct option *options = np_drawing_options(with_input);
	int option;

	*settings = (struct np_report_settings){ .rows_max = 20,
		.source_directories = { here }, .source_directory_count = 1 };
	np_drawing_init(&settings->drawing);
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":n:s:f:c:o:F", options, NULL)) != -1) {
		if (option == '?' || option == ':')
			exit(np_bad_option(option, argv, "neuroprof-report --help"));
		take(settings, option);
	}
	free(options);
	free(with_input);
	settings->read.in_order = settings->drawing.in_order;
	settings->files = argv + optind;
	settings->file_count = (size_t)(argc - optind);
	if (!settings->format_given && settings->output && np_ends_with(settings->output, ".html"))
		settings->format = NP_REPORT_HTML;
	check(settings);
}
