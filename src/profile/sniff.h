/* SPDX-License-Identifier: MIT
 *
 * sniff.h - what kind of file this is, from its first bytes.
 *
 * Context: tools, for read.c.  Folded stacks match almost anything, so that what is known to be
 * something else must be recognised before: a profile of wrong names is worse than none.
 */
#ifndef NP_PROFILE_SNIFF_H
#define NP_PROFILE_SNIFF_H

#include <stdbool.h>
#include <stddef.h>

enum np_format { NP_FORMAT_FOLDED, NP_FORMAT_PPROF, NP_FORMAT_PERF_SCRIPT,
		 NP_FORMAT_FOREIGN };

struct np_sniff {
	enum np_format format;
	const char *what;	/* FOREIGN: "is X" */
	const char *todo;	/* FOREIGN: what to do about it */
};

#define NP_SNIFF_BYTES ((size_t)64 * 1024)	/* give so many, or the whole file */

/* IS_WHOLE: HEAD is the whole file. */
struct np_sniff np_sniff(const void *head, size_t size, bool is_whole);

#endif
