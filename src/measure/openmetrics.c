/* SPDX-License-Identifier: MIT
 *
 * openmetrics.c - metrics of a run from OpenMetrics text.  Context: tools.
 *
 * Untrusted input: fuzzed by tests/fuzz/fuzz_metric.c.
 */
#include "measure/openmetrics.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "base/text.h"

#define NAME_BYTES 128u			/* with its NUL, as metric.c takes them */
#define NUMBER_BYTES 64u
#define FILE_BYTES_MAX ((size_t)4 << 20)

/* "0.99" as p99, "0.999" as p999. */
static void append_quantile(char *name, size_t size, const char *quantile, size_t length)
{
	size_t n = strlen(name);

	if (length < 3 || quantile[0] != '0' || quantile[1] != '.' || n + length + 8 > size)
		return;
	n += (size_t)snprintf(name + n, size - n, "_p%.*s", (int)length - 2, quantile + 2);
	if (length == 3)			/* 0.5 */
		snprintf(name + n, size - n, "0");
}

/* A label's key or value as part of a name: what may not be there is an underscore. */
static void append_part(char *name, size_t size, const char *part, size_t length)
{
	size_t n = strlen(name);

	if (n + 1 < size)
		name[n++] = '.';
	for (size_t i = 0; i < length && n + 1 < size; i++)
		name[n++] = part[i] && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/",
					      part[i]) ? part[i] : '_';
	name[n] = '\0';
}

/* The quote that ends a label's value; NULL: none. */
static const char *value_end(const char *value, const char *end)
{
	while (value < end && *value != '"')
		value += *value == '\\' ? 2 : 1;
	return value < end ? value : NULL;
}

/* NAME{key="value",...} without what a metric's name may not have. */
static void make_name(char *name, size_t size, const char *line, size_t length, const char *unit)
{
	const char *brace = memchr(line, '{', length), *at = brace ? brace + 1 : NULL;
	const char *end = line + length;
	bool has_quantile = false;

	snprintf(name, size, "%.*s", (int)(brace ? brace - line : (long)length), line);
	while (at && at < end && *at != '}') {
		const char *equals = memchr(at, '=', (size_t)(end - at)), *value, *stop;

		if (!equals || equals + 1 >= end || equals[1] != '"')
			break;
		value = equals + 2;
		stop = value_end(value, end);
		if (!stop)
			break;
		if (equals - at == 8 && strncmp(at, "quantile", 8) == 0) {
			append_quantile(name, size, value, (size_t)(stop - value));
			has_quantile = true;
		} else {
			append_part(name, size, at, (size_t)(equals - at));
			append_part(name, size, value, (size_t)(stop - value));
		}
		at = stop + 1 + (stop + 1 < end && stop[1] == ',');
	}
	if (has_quantile && unit[0] && strlen(name) + strlen(unit) + 2 < size) {
		strcat(name, "_");
		strcat(name, unit);
	}
}

static void parse_line(struct np_metrics *metrics, const char *line, size_t length, const char *unit)
{
	const char *space = memrchr(line, ' ', length);
	char pair[NAME_BYTES + NUMBER_BYTES + 4], name[2 * NAME_BYTES];
	size_t number = space ? length - (size_t)(space - line) - 1 : 0;

	if (!space || number >= NUMBER_BYTES)
		return;
	make_name(name, sizeof(name), line, (size_t)(space - line), unit);
	if (strlen(name) >= NAME_BYTES) {
		metrics->dropped++;
		return;
	}
	snprintf(pair, sizeof(pair), "%s=%.*s", name, (int)number, space + 1);
	np_metrics_parse(metrics, pair, strlen(pair));
}

/* "# HELP request in ns": the unit of the values that follow. */
static void read_unit(const char *line, size_t length, char unit[16])
{
	const char *space = memrchr(line, ' ', length);

	unit[0] = '\0';
	if (length > 7 && strncmp(line, "# HELP ", 7) == 0 && space && space + 1 < line + length &&
	    length - (size_t)(space - line) < 8 && space[1] != '{')
		snprintf(unit, 16, "%.*s", (int)(length - (size_t)(space - line) - 1), space + 1);
}

void np_openmetrics_parse(struct np_metrics *metrics, const char *text, size_t size)
{
	const char *end = text + size;
	char unit[16] = "";

	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));

		stop = stop ? stop : end;
		if (*text == '#')
			read_unit(text, (size_t)(stop - text), unit);
		else
			parse_line(metrics, text, (size_t)(stop - text), unit);
		text = stop + 1;
	}
}

/* "calls_total", "calls_total.route./a": several processes count one sum. */
static bool is_sum(const char *name)
{
	static const char *const ends[] = { "_total", "_count", "_sum" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const char *at = strstr(name, ends[i]);

		if (at && (at[strlen(ends[i])] == '\0' || at[strlen(ends[i])] == '.'))
			return true;
	}
	return false;
}

/* Add what another process of the run counted. */
static void merge(struct np_metrics *run, const struct np_metrics *process)
{
	run->dropped += process->dropped;
	for (size_t i = 0; i < process->count; i++) {
		const struct np_metric *metric = &process->all[i], *sum = np_metrics_find(run, metric->name);

		if (sum && is_sum(metric->name)) {
			sum->values[0] += metric->values[0];
			continue;
		}
		for (size_t k = 0; k < metric->count; k++)
			np_metrics_add(run, metric->name, metric->values[k], false);
	}
}

void np_openmetrics_collect(struct np_metrics *metrics, const char *directory)
{
	struct np_metrics run = { 0 };
	DIR *all = opendir(directory);
	struct dirent *entry;

	while (all && (entry = readdir(all))) {
		struct np_metrics process = { 0 };
		char *path, *text;
		size_t size = 0;
		FILE *from;

		if (!np_ends_with(entry->d_name, ".metrics.txt"))
			continue;
		path = np_xasprintf("%s/%s", directory, entry->d_name);
		text = np_xcalloc(FILE_BYTES_MAX, 1);
		from = fopen(path, "re");
		if (from) {
			size = fread(text, 1, FILE_BYTES_MAX, from);
			fclose(from);
		}
		np_openmetrics_parse(&process, text, size);
		merge(&run, &process);
		np_metrics_free(&process);
		unlink(path);
		free(text);
		free(path);
	}
	if (all)
		closedir(all);
	for (size_t i = 0; i < run.count; i++) {
		for (size_t k = 0; k < run.all[i].count; k++)
			np_metrics_add(metrics, run.all[i].name, run.all[i].values[k], false);
	}
	metrics->dropped += run.dropped;
	np_metrics_free(&run);
}
