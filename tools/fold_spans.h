/* SPDX-License-Identifier: MIT
 *
 * fold_spans.h - which samples of a node were taken inside which span; and the metrics as a file.
 *
 * Context: tools; between the parts of the folder.
 */
#ifndef NP_TOOLS_FOLD_SPANS_H
#define NP_TOOLS_FOLD_SPANS_H

#include <stddef.h>
#include <stdint.h>

#include "profile/pprof_write.h"
#include "spool/reader_metrics.h"

#define NP_FOLD_SPAN_DEPTH_MAX 32u
#define NP_FOLD_SPAN_LABELS_MAX (2u * NP_FOLD_SPAN_DEPTH_MAX + 2u)

struct np_fold_span_part {
	uint32_t node;		/* of the model */
	uint32_t span;		/* entry in the spool */
	uint64_t samples, periods;
};

struct np_fold_spans {
	const struct np_spool_reader *reader;
	struct np_fold_span_part *parts;	/* sorted by node, then span; each pair once */
	size_t count;
	struct np_spool_histogram **histograms;	/* by metric entry; read when first needed */
	uint32_t histogram_count;
	char *texts;				/* of the labels at hand */
};

/* PLACE gives for each node of the spool the model's node that its samples went to, or UINT32_MAX. */
void np_fold_spans_init(struct np_fold_spans *spans, const struct np_spool_reader *reader,
			const uint32_t *place);
void np_fold_spans_finish(struct np_fold_spans *spans);

/* The parts of NODE: the first, and how many. */
const struct np_fold_span_part *np_fold_spans_of(const struct np_fold_spans *spans, uint32_t node,
						 size_t *ret_count);

/* Labels that say where a sample of SPAN was taken:
 *   span = NAME            of every span around it, the innermost first,
 *   slowness:NAME          ppm of NAME's ended spans that took less time (a span that had not ended
 *                          has none),
 *   span_id, trace_id      of the innermost, hexadecimal.
 * They are valid until the next call.  Returns how many of at most NP_FOLD_SPAN_LABELS_MAX. */
size_t np_fold_span_labels(struct np_fold_spans *spans, uint32_t span, struct np_pprof_label *labels);

/* All metrics as OpenMetrics text.  Returns 0, 1 when there are none, or -errno. */
int np_fold_write_metrics(const struct np_spool_reader *reader, int fd);

#endif
