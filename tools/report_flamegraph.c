/* SPDX-License-Identifier: MIT
 *
 * report_flamegraph.c - neuroprof-report flamegraph: flamegraph.pl's command line, our picture.
 *
 * Context: tools.  Profile in, SVG out on standard output, nothing else: it takes that script's place
 * in a pipe.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "report.h"
#include "report_commands.h"
#include "report_drawing.h"
#include "report_input.h"

static const char help_text[] =
	"usage: neuroprof-report flamegraph [OPTION…] [FILE…] > FILE.svg\n\n"
	"Draws a flame graph, with the options of flamegraph.pl.  FILE: pprof, folded stacks or the\n"
	"text of perf script; without, standard input.\n\n";

enum { OPT_HELP = 256 };

static const struct option own_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static void print_help(void)
{
	fputs(help_text, stdout);
	fputs("  -o, --output FILE        instead of standard output\n", stdout);
	fputs(np_drawing_help, stdout);
	fputc('\n', stdout);
	fputs(np_report_input_help, stdout);
	fputs("\n      --help\n\n"
	      "Exit status: 0 done; 1 an input or output failed; 2 wrong usage.\n", stdout);
	exit(fflush(stdout) == 0 ? NP_EXIT_OK : NP_EXIT_FAILURE);
}

int np_report_flamegraph(int argc, char **argv)
{
	static char standard_input[] = "-";
	char *no_file[] = { standard_input, NULL }, **files;
	struct option *with_input = np_report_input_join(own_options);
	struct option *options = np_drawing_options(with_input);
	struct np_read_options read = { .event = NULL };
	const char *output = "-";
	struct np_drawing drawing;
	struct np_tree *tree;
	size_t count;
	int option, rc;

	np_drawing_init(&drawing);
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":o:", options, NULL)) != -1) {
		if (option == '?' || option == ':')
			exit(np_bad_option(option, argv, "neuroprof-report flamegraph --help"));
		if (np_report_input_take(&read, option, optarg) || np_drawing_take(&drawing, option, optarg))
			continue;
		if (option == OPT_HELP)
			print_help();
		output = optarg;
	}
	files = optind < argc ? argv + optind : no_file;
	count = optind < argc ? (size_t)(argc - optind) : 1;
	if (!*output)
		np_die(NP_EXIT_USAGE, "a file name is empty");
	np_report_input_check(files, count);
	read.in_order = drawing.in_order;
	tree = np_report_input_read(files, count, &read);
	np_drawing_values(&drawing, tree);
	rc = np_drawing_write(&drawing, tree, drawing.in_order ? "Flame chart" : "Flame graph", NULL, output);
	np_tree_destroy(tree);
	np_report_input_free(&read);
	free(options);
	free(with_input);
	return rc < 0 ? NP_EXIT_FAILURE : NP_EXIT_OK;
}
