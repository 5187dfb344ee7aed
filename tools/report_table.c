/* SPDX-License-Identifier: MIT
 *
 * report_table.c - tables: filling them, and writing them for a terminal.  Context: tools.
 *
 * report_table_write.c has the other formats.
 */
#include "report_table.h"

#include <stdlib.h>
#include <string.h>

#include "analyze/units.h"
#include "analyze/visible.h"
#include "base/message.h"
#include "report.h"
#include "report_table_write.h"

#define DASH	 "\xe2\x80\x93"
#define NAME_MIN 18u		/* columns that a name has at least */
#define GAP	 2u		/* blanks before a name */

struct np_table *np_document_table(struct np_document *document, const char *key, char *title,
				   const struct np_column *columns, size_t column_count)
{
	struct np_table *table = np_xcalloc(1, sizeof(*table));

	*table = (struct np_table){ .key = key, .title = title, .columns = columns,
				    .column_count = column_count };
	document->tables = np_xrealloc(document->tables, document->table_count + 1,
				       sizeof(*document->tables));
	document->tables[document->table_count++] = table;
	return table;
}

void np_document_note(struct np_document *document, char *note)
{
	document->notes = np_xrealloc(document->notes, document->note_count + 1,
				      sizeof(*document->notes));
	document->notes[document->note_count++] = note;
}

void np_document_finish(struct np_document *document)
{
	for (size_t i = 0; i < document->table_count; i++) {
		struct np_table *table = document->tables[i];

		for (size_t j = 0; j < table->cell_count; j++)
			free(table->cells[j].text);
		free(table->cells);
		free(table->title);
		free(table);
	}
	for (size_t i = 0; i < document->note_count; i++)
		free(document->notes[i]);
	free(document->tables);
	free(document->notes);
}

static struct np_cell *next_cell(struct np_table *table)
{
	if (table->cell_count == table->cell_room) {
		table->cell_room = table->cell_room ? table->cell_room * 2 : 64;
		table->cells = np_xrealloc(table->cells, table->cell_room, sizeof(*table->cells));
	}
	table->cells[table->cell_count] = (struct np_cell){ .known = true };
	return &table->cells[table->cell_count++];
}

void np_table_share(struct np_table *table, double share)
{
	next_cell(table)->share = share;
}

void np_table_number(struct np_table *table, uint64_t number)
{
	next_cell(table)->number = number;
}

void np_table_text(struct np_table *table, const char *text)
{
	next_cell(table)->text = np_xstrdup(text);
}

void np_table_nothing(struct np_table *table)
{
	next_cell(table)->known = false;
}

char *np_table_cell_text(const struct np_document *document, const struct np_column *column,
			 const struct np_cell *cell)
{
	char text[NP_UNITS_TEXT];

	if (!cell->known)
		return np_xstrdup(DASH);
	if (cell->text)
		return np_visible(cell->text, NP_VISIBLE_NAME_MAX);
	switch (column->kind) {
	case NP_COLUMN_SHARE:
		np_report_share(text, sizeof(text), cell->share);
		return np_xstrdup(text);
	case NP_COLUMN_VALUE:
		np_units_value(text, np_tree_meta(document->tree), cell->number);
		return np_xstrdup(text);
	case NP_COLUMN_COUNT:
		np_units_count(text, cell->number);
		return np_xstrdup(text);
	case NP_COLUMN_CALLS:
		np_units_count(text, cell->number);
		return np_xasprintf("%s%s", np_tree_meta(document->tree)->calls == NP_CALLS_LOWER_BOUND
				    ? "\xe2\x89\xa5" : "", text);
	default:
		return np_xstrdup("");
	}
}

bool np_table_shows(const struct np_table *table, size_t column)
{
	if (!table->columns[column].title)
		return false;
	if (table->columns[column].kind != NP_COLUMN_NAME)
		return true;
	for (size_t i = column; i < table->cell_count; i += table->column_count)
		if (table->cells[i].known)
			return true;
	return false;
}

static bool is_wide(const struct np_column *column)
{
	return column->kind == NP_COLUMN_NAME || column->kind == NP_COLUMN_SOURCE;
}

/* What each column needs, and for wide ones what there is room for; 0: not shown. */
static void measure(const struct np_document *document, const struct np_table *table, char **texts,
		    size_t *widths)
{
	size_t used = 0, wide = 0, wanted = 0, room;

	for (size_t i = 0; i < table->column_count; i++)
		if (np_table_shows(table, i))
			widths[i] = np_visible_columns(table->columns[i].title);
	for (size_t i = 0; i < table->cell_count; i++) {
		size_t columns = np_visible_columns(texts[i]), *width = &widths[i % table->column_count];

		if (*width > 0)
			*width = columns > *width ? columns : *width;
	}
	for (size_t i = 0; i < table->column_count; i++) {
		if (widths[i] && is_wide(&table->columns[i])) {
			wide++;
			wanted += widths[i];
			used += GAP;
		} else if (widths[i]) {
			used += widths[i] + 1;
		}
	}
	room = document->columns > used ? document->columns - used : 0;
	for (size_t i = 0; i < table->column_count && wide > 0; i++) {
		size_t share;

		if (!widths[i] || !is_wide(&table->columns[i]))
			continue;
		/* What a narrow one leaves is for those behind it. */
		share = wanted <= room ? widths[i] : room / wide;
		share = share < NAME_MIN ? NAME_MIN : share;
		wanted -= widths[i];
		widths[i] = widths[i] < share ? widths[i] : share;
		room = room > widths[i] ? room - widths[i] : 0;
		wide--;
	}
}

static void put_cell(FILE *to, const struct np_column *column, const char *text, size_t width,
		     bool is_last)
{
	bool left = is_wide(column) || column->kind == NP_COLUMN_WORD;
	char *fitted;
	size_t used;

	if (column->kind == NP_COLUMN_SOURCE)
		fitted = np_xasprintf("%.*s", (int)np_visible_prefix(text, width), text);
	else
		fitted = np_visible_middle(text, width);
	used = np_visible_columns(fitted);
	fprintf(to, "%s%*s%s", is_wide(column) ? "  " : " ", left ? 0 : (int)(width - used), "", fitted);
	if (left && !is_last)
		fprintf(to, "%*s", (int)(width - used), "");
	free(fitted);
}

static void put_row(FILE *to, const struct np_table *table, char **texts, const size_t *widths)
{
	size_t last = table->column_count;

	while (last > 1 && !widths[last - 1])
		last--;
	for (size_t i = 0; i < last; i++)
		if (widths[i])
			put_cell(to, &table->columns[i], texts ? texts[i] : table->columns[i].title, widths[i],
				 i + 1 == last);
	fputc('\n', to);
}

static void put_table(const struct np_document *document, const struct np_table *table, FILE *to)
{
	char **texts = np_xcalloc(table->cell_count + 1, sizeof(*texts));
	size_t *widths = np_xcalloc(table->column_count, sizeof(*widths));

	for (size_t i = 0; i < table->cell_count; i++)
		texts[i] = np_table_cell_text(document, &table->columns[i % table->column_count],
					      &table->cells[i]);
	measure(document, table, texts, widths);
	put_row(to, table, NULL, widths);
	for (size_t i = 0; i < table->cell_count; i += table->column_count)
		put_row(to, table, texts + i, widths);
	for (size_t i = 0; i < table->cell_count; i++)
		free(texts[i]);
	if (table->left_out)
		fprintf(to, "\xe2\x80\xa6 and %zu more (--top all)\n", table->left_out);
	free(texts);
	free(widths);
}

void np_table_print(const struct np_document *document, const struct np_table *table, bool markdown,
		    FILE *to)
{
	if (markdown)
		np_table_markdown(document, table, to);
	else
		put_table(document, table, to);
}

void np_document_text(const struct np_document *document, FILE *to)
{
	char *summary = np_units_summary(document->tree), *visible;

	np_report_wrapped(to, document->source, document->columns, "  ");
	np_report_wrapped(to, summary, document->columns, "  ");
	for (size_t i = 0; i < document->table_count; i++) {
		if (document->tables[i]->for_programs)
			continue;
		fputc('\n', to);
		if (document->tables[i]->title) {
			visible = np_visible(document->tables[i]->title, NP_VISIBLE_NAME_MAX);
			np_report_wrapped(to, visible, document->columns, "  ");
			free(visible);
		}
		put_table(document, document->tables[i], to);
	}
	for (size_t i = 0; i < document->note_count; i++) {
		visible = np_visible(document->notes[i], 0);
		if (i == 0)
			fputc('\n', to);
		np_report_wrapped(to, visible, document->columns, "  ");
		free(visible);
	}
	free(summary);
}
