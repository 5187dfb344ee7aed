/* SPDX-License-Identifier: MIT
 *
 * report_table_write.h - for report_table.c and report_table_write.c only.
 */
#ifndef NP_TOOLS_REPORT_TABLE_WRITE_H
#define NP_TOOLS_REPORT_TABLE_WRITE_H

#include "report_table.h"

/* As people read it, visible; to be freed. */
char *np_table_cell_text(const struct np_document *document, const struct np_column *column,
			 const struct np_cell *cell);

/* Is COLUMN for people, and does any row say anything in it? */
bool np_table_shows(const struct np_table *table, size_t column);

void np_table_markdown(const struct np_document *document, const struct np_table *table, FILE *to);
void np_document_text(const struct np_document *document, FILE *to);

#endif
