/* SPDX-License-Identifier: MIT
 *
 * folded_dialect.c - file and line out of a frame's text.  Context: tools.
 *
 * Untrusted input: fuzzed by tests/fuzz/fuzz_folded.c.
 */
#include "profile/folded_dialect.h"

#include <string.h>

struct parts {
	const char *name, *file;
	size_t name_length, file_length;
	uint32_t line;		/* 0: not said */
};

/* The number in [TEXT, END), which is all digits; 0 when it is none, or 0, or too large. */
static uint32_t number(const char *text, const char *end)
{
	uint32_t value = 0;

	if (text == end)
		return 0;
	for (; text < end; text++)
		if (*text < '0' || *text > '9' || __builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (unsigned)(*text - '0'), &value))
			return 0;
	return value;
}

/* A path, "<string>", or something with a short ending of letters: "a.py", "x.cc". */
static bool is_file(const char *text, size_t length)
{
	const char *dot = memrchr(text, '.', length);
	size_t ending = dot ? (size_t)(text + length - dot) - 1 : 0;

	if (length == 0)
		return false;
	if (memchr(text, '/', length) || (text[0] == '<' && text[length - 1] == '>'))
		return true;
	for (size_t i = 0; i < ending; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzCH+", dot[1 + i]))
			return false;
	return ending > 0 && ending <= 4 && dot > text;
}

/* "fn (file.py:12)", "fn (file.py)" */
static bool split_pyspy(const char *text, size_t length, struct parts *ret)
{
	const char *end = text + length, *open, *colon;

	if (length < 4 || end[-1] != ')')
		return false;
	end--;
	open = memrchr(text, '(', length - 1);
	if (!open || open < text + 2 || open[-1] != ' ')
		return false;
	colon = memrchr(open, ':', (size_t)(end - open));
	ret->line = colon ? number(colon + 1, end) : 0;
	if (ret->line)
		end = colon;
	*ret = (struct parts){ .name = text, .name_length = (size_t)(open - 1 - text),
			       .file = open + 1, .file_length = (size_t)(end - open - 1),
			       .line = ret->line };
	return is_file(ret->file, ret->file_length);
}

/* "A:B:12"; a C++ name has "::" in it, which is no border. */
static bool split_colons(const char *text, size_t length, bool file_first, struct parts *ret)
{
	const char *end = text + length, *last = memrchr(text, ':', length), *border;

	ret->line = last ? number(last + 1, end) : 0;
	if (!ret->line)
		return false;
	border = file_first ? memchr(text, ':', (size_t)(last - text))
			    : memrchr(text, ':', (size_t)(last - text));
	if (!border || border == text || border + 1 == last || border[-1] == ':' || border[1] == ':')
		return false;
	ret->name = file_first ? border + 1 : text;
	ret->name_length = file_first ? (size_t)(last - border - 1) : (size_t)(border - text);
	ret->file = file_first ? text : border + 1;
	ret->file_length = file_first ? (size_t)(border - text) : (size_t)(last - border - 1);
	return is_file(ret->file, ret->file_length);
}

/* "fn:12" */
static bool split_line(const char *text, size_t length, struct parts *ret)
{
	const char *last = memrchr(text, ':', length);

	*ret = (struct parts){ .name = text };
	if (!last || last == text || last[-1] == ':')
		return false;
	ret->name_length = (size_t)(last - text);
	ret->line = number(last + 1, text + length);
	return ret->line > 0;
}

static bool split(enum np_dialect dialect, const char *text, size_t length, struct parts *ret)
{
	switch (dialect) {
	case NP_DIALECT_PYSPY:
		return split_pyspy(text, length, ret);
	case NP_DIALECT_AUSTIN:
	case NP_DIALECT_TACHYON:
		return split_colons(text, length, true, ret);
	case NP_DIALECT_PERF:
		return split_colons(text, length, false, ret);
	case NP_DIALECT_AP:
		return split_line(text, length, ret);
	case NP_DIALECT_AUTO:
		return split_pyspy(text, length, ret) || split_colons(text, length, true, ret) ||
		       split_colons(text, length, false, ret);
	default:
		return false;
	}
}

void np_folded_dialect(struct np_tree *tree, enum np_dialect dialect, bool lines,
		       struct np_function *function)
{
	const char *text = np_tree_string(tree, function->name);
	struct parts parts = { 0 };

	if (!split(dialect, text, strlen(text), &parts) || parts.name_length == 0)
		return;
	function->name = np_tree_intern(tree, parts.name, parts.name_length);
	if (parts.file_length > 0)
		function->file = np_tree_intern(tree, parts.file, parts.file_length);
	if (lines)
		function->at_line = parts.line;
}

enum np_dialect np_folded_dialect_named(const char *name)
{
	static const char *const names[NP_DIALECTS] = {
		[NP_DIALECT_NONE] = "", [NP_DIALECT_AUTO] = "auto", [NP_DIALECT_PERF] = "perf",
		[NP_DIALECT_PYSPY] = "pyspy", [NP_DIALECT_AUSTIN] = "austin",
		[NP_DIALECT_TACHYON] = "tachyon", [NP_DIALECT_AP] = "ap", [NP_DIALECT_BCC] = "bcc",
	};

	for (int i = NP_DIALECT_NONE + 1; i < NP_DIALECTS; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return NP_DIALECT_NONE;
}
