/* SPDX-License-Identifier: MIT
 *
 * writer.h - creates a spool and adds to it, from any thread, inside SIGPROF.
 *
 * Context: signal handler and host.  Nothing here locks, allocates from the heap, calls into libc
 * beyond memcpy, or keeps a descriptor: system calls are made directly (base/syscalls.h).
 * Lock-free: any number of threads write at once; a reader in another process sees whole entries.
 */
#ifndef NP_SPOOL_WRITER_H
#define NP_SPOOL_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"
#include "spool/layout.h"

/* A tick finds the caches cold: what it costs is the lines of code that it runs through.  So what
 * every tick runs lies together, and what few of them need lies elsewhere. */
#define NP_HOT	__attribute__((hot))
#define NP_RARE __attribute__((cold, noinline))

struct np_spool {			/* lives in the writer's own memory, one per process image */
	uint8_t *base;			/* the mapping; NULL = none */
	struct np_spool_header *head;	/* = base */
	struct np_spool_node *nodes;	/* in the mapping; nodes_max fit, np_spool_nodes_ready() may
					 * be touched */
	struct np_spool_thread *threads;
	uint32_t nodes_max;
	uint64_t bytes;			/* of the mapping */
	char path[600];
};

/* Create PATH exclusively, size it sparsely for BYTES_MAX and map it.  The header's tables are
 * laid out and entry 0 of each exists; the caller fills in the identity fields and then calls
 * np_spool_publish().  Returns 0 or -errno; on failure nothing is left behind.
 * Context: handler or host.  About fifteen system calls. */
int np_spool_create(struct np_spool *spool, const char *path, uint64_t bytes_max);

/* Let readers in: stores `state` = LIVE. */
void np_spool_publish(struct np_spool *spool);

/* Unmap without touching the file (a fork child leaving its parent's spool). */
void np_spool_forget(struct np_spool *spool);

/* Find or add the child of PARENT for (module, pc, kind).  Returns its index, or
 * NP_SPOOL_NODE_NONE when the table is full: count on PARENT instead. */
uint32_t np_spool_child(struct np_spool *spool, uint32_t parent, uint16_t module, uint64_t pc,
			enum np_node_kind kind);

/*
 * The same in parts, for whole paths.  A path that is made at once lies in consecutive nodes, so
 * that the child of node n is mostly n + 1 and np_spool_is() confirms it without a look-up.
 *
 *   np_spool_find()	 index of PARENT's child, or 0; *RET_LINK is where to put a new one then
 *   np_spool_reserve()	 up to *COUNT consecutive nodes that nobody else has; 0 = table full
 *   np_spool_fill()	 one of them, with CHILD, the one after it, as its first child (0 = none)
 *   np_spool_link()	 makes the first of them, and so all, found from LINK; false = another
 *			 thread put one there meanwhile: find again, and leave those reserved
 */
uint32_t np_spool_find(const struct np_spool *spool, uint32_t parent, uint64_t key, uint64_t pc,
		       uint32_t **ret_link);
uint32_t np_spool_reserve(struct np_spool *spool, uint32_t *count);

/* How many nodes may be touched. */
static inline uint32_t np_spool_nodes_ready(const struct np_spool *spool)
{
	return (uint32_t)(np_load_acquire(&spool->head->nodes.ready) / sizeof(struct np_spool_node));
}

static inline bool np_spool_is(const struct np_spool_node *node, uint64_t key, uint64_t pc)
{
	/* Acquire pairs with np_spool_fill(): with the key its pc is there. */
	return np_load_acquire(&node->key) == key && np_load_relaxed(&node->pc) == pc;
}

static inline void np_spool_fill(struct np_spool *spool, uint32_t node, uint64_t key, uint64_t pc,
				 uint32_t child)
{
	struct np_spool_node *at = &spool->nodes[node];

	np_store_relaxed(&at->pc, pc);
	np_store_relaxed(&at->child, child);
	np_store_release(&at->key, key);	/* `ready` is in it */
}

static inline bool np_spool_link(uint32_t *link, uint32_t node)
{
	uint32_t none = 0;

	return np_cas_acq_rel(link, &none, node);
}

/* Commit one sample of PERIODS on NODE.  THREAD is the calling thread's entry.  RESUMED is the
 * innermost of its frames that is not a new activation: NODE itself when none is, or when it is
 * not known; the frames between the two have one call more. */
void np_spool_commit(struct np_spool *spool, uint32_t thread, uint32_t node, uint32_t resumed,
		     uint64_t periods);

void np_spool_count(struct np_spool *spool, enum np_counter counter, uint64_t add);

/* A new module entry; PATH is copied.  Returns its index, 0 when the table is full (counted). */
uint16_t np_spool_module_add(struct np_spool *spool, const struct np_spool_module *module,
			     const char *path);

/* A new thread entry; returns its index, 0 (the shared entry) when the table is full (counted). */
uint32_t np_spool_thread_add(struct np_spool *spool, uint32_t tid, const char name[16]);

#endif
