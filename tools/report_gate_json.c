/* SPDX-License-Identifier: MIT
 *
 * report_gate_json.c - the verdict, or the difference, with every factor, for programs.
 *
 * Context: tools.  Schema: NP_GATE_SCHEMA; fields are only ever added to it.  Names are the
 * profile's own, normalised; bytes that are not UTF-8 stand as "\xNN"; all but ASCII is escaped.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "base/utf8.h"
#include "report_pair.h"

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

static void append(json_t *array, json_t *value)
{
	if (json_array_append_new(array, must(value)) != 0)
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

static json_t *real(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *count(size_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *change(const struct np_gate_change *change)
{
	const struct np_verdict_of_share *verdict = &change->verdict;
	json_t *object;

	if (!change->tested)
		return json_null();
	object = must(json_object());
	set(object, "before", real(verdict->share[0]));
	set(object, "after", real(verdict->share[1]));
	set(object, "change", real(verdict->change));
	set(object, "ratio", verdict->share[0] > 0 ? real(verdict->share[1] / verdict->share[0])
						   : json_null());
	set(object, "lower95", real(verdict->lower));
	set(object, "upper95", real(verdict->upper));
	set(object, "standard_error", real(verdict->error));
	set(object, "dispersion", real(verdict->phi));
	set(object, "degrees_of_freedom", real(verdict->df));
	set(object, "p", real(verdict->p));
	set(object, "q", real(change->q));
	set(object, "significant", json_boolean(change->significant));
	return object;
}

static json_t *name_of(const struct np_gate *gate, size_t row)
{
	return row == SIZE_MAX ? json_null() : text(gate->rows[row].row->name);
}

/* Did the second set of recordings show it, too? */
static json_t *again(enum np_gate_again again)
{
	return again == NP_GATE_NOT_ASKED ? json_null() : json_boolean(again == NP_GATE_AGAIN);
}

static json_t *row_object(const struct np_gate *gate, const struct np_gate_row *row)
{
	json_t *object = must(json_object());

	set(object, "function", text(row->row->name));
	set(object, "module", text_or_null(row->row->module));
	set(object, "file", text_or_null(row->row->file));
	set(object, "line", row->row->line ? json_integer(row->row->line) : json_null());
	set(object, "role", text(np_gate_role_name(row->role)));
	set(object, "direction", row->role == NP_GATE_NONE ? json_null()
				 : text(row->slower ? "slower" : "faster"));
	set(object, "new", json_boolean(row->is_new));
	set(object, "gone", json_boolean(row->is_gone));
	set(object, "cause", name_of(gate, row->cause));
	set(object, "renamed", name_of(gate, row->renamed));
	set(object, "again", again(row->again));
	set(object, "q", real(row->q));
	set(object, "self", change(&row->self));
	set(object, "total", change(&row->total));
	return object;
}

/* Those that are large enough to matter. */
static json_t *modules(const struct np_gate *gate)
{
	json_t *array = must(json_array());

	for (size_t i = 0; i < gate->module_count; i++) {
		const struct np_gate_module *module = &gate->modules[i];
		json_t *object;

		if (!module->asked)
			continue;
		object = must(json_object());
		set(object, "module", text_or_null(module->name));
		set(object, "functions", count(module->functions));
		set(object, "role", text(np_gate_role_name(module->role)));
		set(object, "direction", module->role == NP_GATE_NONE ? json_null()
					 : text(module->slower ? "slower" : "faster"));
		set(object, "cause", name_of(gate, module->cause));
		set(object, "again", again(module->again));
		set(object, "q", real(module->q));
		set(object, "together", change(&module->own));
		append(array, object);
	}
	return array;
}

static json_t *runs(const struct np_compare *compare, enum np_side side)
{
	json_t *array = must(json_array());

	for (size_t i = 0; i < compare->run_count; i++) {
		const struct np_compare_run *run = &compare->runs[i];
		json_t *object;

		if (run->side != side)
			continue;
		object = must(json_object());
		set(object, "file", text(run->path));
		set(object, "value", real(run->value));
		set(object, "samples", run->samples > 0 ? real(run->samples) : json_null());
		set(object, "duration_ns", run->duration_ns ? json_integer((json_int_t)run->duration_ns)
							    : json_null());
		set(object, "unresolved_share", real(run->unresolved));
		set(object, "cut_share", real(run->truncated));
		set(object, "lost_share", run->lost >= 0 ? real(run->lost) : json_null());
		append(array, object);
	}
	return array;
}

static json_t *budgets(const struct np_gate *gate)
{
	json_t *array = must(json_array());

	for (size_t i = 0; i < gate->options.budget_count; i++) {
		const struct np_budget *budget = &gate->options.budgets[i];
		bool is_calls = budget->of == NP_BUDGET_CALLS;
		json_t *object = must(json_object());

		set(object, "pattern", text(budget->match.function ? budget->match.function : "*"));
		set(object, "module_pattern", text_or_null(budget->match.module));
		set(object, "file_pattern", text_or_null(budget->match.file));
		set(object, "of", text(np_budget_of_name(budget->of)));
		set(object, "most", real(budget->most));
		set(object, "function", text_or_null(budget->function));
		set(object, is_calls ? "calls" : "share",
		    budget->function ? real(budget->value) : json_null());
		if (!is_calls)
			set(object, "share_lower95",
			    budget->function ? real(budget->lower) : json_null());
		set(object, "again", again(budget->again));
		append(array, object);
	}
	return array;
}

static json_t *method(const struct np_pair *pair)
{
	const struct np_gate *gate = &pair->gate;
	json_t *object = must(json_object());

	set(object, "false_discovery_rate", real(gate->options.rate));
	set(object, "minimum_points", real(gate->options.points));
	set(object, "minimum_relative", real(gate->options.relative));
	set(object, "runs_to_fail", count(gate->options.runs_fail));
	set(object, "same_work", json_boolean(gate->options.same_work));
	set(object, "value_type", text(pair->compare.value_type));
	set(object, "value_unit", text(pair->compare.value_unit));
	set(object, "guard_scale", real(gate->experiment.scale));
	set(object, "guard_scale_error", real(gate->experiment.scale_error));
	set(object, "noise_self", real(gate->noise_self.sigma));
	set(object, "noise_total", real(gate->noise_total.sigma));
	set(object, "prior_degrees_self", real(gate->noise_self.prior_df));
	set(object, "prior_degrees_total", real(gate->noise_total.prior_df));
	set(object, "functions", count(gate->row_count));
	set(object, "functions_tested", count(gate->tested));
	set(object, "names_normalised", json_integer((json_int_t)pair->compare.renamed));
	return object;
}

/* --confirm: what was recorded once more, or why it could not be. */
static json_t *confirmation(const struct np_pair *pair)
{
	json_t *object;

	if (!pair->second && !pair->unconfirmed)
		return json_null();
	object = must(json_object());
	set(object, "again", again(pair->gate.again));
	set(object, "whole_again", again(pair->gate.work_again));
	set(object, "problem", text_or_null(pair->unconfirmed));
	set(object, "before", pair->second ? runs(&pair->second->compare, NP_BEFORE) : json_null());
	set(object, "after", pair->second ? runs(&pair->second->compare, NP_AFTER) : json_null());
	return object;
}

static json_t *findings(const struct np_gate *gate)
{
	json_t *array = must(json_array());

	for (size_t i = 0; i < gate->order_count; i++)
		append(array, row_object(gate, &gate->rows[gate->order[i]]));
	return array;
}

/* What was looked at and not found. */
static json_t *others(const struct np_gate *gate)
{
	json_t *array = must(json_array());

	for (size_t i = 0; i < gate->row_count; i++) {
		const struct np_gate_row *row = &gate->rows[i];

		if (row->role == NP_GATE_NONE && (row->self.tested || row->total.tested))
			append(array, row_object(gate, row));
	}
	return array;
}

void np_gate_json(const struct np_pair *pair, FILE *to)
{
	const struct np_gate *gate = &pair->gate;
	json_t *root = must(json_object()), *problems = must(json_array());
	char *sentence = np_pair_verdict(pair);

	for (size_t i = 0; i < gate->problem_count; i++)
		append(problems, text(gate->problems[i].text));
	set(root, "schema", text(NP_GATE_SCHEMA));
	set(root, "verdict", text(np_gate_result_name(gate->result)));
	set(root, "summary", text(sentence));
	set(root, "exit_status", json_integer(np_pair_status(pair)));
	set(root, "before", runs(&pair->compare, NP_BEFORE));
	set(root, "after", runs(&pair->compare, NP_AFTER));
	set(root, "problems", problems);
	set(root, "method", method(pair));
	set(root, "whole", gate->work_known ? change(&gate->work) : json_null());
	set(root, "findings", findings(gate));
	set(root, "unchanged", others(gate));
	set(root, "modules", modules(gate));
	set(root, "budgets", budgets(gate));
	set(root, "confirmation", confirmation(pair));
	set(root, "undecided", count(gate->undecided));
	set(root, "runs_needed", gate->runs_needed ? count(gate->runs_needed) : json_null());
	json_dumpf(root, to, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9));
	fputc('\n', to);
	json_decref(root);
	free(sentence);
}

/* SARIF 2.1.0: a result per regression, at the function's declaration where that is known. */

static json_t *message(const char *raw)
{
	json_t *object = must(json_object());

	set(object, "text", text(raw));
	return object;
}

static json_t *rule(const char *id, const char *words)
{
	json_t *object = must(json_object());

	set(object, "id", text(id));
	set(object, "shortDescription", message(words));
	return object;
}

/* A URI holds no blanks and no controls. */
static json_t *uri(const char *path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
	char *to = np_xcalloc(strlen(path) * 3 + 8, 1), *at = to;
	json_t *value;

	if (*path == '/')
		at = stpcpy(at, "file://");
	for (; *path; path++) {
		if (strchr(plain, *path))
			*at++ = *path;
		else
			at += sprintf(at, "%%%02X", (unsigned char)*path);
	}
	value = must(json_string(to));
	free(to);
	return value;
}

static json_t *physical_location(const struct np_compare_row *row)
{
	json_t *place = must(json_object()), *artifact = must(json_object());
	json_t *region = must(json_object());

	set(artifact, "uri", uri(np_pair_file(row->file)));
	set(region, "startLine", json_integer(row->line ? row->line : 1));
	set(place, "artifactLocation", artifact);
	set(place, "region", region);
	return place;
}

static json_t *location(const struct np_compare_row *row)
{
	json_t *array = must(json_array()), *object = must(json_object());
	json_t *names = must(json_array()), *name = must(json_object());

	set(name, "name", text(row->name));
	set(name, "kind", text("function"));
	append(names, name);
	set(object, "logicalLocations", names);
	if (*row->file)
		set(object, "physicalLocation", physical_location(row));
	append(array, object);
	return array;
}

static json_t *result(const char *id, const char *level, const char *raw,
		      const struct np_compare_row *row)
{
	json_t *object = must(json_object()), *prints;

	set(object, "ruleId", text(id));
	set(object, "level", text(level));
	set(object, "message", message(raw));
	if (row) {
		set(object, "locations", location(row));
		prints = must(json_object());
		set(prints, "function/v1", text(row->name));
		set(object, "partialFingerprints", prints);
	}
	return object;
}

static json_t *results(const struct np_pair *pair)
{
	const struct np_gate *gate = &pair->gate;
	const char *level = gate->result == NP_GATE_FAIL ? "error" : "warning";
	json_t *array = must(json_array());

	for (size_t i = 0; i < gate->problem_count; i++)
		append(array, result("profile-unusable", "error", gate->problems[i].text, NULL));
	for (size_t i = 0; i < gate->order_count; i++) {
		const struct np_gate_row *row = &gate->rows[gate->order[i]];
		char *sentence;

		if (row->role != NP_GATE_CAUSE || !row->slower)
			continue;
		sentence = np_pair_sentence(gate, row);
		append(array, result("slower-function", row->again == NP_GATE_NOT_AGAIN ? "warning" : level,
				     sentence, row->row));
		free(sentence);
	}
	for (size_t i = 0; i < gate->module_count; i++) {
		const struct np_gate_module *module = &gate->modules[i];
		char *sentence;

		if (module->role != NP_GATE_CAUSE || !module->slower)
			continue;
		sentence = np_pair_module_sentence(module);
		append(array, result("slower-module", module->again == NP_GATE_NOT_AGAIN ? "warning" : level,
				     sentence, NULL));
		free(sentence);
	}
	if (gate->work.significant && gate->work.verdict.change > 0)
		append(array, result("slower-whole", level, "the whole takes more time", NULL));
	for (size_t i = 0; i < gate->options.budget_count; i++) {
		const struct np_budget *budget = &gate->options.budgets[i];
		char *sentence;

		if (!np_budget_is_over(budget) && !np_budget_is_close(budget))
			continue;
		sentence = np_pair_budget_sentence(budget);
		append(array, result("over-budget", np_budget_is_over(budget) &&
				     budget->again != NP_GATE_NOT_AGAIN ? "error" : "warning",
				     sentence, NULL));
		free(sentence);
	}
	return array;
}

void np_gate_sarif(const struct np_pair *pair, FILE *to)
{
	json_t *root = must(json_object()), *runs_array = must(json_array());
	json_t *run = must(json_object()), *tool = must(json_object()), *driver = must(json_object());
	json_t *rules = must(json_array());

	append(rules, rule("slower-function", "A function takes more time than before"));
	append(rules, rule("slower-module", "The functions of a module together take more time than before"));
	append(rules, rule("slower-whole", "The whole takes more time than before"));
	append(rules, rule("over-budget", "A function takes more than its budget"));
	append(rules, rule("profile-unusable", "The recordings are too poor to judge by"));
	set(driver, "name", text("neuroprof-report"));
	set(driver, "version", text(NP_VERSION));
	set(driver, "rules", rules);
	set(tool, "driver", driver);
	set(run, "tool", tool);
	set(run, "results", results(pair));
	append(runs_array, run);
	set(root, "$schema", text("https://json.schemastore.org/sarif-2.1.0.json"));
	set(root, "version", text("2.1.0"));
	set(root, "runs", runs_array);
	json_dumpf(root, to, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	fputc('\n', to);
	json_decref(root);
}
