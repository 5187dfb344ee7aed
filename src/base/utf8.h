/* SPDX-License-Identifier: MIT
 *
 * utf8.h - is a name well-formed UTF-8, and can it be seen?  Names are bytes to us; some formats
 * and every terminal ask for more.
 *
 * Context: tools.
 */
#ifndef NP_BASE_UTF8_H
#define NP_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length of the well-formed UTF-8 sequence (RFC 3629: shortest form, no surrogate, at most
 * U+10FFFF) at the start of TEXT, which has LENGTH bytes; 0 when there is none. */
size_t np_utf8_sequence(const char *text, size_t length);

/* The character of a well-formed SEQUENCE of LENGTH bytes. */
uint32_t np_utf8_decode(const char *sequence, size_t length);

/* Controls, and what is invisible or turns the direction of the text around it. */
bool np_utf8_is_hidden(uint32_t code);

/* Copy TEXT to TO (room for 4 * LENGTH bytes), each byte that is not UTF-8 and each NUL as "\xNN".
 * Returns the bytes written; no NUL is added. */
size_t np_utf8_clean(char *to, const char *text, size_t length);

#endif
