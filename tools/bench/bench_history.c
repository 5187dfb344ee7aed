/* SPDX-License-Identifier: MIT
 *
 * bench_history.c - a line per measured state, and where a metric changed.  Context: tools.
 *
 * `.neuroprof/history.jsonl` is only ever appended to.  A point's verdict may change when later ones
 * arrive: one new point is never enough.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/message.h"
#include "bench.h"
#include "measure/change_points.h"
#include "measure/order.h"

#define POINTS_MAX 64u
#define ALPHA	   0.001
#define LEAST	   0.01

static const char usage[] =
	"history add RESULTS.json [--name LABEL] [OPTION]...\n"
	"       neuroprof-bench history show [--metric NAME] [OPTION]...\n"
	"Keep the medians of `run -f json`, and say where a metric changed on this machine.";

static double median_of_runs(const json_t *runs, const char *metric)
{
	double *values = np_xcalloc(json_array_size(runs) + 1, sizeof(*values)), median;
	size_t index, count = 0;
	const json_t *run;

	json_array_foreach(runs, index, run) {
		const json_t *of = json_object_get(json_object_get(run, "metrics"), metric);

		if (json_array_size(of))
			values[count++] = json_number_value(json_array_get(of, 0));
	}
	median = count ? np_order_median(values, count) : NAN;
	free(values);
	return median;
}

static json_t *medians_of(const json_t *entry)
{
	const json_t *arms = json_object_get(entry, "arms");
	const json_t *runs = json_object_get(json_array_get(arms, json_array_size(arms) - 1), "runs");
	json_t *names = json_object_get(json_array_get(runs, 0), "metrics"), *values;
	json_t *medians = json_object();
	const char *name;

	json_object_foreach(names, name, values)
		json_object_set_new(medians, name, json_real(median_of_runs(runs, name)));
	return medians;
}

static json_t *line_of(const json_t *results, const char *label)
{
	json_t *line = json_object(), *all = json_array(), *entry;
	size_t index;

	json_object_set_new(line, "schema", json_string("neuroprof-bench-history/1"));
	json_object_set_new(line, "time", json_integer((json_int_t)time(NULL)));
	json_object_set_new(line, "label", json_string(label ? label : ""));
	json_object_set(line, "machine",
		json_object_get(json_object_get(results, "machine"), "fingerprint"));
	json_array_foreach(json_object_get(results, "benchmarks"), index, entry) {
		json_t *point = json_object();

		json_object_set(point, "benchmark", json_object_get(entry, "benchmark"));
		json_object_set(point, "case", json_object_get(entry, "case"));
		json_object_set_new(point, "metrics", medians_of(entry));
		json_array_append_new(all, point);
	}
	json_object_set_new(line, "benchmarks", all);
	return line;
}

static int append(const struct np_bench_settings *settings, const char *path, const char *results_path)
{
	json_error_t error;
	json_t *results = json_load_file(results_path, 0, &error), *line;
	const char *schema = json_string_value(json_object_get(results, "schema"));
	int status = NP_EXIT_OK;
	FILE *to;

	if (!schema || strcmp(schema, "neuroprof-bench/1") != 0) {
		np_error("'%s' is no result of neuroprof-bench run -f json: %s", results_path,
			 results ? "its schema is another" : error.text);
		json_decref(results);
		return NP_EXIT_FAILURE;
	}
	if (mkdir(settings->directory, 0777) != 0 && errno != EEXIST)
		np_note("cannot make '%s': %s", settings->directory, strerror(errno));
	to = fopen(path, "ae");
	line = line_of(results, settings->name);
	if (!to || json_dumpf(line, to, JSON_COMPACT) != 0 || fputc('\n', to) == EOF || fclose(to) != 0) {
		np_error("cannot append to '%s': %s", path, strerror(errno));
		status = NP_EXIT_FAILURE;
	}
	json_decref(line);
	json_decref(results);
	return status;
}

/* All lines of this machine, as an array of points with their labels. */
static json_t *load(const char *path, const char *machine, int *status)
{
	FILE *from = fopen(path, "re");
	json_t *lines = json_array();
	size_t number = 0, room = 0;
	char *text = NULL;

	*status = NP_EXIT_OK;
	if (!from) {
		np_error("cannot open '%s': %s; 'history add' begins it", path, strerror(errno));
		*status = NP_EXIT_FAILURE;
	}
	while (from && getline(&text, &room, from) > 0) {
		json_t *line = json_loads(text, 0, NULL);
		const char *of = json_string_value(json_object_get(line, "machine"));

		number++;
		if (!line)
			np_note("'%s' line %zu is damaged: left out", path, number);
		else if (of && strcmp(of, machine) == 0)
			json_array_append(lines, line);
		json_decref(line);
	}
	free(text);
	if (from)
		fclose(from);
	return lines;
}

struct series {
	double *values;
	const char **labels;
	size_t count;
};

static struct series collect(const json_t *lines, const char *benchmark, const char *case_name,
			     const char *metric)
{
	struct series series = { np_xcalloc(json_array_size(lines) + 1, sizeof(double)),
		np_xcalloc(json_array_size(lines) + 1, sizeof(char *)), 0 };
	const json_t *line, *point;
	size_t index, inner;

	json_array_foreach(lines, index, line) {
		json_array_foreach(json_object_get(line, "benchmarks"), inner, point) {
			const json_t *value = json_object_get(json_object_get(point, "metrics"), metric);
			const char *b = json_string_value(json_object_get(point, "benchmark"));
			const char *c = json_string_value(json_object_get(point, "case"));
			const char *label = json_string_value(json_object_get(line, "label"));

			if (!json_is_number(value) || !b || !c || strcmp(b, benchmark) != 0 ||
			    strcmp(c, case_name) != 0)
				continue;
			series.values[series.count] = json_number_value(value);
			series.labels[series.count++] = label ? label : "";
		}
	}
	return series;
}

static void show_metric(const json_t *lines, const char *benchmark, const char *case_name,
			const char *metric)
{
	struct series series = collect(lines, benchmark, case_name, metric);
	struct np_change_point points[POINTS_MAX];
	size_t found = np_change_points(series.values, series.count, ALPHA, LEAST, points, POINTS_MAX);

	printf("%s%s%s %s: %zu points, ", benchmark, case_name[0] ? " " : "", case_name, metric,
	       series.count);
	printf(found ? "%zu change%s\n" : "no change\n", found, found == 1 ? "" : "s");
	for (size_t i = 0; i < found; i++)
		printf("  at point %zu%s%s: %.4g -> %.4g %s (%+.1f %%, p = %.1g)\n", points[i].at + 1,
		       series.labels[points[i].at][0] ? " " : "", series.labels[points[i].at],
		       points[i].before, points[i].after, np_metric_unit(metric),
		       100 * (points[i].after / points[i].before - 1), points[i].p);
	free(series.values);
	free(series.labels);
}

static int show(const struct np_bench_settings *settings, const char *path)
{
	struct np_machine machine;
	const json_t *newest, *point;
	json_t *lines, *value;
	const char *metric;
	size_t index;
	int status;

	np_machine_read(&machine);
	lines = load(path, machine.fingerprint, &status);
	newest = json_array_get(lines, json_array_size(lines) - 1);
	if (status == NP_EXIT_OK && !newest) {
		np_error("'%s' has no line of this machine, %s", path, machine.fingerprint);
		status = NP_EXIT_FAILURE;
	}
	json_array_foreach(json_object_get(newest, "benchmarks"), index, point) {
		const char *benchmark = json_string_value(json_object_get(point, "benchmark"));
		const char *case_name = json_string_value(json_object_get(point, "case"));

		json_object_foreach(json_object_get(point, "metrics"), metric, value) {
			if (benchmark && case_name &&
			    (settings->rules.metric ? strcmp(metric, settings->rules.metric) == 0
						    : np_metric_direction(metric) != NP_NO_DIRECTION))
				show_metric(lines, benchmark, case_name, metric);
		}
	}
	json_decref(lines);
	return status;
}

int np_bench_history(int argc, char **argv)
{
	struct np_bench_settings settings;
	char *path;
	int status;

	np_bench_options(&settings, argc, argv, usage);
	path = np_xasprintf("%s/history.jsonl", settings.directory);
	if (settings.file_count == 2 && strcmp(settings.files[0], "add") == 0) {
		status = append(&settings, path, settings.files[1]);
	} else if (settings.file_count == 0 ||
		   (settings.file_count == 1 && strcmp(settings.files[0], "show") == 0)) {
		status = show(&settings, path);
	} else {
		np_error("it is: neuroprof-bench history add RESULTS.json, or history show");
		status = NP_EXIT_USAGE;
	}
	free(path);
	return status;
}
