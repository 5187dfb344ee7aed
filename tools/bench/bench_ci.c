/* SPDX-License-Identifier: MIT
 *
 * bench_ci.c - a report for the machines of a CI: JUnit, SARIF, OpenMetrics, and the files of
 * github-action-benchmark and Bencher.  Context: tools.
 */
#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../flamegraph/xml.h"
#include "base/message.h"
#include "bench.h"

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

static void label(FILE *to, const char *value)
{
	for (; *value; value++) {
		if (*value == '\n')
			fputs("\\n", to);
		else if (*value == '"' || *value == '\\')
			fprintf(to, "\\%c", *value);
		else
			fputc(*value, to);
	}
}

/* A family's samples stand together, so families come first and benchmarks within. */
void np_bench_openmetrics(FILE *to, const struct np_bench_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		for (size_t k = 0; k < report->all[i].count; k++) {
			const char *metric = report->all[i].all[k].metric;
			bool seen = false;
			char family[160];
			size_t n;

			for (size_t before = 0; before < i && !seen; before++) {
				for (size_t m = 0; m < report->all[before].count && !seen; m++)
					seen = strcmp(report->all[before].all[m].metric, metric) == 0;
			}
			if (seen)
				continue;
			n = (size_t)snprintf(family, sizeof(family), "neuroprof_bench_%.128s", metric);
			for (size_t c = 0; c < n; c++)
				family[c] = isalnum((unsigned char)family[c]) ? family[c] : '_';
			fprintf(to, "# TYPE %s gauge\n", family);
			for (size_t other = i; other < report->count; other++) {
				for (size_t m = 0; m < report->all[other].count; m++) {
					const struct np_judgement *judgement = &report->all[other].all[m];

					if (strcmp(judgement->metric, metric) != 0)
						continue;
					fprintf(to, "%s{benchmark=\"", family);
					label(to, report->all[other].benchmark);
					fputs("\",case=\"", to);
					label(to, report->all[other].case_name);
					fprintf(to, "\"} %.12g\n", newest(report, judgement));
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

			if (judgement->direction == NP_HIGHER_IS_BETTER)
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
			json_t *measure = json_object();

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
