/* SPDX-License-Identifier: MIT
 *
 * change_points.h - where a series of results changed.  Context: tools.
 *
 * E-divisive (Matteson and James 2014): the two parts beside each other that differ most by energy distance,
 * again and again, as long as no other order of the same values has two that differ as much.  Each split must
 * pass Student's t between its final neighbours, too, as in Hunter (Fleming and others 2023, Apache Otava).
 * The orders are drawn from a fixed seed, so the answer is the same every time.
 */
#ifndef NP_MEASURE_CHANGE_POINTS_H
#define NP_MEASURE_CHANGE_POINTS_H

#include <stddef.h>

struct np_change_point {
	size_t at;			/* the first value after the change */
	double before, after;		/* means of the parts beside it */
	double p;
};

/* Find changes of at least LEAST (a share of the mean before) with p at most ALPHA.  Returns how many
 * were stored, in order.  Time is quadratic in COUNT a split:
 * 10 ms for 100 values, a second for 1 000 or more. */
size_t np_change_points(const double *values, size_t count, double alpha, double least,
			struct np_change_point *found, size_t most);

#endif
