/* SPDX-License-Identifier: MIT
 *
 * change_points.c - E-divisive, its permutation test, and a t test.  Context: tools.
 */
#include "measure/change_points.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/student.h"
#include "base/message.h"
#include "measure/draw.h"

#define FIRST	 10.0		/* times alpha: what is tested before its neighbours are known */
#define ORDERS	 499u		/* drawn ones, of which none may do: p <= 1 / 500 */
#define LEAST_ORDERS 99u	/* for a series so long that */
#define STEPS_MAX 5e8		/* they would take more than about a second */
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

/* Two parts beside each other: [from, at) and [at, end). */
struct split {
	size_t at, end;
	double q;			/* the statistic: how different they are */
};

/* The two parts of [from, to), beginning with its first value, that differ most.  Where the second one ends is
 * open, too: a hump in the middle differs from what lies before it, not from all the rest.
 *
 * The ends are tried in order.  `right[t]` is the sum of value t's distances to those after it, so the sum of
 * distances within a right part is a sum over `right` from its end, and a left part's grows by one value
 * for each end.  WORK has place for two more such series. */
static struct split best_split(const double *values, size_t from, size_t to, double *work)
{
	double *right = work, *left = work + (to - from) - 1, all = 0;
	struct split best = { from, to, -INFINITY };

	memset(right, 0, (to - from) * sizeof(*right));
	for (size_t end = from + 1; end <= to; end++) {
		double newest = values[end - 1], inside_right = 0, distances = 0;

		for (size_t t = from; t + 1 < end; t++) {
			double distance = fabs(newest - values[t]);

			right[t - from] += distance;
			distances += distance;
		}
		all += distances;
		left[end - from] = all;		/* within [from, end) */
		for (size_t at = end - 1; at > from; at--) {
			double m = (double)(at - from), n = (double)(end - at), q;

			inside_right += right[at - from];
			if (m < PART_MIN)
				break;
			if (n < PART_MIN)
				continue;
			q = m * n / (m + n) * (2 / (m * n) * (all - left[at - from] - inside_right) -
				left[at - from] * 2 / (m * (m - 1)) - inside_right * 2 / (n * (n - 1)));
			if (q > best.q)
				best = (struct split){ at, end, q };
		}
	}
	return best;
}

/* Would the same values in another order have such a split, too?  The best of many splits always looks
 * good; this asks how good the best one is when nothing has changed.  The drawn orders are the same every
 * time. */
static bool is_chance(const double *values, size_t from, size_t to, const struct split *split, double *work)
{
	size_t count = to - from;
	double *drawn = work + 2 * count, orders = STEPS_MAX / ((double)count * (double)count);
	uint64_t state = 88172645463325252u;

	memcpy(drawn, values + from, count * sizeof(*drawn));
	orders = fmax(fmin(orders, ORDERS), LEAST_ORDERS);
	for (double i = 0; i < orders; i++) {
		for (size_t k = count - 1; k > 0; k--) {
			size_t other = np_draw(&state, k + 1);
			double value = drawn[k];

			drawn[k] = drawn[other];
			drawn[other] = value;
		}
		if (best_split(drawn, 0, count, work).q >= split->q)
			return true;
	}
	return false;
}

static int compare_sizes(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

/* Every split that is significant, by the looser FIRST, within its segment. */
static size_t split_all(const double *values, size_t count, double first, size_t *splits)
{
	size_t *starts = np_xcalloc(count + 1, sizeof(*starts)), depth = 0, found = 0;
	size_t *ends = np_xcalloc(count + 1, sizeof(*ends));
	double *work = np_xcalloc(3 * count + 3, sizeof(*work));

	starts[0] = 0;
	ends[depth++] = count;
	while (depth) {
		size_t from = starts[--depth], to = ends[depth];
		struct split best;
		struct part before, after;

		if (to - from < 2 * PART_MIN)
			continue;
		best = best_split(values, from, to, work);
		before = part_of(values, from, best.at);
		after = part_of(values, best.at, best.end);
		if (p_of(&before, &after) > first || is_chance(values, from, to, &best, work))
			continue;
		splits[found++] = best.at;
		starts[depth] = from;
		ends[depth++] = best.at;
		starts[depth] = best.at;
		ends[depth++] = to;
	}
	qsort(splits, found, sizeof(*splits), compare_sizes);
	free(starts);
	free(ends);
	free(work);
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

	found = split_all(values, count, fmin(FIRST * alpha, 1), splits);
	found = prune(values, count, alpha, least, splits, found);
	found = found < most ? found : most;
	for (size_t i = 0; i < found; i++)
		look(values, count, splits, found, i, &points[i]);
	free(splits);
	return found;
}
