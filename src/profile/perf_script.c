/* SPDX-License-Identifier: MIT
 *
 * perf_script.c - samples of `perf script` into a call tree.
 *
 * Context: tools.  A sample is a header line and its frames, innermost first, up to a blank line
 * or the next header.  Inlined frames come before the one they were inlined into and lie in its
 * object.
 */
#include "profile/perf_script.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "profile/folded_value.h"
#include "profile/perf_script_line.h"
#include "profile/perf_script_stack.h"
#include "profile/read_common.h"

void np_perf_reader_init(struct np_perf_reader *reader, const char *file,
			 const struct np_read_options *options, struct np_tree *tree,
			 struct np_read_report *report)
{
	memset(reader, 0, sizeof(*reader));
	reader->file = file;
	reader->strict = options && options->strict;
	reader->wanted = options ? options->event : NULL;
	reader->by_lines = options && options->lines;
	reader->by_threads = options && options->threads;
	reader->tree = tree;
	reader->report = report;
	reader->is_first = np_tree_node_count(tree) == 1;
	reader->time_min_ns = UINT64_MAX;
	np_intern_init(&reader->frames);
}

void np_perf_reader_finish(struct np_perf_reader *reader)
{
	np_intern_finish(&reader->frames);
	free(reader->known);
	free(reader->stack);
	free(reader->lines);
	free(reader->event);
	free(reader->other_event);
	free(reader->carry);
}

/* A line that belongs to no sample. */
static int skip_line(struct np_perf_reader *reader, const char *reason)
{
	struct np_read_report *report = reader->report;

	if (reader->strict)
		return np_read_fail(report, -EBADMSG, "'%s': line %" PRIu64 " has %s", reader->file,
				    reader->line, reason);
	if (report->skipped++ == 0) {
		report->first_skipped = reader->line;
		reader->first_reason = reason;
	}
	return 0;
}

static int end_sample(struct np_perf_reader *reader)
{
	struct np_tree *tree = reader->tree;
	uint64_t value = reader->value;
	uint32_t node;
	int rc;

	if (!reader->in_sample || !reader->is_taken) {
		reader->in_sample = false;
		return 0;
	}
	reader->in_sample = false;
	node = np_perf_stack_node(reader);
	reader->report->records++;
	reader->any_value |= value > 0;
	rc = np_folded_value_scale(&value, np_tree_meta(tree)->decimals);
	if (rc == 0)
		rc = np_tree_add(tree, node, value, reader->has_period ? 1 : value, 0);
	if (rc < 0)
		return np_read_fail(reader->report, -EOVERFLOW,
				    "'%s': line %" PRIu64 ": the sum of the values passes 64 bits",
				    reader->file, reader->line);
	return 0;
}

static bool same_text(const char *text, struct np_perf_text other)
{
	return strlen(text) == other.length && memcmp(text, other.bytes, other.length) == 0;
}

/* "cycles" is "cycles:u" as well. */
static bool is_wanted(const char *wanted, struct np_perf_text event)
{
	size_t length = strlen(wanted);

	return length <= event.length && memcmp(wanted, event.bytes, length) == 0 &&
	       (length == event.length || event.bytes[length] == ':');
}

static char *copy_text(struct np_perf_text text)
{
	return np_xasprintf("%.*s", (int)(text.length < 4096 ? text.length : 4096), text.bytes);
}

/* The first sample says what the values of this file are. */
static int claim_units(struct np_perf_reader *reader, const struct np_perf_header *header)
{
	struct np_read_units units = { .value_type = "samples", .value_unit = "count" };
	char *end;
	int rc;

	reader->event = copy_text(header->event);
	reader->has_period = header->has_period;
	reader->period = header->period;
	/* Name without modifiers: "cycles" of "cycles:u"; a tracepoint's "sched:sched_switch" stays. */
	end = strchr(reader->event, ':');
	if (header->has_period) {
		bool is_clock = strncmp(reader->event, "cpu-clock", 9) == 0 ||
				strncmp(reader->event, "task-clock", 10) == 0;
		bool is_modified = end && strspn(end + 1, "ukhGHpPSDIWe") == strlen(end + 1);
		char *name = np_xasprintf("%.*s", is_modified ? (int)(end - reader->event)
							      : (int)strlen(reader->event),
					  reader->event);

		units = (struct np_read_units){ .value_type = is_clock ? "cpu" : *name ? name : "events",
			.value_unit = is_clock ? "nanoseconds" : "count", .samples_known = true };
		rc = np_read_claim(reader->tree, reader->file, &units, reader->report);
		free(name);
		return rc;
	}
	return np_read_claim(reader->tree, reader->file, &units, reader->report);
}

/* "comm (tid 34)"; without a thread's id, as perf prints it for a process's only one, its pid. */
static void name_thread(struct np_perf_reader *reader, const struct np_perf_header *header)
{
	const char *slash = memchr(header->ids.bytes, '/', header->ids.length);
	const char *id = slash ? slash + 1 : header->ids.bytes;
	int length = (int)(header->ids.bytes + header->ids.length - id);
	char *name = np_xasprintf("%s (tid %.*s)", np_tree_string(reader->tree, reader->comm), length, id);

	reader->thread = np_tree_intern(reader->tree, name, strlen(name));
	free(name);
}

static int take_header(struct np_perf_reader *reader, const struct np_perf_header *header)
{
	int rc;

	reader->is_taken = reader->in_header = false;
	reader->in_sample = true;
	reader->depth = 0;
	if (!reader->event && (!reader->wanted || is_wanted(reader->wanted, header->event))) {
		rc = claim_units(reader, header);
		if (rc < 0)
			return rc;
	} else if (!reader->event || !same_text(reader->event, header->event)) {
		if (reader->other_samples++ == 0)
			reader->other_event = copy_text(header->event);
		return 0;
	}
	if (header->has_period != reader->has_period)
		return skip_line(reader, reader->has_period ? "a sample without a period"
							    : "a sample with a period, unlike those before it");
	if (header->has_period && header->period != reader->period)
		reader->period = 0;
	if (header->has_time && header->time_ns < reader->time_min_ns)
		reader->time_min_ns = header->time_ns;
	if (header->has_time && header->time_ns > reader->time_max_ns)
		reader->time_max_ns = header->time_ns;
	reader->is_taken = true;
	reader->value = header->has_period ? header->period : 1;
	reader->comm = np_tree_intern(reader->tree, header->comm.bytes, header->comm.length);
	if (reader->by_threads)
		name_thread(reader, header);
	return 0;
}

static int take_frame(struct np_perf_reader *reader, const struct np_perf_frame *frame)
{
	if (!reader->in_sample)
		return skip_line(reader, "a frame without a sample above it");
	if (!reader->is_taken)
		return 0;
	if (frame->key.length > UINT32_MAX / 2)
		return skip_line(reader, "a frame of more than 2 GiB");
	if (reader->depth == NP_PERF_DEPTH_MAX)
		return np_read_fail(reader->report, -EBADMSG,
				    "'%s': line %" PRIu64 ": a stack of more than %u frames",
				    reader->file, reader->line, NP_PERF_DEPTH_MAX);
	np_perf_stack_push(reader, frame);
	return 0;
}

/* Where the file's name in "  file.c:12" ends; 0 when LINE is no such line. */
static size_t source_end(const char *line, size_t length)
{
	size_t at = length;

	while (at > 0 && ((line[at - 1] >= '0' && line[at - 1] <= '9') || line[at - 1] == '?'))
		at--;
	return at < length && at > 1 && line[at - 1] == ':' ? at - 1 : 0;
}

/* 0: none, or none that fits. */
static uint32_t line_number(const char *digits, size_t length)
{
	uint32_t number = 0;

	for (size_t i = 0; i < length; i++)
		if (digits[i] == '?' || __builtin_mul_overflow(number, 10u, &number) ||
		    __builtin_add_overflow(number, (unsigned)(digits[i] - '0'), &number))
			return 0;
	return number;
}

/* -F +srcline puts a line below each frame: "file.c:12", "??:0" or "object[address]". */
static bool take_source(struct np_perf_reader *reader, const char *line, size_t length)
{
	size_t start = 0, end = source_end(line, length);

	while (start < length && (line[start] == ' ' || line[start] == '\t'))
		start++;
	if (!reader->in_sample || start == 0)
		return false;
	if (end <= start)
		return line[length - 1] == ']' && memrchr(line + start, '[', length - start);
	if (reader->is_taken && line[start] != '?')
		np_perf_stack_source(reader, line + start, end - start,
				     line_number(line + end + 1, length - end - 1));
	return true;
}

static int take_comment(struct np_perf_reader *reader, const char *line, size_t length)
{
	static const char key[] = "# cmdline : ";

	reader->in_header |= !reader->in_sample && reader->report->records == 0;

	if (length > sizeof(key) && memcmp(line, key, sizeof(key) - 1) == 0) {
		struct np_perf_text text = { line + sizeof(key) - 1, length - sizeof(key) + 1 };
		char *command = copy_text(text), *comment = np_xasprintf("recorded by: %s", command);

		np_tree_add_comment(reader->tree, comment);
		free(comment);
		free(command);
	}
	return 0;
}

/* Events that are no samples: PERF_RECORD_MMAP, _COMM, …; one of them tells of losses. */
static bool take_record(struct np_perf_reader *reader, const struct np_perf_header *header)
{
	static const char prefix[] = "PERF_RECORD_";
	const char *bytes = header->event.length ? header->event.bytes : header->rest.bytes;
	size_t length = header->event.length ? header->event.length : header->rest.length;
	uint64_t lost = 0;

	if (length < sizeof(prefix) || memcmp(bytes, prefix, sizeof(prefix) - 1) != 0)
		return false;
	if (memmem(bytes, length, "_LOST", 5)) {
		const char *end = header->rest.bytes + header->rest.length, *at = end;

		while (at > header->rest.bytes && at[-1] >= '0' && at[-1] <= '9')
			at--;
		for (; at < end && lost < UINT64_MAX / 20; at++)
			lost = lost * 10 + (uint64_t)(*at - '0');
		if (__builtin_add_overflow(reader->lost, lost, &reader->lost))
			reader->lost = UINT64_MAX;
	}
	return true;
}

static int start_sample(struct np_perf_reader *reader, const struct np_perf_header *header)
{
	struct np_perf_frame frame;
	int rc = end_sample(reader);

	if (rc < 0 || take_record(reader, header))
		return rc;
	rc = take_header(reader, header);
	/* Without call chains the one frame stands on the same line. */
	if (rc == 0 && header->rest.length > 0 && reader->in_sample &&
	    np_perf_frame_parse(header->rest.bytes, header->rest.length, &frame) &&
	    header->rest.bytes[header->rest.length - 1] == ')') {
		rc = take_frame(reader, &frame);
		return rc < 0 ? rc : end_sample(reader);
	}
	return rc;
}

static int parse_line(struct np_perf_reader *reader, const char *line, size_t length)
{
	struct np_perf_header header;
	struct np_perf_frame frame;

	reader->line++;
	while (length > 0 && memchr(" \t\r", line[length - 1], 3))
		length--;
	if (length == 0)
		return end_sample(reader);
	if (line[0] == '#')
		return take_comment(reader, line, length);
	if (memchr(line, '\0', length))
		return skip_line(reader, "a zero byte");
	/* perf sets frames off by a TAB; blanks may stand before a thread's name as well. */
	if (line[0] == '\t' && np_perf_frame_parse(line, length, &frame))
		return take_frame(reader, &frame);
	if (np_perf_header_parse(line, length, &header))
		return start_sample(reader, &header);
	if (line[0] == ' ' && np_perf_frame_parse(line, length, &frame))
		return take_frame(reader, &frame);
	if (take_source(reader, line, length))
		return 0;
	/* A command line that was recorded may have several lines. */
	if (reader->in_header)
		return 0;
	return skip_line(reader, "neither a sample nor a frame");
}

static int keep_rest(struct np_perf_reader *reader, const char *bytes, size_t size)
{
	size_t need = reader->carry_length + size;

	if (need > NP_PERF_LINE_MAX)
		return np_read_fail(reader->report, -EBADMSG,
				    "'%s': line %" PRIu64 " is longer than 64 MiB; not perf script?",
				    reader->file, reader->line + 1);
	if (size == 0)
		return 0;
	if (need > reader->carry_room) {
		reader->carry_room = need * 2;
		reader->carry = np_xrealloc(reader->carry, reader->carry_room, 1);
	}
	memcpy(reader->carry + reader->carry_length, bytes, size);
	reader->carry_length = need;
	return 0;
}

int np_perf_reader_push(struct np_perf_reader *reader, const char *bytes, size_t size)
{
	const char *end;
	int rc = 0;

	while (rc == 0 && size > 0 && (end = memchr(bytes, '\n', size)) != NULL) {
		size_t length = (size_t)(end - bytes);

		if (reader->carry_length > 0 || length > NP_PERF_LINE_MAX) {
			rc = keep_rest(reader, bytes, length);
			if (rc == 0)
				rc = parse_line(reader, reader->carry, reader->carry_length);
			reader->carry_length = 0;
		} else {
			rc = parse_line(reader, bytes, length);
		}
		bytes = end + 1;
		size -= length + 1;
	}
	return rc < 0 ? rc : keep_rest(reader, bytes, size);
}

/* What holds for the whole file: its period, the time it covers, what was lost. */
static void set_meta(struct np_perf_reader *reader)
{
	struct np_tree_meta *meta = np_tree_meta(reader->tree);
	char text[64];

	if (reader->is_first)
		meta->period = reader->period;
	else if (meta->period != reader->period)
		meta->period = 0;
	if (reader->time_max_ns > reader->time_min_ns &&
	    __builtin_add_overflow(meta->duration_ns, reader->time_max_ns - reader->time_min_ns,
				   &meta->duration_ns))
		meta->duration_ns = UINT64_MAX;
	if (reader->lost > 0) {
		snprintf(text, sizeof(text), "lost: %" PRIu64 " events", reader->lost);
		np_tree_add_comment(reader->tree, text);
	}
}

static void set_note(struct np_perf_reader *reader)
{
	struct np_read_report *report = reader->report;

	if (reader->other_samples > 0 && !reader->wanted)
		np_read_fail(report, 0, "'%s': several events: %.100s is read, %" PRIu64
			     " of other events (%.100s) left aside; 'convert --event NAME' "
			     "takes another", reader->file, reader->event,
			     reader->other_samples, reader->other_event);
	else if (report->skipped > 0)
		np_read_fail(report, 0, "'%s': skipped %" PRIu64 " lines; the first, line %" PRIu64
			     ", has %s", reader->file, report->skipped, report->first_skipped,
			     reader->first_reason);
}

int np_perf_reader_end(struct np_perf_reader *reader)
{
	struct np_read_report *report = reader->report;
	int rc = 0;

	if (reader->carry_length > 0)
		rc = parse_line(reader, reader->carry, reader->carry_length);
	reader->carry_length = 0;
	if (rc == 0)
		rc = end_sample(reader);
	if (rc < 0)
		return rc;
	if (report->records == 0 && reader->other_samples > 0)
		return np_read_fail(report, -EBADMSG,
				    "'%s': no sample of the event %.100s; it has %.100s", reader->file,
				    reader->wanted ? reader->wanted : "", reader->other_event);
	if (report->records == 0)
		return np_read_fail(report, -EBADMSG,
				    "'%s': perf script text without a sample (%" PRIu64
				    " lines); was anything sampled?", reader->file, reader->line);
	if (!reader->any_value)
		return np_read_fail(report, -EBADMSG,
				    "'%s': the periods of all %" PRIu64 " samples are zero; nothing to show",
				    reader->file, report->records);
	if (report->skipped > reader->line / 100)
		return np_read_fail(report, -EBADMSG,
				    "'%s': line %" PRIu64 " has %s, and %" PRIu64 " of %" PRIu64
				    " lines are not of perf script; print it with its own fields: "
				    "perf script -i perf.data", reader->file, report->first_skipped,
				    reader->first_reason, report->skipped, reader->line);
	set_meta(reader);
	set_note(reader);
	snprintf(report->facts.event, sizeof(report->facts.event), "%s", reader->event);
	report->facts.other_samples = reader->other_samples;
	return 0;
}
