/* SPDX-License-Identifier: MIT
 *
 * cfi_rows.h - the last row of the unwind tables that was looked up in each stretch of code.
 *
 * Context: signal handler.
 *
 * The rule cache knows single locations.  A leaf is interrupted anywhere, so a program that is sampled
 * for a while meets new locations all the time, mostly beside known ones: in the same function, under
 * the same row.  To read the tables again costs 20 000 cycles when they are not in the caches.
 *
 * An entry is two words that threads write without a lock: the rule as in the rule cache, and the
 * bounds of the row in the stretch, with a hash of the first word.  Words of two writers do not
 * fit together and count as none.
 */
#ifndef NP_SIGNAL_CFI_ROWS_H
#define NP_SIGNAL_CFI_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "signal/cfi_cache.h"

#define NP_ROW_STRETCH 128u		/* bytes of code */
#define NP_ROW_ENTRIES 4096u

struct np_row_entry {
	uint64_t rule;			/* as in np_rules, for any location of the stretch */
	uint64_t bounds;		/* hash << 14 | first byte << 7 | last byte */
};

/* In .bss; a page is only backed once a row lies in it. */
extern struct np_row_entry np_row_entries[NP_ROW_ENTRIES];

static inline struct np_row_entry *np_row_entry_of(uintptr_t location)
{
	return &np_row_entries[location / NP_ROW_STRETCH % NP_ROW_ENTRIES];
}

static inline uint64_t np_row_hash(uint64_t rule)
{
	return (rule * 0x9e3779b97f4a7c15u) >> 14;
}

/* The word for LOCATION as in np_rules, or 0. */
static inline uint64_t np_row_find(uintptr_t location)
{
	const struct np_row_entry *entry = np_row_entry_of(location);
	uint64_t rule = np_load_acquire(&entry->rule), bounds = np_load_acquire(&entry->bounds);
	uint32_t at = location % NP_ROW_STRETCH;

	return rule >> 31 == location >> 14 && bounds >> 14 == np_row_hash(rule) &&
	       at >= (bounds >> 7) % NP_ROW_STRETCH && at <= bounds % NP_ROW_STRETCH ? rule : 0;
}

/* RULE of MODULE holds at LOCATION and in all of START .. END. */
static inline void np_row_keep(uintptr_t location, uintptr_t start, uintptr_t end, uint32_t module,
			       uint64_t rule)
{
	uintptr_t low = location - location % NP_ROW_STRETCH, high = low + NP_ROW_STRETCH;
	struct np_row_entry *entry = np_row_entry_of(location);

	if (location >> 47 || module > 4095 || location < start || location >= end)
		return;
	rule |= (uint64_t)(location >> 14) << 31 | (uint64_t)module << 19;
	start = start > low ? start - low : 0;
	end = (end < high ? end : high) - low - 1;
	np_store_release(&entry->rule, rule);
	np_store_release(&entry->bounds, np_row_hash(rule) << 14 | start << 7 | end);
}

#endif
