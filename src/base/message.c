/* SPDX-License-Identifier: MIT
 *
 * message.c - the tools' error lines and checked allocation.  Context: tools.
 */
#include "base/message.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *tool_name = "neuroprof";

void np_message_tool(const char *name)
{
	tool_name = name;
}

/* Length of the well-formed UTF-8 sequence at TEXT, or 0. */
static size_t utf8_length(const unsigned char *text)
{
	size_t more = text[0] >= 0xf0 && text[0] < 0xf5 ? 3
		    : text[0] >= 0xe0 && text[0] < 0xf0 ? 2
		    : text[0] >= 0xc2 && text[0] < 0xe0 ? 1 : 0;

	if (text[0] < 0x80)
		return 1;
	if (more == 0)
		return 0;
	for (size_t i = 1; i <= more; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	/* C1 controls and bidirectional overrides can rewrite a terminal line. */
	if (text[0] == 0xc2 && text[1] < 0xa0)
		return 0;
	if (text[0] == 0xe2 && (text[1] == 0x80 || text[1] == 0x81) &&
	    ((text[2] >= 0x8b && text[2] <= 0x8f) || (text[2] >= 0xa8 && text[2] <= 0xaf)))
		return 0;
	return more + 1;
}

static size_t escape(char *to, size_t room, const char *from)
{
	size_t n = 0;

	for (const unsigned char *p = (const unsigned char *)from; *p && n + 8 < room;) {
		size_t length = utf8_length(p);

		if (length == 0 || *p < 0x20 || *p == 0x7f) {
			n += (size_t)snprintf(to + n, room - n, "\\x%02x", *p++);
			continue;
		}
		memcpy(to + n, p, length);
		n += length;
		p += length;
	}
	to[n] = '\0';
	return n;
}

__attribute__((format(printf, 2, 0)))
static void say(const char *prefix, const char *format, va_list args)
{
	char text[4096], line[8192];
	int n;

	vsnprintf(text, sizeof(text), format, args);
	n = snprintf(line, 256, "%s: %s", tool_name, prefix);
	n += (int)escape(line + n, sizeof(line) - (size_t)n - 1, text);
	line[n++] = '\n';
	fflush(stdout);		/* keep the order that the user reads */
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return;		/* nobody is left to tell */
}

void np_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("", format, args);
	va_end(args);
}

void np_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("note: ", format, args);
	va_end(args);
}

_Noreturn void np_die(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("", format, args);
	va_end(args);
	exit(status);
}

void *np_xcalloc(unsigned long count, unsigned long size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p)
		np_die(NP_EXIT_FAILURE, "out of memory (%lu x %lu bytes)", count, size);
	return p;
}

void *np_xrealloc(void *old, unsigned long count, unsigned long size)
{
	void *p = reallocarray(old, count ? count : 1, size ? size : 1);

	if (!p)
		np_die(NP_EXIT_FAILURE, "out of memory (%lu x %lu bytes)", count, size);
	return p;
}

char *np_xstrdup(const char *text)
{
	char *p = strdup(text);

	if (!p)
		np_die(NP_EXIT_FAILURE, "out of memory (%zu bytes)", strlen(text) + 1);
	return p;
}

char *np_xasprintf(const char *format, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		np_die(NP_EXIT_FAILURE, "out of memory");
	return text;
}
