/* SPDX-License-Identifier: MIT
 *
 * openmetrics.h - what a program counted through <neuroprof/neuroprof.h>, from the file that the folder
 * leaves.  Context: tools.
 */
#ifndef NP_MEASURE_OPENMETRICS_H
#define NP_MEASURE_OPENMETRICS_H

#include "measure/metric.h"

/* Take every value out of SIZE bytes of OpenMetrics text: a summary's quantiles as NAME_p50_UNIT,
 * NAME_p99_UNIT, ...; labels as NAME.key.value.  What is no name for a metric is left out. */
void np_openmetrics_parse(struct np_metrics *metrics, const char *text, size_t size);

/* Every *.metrics.txt of DIRECTORY, which are removed then. */
void np_openmetrics_collect(struct np_metrics *metrics, const char *directory);

#endif
