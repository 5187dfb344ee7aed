/* SPDX-License-Identifier: MIT
 *
 * fold_metrics.c - metrics of a spool as OpenMetrics text, which Prometheus and GitLab read.
 *
 * Context: tools.  Texts come from the program: names are checked, label values escaped.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "fold_spans.h"
#include "neuroprof/neuroprof.h"

static const double quantiles[] = { 0.5, 0.9, 0.99, 0.999 };

/* Dots, as OpenTelemetry has them, are underscores here. */
static void put_name(FILE *to, const char *name)
{
	for (; *name; name++)
		fputc(isalnum((unsigned char)*name) ? *name : '_', to);
}

static void put_value(FILE *to, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\n')
			fputs("\\n", to);
		else if (text[i] == '"' || text[i] == '\\')
			fprintf(to, "\\%c", text[i]);
		else
			fputc(text[i], to);
	}
}

/* "a=1,b=2" as {a="1",b="2"}, with EXTRA in front. */
static void put_labels(FILE *to, const char *labels, const char *extra)
{
	bool any = extra[0] != '\0';

	if (!any && !labels[0])
		return;
	fprintf(to, "{%s", extra);
	while (*labels) {
		size_t size = strcspn(labels, ",");
		const char *equals = memchr(labels, '=', size);
		size_t key = equals ? (size_t)(equals - labels) : size;

		if (any)
			fputc(',', to);
		any = true;
		for (size_t i = 0; i < key; i++)
			fputc(isalnum((unsigned char)labels[i]) ? labels[i] : '_', to);
		fputs("=\"", to);
		if (equals)
			put_value(to, equals + 1, size - key - 1);
		fputc('"', to);
		labels += size + (labels[size] == ',');
	}
	fputc('}', to);
}

static void put_summary(FILE *to, const struct np_spool_reader *reader,
			const struct np_spool_metric *metric)
{
	struct np_spool_histogram *histogram = np_xcalloc(1, sizeof(*histogram));

	np_spool_histogram_read(reader, metric, histogram);
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]) && histogram->count; i++) {
		char extra[32];

		snprintf(extra, sizeof(extra), "quantile=\"%g\"", quantiles[i]);
		put_name(to, metric->name);
		put_labels(to, metric->labels, extra);
		fprintf(to, " %" PRIu64 "\n", np_loglinear_quantile(histogram->counts, quantiles[i]));
	}
	put_name(to, metric->name);
	fputs("_count", to);
	put_labels(to, metric->labels, "");
	fprintf(to, " %" PRIu64 "\n", histogram->count);
	put_name(to, metric->name);
	fputs("_sum", to);
	put_labels(to, metric->labels, "");
	fprintf(to, " %" PRIu64 "\n", histogram->sum);
	free(histogram);
}

static void put_one(FILE *to, const struct np_spool_reader *reader, const struct np_spool_metric *metric)
{
	double value = np_spool_gauge_value(metric);

	if (metric->kind == NEUROPROF_HISTOGRAM || metric->kind == NEUROPROF_SPAN) {
		put_summary(to, reader, metric);
		return;
	}
	put_name(to, metric->name);
	fputs(metric->kind == NEUROPROF_COUNTER ? "_total" : "", to);
	put_labels(to, metric->labels, "");
	if (metric->kind == NEUROPROF_COUNTER)
		fprintf(to, " %" PRIu64 "\n", np_spool_counter_value(reader, metric));
	else if (isfinite(value))
		fprintf(to, " %.17g\n", value);
	else
		fputs(isnan(value) ? " NaN\n" : value > 0 ? " +Inf\n" : " -Inf\n", to);
}

static int compare_metrics(const void *a, const void *b)
{
	const struct np_spool_metric *x = *(const struct np_spool_metric *const *)a;
	const struct np_spool_metric *y = *(const struct np_spool_metric *const *)b;
	int order = strcmp(x->name, y->name);

	if (order == 0)
		order = (int)x->kind - (int)y->kind;
	return order ? order : strcmp(x->labels, y->labels);
}

static void put_head(FILE *to, const struct np_spool_metric *metric)
{
	static const char *const types[] = { "unknown", "counter", "gauge", "summary", "summary" };

	fputs("# TYPE ", to);
	put_name(to, metric->name);
	fprintf(to, " %s\n", types[metric->kind]);
	if (metric->unit[0] && strcmp(metric->unit, "1") != 0) {
		fputs("# HELP ", to);
		put_name(to, metric->name);
		fputs(" in ", to);
		put_value(to, metric->unit, strlen(metric->unit));
		fputc('\n', to);
	}
}

int np_fold_write_metrics(const struct np_spool_reader *reader, int fd)
{
	uint32_t entries = np_spool_metric_count(reader), count = 0;
	const struct np_spool_metric **all = np_xcalloc((unsigned long)entries + 1, sizeof(*all));
	int copy = -1, r = 0;
	FILE *to;

	for (uint32_t i = 0; i < entries; i++) {
		all[count] = np_spool_metric(reader, i);
		count += all[count] != NULL;
	}
	if (count == 0) {
		free(all);
		return 1;
	}
	copy = dup(fd);
	to = copy >= 0 ? fdopen(copy, "w") : NULL;
	if (!to) {
		r = -errno;
		free(all);
		return r;
	}
	qsort(all, count, sizeof(*all), compare_metrics);
	for (uint32_t i = 0; i < count; i++) {
		if (i == 0 || strcmp(all[i]->name, all[i - 1]->name) != 0 ||
		    all[i]->kind != all[i - 1]->kind)
			put_head(to, all[i]);
		put_one(to, reader, all[i]);
	}
	fputs("# EOF\n", to);
	if (fflush(to) != 0 || ferror(to))
		r = errno ? -errno : -EIO;
	if (fclose(to) != 0 && r == 0)
		r = -errno;
	free(all);
	return r;
}
