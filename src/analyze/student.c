/* SPDX-License-Identifier: MIT
 *
 * student.c - Student's t and what the noise model needs, from textbook series.  Context: tools.
 *
 * The incomplete beta function is its continued fraction by the modified method of Lentz; the
 * gamma derivatives are their asymptotic series after the recurrence has made the argument large.
 */
#include "analyze/student.h"

#include <math.h>

#include "analyze/hypothesis.h"

#define SERIES_FROM 10.0

double np_digamma(double x)
{
	double sum = 0, y;

	for (; x < SERIES_FROM; x += 1)
		sum -= 1 / x;
	y = 1 / (x * x);
	return sum + log(x) - 0.5 / x -
	       y * (1 / 12.0 - y * (1 / 120.0 - y * (1 / 252.0 - y * (1 / 240.0 - y / 132.0))));
}

double np_trigamma(double x)
{
	double sum = 0, y;

	for (; x < SERIES_FROM; x += 1)
		sum += 1 / (x * x);
	y = 1 / (x * x);
	return sum + 1 / x + y / 2 +
	       y / x * (1 / 6.0 - y * (1 / 30.0 - y * (1 / 42.0 - y * (1 / 30.0 - y * 5 / 66.0))));
}

double np_trigamma_inverse(double y)
{
	double low = -25, high = 25;	/* of log x */

	for (int i = 0; i < 80; i++) {
		double middle = (low + high) / 2;

		if (np_trigamma(exp(middle)) > y)
			low = middle;
		else
			high = middle;
	}
	return exp((low + high) / 2);
}

static double away_from_zero(double value)
{
	return fabs(value) < 1e-300 ? 1e-300 : value;
}

static double continued_fraction(double a, double b, double x)
{
	double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), result = d;

	for (int m = 1; m <= 500; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double change;

		d = 1 / away_from_zero(1 + even * d);
		c = away_from_zero(1 + even / c);
		result *= d * c;
		d = 1 / away_from_zero(1 + odd * d);
		c = away_from_zero(1 + odd / c);
		change = d * c;
		result *= change;
		if (fabs(change - 1) < 1e-15)
			break;
	}
	return result;
}

double np_beta_fraction(double a, double b, double x)
{
	double front;

	if (!(x > 0))
		return 0;
	if (x >= 1)
		return 1;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * continued_fraction(a, b, x) / a;
	return 1 - front * continued_fraction(b, a, 1 - x) / b;
}

double np_student_tail(double t0, double df)
{
	double tail;

	if (isinf(df) || df > 1e6)
		return erfc(t0 / sqrt(2)) / 2;
	tail = np_beta_fraction(df / 2, 0.5, df / (df + t0 * t0)) / 2;
	return t0 >= 0 ? tail : 1 - tail;
}

double np_student_quantile(double p, double df)
{
	double low = -1e6, high = 1e6;

	if (p > 0.5)
		return -np_student_quantile(1 - p, df);
	for (int i = 0; i < 100; i++) {
		double middle = (low + high) / 2;

		if (np_student_tail(middle, df) > p)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}
