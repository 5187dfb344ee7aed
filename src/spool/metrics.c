/* SPDX-License-Identifier: MIT
 *
 * metrics.c - entries for metrics, their cells, spans and the samples in them.
 *
 * Context: signal handler and host.  Each entry is filled by the thread that took its index and then
 * marked ready; a kill in between leaves an entry that readers skip.
 */
#include "spool/metrics.h"

#include "base/loglinear.h"
#include "neuroprof/neuroprof.h"
#include "spool/section.h"

#define LINE_WORDS 8u		/* uint64_t to a cache line */

static void copy_text(char *to, const char *from, size_t size)
{
	size_t i = 0;

	for (; from && from[i] && i + 1 < size; i++)
		to[i] = from[i];
	to[i] = '\0';
}

/* Cells begin a cache line, whatever was taken before: all sizes are whole lines. */
static uint64_t cells_of(uint8_t kind)
{
	switch (kind) {
	case NEUROPROF_COUNTER:
		return NP_SPOOL_SHARDS * LINE_WORDS;
	case NEUROPROF_HISTOGRAM:
	case NEUROPROF_SPAN:
		return (NP_LOGLINEAR_BUCKETS + 2 + LINE_WORDS - 1) / LINE_WORDS * LINE_WORDS;
	default:
		return 0;
	}
}

uint32_t np_spool_metric_add(struct np_spool *spool, uint8_t kind, const char *name, const char *unit,
			     const char *labels)
{
	struct np_spool_header *head = spool->head;
	uint64_t cells = cells_of(kind), one = 1, cell = 0, entry;
	struct np_spool_metric *metric;

	if (cells)
		cell = np_section_take(spool, &head->cells, sizeof(uint64_t), &cells, cells);
	if (cell == UINT64_MAX)
		return NP_SPOOL_ENTRY_NONE;
	entry = np_section_take(spool, &head->metrics, sizeof(*metric), &one, 1);
	if (entry == UINT64_MAX)
		return NP_SPOOL_ENTRY_NONE;
	metric = np_spool_metric_at(spool, (uint32_t)entry);
	metric->kind = kind;
	metric->cell = (uint32_t)cell;
	copy_text(metric->name, name, sizeof(metric->name));
	copy_text(metric->unit, unit, sizeof(metric->unit));
	copy_text(metric->labels, labels, sizeof(metric->labels));
	np_store_release(&metric->ready, 1);
	return (uint32_t)entry;
}

static struct np_spool_span *span_at(const struct np_spool *spool, uint64_t entry)
{
	return (struct np_spool_span *)(spool->base + spool->head->spans.offset) + entry;
}

uint32_t np_spool_span_add(struct np_spool *spool, const struct np_spool_span *span)
{
	uint64_t one = 1, entry = np_section_take(spool, &spool->head->spans, sizeof(*span), &one, 1);

	if (entry == UINT64_MAX)
		return NP_SPOOL_ENTRY_NONE;
	*span_at(spool, entry) = *span;		/* its `ready` is 0 */
	np_store_release(&span_at(spool, entry)->ready, 1);
	return (uint32_t)entry;
}

void np_spool_span_end(struct np_spool *spool, uint32_t entry, uint64_t duration_ns)
{
	np_store_release(&span_at(spool, entry)->duration_ns, duration_ns ? duration_ns : 1);
}

bool np_spool_span_sample_add(struct np_spool *spool, uint32_t node, uint32_t span, uint64_t periods)
{
	struct np_spool_span_sample *sample;
	uint64_t one = 1, entry;

	entry = np_section_take(spool, &spool->head->span_samples, sizeof(*sample), &one, 1);
	if (entry == UINT64_MAX)
		return false;
	sample = (struct np_spool_span_sample *)(spool->base + spool->head->span_samples.offset) + entry;
	sample->node = node;
	sample->span = span;
	sample->periods = periods < UINT32_MAX ? (uint32_t)periods : UINT32_MAX;
	np_store_release(&sample->ready, 1);
	return true;
}
