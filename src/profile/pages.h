/* SPDX-License-Identifier: MIT
 *
 * pages.h - one large array that grows without being copied, in huge pages where the system has them.
 *
 * Context: tools, for the arrays of a call tree that are hit at random: with small pages half of
 * the time goes into page faults and into finding the pages.
 */
#ifndef NP_PROFILE_PAGES_H
#define NP_PROFILE_PAGES_H

#include <stddef.h>

struct np_pages {
	void *bytes;		/* NULL as long as SIZE is 0 */
	size_t size;		/* at least what was asked for */
};

/* Have at least SIZE bytes; what is added is zero, and BYTES may be another.  It never shrinks.
 * Exits the tool when memory is out. */
void np_pages_grow(struct np_pages *pages, size_t size);
void np_pages_finish(struct np_pages *pages);

#endif
