/* SPDX-License-Identifier: MIT
 *
 * metrics.h - the writer's part of metrics and spans.
 *
 * Context: signal handler and host, as writer.h.  Lock-free.
 */
#ifndef NP_SPOOL_METRICS_H
#define NP_SPOOL_METRICS_H

#include <stdbool.h>

#include "spool/writer.h"

#define NP_SPOOL_ENTRY_NONE UINT32_MAX

/* Add a metric of KIND (enum neuroprof_kind) with cells of its own; texts are cut to their fields.
 * Returns its entry, or NP_SPOOL_ENTRY_NONE when there is no place.  The same name twice makes two
 * entries: readers add them up. */
uint32_t np_spool_metric_add(struct np_spool *spool, uint8_t kind, const char *name, const char *unit,
			     const char *labels);

static inline struct np_spool_metric *np_spool_metric_at(const struct np_spool *spool, uint32_t entry)
{
	return (struct np_spool_metric *)(spool->base + spool->head->metrics.offset) + entry;
}

static inline uint64_t *np_spool_cells_at(const struct np_spool *spool, uint32_t cell)
{
	return (uint64_t *)(spool->base + spool->head->cells.offset) + cell;
}

/* Returns the entry, or NP_SPOOL_ENTRY_NONE. */
uint32_t np_spool_span_add(struct np_spool *spool, const struct np_spool_span *span);
void np_spool_span_end(struct np_spool *spool, uint32_t entry, uint64_t duration_ns);
bool np_spool_span_sample_add(struct np_spool *spool, uint32_t node, uint32_t span, uint64_t periods);

#endif
