/* SPDX-License-Identifier: MIT
 *
 * ranges.c - overlapping address ranges, sorted.  Context: tools.
 */
#include "symbolize/ranges.h"

#include <stdlib.h>

#include "base/message.h"

/* Real files nest two or three deep; a hostile one must not make every look-up linear. */
#define STEPS_MAX 4096

void np_ranges_add(struct np_ranges *ranges, uint64_t start, uint64_t end, uint32_t id)
{
	if (start >= end)
		return;
	if (ranges->count == ranges->room) {
		ranges->room = ranges->room ? ranges->room * 2 : 64;
		ranges->at = np_xrealloc(ranges->at, ranges->room, sizeof(*ranges->at));
	}
	ranges->at[ranges->count++] = (struct np_range){ .start = start, .end = end, .id = id };
}

static int compare(const void *a, const void *b)
{
	const struct np_range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

void np_ranges_finish(struct np_ranges *ranges)
{
	uint64_t reach = 0;

	if (ranges->count > 1)
		qsort(ranges->at, ranges->count, sizeof(*ranges->at), compare);
	for (size_t i = 0; i < ranges->count; i++) {
		if (ranges->at[i].end > reach)
			reach = ranges->at[i].end;
		ranges->at[i].reach = reach;
	}
}

void np_ranges_free(struct np_ranges *ranges)
{
	free(ranges->at);
	*ranges = (struct np_ranges){ 0 };
}

/* How many ranges start at or before ADDRESS. */
static size_t starts_before(const struct np_ranges *ranges, uint64_t address)
{
	size_t low = 0, high = ranges->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges->at[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct np_range *np_ranges_smallest(const struct np_ranges *ranges, uint64_t address)
{
	const struct np_range *best = NULL;
	size_t i = starts_before(ranges, address);

	for (int steps = 0; i-- > 0 && ranges->at[i].reach > address && steps < STEPS_MAX;
		steps++) {
		const struct np_range *range = &ranges->at[i];

		if (range->end <= address)
			continue;
		if (!best || range->end - range->start < best->end - best->start ||
		    (range->start == best->start && range->end == best->end))
			best = range;	/* of equal ones the lower id comes first: seen last here */
	}
	return best;
}

const struct np_range *np_ranges_latest(const struct np_ranges *ranges, uint64_t address)
{
	const struct np_range *best = NULL;
	size_t i = starts_before(ranges, address);

	for (int steps = 0; i-- > 0 && ranges->at[i].reach > address && steps < STEPS_MAX; steps++)
		if (ranges->at[i].end > address && (!best || ranges->at[i].id > best->id))
			best = &ranges->at[i];
	return best;
}
