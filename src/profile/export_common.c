/* SPDX-License-Identifier: MIT
 *
 * export_common.c - the walk and the texts of the exporters.  Context: tools.
 */
#include "profile/export_common.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "profile/folded_frame.h"
#include "base/utf8.h"

bool np_export_next(struct np_export_walk *walk)
{
	const struct np_node *node = np_tree_node(walk->tree, walk->node);
	uint32_t next = 0;

	if (!walk->started || !walk->leaving)
		next = node->first_child;
	if (next) {
		walk->depth++;
	} else if (walk->started && !walk->leaving) {
		walk->leaving = true;
		return true;
	} else if (walk->started) {
		next = node->next_sibling;
		if (!next) {
			walk->node = node->parent;
			walk->depth--;
			return walk->node != 0;	/* the parent is left now */
		}
	}
	walk->started = true;
	walk->leaving = false;
	walk->node = next;
	return next != 0;
}

void np_export_number(FILE *to, uint64_t value, unsigned decimals)
{
	uint64_t scale = 1;

	for (unsigned i = 0; i < decimals; i++)
		scale *= 10;
	fprintf(to, "%" PRIu64, value / scale);
	if (value % scale == 0)
		return;
	value %= scale;
	while (value % 10 == 0) {
		value /= 10;
		decimals--;
	}
	fprintf(to, ".%0*" PRIu64, (int)decimals, value);
}

void np_export_json_text(FILE *to, const char *text)
{
	size_t length = strlen(text);
	char *clean = np_xcalloc(length * 4 + 1, 1);
	json_t *value;

	np_utf8_clean(clean, text, length);
	value = json_string(clean);
	if (!value)
		np_die(NP_EXIT_FAILURE, "out of memory");
	json_dumpf(value, to, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	json_decref(value);
	free(clean);
}

const char *np_export_kind(enum np_kind kind)
{
	static const char *const names[NP_KIND_MAX] = {
		[NP_KIND_UNKNOWN] = "unknown", [NP_KIND_OWN] = "own",
		[NP_KIND_LIBRARY] = "library", [NP_KIND_RUNTIME] = "runtime",
		[NP_KIND_KERNEL] = "kernel",   [NP_KIND_JIT] = "jit",
		[NP_KIND_PROCESS] = "process", [NP_KIND_THREAD] = "thread",
		[NP_KIND_MARKER] = "marker",
	};

	return names[kind];
}

uint64_t np_export_ns_per_unit(const struct np_tree_meta *meta)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{"nanoseconds", 1}, {"nanosecond", 1}, {"ns", 1},
		{"microseconds", 1000}, {"microsecond", 1000}, {"us", 1000},
		{"milliseconds", 1000000}, {"millisecond", 1000000}, {"ms", 1000000},
		{"seconds", 1000000000}, {"second", 1000000000}, {"s", 1000000000},
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strcmp(meta->value_unit, units[i].name) == 0)
			return units[i].ns;
	return 0;
}

const struct np_function *np_export_function(const struct np_tree *tree, uint32_t node)
{
	return np_tree_function_at(tree, np_tree_node(tree, node)->function);
}

const char *np_export_name(const struct np_tree *tree, uint32_t function)
{
	const char *name = np_tree_string(tree, np_tree_function_at(tree, function)->name);

	return *name ? name : NP_FOLDED_EMPTY;
}
