/* SPDX-License-Identifier: MIT
 *
 * spec.h - a benchmark file: what is run, with which parameters, and what must come out.
 *
 * Context: tools.  The keys are those of the method's benchmark file; `tier`, `command` and
 * `directions` are ours.  docs/file-formats.md has the file; every error names file, line and key.
 */
#ifndef NP_MEASURE_SPEC_H
#define NP_MEASURE_SPEC_H

#include <stdbool.h>
#include <stddef.h>

#define NP_SPEC_PARAMETERS_MAX 16u
#define NP_SPEC_VALUES_MAX     64u
#define NP_SPEC_TARGETS_MAX    64u
#define NP_SPEC_CASES_MAX      4096u

enum np_tier {
	NP_TIER_MICRO,			/* below 1 s a run: every commit */
	NP_TIER_MACRO,			/* 1 to 10 s: daily, or for a change */
	NP_TIER_PROFILING,		/* 1 to 5 min: before optimising */
	NP_TIER_MAX
};

struct np_spec_parameter {
	char *name;
	char *values[NP_SPEC_VALUES_MAX];
	size_t count;
};

struct np_spec_target {
	char *metric;
	double target, least, most;	/* least..most is the acceptable range */
	bool has_target, has_range;
	int direction;			/* enum np_direction; 0 = by the metric's name */
};

struct np_spec {
	char *path;			/* of the file */
	char *name, *description, *category;
	char *command;			/* "{parameter}" stands for its value; NULL: by the category */
	enum np_tier tier;
	struct np_spec_parameter parameters[NP_SPEC_PARAMETERS_MAX];
	size_t parameter_count;
	struct np_spec_target targets[NP_SPEC_TARGETS_MAX];
	size_t target_count;
	bool profiling;
	double sample_rate;		/* Hz */
	double duration;		/* s to spend on profiled runs */
	bool regression;
	double threshold;		/* a share: 0.1 */
	unsigned min_iterations;
	char *format;			/* of output: text, markdown, json, ... */
	bool include_traces, save_artifacts;
};

/* Read PATH.  Returns 0 or -errno with one line in MESSAGE; free either way. */
int np_spec_read(struct np_spec *spec, const char *path, char *message, size_t message_size);
void np_spec_free(struct np_spec *spec);

const char *np_tier_name(enum np_tier tier);
int np_tier_find(const char *name);	/* -1: none */

/* How many cases the parameters make: the product of their values; 1 without any. */
size_t np_spec_case_count(const struct np_spec *spec);

/* The value of parameter P in case NUMBER: the last parameter changes fastest. */
const char *np_spec_value(const struct np_spec *spec, size_t number, size_t p);

/* "a=1 b=2", and the shell command of a case, to be freed.  Without a command of its own the
 * category's sample is run, SAMPLES being the directory that has them.  NULL with a line in MESSAGE
 * when a {name} is no parameter, or the category has no sample. */
char *np_spec_case_name(const struct np_spec *spec, size_t number);
char *np_spec_case_command(const struct np_spec *spec, size_t number, const char *samples,
			   char *message, size_t message_size);

#endif
