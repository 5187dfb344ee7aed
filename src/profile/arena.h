/* SPDX-License-Identifier: MIT
 *
 * arena.h - memory that is given back all at once.
 *
 * Context: tools.  Also an allocator for protobuf-c, with a limit, so that a small hostile file
 * cannot make it take all memory.
 */
#ifndef NP_PROFILE_ARENA_H
#define NP_PROFILE_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

struct np_arena_block;

struct np_arena {
	struct np_arena_block *blocks;	/* the newest first */
	char *free;
	size_t free_bytes;
	size_t taken_bytes;
	size_t limit_bytes;		/* 0 = none */
	ProtobufCAllocator allocator;	/* for protobuf-c; valid while the arena stays in place */
};

void np_arena_init(struct np_arena *arena, size_t limit_bytes);
void np_arena_finish(struct np_arena *arena);

/* Zeroed, aligned for any type.  Exits the tool when memory is out or the limit is met. */
void *np_arena_get(struct np_arena *arena, size_t count, size_t size);

#endif
