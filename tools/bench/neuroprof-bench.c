/* SPDX-License-Identifier: MIT
 *
 * neuroprof-bench.c - run benchmarks, compare two programs, keep what was measured.
 */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/message.h"
#include "bench.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "run", np_bench_run, "run benchmark files and look at their targets" },
	{ "ab", np_bench_ab, "compare two programs, interleaved and in pairs: keep the change or not" },
	{ "baseline", np_bench_baseline, "save what benchmark files measure under a name" },
	{ "compare", np_bench_compare, "measure again and compare with a baseline" },
	{ "history", np_bench_history, "find where a series of results changed" },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void help(FILE *to)
{
	fprintf(to, "Usage: neuroprof-bench COMMAND [OPTION]... [FILE]...\n\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(to, "  %-10s%s\n", commands[i].name, commands[i].help);
	fprintf(to, "\n'neuroprof-bench COMMAND --help' has each one's options; neuroprof-bench(1) all of it.\n");
}

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "");
	np_message_tool("neuroprof-bench");
	if (argc < 2) {
		help(stderr);
		return NP_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		help(stdout);
		return NP_EXIT_OK;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		printf("neuroprof-bench %s\n", NP_VERSION);
		return NP_EXIT_OK;
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	np_error("'%s' is not a command: see neuroprof-bench --help", argv[1]);
	return NP_EXIT_USAGE;
}
