/* SPDX-License-Identifier: MIT
 *
 * intern.c - the string table of a call tree and of its readers.  Context: tools.
 */
#include "profile/intern.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/message.h"

#define SLOTS_AT_START 1024u
#define BLOCK_BYTES_MIN ((size_t)4 * 1024)	/* the first block; six doublings at most */
#define STRINGS_MAX (UINT32_C(1) << 31)

uint64_t np_hash_seed(void)
{
	static uint64_t seed;

	/* Without the system's random bytes the seed is fixed: only the defence is weaker. */
	while (seed == 0)
		if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
			seed = 0x6a09e667f3bcc909u;
	return seed;
}

void np_intern_init(struct np_intern *table)
{
	memset(table, 0, sizeof(*table));
	table->seed = np_hash_seed();
	table->slots = np_xcalloc(SLOTS_AT_START, sizeof(*table->slots));
	table->slot_mask = SLOTS_AT_START - 1;
}

void np_intern_finish(struct np_intern *table)
{
	for (size_t i = 0; i < table->block_count; i++)
		free(table->blocks[i]);
	free(table->blocks);
	free(table->entries);
	free(table->slots);
	memset(table, 0, sizeof(*table));
}

static void grow_slots(struct np_intern *table)
{
	uint32_t mask = table->slot_mask * 2 + 1;
	uint32_t *slots = np_xcalloc((size_t)mask + 1, sizeof(*slots));

	for (uint32_t id = 0; id < table->count; id++) {
		uint32_t at = table->entries[id].hash & mask;

		while (slots[at])
			at = (at + 1) & mask;
		slots[at] = id + 1;
	}
	free(table->slots);
	table->slots = slots;
	table->slot_mask = mask;
}

static char *reserve(struct np_intern *table, size_t bytes)
{
	char *at;

	if (bytes > table->free_bytes) {
		size_t doublings = table->block_count < 6 ? table->block_count : 6;
		size_t usual = BLOCK_BYTES_MIN << doublings;
		size_t room = bytes > usual / 4 ? bytes : usual;
		char *block = np_xrealloc(NULL, room, 1);

		table->blocks = np_xrealloc(table->blocks, table->block_count + 1,
					    sizeof(*table->blocks));
		table->blocks[table->block_count++] = block;
		if (room != usual)
			return block;	/* long strings leave the shared block as it is */
		table->free = block;
		table->free_bytes = room;
	}
	at = table->free;
	table->free += bytes;
	table->free_bytes -= bytes;
	return at;
}

/* As memcmp() == 0, without the call: names are short and nearly always equal here. */
static inline bool same_bytes(const char *a, const char *b, size_t length)
{
	size_t i = 0;

	if (length < 8)
		return np_hash_load(a, length) == np_hash_load(b, length);
	for (; i + 8 < length; i += 8)
		if (np_hash_load(a + i, 8) != np_hash_load(b + i, 8))
			return false;
	return np_hash_load(a + length - 8, 8) == np_hash_load(b + length - 8, 8);
}

uint32_t np_intern_get(struct np_intern *table, const char *bytes, size_t length, int *ret_new)
{
	uint32_t hash = (uint32_t)np_hash_bytes(bytes, length, table->seed);
	uint32_t at = hash & table->slot_mask, id;
	char *copy;

	if (ret_new)
		*ret_new = 0;
	for (; (id = table->slots[at]) != 0; at = (at + 1) & table->slot_mask) {
		const struct np_intern_entry *entry = &table->entries[id - 1];

		if (entry->hash == hash && entry->length == length &&
		    same_bytes(entry->bytes, bytes, length))
			return id - 1;
	}
	if (table->count == STRINGS_MAX || length > UINT32_MAX / 2)
		np_die(NP_EXIT_FAILURE, "too many or too long names (%u, %zu bytes)", table->count,
		       length);
	if (table->count == table->room) {
		table->room = table->room ? table->room * 2 : 256;
		table->entries = np_xrealloc(table->entries, table->room, sizeof(*table->entries));
	}
	copy = reserve(table, length + 1);
	memcpy(copy, bytes, length);
	copy[length] = '\0';
	id = table->count++;
	table->entries[id] = (struct np_intern_entry){copy, (uint32_t)length, hash};
	table->slots[at] = id + 1;
	if (table->count > table->slot_mask / 2)
		grow_slots(table);
	if (ret_new)
		*ret_new = 1;
	return id;
}
