/* SPDX-License-Identifier: MIT
 *
 * merge.c - the profiles of a process tree as one, each process a root frame.
 *
 * Context: tools.  Reads back what was written for the parts, so that the sum is of what is there.
 * The merged pprof has functions, objects and kinds, but no addresses: those differ by process.
 */
#include "merge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/message.h"
#include "base/text.h"
#include "fold_about.h"
#include "profile/folded.h"
#include "profile/pprof_write.h"
#include "profile/read.h"
#include "profile/tree.h"

static uint32_t copy_string(struct np_tree *to, const struct np_tree *from, uint32_t id)
{
	const char *text = np_tree_string(from, id);

	return np_tree_intern(to, text, strlen(text));
}

static uint32_t copy_function(struct np_tree *to, const struct np_tree *from, uint32_t id)
{
	struct np_function function = *np_tree_function_at(from, id);

	function.name = copy_string(to, from, function.name);
	function.module = copy_string(to, from, function.module);
	function.file = copy_string(to, from, function.file);
	return np_tree_function(to, &function);
}

static uint32_t process_node(struct np_tree *tree, const struct np_merge_part *part)
{
	char *name = np_xasprintf("%s (pid %u)", np_base_name(part->exe), part->pid);
	struct np_function function = { .kind = NP_KIND_PROCESS };

	function.name = np_tree_intern(tree, name, strlen(name));
	function.module = np_tree_intern(tree, part->exe, strlen(part->exe));
	free(name);
	return np_tree_child(tree, 0, np_tree_function(tree, &function));
}

/* A parent's index is smaller than its children's, so one pass in order is enough. */
static int graft(struct np_tree *to, uint32_t root, const struct np_tree *from)
{
	uint32_t count = np_tree_node_count(from);
	uint32_t *place = np_xcalloc(count, sizeof(*place));
	int r = 0;

	place[0] = root;
	for (uint32_t i = 0; i < count && r == 0; i++) {
		const struct np_node *node = np_tree_node(from, i);

		if (i > 0)
			place[i] = np_tree_child(to, place[node->parent],
						 copy_function(to, from, node->function));
		r = np_tree_add(to, place[i], node->self, np_tree_self_samples(from, i),
				np_tree_calls(from, i));
	}
	free(place);
	return r;
}

static void copy_meta(struct np_tree *to, struct np_tree *from)
{
	struct np_tree_meta *out = np_tree_meta(to), *in = np_tree_meta(from);
	const char *type = in->value_type, *unit = in->value_unit;

	out->value_type = np_tree_string(to, np_tree_intern(to, type, strlen(type)));
	out->value_unit = np_tree_string(to, np_tree_intern(to, unit, strlen(unit)));
	out->period = in->period;
	out->calls = in->calls > out->calls ? in->calls : out->calls;
	out->samples_known = in->samples_known;
	out->duration_ns = in->duration_ns > out->duration_ns ? in->duration_ns : out->duration_ns;
}

static bool has_comment(const struct np_tree *tree, const char *text)
{
	for (size_t i = 0; i < np_tree_comment_count(tree); i++)
		if (strcmp(np_tree_comment(tree, i), text) == 0)
			return true;
	return false;
}

/* How it was measured, once; which processes are in it, each.  The rest is of one process only. */
static void copy_comments(struct np_tree *to, const struct np_tree *from)
{
	static const char *const kept[] = { "process: ", "clock: ", "unwinder: ", "names: " };

	for (size_t i = 0; i < np_tree_comment_count(from); i++) {
		const char *text = np_tree_comment(from, i);

		for (size_t k = 0; k < sizeof(kept) / sizeof(*kept); k++)
			if (strncmp(text, kept[k], strlen(kept[k])) == 0 && !has_comment(to, text))
				np_tree_add_comment(to, text);
	}
}

static int add_part(struct np_tree *to, const struct np_merge_part *part, const char *path)
{
	struct np_read_options options = { .strict = true };
	struct np_read_report report;
	struct np_tree *from = np_tree_create();
	int r = np_read_path(path, &options, from, &report);

	if (r == 0) {
		copy_meta(to, from);
		copy_comments(to, from);
		r = graft(to, process_node(to, part), from);
	}
	if (r < 0)
		np_error("%s: cannot be merged: %s", path, report.message);
	np_tree_destroy(from);
	return r;
}

/* Write through FILL into a temporary file beside PATH, then rename. */
static int write_file(const char *path, int (*fill)(struct np_tree *, int), struct np_tree *tree)
{
	char *temporary = np_xasprintf("%s.XXXXXX", path);
	mode_t mask = umask(0);
	int fd = mkostemp(temporary, O_CLOEXEC);
	int r = fd < 0 ? -errno : 0;

	umask(mask);
	if (r == 0 && fchmod(fd, 0666 & ~mask) < 0)	/* a file system without modes: as it is */
		errno = 0;
	if (r == 0)
		r = fill(tree, fd);
	if (fd >= 0 && close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0) {
		if (fd >= 0)
			unlink(temporary);
		np_error("%s: cannot be written: %s", path, strerror(-r));
	}
	free(temporary);
	return r;
}

static int fill_folded(struct np_tree *tree, int fd)
{
	int copy = dup(fd);
	FILE *to = copy < 0 ? NULL : fdopen(copy, "w");
	int r;

	if (!to)
		return -errno;
	r = np_folded_write(tree, to, true);
	if (fclose(to) != 0 && r == 0)
		r = -errno;
	return r;
}

/* Ids in the pprof file for the tree's functions and objects; 0 = not made yet. */
struct pprof_ids {
	struct np_pprof *pprof;
	const struct np_tree *tree;
	uint64_t *location;	/* by function */
	uint64_t *mapping;	/* by string id of the object's name */
};

static uint64_t location_of(struct pprof_ids *ids, uint32_t id)
{
	const struct np_function *function = np_tree_function_at(ids->tree, id);
	const char *module = np_tree_string(ids->tree, function->module);
	const char *name = np_tree_string(ids->tree, function->name);
	struct np_pprof_line line = { 0 };
	char *system_name = NULL;
	uint64_t mapping = 0;

	if (ids->location[id])
		return ids->location[id];
	if (function->kind == NP_KIND_PROCESS) {
		system_name = np_xasprintf("process:%s", module);
	} else if (*module) {
		mapping = ids->mapping[function->module];
		if (!mapping)
			mapping = np_pprof_mapping(ids->pprof, 0, 0, 0, module, "");
		ids->mapping[function->module] = mapping;
	}
	line.function = np_pprof_function(ids->pprof, name, system_name ? system_name : name,
					  np_tree_string(ids->tree, function->file), function->line);
	ids->location[id] = np_pprof_location(ids->pprof, mapping, id, &line, 1);
	free(system_name);
	return ids->location[id];
}

static void add_sample(struct pprof_ids *ids, uint32_t index, bool with_calls)
{
	const struct np_node *node = np_tree_node(ids->tree, index);
	int64_t values[3] = { (int64_t)np_tree_self_samples(ids->tree, index),
			      (int64_t)np_tree_calls(ids->tree, index), (int64_t)node->self };
	uint64_t *stack = NULL;
	size_t depth = 0;

	if (!with_calls)
		values[1] = values[2];
	for (uint32_t i = index; i != 0; i = np_tree_node(ids->tree, i)->parent) {
		stack = np_xrealloc(stack, depth + 1, sizeof(*stack));
		stack[depth++] = location_of(ids, np_tree_node(ids->tree, i)->function);
	}
	np_pprof_sample(ids->pprof, stack, depth, values, NULL, 0);
	free(stack);
}

static int fill_pprof(struct np_tree *tree, int fd)
{
	struct np_tree_meta *meta = np_tree_meta(tree);
	struct pprof_ids ids = { .pprof = np_pprof_create(), .tree = tree };
	bool with_calls = meta->calls != NP_CALLS_UNKNOWN;
	int r;

	ids.location = np_xcalloc(np_tree_function_count(tree), sizeof(*ids.location));
	ids.mapping = np_xcalloc(np_tree_string_count(tree), sizeof(*ids.mapping));
	np_pprof_sample_type(ids.pprof, "samples", "count");
	if (with_calls)
		np_pprof_sample_type(ids.pprof, "calls", "count");
	np_pprof_sample_type(ids.pprof, meta->value_type, meta->value_unit);
	np_pprof_period(ids.pprof, meta->value_type, meta->value_unit, (int64_t)meta->period);
	np_pprof_times(ids.pprof, 0, (int64_t)meta->duration_ns);
	for (size_t i = 0; i < np_tree_comment_count(tree); i++)
		np_pprof_comment(ids.pprof, np_tree_comment(tree, i));
	for (uint32_t i = 1; i < np_tree_node_count(tree); i++) {
		const struct np_node *node = np_tree_node(tree, i);

		if (node->self || np_tree_self_samples(tree, i) ||
		    (with_calls && np_tree_calls(tree, i)))
			add_sample(&ids, i, with_calls);
	}
	r = np_pprof_write(ids.pprof, fd);
	np_pprof_destroy(ids.pprof);
	free(ids.location);
	free(ids.mapping);
	return r;
}

static int merge_into(const struct np_merge_part *parts, size_t count,
		      const struct np_fold_result *sum, bool folded, char *path)
{
	struct np_tree *tree = np_tree_create();
	char *note = np_xasprintf("a tree of %zu processes, merged from their profiles", count);
	int r = 0;

	np_tree_add_comment(tree, note);
	np_fold_about_sum(tree, sum);
	for (size_t i = 0; i < count && r == 0; i++)
		r = add_part(tree, &parts[i], folded ? parts[i].folded_path : parts[i].pprof_path);
	np_tree_finish(tree);
	np_tree_sort(tree);
	if (r == 0)
		r = write_file(path, folded ? fill_folded : fill_pprof, tree);
	np_tree_destroy(tree);
	free(note);
	return r;
}

int np_merge_tree(const struct np_merge_part *parts, size_t count, const struct np_fold_result *sum,
		  const char *prefix, char **ret_folded, char **ret_pprof)
{
	char *folded = np_xasprintf("%s.folded", prefix), *pprof = np_xasprintf("%s.pb.gz", prefix);
	int r = merge_into(parts, count, sum, true, folded);

	if (r == 0)
		r = merge_into(parts, count, sum, false, pprof);
	if (r < 0) {
		free(folded);
		free(pprof);
		return r;
	}
	*ret_folded = folded;
	*ret_pprof = pprof;
	return 0;
}
