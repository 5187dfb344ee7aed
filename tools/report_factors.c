/* SPDX-License-Identifier: MIT
 *
 * report_factors.c - the factors of the ranking's rows, as a table for people.
 *
 * Context: tools.  JSON and CSV have them in every row.
 */
#include <stdlib.h>

#include "analyze/units.h"
#include "report.h"
#include "report_table.h"

static const struct np_column columns[] = {
	{ "rank", "#", NP_COLUMN_COUNT },
	{ "gain_2x", "2\xc3\x97", NP_COLUMN_WORD },
	{ "gain_all", "gone", NP_COLUMN_WORD },
	{ "per_call", "own/call", NP_COLUMN_WORD },
	{ "total_per_call", "total/call", NP_COLUMN_WORD },
	{ "class", "class", NP_COLUMN_WORD },
	{ "callers", "callers", NP_COLUMN_COUNT },
	{ "breadth", "breadth", NP_COLUMN_WORD },
	{ "hottest_path", "1 path%", NP_COLUMN_SHARE },
	{ "total_lower95", "total\xe2\x89\xa5", NP_COLUMN_SHARE },
	{ "kind", "whose", NP_COLUMN_WORD },
	{ "function", "function", NP_COLUMN_NAME },
};

static void put_time(struct np_table *table, bool known, const char *sign, double seconds)
{
	char time[NP_UNITS_TEXT], text[NP_UNITS_TEXT + 8];

	if (!known) {
		np_table_nothing(table);
		return;
	}
	np_units_time(time, seconds);
	snprintf(text, sizeof(text), "%s%s", sign, time);
	np_table_text(table, text);
}

static void put_row(struct np_table *table, const struct np_report *report, size_t place)
{
	const struct np_rank_row *row = &report->ranking->rows[place];
	const struct np_factors *factors = &report->factors[place];
	const char *sign = report->ranking->calls == NP_CALLS_LOWER_BOUND ? "\xe2\x89\xa4" : "";
	char breadth[32];

	np_table_number(table, place + 1);
	put_time(table, factors->seconds_known, "", factors->self_s / 2);
	put_time(table, factors->seconds_known, "", factors->self_s);
	put_time(table, factors->per_call_known, sign, factors->self_ns_per_call / 1e9);
	put_time(table, factors->per_call_known, sign, factors->total_ns_per_call / 1e9);
	if (factors->class)
		np_table_text(table, np_class_name(factors->class));
	else
		np_table_nothing(table);
	np_table_number(table, factors->callers);
	snprintf(breadth, sizeof(breadth), "%.1f", factors->breadth);
	np_table_text(table, breadth);
	if (row->self)
		np_table_share(table, factors->hottest_path);
	else
		np_table_nothing(table);
	if (report->ranking->samples_known)
		np_table_share(table, row->total_lower);
	else
		np_table_nothing(table);
	np_table_text(table, np_units_kind(row->kind));
	np_table_text(table, row->name);
}

void np_report_factors(const struct np_report *report, FILE *to, bool markdown)
{
	struct np_document document = { .tree = report->tree, .columns = report->columns };
	struct np_table *table = np_document_table(&document, "factors", NULL, columns,
						   sizeof(columns) / sizeof(*columns));

	for (size_t i = 0; i < report->row_count; i++)
		put_row(table, report, i);
	fputc('\n', to);
	np_table_print(&document, table, markdown, to);
	np_document_finish(&document);
}
