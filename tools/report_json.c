/* SPDX-License-Identifier: MIT
 *
 * report_json.c - the ranking with every factor, for programs.
 *
 * Context: tools.  Schema: NP_REPORT_SCHEMA; fields are only ever added to it.  Names are the
 * profile's own; bytes that are not UTF-8 stand as "\xNN".  All but ASCII is escaped, so that the
 * output is harmless on a terminal too.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/units.h"
#include "base/message.h"
#include "base/utf8.h"
#include "report.h"

static json_t *must(json_t *value)
{
	if (!value)
		np_die(NP_EXIT_FAILURE, "out of memory");
	return value;
}

static void set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, must(value)) != 0)
		np_die(NP_EXIT_FAILURE, "out of memory");
}

static json_t *text(const char *bytes)
{
	size_t length = strlen(bytes);
	char *clean = np_xcalloc(length * 4 + 1, 1);
	json_t *value;

	np_utf8_clean(clean, bytes, length);
	value = must(json_string(clean));
	free(clean);
	return value;
}

static json_t *text_or_null(const char *bytes)
{
	return bytes && *bytes ? text(bytes) : json_null();
}

/* JSON has no infinity, and jansson no unsigned integers. */
static json_t *real(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *integer(uint64_t value)
{
	return value <= INT64_MAX ? json_integer((json_int_t)value) : json_real((double)value);
}

static json_t *samples(const struct np_report *report, uint64_t count)
{
	double value;

	if (!np_units_samples(np_tree_meta(report->tree), count, &value))
		return json_null();
	return value == floor(value) && value < 9e15 ? json_integer((json_int_t)value) : json_real(value);
}

static json_t *gain(double saves)
{
	json_t *object = must(json_object());

	set(object, "saves", real(saves));
	set(object, "speedup", real(np_rank_speedup(saves)));
	return object;
}

static json_t *complexity(const struct np_report *report, const struct np_rank_row *row)
{
	const struct np_complexity_verdict *verdict = &row->verdict;
	json_t *object = must(json_object());

	set(object, "value", real(verdict->complexity));
	set(object, "from", text(verdict->complexity_from_rule ? "rule"
				 : np_complexity_default_name(verdict->from)));
	set(object, "rule_line", verdict->rule ? json_integer(verdict->rule->line) : json_null());
	return object;
}

static json_t *impact(const struct np_rank_row *row)
{
	json_t *object;

	if (!(row->verdict.max_speedup > 0))
		return json_null();
	object = must(json_object());
	set(object, "category", text_or_null(np_category_name(row->verdict.category)));
	set(object, "max_speedup", real(row->verdict.max_speedup));
	set(object, "impact", real(row->impact));
	set(object, "bounded", gain(row->saves_max));
	return object;
}

static json_t *part(const struct np_report *report, uint64_t value, uint64_t count, double share,
		    double lower)
{
	json_t *object = must(json_object());

	set(object, "value", integer(value));
	set(object, "share", real(share));
	set(object, "share_lower95", report->ranking->samples_known ? real(lower) : json_null());
	set(object, "samples", samples(report, count));
	return object;
}

static json_t *calls(const struct np_report *report, const struct np_rank_row *row)
{
	json_t *object;

	if (report->ranking->calls == NP_CALLS_UNKNOWN || row->calls == 0)
		return json_null();
	object = must(json_object());
	set(object, "count", integer(row->calls));
	set(object, "share", real(row->calls_share));
	return object;
}

static json_t *row_object(const struct np_report *report, const struct np_rank_row *row, size_t rank)
{
	json_t *object = must(json_object());

	set(object, "rank", json_integer((json_int_t)rank));
	set(object, "function", text(row->name));
	set(object, "module", text_or_null(row->module));
	set(object, "file", text_or_null(row->file));
	set(object, "line", row->line ? json_integer(row->line) : json_null());
	set(object, "kind", text(np_units_kind(row->kind)));
	set(object, "inlined", text(!row->inlined ? "never" : row->not_inlined ? "partly" : "always"));
	set(object, "self", part(report, row->self, row->self_samples, row->self_share,
				 row->self_lower));
	set(object, "total", part(report, row->total, row->total_samples, row->total_share,
				  row->total_lower));
	set(object, "calls", calls(report, row));
	set(object, "score", real(row->score));
	set(object, "complexity", complexity(report, row));
	set(object, "roi", real(row->roi));
	set(object, "at_2x", gain(row->saves_2));
	set(object, "at_infinity", gain(row->saves_all));
	set(object, "impact", impact(row));
	return object;
}

static json_t *profile_object(const struct np_report *report)
{
	const struct np_tree_meta *meta = np_tree_meta(report->tree);
	const struct np_ranking *ranking = report->ranking;
	json_t *object = must(json_object()), *files = must(json_array());
	json_t *notes = must(json_array()), *kinds = must(json_object());

	for (size_t i = 0; i < report->settings->file_count; i++)
		json_array_append_new(files, text(report->settings->files[i]));
	for (size_t i = 0; i < np_tree_comment_count(report->tree); i++)
		json_array_append_new(notes, text(np_tree_comment(report->tree, i)));
	for (int i = 0; i < NP_KIND_MAX; i++)
		if (ranking->kind_self[i] > 0)
			set(kinds, np_units_kind(i),
			    real((double)ranking->kind_self[i] / (double)ranking->total));
	set(object, "files", files);
	set(object, "command", text_or_null(meta->command));
	set(object, "value_type", text(meta->value_type));
	set(object, "value_unit", text(meta->value_unit));
	set(object, "value_decimals", json_integer(meta->decimals));
	set(object, "value_total", integer(ranking->total));
	set(object, "samples", ranking->samples_known ? samples(report,
		np_tree_total_samples(report->tree, 0)) : json_null());
	set(object, "period", meta->period ? integer(meta->period) : json_null());
	set(object, "duration_ns", meta->duration_ns ? integer(meta->duration_ns) : json_null());
	set(object, "self_share_by_kind", kinds);
	set(object, "self_share_inlined", real((double)ranking->inlined_self / (double)ranking->total));
	set(object, "notes", notes);
	return object;
}

static json_t *method_object(const struct np_report *report)
{
	static const char *const calls_names[] = { "unknown", "lower-bound", "exact" };
	const struct np_ranking *ranking = report->ranking;
	json_t *object = must(json_object()), *weights = must(json_object());
	json_t *defaults = must(json_object());
	char *formula = np_report_formula(ranking);

	set(weights, "self", real(ranking->weight_self));
	set(weights, "total", real(ranking->weight_total));
	set(weights, "calls", real(ranking->weight_calls));
	for (int i = 0; i < NP_COMPLEXITY_DEFAULTS; i++)
		set(defaults, np_complexity_default_name(i), real(report->complexity->defaults[i]));
	set(object, "formula", text(formula));
	set(object, "roi", text("score / complexity"));
	set(object, "weights", weights);
	set(object, "calls", text(calls_names[ranking->calls]));
	set(object, "calls_total", ranking->calls ? integer(ranking->calls_total) : json_null());
	set(object, "complexity_defaults", defaults);
	set(object, "complexity_file", text_or_null(report->complexity->file));
	set(object, "confidence", real(0.95));
	set(object, "sorted_by", text(np_rank_order_name(report->settings->order)));
	free(formula);
	return object;
}

void np_report_json(const struct np_report *report, FILE *to)
{
	json_t *root = must(json_object()), *rows = must(json_array());

	for (size_t i = 0; i < report->row_count; i++)
		json_array_append_new(rows, row_object(report, &report->ranking->rows[i], i + 1));
	set(root, "schema", text(NP_REPORT_SCHEMA));
	set(root, "profile", profile_object(report));
	set(root, "method", method_object(report));
	set(root, "functions", json_integer((json_int_t)report->ranking->count));
	set(root, "rows", rows);
	set(root, "flame_graph", text_or_null(report->svg));
	json_dumpf(root, to, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(12));
	fputc('\n', to);
	json_decref(root);
}
