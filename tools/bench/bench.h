/* SPDX-License-Identifier: MIT
 *
 * bench.h - what the commands of `neuroprof-bench` share.  Context: tools.
 */
#ifndef NP_TOOLS_BENCH_H
#define NP_TOOLS_BENCH_H

#include <stdbool.h>
#include <stdio.h>

#include "measure/judge.h"
#include "measure/machine.h"

/* Exit statuses beyond NP_EXIT_*: those of the method's CI conventions. */
enum np_bench_exit {
	NP_BENCH_PASS = 0,
	NP_BENCH_REGRESSION = 1,	/* or a run failed */
	NP_BENCH_USAGE = 2,
	NP_BENCH_INCONCLUSIVE = 3,	/* 0 with --inconclusive-ok */
	NP_BENCH_INVALID = 4,		/* the place or the programs do not allow a verdict */
	NP_BENCH_TARGET_MISSED = 5,
	NP_BENCH_INTERRUPTED = 128,	/* and the signal's number */
};

struct np_bench_settings {
	struct np_session_rules rules;
	const char *format, *output;	/* NULL: text, standard output */
	const char *file_name;		/* --file */
	const char *name;		/* of an ad-hoc benchmark, or of a baseline */
	const char *samples;		/* where the component programs are */
	const char *directory;		/* of baselines and history */
	const char *profile;		/* directory for profiles of the arms; NULL: none */
	int tier;			/* -1: all */
	unsigned iterations;		/* of run; 0: by the file */
	bool is_judged;			/* of a suite: with enough runs for a verdict */
	bool keeps_hotspots;		/* and, where the file says so, profiled */
	bool preload;			/* take what the programs count through the header */
	bool dry_run, inconclusive_ok, cross_machine, quiet;
	char **files;			/* what is not an option */
	int file_count;
};

struct np_bench_report {
	struct np_machine machine;
	struct np_comparison *all;
	size_t count;
	bool is_pair;			/* two arms; else arms[0] alone */
	const char *baseline;		/* compared with this one; NULL */
	double confidence;
};

/* Fill in SETTINGS; exits for --help, --version and what is wrong.  USAGE is the command's. */
void np_bench_options(struct np_bench_settings *settings, int argc, char **argv, const char *usage);

bool np_bench_format_is_known(const char *name);

/* Write REPORT in the settings' format to where they say, whole or not at all.  Returns an exit
 * status. */
int np_bench_write(const struct np_bench_settings *settings, const struct np_bench_report *report);

/* What the report means to a CI job. */
int np_bench_status(const struct np_bench_settings *settings, const struct np_bench_report *report);

/* Make RULES' programs run under our library, not sampled, so that what they count is kept; and
 * remove what that needed. */
void np_bench_preload(struct np_bench_settings *settings);
void np_bench_preload_end(struct np_bench_settings *settings);

/* NAME beside this program: in a build, or where it is installed.  To be freed. */
char *np_bench_tool(const char *name);

/* One line that is written over, on a terminal only. */
void np_bench_progress(void *user, size_t done, size_t most, double left_s);
void np_bench_progress_end(const struct np_bench_settings *settings);

/* The writers. */
void np_bench_text(FILE *to, const struct np_bench_report *report);
void np_bench_markdown(FILE *to, const struct np_bench_report *report);
void np_bench_json(FILE *to, const struct np_bench_report *report);
void np_bench_junit(FILE *to, const struct np_bench_report *report);
void np_bench_sarif(FILE *to, const struct np_bench_report *report);
void np_bench_openmetrics(FILE *to, const struct np_bench_report *report);
void np_bench_gab(FILE *to, const struct np_bench_report *report);
void np_bench_bencher(FILE *to, const struct np_bench_report *report);

/* "-12.3 % [-14.1, -10.2]", and the sentence of a verdict. */
void np_bench_effect_text(char *text, size_t size, const struct np_judgement *judgement);
void np_bench_sentence(char *text, size_t size, const struct np_comparison *comparison,
		       const struct np_judgement *judgement);

/* Profile both arms in turns after the timed runs, and put what moved into COMPARISON. */
int np_bench_profile(const struct np_bench_settings *settings, const struct np_spec *spec,
		     struct np_comparison *comparison, const struct np_command commands[2],
		     size_t number);

/* One profiled run of COMMAND, whose profile is in DIRECTORY then; *PROFILE is to be freed, NULL when
 * there is none.  Returns 0 for a run that went well. */
int np_bench_record(const struct np_bench_settings *settings, const struct np_spec *spec,
		    const struct np_command *command, char *directory, char **profile);

/* Run a tool; its standard output goes to OUTPUT when that is not NULL, to be freed.  Returns the exit
 * status, or -1. */
int np_bench_call(char **argv, char **output);

/* What SESSIONS tell beside their figures, once; and the status of a command that a signal broke off. */
void np_bench_tell_rest(const struct np_session *sessions, size_t count);
int np_bench_interrupted(int status);

/* The commands; each gets its own argv and returns the exit status. */
int np_bench_run(int argc, char **argv);
int np_bench_ab(int argc, char **argv);
int np_bench_baseline(int argc, char **argv);
int np_bench_compare(int argc, char **argv);
int np_bench_history(int argc, char **argv);

#endif
