/* SPDX-License-Identifier: MIT
 *
 * fold_write.c - one walk over the sorted tree for each output.  Context: tools.
 */
#include "fold_write.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "fold_about.h"
#include "profile/folded.h"
#include "profile/pprof_write.h"
#include "profile/tree.h"

/* The frames from the root to the node of the walk, by location. */
struct path {
	const struct np_fold_model *model;
	uint32_t root;				/* index into roots */
	uint32_t locations[NP_FOLD_DEPTH_MAX + 4];
	uint32_t depth;
};

/* Enter NODE, which comes after its parent.  Returns whether it has anything of its own. */
static bool enter(struct path *path, uint32_t index)
{
	const struct np_fold_node *node = &path->model->nodes[index];

	path->depth = node->depth;
	if (node->parent == NP_FOLD_NONE)
		path->root = node->location;
	else
		path->locations[node->depth - 1] = node->location;
	return node->samples || node->periods || node->calls;
}

struct counting {
	struct path path;
	struct np_fold_result *result;
	uint64_t unresolved[NP_FOLD_DEPTH_MAX + 4];	/* frames up to each depth */
};

static void count_one(void *context, uint32_t index)
{
	struct counting *counting = context;
	struct path *path = &counting->path;
	const struct np_fold_model *model = path->model;
	const struct np_fold_node *node = &model->nodes[index];
	struct np_fold_result *result = counting->result;
	bool any = enter(path, index);
	const struct np_fold_location *leaf =
		path->depth ? &model->locations[path->locations[path->depth - 1]] : NULL;

	if (leaf)
		counting->unresolved[path->depth] =
			counting->unresolved[path->depth - 1] + !leaf->resolved;
	if (!any || !leaf)
		return;
	result->by_quality[model->roots[path->root].quality] += node->samples;
	result->unresolved_samples += leaf->resolved ? 0 : node->samples;
	result->frames += node->samples * path->depth;
	result->unresolved_frames += node->samples * counting->unresolved[path->depth];
}

void np_fold_count(const struct np_fold_model *model, struct np_fold_result *result)
{
	struct counting *counting = np_xcalloc(1, sizeof(*counting));

	counting->path.model = model;
	counting->result = result;
	np_fold_walk(model, count_one, counting);
	free(counting);
}

struct folding {
	struct path path;
	struct np_tree *tree;
	uint32_t places[NP_FOLD_DEPTH_MAX + 4];	/* node of the tree for each depth */
	int error;
};

static uint32_t function_of(struct np_tree *tree, const struct np_symbol_line *line)
{
	struct np_function function = {
		.name = np_tree_intern(tree, line->name, strlen(line->name)),
		.inlined = line->inlined,
	};

	return np_tree_function(tree, &function);
}

/* A location's functions, outermost first, below PLACE. */
static uint32_t descend(struct np_tree *tree, uint32_t place, struct np_fold_location *location)
{
	if (!location->functions) {
		location->functions = np_xcalloc(location->line_count, sizeof(uint32_t));
		for (size_t i = 0; i < location->line_count; i++)
			location->functions[i] = function_of(tree, &location->lines[i]);
	}
	for (size_t i = location->line_count; i-- > 0;)
		place = np_tree_child(tree, place, location->functions[i]);
	return place;
}

static void fold_one(void *context, uint32_t index)
{
	struct folding *folding = context;
	struct path *path = &folding->path;
	const struct np_fold_node *node = &path->model->nodes[index];
	uint32_t depth;
	int r;

	enter(path, index);
	depth = path->depth;
	if (depth == 0)
		return;
	folding->places[depth] = descend(folding->tree, folding->places[depth - 1],
					 &path->model->locations[path->locations[depth - 1]]);
	if (node->periods == 0)
		return;
	r = np_tree_add(folding->tree, folding->places[depth], node->periods, node->samples, 0);
	if (r < 0)
		folding->error = r;
}

int np_fold_write_folded(struct np_fold_model *model, int fd)
{
	struct folding *folding = np_xcalloc(1, sizeof(*folding));
	int copy = dup(fd);
	FILE *to = copy < 0 ? NULL : fdopen(copy, "w");
	int r = to ? 0 : -errno;

	folding->path.model = model;
	folding->tree = np_tree_create();
	np_fold_walk(model, fold_one, folding);
	np_tree_finish(folding->tree);
	if (r == 0)
		r = folding->error ? folding->error : np_folded_write(folding->tree, to, true);
	if (to && fclose(to) != 0 && r == 0)
		r = -errno;
	else if (!to && copy >= 0)
		close(copy);
	np_tree_destroy(folding->tree);
	free(folding);
	return r;
}

struct pprof_writing {
	struct path path;
	struct np_fold_model *model;
	struct np_pprof *pprof;
	uint64_t ids[NP_FOLD_DEPTH_MAX + 4];	/* of the sample at hand, leaf first */
	bool has_calls;
	uint64_t period_ns;
	uint64_t anonymous_start, anonymous_end;
};

static void hex(const uint8_t *bytes, size_t count, char *to)
{
	for (size_t i = 0; i < count; i++)
		sprintf(to + 2 * i, "%02x", bytes[i]);
	to[2 * count] = '\0';
}

static void add_mapping(struct pprof_writing *writing, struct np_fold_module *module)
{
	const struct np_spool_module *spool = module->spool;
	char id[2 * sizeof(spool->build_id) + 1] = "";

	if (spool) {
		hex(spool->build_id, spool->build_id_bytes, id);
		module->mapping = np_pprof_mapping(writing->pprof, spool->start, spool->end, 0,
						   module->path, id);
	} else {
		module->mapping = np_pprof_mapping(writing->pprof, writing->anonymous_start,
						   writing->anonymous_end, 0, "//anon", "");
	}
}

/* The program is the first mapping, also when no sample lies in it. */
static void add_mappings(struct pprof_writing *writing, struct np_fold_model *model)
{
	struct np_fold_module **ordered = np_xcalloc(model->module_count, sizeof(*ordered));
	const struct np_spool_module *first;

	for (uint32_t i = 0; i < model->module_count; i++)
		ordered[model->modules[i].rank] = &model->modules[i];
	first = ordered[0]->spool;
	if (first && (first->flags & NP_MODULE_MAIN))
		ordered[0]->used = true;
	else
		np_pprof_mapping(writing->pprof, 0, 0, 0, np_spool_head(model->reader)->exe, "");
	for (uint32_t i = 0; i < model->module_count; i++)
		if (ordered[i]->used)
			add_mapping(writing, ordered[i]);
	free(ordered);
}

/* The range of all code that lies in no file, in whole pages. */
static void measure_anonymous(struct pprof_writing *writing, const struct np_fold_model *model)
{
	writing->anonymous_start = UINT64_MAX;
	for (uint32_t i = 0; i < model->location_count; i++) {
		const struct np_fold_location *l = &model->locations[i];

		if (l->marker || l->module != 0)
			continue;
		if ((l->address & ~0xfffull) < writing->anonymous_start)
			writing->anonymous_start = l->address & ~0xfffull;
		if ((l->address | 0xfffull) >= writing->anonymous_end)
			writing->anonymous_end = (l->address | 0xfffull) == UINT64_MAX
					       ? UINT64_MAX : (l->address | 0xfffull) + 1;
	}
}

static uint64_t location_id(struct pprof_writing *writing, struct np_fold_location *location)
{
	struct np_pprof_line *lines;

	if (location->pprof_id)
		return location->pprof_id;
	lines = np_xcalloc(location->line_count, sizeof(*lines));
	for (size_t i = 0; i < location->line_count; i++) {
		const struct np_symbol_line *line = &location->lines[i];

		lines[i].function = np_pprof_function(writing->pprof, line->name, line->system_name,
						      line->file, line->decl_line);
		lines[i].line = line->line;
	}
	location->pprof_id = np_pprof_location(
		writing->pprof,
		location->marker ? 0 : writing->path.model->modules[location->module].mapping,
		location->address, lines, location->line_count);
	free(lines);
	return location->pprof_id;
}

/* Add a sample whose leaf is LEAF and whose callers are the path's. */
static void add_sample(struct pprof_writing *writing, uint32_t leaf, uint64_t samples,
		       uint64_t periods, uint64_t calls, uint32_t span)
{
	static const char *const reasons[NP_QUALITY_MAX] = {
		NULL, "too deep", "no unwind rule", "unreadable stack", "foreign stack",
		"no unwinder",
	};
	const struct path *path = &writing->path;
	const struct np_fold_model *model = path->model;
	const struct np_fold_root *root = &model->roots[path->root];
	struct np_pprof_label labels[3 + NP_FOLD_SPAN_LABELS_MAX];
	size_t label_count = 0, count = 0, value_count = 0;
	int64_t values[3];

	writing->ids[count++] = location_id(writing, &model->locations[leaf]);
	for (uint32_t i = path->depth - 1; i-- > 0;)
		writing->ids[count++] = location_id(writing, &model->locations[path->locations[i]]);
	values[value_count++] = (int64_t)samples;
	if (writing->has_calls)
		values[value_count++] = (int64_t)calls;
	values[value_count++] = (int64_t)(periods * writing->period_ns);
	if (root->name[0])
		labels[label_count++] =
			(struct np_pprof_label){.key = "thread", .text = root->name};
	if (root->tid)
		labels[label_count++] = (struct np_pprof_label){.key = "tid", .number = root->tid};
	if (root->quality != NP_QUALITY_COMPLETE)
		labels[label_count++] = (struct np_pprof_label){ .key = "stack",
								 .text = reasons[root->quality] };
	if (span != NP_FOLD_NONE)
		label_count += np_fold_span_labels(&writing->model->spans, span, labels + label_count);
	np_pprof_sample(writing->pprof, writing->ids, count, values, labels, label_count);
}

/* A sample for each span that some of the node's were taken in, and one for the rest.  A live
 * process may have counted in one place and not yet in the other: never more than the node has. */
static void add_by_span(struct pprof_writing *writing, uint32_t index, uint32_t leaf)
{
	const struct np_fold_node *node = &writing->model->nodes[index];
	uint64_t samples = node->samples, periods = node->periods;
	const struct np_fold_span_part *part;
	size_t count;

	part = np_fold_spans_of(&writing->model->spans, index, &count);
	for (; count--; part++) {
		if (part->samples > samples || part->periods > periods)
			continue;
		add_sample(writing, leaf, part->samples, part->periods, 0, part->span);
		samples -= part->samples;
		periods -= part->periods;
	}
	if (samples || periods)
		add_sample(writing, leaf, samples, periods, 0, NP_FOLD_NONE);
}

static void pprof_one(void *context, uint32_t index)
{
	struct pprof_writing *writing = context;
	struct path *path = &writing->path;
	struct np_fold_model *model = (struct np_fold_model *)(uintptr_t)path->model;
	const struct np_fold_node *node = &model->nodes[index];
	const struct np_fold_location *location;
	uint32_t leaf;

	if (!enter(path, index) || path->depth == 0)
		return;
	leaf = path->locations[path->depth - 1];
	location = &model->locations[leaf];
	add_by_span(writing, index, leaf);
	if (node->calls && !location->marker)
		add_sample(writing, np_fold_location_get(model, location->module, location->start,
							 NP_MARKER_NONE, true), 0, 0, node->calls,
			   NP_FOLD_NONE);
}

int np_fold_write_pprof(struct np_fold_model *model, const struct np_fold_result *result, int fd)
{
	const struct np_spool_header *head = np_spool_head(model->reader);
	struct pprof_writing *writing = np_xcalloc(1, sizeof(*writing));
	uint64_t duration = head->ended_monotonic_ns > head->started_monotonic_ns
			  ? head->ended_monotonic_ns - head->started_monotonic_ns : 0;
	int r;

	writing->path.model = model;
	writing->model = model;
	writing->pprof = np_pprof_create();
	writing->has_calls = model->calls > 0;
	writing->period_ns = head->period_ns;
	np_pprof_sample_type(writing->pprof, "samples", "count");
	if (writing->has_calls)
		np_pprof_sample_type(writing->pprof, "calls", "count");
	np_pprof_sample_type(writing->pprof, "cpu", "nanoseconds");
	np_pprof_period(writing->pprof, "cpu", "nanoseconds", (int64_t)head->period_ns);
	np_pprof_times(writing->pprof, (int64_t)head->started_realtime_ns, (int64_t)duration);
	measure_anonymous(writing, model);
	add_mappings(writing, model);
	np_fold_walk(model, pprof_one, writing);
	np_fold_about(writing->pprof, model, result);
	r = np_pprof_write(writing->pprof, fd);
	np_pprof_destroy(writing->pprof);
	free(writing);
	return r;
}
