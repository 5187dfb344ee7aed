/* SPDX-License-Identifier: MIT
 *
 * draw.h - random numbers of a bootstrap: the same for the same seed, everywhere.  Context: tools.
 */
#ifndef NP_MEASURE_DRAW_H
#define NP_MEASURE_DRAW_H

#include <stddef.h>
#include <stdint.h>

/* STATE is any number but 0.  Whole numbers from 0 to BELOW - 1; and real ones above 0, below 1. */
size_t np_draw(uint64_t *state, size_t below);
double np_draw_uniform(uint64_t *state);

/* Beta(a, b) of whole a and b from 1, below 1: the a-th of a + b - 1 uniform numbers in order. */
double np_draw_beta(uint64_t *state, size_t a, size_t b);

#endif
