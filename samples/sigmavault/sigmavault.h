/* SPDX-License-Identifier: MIT
 *
 * sigmavault.h - the storage engine of the samples and the parts that it is made of.
 *
 * get: Bloom filter -> sharded index (key -> place in the log) -> cache, else read from the log.
 * put: append to the log, then index, filter and cache.  A record is in the log before it is in the
 * index, so what get() returns can be recovered.
 * Locks: one per shard, and the log's own, always taken in this order.
 */
#ifndef SIGMAVAULT_H
#define SIGMAVAULT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sketch.h"

#define VALUE_BYTES 96u

struct vault_value {
	uint64_t key, version;		/* what the reader checks */
	uint8_t rest[VALUE_BYTES - 16];
};

struct vault_settings {
	uint64_t keys, threads, milliseconds, cache_percent, read_percent, absent_percent, rate, seed;
	const char *defect;
	const char *directory;
};

/* bloom.c: a blocked Bloom filter (Putze, Sanders, Singler 2007): all bits of a key in one cache
 * line.  12 bits to a key give 0.5 % false positives (measured by test-sketches). */
struct bloom {
	uint64_t *blocks;		/* 8 words each */
	uint64_t block_count;
};
void bloom_init(struct bloom *bloom, uint64_t keys, uint32_t bits_per_key);
void bloom_free(struct bloom *bloom);
void bloom_add(struct bloom *bloom, uint64_t key);	/* any thread */
bool bloom_may_have(const struct bloom *bloom, uint64_t key);

/* cache.c: segmented LRU behind an admission by frequency (Einziger et al., "TinyLFU", 2017).  A first hit promotes to the protected part (4/5 of all), so one scan does
 * not wash it out.  The caller holds the shard's lock. */
struct cache_entry {
	struct vault_value value;
	uint32_t older, newer, next;	/* list neighbours and bucket chain; 0 = none */
	bool is_protected, used;
};
struct cache_list {
	uint32_t newest, oldest, count;
};
struct cache {
	struct cache_entry *entries;	/* [0] is not used */
	uint32_t *buckets;
	uint32_t capacity, mask, used;
	struct cache_list probation, protect;
	struct count_min *popular;	/* admission: see cache_admits(); NULL = all */
	uint64_t hits, misses;
};
void cache_init(struct cache *cache, uint32_t capacity, bool by_frequency);
void cache_free(struct cache *cache);
const struct vault_value *cache_get(struct cache *cache, uint64_t key);
void cache_put(struct cache *cache, const struct vault_value *value);

/* index.c: open addressing, key -> offset in the log.  The caller holds the shard's lock. */
struct index_slot {
	uint64_t key_plus_one, offset;
};
struct vault_index {
	struct index_slot *slots;
	uint64_t mask, used;
	bool weak_hash;			/* the defect "weak-hash": long probes */
};
void index_init(struct vault_index *index, uint64_t keys, bool weak_hash);
void index_free(struct vault_index *index);
bool index_get(const struct vault_index *index, uint64_t key, uint64_t *offset);
void index_put(struct vault_index *index, uint64_t key, uint64_t offset);

/* log.c: an append-only file; writers share a buffer, and one of them syncs for all (group commit). */
struct log_record {
	uint32_t crc, bytes;		/* CRC-32 of all that follows `crc` */
	struct vault_value value;
};
struct vault_log {
	int fd;
	pthread_mutex_t lock;
	pthread_cond_t synced;
	uint8_t *buffer;
	size_t filled, flush_at;	/* flush_at: one record with the defect "small-writes" */
	uint64_t written, durable;	/* bytes of the file; `durable` have been synced */
	bool syncing, sync_each;
	uint64_t syncs;
};
void log_open(struct vault_log *log, const char *path, const struct vault_settings *settings);
void log_close(struct vault_log *log);
uint64_t log_append(struct vault_log *log, const struct vault_value *value);	/* its offset */
void log_flush(struct vault_log *log);
void log_wait_durable(struct vault_log *log, uint64_t offset);
void log_read(struct vault_log *log, uint64_t offset, struct vault_value *value);
/* Call FOUND for every whole record from the start; a damaged tail is cut off.  Returns the records. */
uint64_t log_recover(const char *path,
	void (*found)(void *user, const struct vault_value *value, uint64_t offset), void *user);

#define VAULT_SHARDS 16u

struct vault_shard {
	pthread_mutex_t lock;
	struct vault_index index;
	struct cache cache;
	uint64_t stalls;
} __attribute__((aligned(64)));

struct vault {
	struct vault_shard shards[VAULT_SHARDS];
	struct bloom bloom;
	struct vault_log log;
	const struct vault_settings *settings;
	struct hll keys;		/* that were read, all and absent */
	bool one_lock, no_bloom, stall, churn;
	uint64_t bloom_saved, absent;
};

void vault_open(struct vault *vault, const char *path, const struct vault_settings *settings);
void vault_close(struct vault *vault);
bool vault_get(struct vault *vault, uint64_t key, struct vault_value *value);
void vault_put(struct vault *vault, uint64_t key, uint64_t version, bool durable);

/* workload.c: keys in a Zipf distribution (exponent 0.99), as YCSB draws them. */
struct zipf {
	uint64_t keys;
	double alpha, zeta, eta, half;
};
void zipf_init(struct zipf *zipf, uint64_t keys);
struct sample_random;
uint64_t zipf_next(const struct zipf *zipf, struct sample_random *random);

void workload_load(struct vault *vault);
void workload_throughput(struct vault *vault, bool writes, const char *name);
void workload_open_loop(struct vault *vault);
void workload_durable(struct vault *vault);

/* recovery.c: a child that writes durably is killed; all that it was told is safe must be there. */
void recovery_check(const struct vault_settings *settings, const char *path);

#endif
