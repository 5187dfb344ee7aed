/* SPDX-License-Identifier: MIT
 *
 * openmetrics.c - metrics of a run from OpenMetrics text.  Context: tools.
 *
 * Untrusted input: fuzzed by tests/fuzz/fuzz_metric.c.
 */
#include "measure/openmetrics.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "base/text.h"

#define LINE_BYTES 512u
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

/* NAME{key="value",...} without what a metric's name may not have. */
static void make_name(char *name, size_t size, const char *line, size_t length, const char *unit)
{
	const char *brace = memchr(line, '{', length), *at = brace ? brace + 1 : NULL;
	const char *end = line + length;
	bool has_quantile = false;

	snprintf(name, size, "%.*s", (int)(brace ? brace - line : (long)length), line);
	while (at && at < end && *at != '}') {
		const char *equals = memchr(at, '=', (size_t)(end - at)), *value, *stop;
		size_t n = strlen(name);

		if (!equals || equals + 1 >= end || equals[1] != '"')
			break;
		value = equals + 2;
		stop = memchr(value, '"', (size_t)(end - value));
		if (!stop)
			break;
		if (equals - at == 8 && strncmp(at, "quantile", 8) == 0) {
			append_quantile(name, size, value, (size_t)(stop - value));
			has_quantile = true;
		} else if (n < size) {
			snprintf(name + n, size - n, ".%.*s.%.*s", (int)(equals - at), at,
				 (int)(stop - value), value);
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
	char pair[LINE_BYTES], name[LINE_BYTES / 2];

	if (!space || length >= LINE_BYTES / 2)
		return;
	make_name(name, sizeof(name), line, (size_t)(space - line), unit);
	snprintf(pair, sizeof(pair), "%s=%.*s", name, (int)(length - (size_t)(space - line) - 1), space + 1);
	np_metrics_parse(metrics, pair, strlen(pair));
}

/* "# HELP request in ns": the unit of the values that follow. */
static void read_unit(const char *line, size_t length, char unit[16])
{
	const char *space = memrchr(line, ' ', length);

	unit[0] = '\0';
	if (length > 7 && strncmp(line, "# HELP ", 7) == 0 && space && length - (size_t)(space - line) < 8 &&
	    space[1] != '{')
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

void np_openmetrics_collect(struct np_metrics *metrics, const char *directory)
{
	DIR *all = opendir(directory);
	struct dirent *entry;

	while (all && (entry = readdir(all))) {
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
		np_openmetrics_parse(metrics, text, size);
		unlink(path);
		free(text);
		free(path);
	}
	if (all)
		closedir(all);
}
