/* SPDX-License-Identifier: MIT
 *
 * student.h - the special functions that hypothesis.c needs.
 *
 * Context: tools.  libm has none of them.
 */
#ifndef NP_ANALYZE_STUDENT_H
#define NP_ANALYZE_STUDENT_H

/* The first two derivatives of log gamma, x > 0. */
double np_digamma(double x);
double np_trigamma(double x);

/* The x with np_trigamma(x) = Y, y > 0. */
double np_trigamma_inverse(double y);

/* The regularised incomplete beta function, a and b > 0, 0 <= x <= 1. */
double np_beta_fraction(double a, double b, double x);

#endif
