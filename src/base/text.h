/* SPDX-License-Identifier: MIT
 *
 * text.h - the small things that every tool says about paths and numbers.  Context: tools.
 */
#ifndef NP_BASE_TEXT_H
#define NP_BASE_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* What follows the last '/' of PATH; all of it where nothing does. */
static inline const char *np_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* Something that ends in END, and not END alone. */
static inline bool np_ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length > end_length && strcmp(text + length - end_length, end) == 0;
}

/* 0 of nothing. */
static inline double np_percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

#endif
