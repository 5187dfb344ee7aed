/* SPDX-License-Identifier: MIT
 *
 * source.h - the text of source files that a profile names.
 *
 * Context: tools.  The name is untrusted, and what is shown may be sent to others: only regular
 * files that end like source code are opened, and only their lines that were asked for are shown.
 */
#ifndef NP_ANALYZE_SOURCE_H
#define NP_ANALYZE_SOURCE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define NP_SOURCE_BYTES_MAX ((size_t)64 << 20)

struct np_source {
	char *path;		/* where it was found; NULL: it was not */
	char *bytes;
	size_t *starts;		/* of each line in BYTES, and one behind the last */
	size_t line_count;
	struct timespec changed;
};

/* Find NAME as it is, then below each of DIRECTORIES, whole and without its first components. */
void np_source_open(struct np_source *source, const char *name, char *const *directories,
		    size_t directory_count);
void np_source_close(struct np_source *source);

/* Line NUMBER from 1 without its end, tabs as blanks, NULs as '?'; to be freed.  NULL: there is no
 * such line. */
char *np_source_line(const struct np_source *source, uint32_t number);

#endif
