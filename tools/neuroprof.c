/* SPDX-License-Identifier: MIT
 *
 * neuroprof.c - the front door: `neuroprof COMMAND …`.  Each command is a file of its own.
 */
#include <stdio.h>
#include <string.h>

#include "base/message.h"
#include "commands.h"

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "record", np_command_record, "profile a command and its children" },
	{ "recover", np_command_recover, "fold what killed processes left behind" },
	{ "doctor", np_command_doctor, "what is in the way of profiling here" },
	{ "ls", np_command_ls, "the processes that are being profiled" },
	{ "top", np_command_top, "its functions and threads, live" },
	{ "snapshot", np_command_snapshot, "the profile of a running process as it is now" },
#ifdef NP_HAVE_DUMP
	{ "dump", np_command_dump, "every thread's stack, of any process" },
#endif
	{ "start", np_command_start, "switch sampling on in a running process" },
	{ "stop", np_command_stop, "switch it off" },
	{ "rate", np_command_rate, "take fewer samples of a running process, or as many as before" },
};

static void usage(FILE *to)
{
	fputs("usage: neuroprof COMMAND [OPTION…]\n\n", to);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].help);
	fputs("\n`neuroprof COMMAND --help` says more; neuroprof(1) has examples.\n"
	      "Then: neuroprof-report PROFILE.pb.gz ranks the hot spots and draws the flame graph.\n", to);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	np_message_tool("neuroprof");
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		usage(stdout);
		return NP_EXIT_OK;
	}
	if (strcmp(name, "--version") == 0) {
		puts("neuroprof " NP_VERSION);
		return NP_EXIT_OK;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(name, commands[i].name) == 0)
			return commands[i].main(argc - 1, argv + 1);
	if (!*name)
		np_error("which command? `neuroprof record -- PROGRAM` profiles one; see neuroprof --help");
	else
		np_error("'%s' is no command of neuroprof: see neuroprof --help", name);
	return NP_EXIT_USAGE;
}
