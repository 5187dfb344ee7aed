/* SPDX-License-Identifier: MIT
 *
 * report_table_write.c - tables as JSON, Markdown and CSV.  Context: tools.
 *
 * JSON: an object with the document's schema, the profile, and each table as a list of objects;
 * fields are only ever added.  CSV: one header; with several tables the first column names them.
 */
#include "report_table_write.h"

#include <stdlib.h>
#include <string.h>

#include "analyze/units.h"
#include "analyze/visible.h"
#include "base/message.h"
#include "profile/export_common.h"
#include "report_json_values.h"
#include "report_markup.h"

static json_t *cell_value(const struct np_column *column, const struct np_cell *cell)
{
	if (!cell->known)
		return json_null();
	if (cell->text)
		return np_json_text_or_null(cell->text);
	return column->kind == NP_COLUMN_SHARE ? np_json_real(cell->share) : np_json_integer(cell->number);
}

static void write_json(const struct np_document *document, FILE *to)
{
	json_t *root = np_json_root(document->schema), *notes = np_json_must(json_array());

	np_json_set(root, "profile", np_json_profile(document->tree, document->files,
						     document->file_count));
	for (size_t i = 0; i < document->table_count; i++) {
		const struct np_table *table = document->tables[i];
		json_t *rows = json_object_get(root, table->key), *row = NULL;

		if (!rows) {	/* tables of one key are one list */
			rows = np_json_must(json_array());
			np_json_set(root, table->key, rows);
		}

		for (size_t j = 0; j < table->cell_count; j++) {
			const struct np_column *column = &table->columns[j % table->column_count];
			char key[64];

			if (j % table->column_count == 0) {
				row = np_json_must(json_object());
				np_json_append(rows, row);
			}
			snprintf(key, sizeof(key), "%s%s", column->key,
				 column->kind == NP_COLUMN_SHARE ? "_share" : "");
			np_json_set(row, key, cell_value(column, &table->cells[j]));
		}
	}
	for (size_t i = 0; i < document->note_count; i++)
		np_json_append(notes, np_json_text(document->notes[i]));
	np_json_set(root, "notes", notes);
	np_json_write(root, to);
}

static void markdown_cell(const struct np_document *document, const struct np_column *column,
			  const struct np_cell *cell, FILE *to)
{
	char *text;

	if (cell->known && (column->kind == NP_COLUMN_NAME || column->kind == NP_COLUMN_SOURCE)) {
		if (*cell->text)
			np_markup_code(to, cell->text);
		return;
	}
	text = np_table_cell_text(document, column, cell);
	np_markup_prose(to, text);
	free(text);
}

static void put_visible_prose(FILE *to, const char *raw)
{
	char *visible = np_visible(raw, 0);

	np_markup_prose(to, visible);
	free(visible);
}

void np_table_markdown(const struct np_document *document, const struct np_table *table, FILE *to)
{
	if (table->title) {
		fputs("\n**", to);
		put_visible_prose(to, table->title);
		fputs("**\n", to);
	}
	fputs("\n|", to);
	for (size_t i = 0; i < table->column_count; i++)
		if (np_table_shows(table, i))
			fprintf(to, " %s |", table->columns[i].title);
	fputs("\n|", to);
	for (size_t i = 0; i < table->column_count; i++)
		if (np_table_shows(table, i))
			fputs(table->columns[i].kind >= NP_COLUMN_WORD ? " --- |" : " ---: |", to);
	fputc('\n', to);
	for (size_t i = 0; i < table->cell_count; i++) {
		size_t column = i % table->column_count;

		fputs(column ? "" : "|", to);
		if (np_table_shows(table, column)) {
			fputc(' ', to);
			markdown_cell(document, &table->columns[column], &table->cells[i], to);
			fputs(" |", to);
		}
		fputs(column + 1 == table->column_count ? "\n" : "", to);
	}
	if (table->left_out)
		fprintf(to, "\n\xe2\x80\xa6 and %zu more\n", table->left_out);
}

static void write_markdown(const struct np_document *document, FILE *to)
{
	char *summary = np_units_summary(document->tree);

	fputs("### ", to);
	np_markup_prose(to, document->source);
	fputs("\n\n", to);
	np_markup_prose(to, summary);
	fputc('\n', to);
	for (size_t i = 0; i < document->table_count; i++)
		if (!document->tables[i]->for_programs)
			np_table_markdown(document, document->tables[i], to);
	for (size_t i = 0; i < document->note_count; i++) {
		fputs("\n", to);
		put_visible_prose(to, document->notes[i]);
		fputs("\n", to);
	}
	free(summary);
}

static void csv_cell(const struct np_document *document, const struct np_column *column,
		     const struct np_cell *cell, FILE *to)
{
	if (!cell->known)
		return;
	if (cell->text)
		np_markup_csv(to, cell->text);
	else if (column->kind == NP_COLUMN_SHARE)
		fprintf(to, "%.6f", 100 * cell->share);
	else
		np_export_number(to, cell->number, column->kind == NP_COLUMN_VALUE
				 ? np_tree_meta(document->tree)->decimals : 0);
}

/* Tables of one document have the same columns where they are written as CSV. */
static void write_csv(const struct np_document *document, FILE *to)
{
	const struct np_table *first = document->tables[0];

	fputs(document->table_count > 1 ? "table," : "", to);
	for (size_t i = 0; i < first->column_count; i++)
		fprintf(to, "%s%s%s", i ? "," : "", first->columns[i].key,
			first->columns[i].kind == NP_COLUMN_SHARE ? "_percent" : "");
	fputc('\n', to);
	for (size_t t = 0; t < document->table_count; t++) {
		const struct np_table *table = document->tables[t];

		for (size_t i = 0; i < table->cell_count; i++) {
			size_t column = i % table->column_count;

			if (column == 0 && document->table_count > 1)
				fprintf(to, "%s,", table->key);
			csv_cell(document, &table->columns[column], &table->cells[i], to);
			fputc(column + 1 == table->column_count ? '\n' : ',', to);
		}
	}
}

void np_document_write(const struct np_document *document, enum np_document_format format, FILE *to)
{
	static void (*const writers[NP_DOCUMENT_FORMATS])(const struct np_document *, FILE *) = {
		np_document_text, write_json, write_markdown, write_csv,
	};

	writers[format](document, to);
}
