/* SPDX-License-Identifier: MIT
 *
 * names.c - demangling by libiberty, made safe for hostile names.  Context: tools.
 *
 * A mangled name of some hundred bytes can demangle to gigabytes (each back reference doubles it).
 * The C++ and Rust demanglers write through a callback and keep their state on the stack, so that
 * output past the bound is left by longjmp(); the D demangler builds its text on the heap, so that
 * its input is bounded instead.
 */
#include "symbolize/names.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "base/utf8.h"

#define NAME_BYTES_MAX	  65536u	/* of what we show */
#define MANGLED_BYTES_MAX 16384u	/* longer names are shown as they are */
#define D_BYTES_MAX	  1024u
#define D_BACK_REFS_MAX	  12
#define BLOCK_BYTES	  (256u << 10)

struct block {
	struct block *next;
	size_t used, room;
	char text[];
};

struct kept {
	const char *key;	/* NULL = free */
	const char *name;
};

struct np_names {
	struct block *blocks;
	struct kept *slots;	/* open addressing; a power of two */
	size_t count, room;
	char *scratch;		/* NAME_BYTES_MAX + 1, for clean() */
	char *output;		/* the same, for the demanglers */
};

struct np_names *np_names_create(void)
{
	struct np_names *names = np_xcalloc(1, sizeof(*names));

	names->room = 1024;
	names->slots = np_xcalloc(names->room, sizeof(*names->slots));
	names->scratch = np_xcalloc(NAME_BYTES_MAX + 1, 1);
	names->output = np_xcalloc(NAME_BYTES_MAX + 1, 1);
	return names;
}

void np_names_destroy(struct np_names *names)
{
	if (!names)
		return;
	while (names->blocks) {
		struct block *next = names->blocks->next;

		free(names->blocks);
		names->blocks = next;
	}
	free(names->slots);
	free(names->scratch);
	free(names->output);
	free(names);
}

static const char *store(struct np_names *names, const char *text, size_t length)
{
	struct block *block = names->blocks;
	char *at;

	if (!block || block->room - block->used < length + 1) {
		size_t room = length + 1 > BLOCK_BYTES ? length + 1 : BLOCK_BYTES;

		block = np_xcalloc(1, sizeof(*block) + room);
		block->room = room;
		block->next = names->blocks;
		names->blocks = block;
	}
	at = block->text + block->used;
	memcpy(at, text, length);
	at[length] = '\0';
	block->used += length + 1;
	return at;
}

/* Two kinds of keys share the table: a demangled look-up and a plain one differ in TAG. */
static uint64_t hash(const char *key, char tag)
{
	uint64_t h = 0xcbf29ce484222325ull ^ (unsigned char)tag;

	for (const unsigned char *p = (const unsigned char *)key; *p; p++)
		h = (h ^ *p) * 0x100000001b3ull;
	return h ^ h >> 32;
}

static struct kept *find(struct np_names *names, const char *key, char tag)
{
	size_t mask = names->room - 1;
	size_t i = hash(key, tag) & mask;

	while (names->slots[i].key &&
	       (names->slots[i].key[0] != tag || strcmp(names->slots[i].key + 1, key) != 0))
		i = (i + 1) & mask;
	return &names->slots[i];
}

static void grow(struct np_names *names)
{
	struct kept *old = names->slots;
	size_t room = names->room;

	names->room = room * 2;
	names->slots = np_xcalloc(names->room, sizeof(*old));
	for (size_t i = 0; i < room; i++)
		if (old[i].key)
			*find(names, old[i].key + 1, old[i].key[0]) = old[i];
	free(old);
}

static void remember(struct np_names *names, const char *key, char tag, const char *name)
{
	size_t length = strlen(key);
	char *tagged;
	struct kept *slot;

	if ((names->count + 1) * 2 > names->room)
		grow(names);
	slot = find(names, key, tag);
	tagged = np_xcalloc(length + 2, 1);
	tagged[0] = tag;
	memcpy(tagged + 1, key, length);
	slot->key = store(names, tagged, length + 1);
	slot->name = name;
	names->count++;
	free(tagged);
}

/* Length of the sequence at TEXT that is kept as it is, or 0: no controls, C1 neither. */
static size_t plain_length(const char *text, size_t room)
{
	size_t length = np_utf8_sequence(text, room);
	uint32_t code = length ? np_utf8_decode(text, length) : 0;

	return code < 0x20 || (code >= 0x7f && code < 0xa0) ? 0 : length;
}

/* Write the printable form of TEXT to names->scratch.  Returns its length. */
static size_t clean(struct np_names *names, const char *text, size_t length)
{
	char *to = names->scratch;
	size_t n = 0;

	for (size_t i = 0; i < length && n + 4 <= NAME_BYTES_MAX;) {
		size_t sequence = plain_length(text + i, length - i);

		if (sequence == 0) {
			snprintf(to + n, 5, "\\x%02x", (unsigned char)text[i++]);
			n += 4;
			continue;
		}
		memcpy(to + n, text + i, sequence);
		n += sequence;
		i += sequence;
	}
	to[n] = '\0';
	return n;
}

const char *np_names_keep(struct np_names *names, const char *text)
{
	size_t length = strnlen(text, NAME_BYTES_MAX);
	struct kept *slot;
	const char *name;

	length = clean(names, text, length);
	slot = find(names, names->scratch, '=');
	if (slot->key)
		return slot->name;
	name = store(names, names->scratch, length);
	remember(names, name, '=', name);
	return name;
}

struct output {
	char *text;
	size_t length;
	jmp_buf too_long;
};

static void take(const char *text, size_t length, void *opaque)
{
	struct output *output = opaque;

	if (length > NAME_BYTES_MAX - output->length)
		longjmp(output->too_long, 1);
	memcpy(output->text + output->length, text, length);
	output->length += length;
}

/* Does the C++ or Rust demangler know RAW?  Its text goes to OUTPUT. */
static bool demangle_into(struct output *output, const char *raw)
{
	int options = DMGL_PARAMS | DMGL_ANSI | DMGL_RET_DROP;

	output->length = 0;
	if (setjmp(output->too_long))
		return false;
	/* Old Rust names look like C++ ones: ask for Rust first. */
	if (rust_demangle_callback(raw, DMGL_RUST, take, output))
		return true;
	output->length = 0;
	return strncmp(raw, "_Z", 2) == 0 &&
	       cplus_demangle_v3_callback(raw, options, take, output);
}

static char *demangle_d(const char *raw)
{
	size_t length = strlen(raw), back_refs = 0;

	if (strncmp(raw, "_D", 2) != 0 || length > D_BYTES_MAX)
		return NULL;
	for (const char *p = raw; (p = strchr(p, 'Q')); p++)
		back_refs++;
	return back_refs > D_BACK_REFS_MAX ? NULL : dlang_demangle(raw, DMGL_DLANG);
}

const char *np_names_demangled(struct np_names *names, const char *raw)
{
	struct output output = { .text = names->output };
	struct kept *slot;
	const char *name;
	char *d;

	if (raw[0] != '_' || (raw[1] != 'Z' && raw[1] != 'R' && raw[1] != 'D') ||
	    strlen(raw) > MANGLED_BYTES_MAX)
		return np_names_keep(names, raw);
	slot = find(names, raw, 'd');
	if (slot->key)
		return slot->name;
	d = demangle_d(raw);
	if (d)
		name = np_names_keep(names, d);
	else if (demangle_into(&output, raw) && output.length > 0) {
		output.text[output.length] = '\0';
		name = np_names_keep(names, output.text);
	} else
		name = np_names_keep(names, raw);
	remember(names, raw, 'd', name);
	free(d);
	return name;
}
