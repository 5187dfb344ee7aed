/* SPDX-License-Identifier: MIT
 *
 * folded_read.c - folded stacks into a call tree, several hundred megabytes a second.
 *
 * Context: tools.  Untrusted input: fuzzed by tests/fuzz/fuzz_folded.c.
 *
 * What makes it fast: neighbouring lines share their first frames, so a line starts at the node
 * where it leaves the line before it; each distinct frame is parsed once; nothing is allocated
 * per line.
 */
#include "profile/folded_read.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "profile/folded_frame.h"
#include "profile/folded_header.h"
#include "profile/folded_rules.h"
#include "profile/folded_value.h"
#include "profile/read_common.h"

void np_folded_reader_init(struct np_folded_reader *reader, const char *file,
			   const struct np_read_options *options, struct np_tree *tree,
			   struct np_read_report *report)
{
	static const struct np_read_options plain;

	memset(reader, 0, sizeof(*reader));
	reader->options = options ? options : &plain;
	reader->drops = reader->options->drop_empty || reader->options->drop_threads;
	reader->tree = tree;
	reader->report = report;
	reader->file = file;
	reader->strict = options && options->strict;
	reader->in_order = options && options->in_order;
	reader->columns = reader->options->columns ? reader->options->columns : 1;
	reader->value_column = reader->options->value_column ? reader->options->value_column
							     : reader->columns;
	np_intern_init(&reader->frames);
}

void np_folded_reader_finish(struct np_folded_reader *reader)
{
	np_intern_finish(&reader->frames);
	free(reader->functions);
	free(reader->scratch);
	free(reader->last_copy);
	free(reader->steps);
	free(reader->carry);
	memset(reader, 0, sizeof(*reader));
}

static void *grow(void *array, size_t need, size_t *room, size_t size)
{
	if (need <= *room)
		return array;
	*room = need * 2;
	return np_xrealloc(array, *room, size);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static size_t common_prefix(const char *a, const char *b, size_t length)
{
	size_t i = 0;

	for (; i + 8 <= length; i += 8) {
		uint64_t x, y;

		memcpy(&x, a + i, 8);
		memcpy(&y, b + i, 8);
		if (x != y)	/* little-endian: the first difference is in the lowest bits */
			return i + (size_t)__builtin_ctzll(x ^ y) / 8;
	}
	while (i < length && a[i] == b[i])
		i++;
	return i;
}

/* How many frames of the last record STACK begins with. */
static uint32_t shared_steps(const struct np_folded_reader *reader, const char *stack,
			     size_t length)
{
	size_t shorter = length < reader->last_length ? length : reader->last_length;
	size_t common = common_prefix(reader->last, stack, shorter);
	uint32_t count = reader->step_count;

	while (count > 0 && reader->steps[count - 1].end > common)
		count--;
	/* The last of them must end here too, by a ';' that no backslash escapes and no type holds. */
	if (count > 0 && reader->steps[count - 1].end == common && common < length &&
	    (stack[common] != ';' || (common > 0 && stack[common - 1] == '\\') ||
	     np_folded_is_in_type(stack, count > 1 ? reader->steps[count - 2].end : 0, common, length)))
		count--;
	return count;
}

/* The end of the frame that starts at AT: the next ';' that is neither escaped nor in a type, or
 * LENGTH. */
static size_t frame_end(const char *stack, size_t at, size_t length)
{
	for (size_t from = at;;) {
		const char *found = memchr(stack + from, ';', length - from);
		const char *before = found;

		if (!found)
			return length;
		while (before > stack + at && before[-1] == '\\')
			before--;
		if ((found - before) % 2 == 0 &&
		    !np_folded_is_in_type(stack, at, (size_t)(found - stack), length))
			return (size_t)(found - stack);
		from = (size_t)(found - stack) + 1;
	}
}

static uint32_t function_of(struct np_folded_reader *reader, const char *frame, size_t length)
{
	int is_new;
	uint32_t id = np_intern_get(&reader->frames, frame, length, &is_new);
	size_t room = reader->function_room;

	if (!is_new)
		return reader->functions[id];
	reader->functions = grow(reader->functions, (size_t)id + 1, &room, sizeof(uint32_t));
	reader->function_room = (uint32_t)room;
	reader->scratch = grow(reader->scratch, length, &reader->scratch_room, 1);
	reader->functions[id] = np_folded_settle(reader,
		np_folded_function(reader->tree, frame, length, reader->scratch));
	return reader->functions[id];
}

static void forget_last(struct np_folded_reader *reader)
{
	reader->last = NULL;
	reader->last_length = 0;
	reader->step_count = 0;
}

/* The first and the second frame may stand for a process and a thread. */
static uint32_t at_root(struct np_folded_reader *reader, uint32_t depth, uint32_t function)
{
	if (depth > 0)
		return reader->root_is_process ? np_folded_root(reader, function, true) : function;
	if (function != reader->root_given) {	/* mostly it is the one of the line before */
		reader->root_given = function;
		reader->root_function = np_folded_root(reader, function, false);
		reader->root_is_process =
			np_tree_function_at(reader->tree, reader->root_function)->kind == NP_KIND_PROCESS;
	}
	return reader->root_function;
}

/* The last frame stays when nothing else would. */
static bool is_left_out(const struct np_folded_reader *reader, uint32_t function, uint32_t node,
			bool is_last)
{
	return !(is_last && node == 0) && np_folded_is_dropped(reader, function);
}

/* The node of STACK; -1 when it is too deep. */
static int64_t find_node(struct np_folded_reader *reader, const char *stack, size_t length)
{
	uint32_t count = shared_steps(reader, stack, length);
	uint32_t node = count ? reader->steps[count - 1].node : 0;
	size_t end = count ? reader->steps[count - 1].end : 0;
	size_t at = count ? end + 1 : 0;
	uint32_t function;

	if (count == 0 || end < length) {
		do {
			size_t room = reader->step_room;

			if (count == NP_FOLDED_DEPTH_MAX) {
				forget_last(reader);
				return -1;
			}
			end = frame_end(stack, at, length);
			function = function_of(reader, stack + at, end - at);
			if (count < 2)
				function = at_root(reader, count, function);
			if (!reader->drops || !is_left_out(reader, function, node, end == length))
				node = reader->in_order ? np_tree_append(reader->tree, node, function)
							: np_tree_child(reader->tree, node, function);
			reader->steps = grow(reader->steps, (size_t)count + 1, &room,
					     sizeof(*reader->steps));
			reader->step_room = (uint32_t)room;
			reader->steps[count++] = (struct np_folded_step){end, node};
			at = end + 1;
		} while (end < length);
	}
	reader->step_count = count;
	reader->last = stack;
	reader->last_length = length;
	return node;
}

static int skip_line(struct np_folded_reader *reader, const char *reason)
{
	struct np_read_report *report = reader->report;

	if (reader->strict)
		return np_read_fail(report, -EBADMSG,
				    "'%s': line %" PRIu64 " is no record: %s (expected: frame;frame;frame number)",
				    reader->file, reader->line, reason);
	if (report->skipped++ == 0) {
		report->first_skipped = reader->line;
		reader->first_reason = reason;
	}
	return 0;
}

static int too_big(struct np_folded_reader *reader)
{
	return np_read_fail(reader->report, -EOVERFLOW,
			    "'%s': line %" PRIu64 ": the sum of the values passes 64 bits",
			    reader->file, reader->line);
}

/* Bring VALUE and the tree to the same number of decimals. */
static int align_decimals(struct np_folded_reader *reader, struct np_folded_value *value)
{
	struct np_tree_meta *meta = np_tree_meta(reader->tree);
	uint64_t factor = 1;

	if (value->decimals <= meta->decimals)
		return np_folded_value_scale(&value->units, meta->decimals - value->decimals);
	np_folded_value_scale(&factor, value->decimals - meta->decimals);
	if (np_tree_scale(reader->tree, factor) < 0)
		return -ERANGE;
	meta->decimals = value->decimals;
	return 0;
}

static int add_record(struct np_folded_reader *reader, const char *stack, size_t length,
		      struct np_folded_value *values)
{
	struct np_folded_value *value = &values[reader->value_column - 1];
	uint64_t samples, calls = 0;
	int64_t node;

	if (align_decimals(reader, value) < 0)
		return too_big(reader);
	samples = value->units;
	if (reader->samples_column)
		samples = values[reader->samples_column - 1].units;
	if (reader->calls_column)
		calls = values[reader->calls_column - 1].units;
	node = find_node(reader, stack, length);
	if (node < 0)
		return skip_line(reader, "more than 1000000 frames");
	if (np_tree_add(reader->tree, (uint32_t)node, value->units, samples, calls) < 0)
		return too_big(reader);
	reader->any_value |= value->units > 0;
	reader->rounded |= value->rounded;
	reader->report->records++;
	return 0;
}

/* Take the columns off the end of LINE, right to left.  Returns the length of what is left,
 * or a negative errno: -EINVAL with *RET_REASON, -ERANGE. */
static int64_t take_columns(const struct np_folded_reader *reader, const char *line, size_t length,
			    struct np_folded_value *values, const char **ret_reason)
{
	for (unsigned column = reader->columns; column > 0; column--) {
		size_t start = length;
		int rc;

		while (start > 0 && !is_blank(line[start - 1]))
			start--;
		if (start == 0) {
			*ret_reason = reader->columns > 1 ? "too few columns"
							  : "no number after a stack";
			return -EINVAL;
		}
		rc = (reader->options->lax ? np_folded_value_lax : np_folded_value_parse)(
			line + start, length - start, &values[column - 1], ret_reason);
		if (rc < 0)
			return rc;
		if (column != reader->value_column && values[column - 1].decimals > 0) {
			*ret_reason = "a fraction where a whole number belongs";
			return -EINVAL;
		}
		length = start;
		while (length > 0 && is_blank(line[length - 1]))
			length--;
	}
	return (int64_t)length;
}

static int start_records(struct np_folded_reader *reader)
{
	const char *type, *unit;

	reader->started = true;
	np_folded_units(reader, &type, &unit);
	return np_read_claim(reader->tree, reader->file, &(struct np_read_units){
		.value_type = type, .value_unit = unit}, reader->report);
}

static int parse_line(struct np_folded_reader *reader, const char *line, size_t length)
{
	struct np_folded_value values[NP_FOLDED_COLUMNS_MAX];
	const char *reason = NULL;
	int64_t rest;
	int rc;

	reader->line++;
	if (reader->line == 1 && length >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
		line += 3;
		length -= 3;
	}
	while (length > 0 && (is_blank(line[length - 1]) || line[length - 1] == '\r'))
		length--;
	if (length == 0 || (line[0] == '#' && (length == 1 || is_blank(line[1])))) {
		if (!reader->started && length > 1)
			np_folded_comment(reader, line, length);
		return 0;
	}
	if (!reader->started) {
		rc = np_folded_header(reader, line, length);
		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
	if (memchr(line, '\0', length))
		return skip_line(reader, "a zero byte");
	rest = take_columns(reader, line, length, values, &reason);
	if (rest == -ERANGE)
		return too_big(reader);
	if (rest < 0)
		return skip_line(reader, reason);
	if (!reader->started) {
		rc = start_records(reader);
		if (rc < 0)
			return rc;
	}
	return add_record(reader, line, (size_t)rest, values);
}

static int keep_rest(struct np_folded_reader *reader, const char *bytes, size_t size)
{
	if (reader->carry_length + size > NP_FOLDED_LINE_MAX)
		return np_read_fail(reader->report, -EBADMSG,
				    "'%s': line %" PRIu64 " is longer than 64 MiB; not folded stacks?",
				    reader->file, reader->line + 1);
	if (size == 0)
		return 0;
	reader->carry = grow(reader->carry, reader->carry_length + size, &reader->carry_room, 1);
	memcpy(reader->carry + reader->carry_length, bytes, size);
	reader->carry_length += size;
	return 0;
}

/* Complete the line that the last push left open.  Returns the bytes used of this push. */
static int64_t finish_carry(struct np_folded_reader *reader, const char *bytes, size_t size)
{
	const char *end = memchr(bytes, '\n', size);
	size_t used = end ? (size_t)(end - bytes) : size;
	int rc = keep_rest(reader, bytes, used);

	if (rc == 0 && end) {
		rc = parse_line(reader, reader->carry, reader->carry_length);
		used++;
		reader->carry_length = 0;
	}
	return rc < 0 ? rc : (int64_t)used;
}

/* The last stack lies in the caller's bytes or in the carry: keep a copy of our own. */
static void save_last(struct np_folded_reader *reader)
{
	if (!reader->last || reader->last == reader->last_copy)
		return;
	if (reader->last_length == 0)
		return forget_last(reader);
	reader->last_copy = grow(reader->last_copy, reader->last_length, &reader->last_room, 1);
	memcpy(reader->last_copy, reader->last, reader->last_length);
	reader->last = reader->last_copy;
}

int np_folded_reader_push(struct np_folded_reader *reader, const char *bytes, size_t size)
{
	const char *end;
	int rc;

	if (reader->carry_length > 0) {
		int64_t used = finish_carry(reader, bytes, size);

		if (used < 0)
			return (int)used;
		bytes += used;
		size -= (size_t)used;
	}
	while (size > 0 && (end = memchr(bytes, '\n', size)) != NULL) {
		size_t length = (size_t)(end - bytes);

		rc = length > NP_FOLDED_LINE_MAX ? keep_rest(reader, bytes, length)
						 : parse_line(reader, bytes, length);
		if (rc < 0)
			return rc;
		bytes = end + 1;
		size -= length + 1;
	}
	save_last(reader);
	return keep_rest(reader, bytes, size);
}

int np_folded_reader_end(struct np_folded_reader *reader)
{
	struct np_read_report *report = reader->report;
	uint64_t records, skipped;
	int rc;

	if (reader->carry_length > 0) {
		rc = parse_line(reader, reader->carry, reader->carry_length);
		reader->carry_length = 0;
		if (rc < 0)
			return rc;
	}
	records = report->records;
	skipped = report->skipped;
	if (skipped > 0 && (records == 0 || skipped > (records + skipped) / 100))
		return np_read_fail(report, -EBADMSG,
				    "'%s': line %" PRIu64 " has %s, and %" PRIu64 " of %" PRIu64
				    " lines are no record; expected: frame;frame;frame number",
				    reader->file, report->first_skipped, reader->first_reason, skipped,
				    records + skipped);
	if (records == 0)
		return np_read_fail(report, -EBADMSG,
				    "'%s': no stack in it (%" PRIu64 " lines read); was anything sampled?",
				    reader->file, reader->line);
	if (!reader->any_value)
		return np_read_fail(report, -EBADMSG,
				    "'%s': the values of all %" PRIu64 " stacks are zero; nothing to show",
				    reader->file, records);
	if (skipped > 0)
		np_read_fail(report, 0, "'%s': skipped %" PRIu64 " of %" PRIu64
			     " lines; the first, line %" PRIu64 ", has %s", reader->file, skipped,
			     records + skipped, report->first_skipped, reader->first_reason);
	else if (reader->joined)
		np_read_fail(report, 0, "'%s': a ';' inside of brackets, as in \"[u8; 32]\", was taken as part "
			     "of the name", reader->file);
	else if (reader->rounded)
		np_read_fail(report, 0, "'%s': values were rounded to %u decimals", reader->file,
			     NP_FOLDED_DECIMALS_MAX);
	return 0;
}
