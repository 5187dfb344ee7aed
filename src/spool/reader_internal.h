/* SPDX-License-Identifier: MIT
 *
 * reader_internal.h - what the two files of the reader share.  Context: tools.
 */
#ifndef NP_SPOOL_READER_INTERNAL_H
#define NP_SPOOL_READER_INTERNAL_H

#include "spool/reader.h"

/* One table of the file, clamped to what is there.  What is checked and used later is a copy; counts
 * that nothing hangs on (cells) are read where they are.  Damage is counted once an index, as long as
 * the indexes are visited in order (a second visit lies below `visited`). */
struct table {
	const uint8_t *base;
	uint64_t count;			/* upper bound of the index */
	void *copy;			/* = base, where it is ours to free; else NULL */
	uint64_t visited;
};

struct np_spool_reader {
	struct np_spool_header head;	/* copied; first, so that it is aligned as the file's is */
	const uint8_t *bytes;
	uint64_t size;
	bool mapped;
	struct table nodes, modules, threads, strings;
	struct table metrics, cells, spans, span_samples;
	uint64_t damaged;
};

static inline const void *np_spool_entry(const struct table *table, uint64_t index, uint64_t entry_bytes)
{
	return index < table->count ? table->base + index * entry_bytes : NULL;
}

/* An entry was found damaged, or not. */
void np_spool_count_damage(const struct np_spool_reader *reader, const struct table *table, uint64_t index,
			   bool is_damaged);

#endif
