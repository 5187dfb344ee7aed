/* SPDX-License-Identifier: MIT
 *
 * fold_spans.c - samples by the span that they were taken in.  Context: tools.
 */
#include "fold_spans.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/message.h"

#define TEXT_BYTES 96u		/* "slowness:" and a name; a trace id */
#define PPM	   1000000u

static int compare_parts(const void *a, const void *b)
{
	const struct np_fold_span_part *x = a, *y = b;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	return (x->span > y->span) - (x->span < y->span);
}

void np_fold_spans_init(struct np_fold_spans *spans, const struct np_spool_reader *reader,
			const uint32_t *place)
{
	uint32_t entries = np_spool_span_sample_count(reader);
	size_t count = 0, kept = 0;

	*spans = (struct np_fold_spans){ .reader = reader };
	spans->parts = np_xcalloc((unsigned long)entries + 1, sizeof(*spans->parts));
	for (uint32_t i = 0; i < entries; i++) {
		const struct np_spool_span_sample *sample = np_spool_span_sample(reader, i);

		if (sample && place[sample->node] != UINT32_MAX && np_spool_span(reader, sample->span))
			spans->parts[count++] = (struct np_fold_span_part){ place[sample->node],
				sample->span, 1, sample->periods };
	}
	qsort(spans->parts, count, sizeof(*spans->parts), compare_parts);
	for (size_t i = 0; i < count; i++) {
		if (kept && compare_parts(&spans->parts[kept - 1], &spans->parts[i]) == 0) {
			spans->parts[kept - 1].samples += spans->parts[i].samples;
			spans->parts[kept - 1].periods += spans->parts[i].periods;
		} else {
			spans->parts[kept++] = spans->parts[i];
		}
	}
	spans->count = kept;
	spans->histogram_count = np_spool_metric_count(reader);
	spans->histograms = np_xcalloc((unsigned long)spans->histogram_count + 1,
				       sizeof(*spans->histograms));
	spans->texts = np_xcalloc(NP_FOLD_SPAN_LABELS_MAX, TEXT_BYTES);
}

void np_fold_spans_finish(struct np_fold_spans *spans)
{
	for (uint32_t i = 0; i < spans->histogram_count; i++)
		free(spans->histograms[i]);
	free(spans->histograms);
	free(spans->parts);
	free(spans->texts);
}

const struct np_fold_span_part *np_fold_spans_of(const struct np_fold_spans *spans, uint32_t node,
						 size_t *ret_count)
{
	size_t low = 0, high = spans->count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (spans->parts[middle].node < node)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < spans->count && spans->parts[end].node == node;)
		end++;
	*ret_count = end - low;
	return spans->parts + low;
}

/* How many of a million ended spans of this name took less time.  Its own bucket counts as half. */
static uint64_t slowness(struct np_fold_spans *spans, const struct np_spool_span *span)
{
	struct np_spool_histogram *histogram = spans->histograms[span->metric];
	uint32_t bucket = np_loglinear_bucket(span->duration_ns);
	double below = 0;

	if (!histogram) {
		histogram = spans->histograms[span->metric] = np_xcalloc(1, sizeof(*histogram));
		np_spool_histogram_read(spans->reader, np_spool_metric(spans->reader, span->metric),
					histogram);
	}
	for (uint32_t i = 0; i < bucket; i++)
		below += (double)histogram->counts[i];
	below += (double)histogram->counts[bucket] / 2;
	return histogram->count ? (uint64_t)(below / (double)histogram->count * PPM) : 0;
}

static char *text_at(struct np_fold_spans *spans, size_t label)
{
	return spans->texts + label * TEXT_BYTES;
}

size_t np_fold_span_labels(struct np_fold_spans *spans, uint32_t index, struct np_pprof_label *labels)
{
	const struct np_spool_span *span = np_spool_span(spans->reader, index);
	size_t count = 0;
	char *text;

	for (unsigned depth = 0; span && depth < NP_FOLD_SPAN_DEPTH_MAX; depth++) {
		const struct np_spool_metric *metric = np_spool_metric(spans->reader, span->metric);

		if (!metric)
			break;
		labels[count++] = (struct np_pprof_label){ .key = "span", .text = metric->name };
		if (span->duration_ns) {
			text = text_at(spans, count);
			snprintf(text, TEXT_BYTES, "slowness:%s", metric->name);
			labels[count++] = (struct np_pprof_label){ .key = text,
				.number = (int64_t)slowness(spans, span), .unit = "ppm" };
		}
		span = span->parent ? np_spool_span(spans->reader, span->parent - 1) : NULL;
	}
	span = np_spool_span(spans->reader, index);
	if (count == 0 || !span)
		return 0;
	text = text_at(spans, count);
	snprintf(text, TEXT_BYTES, "%016" PRIx64, span->id);
	labels[count++] = (struct np_pprof_label){ .key = "span_id", .text = text };
	text = text_at(spans, count);
	snprintf(text, TEXT_BYTES, "%016" PRIx64 "%016" PRIx64, span->trace[0], span->trace[1]);
	labels[count++] = (struct np_pprof_label){ .key = "trace_id", .text = text };
	return count;
}
