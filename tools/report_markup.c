/* SPDX-License-Identifier: MIT
 *
 * report_markup.c - the ranking as a Markdown table and as CSV.
 *
 * Context: tools.  Names are hostile: in Markdown they stand in code, where nothing is a link, a
 * mention or HTML; in CSV a cell that a spreadsheet would take for a formula begins with "'".
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/units.h"
#include "analyze/visible.h"
#include "report.h"
#include "report_markup.h"

#define DASH "\xe2\x80\x93"

void np_markup_code(FILE *to, const char *raw)
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

void np_markup_prose(FILE *to, const char *visible)
{
	for (const char *p = visible; *p; p++) {
		if (strchr("\\`*_{}[]<>#|~@&", *p))
			fprintf(to, "&#%d;", *p);
		else
			fputc(*p, to);
	}
}

static void put_markdown_row(const struct np_report *report, const struct np_rank_row *row,
			     size_t rank, FILE *to)
{
	const struct np_ranking *ranking = report->ranking;
	char self[32], lower[32] = DASH, total[32], calls[NP_UNITS_TEXT] = DASH, saves[32];
	char samples[32] = DASH;
	double count;

	np_report_share(self, sizeof(self), row->self_share);
	np_report_share(total, sizeof(total), row->total_share);
	np_report_share(saves, sizeof(saves), row->saves_2);
	if (ranking->samples_known)
		np_report_share(lower, sizeof(lower), row->self_lower);
	if (ranking->calls != NP_CALLS_UNKNOWN && row->calls > 0)
		np_units_count(calls, row->calls);
	if (np_units_samples(np_tree_meta(report->tree), row->self_samples, &count))
		snprintf(samples, sizeof(samples), "%.0f", count);
	fprintf(to, "| %zu | ", rank);
	np_markup_code(to, row->name);
	fputs(" | ", to);
	if (*row->module)
		np_markup_code(to, row->module);
	else
		fputs(DASH, to);
	fprintf(to, " | %.2f | %.2f | %.4g | %s | %s | %s | %s%s | %s | %s |\n", row->roi, row->score,
		row->verdict.complexity, self, lower, total,
		ranking->calls == NP_CALLS_LOWER_BOUND && row->calls > 0 ? "\xe2\x89\xa5" : "", calls,
		samples, saves);
}

/* A list; of the processes of a tree none, for there may be thousands. */
static void put_comments(const struct np_tree *tree, FILE *to)
{
	size_t processes = 0, put = 0;

	for (size_t i = 0; i < np_tree_comment_count(tree); i++)
		processes += strncmp(np_tree_comment(tree, i), "process: ", 9) == 0;
	for (size_t i = 0; i < np_tree_comment_count(tree); i++) {
		char *comment;

		if (processes > 1 && strncmp(np_tree_comment(tree, i), "process: ", 9) == 0)
			continue;
		comment = np_visible(np_tree_comment(tree, i), NP_VISIBLE_NAME_MAX);
		fputs("- ", to);
		np_markup_prose(to, comment);
		fputc('\n', to);
		free(comment);
		put++;
	}
	if (put)
		fputc('\n', to);
}

void np_report_markdown(const struct np_report *report, FILE *to)
{
	char *summary = np_units_summary(report->tree), *formula = np_report_formula(report->ranking);

	fputs("### Hot spots of ", to);
	np_markup_prose(to, report->source);
	fputs("\n\n", to);
	np_markup_prose(to, summary);
	fputs("\n\n", to);
	put_comments(report->tree, to);
	fputs("| # | function | module | ROI | score | complexity | self % | \xe2\x89\xa5 (95 %) | total % "
	      "| calls | samples | 2\xc3\x97 gain % |\n"
	      "| ---: | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n", to);
	for (size_t i = 0; i < report->row_count; i++)
		put_markdown_row(report, &report->ranking->rows[i], i + 1, to);
	fprintf(to, "\n%s%s; ROI = score / complexity.\n", formula,
		report->ranking->calls == NP_CALLS_UNKNOWN ? " (calls unknown: renormalised)" : "");
	if (report->hint) {
		fputc('\n', to);
		np_markup_prose(to, report->hint);
		fputc('\n', to);
	}
	if (report->settings->factors)
		np_report_factors(report, to, true);
	fputc('\n', to);
	if (np_report_bottleneck(report, to, np_markup_code))
		fputs("\n\n", to);
	if (np_report_inversion(report, to, np_markup_code))
		fputs("\n\n", to);
	if (np_report_advice(report, to, np_markup_code))
		fputc('\n', to);
	free(formula);
	free(summary);
}

void np_markup_csv(FILE *to, const char *raw)
{
	char *text = np_visible(raw, NP_VISIBLE_NAME_MAX);
	bool is_formula = *text && strchr("=+-@", *text);

	if (!is_formula && !strpbrk(text, ",\"' ;")) {
		fputs(text, to);
		free(text);
		return;
	}
	fprintf(to, "\"%s", is_formula ? "'" : "");
	for (const char *p = text; *p; p++) {
		if (*p == '"')
			fputc('"', to);
		fputc(*p, to);
	}
	fputc('"', to);
	free(text);
}

static void csv_impact(FILE *to, const struct np_rank_row *row)
{
	if (row->verdict.max_speedup > 0)
		fprintf(to, "%g,%.6f,%g,%.6f,%.6f,%.6f,", row->verdict.max_speedup, 100 * row->impact,
			row->verdict.min_speedup, 100 * row->impact_min, 100 * row->saves_min,
			100 * row->saves_max);
	else
		fputs(",,,,,,", to);
}

static void csv_factors(FILE *to, const struct np_factors *factors)
{
	fprintf(to, "%s,", np_class_name(factors->class));
	if (factors->seconds_known)
		fprintf(to, "%.9g", factors->self_s);
	fputc(',', to);
	if (factors->per_call_known)
		fprintf(to, "%.6g,%.6g,", factors->self_ns_per_call, factors->total_ns_per_call);
	else
		fputs(",,", to);
	fprintf(to, "%u,%.4f,%.6f\n", factors->callers, factors->breadth, 100 * factors->hottest_path);
}

void np_report_csv(const struct np_report *report, FILE *to)
{
	const struct np_ranking *ranking = report->ranking;

	fputs("rank,function,module,kind,roi,score,complexity,self_percent,self_percent_lower95,"
	      "total_percent,total_percent_lower95,calls,calls_are,samples_self,samples_total,"
	      "saves_2x_percent,saves_all_percent,category,max_speedup,impact_percent,"
	      "min_speedup,impact_min_percent,saves_min_percent,saves_max_percent,class,self_seconds,"
	      "self_ns_per_call,total_ns_per_call,callers,caller_breadth,hottest_path_percent\n", to);
	for (size_t i = 0; i < report->row_count; i++) {
		const struct np_rank_row *row = &ranking->rows[i];
		const char *category = np_category_name(row->verdict.category);
		double self, total;

		fprintf(to, "%zu,", i + 1);
		np_markup_csv(to, row->name);
		fputc(',', to);
		np_markup_csv(to, row->module);
		fprintf(to, ",%s,%.6f,%.6f,%g,%.6f,", np_units_kind(row->kind), row->roi, row->score,
			row->verdict.complexity, 100 * row->self_share);
		if (ranking->samples_known)
			fprintf(to, "%.6f,%.6f,%.6f,", 100 * row->self_lower, 100 * row->total_share,
				100 * row->total_lower);
		else
			fprintf(to, ",%.6f,,", 100 * row->total_share);
		if (ranking->calls != NP_CALLS_UNKNOWN && row->calls > 0)
			fprintf(to, "%llu,%s,", (unsigned long long)row->calls,
				ranking->calls == NP_CALLS_EXACT ? "exact" : "lower-bound");
		else
			fputs(",unknown,", to);
		if (np_units_samples(np_tree_meta(report->tree), row->self_samples, &self) &&
		    np_units_samples(np_tree_meta(report->tree), row->total_samples, &total))
			fprintf(to, "%.15g,%.15g,", self, total);
		else
			fputs(",,", to);
		fprintf(to, "%.6f,%.6f,%s,", 100 * row->saves_2, 100 * row->saves_all,
			category ? category : "");
		csv_impact(to, row);
		csv_factors(to, &report->factors[i]);
	}
}
