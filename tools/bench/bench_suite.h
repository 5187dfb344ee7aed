/* SPDX-License-Identifier: MIT
 *
 * bench_suite.h - benchmark files and the results of all their cases.  Context: tools.
 */
#ifndef NP_TOOLS_BENCH_SUITE_H
#define NP_TOOLS_BENCH_SUITE_H

#include <jansson.h>

#include "bench.h"

struct np_bench_suite {
	struct np_spec *specs;
	int spec_count;
	struct np_session *sessions;	/* one a case, as the report's */
	char ***argvs;
	const struct np_spec **spec_of;
	struct np_bench_report report;
	size_t cases;
	bool failed;			/* a case did; those in the report did not */
};

/* Read the files, run the cases of the wanted tier one after the other, and judge them alone.
 * Returns an exit status; free either way. */
int np_bench_suite_run(struct np_bench_suite *suite, struct np_bench_settings *settings, char **files,
		       int file_count);

/* Put the runs of BASELINE (baseline.h), which is at PATH, in front, and judge again.  Returns an exit status. */
int np_bench_suite_compare(struct np_bench_suite *suite, const json_t *baseline, const char *path);

/* What the suite means to a CI job. */
int np_bench_suite_status(const struct np_bench_suite *suite, const struct np_bench_settings *settings);
void np_bench_suite_free(struct np_bench_suite *suite);

/* A shell that becomes TEXT; to be freed with np_bench_shell_free(). */
char **np_bench_shell(const char *text);
void np_bench_shell_free(char **argv);

#endif
