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

#include <stddef.h>
#include <stdint.h>

#include "spool/layout.h"

struct np_spool {			/* lives in the writer's own memory, one per process image */
	uint8_t *base;			/* the mapping; NULL = none */
	struct np_spool_header *head;	/* = base */
	uint64_t bytes;			/* of the mapping */
	char path[600];
};

/* Create PATH exclusively, size it sparsely for BYTES_MAX and map it.  The header's tables are
 * laid out and node 0 exists; the caller fills in the identity fields and then calls
 * np_spool_publish().  Returns 0 or -errno; on failure nothing is left behind.
 * Context: handler or host.  About ten system calls. */
int np_spool_create(struct np_spool *spool, const char *path, uint64_t bytes_max);

/* Let readers in: stores `state` = LIVE. */
void np_spool_publish(struct np_spool *spool);

/* Unmap without touching the file (a fork child leaving its parent's spool). */
void np_spool_forget(struct np_spool *spool);

/* Find or add the child of PARENT for (module, pc, kind).  Returns its index, or UINT32_MAX when
 * the table is full: count on PARENT instead. */
uint32_t np_spool_child(struct np_spool *spool, uint32_t parent, uint16_t module, uint64_t pc,
			enum np_node_kind kind);

/* Commit one sample of PERIODS on NODE, counting it in the header too. */
void np_spool_commit(struct np_spool *spool, uint32_t node, uint64_t periods);

/* Count COUNT more activations of NODE. */
void np_spool_add_calls(struct np_spool *spool, uint32_t node, uint64_t count);

void np_spool_count(struct np_spool *spool, enum np_counter counter, uint64_t add);

/* A new module entry; PATH is copied.  Returns its index, 0 when the table is full (counted). */
uint16_t np_spool_module_add(struct np_spool *spool, const struct np_spool_module *module,
			     const char *path);

/* A new thread entry; returns its index, 0 (the shared entry) when the table is full (counted). */
uint32_t np_spool_thread_add(struct np_spool *spool, uint32_t tid, const char name[16]);

#endif
