/* SPDX-License-Identifier: MIT
 *
 * folded_header.c - the line of value types.  Context: tools.
 */
#include "profile/folded_header.h"

#include <errno.h>
#include <string.h>

#include "profile/read_common.h"

#define WORD_MAX 64u

struct word {
	char type[WORD_MAX], unit[WORD_MAX];
};

static bool is_name(const char *text, size_t length)
{
	if (length == 0 || length >= WORD_MAX)
		return false;
	for (size_t i = 0; i < length; i++) {
		bool letter = (text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'z';
		bool other = (text[i] >= '0' && text[i] <= '9') || text[i] == '_' || text[i] == '-';

		if (!letter && !(other && i > 0))
			return false;
	}
	return true;
}

static bool parse_word(const char *text, size_t length, struct word *word)
{
	const char *slash = memchr(text, '/', length);
	size_t before = slash ? (size_t)(slash - text) : 0;

	if (!slash || !is_name(text, before) || !is_name(slash + 1, length - before - 1))
		return false;
	memset(word, 0, sizeof(*word));
	memcpy(word->type, text, before);
	memcpy(word->unit, slash + 1, length - before - 1);
	return true;
}

int np_folded_header(struct np_folded_reader *reader, const char *line, size_t length)
{
	struct word words[NP_FOLDED_COLUMNS_MAX];
	unsigned count = 0, samples = 0, calls = 0;
	int rc;

	for (size_t at = 0; at < length;) {
		size_t start = at;

		while (at < length && line[at] != ' ' && line[at] != '\t')
			at++;
		if (count == NP_FOLDED_COLUMNS_MAX || !parse_word(line + start, at - start,
								  &words[count]))
			return 0;
		count++;
		while (at < length && (line[at] == ' ' || line[at] == '\t'))
			at++;
	}
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(words[i].unit, "count") != 0)
			continue;
		if (strcmp(words[i].type, "samples") == 0)
			samples = i + 1;
		else if (strcmp(words[i].type, "calls") == 0)
			calls = i + 1;
	}
	if (count == 0)
		return 0;
	rc = np_read_claim(reader->tree, reader->file, &(struct np_read_units){
		.value_type = words[count - 1].type,
		.value_unit = words[count - 1].unit,
		.samples_known = samples > 0,
		.calls_known = calls > 0}, reader->report);
	if (rc < 0)
		return rc;
	reader->started = true;
	reader->columns = count;
	reader->value_column = count;
	reader->samples_column = samples;
	reader->calls_column = calls;
	return 1;
}
