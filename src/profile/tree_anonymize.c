/* SPDX-License-Identifier: MIT
 *
 * tree_anonymize.c - the same tree without its words: names become keyed hashes.
 *
 * Context: tools.  The same word under the same key is the same hash everywhere, so that profiles can
 * be compared still; shape, values and kinds stay.  The hash is SipHash-2-4, after its description by
 * Aumasson and Bernstein (2012): without the key nobody can try likely names.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "profile/tree_internal.h"

struct sip {
	uint64_t v[4];
};

static uint64_t rotate(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static void sip_rounds(struct sip *sip, unsigned count)
{
	uint64_t *v = sip->v;

	for (; count > 0; count--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

static void sip_word(struct sip *sip, uint64_t word)
{
	sip->v[3] ^= word;
	sip_rounds(sip, 2);
	sip->v[0] ^= word;
}

uint64_t np_tree_siphash(const uint64_t key[2], const char *bytes, size_t length)
{
	struct sip sip = { { 0x736f6d6570736575u ^ key[0], 0x646f72616e646f6du ^ key[1],
			     0x6c7967656e657261u ^ key[0], 0x7465646279746573u ^ key[1] } };
	size_t whole = length & ~(size_t)7;

	for (size_t i = 0; i < whole; i += 8)
		sip_word(&sip, np_hash_load(bytes + i, 8));
	sip_word(&sip, (uint64_t)length << 56 | np_hash_load(bytes + whole, length - whole));
	sip.v[2] ^= 0xff;
	sip_rounds(&sip, 4);
	return sip.v[0] ^ sip.v[1] ^ sip.v[2] ^ sip.v[3];
}

struct hider {
	uint64_t key[2];
	struct np_tree *to;
	const struct np_tree *from;
};

static size_t write_alias(char *to, char letter, const uint64_t key[2], const char *word, size_t length)
{
	return (size_t)snprintf(to, NP_TREE_ALIAS_ROOM, "%c%016" PRIx64, letter,
				np_tree_siphash(key, word, length));
}

/* LETTER tells functions, modules and files apart. */
static uint32_t hide(const struct hider *hider, uint32_t id, char letter)
{
	const struct np_intern_entry *word = &hider->from->strings.entries[id];
	char text[NP_TREE_ALIAS_ROOM];

	if (word->length == 0)
		return 0;
	return np_tree_intern(hider->to, text, write_alias(text, letter, hider->key, word->bytes,
							   word->length));
}

static uint32_t hide_function(const struct hider *hider, const struct np_function *function)
{
	struct np_function hidden = *function;
	const struct np_intern_entry *name = &hider->from->strings.entries[function->name];

	if (function->kind == NP_KIND_MARKER)	/* our own words */
		hidden.name = np_tree_intern(hider->to, name->bytes, name->length);
	else
		hidden.name = hide(hider, function->name, function->kind == NP_KIND_PROCESS  ? 'p'
							  : function->kind == NP_KIND_THREAD ? 't' : 'f');
	hidden.module = hide(hider, function->module, 'm');
	hidden.file = hide(hider, function->file, 's');
	return np_tree_function(hider->to, &hidden);
}

/* What our folder says about a profile's quality; everything else may hold words of the program. */
static bool is_harmless(const char *comment)
{
	static const char *const starts[] = { "samples: ", "complete stacks: ", "stacks cut: ",
		"unresolved: ", "count: ", "missing: ", "damaged: ", "overhead: ", "unwinder: ",
		"merged: ", "health: " };

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (strncmp(comment, starts[i], strlen(starts[i])) == 0)
			return !strpbrk(comment, "/'\"");
	return false;
}

static void copy_meta(const struct hider *hider)
{
	const struct np_tree_meta *meta = &hider->from->meta;
	struct np_tree *to = hider->to;

	to->meta = *meta;
	to->meta.command = NULL;
	to->meta.value_type = np_tree_string(to, np_tree_intern(to, meta->value_type,
								strlen(meta->value_type)));
	to->meta.value_unit = np_tree_string(to, np_tree_intern(to, meta->value_unit,
								strlen(meta->value_unit)));
	for (size_t i = 0; i < np_tree_comment_count(hider->from); i++)
		if (is_harmless(np_tree_comment(hider->from, i)))
			np_tree_add_comment(to, np_tree_comment(hider->from, i));
}

static void make_key(uint64_t to[2], const char *text)
{
	static const uint64_t ours[2] = { 0x6e6575726f70726fu, 0x66616e6f6e796d31u };

	to[1] = 0;
	to[0] = np_tree_siphash(ours, text, strlen(text));
	to[1] = np_tree_siphash(to, text, strlen(text));
}

void np_tree_alias(char *to, char letter, const char *word, const char *key)
{
	uint64_t made[2];

	make_key(made, key);
	*to = '\0';
	if (*word)
		write_alias(to, letter, made, word, strlen(word));
}

struct np_tree *np_tree_anonymize(const struct np_tree *from, const char *key)
{
	struct np_tree *to = np_tree_create();
	struct hider hider = { .to = to, .from = from };
	uint32_t *functions = np_xcalloc(from->function_count, sizeof(*functions));
	uint32_t *nodes = np_xcalloc(from->node_count, sizeof(*nodes));

	make_key(hider.key, key);
	copy_meta(&hider);
	for (uint32_t i = 1; i < from->function_count; i++)
		functions[i] = hide_function(&hider, &from->functions[i]);
	for (uint32_t i = 0; i < from->node_count; i++) {
		const struct np_node *node = &from->nodes[i];

		if (i > 0)
			nodes[i] = (from->in_order ? np_tree_append : np_tree_child)(
				to, nodes[node->parent], functions[node->function]);
		np_tree_add(to, nodes[i], node->self, np_tree_self_samples(from, i), np_tree_calls(from, i));
	}
	free(functions);
	free(nodes);
	np_tree_finish(to);
	np_tree_sort(to);
	return to;
}
