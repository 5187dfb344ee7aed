/* SPDX-License-Identifier: MIT
 *
 * report_gate_ci.c - the verdict as JUnit XML, as GitHub annotations and in Markdown.
 *
 * Context: tools.  Names are hostile: XML goes through xml.c, an annotation's text is escaped as
 * the runner wants it (a line that a name could begin would be a command), Markdown puts names
 * into code.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "../flamegraph/xml.h"
#include "analyze/units.h"
#include "analyze/visible.h"
#include "base/message.h"
#include "report_pair.h"

/* JUnit: a case per function that was tested, failed when it is a cause. */

static void put_case(const struct np_gate *gate, const struct np_gate_row *row, bool fails, FILE *to)
{
	char *sentence;

	fputs("  <testcase classname=\"", to);
	np_xml_put_raw(to, *row->row->module ? row->row->module : "profile");
	fputs("\" name=\"", to);
	np_xml_put_raw(to, row->row->name);
	fputs("\"", to);
	if (row->role != NP_GATE_CAUSE || !row->slower) {
		fputs("/>\n", to);
		return;
	}
	sentence = np_pair_sentence(gate, row);
	fputs(fails ? ">\n    <failure type=\"slower\" message=\"" : ">\n    <system-out>", to);
	np_xml_put_raw(to, sentence);
	fputs(fails ? "\"/>\n  </testcase>\n" : "</system-out>\n  </testcase>\n", to);
	free(sentence);
}

static void put_simple_case(const char *class, const char *name, const char *failure,
			    const char *element, FILE *to)
{
	fprintf(to, "  <testcase classname=\"%s\" name=\"", class);
	np_xml_put_raw(to, name);
	fputs("\"", to);
	if (failure) {
		fprintf(to, "><%s message=\"", element);
		np_xml_put_raw(to, failure);
		fputs("\"/></testcase>\n", to);
	} else {
		fputs("/>\n", to);
	}
}

/* A module is a case where its functions together were a question. */
static void put_module_cases(const struct np_gate *gate, bool fails, FILE *to)
{
	for (size_t i = 0; i < gate->module_count; i++) {
		const struct np_gate_module *module = &gate->modules[i];
		char *failure = NULL;

		if (!module->own.tested)
			continue;
		if (fails && module->role == NP_GATE_CAUSE && module->slower &&
		    module->again != NP_GATE_NOT_AGAIN)
			failure = np_pair_module_sentence(module);
		put_simple_case("module", module->name, failure, "failure", to);
		free(failure);
	}
}

static void put_budget_cases(const struct np_gate *gate, FILE *to)
{
	for (size_t i = 0; i < gate->options.budget_count; i++) {
		const struct np_budget *budget = &gate->options.budgets[i];
		char *failure = NULL, *match = np_budget_name(budget);
		char *name = np_xasprintf("%s of %s", np_budget_of_name(budget->of), match);

		if (np_budget_is_over(budget) && budget->again != NP_GATE_NOT_AGAIN)
			failure = np_pair_budget_sentence(budget);
		put_simple_case("budget", name, failure, "failure", to);
		free(failure);
		free(match);
		free(name);
	}
}

void np_gate_junit(const struct np_pair *pair, FILE *to)
{
	const struct np_gate *gate = &pair->gate;
	bool fails = gate->result == NP_GATE_FAIL, work_fails;
	size_t cases = gate->problem_count + gate->options.budget_count + gate->work_known;
	char *verdict = np_pair_verdict(pair);

	work_fails = fails && gate->work.significant && gate->work.verdict.change > 0 &&
		     gate->work_again != NP_GATE_NOT_AGAIN;
	for (size_t i = 0; i < gate->row_count; i++)
		cases += gate->rows[i].self.tested || gate->rows[i].total.tested;
	for (size_t i = 0; i < gate->module_count; i++)
		cases += gate->modules[i].own.tested;
	fprintf(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"neuroprof gate\" "
		"tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n", cases,
		(fails ? gate->slower : 0) + gate->over_budget + work_fails, gate->problem_count);
	for (size_t i = 0; i < gate->problem_count; i++)
		put_simple_case("quality", "recordings", gate->problems[i].text, "error", to);
	if (gate->work_known)
		put_simple_case("work", "the whole", work_fails ? "takes more time" : NULL, "failure", to);
	for (size_t i = 0; i < gate->row_count; i++)
		if (gate->rows[i].self.tested || gate->rows[i].total.tested)
			put_case(gate, &gate->rows[i],
				 fails && gate->rows[i].again != NP_GATE_NOT_AGAIN, to);
	put_module_cases(gate, fails, to);
	put_budget_cases(gate, to);
	fputs("  <system-out>", to);
	np_xml_put_raw(to, verdict);
	for (size_t i = 0; i < pair->compare.rename_count; i++) {
		char *sentence = np_pair_rename(pair, &pair->compare.renames[i]);

		fputc('\n', to);
		np_xml_put_raw(to, sentence);
		free(sentence);
	}
	fputs("</system-out>\n</testsuite>\n", to);
	free(verdict);
}

/* GitHub: "::error file=F,line=N,title=T::message", with %25 %0D %0A, and %3A %2C in properties. */

static void put_escaped(FILE *to, const char *raw, const char *also)
{
	char *text = np_visible(raw, NP_VISIBLE_NAME_MAX);

	for (const char *p = text; *p; p++) {
		if (*p == '%' || strchr(also, *p))
			fprintf(to, "%%%02X", (unsigned char)*p);
		else
			fputc(*p, to);
	}
	free(text);
}

static void put_annotation(FILE *to, const char *level, const struct np_compare_row *row,
			   const char *title, const char *raw)
{
	fprintf(to, "::%s ", level);
	if (row && *row->file) {
		fputs("file=", to);
		put_escaped(to, np_pair_file(row->file), ":,");
		if (row->line)
			fprintf(to, ",line=%u", row->line);
		fputc(',', to);
	}
	fprintf(to, "title=%s::", title);
	put_escaped(to, raw, "");
	fputc('\n', to);
}

void np_gate_github(const struct np_pair *pair, FILE *to)
{
	const struct np_gate *gate = &pair->gate;
	const char *level = gate->result == NP_GATE_FAIL ? "error" : "warning";
	char *verdict = np_pair_verdict(pair);

	put_annotation(to, gate->result == NP_GATE_FAIL || gate->result == NP_GATE_UNUSABLE ? "error"
		       : gate->result == NP_GATE_SUSPECT ? "warning" : "notice", NULL,
		       "neuroprof gate", verdict);
	for (size_t i = 0; i < gate->problem_count; i++)
		put_annotation(to, "error", NULL, "recordings", gate->problems[i].text);
	for (size_t i = 0; i < gate->order_count; i++) {
		const struct np_gate_row *row = &gate->rows[gate->order[i]];
		char *sentence;

		if (row->role != NP_GATE_CAUSE || !row->slower)
			continue;
		sentence = np_pair_sentence(gate, row);
		put_annotation(to, row->again == NP_GATE_NOT_AGAIN ? "warning" : level, row->row,
			       "slower", sentence);
		free(sentence);
	}
	for (size_t i = 0; i < gate->module_count; i++) {
		const struct np_gate_module *module = &gate->modules[i];
		char *sentence;

		if (module->role != NP_GATE_CAUSE || !module->slower)
			continue;
		sentence = np_pair_module_sentence(module);
		put_annotation(to, module->again == NP_GATE_NOT_AGAIN ? "warning" : level, NULL,
			       "slower", sentence);
		free(sentence);
	}
	for (size_t i = 0; i < pair->compare.rename_count && (!pair->rows_max || i < pair->rows_max); i++) {
		char *sentence = np_pair_rename(pair, &pair->compare.renames[i]);

		put_annotation(to, "notice", NULL, "renamed", sentence);
		free(sentence);
	}
	free(verdict);
}

/* Markdown */

/* As a code span; with the characters that end spans or cells, as <code> with entities. */
static void put_code(FILE *to, const char *raw)
{
	char *text = np_visible(raw, 400);

	if (*text && !strpbrk(text, "`|\\") && text[0] != ' ' && text[strlen(text) - 1] != ' ') {
		fprintf(to, "`%s`", text);
		free(text);
		return;
	}
	fputs("<code>", to);
	for (const char *p = text; *p; p++) {
		if (ispunct((unsigned char)*p))
			fprintf(to, "&#%d;", *p);
		else
			fputc(*p, to);
	}
	fputs("</code>", to);
	free(text);
}

static void put_prose(FILE *to, const char *raw)
{
	char *text = np_visible(raw, NP_VISIBLE_NAME_MAX);

	for (const char *p = text; *p; p++) {
		if (strchr("\\`*_{}[]<>#|~@&", *p))
			fprintf(to, "&#%d;", *p);
		else
			fputc(*p, to);
	}
	free(text);
}

static void put_markdown_change(const char *name, const char *note,
				const struct np_gate_change *change, FILE *to)
{
	const struct np_verdict_of_share *verdict = &change->verdict;
	char points[NP_PAIR_TEXT_ROOM], relative[NP_PAIR_TEXT_ROOM], q[NP_PAIR_TEXT_ROOM];

	np_pair_points(points, verdict->change);
	np_pair_relative(relative, verdict);
	np_pair_q(q, change->q);
	fputs("| ", to);
	put_code(to, name);
	fprintf(to, "%s | %.2f | %.2f | %s | %s | %+.2f … %+.2f | %s | ", note, 100 * verdict->share[0],
		100 * verdict->share[1], points, relative, 100 * verdict->lower, 100 * verdict->upper,
		*q == '<' ? "&lt;0.0001" : q);
}

static void put_markdown_again(enum np_gate_again again, FILE *to)
{
	if (again != NP_GATE_NOT_ASKED)
		fputs(again == NP_GATE_AGAIN ? "confirmed" : "not confirmed", to);
}

static void put_markdown_row(const struct np_gate *gate, const struct np_gate_row *row, FILE *to)
{
	char *was = np_pair_was(row->row);

	put_markdown_change(row->row->name, np_gate_change_is_self(row) ? "" : " (with its callees)",
			    np_gate_change_of(row), to);
	if (row->role == NP_GATE_MOVED && row->cause != SIZE_MAX) {
		fputs(row->slower ? "moved from " : "moved to ",
		      to);
		put_code(to, gate->rows[row->cause].row->name);
	}
	if (was) {
		put_prose(to, was);
		fputc(' ', to);
		free(was);
	}
	put_markdown_again(row->again, to);
	fputs(" |\n", to);
}

/* What is compared under another name must not be a secret. */
static void put_markdown_renames(const struct np_pair *pair, FILE *to)
{
	const struct np_compare *compare = &pair->compare;

	for (size_t i = 0; i < compare->rename_count; i++) {
		const struct np_compare_rename *rename = &compare->renames[i];
		char *sentence;

		if (pair->rows_max && i == pair->rows_max) {
			fprintf(to, "\n… and %zu more\n", compare->rename_count - i);
			break;
		}
		fputs(i ? "- " : "\n**Compared with another name's past, as one function each**\n\n- ", to);
		sentence = np_pair_rename(pair, rename);
		put_prose(to, sentence);
		free(sentence);
		fputc('\n', to);
	}
}

static void put_markdown_head(const char *title, const char *what, FILE *to)
{
	fprintf(to, "\n**%s**\n\n| %s | before %% | after %% | points | change | 95 %% interval "
		"| q | |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n", title, what);
}

static void put_markdown_modules(const struct np_gate *gate, FILE *to)
{
	bool any = false;

	for (size_t i = 0; i < gate->module_count; i++) {
		const struct np_gate_module *module = &gate->modules[i];

		if (module->role == NP_GATE_NONE)
			continue;
		if (!any)
			put_markdown_head("Modules", "module", to);
		any = true;
		put_markdown_change(module->name, "", &module->own, to);
		fputs(module->role == NP_GATE_THROUGH ? "by functions above " : "together ", to);
		put_markdown_again(module->again, to);
		fputs(" |\n", to);
	}
}

static void put_markdown_group(const struct np_pair *pair, const char *title, enum np_gate_role role,
			       int slower, FILE *to)
{
	const struct np_gate *gate = &pair->gate;
	size_t count = 0;

	for (size_t i = 0; i < gate->order_count; i++) {
		const struct np_gate_row *row = &gate->rows[gate->order[i]];

		if (row->role != role || (slower >= 0 && row->slower != slower))
			continue;
		if (count++ == 0)
			put_markdown_head(title, "function", to);
		if (!pair->rows_max || count <= pair->rows_max)
			put_markdown_row(gate, row, to);
	}
	if (pair->rows_max && count > pair->rows_max)
		fprintf(to, "\n… and %zu more\n", count - pair->rows_max);
}

static void put_markdown_findings(const struct np_pair *pair, FILE *to)
{
	char *method;

	put_markdown_group(pair, "Slower", NP_GATE_CAUSE, true, to);
	put_markdown_group(pair, "Faster", NP_GATE_CAUSE, false, to);
	put_markdown_group(pair, "Moved to or from a neighbour", NP_GATE_MOVED, -1, to);
	put_markdown_modules(&pair->gate, to);
	put_markdown_renames(pair, to);
	method = np_pair_method(pair);
	fprintf(to, "\n<sub>%zu runs before, %zu after. ", pair->compare.count[0], pair->compare.count[1]);
	for (char *newline; (newline = strchr(method, '\n'));)
		*newline = ' ';
	put_prose(to, method);
	fputs("</sub>\n", to);
	free(method);
}

void np_gate_markdown(const struct np_pair *pair, FILE *to)
{
	const struct np_gate *gate = &pair->gate;
	char *verdict = np_pair_verdict(pair);

	fputs("### ", to);
	put_prose(to, verdict);
	fputc('\n', to);
	free(verdict);
	for (size_t i = 0; i < gate->problem_count; i++) {
		fputs("\n- ", to);
		put_prose(to, gate->problems[i].text);
		fputc('\n', to);
	}
	if (gate->result == NP_GATE_UNUSABLE)
		return;
	if (pair->unconfirmed) {
		fputs("\n- Not confirmed: ", to);
		put_prose(to, pair->unconfirmed);
		fputc('\n', to);
	}
	for (size_t i = 0; i < gate->options.budget_count; i++) {
		const struct np_budget *budget = &gate->options.budgets[i];

		char *value, *most;

		if (!np_budget_is_over(budget) && !np_budget_is_close(budget))
			continue;
		value = np_budget_amount(budget, budget->value);
		most = np_budget_amount(budget, budget->most);
		fprintf(to, "\n- %s budget: ", np_budget_is_over(budget) ? "over" : "close to");
		put_code(to, budget->function);
		fprintf(to, ": %s, at most %s\n", value, most);
		free(value);
		free(most);
	}
	put_markdown_findings(pair, to);
}

void np_diff_markdown(const struct np_pair *pair, FILE *to)
{
	fprintf(to, "### What changed: %zu slower, %zu faster\n", pair->gate.slower, pair->gate.faster);
	put_markdown_findings(pair, to);
}
