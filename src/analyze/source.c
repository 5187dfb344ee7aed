/* SPDX-License-Identifier: MIT
 *
 * source.c - finding and reading source files.  Context: tools.
 */
#include "analyze/source.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/message.h"
#include "base/text.h"

#define TAB 8u

static bool is_source(const char *name)
{
	static const char *const endings[] = {
		"adb", "asm", "c", "c++", "cc", "cpp", "cs", "cu", "cxx", "d", "f", "f90", "go", "h", "hh",
		"hpp", "hxx", "inc", "inl", "ipp", "java", "jl", "js", "kt", "l", "lua", "m", "mjs", "ml",
		"mm", "nim", "pas", "php", "pl", "pm", "py", "pyx", "rb", "rs", "s", "scala", "swift",
		"tcc", "ts", "tsx", "v", "y", "zig",
	};
	const char *dot = strrchr(np_base_name(name), '.');

	for (size_t i = 0; dot && i < sizeof(endings) / sizeof(*endings); i++)
		if (strcasecmp(dot + 1, endings[i]) == 0)
			return true;
	return false;
}

/* The whole of PATH into SOURCE, if it is a file that may be shown. */
static bool load(struct np_source *source, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	size_t size = 0;
	ssize_t n = 1;

	if (fd < 0)
		return false;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    (uint64_t)status.st_size <= NP_SOURCE_BYTES_MAX) {
		source->bytes = np_xcalloc((size_t)status.st_size + 1, 1);
		while (size < (size_t)status.st_size && n > 0) {
			n = read(fd, source->bytes + size, (size_t)status.st_size - size);
			size += n > 0 ? (size_t)n : 0;
		}
		source->bytes[size] = '\0';
		source->changed = status.st_mtim;
		source->path = np_xstrdup(path);
	}
	close(fd);
	if (!source->path)
		return false;
	for (const char *at = source->bytes, *end = at + size; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (source->line_count % 1024 == 0)
			source->starts = np_xrealloc(source->starts, source->line_count + 1026,
						     sizeof(*source->starts));
		source->starts[source->line_count++] = (size_t)(at - source->bytes);
		at = newline ? newline + 1 : end;
		source->starts[source->line_count] = (size_t)(at - source->bytes);
	}
	return true;
}

static bool load_below(struct np_source *source, const char *directory, const char *name)
{
	for (const char *rest = name; rest; rest = strchr(rest, '/')) {
		char *path;
		bool found;

		while (*rest == '/')
			rest++;
		path = np_xasprintf("%s/%s", directory, rest);
		found = *rest && load(source, path);
		free(path);
		if (found)
			return true;
	}
	return false;
}

void np_source_open(struct np_source *source, const char *name, char *const *directories,
		    size_t directory_count)
{
	memset(source, 0, sizeof(*source));
	if (!is_source(name) || load(source, name))
		return;
	for (size_t i = 0; i < directory_count; i++)
		if (load_below(source, directories[i], name))
			return;
}

void np_source_close(struct np_source *source)
{
	free(source->path);
	free(source->bytes);
	free(source->starts);
	memset(source, 0, sizeof(*source));
}

char *np_source_line(const struct np_source *source, uint32_t number)
{
	const char *from, *end;
	size_t n = 0;
	char *line;

	if (number == 0 || number > source->line_count)
		return NULL;
	from = source->bytes + source->starts[number - 1];
	end = source->bytes + source->starts[number];
	while (end > from && (end[-1] == '\n' || end[-1] == '\r'))
		end--;
	line = np_xcalloc((size_t)(end - from) * TAB + 1, 1);
	for (; from < end; from++) {
		if (*from == '\t') {
			do
				line[n++] = ' ';
			while (n % TAB);
		} else {
			line[n++] = *from ? *from : '?';
		}
	}
	return line;
}
