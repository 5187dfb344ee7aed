/* SPDX-License-Identifier: MIT
 *
 * perf_script_line.c - parsing the lines of `perf script`.  Context: tools; LINE is untrusted.
 *
 * The name of a thread may hold anything, blanks and numbers too, so a header is found from what
 * follows it: the process id, then the time or the event.
 */
#include "profile/perf_script_line.h"

#include <string.h>

#define TOKENS_MAX 64u	/* of a header; a thread's name has 15 bytes at most */

struct tokens {
	struct np_perf_text at[TOKENS_MAX];
	unsigned count;
};

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static void split(const char *line, size_t length, struct tokens *ret)
{
	size_t at = 0;

	ret->count = 0;
	while (ret->count < TOKENS_MAX) {
		size_t start;

		while (at < length && is_blank(line[at]))
			at++;
		if (at == length)
			return;
		start = at;
		while (at < length && !is_blank(line[at]))
			at++;
		ret->at[ret->count++] = (struct np_perf_text){line + start, at - start};
	}
}

/* Digits only, in 64 bits. */
static bool number(struct np_perf_text text, uint64_t *ret)
{
	uint64_t value = 0;

	if (text.length == 0)
		return false;
	for (size_t i = 0; i < text.length; i++)
		if (!is_digit(text.bytes[i]) || __builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (unsigned)(text.bytes[i] - '0'), &value))
			return false;
	*ret = value;
	return true;
}

/* "12" or "12/34" */
static bool is_pid(struct np_perf_text text)
{
	const char *slash = memchr(text.bytes, '/', text.length);
	size_t first = slash ? (size_t)(slash - text.bytes) : text.length;
	uint64_t ignored;

	if (slash && !number((struct np_perf_text){slash + 1, text.length - first - 1}, &ignored))
		return false;
	return number((struct np_perf_text){text.bytes, first}, &ignored);
}

static bool is_cpu(struct np_perf_text text)
{
	uint64_t ignored;

	return text.length > 2 && text.bytes[0] == '[' && text.bytes[text.length - 1] == ']' &&
	       number((struct np_perf_text){text.bytes + 1, text.length - 2}, &ignored);
}

/* "5967.895302:" in nanoseconds */
static bool is_time(struct np_perf_text text, uint64_t *ret)
{
	const char *dot = memchr(text.bytes, '.', text.length);
	uint64_t seconds, fraction;
	size_t digits;

	if (!dot || text.bytes[text.length - 1] != ':')
		return false;
	digits = (size_t)(text.bytes + text.length - 1 - (dot + 1));
	if (digits == 0 || digits > 9 || dot == text.bytes ||
	    !number((struct np_perf_text){text.bytes, (size_t)(dot - text.bytes)}, &seconds) ||
	    !number((struct np_perf_text){dot + 1, digits}, &fraction))
		return false;
	for (; digits < 9; digits++)
		fraction *= 10;
	return !__builtin_mul_overflow(seconds, (uint64_t)1000000000, &seconds) &&
	       !__builtin_add_overflow(seconds, fraction, ret);
}

static bool is_event(struct np_perf_text text)
{
	return text.length > 1 && text.bytes[text.length - 1] == ':';
}

/* The process id before token AT, with the processor and its flags between them perhaps. */
static bool find_pid(const struct tokens *tokens, unsigned at, unsigned *ret)
{
	for (unsigned back = 1; back <= 3 && back < at; back++) {
		if (is_pid(tokens->at[at - back])) {
			*ret = at - back;
			return true;
		}
		if (back == 3 || (!is_cpu(tokens->at[at - back]) &&
				  !(at - back > 0 && is_cpu(tokens->at[at - back - 1]))))
			return false;
	}
	return false;
}

static void set_comm(const struct tokens *tokens, unsigned pid, struct np_perf_header *ret)
{
	const char *start = tokens->at[0].bytes;
	const struct np_perf_text *last = &tokens->at[pid - 1];

	ret->comm = (struct np_perf_text){start, (size_t)(last->bytes + last->length - start)};
	ret->ids = tokens->at[pid];
}

/* From token AT: [period] event: rest */
static void set_event(const struct tokens *tokens, unsigned at, const char *end,
		      struct np_perf_header *ret)
{
	const char *rest = end;

	if (at + 1 < tokens->count && number(tokens->at[at], &ret->period) &&
	    is_event(tokens->at[at + 1])) {
		ret->has_period = true;
		at++;
	}
	if (at < tokens->count && is_event(tokens->at[at])) {
		ret->event = tokens->at[at];
		ret->event.length--;
		at++;
	}
	if (at < tokens->count)
		rest = tokens->at[at].bytes;
	ret->rest = (struct np_perf_text){rest, (size_t)(end - rest)};
}

static const struct np_perf_text nothing = {"", 0};

bool np_perf_header_parse(const char *line, size_t length, struct np_perf_header *ret)
{
	struct tokens tokens;
	uint64_t ignored;
	unsigned pid;

	*ret = (struct np_perf_header){.comm = nothing, .event = nothing, .rest = nothing,
					.ids = nothing};
	split(line, length, &tokens);
	for (unsigned i = 2; i < tokens.count; i++) {
		if (!is_time(tokens.at[i], &ret->time_ns) || !find_pid(&tokens, i, &pid))
			continue;
		ret->has_time = true;
		set_comm(&tokens, pid, ret);
		set_event(&tokens, i + 1, line + length, ret);
		return true;
	}
	/* Without times: the last word is the event. */
	if (tokens.count < 3 || tokens.count == TOKENS_MAX ||
	    !is_event(tokens.at[tokens.count - 1]))
		return false;
	pid = tokens.count - 2;
	if (pid > 1 && number(tokens.at[pid], &ignored) && find_pid(&tokens, pid, &pid)) {
		set_comm(&tokens, pid, ret);
		set_event(&tokens, tokens.count - 2, line + length, ret);
		return true;
	}
	if (!find_pid(&tokens, tokens.count - 1, &pid))
		return false;
	set_comm(&tokens, pid, ret);
	set_event(&tokens, tokens.count - 1, line + length, ret);
	return true;
}

/* Where the "(object)" at the end of TEXT begins; TEXT.length when there is none.  Its own
 * parentheses match: "(/tmp/x (deleted))". */
static size_t find_object(struct np_perf_text text)
{
	size_t open = 0;

	if (text.length < 2 || text.bytes[text.length - 1] != ')')
		return text.length;
	for (size_t i = text.length; i > 0; i--) {
		if (text.bytes[i - 1] == ')')
			open++;
		else if (text.bytes[i - 1] == '(' && --open == 0)
			return i == 1 || is_blank(text.bytes[i - 2]) ? i - 1 : text.length;
	}
	return text.length;
}

/* "name+0x12" without its offset */
static size_t without_offset(struct np_perf_text name)
{
	size_t at = name.length;

	while (at > 0 && ((name.bytes[at - 1] >= 'a' && name.bytes[at - 1] <= 'f') ||
			  is_digit(name.bytes[at - 1])))
		at--;
	if (at < name.length && at > 3 && memcmp(name.bytes + at - 3, "+0x", 3) == 0)
		return at - 3;
	return name.length;
}

bool np_perf_frame_parse(const char *line, size_t length, struct np_perf_frame *ret)
{
	static const char deleted[] = " (deleted)";
	size_t at = 0, start, object;

	*ret = (struct np_perf_frame){.name = nothing, .object = nothing, .key = nothing};
	while (length > 0 && is_blank(line[length - 1]))
		length--;
	while (at < length && is_blank(line[at]))
		at++;
	start = at;
	while (at < length && (is_digit(line[at]) || (line[at] >= 'a' && line[at] <= 'f')))
		at++;
	if (at == start || at - start > 16 || at == length || !is_blank(line[at]))
		return false;
	while (is_blank(line[at]))	/* LENGTH ends in no blank */
		at++;
	ret->key = (struct np_perf_text){line + at, length - at};
	object = find_object(ret->key);
	ret->name = (struct np_perf_text){ret->key.bytes, object};
	if (object < ret->key.length)
		ret->object = (struct np_perf_text){ret->key.bytes + object + 1,
						    ret->key.length - object - 2};
	/* The kernel's mark for a file that is gone is no part of its name. */
	if (ret->object.length > sizeof(deleted) - 1 &&
	    memcmp(ret->object.bytes + ret->object.length - (sizeof(deleted) - 1), deleted,
		   sizeof(deleted) - 1) == 0)
		ret->object.length -= sizeof(deleted) - 1;
	while (ret->name.length > 0 && is_blank(ret->name.bytes[ret->name.length - 1]))
		ret->name.length--;
	ret->name.length = without_offset(ret->name);
	ret->inlined = ret->object.length == 7 && memcmp(ret->object.bytes, "inlined", 7) == 0;
	if (ret->inlined || (ret->object.length == 9 &&
			     memcmp(ret->object.bytes, "[unknown]", 9) == 0))
		ret->object = nothing;
	return true;
}
