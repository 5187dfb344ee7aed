/* SPDX-License-Identifier: MIT
 *
 * report_commands.c - the table of commands.  Context: tools.
 *
 * A new command: its file, a prototype in report_commands.h, a row here, its file in meson.build.
 */
#include "report_commands.h"

#include <stddef.h>
#include <string.h>

const struct np_report_command np_report_commands[] = {
	{ "peek", "a function, its callers and its callees", np_report_peek },
	{ "lines", "the hot lines, and the source around them", np_report_lines },
	{ "modules", "what each program and library takes", np_report_modules },
	{ "threads", "what each thread takes", np_report_threads },
	{ "flamegraph", "the picture alone, with flamegraph.pl's command line", np_report_flamegraph },
	{ "convert", "a profile in another tool's format", np_report_convert },
	{ "merge", "many profiles into one", np_report_merge },
	{ "lint", "what is wrong with profiles", np_report_lint },
	{ "diff", "what changed between two sets of profiles", np_report_diff },
	{ "gate", "whether a build may pass: is a change real", np_report_gate },
	{ NULL, NULL, NULL },
};

const struct np_report_command *np_report_command_find(const char *word)
{
	for (const struct np_report_command *row = np_report_commands; row->name; row++)
		if (strcmp(row->name, word) == 0)
			return row;
	return NULL;
}
