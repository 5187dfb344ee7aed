/* SPDX-License-Identifier: MIT
 *
 * bench_json.c - every raw value, and what was made of them.  Context: tools.
 *
 * docs/schema/bench.schema.json describes it; baselines are files of this kind.
 */
#include <jansson.h>
#include <math.h>

#include "base/message.h"
#include "bench.h"
#include "hotspots.h"

static json_t *text(const char *value)
{
	json_t *string = json_string(value);

	return string ? string : json_string("(not UTF-8)");
}

static json_t *machine_object(const struct np_machine *machine)
{
	json_t *object = json_object();

	json_object_set_new(object, "fingerprint", text(machine->fingerprint));
	json_object_set_new(object, "cpu", text(machine->cpu));
	json_object_set_new(object, "cores", json_integer(machine->cores));
	json_object_set_new(object, "memory_gb", json_real(machine->memory_gb));
	json_object_set_new(object, "kernel", text(machine->kernel));
	return object;
}

static json_t *run_object(const struct np_run *run)
{
	json_t *object = json_object(), *metrics = json_object();

	for (size_t i = 0; i < run->metrics.count; i++) {
		const struct np_metric *metric = &run->metrics.all[i];
		json_t *values = json_array();

		for (size_t k = 0; k < metric->count; k++)
			json_array_append_new(values, json_real(metric->values[k]));
		json_object_set_new(metrics, metric->name, values);
	}
	json_object_set_new(object, "metrics", metrics);
	if (run->metrics.checksum)
		json_object_set_new(object, "checksum", text(run->metrics.checksum));
	return object;
}

static json_t *arm_object(const struct np_arm *arm, const char *command,
			  const struct np_hotspots *hotspots)
{
	json_t *object = json_object(), *runs = json_array();

	json_object_set_new(object, "command", text(command));
	for (size_t i = 0; i < arm->count; i++)
		json_array_append_new(runs, run_object(&arm->runs[i]));
	json_object_set_new(object, "runs", runs);
	if (hotspots->count)
		json_object_set_new(object, "hotspots", np_hotspots_json(hotspots));
	return object;
}

static json_t *gain_object(const struct np_judgement *judgement)
{
	bool higher = judgement->direction == NP_HIGHER_IS_BETTER;
	double a = np_effect_gain(judgement->effect.low, higher);
	double b = np_effect_gain(judgement->effect.high, higher);
	json_t *object = json_object();

	json_object_set_new(object, "estimate",
		json_real(np_effect_gain(judgement->effect.log_ratio, higher)));
	json_object_set_new(object, "low", json_real(fmin(a, b)));
	json_object_set_new(object, "high", json_real(fmax(a, b)));
	json_object_set_new(object, "pairs", json_integer((json_int_t)judgement->effect.pairs));
	return object;
}

static json_t *judgement_object(const struct np_bench_report *report,
				const struct np_judgement *judgement)
{
	static const char *const directions[] = { "none", "lower", "higher" };
	json_t *object = json_object();

	json_object_set_new(object, "metric", text(judgement->metric));
	json_object_set_new(object, "unit", text(judgement->unit));
	json_object_set_new(object, "better", text(directions[judgement->direction]));
	json_object_set_new(object, "primary", json_boolean(judgement->is_primary));
	json_object_set_new(object, "tail", json_boolean(judgement->is_tail));
	json_object_set_new(object, report->is_pair ? "old" : "median", json_real(judgement->old_value));
	if (report->is_pair) {
		json_object_set_new(object, "new", json_real(judgement->new_value));
		json_object_set_new(object, "gain", gain_object(judgement));
		json_object_set_new(object, "verdict", text(np_verdict_name(judgement->verdict)));
		json_object_set_new(object, "pairs_needed",
			json_integer((json_int_t)judgement->runs_needed));
		json_object_set_new(object, "samples_needed", json_real(judgement->samples_needed));
	}
	if (judgement->is_target)
		json_object_set_new(object, "target_met", json_boolean(!judgement->target_missed));
	return object;
}

static json_t *comparison_object(const struct np_bench_report *report,
				 const struct np_comparison *comparison)
{
	json_t *object = json_object(), *metrics = json_array(), *arms = json_array();

	json_object_set_new(object, "benchmark", text(comparison->benchmark));
	json_object_set_new(object, "case", text(comparison->case_name));
	for (size_t i = 0; i < comparison->count; i++)
		json_array_append_new(metrics, judgement_object(report, &comparison->all[i]));
	json_object_set_new(object, "metrics", metrics);
	for (int arm = 0; arm < 1 + report->is_pair; arm++)
		json_array_append_new(arms, arm_object(&comparison->session->arms[arm],
						       comparison->commands[arm],
						       &comparison->hotspots[arm]));
	json_object_set_new(object, "arms", arms);
	json_object_set_new(object, "elapsed_s", json_real(comparison->session->elapsed_s));
	if (!report->is_pair)
		return object;
	json_object_set_new(object, "verdict", text(np_verdict_name(comparison->verdict)));
	if (comparison->has_tail)
		json_object_set_new(object, "tail_verdict",
			text(np_verdict_name(comparison->tail_verdict)));
	if (comparison->invalid[0])
		json_object_set_new(object, "invalid", text(comparison->invalid));
	if (comparison->hotspots[0].count && comparison->hotspots[1].count)
		json_object_set_new(object, "hotspots_moved",
			np_hotspots_moved_json(&comparison->hotspots[0], &comparison->hotspots[1]));
	if (comparison->artifact)
		json_object_set_new(object, "artifact", text(comparison->artifact));
	json_object_set_new(object, "control_false_alarms", json_real(comparison->false_alarms));
	json_object_set_new(object, "steal_share", json_real(comparison->steal_share));
	json_object_set_new(object, "run_delay_share", json_real(comparison->delay_share));
	return object;
}

void np_bench_json(FILE *to, const struct np_bench_report *report)
{
	json_t *object = json_object(), *all = json_array();

	json_object_set_new(object, "schema", text("neuroprof-bench/1"));
	json_object_set_new(object, "kind", text(report->is_pair ? "comparison" : "results"));
	json_object_set_new(object, "machine", machine_object(&report->machine));
	json_object_set_new(object, "confidence", json_real(report->confidence));
	if (report->baseline)
		json_object_set_new(object, "baseline", text(report->baseline));
	for (size_t i = 0; i < report->count; i++)
		json_array_append_new(all, comparison_object(report, &report->all[i]));
	json_object_set_new(object, "benchmarks", all);
	json_dumpf(object, to, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
	fputc('\n', to);
	json_decref(object);
}
