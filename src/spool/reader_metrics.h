/* SPDX-License-Identifier: MIT
 *
 * reader_metrics.h - metrics, spans and span samples of a spool, checked.
 *
 * Context: tools, as reader.h: indexes are bounded, entries that are not whole are NULL.
 */
#ifndef NP_SPOOL_READER_METRICS_H
#define NP_SPOOL_READER_METRICS_H

#include "base/loglinear.h"
#include "spool/reader.h"

uint32_t np_spool_metric_count(const struct np_spool_reader *reader);
const struct np_spool_metric *np_spool_metric(const struct np_spool_reader *reader, uint32_t index);

uint64_t np_spool_counter_value(const struct np_spool_reader *reader,
				const struct np_spool_metric *metric);
double np_spool_gauge_value(const struct np_spool_metric *metric);

struct np_spool_histogram {
	uint64_t counts[NP_LOGLINEAR_BUCKETS];
	uint64_t count, sum, most;
};

/* Copy what a histogram or a span's durations are now; all 0 when its cells are not there. */
void np_spool_histogram_read(const struct np_spool_reader *reader, const struct np_spool_metric *metric,
			     struct np_spool_histogram *ret);

uint32_t np_spool_span_count(const struct np_spool_reader *reader);
/* Its metric and its parent are entries that exist; the parent's index is smaller. */
const struct np_spool_span *np_spool_span(const struct np_spool_reader *reader, uint32_t index);

uint32_t np_spool_span_sample_count(const struct np_spool_reader *reader);
const struct np_spool_span_sample *np_spool_span_sample(const struct np_spool_reader *reader,
							 uint32_t index);

#endif
