/* SPDX-License-Identifier: MIT
 *
 * report_pair.c - two sets of recordings: read, compared, and the words about them.
 *
 * Context: tools.
 */
#include "report_pair.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyze/units.h"
#include "analyze/visible.h"
#include "base/message.h"
#include "profile/read.h"

static int add_file(struct np_pair *pair, enum np_side side, const char *path,
		    const struct np_name_map *map, char *message, size_t message_size)
{
	const struct np_read_options options = { .strict = pair->strict,
		.columns = pair->two_columns ? 2 : 0,
		.value_column = pair->two_columns ? (unsigned)side + 1 : 0, .span = pair->span,
		.slowest = pair->slowest, .rest = side == NP_BEFORE };
	struct np_read_report report = { .message = "" };
	struct np_tree *tree = np_tree_create();
	int rc = np_read_path(path, &options, tree, &report);

	if (rc < 0) {
		snprintf(message, message_size, "%s", report.message);
	} else if (pair->two_columns && np_tree_meta(tree)->samples_known) {
		snprintf(message, message_size, "'%s': its header says what the numbers are, so it is one "
			 "profile: with what is it to be compared?", path);
		rc = -EINVAL;
	} else {
		if (*report.message)
			np_note("%s", report.message);
		np_tree_finish(tree);
		rc = np_compare_add(&pair->compare, side, path, tree, map, message, message_size);
	}
	np_tree_destroy(tree);
	return rc;
}

int np_pair_try(struct np_pair *pair, char *message, size_t message_size)
{
	struct np_name_map *map = NULL;
	int rc = 0;

	np_compare_init(&pair->compare);
	/* Slow spans and the rest are of the same build: there, another name is another function. */
	pair->compare.no_renames = pair->no_renames || pair->slowest > 0;
	pair->compare.anonymize = pair->anonymize;
	if (pair->name_map)
		rc = np_name_map_read(pair->name_map, &map, message, message_size);
	for (int side = 0; side < NP_SIDES; side++)
		for (size_t i = 0; rc == 0 && i < pair->file_count[side]; i++)
			rc = add_file(pair, side, pair->files[side][i], map, message, message_size);
	np_name_map_destroy(map);
	if (rc < 0)
		return rc;
	if (pair->two_columns)
		np_note("'%s': every line ends in two numbers: the first is taken for before, the second "
			"for after", pair->files[NP_BEFORE][0]);
	np_compare_close(&pair->compare);
	np_gate_init(&pair->gate, &pair->compare, &pair->options);
	for (size_t i = 0; pair->anonymize && i < pair->options.budget_count; i++)
		pair->options.budgets[i].is_hidden = true;
	return 0;
}

void np_pair_run(struct np_pair *pair)
{
	char message[1024];

	if (np_pair_try(pair, message, sizeof(message)) < 0)
		np_die(pair->is_gate ? NP_EXIT_USAGE : NP_EXIT_FAILURE, "%s", message);
}

void np_pair_finish(struct np_pair *pair)
{
	np_gate_finish(&pair->gate);
	np_compare_finish(&pair->compare);
	np_budget_free_all(&pair->options);
	free(pair->outputs);
	free(pair->unconfirmed);
	if (pair->second) {
		np_gate_finish(&pair->second->gate);
		np_compare_finish(&pair->second->compare);
		free(pair->second);
	}
}

int np_pair_write(const struct np_pair *pair, np_pair_writer *const writers[NP_PAIR_FORMATS])
{
	int failed = 0;

	for (size_t i = 0; i < pair->output_count; i++) {
		struct np_report_file file;
		int rc = np_report_file_open(&file, pair->outputs[i].path), closed;

		if (rc == 0)
			writers[pair->outputs[i].format](pair, file.to);
		closed = np_report_file_close(&file);
		if (rc < 0 || closed < 0)
			failed = rc < 0 ? rc : closed;
	}
	return failed;
}

void np_pair_points(char *to, double change)
{
	snprintf(to, NP_PAIR_TEXT_ROOM, "%+.2f", 100 * change);
}

void np_pair_relative(char *to, const struct np_verdict_of_share *verdict)
{
	double ratio;

	if (verdict->share[0] <= 0 || verdict->share[1] <= 0) {
		strcpy(to, verdict->share[1] <= 0 ? "gone" : "new");
		return;
	}
	ratio = verdict->share[1] / verdict->share[0];
	if (ratio >= 10)
		snprintf(to, NP_PAIR_TEXT_ROOM, "\xc3\x97%.1f", ratio);
	else
		snprintf(to, NP_PAIR_TEXT_ROOM, "%+.1f %%", 100 * (ratio - 1));
}

void np_pair_q(char *to, double q)
{
	if (q < 0.0001)
		strcpy(to, "<0.0001");
	else
		snprintf(to, NP_PAIR_TEXT_ROOM, "%.4f", q);
}

void np_pair_runs_needed(char *to, const struct np_gate *gate)
{
	if (gate->runs_needed > 1000)
		strcpy(to, "more than 1,000");
	else
		snprintf(to, NP_PAIR_TEXT_ROOM, "about %zu", gate->runs_needed);
}

char *np_pair_files(const struct np_pair *pair, enum np_side side)
{
	if (pair->anonymize)
		return np_xstrdup("recordings without names");
	if (pair->file_count[side] == 1)
		return np_xstrdup(pair->files[side][0]);
	return np_xasprintf("%s and %zu more", pair->files[side][0], pair->file_count[side] - 1);
}

char *np_pair_was(const struct np_compare_row *row)
{
	if (!row->was)
		return NULL;
	if (strcmp(row->was->name, row->name) == 0)
		return np_xasprintf("likely moved, was in %s", *row->was->module ? row->was->module : "no module");
	return np_xasprintf("likely renamed, was %s", row->was->name);
}

char *np_pair_rename(const struct np_pair *pair, const struct np_compare_rename *rename)
{
	const struct np_tree *tree = pair->compare.tree;
	const struct np_function *to = np_tree_function_at(tree, rename->to);
	const char *module = np_tree_string(tree, to->module);
	bool moved = strcmp(module, rename->module) != 0;

	return np_xasprintf("likely %s: %s%s%s \xe2\x86\x92 %s%s%s (similarity %.2f)",
			    strcmp(rename->name, np_tree_string(tree, to->name)) == 0 ? "moved" : "renamed",
			    rename->name, moved ? " of " : "", moved ? rename->module : "", np_tree_string(tree, to->name),
			    moved ? " of " : "", moved ? module : "", rename->similarity);
}

char *np_pair_sentence(const struct np_gate *gate, const struct np_gate_row *row)
{
	const struct np_verdict_of_share *verdict = &np_gate_change_of(row)->verdict;
	char before[NP_UNITS_TEXT], after[NP_UNITS_TEXT], points[NP_PAIR_TEXT_ROOM];
	char relative[NP_PAIR_TEXT_ROOM], q[NP_PAIR_TEXT_ROOM];
	const char *what = np_gate_change_is_self(row) ? "itself" : "with what it calls";
	char *was = np_pair_was(row->row), *text;

	np_units_percent(before, verdict->share[0]);
	np_units_percent(after, verdict->share[1]);
	np_pair_points(points, verdict->change);
	np_pair_relative(relative, verdict);
	np_pair_q(q, np_gate_change_of(row)->q);
	text = np_xasprintf("%s takes %s time, %s: %s before, %s after (%s points, %s, q %s)%s%s%s%s",
		row->row->name, row->slower ? "more" : "less", what, before, after, points, relative, q,
		row->role == NP_GATE_MOVED ? row->slower ? ": moved here from " : ": moved to " : "",
		row->role == NP_GATE_MOVED && row->cause != SIZE_MAX
			? gate->rows[row->cause].row->name : "",
		was ? ": " : "", was ? was : "");
	free(was);
	return text;
}

/* Of several findings, those that were met again matter; when none was, all. */
static bool counts(const struct np_gate *gate, enum np_gate_again again)
{
	return gate->slower == 0 || again != NP_GATE_NOT_AGAIN;
}

/* The first that is told as slower: a function, else a module; NULL: none. */
static const char *first_slower(const struct np_gate *gate)
{
	for (size_t i = 0; i < gate->order_count; i++) {
		const struct np_gate_row *row = &gate->rows[gate->order[i]];

		if (row->role == NP_GATE_CAUSE && row->slower && counts(gate, row->again))
			return row->row->name;
	}
	for (size_t i = 0; i < gate->module_count; i++)
		if (gate->modules[i].role == NP_GATE_CAUSE && gate->modules[i].slower &&
		    counts(gate, gate->modules[i].again))
			return gate->modules[i].name;
	return NULL;
}

static char *regressions(const struct np_gate *gate)
{
	const char *what = gate->result == NP_GATE_SUSPECT ? " may take more time" : " takes more time";
	const char *first = first_slower(gate);

	if (!first && gate->work.significant)
		return np_xasprintf("the whole%s", what);
	if (!first)
		return np_xasprintf("%zu over budget", gate->over_budget + gate->near_budget);
	if (gate->slower <= 1)	/* 0: none of them was met again */
		return np_xasprintf("%s%s", first, what);
	return np_xasprintf("%s and %zu more take more time", first, gate->slower - 1);
}

const char *np_pair_file(const char *file)
{
	char here[PATH_MAX];

	if (getcwd(here, sizeof(here)) && strncmp(file, here, strlen(here)) == 0 &&
	    file[strlen(here)] == '/')
		file += strlen(here) + 1;
	while (strncmp(file, "./", 2) == 0 || strncmp(file, "../", 3) == 0)
		file += file[1] == '/' ? 2 : 3;
	return file;
}

char *np_pair_budget_sentence(const struct np_budget *budget)
{
	char *value = np_budget_amount(budget, budget->value);
	char *most = np_budget_amount(budget, budget->most);
	char *text = np_xasprintf("%s: %s, its budget is %s", budget->function, value, most);

	free(value);
	free(most);
	return text;
}

char *np_pair_module_sentence(const struct np_gate_module *module)
{
	const struct np_verdict_of_share *verdict = &module->own.verdict;
	char before[NP_UNITS_TEXT], after[NP_UNITS_TEXT], points[NP_PAIR_TEXT_ROOM];
	char relative[NP_PAIR_TEXT_ROOM], q[NP_PAIR_TEXT_ROOM];

	np_units_percent(before, verdict->share[0]);
	np_units_percent(after, verdict->share[1]);
	np_pair_points(points, verdict->change);
	np_pair_relative(relative, verdict);
	np_pair_q(q, module->own.q);
	return np_xasprintf("the functions of %s together take %s time: %s before, %s after (%s points, "
			    "%s, q %s)", module->name, module->slower ? "more" : "less", before, after,
			    points, relative, q);
}

char *np_pair_verdict(const struct np_pair *pair)
{
	const struct np_gate *gate = &pair->gate;
	size_t runs = pair->compare.count[0] < pair->compare.count[1] ? pair->compare.count[0]
								      : pair->compare.count[1];
	char *why, *text, needed[NP_PAIR_TEXT_ROOM];

	np_pair_runs_needed(needed, gate);
	switch (gate->result) {
	case NP_GATE_UNUSABLE:
		return np_xasprintf("UNUSABLE: %s", gate->problems[0].text);
	case NP_GATE_PASS:
		return np_xasprintf("PASS: nothing grew by %.3g points and %.3g %%, at 95 %% each",
				    100 * gate->options.points, 100 * gate->options.relative);
	case NP_GATE_INCONCLUSIVE:
		if (runs < gate->options.runs_fail)
			return np_xasprintf("INCONCLUSIVE: nothing found, but %zu run%s a side cannot show "
				"the noise between runs: %s a side are needed", runs,
				runs == 1 ? "" : "s", needed);
		return np_xasprintf("INCONCLUSIVE: nothing found, but %zu share%s could have grown unseen: "
			"%s runs a side would show", gate->undecided, gate->undecided == 1 ? "" : "s",
			needed);
	default:
		why = regressions(gate);
		text = gate->result == NP_GATE_SUSPECT && runs < gate->options.runs_fail
			? np_xasprintf("SUSPECT: %s; %zu runs a side would tell", why,
				       gate->options.runs_fail)
			: np_xasprintf("%s: %s", np_gate_result_name(gate->result), why);
		if (gate->again == NP_GATE_NOT_AGAIN) {
			free(text);
			text = np_xasprintf("SUSPECT: %s, but not when recorded once more", why);
		}
		free(why);
		return text;
	}
}

static size_t asked_modules(const struct np_gate *gate)
{
	size_t count = 0;

	for (size_t i = 0; i < gate->module_count; i++)
		count += gate->modules[i].asked;
	return count;
}

char *np_pair_method(const struct np_pair *pair)
{
	const struct np_gate *gate = &pair->gate;
	const struct np_experiment *experiment = &gate->experiment;
	char guard[160] = "", noise[160], modules[64] = "";

	if (asked_modules(gate) > 1)
		snprintf(modules, sizeof(modules), " in %zu modules", asked_modules(gate));
	if (gate->guarded)
		snprintf(guard, sizeof(guard), "The stable functions went from 1 to %.3f together: the "
			 "shares of after are multiplied by %.3f.\n", 1 / experiment->scale,
			 experiment->scale);
	if (experiment->count[0] + experiment->count[1] > 2 && experiment->samples_known)
		snprintf(noise, sizeof(noise), "noise between runs %.1f %% (self), %.1f %% (total), from "
			 "the runs", 100 * gate->noise_self.sigma, 100 * gate->noise_total.sigma);
	else if (experiment->samples_known)
		snprintf(noise, sizeof(noise), "noise between runs %.1f %%, assumed",
			 100 * gate->options.noise);
	else
		strcpy(noise, "noise from the runs alone, for nobody knows how many samples there were");
	return np_xasprintf("%s%zu functions%s tested, false discoveries %.3g %%, at least %.3g points and "
			    "%.3g %%; %s; %s.", guard, gate->tested, modules,
			    100 * gate->options.rate,
			    100 * gate->options.points, 100 * gate->options.relative, noise,
			    experiment->absolute ? "of the same work, in parts of before"
						 : "shares of the time of each side");
}

int np_pair_status(const struct np_pair *pair)
{
	switch (pair->gate.result) {
	case NP_GATE_FAIL:
		return 1;
	case NP_GATE_SUSPECT:
		return pair->fail_on_suspect ? 1 : NP_EXIT_OK;
	case NP_GATE_UNUSABLE:
		return NP_EXIT_UNUSABLE;
	case NP_GATE_INCONCLUSIVE:
		return pair->fail_on_inconclusive ? NP_EXIT_INCONCLUSIVE : NP_EXIT_OK;
	default:
		return NP_EXIT_OK;
	}
}
