/* SPDX-License-Identifier: MIT
 *
 * sketch.c - HyperLogLog and Count-Min; see sketch.h.
 */
#include "sketch.h"

#include <math.h>

#include "common/sample.h"

#define REGISTERS (1u << HLL_BITS)

void hll_add(struct hll *hll, uint64_t hash)
{
	uint8_t *at = &hll->registers[hash >> (64 - HLL_BITS)];
	uint64_t rest = hash << HLL_BITS | (uint64_t)1 << (HLL_BITS - 1);	/* ends the count */
	uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1), old = __atomic_load_n(at, __ATOMIC_RELAXED);

	while (rank > old &&
		!__atomic_compare_exchange_n(at, &old, rank, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

double hll_count(const struct hll *hll)
{
	const double m = REGISTERS, alpha = 0.7213 / (1 + 1.079 / m);
	double sum = 0, estimate;
	uint32_t empty = 0;

	for (uint32_t i = 0; i < REGISTERS; i++) {
		sum += ldexp(1, -hll->registers[i]);
		empty += hll->registers[i] == 0;
	}
	estimate = alpha * m * m / sum;
	return estimate <= 2.5 * m && empty ? m * log(m / empty) : estimate;
}

/* Row i's column: one hash gives all (Kirsch and Mitzenmacher 2006). */
static uint32_t column(uint64_t hash, uint32_t i)
{
	uint32_t a = (uint32_t)hash, b = (uint32_t)(hash >> 32) | 1;

	return (uint32_t)((uint64_t)(a + i * b) * COUNT_MIN_WIDTH >> 32);
}

uint32_t count_min_estimate(const struct count_min *sketch, uint64_t hash)
{
	uint32_t least = UINT32_MAX;

	for (uint32_t i = 0; i < COUNT_MIN_DEPTH; i++) {
		uint32_t count = sketch->rows[i][column(hash, i)];

		least = count < least ? count : least;
	}
	return least;
}

uint32_t count_min_add(struct count_min *sketch, uint64_t hash)
{
	uint32_t wanted = count_min_estimate(sketch, hash) + 1;

	for (uint32_t i = 0; i < COUNT_MIN_DEPTH; i++) {	/* only those that would be too small */
		uint32_t *at = &sketch->rows[i][column(hash, i)];

		*at = *at < wanted ? wanted : *at;
	}
	sketch->added++;
	return wanted;
}

void count_min_halve(struct count_min *sketch)
{
	for (uint32_t i = 0; i < COUNT_MIN_DEPTH; i++) {
		for (uint32_t k = 0; k < COUNT_MIN_WIDTH; k++)
			sketch->rows[i][k] /= 2;
	}
	sketch->added /= 2;
}
