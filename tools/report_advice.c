/* SPDX-License-Identifier: MIT
 *
 * report_advice.c - the sentences about a ranking, which text and Markdown share.
 *
 * Context: tools.
 */
#include <math.h>
#include <stdlib.h>

#include "analyze/bottleneck.h"
#include "analyze/units.h"
#include "report.h"
#include "report_health.h"

#define NBSP "\xc2\xa0"	/* no line break between a number and its unit */

void np_report_speedup(char *to, size_t size, double saves)
{
	double speedup = np_rank_speedup(saves);

	if (isinf(speedup))
		snprintf(to, size, "without bound");
	else
		snprintf(to, size, speedup < 1.1 ? "%.3f\xc3\x97" : "%.2f\xc3\x97", speedup);
}

static const struct np_rank_row *most_of_its_own(const struct np_ranking *ranking)
{
	const struct np_rank_row *most = NULL;

	for (size_t i = 0; i < ranking->count; i++)
		if (ranking->rows[i].self > (most ? most->self : 0))
			most = &ranking->rows[i];
	return most;
}

/* "120 calls, 4.17 ms each", each with the sign of a bound where it is one. */
static void put_calls(const struct np_ranking *ranking, const struct np_rank_row *row,
		      const struct np_factors *factors, FILE *to)
{
	bool bound = ranking->calls == NP_CALLS_LOWER_BOUND;
	char count[NP_UNITS_TEXT], each[NP_UNITS_TEXT];

	np_units_count(count, row->calls);
	fprintf(to, " (%s%s call%s", bound ? "\xe2\x89\xa5" : "", count, row->calls == 1 ? "" : "s");
	if (factors->per_call_known) {
		np_units_time(each, factors->self_ns_per_call / 1e9);
		fprintf(to, ", %s%s each", bound ? "\xe2\x89\xa4" : "", each);
	}
	fputc(')', to);
}

static void put_class(const struct np_report *report, const struct np_rank_row *row, FILE *to)
{
	const struct np_factors *factors = &report->factors[row - report->ranking->rows];

	if (factors->class == NP_CLASS_NONE)
		return;
	fprintf(to, " It is %s", np_class_name(factors->class));
	if (factors->class != NP_CLASS_WRAPPER)
		put_calls(report->ranking, row, factors, to);
	fprintf(to, ": %s.", np_class_advice(factors->class));
}

/* What to do about code without a name: it is no function, so none of the classes says anything. */
static void put_nameless(const struct np_rank_row *row, FILE *to)
{
	fprintf(to, " It stands for all code there that has no name: first get it one, by %s.",
		row->kind == NP_KIND_JIT ?
		"a perf map (java -XX:+DumpPerfMapAtExit, node --perf-basic-prof, python -X perf)" :
		"the debug symbols of that object (a -dbgsym package, or DEBUGINFOD_URLS)");
}

/* The first row that has time of its own, if it is shown. */
static const struct np_rank_row *first_of(const struct np_report *report)
{
	for (size_t i = 0; i < report->row_count; i++)
		if (report->ranking->rows[i].self > 0)
			return &report->ranking->rows[i];
	return NULL;
}

bool np_report_advice(const struct np_report *report, FILE *to,
		      void (*put_name)(FILE *to, const char *raw))
{
	const struct np_ranking *ranking = report->ranking;
	const struct np_rank_row *most = most_of_its_own(ranking), *first = first_of(report);
	char half[32], all[32], text[NP_UNITS_TEXT];

	if (!first || report->settings->order != NP_RANK_ROI)
		return false;
	np_report_speedup(half, sizeof(half), first->saves_2);
	np_report_speedup(all, sizeof(all), first->saves_all);
	fputs("First ", to);
	put_name(to, first->name);
	fprintf(to, ": at half its own time the whole is %s as fast", half);
	if (report->factors[first - ranking->rows].seconds_known) {
		np_units_time(text, report->factors[first - ranking->rows].self_s / 2);
		fprintf(to, " (%s less)", text);
	}
	fprintf(to, ", at none of it %s; its own time is %.2f" NBSP "%% of all", all,
		100 * first->self_share);
	if (ranking->samples_known)
		fprintf(to, " (95" NBSP "%% sure of %.2f" NBSP "%%)", 100 * first->self_lower);
	fputc('.', to);
	if (np_report_is_nameless(first->name, first->module))
		put_nameless(first, to);
	else
		put_class(report, first, to);
	if (most == first)
		return true;
	fputs(" Most time of its own has ", to);
	put_name(to, most->name);
	fprintf(to, ": %.2f" NBSP "%%.", 100 * most->self_share);
	return true;
}

bool np_report_inversion(const struct np_report *report, FILE *to,
			 void (*put_name)(FILE *to, const char *raw))
{
	struct np_rank_inversion found = np_rank_inversion(report->ranking, report->row_count);

	if (!found.first)
		return false;
	fputs("Mind the order: by impact ", to);
	put_name(to, found.first->name);
	fprintf(to, " (%.4g" NBSP "%%) comes before ", 100 * found.first->impact);
	put_name(to, found.second->name);
	fprintf(to, " (%.4g" NBSP "%%), yet it saves %.2f" NBSP "%% of the whole at most and the other %.2f"
		NBSP "%%: go by what is saved.", 100 * found.second->impact, 100 * found.first->saves_max,
		100 * found.second->saves_max);
	return true;
}

bool np_report_bottleneck(const struct np_report *report, FILE *to,
			  void (*put_name)(FILE *to, const char *raw))
{
	struct np_bottleneck found;
	char *class, *evidence;
	bool any = false;

	np_bottleneck_init(&found, report->tree, report->config);
	for (int i = 0; i < NP_BOUNDS; i++)
		any |= found.is_bound[i];
	if (!found.enough || (!any && !found.waits))
		return false;
	(void)put_name;		/* it names none */
	class = np_bottleneck_class(&found);
	evidence = np_bottleneck_evidence(&found);
	fprintf(to, "Bound by: %s (%s).", class, evidence);
	free(class);
	free(evidence);
	return true;
}
