/* SPDX-License-Identifier: MIT
 *
 * fold_metrics.c - metrics of a spool as OpenMetrics text, which Prometheus and GitLab read.
 *
 * Context: tools.  Texts come from the program: names are checked, label values escaped.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "base/utf8.h"
#include "fold_spans.h"
#include "neuroprof/neuroprof.h"

#define NAME_BYTES 96u		/* a metric's, a kind and a number */
#define KEY_BYTES  136u		/* all labels are at most 127 */
#define LABELS_MAX 64u

struct family {
	char name[NAME_BYTES];
	uint32_t kind;
};

static const double quantiles[] = { 0.5, 0.9, 0.99, 0.999 };

static bool is_alphanumeric(char c)	/* ASCII, whatever the locale */
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* A character that is hidden, or a byte that is none, would break the file or who looks at it. */
static void put_value(FILE *to, const char *text, size_t size)
{
	for (size_t i = 0, length; i < size; i += length) {
		length = np_utf8_sequence(text + i, size - i);
		if (text[i] == '\n')
			fputs("\\n", to);
		else if (text[i] == '"' || text[i] == '\\')
			fprintf(to, "\\%c", text[i]);
		else if (length == 0 || np_utf8_is_hidden(np_utf8_decode(text + i, length)))
			fputs("\xef\xbf\xbd", to);		/* U+FFFD */
		else
			fwrite(text + i, 1, length, to);
		length = length ? length : 1;
	}
}

struct labels {
	char keys[LABELS_MAX][KEY_BYTES];
	const char *values[LABELS_MAX];
	size_t sizes[LABELS_MAX], count;
};

static bool has_key(const struct labels *labels, const char *key)
{
	for (size_t i = 0; i < labels->count; i++) {
		if (strcmp(labels->keys[i], key) == 0)
			return true;
	}
	return false;
}

/* The name of a label: of what may be in one, and once only. */
static void add_label(struct labels *labels, const char *key, size_t key_size, const char *value,
		      size_t size)
{
	char name[KEY_BYTES];
	size_t n = 0;

	if (key_size == 0 || labels->count == LABELS_MAX)
		return;
	if (!is_alphanumeric(key[0]) || (key[0] >= '0' && key[0] <= '9'))
		name[n++] = 'l';		/* "__" at the start is reserved */
	for (size_t i = 0; i < key_size && n + 1 < sizeof(name); i++)
		name[n++] = is_alphanumeric(key[i]) ? key[i] : '_';
	name[n] = '\0';
	while ((strcmp(name, "quantile") == 0 || has_key(labels, name)) && n + 1 < sizeof(name)) {
		name[n++] = '_';
		name[n] = '\0';
	}
	if (has_key(labels, name))
		return;
	memcpy(labels->keys[labels->count], name, n + 1);
	labels->values[labels->count] = value;
	labels->sizes[labels->count++] = size;
}

/* "a=1,b=2" as {a="1",b="2"}, with EXTRA in front. */
static void put_labels(FILE *to, const char *text, const char *extra)
{
	struct labels labels = { .count = 0 };

	while (*text) {
		size_t size = strcspn(text, ",");
		const char *equals = memchr(text, '=', size);
		size_t key = equals ? (size_t)(equals - text) : size;

		add_label(&labels, text, key, text + key + (equals != NULL), size - key - (equals != NULL));
		text += size + (text[size] == ',');
	}
	if (labels.count == 0 && !extra[0])
		return;
	fprintf(to, "{%s", extra);
	for (size_t i = 0; i < labels.count; i++) {
		fprintf(to, "%s%s=\"", i || extra[0] ? "," : "", labels.keys[i]);
		put_value(to, labels.values[i], labels.sizes[i]);
		fputc('"', to);
	}
	fputc('}', to);
}

static void put_summary(FILE *to, const struct np_spool_reader *reader,
			const struct np_spool_metric *metric, const char *name)
{
	struct np_spool_histogram *histogram = np_xcalloc(1, sizeof(*histogram));

	np_spool_histogram_read(reader, metric, histogram);
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]) && histogram->count; i++) {
		char extra[32];

		snprintf(extra, sizeof(extra), "quantile=\"%g\"", quantiles[i]);
		fputs(name, to);
		put_labels(to, metric->labels, extra);
		fprintf(to, " %" PRIu64 "\n", np_loglinear_quantile(histogram->counts, quantiles[i]));
	}
	fprintf(to, "%s_count", name);
	put_labels(to, metric->labels, "");
	fprintf(to, " %" PRIu64 "\n", histogram->count);
	fprintf(to, "%s_sum", name);
	put_labels(to, metric->labels, "");
	fprintf(to, " %" PRIu64 "\n", histogram->sum);
	free(histogram);
}

static void put_one(FILE *to, const struct np_spool_reader *reader, const struct np_spool_metric *metric,
		    const char *name)
{
	double value = np_spool_gauge_value(metric);

	if (metric->kind == NEUROPROF_HISTOGRAM || metric->kind == NEUROPROF_SPAN) {
		put_summary(to, reader, metric, name);
		return;
	}
	fprintf(to, "%s%s", name, metric->kind == NEUROPROF_COUNTER ? "_total" : "");
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

static void put_head(FILE *to, const struct np_spool_metric *metric, const char *name)
{
	static const char *const types[] = { "unknown", "counter", "gauge", "summary", "summary" };

	fprintf(to, "# TYPE %s %s\n", name, types[metric->kind]);
	if (metric->unit[0] && strcmp(metric->unit, "1") != 0) {
		fprintf(to, "# HELP %s in ", name);
		put_value(to, metric->unit, strlen(metric->unit));
		fputc('\n', to);
	}
}

/* The names that a family takes up: its own, and those of its samples. */
static const char *suffix(uint32_t kind, size_t number)
{
	static const char *const counter[] = { "", "_total", "_created", NULL };
	static const char *const summary[] = { "", "_count", "_sum", "_created", NULL };
	static const char *const gauge[] = { "", NULL };

	return kind == NEUROPROF_COUNTER ? counter[number] : kind == NEUROPROF_GAUGE ? gauge[number]
										     : summary[number];
}

static bool clash(const char *a, uint32_t a_kind, const char *b, uint32_t b_kind)
{
	size_t a_size = strlen(a), b_size = strlen(b);
	char x[NAME_BYTES + 16], y[NAME_BYTES + 16];

	if (strncmp(a, b, a_size < b_size ? a_size : b_size) != 0)
		return false;
	for (size_t i = 0; suffix(a_kind, i); i++) {
		snprintf(x, sizeof(x), "%s%s", a, suffix(a_kind, i));
		for (size_t k = 0; suffix(b_kind, k); k++) {
			snprintf(y, sizeof(y), "%s%s", b, suffix(b_kind, k));
			if (strcmp(x, y) == 0)
				return true;
		}
	}
	return false;
}

static bool is_taken(const struct family *families, size_t count, const char *name, uint32_t kind)
{
	for (size_t i = 0; i < count; i++) {
		if (clash(families[i].name, families[i].kind, name, kind))
			return true;
	}
	return false;
}

/* Dots, as OpenTelemetry has them, are underscores here; "requests" may be a counter and a gauge, too, and
 * "a.b" beside "a_b".  Who comes later gets its kind at the end, and a number. */
static void name_family(struct family *families, size_t count, const struct np_spool_metric *metric)
{
	static const char *const kinds[] = { "", "_counter", "_gauge", "_histogram", "_span" };
	struct family *family = &families[count];
	char plain[64];
	size_t n = 0;

	for (; metric->name[n] && n + 1 < sizeof(plain); n++)
		plain[n] = is_alphanumeric(metric->name[n]) ? metric->name[n] : '_';
	plain[n] = '\0';
	family->kind = metric->kind;
	snprintf(family->name, sizeof(family->name), "%s", plain);
	for (unsigned i = 1; is_taken(families, count, family->name, family->kind); i++)
		snprintf(family->name, sizeof(family->name), i == 1 ? "%s%s" : "%s%s_%u", plain,
			 kinds[family->kind], i);
}

static void put_all(FILE *to, const struct np_spool_reader *reader,
		    const struct np_spool_metric *const *all, uint32_t count)
{
	struct family *families = np_xcalloc(count, sizeof(*families));
	size_t used = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (i == 0 || strcmp(all[i]->name, all[i - 1]->name) != 0 ||
		    all[i]->kind != all[i - 1]->kind) {
			name_family(families, used++, all[i]);
			put_head(to, all[i], families[used - 1].name);
		}
		put_one(to, reader, all[i], families[used - 1].name);
	}
	fputs("# EOF\n", to);
	free(families);
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
	put_all(to, reader, all, count);
	if (fflush(to) != 0 || ferror(to))
		r = errno ? -errno : -EIO;
	if (fclose(to) != 0 && r == 0)
		r = -errno;
	free(all);
	return r;
}
