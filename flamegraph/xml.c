/* SPDX-License-Identifier: MIT
 *
 * xml.c - escaping.  Context: tools.
 */
#include "xml.h"

#include <stdlib.h>
#include <string.h>

#include "analyze/visible.h"

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void np_xml_put_bytes(FILE *to, const char *text, size_t length)
{
	size_t start = 0;

	for (size_t i = 0; i < length; i++) {
		const char *escaped = entity(text[i]);

		if (!escaped)
			continue;
		fwrite(text + start, 1, i - start, to);
		fputs(escaped, to);
		start = i + 1;
	}
	fwrite(text + start, 1, length - start, to);
}

void np_xml_put(FILE *to, const char *text)
{
	np_xml_put_bytes(to, text, strlen(text));
}

void np_xml_put_raw(FILE *to, const char *text)
{
	char *visible = np_visible(text, NP_VISIBLE_NAME_MAX);

	np_xml_put(to, visible);
	free(visible);
}
