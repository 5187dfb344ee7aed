/* SPDX-License-Identifier: MIT
 *
 * loglinear.h - the buckets of a histogram whose quantiles are within 1 %.
 *
 * Values below 128 have a bucket each; above, every power of two is cut into 64 equal buckets, so a
 * bucket's middle is at most 1/128 = 0.78 % from any value in it.  Buckets of the same index mean the
 * same everywhere, so histograms are merged by adding them.  This is the arithmetic of HdrHistogram
 * (G. Tene), without its range to be chosen.  Context: any.
 */
#ifndef NP_BASE_LOGLINEAR_H
#define NP_BASE_LOGLINEAR_H

#include <stdint.h>

#define NP_LOGLINEAR_SUB     64u
#define NP_LOGLINEAR_BUCKETS (59u * NP_LOGLINEAR_SUB)	/* up to UINT64_MAX */

static inline uint32_t np_loglinear_bucket(uint64_t value)
{
	uint32_t shift;

	if (value < 2 * NP_LOGLINEAR_SUB)
		return (uint32_t)value;
	shift = 57u - (uint32_t)__builtin_clzll(value);
	return shift * NP_LOGLINEAR_SUB + (uint32_t)(value >> shift);
}

/* The smallest value of a bucket, and the middle of it. */
static inline uint64_t np_loglinear_low(uint32_t bucket)
{
	uint32_t shift = bucket < 2 * NP_LOGLINEAR_SUB ? 0 : bucket / NP_LOGLINEAR_SUB - 1;

	return (uint64_t)(bucket - shift * NP_LOGLINEAR_SUB) << shift;
}

static inline uint64_t np_loglinear_middle(uint32_t bucket)
{
	uint32_t shift = bucket < 2 * NP_LOGLINEAR_SUB ? 0 : bucket / NP_LOGLINEAR_SUB - 1;

	return np_loglinear_low(bucket) + (((uint64_t)1 << shift) >> 1);
}

static inline uint64_t np_loglinear_total(const uint64_t counts[NP_LOGLINEAR_BUCKETS])
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < NP_LOGLINEAR_BUCKETS; i++)
		total += counts[i];
	return total;
}

/* The value below or at which a share Q (0..1) of the values lies; 0 when there is none. */
static inline uint64_t np_loglinear_quantile(const uint64_t counts[NP_LOGLINEAR_BUCKETS], double q)
{
	uint64_t total = np_loglinear_total(counts), below = 0, wanted;

	if (!total)
		return 0;
	wanted = (uint64_t)(q * (double)total);
	if ((double)wanted < q * (double)total || !wanted)
		wanted++;
	for (uint32_t i = 0; i < NP_LOGLINEAR_BUCKETS; i++) {
		below += counts[i];
		if (below >= wanted)
			return np_loglinear_middle(i);
	}
	return np_loglinear_middle(NP_LOGLINEAR_BUCKETS - 1);
}

#endif
