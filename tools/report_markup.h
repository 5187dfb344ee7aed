/* SPDX-License-Identifier: MIT
 *
 * report_markup.h - hostile names in Markdown and CSV.  Context: tools.
 */
#ifndef NP_TOOLS_REPORT_MARKUP_H
#define NP_TOOLS_REPORT_MARKUP_H

#include <stdio.h>

/* A name as code, where nothing is a link, a mention or HTML; with the characters that end spans
 * or cells, as <code> with entities. */
void np_markup_code(FILE *to, const char *raw);

/* Running text, visible already: everything that could be markup as entities. */
void np_markup_prose(FILE *to, const char *visible);

/* A cell of CSV; one that a spreadsheet would take for a formula begins with "'". */
void np_markup_csv(FILE *to, const char *raw);

#endif
