/* SPDX-License-Identifier: MIT
 *
 * visible.c - hostile bytes to readable text.  Context: tools.
 */
#include "analyze/visible.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/message.h"
#include "base/utf8.h"

#define ELLIPSIS "\xe2\x80\xa6"

/* Writes at most 12 bytes; returns how many, and in *TAKEN the bytes of the name used up. */
static size_t show_one(char *to, const char *from, size_t left, size_t *taken)
{
	size_t length = np_utf8_sequence(from, left);
	uint32_t code;

	*taken = length ? length : 1;
	if (length == 0)
		return (size_t)sprintf(to, "\\x%02x", (unsigned char)*from);
	code = np_utf8_decode(from, length);
	if (np_utf8_is_hidden(code))
		return (size_t)sprintf(to, "\\u{%x}", code);
	memcpy(to, from, length);
	return length;
}

char *np_visible(const char *name, size_t max)
{
	size_t length = strlen(name), shown = max && length > max ? max : length;
	size_t n = 0, taken;
	char *to;

	/* Do not cut a character in two. */
	while (shown < length && shown > 0 && ((unsigned char)name[shown] & 0xc0) == 0x80)
		shown--;
	to = np_xcalloc(shown * 6 + 16, 1);
	for (size_t i = 0; i < shown; i += taken)
		n += show_one(to + n, name + i, shown - i, &taken);
	strcpy(to + n, shown < length ? ELLIPSIS : "");
	return to;
}

static size_t columns_of(const char *text, size_t length)
{
	int width = length == 1 ? 1 : wcwidth((wchar_t)np_utf8_decode(text, length));

	return width < 0 ? 1 : (size_t)width;
}

size_t np_visible_prefix(const char *text, size_t columns)
{
	size_t left = strlen(text), i = 0, used = 0;

	while (i < left) {
		size_t length = np_utf8_sequence(text + i, left - i);

		length = length ? length : 1;
		used += columns_of(text + i, length);
		if (used > columns)
			break;
		i += length;
	}
	return i;
}

size_t np_visible_columns(const char *text)
{
	size_t left = strlen(text), columns = 0;

	for (size_t i = 0; i < left;) {
		size_t length = np_utf8_sequence(text + i, left - i);

		length = length ? length : 1;
		columns += columns_of(text + i, length);
		i += length;
	}
	return columns;
}

char *np_visible_middle(const char *text, size_t columns)
{
	size_t all = np_visible_columns(text), head, tail = 0, skip;

	if (all <= columns)
		return np_xstrdup(text);
	if (columns < 2)
		return np_xstrdup(columns ? ELLIPSIS : "");
	head = np_visible_prefix(text, (columns - 1) - (columns - 1) / 3);
	/* The tail begins where what is left fits. */
	tail = (columns - 1) / 3;
	skip = np_visible_prefix(text, all - tail);
	if (np_visible_columns(text + skip) > tail)	/* a wide character lies across */
		skip += np_utf8_sequence(text + skip, strlen(text + skip));
	return np_xasprintf("%.*s" ELLIPSIS "%s", (int)head, text, text + skip);
}
