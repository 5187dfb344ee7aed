/* SPDX-License-Identifier: MIT
 *
 * reader_metrics.c - the checked view of metrics and spans.  Context: tools.
 */
#include "spool/reader_metrics.h"

#include <string.h>

#include "base/atomic.h"
#include "neuroprof/neuroprof.h"
#include "spool/reader_internal.h"

uint32_t np_spool_metric_count(const struct np_spool_reader *reader)
{
	return (uint32_t)reader->metrics.count;
}

static bool is_terminated(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

const struct np_spool_metric *np_spool_metric(const struct np_spool_reader *reader, uint32_t index)
{
	const struct np_spool_metric *metric =
		np_spool_entry(&reader->metrics, index, sizeof(*metric));
	bool sound;

	if (!metric || metric->ready == 0)
		return NULL;
	sound = metric->ready == 1 && metric->kind >= NEUROPROF_COUNTER &&
		metric->kind <= NEUROPROF_SPAN && is_terminated(metric->name, sizeof(metric->name)) &&
		is_terminated(metric->unit, sizeof(metric->unit)) &&
		is_terminated(metric->labels, sizeof(metric->labels));
	np_spool_count_damage(reader, &reader->metrics, index, !sound);
	return sound ? metric : NULL;
}

static uint64_t cell(const struct np_spool_reader *reader, const struct np_spool_metric *metric,
		     uint32_t at)
{
	const uint64_t *found = np_spool_entry(&reader->cells, (uint64_t)metric->cell + at,
					       sizeof(*found));

	return found ? np_load_relaxed(found) : 0;
}

uint64_t np_spool_counter_value(const struct np_spool_reader *reader,
				const struct np_spool_metric *metric)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < NP_SPOOL_SHARDS; i++)
		sum += cell(reader, metric, 8 * i);
	return sum;
}

double np_spool_gauge_value(const struct np_spool_metric *metric)
{
	double value;

	memcpy(&value, &metric->gauge, sizeof(value));
	return value;
}

void np_spool_histogram_read(const struct np_spool_reader *reader, const struct np_spool_metric *metric,
			     struct np_spool_histogram *ret)
{
	ret->count = 0;
	for (uint32_t i = 0; i < NP_LOGLINEAR_BUCKETS; i++) {
		ret->counts[i] = cell(reader, metric, i);
		if (__builtin_add_overflow(ret->count, ret->counts[i], &ret->count))
			ret->count = UINT64_MAX;
	}
	ret->sum = cell(reader, metric, NP_LOGLINEAR_BUCKETS);
	ret->most = cell(reader, metric, NP_LOGLINEAR_BUCKETS + 1);
}

uint32_t np_spool_span_count(const struct np_spool_reader *reader)
{
	return (uint32_t)reader->spans.count;
}

const struct np_spool_span *np_spool_span(const struct np_spool_reader *reader, uint32_t index)
{
	const struct np_spool_span *span = np_spool_entry(&reader->spans, index, sizeof(*span));
	bool sound;

	if (!span || span->ready == 0)
		return NULL;
	sound = span->ready == 1 && span->parent <= index && span->metric < reader->metrics.count;
	np_spool_count_damage(reader, &reader->spans, index, !sound);
	return sound ? span : NULL;
}

uint32_t np_spool_span_sample_count(const struct np_spool_reader *reader)
{
	return (uint32_t)reader->span_samples.count;
}

const struct np_spool_span_sample *np_spool_span_sample(const struct np_spool_reader *reader,
							 uint32_t index)
{
	const struct np_spool_span_sample *sample =
		np_spool_entry(&reader->span_samples, index, sizeof(*sample));
	bool sound;

	if (!sample || sample->ready == 0)
		return NULL;
	sound = sample->ready == 1 && sample->node < reader->nodes.count &&
		sample->span < reader->spans.count;
	np_spool_count_damage(reader, &reader->span_samples, index, !sound);
	return sound ? sample : NULL;
}
