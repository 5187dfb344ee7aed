/* SPDX-License-Identifier: MIT
 *
 * report_gate.c - "neuroprof-report gate": may this build pass?  And its text.
 *
 * Context: tools.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/units.h"
#include "analyze/visible.h"
#include "base/message.h"
#include "report_commands.h"
#include "report_pair.h"

#define INDENT 69	/* columns before what is said of the function above */

static const char help_text[] =
	"usage: neuroprof-report gate [OPTION…] BEFORE… -- AFTER…\n\n"
	"Says whether functions became slower between two sets of recordings, and whether that is\n"
	"real.  Three or more runs a side can fail a build, fewer give at most a suspicion.\n\n"
	"  -f, --format FORMAT      text (default), markdown, json, junit, sarif, github\n"
	"  -o, --output FILE        where it goes ('-': standard output)\n"
	"      --write FORMAT=FILE  also there; may be repeated\n"
	"  -n, --top N|all          findings to print (20)\n\n"
	"      --same-work          both sides did the same work: compare times, not shares\n"
	"      --names FILE         names that are the same: lines of REGEX => REPLACEMENT\n"
	"      --no-renames         do not look for functions that got another name\n"
	"      --anonymize[=KEY]    hashes instead of names; with a secret key nobody can try names\n"
	"      --min-points P       smallest change that matters, in percent points (0.5)\n"
	"      --min-percent P      and in percent of what it was (10)\n"
	"      --rate P             false discoveries among the findings, in percent (5)\n"
	"      --noise P            noise between runs when one run a side is given (5)\n"
	"      --min-runs N         runs a side that can fail a build (3)\n"
	"      --budget PATTERN:self=P%   or :total=P%, :calls=N: what a function may take; may be repeated\n"
	"      --confirm COMMAND    before a FAIL: record once more into $NEUROPROF_CONFIRM/after (and\n"
	"                           /before, else those given stand), one file a run; what is not met\n"
	"                           again is SUSPECT\n"
	"      --config FILE        thresholds and budgets (else neuroprof.yaml from here upwards)\n"
	"      --no-config          without any\n"
	"      --fail-on suspect,inconclusive   either or both: exit 1 and 4 for them\n\n"
	"Too poor to judge by (exit 3):\n"
	"      --min-samples N      a side (1000)\n"
	"      --max-unresolved P   time in functions without a name, percent (20)\n"
	"      --max-cut P          stacks cut (10)\n"
	"      --max-lost P         ticks lost (5)\n\n"
	"      --strict             a line that is no stack is an error, not a note\n"
	"      --help\n\n"
	"Exit status: 0 PASS (also SUSPECT and INCONCLUSIVE without --fail-on); 1 FAIL; 2 wrong usage, or\n"
	"a file that cannot be read or written; 3 recordings too poor; 4 INCONCLUSIVE with --fail-on.\n";

static void put_visible(FILE *to, const char *raw)
{
	char *text = np_visible(raw, NP_VISIBLE_NAME_MAX);

	fputs(text, to);
	free(text);
}

static void put_raw(FILE *to, char *raw)
{
	put_visible(to, raw);
	free(raw);
}

void np_pair_put_sides(const struct np_pair *pair, FILE *to)
{
	static const char *const names[NP_SIDES] = { "before", "after " };

	for (int side = 0; side < NP_SIDES; side++) {
		double samples = 0;
		char count[NP_UNITS_TEXT], *files;

		for (size_t i = 0; i < pair->compare.run_count; i++)
			if (pair->compare.runs[i].side == (enum np_side)side)
				samples += pair->compare.runs[i].samples;
		np_units_count(count, samples < 9e18 ? (uint64_t)samples : (uint64_t)9e18);
		files = np_pair_files(pair, side);
		fprintf(to, "%s  %zu run%s, %s samples: ", names[side], pair->compare.count[side],
			pair->compare.count[side] == 1 ? "" : "s",
			pair->compare.samples_known ? count : "an unknown number of");
		put_raw(to, files);
		fputc('\n', to);
	}
}

static void put_head(const char *what, FILE *to)
{
	fprintf(to, "    before     after  points    change     95 %% interval        q  %s\n", what);
}

/* Where the function is. */
static void put_place(const struct np_compare_row *row, FILE *to)
{
	if (*row->module) {
		fputs("  ", to);
		put_visible(to, row->module);
	}
	if (*row->file) {
		fputs("  ", to);
		put_visible(to, row->file);
		if (row->line)
			fprintf(to, ":%u", row->line);
	}
}

static void put_change(const struct np_gate_change *change, FILE *to)
{
	const struct np_verdict_of_share *verdict = &change->verdict;
	char before[NP_UNITS_TEXT], after[NP_UNITS_TEXT], points[NP_PAIR_TEXT_ROOM];
	char relative[NP_PAIR_TEXT_ROOM], q[NP_PAIR_TEXT_ROOM], range[NP_PAIR_TEXT_ROOM];

	np_units_percent(before, verdict->share[0]);
	np_units_percent(after, verdict->share[1]);
	np_pair_points(points, verdict->change);
	np_pair_relative(relative, verdict);
	np_pair_q(q, change->q);
	snprintf(range, sizeof(range), "%+.2f to %+.2f", 100 * verdict->lower, 100 * verdict->upper);
	/* The multiplication sign is two bytes of one column. */
	fprintf(to, "%10s%10s%8s%*s  %16s  %7s  ", before, after, points,
		strncmp(relative, "\xc3\x97", 2) == 0 ? 11 : 10, relative, range, q);
}

static void put_again(enum np_gate_again again, FILE *to)
{
	if (again != NP_GATE_NOT_ASKED)
		fprintf(to, "%*s%s\n", INDENT, "", again == NP_GATE_AGAIN
			? "again when recorded once more" : "not again when recorded once more");
}

static void put_row(const struct np_gate *gate, const struct np_gate_row *row, FILE *to)
{
	put_change(np_gate_change_of(row), to);
	put_visible(to, row->row->name);
	if (!np_gate_change_is_self(row))
		fputs(" (with its callees)", to);
	put_place(row->row, to);
	fputc('\n', to);
	put_again(row->again, to);
	if (row->row->was) {
		fprintf(to, "%*s", INDENT, "");
		put_raw(to, np_pair_was(row->row));
		fputc('\n', to);
	}
	if (row->role == NP_GATE_MOVED && row->cause != SIZE_MAX) {
		fprintf(to, "%*s%s ", INDENT, "", row->slower ? "moved here from" : "moved to");
		put_visible(to, gate->rows[row->cause].row->name);
		fputc('\n', to);
	}
}

static const char *module_note(const struct np_gate_module *module)
{
	return module->role == NP_GATE_THROUGH ? ": for what is said of its functions"
					       : ": its functions together";
}

/* Modules that changed. */
static void put_modules(const struct np_gate *gate, FILE *to)
{
	bool any = false;

	for (size_t i = 0; i < gate->module_count; i++) {
		const struct np_gate_module *module = &gate->modules[i];

		if (module->role == NP_GATE_NONE)
			continue;
		if (!any) {
			fputs("\nModules\n", to);
			put_head("module", to);
		}
		any = true;
		put_change(&module->own, to);
		put_visible(to, module->name);
		fprintf(to, "%s\n", module_note(module));
		put_again(module->again, to);
	}
}

/* The callers whose totals show the change of CAUSE. */
static void put_through(const struct np_gate *gate, size_t cause, FILE *to)
{
	size_t shown = 0;

	for (size_t i = 0; i < gate->order_count; i++) {
		const struct np_gate_row *row = &gate->rows[gate->order[i]];
		char points[NP_PAIR_TEXT_ROOM];

		if (row->role != NP_GATE_THROUGH || row->cause != cause)
			continue;
		if (shown++ == 4)
			break;
		np_pair_points(points, row->total.verdict.change);
		if (shown == 1)
			fprintf(to, "%*sseen in ", INDENT, "");
		else
			fputs(", ", to);
		put_visible(to, row->row->name);
		fprintf(to, " (%s)", points);
	}
	if (shown > 0)
		fputs(shown > 4 ? ", \xe2\x80\xa6\n" : "\n", to);
}

/* All findings of one role and direction under a heading. */
static void put_group(const struct np_pair *pair, const char *title, enum np_gate_role role,
		      bool slower, FILE *to)
{
	const struct np_gate *gate = &pair->gate;
	size_t count = 0;

	for (size_t i = 0; i < gate->order_count; i++) {
		const struct np_gate_row *row = &gate->rows[gate->order[i]];

		if (row->role != role || row->slower != slower)
			continue;
		if (count++ == 0) {
			fprintf(to, "\n%s\n", title);
			put_head("function", to);
		}
		if (pair->rows_max && count > pair->rows_max)
			continue;
		put_row(gate, row, to);
		if (role == NP_GATE_CAUSE)
			put_through(gate, gate->order[i], to);
	}
	if (pair->rows_max && count > pair->rows_max)
		fprintf(to, "    \xe2\x80\xa6 and %zu more: --top all\n", count - pair->rows_max);
}

/* All of them: what is compared under another name must not be a secret. */
static void put_renames(const struct np_pair *pair, FILE *to)
{
	const struct np_compare *compare = &pair->compare;
	size_t shown = pair->rows_max && pair->rows_max < compare->rename_count ? pair->rows_max
										: compare->rename_count;

	if (compare->rename_count > 0)
		fputs("\nCompared with another name's past, as one function each (--no-renames: not)\n", to);
	for (size_t i = 0; i < shown; i++) {
		const struct np_compare_rename *rename = &compare->renames[i];
		char before[NP_UNITS_TEXT], after[NP_UNITS_TEXT];

		np_units_percent(before, rename->before);
		np_units_percent(after, rename->after);
		fprintf(to, "%10s%10s  ", before, after);
		put_raw(to, np_pair_rename(pair, rename));
		fputc('\n', to);
	}
	if (shown < compare->rename_count)
		fprintf(to, "    \xe2\x80\xa6 and %zu more: --top all\n", compare->rename_count - shown);
}

void np_pair_put_findings(const struct np_pair *pair, FILE *to)
{
	put_group(pair, "Slower", NP_GATE_CAUSE, true, to);
	put_group(pair, "Faster", NP_GATE_CAUSE, false, to);
	put_group(pair, "More here, but moved from a neighbour: no regression", NP_GATE_MOVED, true, to);
	put_group(pair, "Less here, but moved to a neighbour", NP_GATE_MOVED, false, to);
	put_modules(&pair->gate, to);
	put_renames(pair, to);
}

static void put_work(const struct np_gate *gate, FILE *to)
{
	const struct np_verdict_of_share *verdict = &gate->work.verdict;
	char relative[NP_PAIR_TEXT_ROOM], p[NP_PAIR_TEXT_ROOM];

	if (!gate->work_known)
		return;
	np_pair_relative(relative, verdict);
	np_pair_q(p, gate->work.q);
	fprintf(to, "\nThe whole: %s (95 %% interval %+.1f %% to %+.1f %%, p %s)\n", relative,
		100 * verdict->lower, 100 * verdict->upper, p);
	put_again(gate->work_again, to);
}

static const char *budget_word(const struct np_budget *budget)
{
	if (np_budget_is_over(budget))
		return budget->again == NP_GATE_NOT_AGAIN ? "once" : "OVER";
	return np_budget_is_close(budget) ? "close" : "kept";
}

static void put_budgets(const struct np_gate *gate, FILE *to)
{
	for (size_t i = 0; i < gate->options.budget_count; i++) {
		const struct np_budget *budget = &gate->options.budgets[i];
		char value[NP_UNITS_TEXT], most[NP_UNITS_TEXT];

		if (i == 0)
			fputs("\nBudgets\n", to);
		if (budget->of == NP_BUDGET_CALLS) {
			np_units_count(value, (uint64_t)budget->value);
			np_units_count(most, (uint64_t)budget->most);
		} else {
			np_units_percent(value, budget->value);
			np_units_percent(most, budget->most);
		}
		fprintf(to, "    %-5s %s of at most %s %s  ", budget_word(budget),
			budget->function ? value : "nothing", most, np_budget_of_name(budget->of));
		if (budget->function)
			put_visible(to, budget->function);
		else
			put_raw(to, np_budget_name(budget));
		fputc('\n', to);
	}
}

void np_gate_text(const struct np_pair *pair, FILE *to)
{
	const struct np_gate *gate = &pair->gate;
	char runs[NP_PAIR_TEXT_ROOM];

	put_raw(to, np_pair_verdict(pair));
	fputs("\n\n", to);
	np_pair_put_sides(pair, to);
	for (size_t i = 0; i < gate->problem_count; i++) {
		fputs(i ? "    " : "\nToo poor to judge by\n    ", to);
		put_visible(to, gate->problems[i].text);
		fputc('\n', to);
	}
	if (gate->result == NP_GATE_UNUSABLE)
		return;
	if (pair->unconfirmed)
		fprintf(to, "\nNot confirmed: %s\n", pair->unconfirmed);
	put_work(gate, to);
	np_pair_put_findings(pair, to);
	put_budgets(gate, to);
	if (gate->least_decided && gate->undecided > 0) {
		fprintf(to, "\nNot shown to be unchanged: %zu shares, least of all ", gate->undecided);
		put_visible(to, gate->least_decided);
		np_pair_runs_needed(runs, gate);
		fprintf(to, "; %s runs a side would.\n", runs);
	}
	fputc('\n', to);
	np_pair_put_method(pair, to);
}

void np_pair_put_method(const struct np_pair *pair, FILE *to)
{
	char *method = np_pair_method(pair);

	fprintf(to, "%s\n", method);	/* numbers and our own words */
	if (pair->compare.normalised_count > 0)
		fprintf(to, "%llu name%s normalised (clone suffixes, hashes, numbers, ids%s).\n",
			(unsigned long long)pair->compare.normalised_count,
			pair->compare.normalised_count == 1 ? " was" : "s were",
			pair->name_map ? ", the map of names" : "");
	free(method);
}

int np_report_gate(int argc, char **argv)
{
	static np_pair_writer *const writers[NP_PAIR_FORMATS] = {
		[NP_PAIR_TEXT] = np_gate_text, [NP_PAIR_MARKDOWN] = np_gate_markdown,
		[NP_PAIR_JSON] = np_gate_json, [NP_PAIR_JUNIT] = np_gate_junit,
		[NP_PAIR_SARIF] = np_gate_sarif, [NP_PAIR_GITHUB] = np_gate_github,
	};
	struct np_pair pair = { .is_gate = true };
	int status;

	np_pair_options(&pair, argc, argv, help_text);
	np_pair_run(&pair);
	np_pair_confirm(&pair);
	status = np_pair_write(&pair, writers) < 0 ? NP_EXIT_USAGE : np_pair_status(&pair);
	np_pair_finish(&pair);
	return status;
}
