/* SPDX-License-Identifier: MIT
 *
 * bench_ci.c - a report for the machines of a CI: JUnit, SARIF, OpenMetrics, and the files of
 * github-action-benchmark and Bencher.  Context: tools.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../flamegraph/xml.h"
#include "base/message.h"
#include "base/utf8.h"
#include "bench.h"

#define FAMILY_BYTES 160u

static json_t *text(const char *value)
{
	json_t *string = json_string(value);

	return string ? string : json_string("(not UTF-8)");
}

static char *full_name(const struct np_comparison *comparison)
{
	return np_xasprintf("%s%s%s", comparison->benchmark, comparison->case_name[0] ? " " : "",
			    comparison->case_name);
}

/* The newest figure: of the new arm, or of the only one. */
static double newest(const struct np_bench_report *report, const struct np_judgement *judgement)
{
	return report->is_pair ? judgement->new_value : judgement->old_value;
}

static bool is_bad(enum np_verdict verdict)
{
	return verdict == NP_REGRESSION || verdict == NP_REVERT;
}

/* What a run says of one metric; NULL: nothing to complain about.  To be freed. */
static char *complaint(const struct np_bench_report *report, const struct np_comparison *comparison,
		       const struct np_judgement *judgement)
{
	char sentence[512];

	if (report->is_pair && (judgement->is_primary || judgement->is_tail) &&
	    is_bad(judgement->verdict) && !comparison->invalid[0]) {
		np_bench_sentence(sentence, sizeof(sentence), comparison, judgement);
		return np_xstrdup(sentence);
	}
	if (judgement->is_absent)
		return np_xasprintf("no run told %s, which has a target", judgement->metric);
	if (judgement->target_missed)
		return np_xasprintf("%s is %g %s: outside its target", judgement->metric,
				    newest(report, judgement), judgement->unit);
	return NULL;
}

static void junit_case(FILE *to, const struct np_bench_report *report,
		       const struct np_comparison *comparison, const struct np_judgement *judgement)
{
	char *name = full_name(comparison), *failure = complaint(report, comparison, judgement);

	fputs("  <testcase classname=\"", to);
	np_xml_put_raw(to, name);
	fputs("\" name=\"", to);
	np_xml_put_raw(to, judgement->metric);
	fprintf(to, "\" time=\"%.3f\">\n", comparison->session->elapsed_s / (double)comparison->count);
	fprintf(to, "    <properties><property name=\"value\" value=\"%.9g\"/>", newest(report, judgement));
	if (report->is_pair)
		fprintf(to, "<property name=\"ln(new/old)\" value=\"%.6g\"/><property name=\"low\" "
			"value=\"%.6g\"/><property name=\"high\" value=\"%.6g\"/>",
			judgement->effect.log_ratio, judgement->effect.low, judgement->effect.high);
	fputs("</properties>\n", to);
	if (comparison->invalid[0] && judgement->is_primary) {
		fputs("    <error type=\"invalid\" message=\"", to);
		np_xml_put_raw(to, comparison->invalid);
		fputs("\"/>\n", to);
	} else if (failure) {
		fprintf(to, "    <failure type=\"%s\" message=\"",
			judgement->target_missed ? "target" : "regression");
		np_xml_put_raw(to, failure);
		fputs("\"/>\n", to);
	} else if (report->is_pair && judgement->verdict == NP_INCONCLUSIVE && judgement->is_primary) {
		fputs("    <skipped message=\"inconclusive\"/>\n", to);
	}
	fputs("  </testcase>\n", to);
	free(failure);
	free(name);
}

void np_bench_junit(FILE *to, const struct np_bench_report *report)
{
	size_t tests = 0, failures = 0, errors = 0;

	for (size_t i = 0; i < report->count; i++) {
		const struct np_comparison *comparison = &report->all[i];

		tests += comparison->count;
		for (size_t k = 0; k < comparison->count; k++) {
			char *failure = complaint(report, comparison, &comparison->all[k]);

			if (comparison->invalid[0] && comparison->all[k].is_primary)
				errors++;
			else if (failure)
				failures++;
			free(failure);
		}
	}
	fprintf(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"neuroprof-bench\" "
		"tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n", tests, failures, errors);
	for (size_t i = 0; i < report->count; i++) {
		for (size_t k = 0; k < report->all[i].count; k++)
			junit_case(to, report, &report->all[i], &report->all[i].all[k]);
	}
	fputs("</testsuite>\n", to);
}

static bool is_alphanumeric(char c)	/* ASCII, whatever the locale */
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* A path as a URI reference. */
static json_t *uri(const char *path)
{
	char *to = np_xcalloc(3 * strlen(path) + 8, 1), *at = to;
	json_t *value;

	if (*path == '/')
		at += sprintf(at, "file://");
	for (; *path; path++) {
		if (is_alphanumeric(*path) || strchr("/._-~", *path))
			*at++ = *path;
		else
			at += sprintf(at, "%%%02X", (unsigned char)*path);
	}
	value = text(to);
	free(to);
	return value;
}

/* The benchmark file, where there is one: code scanning shows no result without a place. */
static json_t *location(const struct np_comparison *comparison, const char *name)
{
	json_t *place = json_object(), *physical = json_object(), *artifact = json_object();
	json_t *region = json_object(), *logical = json_object(), *all = json_array();

	json_object_set_new(logical, "fullyQualifiedName", text(name));
	json_array_append_new(all, logical);
	json_object_set_new(place, "logicalLocations", all);
	if (comparison->spec_path) {
		json_object_set_new(artifact, "uri", uri(comparison->spec_path));
		json_object_set_new(region, "startLine", json_integer(1));
		json_object_set(physical, "artifactLocation", artifact);
		json_object_set(physical, "region", region);
		json_object_set(place, "physicalLocation", physical);
	}
	json_decref(physical);
	json_decref(artifact);
	json_decref(region);
	all = json_array();
	json_array_append_new(all, place);
	return all;
}

static json_t *sarif_result(const struct np_comparison *comparison,
			    const struct np_judgement *judgement, const char *message)
{
	char *name = full_name(comparison), *mark;
	json_t *result = json_object(), *object = json_object();

	json_object_set_new(result, "ruleId",
		text(judgement->target_missed ? "target-missed" : "regression"));
	json_object_set_new(result, "level", text("error"));
	mark = np_xasprintf("%s: %s", name, message);
	json_object_set_new(object, "text", text(mark));
	json_object_set_new(result, "message", object);
	json_object_set_new(result, "locations", location(comparison, name));
	free(mark);
	mark = np_xasprintf("%s/%s", name, judgement->metric);
	object = json_object();
	json_object_set_new(object, "benchmarkMetric/v1", text(mark));
	json_object_set_new(result, "partialFingerprints", object);
	free(mark);
	free(name);
	return result;
}

static json_t *sarif_rule(const char *id, const char *description)
{
	json_t *rule = json_object(), *object = json_object();

	json_object_set_new(rule, "id", text(id));
	json_object_set_new(object, "text", text(description));
	json_object_set_new(rule, "shortDescription", object);
	return rule;
}

void np_bench_sarif(FILE *to, const struct np_bench_report *report)
{
	json_t *log = json_object(), *runs = json_array(), *run = json_object(), *tool = json_object();
	json_t *driver = json_object(), *results = json_array(), *rules = json_array();

	json_array_append_new(rules, sarif_rule("regression", "A benchmark became worse"));
	json_array_append_new(rules, sarif_rule("target-missed", "A metric is outside its target"));
	json_object_set_new(driver, "name", text("neuroprof-bench"));
	json_object_set_new(driver, "version", text(NP_VERSION));
	json_object_set_new(driver, "rules", rules);
	json_object_set_new(tool, "driver", driver);
	json_object_set_new(run, "tool", tool);
	for (size_t i = 0; i < report->count; i++) {
		for (size_t k = 0; k < report->all[i].count; k++) {
			const struct np_judgement *judgement = &report->all[i].all[k];
			char *message = complaint(report, &report->all[i], judgement);

			if (message)
				json_array_append_new(results, sarif_result(&report->all[i], judgement,
									    message));
			free(message);
		}
	}
	json_object_set_new(run, "results", results);
	json_array_append_new(runs, run);
	json_object_set_new(log, "$schema", text("https://json.schemastore.org/sarif-2.1.0.json"));
	json_object_set_new(log, "version", text("2.1.0"));
	json_object_set_new(log, "runs", runs);
	json_dumpf(log, to, JSON_INDENT(1));
	fputc('\n', to);
	json_decref(log);
}

/* A byte that is no UTF-8, or a character that cannot be seen, would break the file or its reader. */
static void label(FILE *to, const char *value)
{
	size_t size = strlen(value);

	for (size_t i = 0, length; i < size; i += length ? length : 1) {
		length = np_utf8_sequence(value + i, size - i);
		if (value[i] == '\n')
			fputs("\\n", to);
		else if (value[i] == '"' || value[i] == '\\')
			fprintf(to, "\\%c", value[i]);
		else if (length == 0 || np_utf8_is_hidden(np_utf8_decode(value + i, length)))
			fputs("\xef\xbf\xbd", to);		/* U+FFFD */
		else
			fwrite(value + i, 1, length, to);
	}
}

static void make_family(char *family, size_t size, const char *metric)
{
	snprintf(family, size, "neuroprof_bench_%.128s", metric);
	for (; *family; family++)
		*family = is_alphanumeric(*family) ? *family : '_';
}

static bool is_of_family(const struct np_judgement *judgement, const char *family)
{
	char own[FAMILY_BYTES];

	make_family(own, sizeof(own), judgement->metric);
	return strcmp(own, family) == 0;
}

static bool is_family_seen(const struct np_bench_report *report, size_t benchmark, size_t metric,
			   const char *family)
{
	for (size_t i = 0; i <= benchmark; i++) {
		for (size_t k = 0; k < (i == benchmark ? metric : report->all[i].count); k++) {
			if (is_of_family(&report->all[i].all[k], family))
				return true;
		}
	}
	return false;
}

static void put_sample(FILE *to, const struct np_bench_report *report,
		       const struct np_comparison *comparison, const struct np_judgement *judgement,
		       const char *family)
{
	fprintf(to, "%s{benchmark=\"", family);
	label(to, comparison->benchmark);
	fputs("\",case=\"", to);
	label(to, comparison->case_name);
	if (strcmp(judgement->metric, family + strlen("neuroprof_bench_")) != 0) {
		fputs("\",metric=\"", to);	/* "a.b" and "a_b" are one family */
		label(to, judgement->metric);
	}
	fprintf(to, "\"} %.12g\n", newest(report, judgement));
}

/* A family's samples stand together, so families come first and benchmarks within. */
void np_bench_openmetrics(FILE *to, const struct np_bench_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		for (size_t k = 0; k < report->all[i].count; k++) {
			char family[FAMILY_BYTES];

			make_family(family, sizeof(family), report->all[i].all[k].metric);
			if (is_family_seen(report, i, k, family))
				continue;
			fprintf(to, "# TYPE %s gauge\n", family);
			for (size_t other = i; other < report->count; other++) {
				const struct np_comparison *comparison = &report->all[other];

				for (size_t m = 0; m < comparison->count; m++) {
					if (is_of_family(&comparison->all[m], family) &&
					    !comparison->all[m].is_absent)
						put_sample(to, report, comparison, &comparison->all[m], family);
				}
			}
		}
	}
	fputs("# EOF\n", to);
}

/* The scatter of the runs, as that file's "range" wants it. */
static double half_spread(const struct np_bench_report *report, const struct np_comparison *comparison,
			  const char *metric)
{
	struct np_series series = np_arm_series(&comparison->session->arms[report->is_pair], metric);
	double least = INFINITY, most = -INFINITY;

	for (size_t i = 0; i < series.runs; i++) {
		least = fmin(least, series.values[i][0]);
		most = fmax(most, series.values[i][0]);
	}
	np_series_free(&series);
	return most >= least ? (most - least) / 2 : 0;
}

/* customSmallerIsBetter: that file has one direction, so what is better when higher stays out. */
void np_bench_gab(FILE *to, const struct np_bench_report *report)
{
	json_t *all = json_array();

	for (size_t i = 0; i < report->count; i++) {
		const struct np_comparison *comparison = &report->all[i];

		for (size_t k = 0; k < comparison->count; k++) {
			const struct np_judgement *judgement = &comparison->all[k];
			json_t *entry;
			char *name, *range, *whole;

			if (judgement->direction == NP_HIGHER_IS_BETTER || judgement->is_absent)
				continue;
			entry = json_object();
			whole = full_name(comparison);
			name = np_xasprintf("%s: %s", whole, judgement->metric);
			range = np_xasprintf("%.4g", half_spread(report, comparison, judgement->metric));
			json_object_set_new(entry, "name", text(name));
			json_object_set_new(entry, "unit", text(judgement->unit));
			json_object_set_new(entry, "value", json_real(newest(report, judgement)));
			json_object_set_new(entry, "range", text(range));
			json_array_append_new(all, entry);
			free(whole);
			free(name);
			free(range);
		}
	}
	json_dumpf(all, to, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
	fputc('\n', to);
	json_decref(all);
}

/* Bencher Metric Format: {benchmark: {measure: {value, lower_value, upper_value}}}. */
void np_bench_bencher(FILE *to, const struct np_bench_report *report)
{
	json_t *all = json_object();

	for (size_t i = 0; i < report->count; i++) {
		const struct np_comparison *comparison = &report->all[i];
		json_t *measures = json_object();
		char *name = full_name(comparison);

		for (size_t k = 0; k < comparison->count; k++) {
			const struct np_judgement *judgement = &comparison->all[k];
			double half = half_spread(report, comparison, judgement->metric);
			json_t *measure;

			if (judgement->is_absent)
				continue;
			measure = json_object();
			json_object_set_new(measure, "value", json_real(newest(report, judgement)));
			json_object_set_new(measure, "lower_value",
				json_real(newest(report, judgement) - half));
			json_object_set_new(measure, "upper_value",
				json_real(newest(report, judgement) + half));
			json_object_set_new(measures, judgement->metric, measure);
		}
		json_object_set_new(all, name, measures);
		free(name);
	}
	json_dumpf(all, to, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
	fputc('\n', to);
	json_decref(all);
}
