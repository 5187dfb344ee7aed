/* SPDX-License-Identifier: MIT
 *
 * export_pprof.c - a call tree as a pprof file.
 *
 * Context: tools.  Inlined frames and the function that they were inlined into are one location,
 * as pprof wants it.  A tree has no addresses: locations have address 0 and are told apart by
 * their functions.  Whose code a function is travels in its mapping (kind.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "profile/export_common.h"
#include "profile/intern.h"
#include "profile/pprof_write.h"

#define INLINED_MAX 256u	/* frames of one location; deeper chains are cut into several */
#define COMMENTS_MAX 200u

struct writing {
	struct np_tree *tree;
	struct np_pprof *pprof;
	uint64_t *mappings;		/* for each string of the tree; 0 = none yet */
	uint64_t kernel, jit;		/* mappings of functions in no object */
	struct np_intern chains;	/* functions of a location -> place in LOCATIONS */
	uint64_t *locations;
	size_t location_room;
	uint64_t *ids;			/* of the sample at hand, leaf first */
	size_t id_room;
	bool samples_column, calls_column;
};

static uint64_t mapping_named(struct writing *writing, const char *file)
{
	return np_pprof_mapping(writing->pprof, 0, 0, 0, file, "");
}

/* The program is the first mapping: to readers the first one is own code. */
static void add_program(struct writing *writing)
{
	const char *command = np_tree_meta(writing->tree)->command;
	const char *slash = command ? strrchr(command, '/') : NULL;

	for (uint32_t i = 0; i < np_tree_function_count(writing->tree); i++) {
		const struct np_function *function = np_tree_function_at(writing->tree, i);

		if (function->kind == NP_KIND_OWN && function->module) {
			const char *module = np_tree_string(writing->tree, function->module);
			bool is_command = slash && strcmp(slash + 1, module) == 0;

			writing->mappings[function->module] =
				mapping_named(writing, is_command ? command : module);
			return;
		}
	}
	mapping_named(writing, command ? command : "");
}

static uint64_t mapping_of(struct writing *writing, const struct np_function *function)
{
	if (function->kind >= NP_KIND_PROCESS)
		return 0;
	if (function->module) {
		uint64_t *mapping = &writing->mappings[function->module];

		if (*mapping == 0)
			*mapping = mapping_named(writing, np_tree_string(writing->tree,
									 function->module));
		return *mapping;
	}
	if (function->kind == NP_KIND_KERNEL && writing->kernel == 0)
		writing->kernel = mapping_named(writing, "[kernel.kallsyms]");
	if (function->kind == NP_KIND_JIT && writing->jit == 0)
		writing->jit = mapping_named(writing, "//anon");
	return function->kind == NP_KIND_KERNEL ? writing->kernel
	     : function->kind == NP_KIND_JIT ? writing->jit : 0;
}

/* The system name is empty, or says what a root frame stands for.  Were it the name itself, pprof
 * would take that for mangled and cut its parameters off. */
static uint64_t function_id(struct writing *writing, uint32_t index)
{
	const struct np_tree *tree = writing->tree;
	const struct np_function *function = np_tree_function_at(tree, index);
	const char *name = np_export_name(tree, index);
	char *system = function->kind == NP_KIND_PROCESS ? np_xasprintf("process:%s", name)
		     : function->kind == NP_KIND_THREAD ? np_xasprintf("thread:%s", name)
		     : np_xstrdup("");
	uint64_t id = np_pprof_function(writing->pprof, name, system,
					np_tree_string(tree, function->file), function->line);

	free(system);
	return id;
}

/* The location of the COUNT functions of CHAIN, the innermost first. */
static uint64_t location_of(struct writing *writing, const uint32_t *chain, uint32_t count)
{
	struct np_pprof_line lines[INLINED_MAX];
	int is_new;
	uint32_t place = np_intern_get(&writing->chains, (const char *)chain,
				       count * sizeof(*chain), &is_new);
	uint64_t mapping;

	if (!is_new)
		return writing->locations[place];
	if (place >= writing->location_room) {
		writing->location_room = writing->location_room ? writing->location_room * 2 : 256;
		writing->locations = np_xrealloc(writing->locations, writing->location_room,
						 sizeof(*writing->locations));
	}
	mapping = mapping_of(writing, np_tree_function_at(writing->tree, chain[count - 1]));
	for (uint32_t i = 0; i < count; i++)
		lines[i] = (struct np_pprof_line){ .function = function_id(writing, chain[i]) };
	writing->locations[place] = np_pprof_location(writing->pprof, mapping, 0, lines, count);
	return writing->locations[place];
}

static void push_id(struct writing *writing, size_t count, uint64_t id)
{
	if (count == writing->id_room) {
		writing->id_room = writing->id_room ? writing->id_room * 2 : 256;
		writing->ids = np_xrealloc(writing->ids, writing->id_room, sizeof(*writing->ids));
	}
	writing->ids[count] = id;
}

static void add_sample(struct writing *writing, uint32_t index)
{
	const struct np_node *node = np_tree_node(writing->tree, index);
	uint32_t chain[INLINED_MAX], count = 0;
	size_t id_count = 0, value_count = 0;
	int64_t values[3];

	for (uint32_t at = index; at; at = np_tree_node(writing->tree, at)->parent) {
		const struct np_function *function = np_export_function(writing->tree, at);
		uint32_t above = np_tree_node(writing->tree, at)->parent;

		chain[count++] = np_tree_node(writing->tree, at)->function;
		/* Nothing is inlined into the frame of a process. */
		if (function->inlined && count < INLINED_MAX && above &&
		    np_export_function(writing->tree, above)->kind < NP_KIND_PROCESS)
			continue;
		push_id(writing, id_count++, location_of(writing, chain, count));
		count = 0;
	}
	if (writing->samples_column)
		values[value_count++] = (int64_t)np_tree_self_samples(writing->tree, index);
	if (writing->calls_column)
		values[value_count++] = (int64_t)np_tree_calls(writing->tree, index);
	values[value_count++] = (int64_t)node->self;
	np_pprof_sample(writing->pprof, writing->ids, id_count, values, NULL, 0);
}

/* Fractions have no place in the format: the unit becomes the fraction. */
static char *unit_of(const struct np_tree_meta *meta)
{
	uint64_t scale = 1;

	for (unsigned i = 0; i < meta->decimals; i++)
		scale *= 10;
	return scale == 1 ? np_xstrdup(meta->value_unit)
			  : np_xasprintf("%s/%llu", meta->value_unit, (unsigned long long)scale);
}

/* Thousands of profiles that were summed say the same thousands of times: each once, and only as
 * many as somebody may read. */
static void add_comments(struct writing *writing)
{
	size_t count = np_tree_comment_count(writing->tree), written = 0;
	struct np_intern seen;
	char text[64];

	np_intern_init(&seen);
	for (size_t i = 0; i < count; i++) {
		const char *comment = np_tree_comment(writing->tree, i);
		int is_new;

		np_intern_get(&seen, comment, strlen(comment), &is_new);
		/* The last one is the caller's own. */
		if (is_new && (written < COMMENTS_MAX || i + 1 == count)) {
			np_pprof_comment(writing->pprof, comment);
			written++;
		}
	}
	if (seen.count > written) {
		snprintf(text, sizeof(text), "comments left out: %zu", seen.count - written);
		np_pprof_comment(writing->pprof, text);
	}
	np_intern_finish(&seen);
}

static void add_head(struct writing *writing)
{
	const struct np_tree_meta *meta = np_tree_meta(writing->tree);
	char *unit = unit_of(meta);
	bool is_samples = strcmp(meta->value_type, "samples") == 0 && strcmp(unit, "count") == 0;

	writing->samples_column = meta->samples_known && !is_samples;
	writing->calls_column = meta->calls != NP_CALLS_UNKNOWN;
	if (writing->samples_column)
		np_pprof_sample_type(writing->pprof, "samples", "count");
	if (writing->calls_column)
		np_pprof_sample_type(writing->pprof, "calls", "count");
	np_pprof_sample_type(writing->pprof, meta->value_type, unit);
	if (meta->period && meta->period <= INT64_MAX && meta->decimals == 0)
		np_pprof_period(writing->pprof, meta->value_type, unit, (int64_t)meta->period);
	np_pprof_times(writing->pprof, 0,
		       meta->duration_ns <= INT64_MAX ? (int64_t)meta->duration_ns : 0);
	add_comments(writing);
	free(unit);
}

/* pprof's numbers are signed. */
static bool fits(const struct np_tree *tree)
{
	uint64_t calls = 0;

	for (uint32_t i = 0; i < np_tree_node_count(tree); i++)
		if (__builtin_add_overflow(calls, np_tree_calls(tree, i), &calls))
			return false;
	return calls <= INT64_MAX && np_tree_node(tree, 0)->total <= INT64_MAX &&
	       np_tree_total_samples(tree, 0) <= INT64_MAX;
}

int np_export_pprof(struct np_export *export)
{
	struct np_export_walk walk = { .tree = export->tree };
	struct writing writing = { .tree = export->tree };
	int rc;

	if (!fits(export->tree)) {
		snprintf(export->message, sizeof(export->message),
			 "the values pass 63 bits, which is all that pprof has; write folded stacks");
		return -EOVERFLOW;
	}
	writing.pprof = np_pprof_create();
	writing.mappings = np_xcalloc(np_tree_string_count(export->tree), sizeof(uint64_t));
	np_intern_init(&writing.chains);
	add_head(&writing);
	add_program(&writing);
	while (np_export_next(&walk)) {
		const struct np_node *node = np_tree_node(export->tree, walk.node);

		if (!walk.leaving && (node->self || np_tree_self_samples(export->tree, walk.node) ||
				      (writing.calls_column &&
				       np_tree_calls(export->tree, walk.node))))
			add_sample(&writing, walk.node);
	}
	rc = fflush(export->to) == 0 ? np_pprof_write(writing.pprof, fileno(export->to)) : -errno;
	np_pprof_destroy(writing.pprof);
	np_intern_finish(&writing.chains);
	free(writing.mappings);
	free(writing.locations);
	free(writing.ids);
	return rc;
}
