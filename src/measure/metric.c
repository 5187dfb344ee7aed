/* SPDX-License-Identifier: MIT
 *
 * metric.c - figures by name.  Context: tools.
 *
 * Untrusted input: fuzzed by tests/fuzz/fuzz_metric.c.
 */
#include "measure/metric.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "base/text.h"
#include "measure/order.h"

#define NAME_BYTES  128u
#define VALUE_BYTES 64u

static struct np_metric *find(const struct np_metrics *metrics, const char *name)
{
	for (size_t i = 0; i < metrics->count; i++) {
		if (strcmp(metrics->all[i].name, name) == 0)
			return &metrics->all[i];
	}
	return NULL;
}

const struct np_metric *np_metrics_find(const struct np_metrics *metrics, const char *name)
{
	return find(metrics, name);
}

void np_metrics_add(struct np_metrics *metrics, const char *name, double value, bool is_ours)
{
	struct np_metric *metric = find(metrics, name);

	if (metric && metric->is_ours && !is_ours)	/* ours says it: no loss */
		return;
	if (!isfinite(value) || (metric && (metric->count == NP_METRIC_VALUES_MAX ||
					    metric->is_ours != is_ours)) ||
	    (!metric && metrics->count == NP_METRICS_MAX)) {
		metrics->dropped++;
		return;
	}
	if (!metric) {
		if ((metrics->count & (metrics->count - 1)) == 0)
			metrics->all = np_xrealloc(metrics->all, metrics->count ? metrics->count * 2 : 1,
						   sizeof(*metrics->all));
		metric = &metrics->all[metrics->count++];
		*metric = (struct np_metric){ .name = np_xstrdup(name), .is_ours = is_ours };
	}
	if ((metric->count & (metric->count - 1)) == 0)
		metric->values = np_xrealloc(metric->values, metric->count ? metric->count * 2 : 1,
					     sizeof(*metric->values));
	metric->values[metric->count++] = value;
}

void np_metrics_free(struct np_metrics *metrics)
{
	for (size_t i = 0; i < metrics->count; i++) {
		free(metrics->all[i].name);
		free(metrics->all[i].values);
	}
	free(metrics->all);
	free(metrics->checksum);
	*metrics = (struct np_metrics){ 0 };
}

/* ASCII, whatever the locale. */
static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name(const char *text, size_t size)
{
	if (size == 0 || size >= NAME_BYTES || !is_letter(*text))
		return false;
	for (size_t i = 0; i < size; i++) {
		if (!is_letter(text[i]) && !(text[i] >= '0' && text[i] <= '9') &&
		    !memchr(".-/", text[i], 3))
			return false;
	}
	return true;
}

bool np_metric_is_name(const char *name)
{
	return is_name(name, strlen(name));
}

static void parse_line(struct np_metrics *metrics, const char *line, size_t size)
{
	const char *equals = memchr(line, '=', size);
	size_t name_size = equals ? (size_t)(equals - line) : 0, value_size;
	char name[NAME_BYTES], value[VALUE_BYTES], *end;
	double number;

	if (!equals || !is_name(line, name_size))
		return;
	value_size = size - name_size - 1;
	if (value_size && equals[value_size] == '\r')
		value_size--;
	memcpy(name, line, name_size);
	name[name_size] = '\0';
	if (strcmp(name, "checksum") == 0) {	/* however long: SHA-512 has 128 digits */
		free(metrics->checksum);
		metrics->checksum = np_xasprintf("%.*s", (int)value_size, equals + 1);
		return;
	}
	if (value_size == 0 || value_size >= VALUE_BYTES || memchr(equals + 1, '\0', value_size))
		return;
	memcpy(value, equals + 1, value_size);
	value[value_size] = '\0';
	if (value[0] == '0' && (value[1] == 'x' || value[1] == 'X'))	/* a checksum by another name */
		return;
	number = strtod(value, &end);
	if (end != value && *end == '\0')
		np_metrics_add(metrics, name, number, false);
}

void np_metrics_parse(struct np_metrics *metrics, const char *output, size_t size)
{
	const char *end = output + size;

	while (output < end) {
		const char *stop = memchr(output, '\n', (size_t)(end - output));

		stop = stop ? stop : end;
		parse_line(metrics, output, (size_t)(stop - output));
		output = stop + 1;
	}
}

double np_metric_median(const struct np_metric *metric)
{
	double *sorted = np_xcalloc(metric->count, sizeof(*sorted)), median;

	memcpy(sorted, metric->values, metric->count * sizeof(*sorted));
	median = np_order_median(sorted, metric->count);
	free(sorted);
	return median;
}

static const struct {
	const char *word;
	enum np_direction direction;
} directions[] = {			/* the first that is a word of the name */
	{ "faults", NP_LOWER_IS_BETTER },
	{ "switches", NP_LOWER_IS_BETTER },
	{ "errors", NP_LOWER_IS_BETTER },
	{ "per_s", NP_HIGHER_IS_BETTER },
	{ "per_sec", NP_HIGHER_IS_BETTER },
	{ "per_second", NP_HIGHER_IS_BETTER },
	{ "throughput", NP_HIGHER_IS_BETTER },
	{ "ratio", NP_HIGHER_IS_BETTER },
	{ "hit", NP_HIGHER_IS_BETTER },
	{ "hits", NP_HIGHER_IS_BETTER },
	{ "accepted", NP_HIGHER_IS_BETTER },
	{ "goodput", NP_HIGHER_IS_BETTER },
	{ "speedup", NP_HIGHER_IS_BETTER },
	{ "ms_per", NP_LOWER_IS_BETTER },
	{ "us_per", NP_LOWER_IS_BETTER },
	{ "ns_per", NP_LOWER_IS_BETTER },
	{ "s_per", NP_LOWER_IS_BETTER },
	{ "latency", NP_LOWER_IS_BETTER },
	{ "depth", NP_LOWER_IS_BETTER },
	{ "rss", NP_LOWER_IS_BETTER },
	{ "memory", NP_LOWER_IS_BETTER },
};

static const struct {
	const char *end, *unit;
	bool is_time;
} units[] = {
	{ "_per_s", "1/s", false },
	{ "_per_sec", "1/s", false },
	{ "_ms_per_mb", "ms/MB", true },
	{ "_ns", "ns", true },
	{ "_us", "us", true },
	{ "_ms", "ms", true },
	{ "_s", "s", true },
	{ "_sec", "s", true },
	{ "_seconds", "s", true },
	{ "_mb", "MB", false },
	{ "_bytes", "By", false },
	{ "_percent", "%", false },
};

/* Between the ends and _ . - / only: "duration" has no ratio in it. */
static bool has_word(const char *name, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = name; (at = strstr(at, word)); at++) {
		if ((at == name || memchr("_.-/", at[-1], 4)) &&
		    (at[length] == '\0' || memchr("_.-/", at[length], 4)))
			return true;
	}
	return false;
}

enum np_direction np_metric_direction(const char *name)
{
	for (size_t i = 0; i < sizeof(directions) / sizeof(directions[0]); i++) {
		if (has_word(name, directions[i].word))
			return directions[i].direction;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (np_ends_with(name, units[i].end) && units[i].is_time)
			return NP_LOWER_IS_BETTER;
	}
	return NP_NO_DIRECTION;
}

const char *np_metric_unit(const char *name)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (np_ends_with(name, units[i].end))
			return units[i].unit;
	}
	return "";
}

bool np_metric_is_tail(const char *name)
{
	return strstr(name, "p99") != NULL || strstr(name, "_max") != NULL;
}
