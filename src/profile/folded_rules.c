/* SPDX-License-Identifier: MIT
 *
 * folded_rules.c - metadata, roots and types of folded stacks.  Context: tools.
 *
 * Untrusted input: fuzzed by tests/fuzz/fuzz_folded.c.
 */
#include "profile/folded_rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/message.h"
#include "profile/folded_frame.h"
#include "profile/folded_dialect.h"

#define VALUE_MAX 1024u		/* bytes of metadata that are kept */

struct text {
	const char *bytes;
	size_t length;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static struct text trim(const char *bytes, size_t length)
{
	while (length > 0 && is_blank(bytes[0])) {
		bytes++;
		length--;
	}
	while (length > 0 && is_blank(bytes[length - 1]))
		length--;
	return (struct text){ bytes, length };
}

static bool is(struct text text, const char *word)
{
	return text.length == strlen(word) && memcmp(text.bytes, word, text.length) == 0;
}

/* "12.5 s", "300ms", "7" (seconds) in nanoseconds; 0: it is none. */
static uint64_t duration_of(struct text text)
{
	static const struct {
		const char *unit;
		unsigned power;
	} units[] = {
		{ "", 9 }, { "s", 9 }, { "seconds", 9 }, { "ms", 6 }, { "milliseconds", 6 }, { "us", 3 },
		{ "microseconds", 3 }, { "ns", 0 }, { "nanoseconds", 0 },
	};
	struct np_folded_value value;
	const char *reason;
	size_t digits = 0;
	struct text unit;

	while (digits < text.length && (is_digit(text.bytes[digits]) || text.bytes[digits] == '.'))
		digits++;
	if (np_folded_value_parse(text.bytes, digits, &value, &reason) < 0)
		return 0;
	unit = trim(text.bytes + digits, text.length - digits);
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (!is(unit, units[i].unit))
			continue;
		for (; value.decimals > units[i].power; value.decimals--)
			value.units /= 10;
		return np_folded_value_scale(&value.units, units[i].power - value.decimals) < 0
		     ? 0 : value.units;
	}
	return 0;
}

static void take_unit(struct np_folded_reader *reader, struct text text)
{
	const char *slash = memchr(text.bytes, '/', text.length);
	struct text type = slash ? trim(text.bytes, (size_t)(slash - text.bytes)) : (struct text){ "", 0 };
	struct text unit = slash ? trim(slash + 1, text.length - type.length - 1) : text;

	reader->type = type.length ? np_tree_intern(reader->tree, type.bytes, type.length) : 0;
	reader->unit = unit.length ? np_tree_intern(reader->tree, unit.bytes, unit.length) : 0;
}

static void take_meta(struct np_folded_reader *reader, struct text key, struct text value)
{
	struct np_tree_meta *meta = np_tree_meta(reader->tree);
	struct np_folded_value number;
	const char *reason;

	if (is(key, "unit"))
		take_unit(reader, value);
	else if (is(key, "duration") &&
		 __builtin_add_overflow(meta->duration_ns, duration_of(value), &meta->duration_ns))
		meta->duration_ns = UINT64_MAX;
	else if (is(key, "cmd") && !meta->command)
		meta->command = np_tree_string(reader->tree,
					       np_tree_intern(reader->tree, value.bytes, value.length));
	else if (is(key, "period") && np_tree_node_count(reader->tree) == 1 &&
		 np_folded_value_parse(value.bytes, value.length, &number, &reason) == 0 &&
		 number.decimals == 0)
		meta->period = number.units;
}

void np_folded_comment(struct np_folded_reader *reader, const char *line, size_t length)
{
	static const char *const keys[] = { "unit", "period", "samples", "duration", "host", "cmd", "event",
					    "sampled_at", "tool", "schema" };
	const char *colon = memchr(line, ':', length);
	char comment[VALUE_MAX + 32];
	struct text key, value;

	if (!colon || memchr(line, '\0', length))
		return;
	key = trim(line + 1, (size_t)(colon - line) - 1);
	value = trim(colon + 1, length - (size_t)(colon + 1 - line));
	if (value.length == 0)
		return;
	if (value.length > VALUE_MAX)
		value.length = VALUE_MAX;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (!is(key, keys[i]))
			continue;
		take_meta(reader, key, value);
		/* What the head of a report shows anyway is no note. */
		if (!is(key, "cmd") && !is(key, "unit") && !is(key, "duration")) {
			snprintf(comment, sizeof(comment), "%s: %.*s", keys[i], (int)value.length, value.bytes);
			np_tree_add_comment(reader->tree, comment);
		}
	}
}

void np_folded_units(const struct np_folded_reader *reader, const char **ret_type,
		     const char **ret_unit)
{
	static const char *const times[] = { "nanoseconds", "microseconds", "milliseconds", "seconds",
					     "ns", "us", "ms", "s" };

	*ret_type = reader->type ? np_tree_string(reader->tree, reader->type) : "samples";
	*ret_unit = reader->unit ? np_tree_string(reader->tree, reader->unit) : "count";
	/* "unit: samples" says what is counted. */
	if (reader->unit && !reader->type && strcmp(*ret_unit, "samples") == 0)
		*ret_unit = "count";
	for (size_t i = 0; reader->unit && !reader->type && i < sizeof(times) / sizeof(*times); i++)
		if (strcmp(*ret_unit, times[i]) == 0)
			*ret_type = "time";
}

static bool all_digits(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!is_digit(text[i]))
			return false;
	return length > 0;
}

static bool starts(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* "worker-7/9" */
static bool is_pid_and_tid(const char *name)
{
	const char *slash = strrchr(name, '/'), *dash = strrchr(name, '-');

	return slash && dash && dash < slash && dash > name &&
	       all_digits(dash + 1, (size_t)(slash - dash - 1)) && all_digits(slash + 1, strlen(slash + 1));
}

/* "[worker tid=9]" */
static bool is_tid_in_brackets(const char *name)
{
	size_t length = strlen(name);
	const char *tid = strstr(name, " tid=");

	return name[0] == '[' && tid && name[length - 1] == ']' &&
	       all_digits(tid + 5, (size_t)(name + length - 1 - (tid + 5)));
}

static enum np_kind root_kind(const char *name, bool below_process)
{
	size_t length = strlen(name);

	if (is_pid_and_tid(name) || is_tid_in_brackets(name) || starts(name, "thread (0x") ||
	    (starts(name, "tid:") && all_digits(name + 4, length - 4)))
		return NP_KIND_THREAD;
	if (starts(name, "process ") && is_digit(name[8]))
		return NP_KIND_PROCESS;
	if (name[0] == 'P' && all_digits(name + 1, length - 1))
		return NP_KIND_PROCESS;
	if (below_process && name[0] == 'T' && is_digit(name[1]) &&
	    strspn(name + 1, "0123456789abcdefx:") == length - 1)
		return NP_KIND_THREAD;
	return NP_KIND_UNKNOWN;
}

uint32_t np_folded_root(struct np_folded_reader *reader, uint32_t function, bool below_process)
{
	struct np_function found = *np_tree_function_at(reader->tree, function);

	if (found.kind != NP_KIND_UNKNOWN)
		return function;
	found.kind = (uint8_t)root_kind(np_tree_string(reader->tree, found.name), below_process);
	return found.kind ? np_tree_function(reader->tree, &found) : function;
}

bool np_folded_is_dropped(const struct np_folded_reader *reader, uint32_t function)
{
	const struct np_function *found = np_tree_function_at(reader->tree, function);

	if (reader->options->drop_threads &&
	    (found->kind == NP_KIND_PROCESS || found->kind == NP_KIND_THREAD))
		return true;
	return reader->options->drop_empty &&
	       strcmp(np_tree_string(reader->tree, found->name), NP_FOLDED_EMPTY) == 0;
}

uint32_t np_folded_settle(struct np_folded_reader *reader, uint32_t function)
{
	const struct np_read_options *options = reader->options;
	struct np_function found = *np_tree_function_at(reader->tree, function);
	const char *name = np_tree_string(reader->tree, found.name);

	/* Between two stacks that were chained: shown, never ranked. */
	if (found.kind == NP_KIND_UNKNOWN && (strcmp(name, "-") == 0 || strcmp(name, "--") == 0))
		found.kind = NP_KIND_MARKER;
	reader->joined |= strchr(name, '[') && strstr(name, "; ");
	if (options->merge_kinds && found.kind != NP_KIND_MARKER) {
		found.kind = NP_KIND_UNKNOWN;
		found.inlined = 0;
	}
	if (options->dialect)
		np_folded_dialect(reader->tree, options->dialect, options->lines, &found);
	return np_tree_function(reader->tree, &found);
}

bool np_folded_is_array(const char *stack, size_t from, size_t at, size_t length)
{
	const char *open, *close;

	open = memrchr(stack + from, '[', at - from);
	if (!open || memchr(open, ']', (size_t)(stack + at - open)))
		return false;
	/* The length of the array, or a constant's name, and the bracket's end. */
	close = memchr(stack + at, ']', length - at);
	return close && !memchr(stack + at + 1, ';', (size_t)(close - stack) - at - 1);
}

/* A tenth of VALUE, POWER times; beyond nine decimals the last one is rounded. */
static void shrink(struct np_folded_value *value, unsigned power)
{
	for (; power > 0 && value->units > 0; power--) {
		if (value->decimals < NP_FOLDED_DECIMALS_MAX) {
			value->decimals++;
			continue;
		}
		value->rounded |= value->units % 10 != 0;
		value->units = value->units / 10 + (value->units % 10 >= 5);
	}
	while (value->decimals > 0 && value->units % 10 == 0) {
		value->units /= 10;
		value->decimals--;
	}
}

int np_folded_value_lax(const char *text, size_t length, struct np_folded_value *ret,
			const char **ret_reason)
{
	const char *e = memchr(text, 'e', length);
	size_t mantissa, digits;
	unsigned power = 0;
	bool negative;
	int rc;

	if (!e)
		e = memchr(text, 'E', length);
	mantissa = e ? (size_t)(e - text) : 0;
	if (mantissa == 0)
		return np_folded_value_parse(text, length, ret, ret_reason);
	negative = mantissa + 1 < length && e[1] == '-';
	digits = length - mantissa - 1;
	e++;
	if (digits > 0 && (*e == '-' || *e == '+')) {
		e++;
		digits--;
	}
	if (!all_digits(e, digits) || digits > 4) {
		*ret_reason = "no number at its end";
		return -EINVAL;
	}
	for (size_t i = 0; i < digits; i++)
		power = power * 10 + (unsigned)(e[i] - '0');
	rc = np_folded_value_parse(text, mantissa, ret, ret_reason);
	if (rc < 0 || ret->units == 0)
		return rc;
	if (negative) {
		shrink(ret, power);
		return 0;
	}
	for (; power > 0 && ret->decimals > 0; power--)
		ret->decimals--;
	return np_folded_value_scale(&ret->units, power);
}
