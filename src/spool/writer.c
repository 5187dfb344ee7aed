/* SPDX-License-Identifier: MIT
 *
 * writer.c - lock-free writing into the shared spool.
 *
 * Context: signal handler and host.  Any number of threads of one process write; tools read.
 *
 * A link (np_spool_node.child, .sibling) changes once, from 0 to the index of a node that is
 * complete, by compare-and-swap.  Interleavings that were considered:
 *  - two threads miss the same key at once: both fill a node, one sets the link, the other looks
 *    again, finds the winner's and abandons its own and those it had made below it (abandoned
 *    nodes keep zero counts, so a reader loses nothing).  It happens at node 0 and among threads
 *    that share an entry; all else of the tree belongs to one thread;
 *  - a kill between reserving nodes and filling them: `ready` is 0, the reader skips them;
 *  - a kill between filling and linking: nodes without counts;
 *  - a kill within a commit: the periods and `resumed` are there, the sample is not yet counted.
 * What cannot happen: a link to a node that is not complete, since both the key (release) and the
 * compare-and-swap come after the fields; a cycle, since a link leads to a larger index.
 */
#include "spool/writer.h"

#include <string.h>

#include "spool/section.h"

#define HASH_BITS 2u			/* NP_SPOOL_FANOUT, as a power of two */
#define LEVELS_MAX 64u			/* 32 have bits of the hash; more children of one hash are no
					 * program's, and whatever the file holds, the search ends */

_Static_assert(NP_SPOOL_FANOUT == 1u << HASH_BITS, "a link for each value of the bits");

static uint64_t hash_of(uint64_t key, uint64_t pc)
{
	uint64_t h = pc * 0x9e3779b97f4a7c15ull ^ (key >> 32) * 0xc2b2ae3d27d4eb4full;

	h ^= h >> 29;
	h *= 0xbf58476d1ce4e5b9ull;
	return h ^ h >> 32;
}

/* Returns 0 with *RET_LINK = NULL where there is no place for one more. */
NP_HOT uint32_t np_spool_find(const struct np_spool *spool, uint32_t parent, uint64_t key,
			      uint64_t pc, uint32_t **ret_link)
{
	uint32_t *link = &spool->nodes[parent].child;
	uint32_t node = np_load_acquire(link);
	uint64_t hash;

	*ret_link = link;
	if (node == 0)			/* a frame's first callee */
		return 0;
	hash = hash_of(key, pc);
	for (uint32_t level = 0; level < LEVELS_MAX && node > parent && node < spool->nodes_max;
	     level++) {
		if (np_spool_is(&spool->nodes[node], key, pc))
			return node;
		link = &spool->nodes[node].sibling[hash & (NP_SPOOL_FANOUT - 1)];
		hash >>= HASH_BITS;
		*ret_link = link;
		node = np_load_acquire(link);
		if (node == 0)
			return 0;
	}
	*ret_link = NULL;
	return 0;
}

uint32_t np_spool_reserve(struct np_spool *spool, uint32_t *count)
{
	uint64_t wanted = *count, first;

	first = np_section_take(spool, &spool->head->nodes, sizeof(struct np_spool_node), &wanted, 1);
	if (first == UINT64_MAX)
		return 0;
	*count = (uint32_t)wanted;
	return (uint32_t)first;
}

uint32_t np_spool_child(struct np_spool *spool, uint32_t parent, uint16_t module, uint64_t pc,
			enum np_node_kind kind)
{
	uint64_t key = np_spool_key(parent, module, (uint8_t)kind);
	uint32_t made = 0, one = 1, found, *link;

	for (;;) {
		found = np_spool_find(spool, parent, key, pc, &link);
		if (found)
			return found;
		if (!link)
			return NP_SPOOL_NODE_NONE;
		if (!made) {
			made = np_spool_reserve(spool, &one);
			if (!made)
				return NP_SPOOL_NODE_NONE;
			np_spool_fill(spool, made, key, pc, 0);
		}
		if (np_spool_link(link, made))
			return made;
	}
}

/* The owner's counts need no atomic addition: nobody else changes them. */
static void add(uint64_t *to, uint64_t count, bool shared)
{
	if (shared)
		np_add_relaxed(to, count);
	else
		np_store_relaxed(to, np_load_relaxed(to) + count);
}

NP_HOT void np_spool_commit(struct np_spool *spool, uint32_t thread, uint32_t node,
			    uint32_t resumed, uint64_t periods)
{
	struct np_spool_node *at = &spool->nodes[node];
	struct np_spool_thread *self = &spool->threads[thread];
	bool shared = thread == 0 || node == NP_SPOOL_NODE_ROOT;

	add(&spool->nodes[resumed].resumed, 1, shared);
	add(&at->periods, periods, shared);
	if (shared)
		__atomic_fetch_add(&at->samples, 1, __ATOMIC_RELEASE);
	else				/* release: a reader that sees the sample sees `resumed` */
		np_store_release(&at->samples, np_load_relaxed(&at->samples) + 1);
	add(&self->periods, periods, thread == 0);
	add(&self->samples, 1, thread == 0);
}

void np_spool_count(struct np_spool *spool, enum np_counter counter, uint64_t add)
{
	np_add_relaxed(&spool->head->counters[counter], add);
}

static uint64_t take_one(struct np_spool *spool, struct np_spool_section *section,
			 uint64_t entry_bytes)
{
	uint64_t one = 1;

	return np_section_take(spool, section, entry_bytes, &one, 1);
}

/* Returns the offset in the strings; 0 = "" when they are full. */
static uint32_t string_add(struct np_spool *spool, const char *text)
{
	struct np_spool_section *strings = &spool->head->strings;
	uint64_t bytes = strlen(text) + 1, count = bytes, offset;

	if (bytes == 1)
		return 0;
	offset = np_section_take(spool, strings, 1, &count, bytes);
	if (offset == UINT64_MAX)
		return 0;
	memcpy(spool->base + strings->offset + offset, text, bytes);
	return (uint32_t)offset;
}

uint16_t np_spool_module_add(struct np_spool *spool, const struct np_spool_module *module,
			     const char *path)
{
	struct np_spool_section *modules = &spool->head->modules;
	uint64_t index = take_one(spool, modules, sizeof(*module));
	struct np_spool_module *entry;

	if (index == UINT64_MAX) {
		np_spool_count(spool, NP_COUNT_MODULES_LOST, 1);
		return 0;
	}
	entry = (struct np_spool_module *)(spool->base + modules->offset) + index;
	*entry = *module;
	entry->ready = 0;
	entry->path = string_add(spool, path);
	np_store_release(&entry->ready, 1);
	return (uint16_t)index;
}

uint32_t np_spool_thread_add(struct np_spool *spool, uint32_t tid, const char name[16])
{
	struct np_spool_section *threads = &spool->head->threads;
	uint64_t index = take_one(spool, threads, sizeof(struct np_spool_thread));
	struct np_spool_thread *entry;

	if (index == UINT64_MAX) {
		np_spool_count(spool, NP_COUNT_THREADS_SHARED, 1);
		return 0;
	}
	entry = &spool->threads[index];
	entry->tid = tid;
	memcpy(entry->name, name, sizeof(entry->name));
	entry->name[sizeof(entry->name) - 1] = '\0';
	np_store_release(&entry->ready, 1);
	return (uint32_t)index;
}
