/* SPDX-License-Identifier: MIT
 *
 * report_json.c - the ranking with every factor, for programs.
 *
 * Context: tools.  Schema: NP_REPORT_SCHEMA; fields are only ever added to it.  Names are the
 * profile's own; bytes that are not UTF-8 stand as "\xNN".  All but ASCII is escaped, so that the
 * output is harmless on a terminal too.
 */
#include <stdlib.h>

#include "analyze/bottleneck.h"
#include "analyze/units.h"
#include "report.h"
#include "report_health.h"
#include "report_json_values.h"

static json_t *gain(double saves)
{
	json_t *object = np_json_must(json_object());

	np_json_set(object, "saves", np_json_real(saves));
	np_json_set(object, "speedup", np_json_real(np_rank_speedup(saves)));
	return object;
}

static json_t *complexity(const struct np_report *report, const struct np_rank_row *row)
{
	const struct np_complexity_verdict *verdict = &row->verdict;
	json_t *object = np_json_must(json_object());

	np_json_set(object, "value", np_json_real(verdict->complexity));
	np_json_set(object, "from", np_json_text(verdict->complexity_from_rule ? "rule"
				 : np_complexity_default_name(verdict->from)));
	np_json_set(object, "rule_line", verdict->rule ? json_integer(verdict->rule->line) : json_null());
	return object;
}

static json_t *impact(const struct np_rank_row *row)
{
	json_t *object;

	if (!(row->verdict.max_speedup > 0))
		return json_null();
	object = np_json_must(json_object());
	np_json_set(object, "category", np_json_text_or_null(np_category_name(row->verdict.category)));
	np_json_set(object, "min_speedup", np_json_real(row->verdict.min_speedup));
	np_json_set(object, "max_speedup", np_json_real(row->verdict.max_speedup));
	np_json_set(object, "impact_min", np_json_real(row->impact_min));
	np_json_set(object, "impact", np_json_real(row->impact));
	np_json_set(object, "bounded_min", gain(row->saves_min));
	np_json_set(object, "bounded", gain(row->saves_max));
	return object;
}

static json_t *part(const struct np_report *report, uint64_t value, uint64_t count, double share,
		    double lower)
{
	json_t *object = np_json_must(json_object());

	np_json_set(object, "value", np_json_integer(value));
	np_json_set(object, "share", np_json_real(share));
	np_json_set(object, "share_lower95", report->ranking->samples_known ? np_json_real(lower) : json_null());
	np_json_set(object, "samples", np_json_samples(report->tree, count));
	return object;
}

static json_t *if_known(bool known, double value)
{
	return known ? np_json_real(value) : json_null();
}

static json_t *factors(const struct np_rank_row *row, const struct np_factors *of)
{
	json_t *object = np_json_must(json_object());

	np_json_set(object, "class", np_json_text_or_null(np_class_name(of->class)));
	np_json_set(object, "self_seconds", if_known(of->seconds_known, of->self_s));
	np_json_set(object, "total_seconds", if_known(of->seconds_known, of->total_s));
	np_json_set(object, "saves_2x_seconds", if_known(of->seconds_known, of->self_s / 2));
	np_json_set(object, "self_ns_per_call", if_known(of->per_call_known, of->self_ns_per_call));
	np_json_set(object, "total_ns_per_call", if_known(of->per_call_known, of->total_ns_per_call));
	np_json_set(object, "callers", np_json_integer(of->callers));
	np_json_set(object, "caller_breadth", np_json_real(of->breadth));
	np_json_set(object, "hottest_path_share", if_known(row->self > 0, of->hottest_path));
	return object;
}

static json_t *calls(const struct np_report *report, const struct np_rank_row *row)
{
	json_t *object;

	if (report->ranking->calls == NP_CALLS_UNKNOWN || row->calls == 0)
		return json_null();
	object = np_json_must(json_object());
	np_json_set(object, "count", np_json_integer(row->calls));
	np_json_set(object, "share", np_json_real(row->calls_share));
	return object;
}

static json_t *row_object(const struct np_report *report, const struct np_rank_row *row, size_t rank)
{
	json_t *object = np_json_must(json_object());

	np_json_set(object, "rank", json_integer((json_int_t)rank));
	np_json_set(object, "function", np_json_text(row->name));
	np_json_set(object, "module", np_json_text_or_null(row->module));
	np_json_set(object, "file", np_json_text_or_null(row->file));
	np_json_set(object, "line", row->line ? json_integer(row->line) : json_null());
	np_json_set(object, "kind", np_json_text(np_units_kind(row->kind)));
	np_json_set(object, "inlined", np_json_text(!row->inlined ? "never"
						   : row->not_inlined ? "partly" : "always"));
	np_json_set(object, "self", part(report, row->self, row->self_samples, row->self_share,
				 row->self_lower));
	np_json_set(object, "total", part(report, row->total, row->total_samples, row->total_share,
				  row->total_lower));
	np_json_set(object, "calls", calls(report, row));
	np_json_set(object, "score", np_json_real(row->score));
	np_json_set(object, "complexity", complexity(report, row));
	np_json_set(object, "roi", np_json_real(row->roi));
	np_json_set(object, "at_2x", gain(row->saves_2));
	np_json_set(object, "at_infinity", gain(row->saves_all));
	np_json_set(object, "impact", impact(row));
	np_json_set(object, "factors", factors(row, &report->factors[rank - 1]));
	return object;
}

static json_t *profile_object(const struct np_report *report)
{
	const struct np_ranking *ranking = report->ranking;
	json_t *object = np_json_profile(report->tree, report->settings->files,
					 report->settings->read.anonymize ? 0 : report->settings->file_count);
	json_t *kinds = np_json_must(json_object());

	for (int i = 0; i < NP_KIND_MAX; i++)
		if (ranking->kind_self[i] > 0)
			np_json_set(kinds, np_units_kind(i), np_json_real((double)ranking->kind_self[i] /
									  (double)ranking->total));
	np_json_set(object, "self_share_by_kind", kinds);
	np_json_set(object, "self_share_inlined",
		    np_json_real((double)ranking->inlined_self / (double)ranking->total));
	return object;
}

static json_t *bottleneck_object(const struct np_report *report)
{
	json_t *object = np_json_must(json_object()), *bounds = np_json_must(json_array());
	struct np_bottleneck found;
	char *class;

	np_bottleneck_init(&found, report->tree, report->config);
	class = np_bottleneck_class(&found);
	np_json_set(object, "class", np_json_text(class));
	free(class);
	for (int i = 0; i < NP_BOUNDS; i++)
		if (found.is_bound[i])
			np_json_append(bounds, np_json_text(np_bound_name(i)));
	np_json_set(object, "bound_by", bounds);
	np_json_set(object, "busy_cpus", if_known(found.busy_known, found.busy));
	np_json_set(object, "allocator_share", np_json_real(found.share[NP_BOUND_MEMORY]));
	np_json_set(object, "io_share", np_json_real(found.share[NP_BOUND_IO]));
	np_json_set(object, "locks_share", np_json_real(found.share[NP_BOUND_LOCKS]));
	return object;
}

static json_t *method_object(const struct np_report *report)
{
	static const char *const calls_names[] = { "unknown", "lower-bound", "exact" };
	const struct np_ranking *ranking = report->ranking;
	json_t *object = np_json_must(json_object()), *weights = np_json_must(json_object());
	json_t *defaults = np_json_must(json_object());
	char *formula = np_report_formula(ranking);

	np_json_set(weights, "self", np_json_real(ranking->weight_self));
	np_json_set(weights, "total", np_json_real(ranking->weight_total));
	np_json_set(weights, "calls", np_json_real(ranking->weight_calls));
	for (int i = 0; i < NP_COMPLEXITY_DEFAULTS; i++)
		np_json_set(defaults, np_complexity_default_name(i), np_json_real(report->complexity->defaults[i]));
	np_json_set(object, "formula", np_json_text(formula));
	np_json_set(object, "roi", np_json_text("score / complexity"));
	np_json_set(object, "weights", weights);
	np_json_set(object, "calls", np_json_text(calls_names[ranking->calls]));
	np_json_set(object, "calls_total", ranking->calls ? np_json_integer(ranking->calls_total) : json_null());
	np_json_set(object, "complexity_defaults", defaults);
	np_json_set(object, "complexity_file", np_json_text_or_null(report->complexity->file));
	np_json_set(object, "pass_through", np_json_real(report->complexity->pass_through));
	np_json_set(object, "config_file", np_json_text_or_null(report->config->path));
	np_json_set(object, "confidence", np_json_real(0.95));
	np_json_set(object, "sorted_by", np_json_text(np_rank_order_name(report->settings->order)));
	free(formula);
	return object;
}

/* Of what is shown: after --label and the like another than that of the whole recording, which is in the notes. */
static json_t *health_object(const struct np_report *report)
{
	static const char *const keys[NP_HEALTH_FIGURES] = {
		[NP_HEALTH_SAMPLES] = "samples", [NP_HEALTH_CUT] = "cut_share",
		[NP_HEALTH_UNRESOLVED] = "unresolved_share", [NP_HEALTH_BY_START] = "named_by_address_share",
		[NP_HEALTH_SHORTENED] = "shortened_share", [NP_HEALTH_LOST] = "lost_share",
		[NP_HEALTH_MISSING] = "missing_share", [NP_HEALTH_UNCOVERED] = "uncovered_threads_share",
		[NP_HEALTH_ENDED] = "ended_threads_share", [NP_HEALTH_TAKEN] = "processes_that_took_the_signal",
		[NP_HEALTH_DAMAGED] = "damaged_entries", [NP_HEALTH_OVERHEAD] = "overhead_share",
	};
	static const char *const levels[] = { "good", "fair", "poor" };
	json_t *object = np_json_must(json_object()), *figures = np_json_must(json_object());
	struct np_health_counts counts;
	struct np_survey survey = { 0 };
	struct np_health health;
	char *line;

	np_survey_tree(&survey, report->tree);
	np_report_health(&health, report->tree, &survey, NULL);
	free(survey.by_module);
	line = np_health_line(&health);
	for (enum np_health_figure i = 0; i < NP_HEALTH_FIGURES; i++) {
		json_t *figure = np_json_must(json_object());

		np_json_set(figure, "value", if_known(health.figure[i] >= 0, health.figure[i]));
		np_json_set(figure, "level", health.figure[i] < 0 ? json_null()
			    : np_json_text(levels[np_health_level(&health, i)]));
		np_json_set(figures, keys[i], figure);
	}
	np_json_set(object, "level", np_json_text(levels[np_health_worst(&health)]));
	np_json_set(object, "summary", np_json_text(line));
	np_json_set(object, "recordings", json_integer(np_health_of_comments(&counts, report->tree)));
	np_json_set(object, "figures", figures);
	free(line);
	return object;
}

/* Where the order by impact misleads most. */
static json_t *inversion(const struct np_report *report)
{
	struct np_rank_inversion found = np_rank_inversion(report->ranking, report->row_count);
	json_t *object;

	if (!found.first)
		return json_null();
	object = np_json_must(json_object());
	np_json_set(object, "larger_impact", np_json_text(found.first->name));
	np_json_set(object, "saves_more", np_json_text(found.second->name));
	return object;
}

void np_report_json(const struct np_report *report, FILE *to)
{
	json_t *root = np_json_root(NP_REPORT_SCHEMA), *rows = np_json_must(json_array());

	for (size_t i = 0; i < report->row_count; i++)
		np_json_append(rows, row_object(report, &report->ranking->rows[i], i + 1));
	np_json_set(root, "profile", profile_object(report));
	np_json_set(root, "health", health_object(report));
	np_json_set(root, "method", method_object(report));
	np_json_set(root, "functions", json_integer((json_int_t)report->ranking->count));
	np_json_set(root, "rows", rows);
	np_json_set(root, "bottleneck", bottleneck_object(report));
	np_json_set(root, "inversion", inversion(report));
	np_json_set(root, "flame_graph", np_json_text_or_null(report->svg));
	np_json_write(root, to);
}
