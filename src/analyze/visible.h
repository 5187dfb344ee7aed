/* SPDX-License-Identifier: MIT
 *
 * visible.h - names as a reader may safely see them: well-formed UTF-8 without anything that
 * moves the cursor, reorders the line or breaks XML.
 *
 * Context: tools.  Names come from symbol tables and other people's files, so every byte is
 * hostile.  Controls, C1, bidi and invisible format characters, noncharacters become "\u{202e}",
 * bytes that are not UTF-8 "\xNN".  The result may still need escaping for its language.
 */
#ifndef NP_ANALYZE_VISIBLE_H
#define NP_ANALYZE_VISIBLE_H

#include <stddef.h>

/* No name is shown longer than this many bytes of the original; the rest is "…". */
#define NP_VISIBLE_NAME_MAX ((size_t)4096)

/* A new string, to be freed, with at most MAX bytes of NAME shown (0: all). */
char *np_visible(const char *name, size_t max);

/* The functions below take what np_visible() returned. */

/* Terminal columns; wide characters take two (needs a UTF-8 LC_CTYPE, else all take one). */
size_t np_visible_columns(const char *text);

/* Bytes of the longest prefix that fits COLUMNS. */
size_t np_visible_prefix(const char *text, size_t columns);

/* A new string of at most COLUMNS columns, with "…" in the middle when something was cut: long
 * C++ names differ at both ends. */
char *np_visible_middle(const char *text, size_t columns);

#endif
