/* SPDX-License-Identifier: MIT
 *
 * fuzz_metric.c - any bytes as what a benchmarked program prints.
 */
#include "fuzz.h"

#include <math.h>

#include "measure/metric.h"
#include "measure/openmetrics.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct np_metrics metrics = { 0 };

	np_metrics_parse(&metrics, (const char *)bytes, size);
	np_openmetrics_parse(&metrics, (const char *)bytes, size);
	FUZZ_CHECK(metrics.count <= NP_METRICS_MAX);
	for (size_t i = 0; i < metrics.count; i++) {
		FUZZ_CHECK(metrics.all[i].count && isfinite(np_metric_median(&metrics.all[i])));
		FUZZ_CHECK(np_metrics_find(&metrics, metrics.all[i].name) == &metrics.all[i]);
		np_metric_direction(metrics.all[i].name);
	}
	np_metrics_free(&metrics);
	return 0;
}
