/* SPDX-License-Identifier: MIT
 *
 * report_table.h - tables that a command fills and that every format can be written from.
 *
 * Context: tools.  A command says what its columns are and fills rows; text, JSON, Markdown and CSV
 * follow.  Values are in the unit of the profile, shares are fractions: how each format shows them
 * is decided here, once.
 */
#ifndef NP_TOOLS_REPORT_TABLE_H
#define NP_TOOLS_REPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "profile/tree.h"

enum np_column_kind {
	NP_COLUMN_SHARE,	/* percent in text and CSV (KEY_percent), a fraction in JSON (KEY_share) */
	NP_COLUMN_VALUE,	/* of the profile: "12.3 ms", and a plain number for programs */
	NP_COLUMN_COUNT,	/* a whole number */
	NP_COLUMN_CALLS,	/* likewise; a sign before a lower bound in text */
	NP_COLUMN_WORD,		/* short, ours: "runtime" */
	NP_COLUMN_NAME,		/* anybody's; cut in the middle where there is no room */
	NP_COLUMN_SOURCE,	/* a line of source; its blanks count, cut at the end */
};

struct np_column {
	const char *key;	/* for programs; stays as it is once it was released */
	const char *title;	/* for people; NULL: for programs only */
	enum np_column_kind kind;
};

struct np_cell {
	char *text;		/* NULL: a number, or nothing when not KNOWN */
	double share;
	uint64_t number;
	bool known;
};

struct np_table {
	const char *key;	/* for programs: "callers" */
	char *title;		/* for people, raw; NULL: none */
	const struct np_column *columns;
	size_t column_count;
	struct np_cell *cells;
	size_t cell_count, cell_room;
	size_t left_out;	/* rows that were not asked for */
	bool for_programs;	/* not in text and Markdown */
};

/* All that a command prints. */
struct np_document {
	const char *schema;
	struct np_tree *tree;
	char *const *files;
	size_t file_count;
	const char *source;	/* the inputs in words, visible */
	unsigned columns;	/* of the terminal */
	struct np_table **tables;
	size_t table_count;
	char **notes;		/* sentences below the tables, raw */
	size_t note_count;
};

enum np_document_format { NP_DOCUMENT_TEXT = 0, NP_DOCUMENT_JSON, NP_DOCUMENT_MARKDOWN,
			  NP_DOCUMENT_CSV, NP_DOCUMENT_FORMATS };

/* A table of DOCUMENT, empty.  TITLE (may be NULL) is given away, COLUMNS must stay. */
struct np_table *np_document_table(struct np_document *document, const char *key, char *title,
				   const struct np_column *columns, size_t column_count);

/* A sentence below the tables; NOTE is given away. */
void np_document_note(struct np_document *document, char *note);

/* The next cell, from left to right and row to row.  Texts are copied. */
void np_table_share(struct np_table *table, double share);
void np_table_number(struct np_table *table, uint64_t number);	/* VALUE and COUNT */
void np_table_text(struct np_table *table, const char *text);
void np_table_nothing(struct np_table *table);	/* not known */

/* TABLE alone, for people. */
void np_table_print(const struct np_document *document, const struct np_table *table, bool markdown,
		    FILE *to);

void np_document_write(const struct np_document *document, enum np_document_format format, FILE *to);
void np_document_finish(struct np_document *document);

#endif
