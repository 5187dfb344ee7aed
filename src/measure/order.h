/* SPDX-License-Identifier: MIT
 *
 * order.h - medians and quantiles.  Context: tools.  Each puts the array that it is given in another order.
 */
#ifndef NP_MEASURE_ORDER_H
#define NP_MEASURE_ORDER_H

#include <stddef.h>

void np_order_sort(double *values, size_t count);
double np_order_median(double *values, size_t count);		/* 0 of none; no NaN */

/* Q (0..1) of values that are sorted, linear between neighbours (type 7 of Hyndman and Fan). */
double np_order_quantile(const double *sorted, size_t count, double q);

/* The quantile as a weighted mean of all order statistics (Harrell and Davis, Biometrika 1982): of
 * less variance in the tail than any single one.  SORTED is sorted. */
double np_order_harrell_davis(const double *sorted, size_t count, double q);

#endif
