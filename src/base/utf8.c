/* SPDX-License-Identifier: MIT
 *
 * utf8.c - well-formedness and visibility.  Context: tools.
 */
#include "base/utf8.h"

size_t np_utf8_sequence(const char *text, size_t length)
{
	const unsigned char *byte = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xbf;	/* range of the second byte */
	size_t more;

	if (length == 0)
		return 0;
	if (byte[0] < 0x80)
		return 1;
	if (byte[0] < 0xc2 || byte[0] > 0xf4)
		return 0;
	more = byte[0] < 0xe0 ? 1 : byte[0] < 0xf0 ? 2 : 3;
	if (byte[0] == 0xe0)
		low = 0xa0;
	else if (byte[0] == 0xed)
		high = 0x9f;
	else if (byte[0] == 0xf0)
		low = 0x90;
	else if (byte[0] == 0xf4)
		high = 0x8f;
	if (length <= more || byte[1] < low || byte[1] > high)
		return 0;
	for (size_t i = 2; i <= more; i++)
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
	return more + 1;
}

uint32_t np_utf8_decode(const char *sequence, size_t length)
{
	const unsigned char *byte = (const unsigned char *)sequence;
	uint32_t code = length == 1 ? byte[0] : byte[0] & (0xffu >> (length + 1));

	for (size_t i = 1; i < length; i++)
		code = code << 6 | (byte[i] & 0x3f);
	return code;
}

bool np_utf8_is_hidden(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) ||
	       code == 0xad || code == 0x34f || code == 0x61c || code == 0x180e ||
	       (code >= 0x200b && code <= 0x200f) ||	/* zero width, LRM, RLM */
	       (code >= 0x2028 && code <= 0x202e) ||	/* line ends, bidi embedding, override */
	       (code >= 0x2060 && code <= 0x206f) ||	/* bidi isolates, deprecated controls */
	       (code >= 0xd800 && code <= 0xdfff) || code == 0xfeff ||
	       (code >= 0xfff9 && code <= 0xfffb) ||
	       (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) == 0xfffe ||
	       (code >= 0xe0000 && code <= 0xe007f);	/* tags: invisible text */
}

size_t np_utf8_clean(char *to, const char *text, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	for (size_t i = 0; i < length;) {
		size_t sequence = text[i] ? np_utf8_sequence(text + i, length - i) : 0;

		if (sequence == 0) {
			to[n++] = '\\';
			to[n++] = 'x';
			to[n++] = digits[(unsigned char)text[i] >> 4];
			to[n++] = digits[text[i] & 15];
			i++;
			continue;
		}
		for (; sequence > 0; sequence--)
			to[n++] = text[i++];
	}
	return n;
}
