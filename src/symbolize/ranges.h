/* SPDX-License-Identifier: MIT
 *
 * ranges.h - a sorted table of address ranges that may overlap, each with an id.
 *
 * Context: tools.  Filled once, finished once, then asked; ranges come from hostile files, so that
 * empty and wrapping ones are dropped and the work of a look-up is bounded.
 */
#ifndef NP_SYMBOLIZE_RANGES_H
#define NP_SYMBOLIZE_RANGES_H

#include <stddef.h>
#include <stdint.h>

struct np_range {
	uint64_t start, end;
	uint64_t reach;		/* the largest end among this and all earlier ranges */
	uint32_t id;
};

/* Zeroed = empty.  Invariant once finished: sorted by start, then larger first, then id. */
struct np_ranges {
	struct np_range *at;
	size_t count, room;
};

void np_ranges_add(struct np_ranges *ranges, uint64_t start, uint64_t end, uint32_t id);
void np_ranges_finish(struct np_ranges *ranges);
void np_ranges_free(struct np_ranges *ranges);

/* The smallest range around ADDRESS (of equal ones the later start, then the lower id), or NULL. */
const struct np_range *np_ranges_smallest(const struct np_ranges *ranges, uint64_t address);

/* The range around ADDRESS with the highest id, or NULL. */
const struct np_range *np_ranges_latest(const struct np_ranges *ranges, uint64_t address);

#endif
