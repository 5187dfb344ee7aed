/* SPDX-License-Identifier: MIT
 *
 * bench_text.c - a report for people: text and Markdown.  Context: tools.
 */
#include <math.h>
#include <string.h>

#include "base/message.h"
#include "bench.h"
#include "hotspots.h"

/* "+12.3 % [10.1, 14.4]": gains, better is positive. */
void np_bench_effect_text(char *text, size_t size, const struct np_judgement *judgement)
{
	bool higher = judgement->direction == NP_HIGHER_IS_BETTER;
	double gain = 100 * np_effect_gain(judgement->effect.log_ratio, higher);
	double a = 100 * np_effect_gain(judgement->effect.low, higher);
	double b = 100 * np_effect_gain(judgement->effect.high, higher);

	gain = fabs(gain) < 0.05 ? 0 : gain;	/* no "-0.0" */
	a = fabs(a) < 0.05 ? 0 : a;
	b = fabs(b) < 0.05 ? 0 : b;
	if (judgement->effect.pairs < 2)
		snprintf(text, size, "-");
	else
		snprintf(text, size, "%+.1f %% [%+.1f, %+.1f]", gain, fmin(a, b), fmax(a, b));
}

/* All of the interval. */
static bool is_worse(const struct np_judgement *judgement)
{
	return judgement->direction == NP_HIGHER_IS_BETTER ? judgement->effect.high < 0
							   : judgement->effect.low > 0;
}

void np_bench_sentence(char *text, size_t size, const struct np_comparison *comparison,
		       const struct np_judgement *judgement)
{
	enum np_verdict verdict = comparison->invalid[0] ? NP_INVALID : judgement->verdict;
	char effect[80];

	np_bench_effect_text(effect, sizeof(effect), judgement);
	switch (verdict) {
	case NP_KEEP:
		snprintf(text, size, "%s is better, %s: keep the change", judgement->metric, effect);
		break;
	case NP_NEUTRAL:
		snprintf(text, size, "%s is the same, %s: the change is free", judgement->metric, effect);
		break;
	case NP_REVERT:
		snprintf(text, size, "%s %s, %s: revert the change", judgement->metric,
			 is_worse(judgement) ? "is worse" : "does not gain enough", effect);
		break;
	case NP_REGRESSION:
		snprintf(text, size, "%s is worse, %s: a regression", judgement->metric, effect);
		break;
	case NP_INVALID:
		snprintf(text, size, "no verdict: %s", comparison->invalid);
		break;
	default:
		if (judgement->is_absent)
			snprintf(text, size, "no run told %s", judgement->metric);
		else if (judgement->effect.pairs < 2)
			snprintf(text, size, "%s: not every run told it, or it is not above 0: no ratio to judge by",
				 judgement->metric);
		else if (judgement->samples_needed > 0)
			snprintf(text, size, "%s: %.0f more samples a side are needed", judgement->metric,
				 judgement->samples_needed);
		else
			snprintf(text, size, "%s: %s; about %zu pairs would decide, %zu were run",
				 judgement->metric, effect, judgement->runs_needed,
				 judgement->effect.pairs);
	}
}

static void print_value(char *text, size_t size, double value)
{
	if (value == 0 || (fabs(value) >= 0.01 && fabs(value) < 100000))
		snprintf(text, size, "%.*f", fabs(value) < 10 ? 3 : fabs(value) < 1000 ? 2 : 0, value);
	else
		snprintf(text, size, "%.3g", value);
}

static void print_values(char *old_value, char *new_value, size_t size,
			 const struct np_judgement *judgement)
{
	print_value(old_value, size, judgement->old_value);
	print_value(new_value, size, judgement->new_value);
	if (judgement->is_absent) {
		snprintf(old_value, size, "-");
		snprintf(new_value, size, "-");
	}
}

static const char *mark_of(const struct np_judgement *judgement)
{
	return judgement->is_primary ? "*" : judgement->is_tail ? "t" : " ";
}

static void target_text(char *text, size_t size, const struct np_judgement *judgement)
{
	text[0] = '\0';
	if (!judgement->is_target)
		return;
	if (judgement->is_absent)
		snprintf(text, size, "MISSED: no run told it");
	else if (judgement->target->has_range)
		snprintf(text, size, "%s [%g, %g]", judgement->target_missed ? "MISSED" : "met",
			 judgement->target->least, judgement->target->most);
	else
		snprintf(text, size, "%s %g", judgement->target_missed ? "MISSED" : "met",
			 judgement->target->target);
}

static void text_row(FILE *to, const struct np_bench_report *report,
		     const struct np_comparison *comparison, const struct np_judgement *judgement)
{
	char old_value[32], new_value[32], effect[80], target[80];

	print_values(old_value, new_value, sizeof(old_value), judgement);
	np_bench_effect_text(effect, sizeof(effect), judgement);
	target_text(target, sizeof(target), judgement);
	if (!report->is_pair) {
		fprintf(to, "  %-26s%12s %-6s %s\n", judgement->metric, old_value, judgement->unit, target);
		return;
	}
	fprintf(to, "%s %-26s%12s%12s %-6s%-28s%-13s%s\n", mark_of(judgement), judgement->metric, old_value,
		new_value, judgement->unit, effect,
		judgement->direction == NP_NO_DIRECTION ? ""
						      : np_verdict_name(judgement->verdict),
		target);
}

static void text_control(FILE *to, const struct np_comparison *comparison)
{
	const struct np_session *session = comparison->session;

	if (comparison->control_effect.pairs == 0)
		fprintf(to, "  A/A control: too few runs for one\n");
	else
		fprintf(to, "  A/A control: the old program against itself %+.1f %% [%+.1f, %+.1f]; %.1f %% of "
			"such comparisons would be called a change\n",
		100 * expm1(comparison->control_effect.log_ratio),
		100 * expm1(comparison->control_effect.low), 100 * expm1(comparison->control_effect.high),
		100 * comparison->false_alarms);
	fprintf(to, "  %zu pairs in %.0f s%s; steal %.1f %%; no core for %.1f %% of the time that one "
		"was wanted\n", session->arms[0].count, session->elapsed_s,
		session->pinned ? ", each block on one core" : "", 100 * comparison->steal_share,
		100 * comparison->delay_share);
}

static void text_one(FILE *to, const struct np_bench_report *report,
		     const struct np_comparison *comparison)
{
	char sentence[512];

	fprintf(to, "%s%s%s\n", comparison->benchmark, comparison->case_name[0] ? ": " : "",
		comparison->case_name);
	if (report->is_pair) {
		fprintf(to, "  old: %s\n  new: %s\n", comparison->commands[0], comparison->commands[1]);
		fprintf(to, "  %-26s%12s%12s %-6s%-28s%s\n", "", "old", "new", "", "gain [95 %]", "verdict");
	} else {
		fprintf(to, "  %s\n  median of %zu runs\n", comparison->commands[0],
			comparison->session->arms[0].count);
	}
	for (size_t i = 0; i < comparison->count; i++)
		text_row(to, report, comparison, &comparison->all[i]);
	if (!report->is_pair) {
		np_hotspots_text(to, &comparison->hotspots[0]);
		if (comparison->invalid[0])
			fprintf(to, "INVALID: %s\n", comparison->invalid);
		return;
	}
	if (!report->baseline)
		text_control(to, comparison);
	np_hotspots_moved_text(to, &comparison->hotspots[0], &comparison->hotspots[1]);
	if (comparison->movers)
		fprintf(to, "  what moved:\n%s", comparison->movers);
	if (comparison->artifact)
		fprintf(to, "  union flame graph: %s\n", comparison->artifact);
	if (comparison->invalid[0])
		fprintf(to, "INVALID: no verdict: %s\n", comparison->invalid);
	for (size_t i = 0; i < comparison->count; i++) {
		if (!comparison->all[i].is_primary || comparison->invalid[0])
			continue;
		np_bench_sentence(sentence, sizeof(sentence), comparison, &comparison->all[i]);
		fprintf(to, "%s: %s\n", np_verdict_name(comparison->verdict), sentence);
	}
	if (comparison->has_tail && !comparison->invalid[0])
		fprintf(to, "p99: %s\n", np_verdict_name(comparison->tail_verdict));
}

void np_bench_text(FILE *to, const struct np_bench_report *report)
{
	fprintf(to, "machine %s: %s, %d cores, %.0f GB, %s\n\n", report->machine.fingerprint,
		report->machine.cpu, report->machine.cores, report->machine.memory_gb,
		report->machine.kernel);
	if (report->baseline)
		fprintf(to, "compared with baseline %s, which is of another time: what drifted since is in "
			"the figures; `ab` has no such doubt\n\n", report->baseline);
	for (size_t i = 0; i < report->count; i++) {
		text_one(to, report, &report->all[i]);
		fputc('\n', to);
	}
	if (report->is_pair && report->count > 1)
		fprintf(to, "intervals at %.2f %% confidence: corrected for %zu benchmarks\n",
			100 * report->confidence, report->count);
}

/* Names may come from a file: nothing in them may end a cell or begin markup. */
static void markdown_text(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (strchr("|<>`*_[]\\", *text))
			fputc('\\', to);
		fputc(*text == '\n' ? ' ' : *text, to);
	}
}

void np_bench_markdown(FILE *to, const struct np_bench_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct np_comparison *comparison = &report->all[i];

		fputs("### ", to);
		markdown_text(to, comparison->benchmark);
		fputs(" ", to);
		markdown_text(to, comparison->case_name);
		if (report->is_pair)
			fprintf(to, ": %s\n\n| metric | old | new | gain [95 %%] | verdict | target |\n"
				"| :-- | --: | --: | --: | :-- | :-- |\n",
				np_verdict_name(comparison->verdict));
		else
			fputs("\n\n| metric | median | target |\n| :-- | --: | :-- |\n", to);
		for (size_t k = 0; k < comparison->count; k++) {
			const struct np_judgement *judgement = &comparison->all[k];
			char old_value[32], new_value[32], effect[80], target[80];

			print_values(old_value, new_value, sizeof(old_value), judgement);
			np_bench_effect_text(effect, sizeof(effect), judgement);
			target_text(target, sizeof(target), judgement);
			fputs("| ", to);
			markdown_text(to, judgement->metric);
			if (report->is_pair)
				fprintf(to, " | %s | %s %s | %s | %s | %s |\n", old_value, new_value,
					judgement->unit, effect, np_verdict_name(judgement->verdict), target);
			else
				fprintf(to, " | %s %s | %s |\n", old_value, judgement->unit, target);
		}
		fprintf(to, "\n%s%s\n", comparison->invalid[0] ? "No verdict: " : "", comparison->invalid);
	}
	fprintf(to, "machine `%s`, %d cores\n", report->machine.fingerprint, report->machine.cores);
}
