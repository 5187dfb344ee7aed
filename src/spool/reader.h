/* SPDX-License-Identifier: MIT
 *
 * reader.h - a checked, read-only view of a spool file.
 *
 * Context: tools.  The file is untrusted and may be written by a live process while we look:
 * np_spool_open() copies the header and the tables as they are then, clamped to the file's real size,
 * and the accessors check what they hand out.  So what was checked stays as it was, and of a live
 * process all is of one moment (but for the cells of metrics, which are counts).
 * Fuzzed by tests/fuzz/fuzz_spool.c.
 */
#ifndef NP_SPOOL_READER_H
#define NP_SPOOL_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spool/layout.h"

struct np_spool_reader;		/* opaque */

/* Open PATH.  Returns 0 and a reader to be closed with np_spool_close(), or
 *   -EBADMSG  not a spool, another version, or damaged beyond use; MESSAGE says what and where,
 *   -ENODATA  a spool whose header was never completed (nothing to save),
 *   -errno    from open/fstat/mmap.
 * MESSAGE (may be NULL) receives one line without the path, cut to MESSAGE_BYTES. */
int np_spool_open(const char *path, struct np_spool_reader **ret_reader, char *message,
		  size_t message_bytes);

/* Only its header, whatever the size of the rest: the tables are empty, the threads' sums are 0. */
int np_spool_open_head(const char *path, struct np_spool_reader **ret_reader);

/* All of it, from bytes in memory, which must stay valid until np_spool_close(). */
int np_spool_open_memory(const void *bytes, size_t size, struct np_spool_reader **ret_reader,
			 char *message, size_t message_bytes);

void np_spool_close(struct np_spool_reader *reader);	/* NULL is fine */

/* The header as it was when opened: strings are terminated, counts are clamped to what fits, and
 * NP_COUNT_SAMPLES and NP_COUNT_PERIODS are the threads' sums. */
const struct np_spool_header *np_spool_head(const struct np_spool_reader *reader);

/* Tables: *_count() is an upper bound for the index; an entry that was never completed, or that
 * points outside the file, is NULL: skip it.  Entries stay valid until np_spool_close(). */
uint32_t np_spool_node_count(const struct np_spool_reader *reader);
const struct np_spool_node *np_spool_node(const struct np_spool_reader *reader, uint32_t index);
uint32_t np_spool_module_count(const struct np_spool_reader *reader);
const struct np_spool_module *np_spool_module(const struct np_spool_reader *reader, uint32_t index);
uint32_t np_spool_thread_count(const struct np_spool_reader *reader);
const struct np_spool_thread *np_spool_thread(const struct np_spool_reader *reader, uint32_t index);

/* For each node a lower bound of how often its frame was called; RET_CALLS has room for
 * np_spool_node_count().  0 where nothing is known. */
void np_spool_calls(const struct np_spool_reader *reader, uint64_t *ret_calls);

/* A module's path: "" when unknown or damaged; always terminated. */
const char *np_spool_module_path(const struct np_spool_reader *reader,
				 const struct np_spool_module *module);

/* How many entries were unreadable so far (bad index, bad parent, unterminated string):
 * 0 for a file that a healthy or killed writer left behind. */
uint64_t np_spool_damaged(const struct np_spool_reader *reader);

/* Is the process that wrote it still running (same pid and start time)? */
bool np_spool_owner_alive(const struct np_spool_reader *reader);

#endif
