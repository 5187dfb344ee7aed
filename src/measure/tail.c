/* SPDX-License-Identifier: MIT
 *
 * tail.c - p99 by runs.  Context: tools.
 */
#include "measure/tail.h"

#include <math.h>
#include <stdlib.h>

#include "base/message.h"

#define Q     0.99
#define WIDTH 8.0		/* standard deviations of the quantile's place that are looked at */

static int compare(const void *a, const void *b)
{
	double x = ((const struct np_tail_value *)a)->value, y = ((const struct np_tail_value *)b)->value;

	return (x < y) - (x > y);
}

struct np_tail np_tail_make(const struct np_series *series)
{
	struct np_tail tail = { .counts = series->counts, .runs = series->runs };
	size_t used = 0;

	for (size_t i = 0; i < series->runs; i++)
		tail.count += series->counts[i];
	tail.values = np_xcalloc(tail.count + 1, sizeof(*tail.values));
	for (size_t i = 0; i < series->runs; i++) {
		for (size_t k = 0; k < series->counts[i]; k++)
			tail.values[used++] = (struct np_tail_value){ series->values[i][k], i };
	}
	qsort(tail.values, tail.count, sizeof(*tail.values), compare);
	return tail;
}

void np_tail_free(struct np_tail *tail)
{
	free(tail->values);
	*tail = (struct np_tail){ 0 };
}

static double lowest_place(double count)
{
	return Q - WIDTH * sqrt(Q * (1 - Q) / count);
}

double np_tail_p99(const struct np_tail *tail, const size_t *times)
{
	double count = 0, above = 0, sum = 0, total = 0, a, b, scale;

	for (size_t i = 0; i < tail->runs; i++)
		count += (double)tail->counts[i] * (double)(times ? times[i] : 1);
	a = (count + 1) * Q;
	b = (count + 1) * (1 - Q);
	scale = (a - 1) * log(Q) + (b - 1) * log1p(-Q);
	for (size_t i = 0; i < tail->count; i++) {
		double copies = times ? (double)times[tail->values[i].run] : 1, place, weight;

		if (copies == 0)
			continue;
		place = 1 - (above + copies / 2) / count;
		above += copies;
		if (place < lowest_place(count))
			break;
		weight = copies * exp((a - 1) * log(place) + (b - 1) * log1p(-place) - scale);
		sum += weight * tail->values[i].value;
		total += weight;
	}
	return total > 0 ? sum / total : tail->count ? tail->values[0].value : 0;
}

size_t np_tail_work(const struct np_tail *tail)
{
	return (size_t)((1 - lowest_place((double)tail->count + 1)) * (double)tail->count) + 1;
}
