/* SPDX-License-Identifier: MIT
 *
 * change_points.c - E-divisive with a t test.  Context: tools.
 */
#include "measure/change_points.h"

#include <math.h>
#include <stdlib.h>

#include "analyze/student.h"
#include "base/message.h"

#define PART_MIN 3u		/* values beside a change: two points are a scatter, not a level */

struct part {
	double mean, variance;
	size_t count;
};

static struct part part_of(const double *values, size_t from, size_t to)
{
	struct part part = { 0, 0, to - from };

	for (size_t i = from; i < to; i++)
		part.mean += values[i] / (double)part.count;
	for (size_t i = from; i < to; i++)
		part.variance += (values[i] - part.mean) * (values[i] - part.mean) /
			(double)(part.count - 1);
	return part;
}

/* Welch's t test, two-sided. */
static double p_of(const struct part *a, const struct part *b)
{
	double va = a->variance / (double)a->count, vb = b->variance / (double)b->count, t, freedom;

	if (va + vb <= 0)
		return a->mean == b->mean ? 1 : 0;
	t = (a->mean - b->mean) / sqrt(va + vb);
	freedom = (va + vb) * (va + vb) /
		(va * va / (double)(a->count - 1) + vb * vb / (double)(b->count - 1));
	return np_beta_fraction(freedom / 2, 0.5, freedom / (freedom + t * t));
}

/* The best split of [from, to): moving one value from right to left changes the sums of distances by
 * its own distances. */
static size_t best_split(const double *values, size_t from, size_t to)
{
	double inside_left = 0, inside_right = 0, all, best_q = -INFINITY;
	size_t count = to - from, best = from;

	for (size_t i = from; i < to; i++) {
		for (size_t j = i + 1; j < to; j++)
			inside_right += fabs(values[i] - values[j]);
	}
	all = inside_right;
	for (size_t k = from; k < to; k++) {
		double m = (double)(k + 1 - from), n = (double)count - m, q;

		for (size_t i = from; i < k; i++)
			inside_left += fabs(values[k] - values[i]);
		for (size_t j = k + 1; j < to; j++)
			inside_right -= fabs(values[k] - values[j]);
		if (m < PART_MIN || n < PART_MIN)
			continue;
		q = m * n / (m + n) * (2 / (m * n) * (all - inside_left - inside_right) -
			inside_left * 2 / (m * (m - 1)) - inside_right * 2 / (n * (n - 1)));
		if (q > best_q) {
			best_q = q;
			best = k + 1;
		}
	}
	return best;
}

static int compare_sizes(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

/* Every split that is significant within its segment. */
static size_t split_all(const double *values, size_t count, double alpha, size_t *splits)
{
	size_t *starts = np_xcalloc(count + 1, sizeof(*starts)), depth = 0, found = 0;
	size_t *ends = np_xcalloc(count + 1, sizeof(*ends));

	starts[0] = 0;
	ends[depth++] = count;
	while (depth) {
		size_t from = starts[--depth], to = ends[depth], at;
		struct part before, after;

		if (to - from < 2 * PART_MIN)
			continue;
		at = best_split(values, from, to);
		if (at == from)
			continue;
		before = part_of(values, from, at);
		after = part_of(values, at, to);
		if (p_of(&before, &after) > alpha)
			continue;
		splits[found++] = at;
		starts[depth] = from;
		ends[depth++] = at;
		starts[depth] = at;
		ends[depth++] = to;
	}
	qsort(splits, found, sizeof(*splits), compare_sizes);
	free(starts);
	free(ends);
	return found;
}

static void look(const double *values, size_t count, const size_t *splits, size_t found, size_t i,
		 struct np_change_point *point)
{
	struct part before = part_of(values, i ? splits[i - 1] : 0, splits[i]);
	struct part after = part_of(values, splits[i], i + 1 < found ? splits[i + 1] : count);

	*point = (struct np_change_point){ splits[i], before.mean, after.mean, p_of(&before, &after) };
}

/* Between their final neighbours the weakest may be none: it goes, and the rest is looked at again. */
static size_t prune(const double *values, size_t count, double alpha, double least, size_t *splits,
		    size_t found)
{
	while (found) {
		size_t weakest = found;
		double worst = alpha;

		for (size_t i = 0; i < found; i++) {
			struct np_change_point point;
			double change;

			look(values, count, splits, found, i, &point);
			change = fabs(point.after - point.before);
			if (change < least * fabs(point.before) || point.p > worst) {
				weakest = i;
				worst = change < least * fabs(point.before) ? 2 : point.p;
			}
		}
		if (weakest == found)
			break;
		for (size_t i = weakest; i + 1 < found; i++)
			splits[i] = splits[i + 1];
		found--;
	}
	return found;
}

size_t np_change_points(const double *values, size_t count, double alpha, double least,
			struct np_change_point *points, size_t most)
{
	size_t *splits = np_xcalloc(count + 1, sizeof(*splits)), found;

	found = split_all(values, count, alpha, splits);
	found = prune(values, count, alpha, least, splits, found);
	found = found < most ? found : most;
	for (size_t i = 0; i < found; i++)
		look(values, count, splits, found, i, &points[i]);
	free(splits);
	return found;
}
