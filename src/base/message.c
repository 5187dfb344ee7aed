/* SPDX-License-Identifier: MIT
 *
 * message.c - the tools' error lines and checked allocation.  Context: tools.
 */
#include "base/message.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"

static const char *tool_name = "neuroprof";

void np_message_tool(const char *name)
{
	tool_name = name;
}

/* Length of the character at TEXT that a terminal shows as it is, or 0. */
static size_t visible_length(const char *text, size_t left)
{
	size_t length = np_utf8_sequence(text, left);

	return length > 0 && np_utf8_is_hidden(np_utf8_decode(text, length)) ? 0 : length;
}

static size_t escape(char *to, size_t room, const char *from)
{
	size_t n = 0, left = strlen(from);

	while (left > 0 && n + 8 < room) {
		size_t length = visible_length(from, left);

		if (length == 0) {
			n += (size_t)snprintf(to + n, room - n, "\\x%02x", (unsigned char)*from);
			length = 1;
		} else {
			memcpy(to + n, from, length);
			n += length;
		}
		from += length;
		left -= length;
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

int np_bad_option(int c, char *const *argv, const char *help)
{
	const char *word = argv[optind - 1];
	bool is_short = optopt > ' ' && optopt < 127 && strncmp(word, "--", 2) != 0;

	if (c == ':')
		np_error("'%s' needs a value: see %s", word, help);
	else if (is_short)
		np_error("'-%c' is no option: see %s", optopt, help);
	else
		np_error("'%s' is no option, or not one that takes this: see %s", word, help);
	return NP_EXIT_USAGE;
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
