/* SPDX-License-Identifier: MIT
 *
 * report_gate_json.c - the verdict, or the difference, with every factor, for programs.
 *
 * Context: tools.  Schema: NP_GATE_SCHEMA; fields are only ever added to it.  Names are the
 * profile's own, normalised; bytes that are not UTF-8 stand as "\xNN"; all but ASCII is escaped.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "report_json_values.h"
#include "report_pair.h"

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
	object = np_json_must(json_object());
	np_json_set(object, "before", np_json_real(verdict->share[0]));
	np_json_set(object, "after", np_json_real(verdict->share[1]));
	np_json_set(object, "change", np_json_real(verdict->change));
	np_json_set(object, "ratio", verdict->share[0] > 0 ? np_json_real(verdict->share[1] / verdict->share[0])
						   : json_null());
	np_json_set(object, "lower95", np_json_real(verdict->lower));
	np_json_set(object, "upper95", np_json_real(verdict->upper));
	np_json_set(object, "standard_error", np_json_real(verdict->error));
	np_json_set(object, "dispersion", np_json_real(verdict->phi));
	np_json_set(object, "degrees_of_freedom", np_json_real(verdict->df));
	np_json_set(object, "p", np_json_real(verdict->p));
	np_json_set(object, "q", np_json_real(change->q));
	np_json_set(object, "significant", json_boolean(change->significant));
	return object;
}

static json_t *name_of(const struct np_gate *gate, size_t row)
{
	return row == SIZE_MAX ? json_null() : np_json_text(gate->rows[row].row->name);
}

/* Did the second set of recordings show it, too? */
static json_t *again(enum np_gate_again again)
{
	return again == NP_GATE_NOT_ASKED ? json_null() : json_boolean(again == NP_GATE_AGAIN);
}

static json_t *row_object(const struct np_gate *gate, const struct np_gate_row *row)
{
	json_t *object = np_json_must(json_object());

	np_json_set(object, "function", np_json_text(row->row->name));
	np_json_set(object, "module", np_json_text_or_null(row->row->module));
	np_json_set(object, "file", np_json_text_or_null(row->row->file));
	np_json_set(object, "line", row->row->line ? json_integer(row->row->line) : json_null());
	np_json_set(object, "role", np_json_text(np_gate_role_name(row->role)));
	np_json_set(object, "direction", row->role == NP_GATE_NONE ? json_null()
				 : np_json_text(row->slower ? "slower" : "faster"));
	np_json_set(object, "new", json_boolean(row->is_new));
	np_json_set(object, "gone", json_boolean(row->is_gone));
	np_json_set(object, "cause", name_of(gate, row->cause));
	np_json_set(object, "renamed", row->row->was ? np_json_text(row->row->was->name) : json_null());
	np_json_set(object, "again", again(row->again));
	np_json_set(object, "q", np_json_real(row->q));
	np_json_set(object, "self", change(&row->self));
	np_json_set(object, "total", change(&row->total));
	return object;
}

/* Those that are large enough to matter. */
static json_t *modules(const struct np_gate *gate)
{
	json_t *array = np_json_must(json_array());

	for (size_t i = 0; i < gate->module_count; i++) {
		const struct np_gate_module *module = &gate->modules[i];
		json_t *object;

		if (!module->asked)
			continue;
		object = np_json_must(json_object());
		np_json_set(object, "module", np_json_text_or_null(module->name));
		np_json_set(object, "functions", count(module->functions));
		np_json_set(object, "role", np_json_text(np_gate_role_name(module->role)));
		np_json_set(object, "direction", module->role == NP_GATE_NONE ? json_null()
					 : np_json_text(module->slower ? "slower" : "faster"));
		np_json_set(object, "cause", name_of(gate, module->cause));
		np_json_set(object, "again", again(module->again));
		np_json_set(object, "q", np_json_real(module->q));
		np_json_set(object, "together", change(&module->own));
		np_json_append(array, object);
	}
	return array;
}

static json_t *runs(const struct np_compare *compare, enum np_side side)
{
	json_t *array = np_json_must(json_array());

	for (size_t i = 0; i < compare->run_count; i++) {
		const struct np_compare_run *run = &compare->runs[i];
		json_t *object;

		if (run->side != side)
			continue;
		object = np_json_must(json_object());
		np_json_set(object, "file", np_json_text(run->path));
		np_json_set(object, "value", np_json_real(run->value));
		np_json_set(object, "samples", run->samples > 0 ? np_json_real(run->samples) : json_null());
		np_json_set(object, "duration_ns", run->duration_ns ? json_integer((json_int_t)run->duration_ns)
							    : json_null());
		np_json_set(object, "unresolved_share", np_json_real(run->unresolved));
		np_json_set(object, "cut_share", np_json_real(run->truncated));
		np_json_set(object, "lost_share", run->lost >= 0 ? np_json_real(run->lost) : json_null());
		np_json_append(array, object);
	}
	return array;
}

static json_t *budgets(const struct np_gate *gate)
{
	json_t *array = np_json_must(json_array());

	for (size_t i = 0; i < gate->options.budget_count; i++) {
		const struct np_budget *budget = &gate->options.budgets[i];
		bool is_calls = budget->of == NP_BUDGET_CALLS;
		json_t *object = np_json_must(json_object());

		np_json_set(object, "pattern", np_json_text(budget->is_hidden ? "a hidden pattern" :
			    budget->match.function ? budget->match.function : "*"));
		np_json_set(object, "module_pattern", budget->is_hidden ? json_null()
			    : np_json_text_or_null(budget->match.module));
		np_json_set(object, "file_pattern", budget->is_hidden ? json_null()
			    : np_json_text_or_null(budget->match.file));
		np_json_set(object, "of", np_json_text(np_budget_of_name(budget->of)));
		np_json_set(object, "most", np_json_real(budget->most));
		np_json_set(object, "function", np_json_text_or_null(budget->function));
		np_json_set(object, is_calls ? "calls" : "share",
		    budget->function ? np_json_real(budget->value) : json_null());
		if (!is_calls)
			np_json_set(object, "share_lower95",
			    budget->function ? np_json_real(budget->lower) : json_null());
		np_json_set(object, "again", again(budget->again));
		np_json_append(array, object);
	}
	return array;
}

/* What the profiles call it, and what it was compared as. */
static json_t *normalised(const struct np_compare *compare)
{
	json_t *array = np_json_must(json_array());

	for (uint64_t i = 0; i < compare->normalised_count && i < NP_COMPARE_NORMALISED_MAX; i++) {
		const struct np_compare_normalised *name = &compare->normalised[i];
		json_t *object = np_json_must(json_object());

		np_json_set(object, "from", np_json_text(name->from));
		np_json_set(object, "to", np_json_text(np_tree_string(compare->tree,
			np_tree_function_at(compare->tree, name->to)->name)));
		np_json_append(array, object);
	}
	return array;
}

/* Functions that were compared with the past of another name. */
static json_t *renames(const struct np_compare *compare)
{
	json_t *array = np_json_must(json_array());

	for (size_t i = 0; i < compare->rename_count; i++) {
		const struct np_compare_rename *rename = &compare->renames[i];
		json_t *object = np_json_must(json_object());
		struct np_compare_words to;

		np_compare_words_of(&to, compare->tree, rename->to);
		np_json_set(object, "from", np_json_text(rename->name));
		np_json_set(object, "from_module", np_json_text_or_null(rename->module));
		np_json_set(object, "to", np_json_text(to.name));
		np_json_set(object, "to_module", np_json_text_or_null(to.module));
		np_json_set(object, "similarity", np_json_real(rename->similarity));
		np_json_set(object, "before", np_json_real(rename->before));
		np_json_set(object, "after", np_json_real(rename->after));
		np_json_append(array, object);
	}
	return array;
}

static json_t *method(const struct np_pair *pair)
{
	const struct np_gate *gate = &pair->gate;
	json_t *object = np_json_must(json_object());

	np_json_set(object, "false_discovery_rate", np_json_real(gate->options.rate));
	np_json_set(object, "minimum_points", np_json_real(gate->options.points));
	np_json_set(object, "minimum_relative", np_json_real(gate->options.relative));
	np_json_set(object, "runs_to_fail", count(gate->options.runs_fail));
	np_json_set(object, "same_work", json_boolean(gate->options.same_work));
	np_json_set(object, "value_type", np_json_text(pair->compare.value_type));
	np_json_set(object, "value_unit", np_json_text(pair->compare.value_unit));
	np_json_set(object, "guard_scale", np_json_real(gate->experiment.scale));
	np_json_set(object, "guard_scale_error", np_json_real(gate->experiment.scale_error));
	np_json_set(object, "noise_self", np_json_real(gate->noise_self.sigma));
	np_json_set(object, "noise_total", np_json_real(gate->noise_total.sigma));
	np_json_set(object, "prior_degrees_self", np_json_real(gate->noise_self.prior_df));
	np_json_set(object, "prior_degrees_total", np_json_real(gate->noise_total.prior_df));
	np_json_set(object, "functions", count(gate->row_count));
	np_json_set(object, "functions_tested", count(gate->tested));
	np_json_set(object, "names_normalised", json_integer((json_int_t)pair->compare.normalised_count));
	return object;
}

/* --confirm: what was recorded once more, or why it could not be. */
static json_t *confirmation(const struct np_pair *pair)
{
	json_t *object;

	if (!pair->second && !pair->unconfirmed)
		return json_null();
	object = np_json_must(json_object());
	np_json_set(object, "again", again(pair->gate.again));
	np_json_set(object, "whole_again", again(pair->gate.work_again));
	np_json_set(object, "problem", np_json_text_or_null(pair->unconfirmed));
	np_json_set(object, "before", pair->second ? runs(&pair->second->compare, NP_BEFORE) : json_null());
	np_json_set(object, "after", pair->second ? runs(&pair->second->compare, NP_AFTER) : json_null());
	return object;
}

static json_t *findings(const struct np_gate *gate)
{
	json_t *array = np_json_must(json_array());

	for (size_t i = 0; i < gate->order_count; i++)
		np_json_append(array, row_object(gate, &gate->rows[gate->order[i]]));
	return array;
}

/* What was looked at and not found. */
static json_t *others(const struct np_gate *gate)
{
	json_t *array = np_json_must(json_array());

	for (size_t i = 0; i < gate->row_count; i++) {
		const struct np_gate_row *row = &gate->rows[i];

		if (row->role == NP_GATE_NONE && (row->self.tested || row->total.tested))
			np_json_append(array, row_object(gate, row));
	}
	return array;
}

void np_gate_json(const struct np_pair *pair, FILE *to)
{
	const struct np_gate *gate = &pair->gate;
	json_t *root = np_json_root(NP_GATE_SCHEMA), *problems = np_json_must(json_array());
	char *sentence = np_pair_verdict(pair);

	for (size_t i = 0; i < gate->problem_count; i++)
		np_json_append(problems, np_json_text(gate->problems[i].text));
	np_json_set(root, "verdict", np_json_text(np_gate_result_name(gate->result)));
	np_json_set(root, "summary", np_json_text(sentence));
	np_json_set(root, "exit_status", json_integer(np_pair_status(pair)));
	np_json_set(root, "before", runs(&pair->compare, NP_BEFORE));
	np_json_set(root, "after", runs(&pair->compare, NP_AFTER));
	np_json_set(root, "problems", problems);
	np_json_set(root, "method", method(pair));
	np_json_set(root, "whole", gate->work_known ? change(&gate->work) : json_null());
	np_json_set(root, "findings", findings(gate));
	np_json_set(root, "unchanged", others(gate));
	np_json_set(root, "modules", modules(gate));
	np_json_set(root, "budgets", budgets(gate));
	np_json_set(root, "confirmation", confirmation(pair));
	np_json_set(root, "renames", renames(&pair->compare));
	np_json_set(root, "normalised", normalised(&pair->compare));
	np_json_set(root, "undecided", count(gate->undecided));
	np_json_set(root, "runs_needed", gate->runs_needed ? count(gate->runs_needed) : json_null());
	np_json_write(root, to);
	free(sentence);
}

/* SARIF 2.1.0: a result per regression, at the function's declaration where that is known. */

static json_t *message(const char *raw)
{
	json_t *object = np_json_must(json_object());

	np_json_set(object, "text", np_json_text(raw));
	return object;
}

static json_t *rule(const char *id, const char *words)
{
	json_t *object = np_json_must(json_object());

	np_json_set(object, "id", np_json_text(id));
	np_json_set(object, "shortDescription", message(words));
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
	value = np_json_must(json_string(to));
	free(to);
	return value;
}

static json_t *physical_location(const struct np_compare_row *row)
{
	json_t *place = np_json_must(json_object()), *artifact = np_json_must(json_object());
	json_t *region = np_json_must(json_object());

	np_json_set(artifact, "uri", uri(np_pair_file(row->file)));
	np_json_set(region, "startLine", json_integer(row->line ? row->line : 1));
	np_json_set(place, "artifactLocation", artifact);
	np_json_set(place, "region", region);
	return place;
}

static json_t *location(const struct np_compare_row *row)
{
	json_t *array = np_json_must(json_array()), *object = np_json_must(json_object());
	json_t *names = np_json_must(json_array()), *name = np_json_must(json_object());

	np_json_set(name, "name", np_json_text(row->name));
	np_json_set(name, "kind", np_json_text("function"));
	np_json_append(names, name);
	np_json_set(object, "logicalLocations", names);
	if (*row->file)
		np_json_set(object, "physicalLocation", physical_location(row));
	np_json_append(array, object);
	return array;
}

static json_t *result(const char *id, const char *level, const char *raw,
		      const struct np_compare_row *row)
{
	json_t *object = np_json_must(json_object()), *prints;

	np_json_set(object, "ruleId", np_json_text(id));
	np_json_set(object, "level", np_json_text(level));
	np_json_set(object, "message", message(raw));
	if (row) {
		np_json_set(object, "locations", location(row));
		prints = np_json_must(json_object());
		np_json_set(prints, "function/v1", np_json_text(row->name));
		np_json_set(object, "partialFingerprints", prints);
	}
	return object;
}

static json_t *results(const struct np_pair *pair)
{
	const struct np_gate *gate = &pair->gate;
	const char *level = gate->result == NP_GATE_FAIL ? "error" : "warning";
	json_t *array = np_json_must(json_array());

	for (size_t i = 0; i < gate->problem_count; i++)
		np_json_append(array, result("profile-unusable", "error", gate->problems[i].text, NULL));
	for (size_t i = 0; i < gate->order_count; i++) {
		const struct np_gate_row *row = &gate->rows[gate->order[i]];
		char *sentence;

		if (row->role != NP_GATE_CAUSE || !row->slower)
			continue;
		sentence = np_pair_sentence(gate, row);
		np_json_append(array, result("slower-function", row->again == NP_GATE_NOT_AGAIN ? "warning" : level,
				     sentence, row->row));
		free(sentence);
	}
	for (size_t i = 0; i < gate->module_count; i++) {
		const struct np_gate_module *module = &gate->modules[i];
		char *sentence;

		if (module->role != NP_GATE_CAUSE || !module->slower)
			continue;
		sentence = np_pair_module_sentence(module);
		np_json_append(array, result("slower-module", module->again == NP_GATE_NOT_AGAIN ? "warning" : level,
				     sentence, NULL));
		free(sentence);
	}
	for (size_t i = 0; i < pair->compare.rename_count; i++) {
		char *sentence = np_pair_rename(pair, &pair->compare.renames[i]);

		np_json_append(array, result("renamed-function", "note", sentence, NULL));
		free(sentence);
	}
	if (gate->work.significant && gate->work.verdict.change > 0)
		np_json_append(array, result("slower-whole", level, "the whole takes more time", NULL));
	for (size_t i = 0; i < gate->options.budget_count; i++) {
		const struct np_budget *budget = &gate->options.budgets[i];
		char *sentence;

		if (!np_budget_is_over(budget) && !np_budget_is_close(budget))
			continue;
		sentence = np_pair_budget_sentence(budget);
		np_json_append(array, result("over-budget", np_budget_is_over(budget) &&
				     budget->again != NP_GATE_NOT_AGAIN ? "error" : "warning",
				     sentence, NULL));
		free(sentence);
	}
	return array;
}

void np_gate_sarif(const struct np_pair *pair, FILE *to)
{
	json_t *root = np_json_must(json_object()), *runs_array = np_json_must(json_array());
	json_t *run = np_json_must(json_object()), *tool = np_json_must(json_object()), *driver = np_json_must(json_object());
	json_t *rules = np_json_must(json_array());

	np_json_append(rules, rule("slower-function", "A function takes more time than before"));
	np_json_append(rules, rule("slower-module", "The functions of a module together take more time than before"));
	np_json_append(rules, rule("slower-whole", "The whole takes more time than before"));
	np_json_append(rules, rule("renamed-function", "A function is compared with the past of another name"));
	np_json_append(rules, rule("over-budget", "A function takes more than its budget"));
	np_json_append(rules, rule("profile-unusable", "The recordings are too poor to judge by"));
	np_json_set(driver, "name", np_json_text("neuroprof-report"));
	np_json_set(driver, "version", np_json_text(NP_VERSION));
	np_json_set(driver, "rules", rules);
	np_json_set(tool, "driver", driver);
	np_json_set(run, "tool", tool);
	np_json_set(run, "results", results(pair));
	np_json_append(runs_array, run);
	np_json_set(root, "$schema", np_json_text("https://json.schemastore.org/sarif-2.1.0.json"));
	np_json_set(root, "version", np_json_text("2.1.0"));
	np_json_set(root, "runs", runs_array);
	np_json_write(root, to);
}
