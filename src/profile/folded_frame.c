/* SPDX-License-Identifier: MIT
 *
 * folded_frame.c - escapes and annotations of folded frames.  Context: tools.
 */
#include "profile/folded_frame.h"

#include <string.h>

#include "profile/kind.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The X of a trailing "_[X]" that means something, else 0.  '0' and '1' are code of the JVM's other
 * tiers. */
static char annotation(const char *text, size_t length)
{
	const char *end = text + length;

	if (length < 4 || end[-1] != ']' || end[-3] != '[' || end[-4] != '_')
		return 0;
	return memchr("kij01", end[-2], 5) ? end[-2] : 0;
}

static bool must_be_hex(const char *name, size_t length, size_t at)
{
	unsigned char c = (unsigned char)name[at];

	if (c == '\n' || c == '\r')
		return true;
	if (at == 0 && (is_blank(name[at]) || c == '#' || c == 0xef || c == 0x1f))
		return true;
	if (at == length - 1 && is_blank(name[at]))
		return true;
	return c == '[' && length - at == 3 && annotation(name, length);
}

size_t np_folded_escape(char *to, const char *name, enum np_kind kind, bool inlined, bool annotate)
{
	static const char digits[] = "0123456789abcdef";
	size_t length = strlen(name);
	char *at = to;

	if (length == 0) {
		name = NP_FOLDED_EMPTY;
		length = strlen(NP_FOLDED_EMPTY);
	}
	for (size_t i = 0; i < length; i++) {
		if (must_be_hex(name, length, i)) {
			*at++ = '\\';
			*at++ = 'x';
			*at++ = digits[(unsigned char)name[i] >> 4];
			*at++ = digits[name[i] & 15];
			continue;
		}
		if (name[i] == ';' || name[i] == '\\')
			*at++ = '\\';
		*at++ = name[i];
	}
	if (annotate && (kind == NP_KIND_KERNEL || kind == NP_KIND_JIT)) {
		memcpy(at, kind == NP_KIND_KERNEL ? "_[k]" : "_[j]", 4);
		at += 4;
	}
	if (annotate && inlined) {
		memcpy(at, "_[i]", 4);
		at += 4;
	}
	return (size_t)(at - to);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that the escape at FROM (its backslash) stands for, and its length; 0 if none. */
static size_t unescape_one(const char *from, size_t length, char *ret_byte)
{
	int high, low, byte;

	if (length >= 2 && (from[1] == ';' || from[1] == '\\')) {
		*ret_byte = from[1];
		return 2;
	}
	if (length < 4 || from[1] != 'x')
		return 0;
	high = hex_digit(from[2]);
	low = hex_digit(from[3]);
	if (high < 0 || low < 0)
		return 0;
	byte = high * 16 + low;
	if (byte != '\n' && byte != '\r' && byte != '\t' && byte != ' ' && byte != '#' &&
	    byte != '[' && byte != 0xef && byte != 0x1f)
		return 0;
	*ret_byte = (char)byte;
	return 4;
}

/* Returns the length of the name in TO, or SIZE_MAX when a backslash is no escape of ours. */
static size_t unescape(char *to, const char *from, size_t length)
{
	size_t n = 0;

	for (size_t i = 0; i < length;) {
		size_t taken = 1;

		to[n] = from[i];
		if (from[i] == '\\')
			taken = unescape_one(from + i, length - i, &to[n]);
		if (taken == 0)
			return SIZE_MAX;
		i += taken;
		n++;
	}
	return n;
}

uint32_t np_folded_function(struct np_tree *tree, const char *from, size_t length, char *scratch)
{
	struct np_function function = {0};
	char found;

	while (length > 0 && is_blank(from[0])) {
		from++;
		length--;
	}
	while (length > 0 && is_blank(from[length - 1]))
		length--;
	/* Each annotation once, in either order; a frame that is nothing else is a name. */
	while (length > 4 && (found = annotation(from, length)) != 0) {
		if (found == 'i' ? function.inlined : function.kind)
			break;
		if (found == 'i')
			function.inlined = 1;
		else
			function.kind = found == 'k' ? NP_KIND_KERNEL : NP_KIND_JIT;
		length -= 4;
	}
	if (length == 0) {
		from = NP_FOLDED_EMPTY;
		length = strlen(NP_FOLDED_EMPTY);
	} else if (memchr(from, '\\', length)) {
		size_t unescaped = unescape(scratch, from, length);

		if (unescaped != SIZE_MAX) {
			from = scratch;
			length = unescaped;
		}
	}
	function.name = np_tree_intern(tree, from, length);
	if (function.kind == NP_KIND_UNKNOWN &&
	    np_kind_is_marker(np_tree_string(tree, function.name)))
		function.kind = NP_KIND_MARKER;
	return np_tree_function(tree, &function);
}
