/* SPDX-License-Identifier: MIT
 *
 * normalise.c - names without what compilers and runs add to them.  Context: tools.
 *
 * Every rule only takes bytes away or replaces them by fewer, so one buffer does.
 */
#include "analyze/normalise.h"

#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"

/* A longer name is not given to the user's expressions: their time may grow with its square. */
#define MAPPED_NAME_MAX 65536u

struct np_name_map {
	struct rule {
		regex_t match;
		char *replacement;
	} *rules;
	size_t count, room;
};

static const char *const clones[] = { "part", "isra", "constprop", "cold", "lto_priv", "llvm",
				      "localalias", "clone", "cfi", "specialized" };

/* Length of the last ".word" or ".word.digits" of NAME that a compiler put there, or 0. */
static size_t clone_length(const char *name, size_t length)
{
	size_t end = length, at = length;

	while (at > 0 && isdigit((unsigned char)name[at - 1]))
		at--;
	if (at < length && at > 0 && name[at - 1] == '.')
		end = at - 1;
	at = end;
	while (at > 0 && name[at - 1] != '.')
		at--;
	if (at < 2)		/* nothing would be left */
		return 0;
	for (size_t i = 0; i < sizeof(clones) / sizeof(*clones); i++)
		if (strlen(clones[i]) == end - at && memcmp(name + at, clones[i], end - at) == 0)
			return length - at + 1;
	return 0;
}

/* " [clone .part.0]" as demanglers write it. */
static size_t bracket_length(const char *name, size_t length)
{
	static const char start[] = " [clone ";
	size_t at = length;

	if (length < sizeof(start) || name[length - 1] != ']')
		return 0;
	while (at > 0 && name[at - 1] != '[')
		at--;
	if (at < 2 || strncmp(name + at - 2, start, sizeof(start) - 1) != 0)
		return 0;
	return at > 2 ? length - at + 2 : 0;
}

static size_t rust_length(const char *name, size_t length)
{
	if (length <= 19 || memcmp(name + length - 19, "::h", 3) != 0)
		return 0;
	for (size_t i = length - 16; i < length; i++)
		if (!isdigit((unsigned char)name[i]) && !(name[i] >= 'a' && name[i] <= 'f'))
			return 0;
	return 19;
}

/* " tid=7" or " tid=7]", " (pid 7)", "comm-7/8": what to take from where. */
static bool cut_ids(char *name)
{
	char *at = strstr(name, " tid="), *end;
	size_t digits;

	if (!at)
		at = strstr(name, " (pid ");
	if (at && at > name) {
		end = at + (at[1] == 't' ? 5 : 6);
		digits = strspn(end, "0123456789");
		end += digits;
		if (at[1] == '(' && digits && *end == ')')
			end++;
		if (digits && (!*end || (*end == ']' && !end[1]))) {
			memmove(at, end, strlen(end) + 1);
			return true;
		}
	}
	/* perf's comm-pid/tid */
	at = strrchr(name, '-');
	if (!at || at == name)
		return false;
	digits = strspn(at + 1, "0123456789");
	if (digits == 0 || at[1 + digits] != '/')
		return false;
	end = at + 2 + digits;
	digits = strspn(end, "0123456789");
	if (digits == 0 || end[digits])
		return false;
	*at = '\0';
	return true;
}

static size_t hex_length(const char *text)
{
	return text[0] == '0' && text[1] == 'x' ? strspn(text + 2, "0123456789abcdefABCDEF") : 0;
}

/* Numbers of lambdas and bare addresses, anywhere in the name; in place. */
static void cut_numbers(char *name)
{
	char *to = name;

	for (const char *from = name; *from;) {
		size_t skip = 0;

		if (strncmp(from, "$$Lambda", 8) == 0) {
			memmove(to, from, 8);
			to += 8;
			from += 8;
			if (*from == '$' || *from == '.')
				from += 1 + strspn(from + 1, "0123456789");
			if (*from == '/' && hex_length(from + 1))
				from += 3 + hex_length(from + 1);
			else if (*from == '/')
				from += 1 + strspn(from + 1, "0123456789");
			continue;
		}
		if (*from == '#' && from > name && (skip = strspn(from + 1, "0123456789")) > 0 &&
		    from[1 + skip] == '}') {
			from += 1 + skip;
			continue;
		}
		if (strncmp(from, "$_", 2) == 0 && isdigit((unsigned char)from[2])) {
			*to++ = '$';
			*to++ = '_';
			from += 2 + strspn(from + 2, "0123456789");
			continue;
		}
		if (hex_length(from) && (from == name ||
					 (from[-1] != '+' && !isalnum((unsigned char)from[-1])))) {
			from += 2 + hex_length(from);
			memcpy(to, "0x*", 3);
			to += 3;
			continue;
		}
		*to++ = *from++;
	}
	*to = '\0';
}

static char *apply(const struct rule *rule, char *name)
{
	char *text = NULL;
	const char *rest = name;
	size_t size;
	regmatch_t at;
	int flags = 0;
	FILE *to;

	if (regexec(&rule->match, name, 1, &at, 0) != 0)
		return name;
	to = open_memstream(&text, &size);
	if (!to)
		np_die(NP_EXIT_FAILURE, "out of memory");
	while (*rest && regexec(&rule->match, rest, 1, &at, flags) == 0) {
		fwrite(rest, 1, (size_t)at.rm_so, to);
		fputs(rule->replacement, to);
		rest += at.rm_eo;
		if (at.rm_eo == at.rm_so && *rest)	/* an empty match: go on by one byte */
			fputc(*rest++, to);
		flags = REG_NOTBOL;
	}
	fputs(rest, to);
	if (fclose(to) != 0)
		np_die(NP_EXIT_FAILURE, "out of memory");
	if (size == 0) {	/* a function without a name would be the root */
		free(text);
		return name;
	}
	free(name);
	return text;
}

char *np_normalise(const char *name, const struct np_name_map *map)
{
	char *text = np_xstrdup(name);
	size_t length = strlen(text), cut;

	while ((cut = clone_length(text, length)) || (cut = bracket_length(text, length)) ||
	       (cut = rust_length(text, length))) {
		length -= cut;
		text[length] = '\0';
	}
	cut_ids(text);
	cut_numbers(text);
	if (strlen(text) > MAPPED_NAME_MAX)
		return text;
	for (size_t i = 0; map && i < map->count; i++)
		text = apply(&map->rules[i], text);
	return text;
}

static char *trim(char *text)
{
	size_t length;

	text += strspn(text, " \t");
	length = strlen(text);
	while (length > 0 && strchr(" \t\r\n", text[length - 1]))
		length--;
	text[length] = '\0';
	return text;
}

static int add_rule(struct np_name_map *map, char *line, const char *where, char *message,
		    size_t message_size)
{
	char *arrow = strstr(line, "=>"), reason[200];
	struct rule *rule;
	int rc;

	if (!arrow) {
		snprintf(message, message_size, "%s: no '=>': a line is 'REGEX => REPLACEMENT'", where);
		return -EINVAL;
	}
	*arrow = '\0';
	line = trim(line);
	if (!*line || map->count == NP_NAME_MAP_RULES_MAX) {
		snprintf(message, message_size, *line ? "%s: more than 1000 rules"
			 : "%s: nothing before '=>'", where);
		return -EINVAL;
	}
	if (map->count == map->room) {
		map->room = map->room ? map->room * 2 : 16;
		map->rules = np_xrealloc(map->rules, map->room, sizeof(*map->rules));
	}
	rule = &map->rules[map->count];
	rc = regcomp(&rule->match, line, REG_EXTENDED);
	if (rc != 0) {
		regerror(rc, &rule->match, reason, sizeof(reason));
		snprintf(message, message_size, "%s: '%.100s' is no regular expression: %s", where,
			 line, reason);
		return -EINVAL;
	}
	rule->replacement = np_xstrdup(trim(arrow + 2));
	map->count++;
	return 0;
}

int np_name_map_read(const char *path, struct np_name_map **ret, char *message,
		     size_t message_size)
{
	FILE *from = fopen(path, "re");
	struct np_name_map *map;
	char *line = NULL, where[300];
	size_t room = 0, bytes = 0, number = 0;
	ssize_t length;
	int rc = 0;

	if (!from) {
		rc = -errno;
		snprintf(message, message_size, "cannot read '%s': %s", path, strerror(errno));
		return rc;
	}
	map = np_xcalloc(1, sizeof(*map));
	while (rc == 0 && (length = getline(&line, &room, from)) > 0) {
		bool is_text = !memchr(line, '\0', (size_t)length);
		char *text = trim(line);

		bytes += (size_t)length;
		snprintf(where, sizeof(where), "%s:%zu", path, ++number);
		if (bytes > NP_NAME_MAP_FILE_MAX || !is_text) {
			snprintf(message, message_size, "%s: longer than 1 MiB, or no text", where);
			rc = -EINVAL;
		} else if (*text && *text != '#') {
			rc = add_rule(map, text, where, message, message_size);
		}
	}
	if (rc == 0 && ferror(from)) {
		rc = -EIO;
		snprintf(message, message_size, "cannot read '%s': %s", path, strerror(EIO));
	}
	free(line);
	fclose(from);
	if (rc == 0)
		*ret = map;
	else
		np_name_map_destroy(map);
	return rc;
}

void np_name_map_destroy(struct np_name_map *map)
{
	if (!map)
		return;
	for (size_t i = 0; i < map->count; i++) {
		regfree(&map->rules[i].match);
		free(map->rules[i].replacement);
	}
	free(map->rules);
	free(map);
}
