/* SPDX-License-Identifier: MIT
 *
 * bloom.c - the blocked Bloom filter; see sigmavault.h.  Adding is an atomic or, so readers and
 * writers need no lock.
 */
#include "sigmavault.h"

#include <stdlib.h>
#include <string.h>

#include "common/sample.h"

#define PROBES 8u	/* one bit in each word of the block */

void bloom_init(struct bloom *bloom, uint64_t keys, uint32_t bits_per_key)
{
	size_t bytes;

	bloom->block_count = (keys * bits_per_key + 511) / 512;
	bytes = bloom->block_count * 64;
	if (posix_memalign((void **)&bloom->blocks, 64, bytes))
		sample_fail("out of memory for a filter of %zu bytes", bytes);
	memset(bloom->blocks, 0, bytes);
}

void bloom_free(struct bloom *bloom)
{
	free(bloom->blocks);
}

static uint64_t *block_of(const struct bloom *bloom, uint64_t hash)
{
	return bloom->blocks + (uint64_t)((unsigned __int128)hash * bloom->block_count >> 64) * 8;
}

void bloom_add(struct bloom *bloom, uint64_t key)
{
	uint64_t hash = sample_hash(key), bits = sample_hash(hash), *block = block_of(bloom, hash);

	for (uint32_t i = 0; i < PROBES; i++, bits >>= 6)
		__atomic_fetch_or(&block[i], (uint64_t)1 << (bits & 63), __ATOMIC_RELAXED);
}

bool bloom_may_have(const struct bloom *bloom, uint64_t key)
{
	uint64_t hash = sample_hash(key), bits = sample_hash(hash), *block = block_of(bloom, hash);

	for (uint32_t i = 0; i < PROBES; i++, bits >>= 6) {
		if (!(__atomic_load_n(&block[i], __ATOMIC_RELAXED) >> (bits & 63) & 1))
			return false;
	}
	return true;
}
