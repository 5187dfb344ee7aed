/* SPDX-License-Identifier: MIT
 *
 * metric.h - the figures of one run: ours about the process, and those that the program tells.
 *
 * Context: tools.  A program tells a figure as a line `name=value` on standard output; a name that
 * comes again is an iteration: all values are kept.
 */
#ifndef NP_MEASURE_METRIC_H
#define NP_MEASURE_METRIC_H

#include <stdbool.h>
#include <stddef.h>

#define NP_METRICS_MAX	     512u	/* of a run */
#define NP_METRIC_VALUES_MAX 1000000u	/* of a metric in a run */

enum np_direction {
	NP_NO_DIRECTION = 0,		/* by the name, or none: a count of tasks */
	NP_LOWER_IS_BETTER,
	NP_HIGHER_IS_BETTER,
};

struct np_metric {
	char *name;
	double *values;
	size_t count;
	bool is_ours;			/* of the process, not told by the program */
};

struct np_metrics {
	struct np_metric *all;
	size_t count;
	char *checksum;			/* what the program gave as `checksum`, NULL = none */
	size_t dropped;			/* figures beyond the limits above */
};

void np_metrics_add(struct np_metrics *metrics, const char *name, double value, bool is_ours);
const struct np_metric *np_metrics_find(const struct np_metrics *metrics, const char *name);
void np_metrics_free(struct np_metrics *metrics);

/* Take every `name=value` line out of SIZE bytes of output. */
void np_metrics_parse(struct np_metrics *metrics, const char *output, size_t size);

/* A letter or _, then those, digits and . - /; at most 127 bytes. */
bool np_metric_is_name(const char *name);

double np_metric_median(const struct np_metric *metric);

/* Throughputs, ratios and hit rates are better when higher; times, sizes, faults and depths when
 * lower.  Documented in docs/benchmarks.md; a target's `better` overrides it. */
enum np_direction np_metric_direction(const char *name);

/* The unit that the end of a name gives: "ms", "s", "MB", "1/s", "%", or "". */
const char *np_metric_unit(const char *name);

/* Does the name speak of a tail: p99, p999 or max? */
bool np_metric_is_tail(const char *name);

#endif
