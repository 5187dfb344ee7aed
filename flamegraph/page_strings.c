/* SPDX-License-Identifier: MIT
 *
 * page_strings.c - the pool of strings of a page.  Context: tools.
 */
#include "page_strings.h"

#include <stdlib.h>
#include <string.h>

#include "analyze/visible.h"
#include "base/message.h"

void np_page_strings_init(struct np_page_strings *strings, const struct np_tree *tree)
{
	memset(strings, 0, sizeof(*strings));
	strings->id_count = np_tree_string_count(tree);
	strings->place = np_xcalloc(strings->id_count + 1ul, sizeof(*strings->place));
	strings->visible = np_xcalloc(strings->id_count + 1ul, sizeof(*strings->visible));
	np_page_strings_mark(strings, tree, 0);
}

void np_page_strings_mark(struct np_page_strings *strings, const struct np_tree *tree, uint32_t id)
{
	if (!strings->visible[id])
		strings->visible[id] = np_visible(np_tree_string(tree, id), NP_VISIBLE_NAME_MAX);
}

static int compare(const void *left, const void *right, void *context)
{
	char *const *visible = context;

	return strcmp(visible[*(const uint32_t *)left], visible[*(const uint32_t *)right]);
}

void np_page_strings_sort(struct np_page_strings *strings)
{
	uint32_t *order = np_xcalloc(strings->id_count + 1ul, sizeof(*order)), marked = 0;

	for (uint32_t id = 0; id < strings->id_count; id++)
		if (strings->visible[id])
			order[marked++] = id;
	qsort_r(order, marked, sizeof(*order), compare, strings->visible);
	strings->texts = np_xcalloc(marked + 1ul, sizeof(*strings->texts));
	for (uint32_t i = 0; i < marked; i++) {
		char *text = strings->visible[order[i]];

		/* Different bytes may look the same. */
		if (i == 0 || strcmp(text, strings->texts[strings->count - 1]) != 0)
			strings->texts[strings->count++] = text;
		strings->place[order[i]] = strings->count - 1;
	}
	free(order);
}

static size_t common_prefix(const char *left, const char *right)
{
	size_t length = 0;

	while (left[length] && left[length] == right[length])
		length++;
	return length;
}

void np_page_strings_put(const struct np_page_strings *strings, struct np_bytes *to)
{
	const char *last = "";

	np_bytes_put_number(to, strings->count);
	for (uint32_t i = 0; i < strings->count; i++) {
		const char *text = strings->texts[i];
		size_t shared = common_prefix(last, text), rest = strlen(text) - shared;

		np_bytes_put_number(to, shared);
		np_bytes_put_number(to, rest);
		np_bytes_put(to, text + shared, rest);
		last = text;
	}
}

void np_page_strings_finish(struct np_page_strings *strings)
{
	for (uint32_t id = 0; id < strings->id_count; id++)
		free(strings->visible[id]);
	free(strings->visible);
	free(strings->place);
	free(strings->texts);
	memset(strings, 0, sizeof(*strings));
}
