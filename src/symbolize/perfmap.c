/* SPDX-License-Identifier: MIT
 *
 * perfmap.c - "START SIZE name" lines, hexadecimal without 0x.  Context: tools.
 */
#include "symbolize/perfmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/message.h"
#include "symbolize/names.h"
#include "symbolize/ranges.h"

#define FILE_BYTES_MAX (256u << 20)
#define LINES_MAX      (4u << 20)

struct np_perfmap {
	struct np_names *names;
	struct np_ranges ranges;	/* id = line */
	const char **lines;		/* names, kept by names */
	size_t count, room;
};

/* Hexadecimal digits at *AT, with or without 0x; followed by a blank. */
static bool read_hex(const char **at, const char *end, uint64_t *ret)
{
	const char *p = *at;
	uint64_t value = 0;
	int digits = 0;

	if (end - p > 2 && p[0] == '0' && p[1] == 'x')
		p += 2;
	for (; p < end; p++, digits++) {
		int digit = *p >= '0' && *p <= '9'   ? *p - '0'
			    : *p >= 'a' && *p <= 'f' ? *p - 'a' + 10
			    : *p >= 'A' && *p <= 'F' ? *p - 'A' + 10
						     : -1;

		if (digit < 0)
			break;
		if (digits >= 16)
			return false;
		value = value << 4 | (uint64_t)digit;
	}
	if (digits == 0 || p == end || *p != ' ')
		return false;
	*at = p + 1;
	*ret = value;
	return true;
}

static void read_line(struct np_perfmap *map, const char *at, const char *end)
{
	uint64_t start, bytes;
	char *name;

	if (!read_hex(&at, end, &start) || !read_hex(&at, end, &bytes) || at == end ||
	    start + bytes < start || map->count == LINES_MAX)
		return;
	if (map->count == map->room) {
		map->room = map->room ? map->room * 2 : 256;
		map->lines = np_xrealloc((void *)map->lines, map->room, sizeof(*map->lines));
	}
	name = strndup(at, (size_t)(end - at));
	if (!name)
		return;
	np_ranges_add(&map->ranges, start, start + bytes, (uint32_t)map->count);
	map->lines[map->count++] = np_names_demangled(map->names, name);
	free(name);
}

struct np_perfmap *np_perfmap_parse(const char *text, size_t length)
{
	struct np_perfmap *map = np_xcalloc(1, sizeof(*map));
	const char *end = text + length;

	map->names = np_names_create();
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;

		/* A last line without its end was being written: its name may be cut. */
		if (newline)
			read_line(map, text, stop);
		text = stop + 1;
	}
	np_ranges_finish(&map->ranges);
	return map;
}

static char *read_whole(int fd, size_t bytes, size_t *ret_length)
{
	char *text = malloc(bytes ? bytes : 1);
	size_t length = 0;
	ssize_t n;

	while (text && length < bytes) {
		n = read(fd, text + length, bytes - length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		length += (size_t)n;
	}
	*ret_length = length;
	return text;
}

struct np_perfmap *np_perfmap_open(const char *path, uid_t owner)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
	struct np_perfmap *map = NULL;
	struct stat st;
	size_t length;
	char *text;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == owner && st.st_size > 0 &&
	    st.st_size <= FILE_BYTES_MAX) {
		text = read_whole(fd, (size_t)st.st_size, &length);
		if (text)
			map = np_perfmap_parse(text, length);
		free(text);
	}
	close(fd);
	return map;
}

void np_perfmap_close(struct np_perfmap *map)
{
	if (!map)
		return;
	np_names_destroy(map->names);
	np_ranges_free(&map->ranges);
	free((void *)map->lines);
	free(map);
}

const char *np_perfmap_find(const struct np_perfmap *map, uint64_t address, uint64_t *ret_start)
{
	const struct np_range *range = np_ranges_latest(&map->ranges, address);

	if (!range)
		return NULL;
	*ret_start = range->start;
	return map->lines[range->id];
}
