/* SPDX-License-Identifier: MIT
 *
 * order.c - medians and quantiles.  Context: tools.
 */
#include "measure/order.h"

#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void np_order_sort(double *values, size_t count)
{
	if (count > 1)
		qsort(values, count, sizeof(*values), compare);
}

/* Put the value that belongs at PLACE there, smaller ones before it and greater ones behind (Hoare 1961): a
 * bootstrap takes a hundred thousand medians. */
static double pick(double *values, size_t count, size_t place)
{
	size_t low = 0, high = count - 1;

	while (low < high) {
		double pivot = values[low + (high - low) / 2];
		size_t i = low, k = high;

		for (;;) {
			while (values[i] < pivot)
				i++;
			while (values[k] > pivot)
				k--;
			if (i >= k)
				break;
			double value = values[i];

			values[i++] = values[k];
			values[k--] = value;
		}
		if (place <= k)
			high = k;
		else
			low = k + 1;
	}
	return values[place];
}

double np_order_median(double *values, size_t count)
{
	double low, high;

	if (count == 0)
		return 0;
	low = high = pick(values, count, (count - 1) / 2);
	if (count % 2 == 0) {
		high = values[count / 2];
		for (size_t i = count / 2; i < count; i++)
			high = values[i] < high ? values[i] : high;
	}
	return low + (high - low) / 2;
}

double np_order_quantile(const double *sorted, size_t count, double q)
{
	double at = q * (double)(count - 1);
	size_t below = (size_t)at;

	if (count == 0)
		return 0;
	if (below + 1 >= count)
		return sorted[count - 1];
	return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

/* The weight of an order statistic is the Beta(a, b) probability of its slot; the density at the
 * slot's middle is close to it and needs no incomplete beta function.  Normalised to 1. */
double np_order_harrell_davis(const double *sorted, size_t count, double q)
{
	double a = (double)(count + 1) * q, b = (double)(count + 1) * (1 - q), sum = 0, total = 0;
	double scale = lgamma(a + b) - lgamma(a) - lgamma(b);

	if (count < 2)
		return count ? sorted[0] : 0;
	for (size_t i = 0; i < count; i++) {
		double x = ((double)i + 0.5) / (double)count;
		double weight = exp(scale + (a - 1) * log(x) + (b - 1) * log1p(-x));

		sum += weight * sorted[i];
		total += weight;
	}
	return total > 0 ? sum / total : sorted[count - 1];
}
