/* SPDX-License-Identifier: MIT
 *
 * top_metrics.c - what the program counts, as lines beside its functions.
 *
 * Context: tools.  Metrics of the same name and labels are one line: a counter with its rate, a
 * gauge with its value, a histogram or a span with its rate and its quantiles since it began.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "neuroprof/neuroprof.h"
#include "spool/reader_metrics.h"
#include "top.h"

static uint64_t count_of(const struct np_top *top, const struct np_spool_metric *metric,
			 struct np_spool_histogram *histogram)
{
	if (metric->kind == NEUROPROF_COUNTER)
		return np_spool_counter_value(top->live.reader, metric);
	if (metric->kind == NEUROPROF_GAUGE)
		return 0;
	np_spool_histogram_read(top->live.reader, metric, histogram);
	return histogram->count;
}

void np_top_count_metrics(struct np_top *top)
{
	uint32_t count = np_spool_metric_count(top->live.reader);
	struct np_spool_histogram *histogram = np_xcalloc(1, sizeof(*histogram));

	if (count > top->metric_count) {
		top->metrics = np_xrealloc(top->metrics, count, sizeof(*top->metrics));
		memset(top->metrics + top->metric_count, 0,
		       (count - top->metric_count) * sizeof(*top->metrics));
		top->metric_count = count;
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct np_spool_metric *metric = np_spool_metric(top->live.reader, i);

		top->metrics[i].before = top->metrics[i].now;
		if (metric)
			top->metrics[i].now = count_of(top, metric, histogram);
	}
	free(histogram);
}

/* "12.3 ms" of nanoseconds, else the number and its unit. */
static void value_text(char *text, size_t size, double value, const char *unit)
{
	static const char *const steps[] = { "ns", "us", "ms", "s" };
	int step = 0;

	if (strcmp(unit, "ns") == 0) {
		for (; value >= 1000 && step < 3; step++)
			value /= 1000;
		unit = steps[step];
	} else if (strcmp(unit, "1") == 0) {
		unit = "";
	}
	snprintf(text, size, "%.4g%s%s", value, *unit ? " " : "", unit);
}

static char *line_of(const struct np_top *top, const struct np_spool_metric *metric, double rate)
{
	const char *unit = np_symbolizer_text(top->symbolizer, metric->unit);
	const char *name = np_symbolizer_text(top->symbolizer, metric->name);
	const char *labels = np_symbolizer_text(top->symbolizer, metric->labels);
	struct np_spool_histogram *histogram;
	char text[3][64], *line;

	if (metric->kind == NEUROPROF_COUNTER)
		return np_xasprintf("%12" PRIu64 "  %10.4g/s  %s%s%s",
				    np_spool_counter_value(top->live.reader, metric), rate, name,
				    *labels ? " " : "", labels);
	if (metric->kind == NEUROPROF_GAUGE) {
		value_text(text[0], sizeof(text[0]), np_spool_gauge_value(metric), unit);
		return np_xasprintf("%12s  %12s  %s%s%s", text[0], "", name, *labels ? " " : "", labels);
	}
	histogram = np_xcalloc(1, sizeof(*histogram));
	np_spool_histogram_read(top->live.reader, metric, histogram);
	for (int i = 0; i < 3; i++)
		value_text(text[i], sizeof(text[i]),
			   (double)np_loglinear_quantile(histogram->counts, (double[]){ 0.5, 0.99, 0.999 }[i]),
			   unit);
	line = np_xasprintf("%12" PRIu64 "  %10.4g/s  %s%s%s  p50 %s  p99 %s  p99.9 %s", histogram->count,
			    rate, name, *labels ? " " : "", labels, text[0], text[1], text[2]);
	free(histogram);
	return line;
}

char **np_top_metric_lines(const struct np_top *top, const struct np_top_view *view, uint32_t *ret_count)
{
	const struct np_spool_header *head = np_spool_head(top->live.reader);
	uint64_t from = view->cumulative ? head->started_monotonic_ns : top->before_ns;
	double seconds = top->looked_ns > from ? (double)(top->looked_ns - from) / 1e9 : 0;
	uint32_t entries = np_spool_metric_count(top->live.reader), count = 0;
	char **lines = np_xcalloc((unsigned long)entries + 1, sizeof(*lines));

	for (uint32_t i = 0; i < entries && i < top->metric_count; i++) {
		const struct np_spool_metric *metric = np_spool_metric(top->live.reader, i);

		if (metric)
			lines[count++] = line_of(top, metric, seconds > 0
				? (double)np_top_value(view, &top->metrics[i]) / seconds : 0);
	}
	*ret_count = count;
	return lines;
}

void np_top_metric_lines_free(char **lines, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		free(lines[i]);
	free(lines);
}
