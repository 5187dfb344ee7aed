/* SPDX-License-Identifier: MIT
 *
 * intern.h - byte strings to small integers: the same bytes give the same id, in call order.
 *
 * Context: tools.  Owns copies of the bytes in blocks that never move, so that pointers stay valid
 * until np_intern_finish().  The hash is seeded per process: a hostile file cannot pick colliding
 * names, and no result depends on the seed.
 */
#ifndef NP_PROFILE_INTERN_H
#define NP_PROFILE_INTERN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct np_intern_entry {
	const char *bytes;	/* followed by a NUL */
	uint32_t length;
	uint32_t hash;
};

struct np_intern {
	struct np_intern_entry *entries;
	uint32_t count, room;
	uint32_t *slots;	/* open addressing: id + 1, 0 = free; slot_mask + 1 of them */
	uint32_t slot_mask;
	char **blocks;
	size_t block_count;
	char *free;		/* the unused rest of the last block */
	size_t free_bytes;
	uint64_t seed;
};

void np_intern_init(struct np_intern *table);
void np_intern_finish(struct np_intern *table);

/* The id of BYTES, made when missing.  *RET_NEW (may be NULL) says whether it was made.
 * LENGTH above UINT32_MAX / 2 and more than 2^31 strings end the tool with one line. */
uint32_t np_intern_get(struct np_intern *table, const char *bytes, size_t length, int *ret_new);

uint64_t np_hash_seed(void);	/* random, the same within one process */

static inline uint64_t np_hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t np_hash_load(const char *p, size_t n)
{
	uint64_t word = 0;

	memcpy(&word, p, n);
	return word;
}

/* Inline: it is most of the time that reading folded stacks takes. */
static inline uint64_t np_hash_bytes(const char *p, size_t n, uint64_t seed)
{
	uint64_t h = seed ^ n;

	for (; n > 16; p += 16, n -= 16)
		h = np_hash_mix(np_hash_load(p, 8) ^ 0x9e3779b97f4a7c15u ^ h,
				np_hash_load(p + 8, 8) ^ 0xd1b54a32d192ed03u);
	if (n >= 8)
		return np_hash_mix(np_hash_load(p, 8) ^ 0x8cb92ba72f3d8dd7u ^ h,
				   np_hash_load(p + n - 8, 8) ^ 0xaaaaaaab2545f491u ^ n);
	if (n >= 4)
		return np_hash_mix(np_hash_load(p, 4) ^ 0x8cb92ba72f3d8dd7u ^ h,
				   np_hash_load(p + n - 4, 4) ^ 0xaaaaaaab2545f491u ^ n);
	return np_hash_mix(np_hash_load(p, n) ^ 0x8cb92ba72f3d8dd7u ^ h, 0xaaaaaaab2545f491u ^ n);
}

#endif
