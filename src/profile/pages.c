/* SPDX-License-Identifier: MIT
 *
 * pages.c - small arrays from the heap, large ones as a mapping of their own.  Context: tools.
 *
 * A mapping that grows is moved by the kernel, page tables and not bytes; huge pages stay whole
 * because it starts on the boundary of one wherever it goes.
 */
#include "profile/pages.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/message.h"

#define HUGE_BYTES ((size_t)2 << 20)

static void out_of_memory(size_t size)
{
	np_die(NP_EXIT_FAILURE, "out of memory (%zu bytes)", size);
}

/* Addresses for SIZE bytes from a boundary on; nothing is behind them yet. */
static char *reserve(size_t size)
{
	size_t before, span = size + HUGE_BYTES;
	char *area = mmap(NULL, span, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (area == MAP_FAILED)
		out_of_memory(size);
	before = -(uintptr_t)area & (HUGE_BYTES - 1);
	if (before > 0)
		munmap(area, before);
	munmap(area + before + size, span - before - size);
	return area + before;
}

static void *map(size_t size)
{
	char *place = reserve(size);

	if (mmap(place, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) == MAP_FAILED)
		out_of_memory(size);
	madvise(place, size, MADV_HUGEPAGE);	/* only advice */
	return place;
}

static void *move(void *bytes, size_t old_size, size_t size)
{
	void *at = mremap(bytes, old_size, size, 0);

	if (at == MAP_FAILED)
		at = mremap(bytes, old_size, size, MREMAP_MAYMOVE | MREMAP_FIXED, reserve(size));
	if (at == MAP_FAILED)
		out_of_memory(size);
	return at;
}

void np_pages_grow(struct np_pages *pages, size_t size)
{
	void *old = pages->bytes;

	if (size <= pages->size)
		return;
	if (size < HUGE_BYTES) {
		pages->bytes = np_xrealloc(old, size, 1);
		memset((char *)pages->bytes + pages->size, 0, size - pages->size);
		pages->size = size;
		return;
	}
	if (size > SIZE_MAX / 2)
		out_of_memory(size);
	size = (size + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1);
	if (pages->size >= HUGE_BYTES) {
		pages->bytes = move(old, pages->size, size);
	} else {
		pages->bytes = map(size);
		if (pages->size > 0)
			memcpy(pages->bytes, old, pages->size);
		free(old);
	}
	pages->size = size;
}

void np_pages_finish(struct np_pages *pages)
{
	if (pages->size >= HUGE_BYTES)
		munmap(pages->bytes, pages->size);
	else
		free(pages->bytes);
	memset(pages, 0, sizeof(*pages));
}
