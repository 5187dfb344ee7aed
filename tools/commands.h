/* SPDX-License-Identifier: MIT
 *
 * commands.h - the commands of `neuroprof`: each gets its own argv and returns the exit status.
 */
#ifndef NP_TOOLS_COMMANDS_H
#define NP_TOOLS_COMMANDS_H

int np_command_record(int argc, char **argv);
int np_command_recover(int argc, char **argv);
int np_command_ls(int argc, char **argv);
int np_command_snapshot(int argc, char **argv);
int np_command_start(int argc, char **argv);
int np_command_stop(int argc, char **argv);
int np_command_rate(int argc, char **argv);
int np_command_top(int argc, char **argv);
int np_command_doctor(int argc, char **argv);
int np_command_dump(int argc, char **argv);	/* where NP_HAVE_DUMP is set: needs libunwind-ptrace */

#endif
