/* SPDX-License-Identifier: MIT
 *
 * cache.c - segmented LRU in flat arrays; see sigmavault.h.
 */
#include "sigmavault.h"

#include <stdlib.h>

#include "common/sample.h"

#define COUNTED_PER_ENTRY 10u	/* then all counts are halved */

void cache_init(struct cache *cache, uint32_t capacity, bool by_frequency)
{
	uint32_t buckets = 16;

	*cache = (struct cache){ .capacity = capacity < 8 ? 8 : capacity };
	while (buckets < cache->capacity)
		buckets *= 2;
	cache->mask = buckets - 1;
	cache->buckets = sample_allocate(buckets * sizeof(*cache->buckets));
	cache->entries = sample_allocate((cache->capacity + 1) * sizeof(*cache->entries));
	if (by_frequency)
		cache->popular = sample_allocate(sizeof(*cache->popular));
}

void cache_free(struct cache *cache)
{
	free(cache->popular);
	free(cache->buckets);
	free(cache->entries);
}

static uint32_t *bucket_of(const struct cache *cache, uint64_t key)
{
	return &cache->buckets[sample_hash(key) >> 20 & cache->mask];
}

static uint32_t find(const struct cache *cache, uint64_t key)
{
	uint32_t at = *bucket_of(cache, key);

	while (at && cache->entries[at].value.key != key)
		at = cache->entries[at].next;
	return at;
}

static void unlink_from(struct cache *cache, struct cache_list *list, uint32_t at)
{
	struct cache_entry *entry = &cache->entries[at];

	if (entry->newer)
		cache->entries[entry->newer].older = entry->older;
	else
		list->newest = entry->older;
	if (entry->older)
		cache->entries[entry->older].newer = entry->newer;
	else
		list->oldest = entry->newer;
	list->count--;
}

static void link_newest(struct cache *cache, struct cache_list *list, uint32_t at)
{
	struct cache_entry *entry = &cache->entries[at];

	entry->newer = 0;
	entry->older = list->newest;
	if (list->newest)
		cache->entries[list->newest].newer = at;
	else
		list->oldest = at;
	list->newest = at;
	list->count++;
}

/* Into the protected part; what falls out of that gets a second chance on probation. */
static void promote(struct cache *cache, uint32_t at)
{
	struct cache_entry *entry = &cache->entries[at];

	unlink_from(cache, entry->is_protected ? &cache->protect : &cache->probation, at);
	entry->is_protected = true;
	link_newest(cache, &cache->protect, at);
	if (cache->protect.count > cache->capacity - cache->capacity / 5) {
		uint32_t oldest = cache->protect.oldest;

		unlink_from(cache, &cache->protect, oldest);
		cache->entries[oldest].is_protected = false;
		link_newest(cache, &cache->probation, oldest);
	}
}

const struct vault_value *cache_get(struct cache *cache, uint64_t key)
{
	uint32_t at = find(cache, key);

	if (cache->popular) {
		count_min_add(cache->popular, sample_hash(key));
		if (cache->popular->added > (uint64_t)COUNTED_PER_ENTRY * cache->capacity)
			count_min_halve(cache->popular);
	}
	if (!at) {
		cache->misses++;
		return NULL;
	}
	cache->hits++;
	promote(cache, at);
	return &cache->entries[at].value;
}

/* Only what is asked for more often than the entry that would have to go. */
static bool cache_admits(const struct cache *cache, uint64_t key)
{
	const struct cache_list *list = cache->probation.count ? &cache->probation : &cache->protect;

	if (!cache->popular || cache->used < cache->capacity)
		return true;
	return count_min_estimate(cache->popular, sample_hash(key)) >
		count_min_estimate(cache->popular, sample_hash(cache->entries[list->oldest].value.key));
}

static uint32_t take_entry(struct cache *cache)
{
	struct cache_list *list = cache->probation.count ? &cache->probation : &cache->protect;
	uint32_t at, *link;

	if (cache->used < cache->capacity)
		return ++cache->used;
	at = list->oldest;
	unlink_from(cache, list, at);
	for (link = bucket_of(cache, cache->entries[at].value.key); *link != at;)
		link = &cache->entries[*link].next;
	*link = cache->entries[at].next;
	return at;
}

void cache_put(struct cache *cache, const struct vault_value *value)
{
	uint32_t at = find(cache, value->key), *bucket;

	if (at) {
		cache->entries[at].value = *value;
		return;
	}
	if (!cache_admits(cache, value->key))
		return;
	at = take_entry(cache);
	bucket = bucket_of(cache, value->key);
	cache->entries[at] = (struct cache_entry){ .value = *value, .next = *bucket, .used = true };
	*bucket = at;
	link_newest(cache, &cache->probation, at);
}
