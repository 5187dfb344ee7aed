/* SPDX-License-Identifier: MIT
 *
 * openmetrics.h - what a program counted through <neuroprof/neuroprof.h>, from the file that the folder
 * leaves.  Context: tools.
 */
#ifndef NP_MEASURE_OPENMETRICS_H
#define NP_MEASURE_OPENMETRICS_H

#include "measure/metric.h"

/* Take every value out of SIZE bytes of OpenMetrics text: a summary's quantiles as NAME_p50_UNIT,
 * NAME_p99_UNIT, ...; labels as NAME.key.value, with underscores for what a name may not have. */
void np_openmetrics_parse(struct np_metrics *metrics, const char *text, size_t size);

/* Every *.metrics.txt of DIRECTORY, one a process, which are removed then.  Counts and sums are added up;
 * gauges and quantiles of several processes are values beside each other. */
void np_openmetrics_collect(struct np_metrics *metrics, const char *directory);

#endif
