/* SPDX-License-Identifier: MIT
 *
 * units.c - numbers in words.  Context: tools.
 */
#include "analyze/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/visible.h"
#include "base/message.h"
#include "profile/intern.h"

#define NOTES_MAX 60u	/* of several recordings; more are a wall */

static const struct {
	const char *name;
	double seconds;
} time_units[] = {
	{ "nanoseconds", 1e-9 }, { "nanosecond", 1e-9 }, { "ns", 1e-9 },
	{ "microseconds", 1e-6 }, { "microsecond", 1e-6 }, { "us", 1e-6 },
	{ "milliseconds", 1e-3 }, { "millisecond", 1e-3 }, { "ms", 1e-3 },
	{ "seconds", 1 }, { "second", 1 }, { "s", 1 },
};

static double seconds_per_unit(const char *unit)
{
	for (size_t i = 0; unit && i < sizeof(time_units) / sizeof(*time_units); i++)
		if (strcmp(unit, time_units[i].name) == 0)
			return time_units[i].seconds;
	return 0;
}

bool np_units_is_time(const struct np_tree_meta *meta)
{
	return seconds_per_unit(meta->value_unit) > 0;
}

void np_units_count(char *to, uint64_t count)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)count);

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
}

void np_units_percent(char *to, double share)
{
	double percent = share * 100;

	if (percent <= 0)
		strcpy(to, "0 %");
	else if (percent >= 100.5)	/* of another side's whole */
		snprintf(to, NP_UNITS_TEXT, "%.0f %%", percent);
	else if (percent >= 100)
		strcpy(to, "100 %");
	else if (percent >= 99.95)
		strcpy(to, ">99.9 %");
	else if (percent < 0.0005)
		strcpy(to, "<0.001 %");
	else
		snprintf(to, NP_UNITS_TEXT, percent >= 9.995 ? "%.1f %%" : percent >= 0.0995 ? "%.2f %%"
			 : "%.3f %%", percent);
}

static double divide(uint64_t value, unsigned decimals)
{
	double result = (double)value;

	while (decimals-- > 0)
		result /= 10;
	return result;
}

void np_units_time(char *to, double seconds)
{
	static const struct {
		double least;
		double factor;
		const char *format;
	} steps[] = {
		{ 100, 1, "%.1f s" },	  { 0.9995, 1, "%.2f s" },   { 0.09995, 1e3, "%.0f ms" },
		{ 1e-3, 1e3, "%.2f ms" }, { 1e-6, 1e6, "%.1f \xc2\xb5s" }, { 0, 1e9, "%.0f ns" },
	};
	size_t i = 0;

	while (seconds < steps[i].least)
		i++;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(to, NP_UNITS_TEXT, steps[i].format, seconds * steps[i].factor);
#pragma GCC diagnostic pop
}

static void bytes_text(char *to, double bytes)
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	size_t i = 0;

	for (; bytes >= 1024 && i + 1 < sizeof(names) / sizeof(*names); i++)
		bytes /= 1024;
	snprintf(to, NP_UNITS_TEXT, i ? "%.1f %s" : "%.0f %s", bytes, names[i]);
}

static void count_text(char *to, const struct np_tree_meta *meta, uint64_t value)
{
	const char *what = strcmp(meta->value_unit, "count") == 0 ? meta->value_type : meta->value_unit;
	uint64_t scale = 1;
	int length = (int)strnlen(what, 24), n;

	for (unsigned i = 0; i < meta->decimals; i++)
		scale *= 10;
	np_units_count(to, value / scale);
	n = (int)strlen(to);
	if (scale > 1)
		n += snprintf(to + n, NP_UNITS_TEXT - (size_t)n, ".%0*llu", (int)meta->decimals,
			      (unsigned long long)(value % scale));
	else if (value == 1 && length > 1 && what[length - 1] == 's')
		length--;
	snprintf(to + n, NP_UNITS_TEXT - (size_t)n, " %.*s", length, what);
}

void np_units_value(char *to, const struct np_tree_meta *meta, uint64_t value)
{
	double seconds = seconds_per_unit(meta->value_unit);

	if (seconds > 0)
		np_units_time(to, divide(value, meta->decimals) * seconds);
	else if (strcmp(meta->value_unit, "bytes") == 0)
		bytes_text(to, divide(value, meta->decimals));
	else
		count_text(to, meta, value);
}

bool np_units_seconds(const struct np_tree_meta *meta, uint64_t value, double *ret)
{
	*ret = divide(value, meta->decimals) * seconds_per_unit(meta->value_unit);
	return np_units_is_time(meta);
}

bool np_units_samples(const struct np_tree_meta *meta, uint64_t samples, double *ret)
{
	if (meta->samples_known) {
		*ret = (double)samples;
		return true;
	}
	/* Copies of the value. */
	*ret = divide(samples, meta->decimals);
	if (strcmp(meta->value_unit, "count") == 0 && strcmp(meta->value_type, "samples") == 0)
		return true;
	if (meta->period > 0) {
		*ret /= (double)meta->period;
		return true;
	}
	return false;
}

char *np_units_summary(struct np_tree *tree)
{
	const struct np_tree_meta *meta = np_tree_meta(tree);
	const struct np_node *root = np_tree_node(tree, 0);
	char value[NP_UNITS_TEXT], samples[NP_UNITS_TEXT], wall[NP_UNITS_TEXT] = "";
	bool is_time = np_units_is_time(meta);
	char *text, *visible;

	np_units_value(value, meta, root->total);
	np_units_count(samples, np_tree_total_samples(tree, 0));
	if (meta->duration_ns)
		np_units_time(wall, (double)meta->duration_ns * 1e-9);
	text = np_xasprintf("%s%s%s%s%s%s%s%s%s%s",
			    meta->samples_known ? samples : "",
			    meta->samples_known ? " samples \xc2\xb7 " : "", value, is_time ? " " : "",
			    is_time ? meta->value_type : "", *wall ? " in " : "", wall,
			    *wall ? " of wall time" : "",
			    meta->command && *meta->command ? " \xc2\xb7 " : "",
			    meta->command ? meta->command : "");
	visible = np_visible(text, NP_VISIBLE_NAME_MAX);
	free(text);
	return visible;
}

/* Who measured what is in the summary already. */
static bool is_quality(const char *comment)
{
	return strncmp(comment, "neuroprof ", 10) != 0 && strncmp(comment, "process: ", 9) != 0;
}

/* Of the comments that say something of quality: how often each is there, by its number in NOTES, which is
 * the order of their first. */
static uint32_t *count_notes(const struct np_tree *tree, struct np_intern *notes)
{
	size_t comments = np_tree_comment_count(tree);
	uint32_t *counts = np_xcalloc(comments + 1, sizeof(*counts));

	for (size_t i = 0; i < comments; i++) {
		const char *comment = np_tree_comment(tree, i);

		if (is_quality(comment))
			counts[np_intern_get(notes, comment, strlen(comment), NULL)]++;
	}
	return counts;
}

char *np_units_notes(const struct np_tree *tree)
{
	struct np_intern seen;
	char *notes = NULL;
	uint32_t *counts;
	size_t size;
	FILE *to = open_memstream(&notes, &size);

	if (!to)
		np_die(NP_EXIT_FAILURE, "out of memory");
	np_intern_init(&seen);
	counts = count_notes(tree, &seen);
	for (uint32_t i = 0; i < seen.count && i < NOTES_MAX; i++) {
		char *visible = np_visible(seen.entries[i].bytes, NP_VISIBLE_NAME_MAX);

		fprintf(to, "%s%s", i ? " \xc2\xb7 " : "", visible);
		if (counts[i] > 1)
			fprintf(to, " (%u times)", counts[i]);
		free(visible);
	}
	if (seen.count > NOTES_MAX)
		fprintf(to, " \xc2\xb7 \xe2\x80\xa6 and %u more", seen.count - NOTES_MAX);
	np_intern_finish(&seen);
	free(counts);
	if (fclose(to) != 0)
		np_die(NP_EXIT_FAILURE, "out of memory");
	return notes;
}

const char *np_units_kind(enum np_kind kind)
{
	static const char *const names[NP_KIND_MAX] = {
		[NP_KIND_UNKNOWN] = "unknown", [NP_KIND_OWN] = "own code",
		[NP_KIND_LIBRARY] = "library", [NP_KIND_RUNTIME] = "runtime",
		[NP_KIND_KERNEL] = "kernel",   [NP_KIND_JIT] = "JIT",
		[NP_KIND_PROCESS] = "process", [NP_KIND_THREAD] = "thread",
		[NP_KIND_MARKER] = "marker",
	};

	return (unsigned)kind < NP_KIND_MAX ? names[kind] : names[NP_KIND_UNKNOWN];
}
