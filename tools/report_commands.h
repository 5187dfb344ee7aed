/* SPDX-License-Identifier: MIT
 *
 * report_commands.h - the commands of neuroprof-report, each in a file of its own.
 *
 * Context: tools.  The first word chooses; anything else is a profile to rank and draw.  A file
 * that is called like a command is given as ./NAME.
 */
#ifndef NP_TOOLS_REPORT_COMMANDS_H
#define NP_TOOLS_REPORT_COMMANDS_H

struct np_report_command {
	const char *name;
	const char *summary;	/* for --help: one line */
	/* ARGV[0] is the command's name.  Returns the exit status. */
	int (*run)(int argc, char **argv);
};

/* Ends with a row without a name. */
extern const struct np_report_command np_report_commands[];

/* The row for WORD, or NULL. */
const struct np_report_command *np_report_command_find(const char *word);

int np_report_peek(int argc, char **argv);
int np_report_lines(int argc, char **argv);
int np_report_modules(int argc, char **argv);
int np_report_threads(int argc, char **argv);
int np_report_flamegraph(int argc, char **argv);
int np_report_convert(int argc, char **argv);
int np_report_lint(int argc, char **argv);
int np_report_merge(int argc, char **argv);
int np_report_diff(int argc, char **argv);
int np_report_gate(int argc, char **argv);

#endif
