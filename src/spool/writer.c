/* SPDX-License-Identifier: MIT
 *
 * writer.c - lock-free writing into the shared spool.
 *
 * Context: signal handler and host.  Any number of threads of one process write; tools read.
 *
 * Interleavings of np_spool_child() that were considered:
 *  - two threads miss the same key at once: both build a node, one wins the compare-and-swap of the
 *    bucket, the other re-reads the chain, finds the winner's node and abandons its own (an
 *    abandoned node keeps zero counts, so a reader loses nothing);
 *  - one thread finds chunk c full and inserts into c+1 while another still inserts the same key
 *    into c: both nodes live, each with a part of the counts; layout.h lets readers add them up;
 *  - a kill between handing out an index and `ready`: the reader skips the entry.
 * What cannot happen: a chain that leads to a node whose fields are not in place, since the bucket
 * is only swapped (release) after the fields and `ready` were stored.
 */
#include "spool/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "base/atomic.h"
#include "base/syscalls.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define PAGE_BYTES	  4096u
#define STEP_BYTES_LEAST  (8u << 10)	/* a section grows by as much as it has, between these */
#define STEP_BYTES_MOST	  (256u << 10)
#define CHUNK_FIRST	  1024u		/* nodes of the first chunk */
#define BYTES_MIN	  (1u << 20)
#define BYTES_UNPOPULATED (8u << 20)	/* all that we allocate where populate is unknown (< 5.14) */
#define STRINGS_BYTES	  (1u << 20)

static uint64_t page_up(uint64_t bytes)
{
	return (bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
}

/* Allocate [from, to) of the mapping.  Fails where a store would raise SIGBUS. */
static bool populate(struct np_spool *spool, uint64_t from, uint64_t to)
{
	from &= ~(uint64_t)(PAGE_BYTES - 1);
	to = page_up(to);
	return from >= to || np_syscall(SYS_madvise, spool->base + from, to - from,
					MADV_POPULATE_WRITE) == 0;
}

/* Make the first BYTES of SECTION writable.  Threads may do this at once: it is idempotent. */
static bool section_ensure(struct np_spool *spool, struct np_spool_section *section, uint64_t bytes,
			   uint64_t bytes_max)
{
	uint64_t ready = np_load_acquire(&section->ready);
	uint64_t step = ready < STEP_BYTES_LEAST ? STEP_BYTES_LEAST
		      : ready > STEP_BYTES_MOST ? STEP_BYTES_MOST : ready;
	uint64_t want;

	if (bytes <= ready)
		return true;
	want = page_up(bytes > ready + step ? bytes : ready + step);
	if (want > bytes_max)
		want = bytes_max;
	if (!populate(spool, section->offset + ready, section->offset + want))
		return false;
	while (ready < want && !np_cas_acq_rel(&section->ready, &ready, want))
		;
	return true;
}

/* Hand out one entry of SECTION; UINT64_MAX when it is full. */
static uint64_t section_take(struct np_spool *spool, struct np_spool_section *section,
			     uint64_t count, uint64_t entry_bytes)
{
	uint64_t index;

	if (np_load_relaxed(&section->used) + count > section->capacity)
		return UINT64_MAX;	/* looked at first, so that `used` cannot run away */
	index = np_add_relaxed(&section->used, count);
	if (index + count > section->capacity ||
	    !section_ensure(spool, section, (index + count) * entry_bytes,
			    section->capacity * entry_bytes))
		return UINT64_MAX;
	return index;
}

static uint64_t layout_section(struct np_spool_section *section, uint64_t offset, uint64_t capacity,
			       uint64_t entry_bytes)
{
	section->offset = offset;
	section->capacity = capacity;
	return page_up(offset + capacity * entry_bytes);
}

/* Place all sections in BYTES; HEAD is zeroed. */
static void layout(struct np_spool_header *head, uint64_t bytes)
{
	uint64_t node_bytes = sizeof(struct np_spool_node);
	uint64_t at = page_up(sizeof(*head));
	uint64_t nodes = 0, count = CHUNK_FIRST;
	uint64_t strings = bytes / 16 < STRINGS_BYTES ? bytes / 16 : STRINGS_BYTES;
	uint64_t room;

	at = layout_section(&head->threads, at, NP_SPOOL_THREADS_MAX, sizeof(struct np_spool_thread));
	at = layout_section(&head->modules, at, NP_SPOOL_MODULES_MAX, sizeof(struct np_spool_module));
	at = layout_section(&head->strings, at, strings, 1);
	room = bytes - at;
	for (uint32_t i = 0; i < NP_SPOOL_CHUNKS_MAX; i++) {
		struct np_spool_chunk *chunk = &head->chunks[i];
		uint64_t buckets = page_up(count * sizeof(uint32_t));

		if (room < buckets + PAGE_BYTES)
			break;
		chunk->bucket_count = (uint32_t)count;
		chunk->buckets = at;
		chunk->first = (uint32_t)nodes;
		chunk->count = (uint32_t)(count * node_bytes <= room - buckets
				? count : (room - buckets) / node_bytes);
		at += buckets;
		room -= buckets + chunk->count * node_bytes;
		nodes += chunk->count;
		if (chunk->count < count)
			break;
		if (i > 0)
			count *= 2;
	}
	layout_section(&head->nodes, at, nodes, node_bytes);
}

static bool chunk_activate(struct np_spool *spool, struct np_spool_chunk *chunk)
{
	if (chunk->count == 0 ||
	    !populate(spool, chunk->buckets, chunk->buckets + chunk->bucket_count * 4ull))
		return false;
	np_store_release(&chunk->ready, 1);	/* pairs with the acquire in np_spool_child() */
	return true;
}

static long map_file(struct np_spool *spool, int fd, uint64_t bytes)
{
	long r = np_syscall(SYS_ftruncate, fd, bytes);
	long base;

	if (r < 0)
		return r;
	base = np_syscall(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
			  fd, 0);
	if (base < 0 && base > -4096)
		return base;
	spool->base = (uint8_t *)base;
	spool->head = (struct np_spool_header *)base;
	spool->bytes = bytes;
	np_syscall(SYS_madvise, base, bytes, MADV_DONTDUMP);
	/* On a disk a fault reads ahead, which means zeroing up to MiBs of a file full of holes. */
	np_syscall(SYS_madvise, base, bytes, MADV_RANDOM);
	return 0;
}

/* ftruncate() past RLIMIT_FSIZE raises SIGXFSZ, which would kill the host: stay below. */
static uint64_t file_size_limit(uint64_t bytes)
{
	struct rlimit limit;

	if (np_syscall(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, &limit) == 0 && limit.rlim_cur < bytes)
		return limit.rlim_cur & ~(uint64_t)(PAGE_BYTES - 1);
	return bytes;
}

/* An old kernel, or a filter that knows no such advice. */
static bool is_unknown(long r)
{
	return r == -EINVAL || r == -ENOSYS || r == -EPERM || r == -EACCES;
}

/* Everything must exist before the first store.  Where populate is unknown, allocate it all. */
static long allocate_first(struct np_spool *spool, int fd)
{
	struct np_spool_header *head = spool->head;
	long r = np_syscall(SYS_madvise, spool->base, PAGE_BYTES, MADV_POPULATE_WRITE);
	bool all = is_unknown(r);

	if (all)
		r = np_syscall(SYS_fallocate, fd, 0, 0, spool->bytes);
	if (r < 0)
		return r == -EFAULT ? -ENOSPC : r;
	memset(head, 0, sizeof(*head));		/* in place: the stack may be a small one */
	layout(head, spool->bytes);
	if (all) {
		head->threads.ready = head->threads.capacity * sizeof(struct np_spool_thread);
		head->modules.ready = head->modules.capacity * sizeof(struct np_spool_module);
		head->strings.ready = head->strings.capacity;
		head->nodes.ready = head->nodes.capacity * sizeof(struct np_spool_node);
		for (uint32_t i = 0; i < NP_SPOOL_CHUNKS_MAX && head->chunks[i].count; i++)
			head->chunks[i].ready = 1;
		return 0;
	}
	return chunk_activate(spool, &head->chunks[0]) ? 0 : -ENOSPC;
}

static void first_entries(struct np_spool *spool)
{
	struct np_spool_header *head = spool->head;
	struct np_spool_node *root;
	struct np_spool_thread *shared;

	section_take(spool, &head->strings, 1, 1);	/* offset 0 is "" */
	section_take(spool, &head->modules, 1, sizeof(struct np_spool_module));
	section_take(spool, &head->threads, 1, sizeof(struct np_spool_thread));
	shared = (struct np_spool_thread *)(spool->base + head->threads.offset);
	memcpy(shared->name, "(other)", 8);
	np_store_release(&shared->ready, 1);
	head->chunks[0].used = 1;
	root = (struct np_spool_node *)(spool->base + head->nodes.offset);
	root->kind = NP_NODE_ROOT;
	np_store_release(&root->ready, 1);
}

int np_spool_create(struct np_spool *spool, const char *path, uint64_t bytes_max)
{
	long fd = np_syscall(SYS_openat, AT_FDCWD, path,
			     O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	uint64_t bytes = file_size_limit(page_up(bytes_max));
	size_t length = strlen(path);
	long r;

	if (fd < 0)
		return (int)fd;
	if (length >= sizeof(spool->path)) {
		r = -ENAMETOOLONG;
		goto fail;
	}
	if (bytes < BYTES_MIN) {
		r = -EFBIG;
		goto fail;
	}
	do {				/* a tight RLIMIT_AS: be content with less */
		r = bytes < BYTES_MIN ? -ENOMEM : map_file(spool, (int)fd, bytes);
		if (r == -ENOMEM)
			bytes = bytes / 2 & ~(uint64_t)(PAGE_BYTES - 1);
	} while (r == -ENOMEM && bytes >= BYTES_MIN);
	if (r < 0)
		goto fail;
	if (is_unknown(np_syscall(SYS_madvise, spool->base, PAGE_BYTES, MADV_POPULATE_WRITE)) &&
	    spool->bytes > BYTES_UNPOPULATED) {
		np_spool_forget(spool);
		r = map_file(spool, (int)fd, BYTES_UNPOPULATED);
		if (r < 0)
			goto fail;
	}
	r = allocate_first(spool, (int)fd);
	if (r == 0 && (!section_ensure(spool, &spool->head->nodes, 1, PAGE_BYTES) ||
		       !section_ensure(spool, &spool->head->modules, 1, PAGE_BYTES) ||
		       !section_ensure(spool, &spool->head->threads, 1, PAGE_BYTES) ||
		       !section_ensure(spool, &spool->head->strings, 1, PAGE_BYTES)))
		r = -ENOSPC;
	if (r < 0)
		goto fail;
	first_entries(spool);
	memcpy(spool->path, path, length + 1);
	memcpy(spool->head->magic, NP_SPOOL_MAGIC, sizeof(NP_SPOOL_MAGIC));
	spool->head->version = NP_SPOOL_VERSION;
	spool->head->header_bytes = sizeof(struct np_spool_header);
	spool->head->file_bytes = spool->bytes;
	np_syscall(SYS_close, fd);
	return 0;
fail:
	np_spool_forget(spool);
	np_syscall(SYS_close, fd);
	np_syscall(SYS_unlink, path);
	return (int)r;
}

void np_spool_publish(struct np_spool *spool)
{
	np_store_release(&spool->head->state, NP_SPOOL_LIVE);
}

void np_spool_forget(struct np_spool *spool)
{
	if (spool->base)
		np_syscall(SYS_munmap, spool->base, spool->bytes);
	spool->base = NULL;
	spool->head = NULL;
	spool->bytes = 0;
}

struct node_key {
	uint64_t pc;
	uint32_t parent;
	uint16_t module;
	uint8_t kind;
};

static uint32_t hash_key(const struct node_key *key)
{
	uint64_t h = key->pc * 0x9e3779b97f4a7c15ull;

	h ^= ((uint64_t)key->parent << 24 | (uint64_t)key->module << 8 | key->kind) *
	     0xc2b2ae3d27d4eb4full;
	h ^= h >> 29;
	h *= 0xbf58476d1ce4e5b9ull;
	return (uint32_t)(h >> 32);
}

static struct np_spool_node *node_at(const struct np_spool *spool, uint32_t index)
{
	return (struct np_spool_node *)(spool->base + spool->head->nodes.offset) + index;
}

/* Walk the chain from FROM until UNTIL (0 = to its end). */
static uint32_t chain_find(const struct np_spool *spool, uint32_t from, uint32_t until,
			   const struct node_key *key)
{
	for (uint32_t i = from; i != until && i != 0;) {
		const struct np_spool_node *node = node_at(spool, i);

		if (node->pc == key->pc && node->parent == key->parent &&
		    node->module == key->module && node->kind == key->kind)
			return i;
		i = np_load_acquire(&node->next);
	}
	return 0;
}

static uint32_t *bucket_of(const struct np_spool *spool, const struct np_spool_chunk *chunk,
			   uint32_t hash)
{
	return (uint32_t *)(spool->base + chunk->buckets) + (hash & (chunk->bucket_count - 1));
}

/* Insert KEY into CHUNK.  Returns its index, or 0 when the chunk is full. */
static uint32_t chunk_insert(struct np_spool *spool, struct np_spool_chunk *chunk, uint32_t hash,
			     const struct node_key *key)
{
	uint32_t *bucket = bucket_of(spool, chunk, hash);
	uint64_t node_bytes = sizeof(struct np_spool_node);
	struct np_spool_node *node;
	uint32_t slot, index, head, seen;

	if (np_load_relaxed(&chunk->used) >= chunk->count)
		return 0;
	slot = np_add_relaxed(&chunk->used, 1);
	if (slot >= chunk->count)
		return 0;
	index = chunk->first + slot;
	if (!section_ensure(spool, &spool->head->nodes, (index + 1ull) * node_bytes,
			    spool->head->nodes.capacity * node_bytes))
		return 0;
	node = node_at(spool, index);
	node->pc = key->pc;
	node->parent = key->parent;
	node->module = key->module;
	node->kind = key->kind;
	head = np_load_acquire(bucket);
	node->next = head;
	np_store_release(&node->ready, 1);	/* pairs with the reader's acquire of `ready` */
	while (!np_cas_acq_rel(bucket, &head, index)) {
		/* Somebody was faster: it may have been our key.  What is new lies before node->next. */
		seen = chain_find(spool, head, node->next, key);
		if (seen)
			return seen;
		np_store_release(&node->next, head);
	}
	return index;
}

uint32_t np_spool_child(struct np_spool *spool, uint32_t parent, uint16_t module, uint64_t pc,
			enum np_node_kind kind)
{
	struct node_key key = { .pc = pc, .parent = parent, .module = module, .kind = (uint8_t)kind };
	uint32_t hash = hash_key(&key);
	struct np_spool_chunk *chunk, *last = NULL;
	uint32_t found = 0;

	for (uint32_t i = 0; i < NP_SPOOL_CHUNKS_MAX; i++) {
		chunk = &spool->head->chunks[i];
		if (!np_load_acquire(&chunk->ready))
			break;
		found = chain_find(spool, np_load_acquire(bucket_of(spool, chunk, hash)), 0, &key);
		if (found)
			return found;
		last = chunk;
	}
	found = last ? chunk_insert(spool, last, hash, &key) : 0;
	if (found)
		return found;
	chunk = last ? last + 1 : spool->head->chunks;
	if (chunk == spool->head->chunks + NP_SPOOL_CHUNKS_MAX || !chunk_activate(spool, chunk))
		return UINT32_MAX;
	found = chunk_insert(spool, chunk, hash, &key);
	return found ? found : UINT32_MAX;
}

void np_spool_commit(struct np_spool *spool, uint32_t node, uint64_t periods)
{
	struct np_spool_node *at = node_at(spool, node);

	np_add_relaxed(&at->periods, periods);
	np_add_relaxed(&at->samples, 1);
	np_spool_count(spool, NP_COUNT_PERIODS, periods);
	np_spool_count(spool, NP_COUNT_SAMPLES, 1);
}

void np_spool_add_calls(struct np_spool *spool, uint32_t node, uint64_t count)
{
	np_add_relaxed(&node_at(spool, node)->calls, count);
}

void np_spool_count(struct np_spool *spool, enum np_counter counter, uint64_t add)
{
	np_add_relaxed(&spool->head->counters[counter], add);
}

uint16_t np_spool_module_add(struct np_spool *spool, const struct np_spool_module *module,
			     const char *path)
{
	struct np_spool_section *modules = &spool->head->modules;
	size_t length = strlen(path);
	uint64_t index = section_take(spool, modules, 1, sizeof(*module));
	uint64_t string = 0;
	struct np_spool_module *entry;

	if (index == UINT64_MAX) {
		np_spool_count(spool, NP_COUNT_MODULES_LOST, 1);
		return 0;
	}
	if (length > 0) {
		string = section_take(spool, &spool->head->strings, length + 1, 1);
		if (string == UINT64_MAX)
			string = 0;
		else
			memcpy(spool->base + spool->head->strings.offset + string, path, length + 1);
	}
	entry = (struct np_spool_module *)(spool->base + modules->offset) + index;
	*entry = *module;
	entry->ready = 0;
	entry->path = (uint32_t)string;
	np_store_release(&entry->ready, 1);
	return (uint16_t)index;
}

uint32_t np_spool_thread_add(struct np_spool *spool, uint32_t tid, const char name[16])
{
	struct np_spool_section *threads = &spool->head->threads;
	uint64_t index = section_take(spool, threads, 1, sizeof(struct np_spool_thread));
	struct np_spool_thread *entry;

	if (index == UINT64_MAX) {
		np_spool_count(spool, NP_COUNT_THREADS_SHARED, 1);
		return 0;
	}
	entry = (struct np_spool_thread *)(spool->base + threads->offset) + index;
	entry->tid = tid;
	memcpy(entry->name, name, sizeof(entry->name));
	entry->name[sizeof(entry->name) - 1] = '\0';
	np_store_release(&entry->ready, 1);
	return (uint32_t)index;
}
