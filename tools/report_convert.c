/* SPDX-License-Identifier: MIT
 *
 * report_convert.c - neuroprof-report convert: a profile in another tool's format.
 *
 * Context: tools.  A new format: its writer, and a row in the table.
 */
#include "report_convert.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "profile/folded.h"
#include "report.h"
#include "report_commands.h"
#include "report_input.h"

static int write_folded(struct np_export *export)
{
	return np_folded_write(export->tree, export->to, true);
}

const struct np_convert_format np_convert_formats[] = {
	{ "folded", "collapsed stacks, for flame graph tools", write_folded, false,
	  { ".folded", ".collapsed" } },
	{ "pprof", "go tool pprof, Pyroscope, Parca", np_export_pprof, true,
	  { ".pb.gz", ".pprof" } },
	{ "speedscope", "speedscope.app", np_export_speedscope, false, { ".speedscope.json" } },
	{ "firefox", "profiler.firefox.com", np_export_firefox, false, { ".firefox.json" } },
	{ "callgrind", "KCachegrind, callgrind_annotate", np_export_callgrind, false,
	  { ".callgrind" } },
	{ "json", "the call tree with all that is known", np_export_json, false, { ".json" } },
	{ "csv", "a row for each node of the call tree", np_convert_csv, false, { ".csv" } },
	{ "markdown", "the call tree from 1 % up, to read", np_convert_markdown, false, { ".md" } },
	{ 0 },
};

const struct np_convert_format *np_convert_format_named(const char *name)
{
	for (const struct np_convert_format *row = np_convert_formats; row->name; row++)
		if (strcmp(row->name, name) == 0)
			return row;
	return NULL;
}

const struct np_convert_format *np_convert_format_of(const char *path)
{
	size_t length = strlen(path);

	for (const struct np_convert_format *row = np_convert_formats; row->name; row++)
		for (size_t i = 0; i < 4 && row->endings[i]; i++)
			if (length > strlen(row->endings[i]) &&
			    strcmp(path + length - strlen(row->endings[i]), row->endings[i]) == 0)
				return row;
	return NULL;
}

int np_convert_write(const struct np_convert_format *format, struct np_tree *tree, const char *name,
		     const char *path)
{
	struct np_export export = { .tree = tree, .name = name };
	struct np_report_file file;
	int rc;

	if (np_report_file_open(&file, path) < 0)
		return NP_EXIT_FAILURE;
	export.to = file.to;
	rc = format->write(&export);
	if (rc < 0) {
		np_error("cannot write '%s' as %s: %s", strcmp(path, "-") == 0 ? "standard output" : path,
			 format->name, *export.message ? export.message : strerror(-rc));
		np_report_file_abort(&file);
		return NP_EXIT_FAILURE;
	}
	return np_report_file_close(&file) < 0 ? NP_EXIT_FAILURE : NP_EXIT_OK;
}

enum { OPT_HELP = 256 };

static const struct option own_options[] = {
	{ "to", required_argument, NULL, 't' },
	{ "output", required_argument, NULL, 'o' },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 },
};

struct settings {
	const struct np_convert_format *format;
	const char *output;
	struct np_read_options read;
};

static _Noreturn void help(void)
{
	puts("usage: neuroprof-report convert [--to FORMAT] [-o FILE] [OPTION\xe2\x80\xa6] "
	     "PROFILE\xe2\x80\xa6\n\n"
	     "Writes a profile in another tool's format; several are summed.  PROFILE: pprof, folded\n"
	     "stacks or the text of perf script, gzip or not; '-' is standard input.\n\n"
	     "  -t, --to FORMAT     see below; without, what FILE ends in says it\n"
	     "  -o, --output FILE   where it goes (standard output)\n");
	fputs(np_report_input_help, stdout);
	puts("\nFormats and the endings that mean them:");
	for (const struct np_convert_format *row = np_convert_formats; row->name; row++)
		printf("  %-11s %-17s %s\n", row->name, row->endings[0], row->what);
	exit(fflush(stdout) == 0 ? NP_EXIT_OK : NP_EXIT_FAILURE);
}

static void take(struct settings *settings, int option, char **argv)
{
	if (np_report_input_take(&settings->read, option, optarg))
		return;
	switch (option) {
	case 't':
		settings->format = np_convert_format_named(optarg);
		if (!settings->format)
			np_die(NP_EXIT_USAGE, "--to: '%s' is none of folded, pprof, speedscope, firefox, "
			       "callgrind, json, csv, markdown", optarg);
		break;
	case 'o':
		if (!*optarg)
			np_die(NP_EXIT_USAGE, "a file name is empty");
		settings->output = optarg;
		break;
	case OPT_HELP:
		help();
	default:
		np_die(NP_EXIT_USAGE, option == ':' ? "convert: '%s' needs a value: see neuroprof-report "
		       "convert --help" : "convert: '%s' is no option: see neuroprof-report convert --help",
		       argv[optind - 1]);
	}
}

static void check(struct settings *settings, int argc)
{
	if (optind == argc)
		np_die(NP_EXIT_USAGE, "convert: which profile? neuroprof-report convert --to speedscope "
		       "FILE.pb.gz; '-' reads standard input");
	if (!settings->format && settings->output)
		settings->format = np_convert_format_of(settings->output);
	if (!settings->format)
		np_die(NP_EXIT_USAGE, "convert: to what? --to folded, pprof, speedscope, firefox, callgrind, "
		       "json, csv or markdown");
	if (settings->format->is_binary && (!settings->output || strcmp(settings->output, "-") == 0) &&
	    isatty(STDOUT_FILENO))
		np_die(NP_EXIT_USAGE, "convert: %s is not for a terminal: -o FILE says where it goes",
		       settings->format->name);
}

int np_report_convert(int argc, char **argv)
{
	struct settings settings = { 0 };
	struct option *options = np_report_input_join(own_options);
	struct np_tree *tree;
	int option, status;
	size_t count;
	char *name;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":t:o:", options, NULL)) != -1)
		take(&settings, option, argv);
	check(&settings, argc);
	count = (size_t)(argc - optind);
	np_report_input_check(argv + optind, count);
	tree = np_report_input_read(argv + optind, count, &settings.read);
	name = np_report_input_name(argv + optind, count, &settings.read);
	status = np_convert_write(settings.format, tree, name, settings.output ? settings.output : "-");
	free(name);
	np_tree_destroy(tree);
	np_report_input_free(&settings.read);
	free(options);
	return status;
}
