/* SPDX-License-Identifier: MIT
 *
 * colour.c - function to colour class.  Context: tools.
 */
#include "colour.h"

enum np_colour np_colour_of(const struct np_function *function)
{
	switch (function->kind) {
	case NP_KIND_KERNEL:
		return NP_COLOUR_KERNEL;
	case NP_KIND_JIT:
		return NP_COLOUR_JIT;
	case NP_KIND_PROCESS:
	case NP_KIND_THREAD:
		return NP_COLOUR_THREAD;
	case NP_KIND_MARKER:
		return NP_COLOUR_MARKER;
	default:
		break;
	}
	if (function->inlined)
		return NP_COLOUR_INLINED;
	return function->kind == NP_KIND_OWN	   ? NP_COLOUR_OWN
	       : function->kind == NP_KIND_LIBRARY ? NP_COLOUR_LIBRARY
	       : function->kind == NP_KIND_RUNTIME ? NP_COLOUR_RUNTIME
						   : NP_COLOUR_UNKNOWN;
}

static const struct {
	const char *class, *label;
} colours[NP_COLOUR_MAX] = {
	[NP_COLOUR_OWN] = { "ko", "own code" },
	[NP_COLOUR_INLINED] = { "ki", "inlined" },
	[NP_COLOUR_LIBRARY] = { "kl", "libraries" },
	[NP_COLOUR_RUNTIME] = { "kr", "runtime (libc \xe2\x80\xa6)" },
	[NP_COLOUR_KERNEL] = { "kk", "kernel" },
	[NP_COLOUR_JIT] = { "kj", "JIT" },
	[NP_COLOUR_UNKNOWN] = { "ku", "unknown" },
	[NP_COLOUR_THREAD] = { "kt", "process, thread" },
	[NP_COLOUR_MARKER] = { "km", "not profiled" },
};

const char *np_colour_class(enum np_colour colour)
{
	return colours[colour].class;
}

const char *np_colour_label(enum np_colour colour)
{
	return colours[colour].label;
}

bool np_colour_is_known(const struct np_tree *tree)
{
	uint32_t count = np_tree_function_count(tree);

	for (uint32_t i = 1; i < count; i++) {
		enum np_colour colour = np_colour_of(np_tree_function_at(tree, i));

		if (colour != NP_COLOUR_UNKNOWN && colour != NP_COLOUR_MARKER)
			return true;
	}
	return false;
}

/* FNV-1a with a last mix, because only a few low bits are used. */
uint32_t np_colour_hash(const char *text)
{
	uint32_t hash = 2166136261u;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619u;
	hash ^= hash >> 15;
	hash *= 0x2c1b3c6du;
	return hash ^ hash >> 13;
}
