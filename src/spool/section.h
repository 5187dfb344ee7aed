/* SPDX-License-Identifier: MIT
 *
 * section.h - the writer's own: memory of a spool file, allocated before it is touched.
 *
 * Context: signal handler and host.  Lock-free; system calls are made directly.
 */
#ifndef NP_SPOOL_SECTION_H
#define NP_SPOOL_SECTION_H

#include <stdbool.h>

#include "spool/writer.h"

#define NP_SECTION_PAGE_BYTES 4096u

static inline uint64_t np_section_page_up(uint64_t bytes)
{
	return (bytes + NP_SECTION_PAGE_BYTES - 1) & ~(uint64_t)(NP_SECTION_PAGE_BYTES - 1);
}

/* Make the first BYTES of SECTION writable; it ends at BYTES_MAX.  False: the file system is full.
 * Threads may do this at once: it is idempotent. */
bool np_section_ensure(struct np_spool *spool, struct np_spool_section *section, uint64_t bytes,
		       uint64_t bytes_max);

/* Hand out COUNT entries of SECTION, one after the other, and return the first; fewer, down to
 * LEAST, if no more fit: *COUNT says how many.  UINT64_MAX when there are not so many, or no memory. */
uint64_t np_section_take(struct np_spool *spool, struct np_spool_section *section,
			 uint64_t entry_bytes, uint64_t *count, uint64_t least);

#endif
