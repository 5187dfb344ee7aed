/* SPDX-License-Identifier: MIT
 *
 * index.c - open addressing with linear probing, at most 3/4 full; see sigmavault.h.
 */
#include "sigmavault.h"

#include <stdlib.h>

#include "common/sample.h"

void index_init(struct vault_index *index, uint64_t keys, bool weak_hash)
{
	uint64_t slots = 64;

	while (slots * 3 / 4 < keys)
		slots *= 2;
	*index = (struct vault_index){ .mask = slots - 1, .weak_hash = weak_hash };
	index->slots = sample_allocate(slots * sizeof(*index->slots));
}

void index_free(struct vault_index *index)
{
	free(index->slots);
}

/* The slot of KEY, or the free one where it belongs.  A weak hash starts all in a few places. */
SAMPLE_FUNCTION static struct index_slot *index_probe(const struct vault_index *index, uint64_t key)
{
	uint64_t at = index->weak_hash ? (key & 7) << 3 : sample_hash(key) >> 8;

	for (at &= index->mask;; at = (at + 1) & index->mask) {
		struct index_slot *slot = &index->slots[at];

		if (slot->key_plus_one == key + 1 || slot->key_plus_one == 0)
			return slot;
	}
}

bool index_get(const struct vault_index *index, uint64_t key, uint64_t *offset)
{
	const struct index_slot *slot = index_probe(index, key);

	*offset = slot->offset;
	return slot->key_plus_one != 0;
}

static void grow(struct vault_index *index)
{
	struct vault_index larger;

	index_init(&larger, index->used * 2, index->weak_hash);
	larger.used = index->used;
	for (uint64_t i = 0; i <= index->mask; i++) {
		if (index->slots[i].key_plus_one)
			*index_probe(&larger, index->slots[i].key_plus_one - 1) = index->slots[i];
	}
	free(index->slots);
	*index = larger;
}

void index_put(struct vault_index *index, uint64_t key, uint64_t offset)
{
	struct index_slot *slot = index_probe(index, key);

	if (!slot->key_plus_one) {
		slot->key_plus_one = key + 1;
		index->used++;
	}
	slot->offset = offset;
	if (index->used > (index->mask + 1) / 4 * 3)
		grow(index);
}
