/* SPDX-License-Identifier: MIT
 *
 * gate_budget.c - what functions may take, of after alone.  Context: tools.
 *
 * A share is over its budget surely when its lower 95 % bound is.  Calls that were seen were made,
 * so what was seen of them in the run with most is a bound without an error.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/gate.h"
#include "analyze/stats.h"
#include "base/message.h"

const char *np_budget_of_name(enum np_budget_of of)
{
	static const char *const names[] = { "self", "total", "calls" };

	return names[of];
}

int np_budget_parse(struct np_budget *ret, const char *text)
{
	const char *colon = strrchr(text, ':'), *equals, *unit;
	struct np_budget made = { .again = NP_GATE_NOT_ASKED };
	char *end;

	if (!colon || colon == text || !(equals = strchr(colon, '=')))
		return -EINVAL;
	while (strncmp(colon + 1, np_budget_of_name(made.of), (size_t)(equals - colon - 1)) != 0 ||
	       strlen(np_budget_of_name(made.of)) != (size_t)(equals - colon - 1))
		if (++made.of > NP_BUDGET_CALLS)
			return -EINVAL;
	unit = made.of == NP_BUDGET_CALLS ? "" : "%";
	made.most = strtod(equals + 1, &end);
	if (end == equals + 1 || strcmp(end, unit) != 0 || !isfinite(made.most) || made.most < 0 ||
	    (*unit && made.most > 100))
		return -EINVAL;
	if (*unit)
		made.most /= 100;
	made.match.function = np_xasprintf("%.*s", (int)(colon - text), text);
	*ret = made;
	return 0;
}

void np_budget_add(struct np_gate_options *options, const struct np_budget *budget)
{
	options->budgets = np_xrealloc(options->budgets, options->budget_count + 1,
				       sizeof(*options->budgets));
	options->budgets[options->budget_count++] = *budget;
}

static char *copy(const char *text)
{
	return text ? np_xstrdup(text) : NULL;
}

void np_budget_add_config(struct np_gate_options *options, const struct np_config *config)
{
	for (size_t i = 0; i < config->budget_count; i++) {
		const struct np_config_budget *from = &config->budgets[i];
		const double most[] = { from->max_self, from->max_total, from->max_calls };

		for (enum np_budget_of of = NP_BUDGET_SELF; of <= NP_BUDGET_CALLS; of++) {
			struct np_budget budget = { .of = of, .most = most[of] };

			if (most[of] < 0)
				continue;
			budget.match = (struct np_config_pattern){
				.function = copy(from->pattern.function),
				.module = copy(from->pattern.module), .file = copy(from->pattern.file) };
			np_budget_add(options, &budget);
		}
	}
}

void np_budget_free_all(struct np_gate_options *options)
{
	for (size_t i = 0; i < options->budget_count; i++) {
		free(options->budgets[i].match.function);
		free(options->budgets[i].match.module);
		free(options->budgets[i].match.file);
	}
	free(options->budgets);
	options->budgets = NULL;
	options->budget_count = 0;
}

char *np_budget_name(const struct np_budget *budget)
{
	const struct np_config_pattern *match = &budget->match;

	if (budget->is_hidden)
		return np_xstrdup("a hidden pattern");
	return np_xasprintf("%s%s%s%s%s", match->function ? match->function : "*",
			    match->module ? " in " : "", match->module ? match->module : "",
			    match->file ? " of " : "", match->file ? match->file : "");
}

char *np_budget_amount(const struct np_budget *budget, double amount)
{
	return budget->of == NP_BUDGET_CALLS ? np_xasprintf("%.0f calls", amount)
					     : np_xasprintf("%.2f %% of the time", 100 * amount);
}

bool np_budget_is_over(const struct np_budget *budget)
{
	return budget->function && budget->lower > budget->most;
}

bool np_budget_is_close(const struct np_budget *budget)
{
	return budget->function && budget->value > budget->most && !np_budget_is_over(budget);
}

static double value_of(const struct np_compare *compare, const struct np_compare_row *row,
		       enum np_budget_of of, double exposure)
{
	double samples = 0, calls = 0;

	for (size_t run = compare->count[NP_BEFORE]; run < compare->run_count; run++) {
		samples += of == NP_BUDGET_TOTAL ? row->total[run] : row->self[run];
		calls = fmax(calls, row->calls[run]);
	}
	if (of == NP_BUDGET_CALLS)
		return calls;
	return exposure > 0 ? samples / exposure : 0;
}

/* A renamed function does not get rid of its budget. */
static bool matches(const struct np_config_pattern *match, const struct np_compare_row *row)
{
	const struct np_compare_words *now = &row->real, *was = row->was ? &row->was->real : NULL;

	return np_config_matches(match, now->name, now->module, now->file) ||
	       (was && np_config_matches(match, was->name, was->module, was->file));
}

/* Of after alone: the largest of the functions that match. */
double np_budget_measure(const struct np_gate *gate, struct np_budget *budget)
{
	const struct np_compare *compare = gate->compare;
	double exposure = 0;

	budget->function = NULL;
	budget->value = budget->lower = 0;
	for (size_t run = compare->count[NP_BEFORE]; run < compare->run_count; run++)
		exposure += gate->exposure[run];
	for (size_t i = 0; i < compare->row_count; i++) {
		const struct np_compare_row *row = &compare->rows[i];
		double value;

		if (!matches(&budget->match, row))
			continue;
		value = value_of(compare, row, budget->of, exposure);
		if (budget->function && value <= budget->value)
			continue;
		budget->function = row->name;
		budget->value = budget->lower = value;
		if (budget->of != NP_BUDGET_CALLS && compare->samples_known)
			budget->lower = np_wilson_lower(fmin(value, 1), exposure);
	}
	return budget->value;
}

void np_gate_budgets(struct np_gate *gate)
{
	for (size_t i = 0; i < gate->options.budget_count; i++) {
		struct np_budget *budget = &gate->options.budgets[i];

		np_budget_measure(gate, budget);
		gate->over_budget += np_budget_is_over(budget);
		gate->near_budget += np_budget_is_close(budget);
	}
}
