/* SPDX-License-Identifier: MIT
 *
 * vault.c - get and put over filter, index, cache and log; see sigmavault.h.
 */
#include "sigmavault.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/sample.h"

#define STALL_EVERY 400u
#define STALL_NS    20000000u

static void restore(void *user, const struct vault_value *value, uint64_t offset)
{
	struct vault *vault = user;
	struct vault_shard *shard = &vault->shards[sample_hash(value->key) % VAULT_SHARDS];

	index_put(&shard->index, value->key, offset);
	bloom_add(&vault->bloom, value->key);
}

void vault_open(struct vault *vault, const char *path, const struct vault_settings *settings)
{
	bool weak = sample_is(settings->defect, "weak-hash");
	uint64_t keys = settings->keys, cached = keys * settings->cache_percent / 100;

	memset(vault, 0, sizeof(*vault));
	vault->settings = settings;
	vault->one_lock = sample_is(settings->defect, "one-lock");
	vault->no_bloom = sample_is(settings->defect, "no-bloom");
	vault->stall = sample_is(settings->defect, "stall");
	vault->churn = sample_is(settings->defect, "page-faults");
	bloom_init(&vault->bloom, keys, 12);
	for (uint32_t i = 0; i < VAULT_SHARDS; i++) {
		pthread_mutex_init(&vault->shards[i].lock, NULL);
		index_init(&vault->shards[i].index, keys / VAULT_SHARDS, weak);
		cache_init(&vault->shards[i].cache, (uint32_t)(cached / VAULT_SHARDS),
			!sample_is(settings->defect, "lru-only"));
	}
	log_open(&vault->log, path, settings);
	if (vault->log.written)
		log_recover(path, restore, vault);
}

void vault_close(struct vault *vault)
{
	log_close(&vault->log);
	for (uint32_t i = 0; i < VAULT_SHARDS; i++) {
		index_free(&vault->shards[i].index);
		cache_free(&vault->shards[i].cache);
		pthread_mutex_destroy(&vault->shards[i].lock);
	}
	bloom_free(&vault->bloom);
}

static struct vault_shard *shard_of(struct vault *vault, uint64_t key)
{
	return &vault->shards[sample_hash(key) % VAULT_SHARDS];
}

/* With the defect "one-lock" all shards share the first one's. */
static pthread_mutex_t *lock_of(struct vault *vault, struct vault_shard *shard)
{
	return vault->one_lock ? &vault->shards[0].lock : &shard->lock;
}

/* The defect "page-faults": a scratch mapping for every operation. */
SAMPLE_FUNCTION static void churn_pages(const struct vault_value *value)
{
	size_t bytes = 64 << 10;
	uint8_t *scratch = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (scratch == MAP_FAILED)
		return;
	for (size_t i = 0; i < bytes; i += 4096)
		scratch[i] = value->rest[0];
	munmap(scratch, bytes);
}

SAMPLE_FUNCTION bool vault_get(struct vault *vault, uint64_t key, struct vault_value *value)
{
	struct vault_shard *shard = shard_of(vault, key);
	const struct vault_value *cached;
	uint64_t offset;
	bool known;

	hll_add(&vault->keys, sample_hash(key));
	if (!vault->no_bloom && !bloom_may_have(&vault->bloom, key)) {
		__atomic_fetch_add(&vault->bloom_saved, 1, __ATOMIC_RELAXED);
		return false;
	}
	pthread_mutex_lock(lock_of(vault, shard));
	known = index_get(&shard->index, key, &offset);
	cached = known ? cache_get(&shard->cache, key) : NULL;
	if (cached) {
		*value = *cached;
	} else if (known) {
		log_read(&vault->log, offset, value);
		cache_put(&shard->cache, value);
	}
	pthread_mutex_unlock(lock_of(vault, shard));
	if (known && vault->churn)
		churn_pages(value);
	return known;
}

SAMPLE_FUNCTION void vault_put(struct vault *vault, uint64_t key, uint64_t version, bool durable)
{
	struct vault_shard *shard = shard_of(vault, key);
	struct vault_value value = { .key = key, .version = version };
	uint64_t offset;

	memset(value.rest, (int)(key + version), sizeof(value.rest));
	pthread_mutex_lock(lock_of(vault, shard));
	if (vault->stall && ++shard->stalls % STALL_EVERY == 0)
		sample_sleep_until(sample_now_ns() + STALL_NS);
	offset = log_append(&vault->log, &value);
	index_put(&shard->index, key, offset);
	cache_put(&shard->cache, &value);
	pthread_mutex_unlock(lock_of(vault, shard));
	bloom_add(&vault->bloom, key);
	if (vault->churn)
		churn_pages(&value);
	if (durable)
		log_wait_durable(&vault->log, offset);
}
