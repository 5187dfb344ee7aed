/* SPDX-License-Identifier: MIT
 *
 * folded_columns.c - counting columns in a pass of its own.  Context: tools.
 */
#include "profile/folded_columns.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "profile/folded_value.h"
#include "profile/input.h"
#include "profile/read_common.h"
#include "profile/sniff.h"

#define CHUNK_BYTES ((size_t)256 * 1024)
#define TAIL_MAX    128u	/* bytes of a line's end that hold two numbers */

struct counting {
	char tail[TAIL_MAX];	/* of the line at hand, as far as it was read */
	size_t length;
	char first;		/* its first byte */
	bool any;		/* it has bytes */
	uint64_t line;
	uint64_t first_with[3];	/* the first line with 1 and with 2 of them; 0: none */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Is the word before END in TEXT a number?  *END is moved before it. */
static bool take_number(const char *text, size_t *end)
{
	struct np_folded_value value;
	const char *reason;
	size_t last = *end, first;

	while (last > 0 && is_blank(text[last - 1]))
		last--;
	for (first = last; first > 0 && !is_blank(text[first - 1]);)
		first--;
	*end = first;
	return first < last && np_folded_value_parse(text + first, last - first, &value, &reason) != -EINVAL;
}

static void end_line(struct counting *counting)
{
	size_t end = counting->length;
	unsigned columns;

	counting->line++;
	if (counting->any && counting->first != '#' && take_number(counting->tail, &end)) {
		/* Before the numbers there is a stack. */
		columns = take_number(counting->tail, &end) && end > 0 ? 2 : 1;
		if (counting->first_with[columns] == 0)
			counting->first_with[columns] = counting->line;
	}
	counting->length = 0;
	counting->any = false;
}

static void add(struct counting *counting, const char *bytes, size_t size)
{
	size_t keep;

	if (size == 0)
		return;
	if (!counting->any)
		counting->first = bytes[0];
	counting->any = true;
	if (size > TAIL_MAX) {
		bytes += size - TAIL_MAX;
		size = TAIL_MAX;
	}
	keep = counting->length + size > TAIL_MAX ? TAIL_MAX - size : counting->length;
	memmove(counting->tail, counting->tail + counting->length - keep, keep);
	memcpy(counting->tail + keep, bytes, size);
	counting->length = keep + size;
}

static void count(struct counting *counting, const char *bytes, size_t size)
{
	const char *end;

	while (size > 0 && (end = memchr(bytes, '\n', size))) {
		size_t length = (size_t)(end - bytes);

		add(counting, bytes, length);
		end_line(counting);
		bytes += length + 1;
		size -= length + 1;
	}
	add(counting, bytes, size);
}

static int read_all(struct np_input *input, struct counting *counting, bool *ret_folded,
		    struct np_read_report *report)
{
	char *chunk = np_xrealloc(NULL, CHUNK_BYTES, 1);
	bool is_first = true;
	int64_t n;

	*ret_folded = true;
	while ((n = np_input_read(input, chunk, CHUNK_BYTES, report)) > 0) {
		if (is_first)
			*ret_folded = np_sniff(chunk, (size_t)n, (size_t)n < CHUNK_BYTES).format ==
				      NP_FORMAT_FOLDED;
		is_first = false;
		if (!*ret_folded)
			break;
		count(counting, chunk, (size_t)n);
	}
	if (counting->any)
		end_line(counting);
	free(chunk);
	return n < 0 ? (int)n : 0;
}

int np_folded_columns(const char *path, unsigned *ret_columns, struct np_read_report *report)
{
	struct counting counting = { .line = 0 };
	struct np_input *input;
	bool is_folded;
	int rc;

	memset(report, 0, sizeof(*report));
	*ret_columns = 0;
	rc = np_input_open(path, &input, report);
	if (rc < 0)
		return rc;
	rc = read_all(input, &counting, &is_folded, report);
	np_input_close(input);
	if (rc < 0 || !is_folded)
		return rc;
	if (counting.first_with[1] && counting.first_with[2])
		return np_read_fail(report, -EBADMSG,
				    "'%s': line %" PRIu64 " ends in two numbers, line %" PRIu64
				    " in one: say --columns 1 or --columns 2", path,
				    counting.first_with[2], counting.first_with[1]);
	*ret_columns = counting.first_with[2] ? 2 : 1;
	return 0;
}
