/* SPDX-License-Identifier: MIT
 *
 * arena.c - blocks of memory.  Context: tools.
 */
#include "profile/arena.h"

#include <stdlib.h>
#include <string.h>

#include "base/message.h"

#define BLOCK_BYTES ((size_t)256 * 1024)
#define ALIGN 16u

struct np_arena_block {
	struct np_arena_block *next;
	_Alignas(ALIGN) char bytes[];
};

/* NULL when memory is out or the limit is met. */
static void *take(struct np_arena *arena, size_t bytes)
{
	char *at;

	if (bytes > SIZE_MAX / 2)
		return NULL;
	bytes = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (bytes == 0)
		bytes = ALIGN;
	if (bytes > arena->free_bytes) {
		size_t room = bytes > BLOCK_BYTES / 4 ? bytes : BLOCK_BYTES;
		struct np_arena_block *block;

		if (arena->limit_bytes && room > arena->limit_bytes - arena->taken_bytes)
			return NULL;
		block = calloc(1, sizeof(*block) + room);
		if (!block)
			return NULL;
		block->next = arena->blocks;
		arena->blocks = block;
		arena->taken_bytes += room;
		if (room != BLOCK_BYTES)
			return block->bytes;	/* the shared block stays in use */
		arena->free = block->bytes;
		arena->free_bytes = room;
	}
	at = arena->free;
	arena->free += bytes;
	arena->free_bytes -= bytes;
	return at;
}

static void *allocator_take(void *arena, size_t bytes)
{
	return take(arena, bytes);
}

static void allocator_release(void *arena, void *bytes)
{
}

void np_arena_init(struct np_arena *arena, size_t limit_bytes)
{
	memset(arena, 0, sizeof(*arena));
	arena->limit_bytes = limit_bytes;
	arena->allocator = (ProtobufCAllocator){allocator_take, allocator_release, arena};
}

void np_arena_finish(struct np_arena *arena)
{
	struct np_arena_block *block = arena->blocks;

	while (block) {
		struct np_arena_block *next = block->next;

		free(block);
		block = next;
	}
	memset(arena, 0, sizeof(*arena));
}

void *np_arena_get(struct np_arena *arena, size_t count, size_t size)
{
	size_t bytes;
	void *at = NULL;

	if (!__builtin_mul_overflow(count, size, &bytes))
		at = take(arena, bytes);
	if (!at)
		np_die(NP_EXIT_FAILURE, "out of memory (%zu x %zu bytes)", count, size);
	return at;
}
