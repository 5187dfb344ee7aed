/* SPDX-License-Identifier: MIT
 *
 * draw.c - uniform, normal, gamma and beta random numbers.  Context: tools.
 */
#include "measure/draw.h"

#include <math.h>

/* xorshift64* (Marsaglia 2003, Vigna 2016) */
static uint64_t next(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * 0x2545f4914f6cdd1du;
}

size_t np_draw(uint64_t *state, size_t below)
{
	return (size_t)((unsigned __int128)next(state) * below >> 64);
}

double np_draw_uniform(uint64_t *state)
{
	return ((double)(next(state) >> 12) + 0.5) * 0x1p-52;
}

static double normal(uint64_t *state)		/* Box and Muller */
{
	return sqrt(-2 * log(np_draw_uniform(state))) * cos(2 * M_PI * np_draw_uniform(state));
}

/* Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 2000. */
static double gamma_of(uint64_t *state, double shape)
{
	double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);

	for (;;) {
		double x = normal(state), v = 1 + c * x;

		v = v * v * v;
		if (v > 0 && log(np_draw_uniform(state)) < x * x / 2 + d - d * v + d * log(v))
			return d * v;
	}
}

double np_draw_beta(uint64_t *state, size_t a, size_t b)
{
	double x = gamma_of(state, (double)a), y = gamma_of(state, (double)b);

	return fmin(x / (x + y), 1 - 0x1p-53);
}
