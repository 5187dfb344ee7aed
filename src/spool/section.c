/* SPDX-License-Identifier: MIT
 *
 * section.c - memory of a spool file, allocated before it is touched.
 *
 * Context: signal handler and host.  A store into a hole of a full tmpfs raises SIGBUS, which would
 * kill the host; MADV_POPULATE_WRITE allocates as well, and fails with an error instead.
 */
#include "spool/section.h"

#include <sys/mman.h>

#include "base/atomic.h"
#include "base/syscalls.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* A section grows by as much as it has, between these: few system calls for a program that has
 * much to say, and no page for nothing. */
#define STEP_BYTES_LEAST (4u << 10)
#define STEP_BYTES_MOST	 (128u << 10)

static bool populate(struct np_spool *spool, uint64_t from, uint64_t to)
{
	from &= ~(uint64_t)(NP_SECTION_PAGE_BYTES - 1);
	to = np_section_page_up(to);
	return from >= to || np_syscall(SYS_madvise, spool->base + from, to - from,
					MADV_POPULATE_WRITE) == 0;
}

/* BYTES of a section at OFFSET, and what else its last page holds of the section. */
static uint64_t whole_pages(uint64_t offset, uint64_t bytes, uint64_t bytes_max)
{
	bytes = np_section_page_up(offset + bytes) - offset;
	return bytes < bytes_max ? bytes : bytes_max;
}

bool np_section_ensure(struct np_spool *spool, struct np_spool_section *section, uint64_t bytes,
		       uint64_t bytes_max)
{
	uint64_t ready = np_load_acquire(&section->ready), offset = section->offset;
	uint64_t step = ready < STEP_BYTES_LEAST ? STEP_BYTES_LEAST
		      : ready > STEP_BYTES_MOST ? STEP_BYTES_MOST : ready;
	uint64_t want;

	if (bytes <= ready)
		return true;
	want = whole_pages(offset, bytes > ready + step ? bytes : ready + step, bytes_max);
	if (!populate(spool, offset + ready, offset + want)) {
		want = whole_pages(offset, bytes, bytes_max);	/* the file system's last pages */
		if (!populate(spool, offset + ready, offset + want))
			return false;
	}
	while (ready < want && !np_cas_acq_rel(&section->ready, &ready, want))
		;
	return true;
}

uint64_t np_section_take(struct np_spool *spool, struct np_spool_section *section,
			 uint64_t entry_bytes, uint64_t *count, uint64_t least)
{
	uint64_t first = np_load_relaxed(&section->used), room;

	do {
		room = first < section->capacity ? section->capacity - first : 0;
		if (room < least)
			return UINT64_MAX;
		if (*count > room)
			*count = room;
	} while (!np_cas_acq_rel(&section->used, &first, first + *count));
	if (!np_section_ensure(spool, section, (first + *count) * entry_bytes,
			       section->capacity * entry_bytes))
		return UINT64_MAX;
	return first;
}
