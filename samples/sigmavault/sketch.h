/* SPDX-License-Identifier: MIT
 *
 * sketch.h - what the engine knows of its keys in little memory: how many, and how often each.
 *
 * Both want keys that sample_hash() has mixed: their bounds are about the hash, so sequential keys
 * are as good as any.  tests/measure/test-sketches.c holds the bounds on Zipf and sequential keys.
 */
#ifndef SKETCH_H
#define SKETCH_H

#include <stdint.h>

/* HyperLogLog (Flajolet et al. 2007) of 2^14 registers with a 64-bit hash: standard error
 * 1.04 / sqrt(2^14) = 0.81 %; below 2.5 * 2^14 linear counting.  Adding is an atomic maximum. */
#define HLL_BITS 14u

struct hll {
	uint8_t registers[1u << HLL_BITS];
};

void hll_add(struct hll *hll, uint64_t hash);		/* any thread */
double hll_count(const struct hll *hll);

/* Count-Min (Cormode and Muthukrishnan 2005) with conservative update (Estan and Varghese 2002): never
 * less than the truth, and more by at most e / WIDTH of all additions with probability 1 - e^-DEPTH.
 * The caller holds a lock. */
#define COUNT_MIN_WIDTH 10000u
#define COUNT_MIN_DEPTH 5u

struct count_min {
	uint32_t rows[COUNT_MIN_DEPTH][COUNT_MIN_WIDTH];
	uint64_t added;
};

uint32_t count_min_add(struct count_min *sketch, uint64_t hash);	/* the estimate after it */
uint32_t count_min_estimate(const struct count_min *sketch, uint64_t hash);
void count_min_halve(struct count_min *sketch);	/* so that what was popular once is not for ever */

#endif
