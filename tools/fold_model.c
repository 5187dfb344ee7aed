/* SPDX-License-Identifier: MIT
 *
 * fold_model.c - from the spool's nodes to a tree without duplicates, races or damage.
 *
 * Context: tools.  One pass in index order, since a parent's index is smaller than its children's.
 */
#include "fold_model.h"

#include <stdlib.h>
#include <string.h>

#include "base/message.h"

static uint64_t mix(uint64_t h)
{
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93ull;
	h ^= h >> 29;
	h *= 0x9e3779b97f4a7c15ull;
	return h ^ h >> 32;
}

static uint64_t hash_location(const struct np_fold_location *l)
{
	return mix(l->address * 0x9e3779b97f4a7c15ull + l->module * 64ull + l->marker * 2ull +
		   l->entry);
}

static uint64_t hash_node(const struct np_fold_node *n)
{
	return mix((uint64_t)n->parent << 32 | n->location);
}

/* Room for one more of COUNT entries; HASH gives an entry's. */
static void table_grow(struct np_fold_table *table, uint32_t count, const void *entries,
		       uint64_t (*hash_of)(const void *entries, uint32_t index))
{
	if ((count + 1ull) * 2 <= table->room)
		return;
	free(table->slots);
	table->room = table->room ? table->room * 2 : 1024;
	table->slots = np_xcalloc(table->room, sizeof(*table->slots));
	for (uint32_t i = 0; i < count; i++) {
		size_t at = hash_of(entries, i) & (table->room - 1);

		while (table->slots[at])
			at = (at + 1) & (table->room - 1);
		table->slots[at] = i + 1;
	}
}

static uint64_t location_hash_at(const void *entries, uint32_t index)
{
	return hash_location((const struct np_fold_location *)entries + index);
}

static uint64_t node_hash_at(const void *entries, uint32_t index)
{
	return hash_node((const struct np_fold_node *)entries + index);
}

static void *grow(void *array, uint32_t count, uint32_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room ? *room * 2 : 256;
	return np_xrealloc(array, *room, size);
}

uint32_t np_fold_location_get(struct np_fold_model *model, uint32_t module, uint64_t address,
			      enum np_fold_marker marker, bool entry)
{
	struct np_fold_location key = { .address = address, .module = module,
					.marker = (uint8_t)marker, .entry = entry };
	struct np_fold_table *table = &model->location_table;
	size_t at;

	table_grow(table, model->location_count, model->locations, location_hash_at);
	at = hash_location(&key) & (table->room - 1);
	for (; table->slots[at]; at = (at + 1) & (table->room - 1)) {
		const struct np_fold_location *l = &model->locations[table->slots[at] - 1];

		if (l->address == address && l->module == module && l->marker == marker &&
		    l->entry == entry)
			return table->slots[at] - 1;
	}
	model->locations = grow(model->locations, model->location_count, &model->location_room,
				sizeof(*model->locations));
	model->locations[model->location_count] = key;
	table->slots[at] = ++model->location_count;
	if (marker == NP_MARKER_NONE)
		model->modules[module].used = true;
	return model->location_count - 1;
}

static uint32_t node_get(struct np_fold_model *model, uint32_t parent, uint32_t location)
{
	struct np_fold_node key = { .parent = parent, .location = location };
	struct np_fold_table *table = &model->node_table;
	size_t at;

	table_grow(table, model->node_count, model->nodes, node_hash_at);
	at = hash_node(&key) & (table->room - 1);
	for (; table->slots[at]; at = (at + 1) & (table->room - 1)) {
		const struct np_fold_node *n = &model->nodes[table->slots[at] - 1];

		if (n->parent == parent && n->location == location)
			return table->slots[at] - 1;
	}
	key.depth = parent == NP_FOLD_NONE ? 0 : model->nodes[parent].depth + 1;
	model->nodes = grow(model->nodes, model->node_count, &model->node_room, sizeof(key));
	model->nodes[model->node_count] = key;
	table->slots[at] = ++model->node_count;
	return model->node_count - 1;
}

static uint32_t marker_child(
	struct np_fold_model *model, uint32_t parent, enum np_fold_marker marker)
{
	return node_get(model, parent, np_fold_location_get(model, 0, 0, marker, false));
}

/* The node under which all stacks of one thread with one quality lie. */
static uint32_t root_get(struct np_fold_model *model, uint32_t tid, const char *name,
			 enum np_quality quality)
{
	static const uint8_t marker_of[NP_QUALITY_MAX] = {
		[NP_QUALITY_TOO_DEEP] = NP_MARKER_TOO_DEEP,
		[NP_QUALITY_NO_RULE] = NP_MARKER_NO_RULE,
		[NP_QUALITY_BAD_READ] = NP_MARKER_BAD_READ,
		[NP_QUALITY_FOREIGN_STACK] = NP_MARKER_FOREIGN_STACK,
		[NP_QUALITY_NO_UNWINDER] = NP_MARKER_NO_UNWINDER,
	};
	struct np_fold_root *root;
	uint32_t i, node;

	for (i = 0; i < model->root_count; i++) {
		root = &model->roots[i];
		if (root->tid == tid && root->quality == quality && strcmp(root->name, name) == 0)
			break;
	}
	if (i == model->root_count) {
		model->roots =
			grow(model->roots, model->root_count, &model->root_room, sizeof(*root));
		root = &model->roots[model->root_count++];
		*root = (struct np_fold_root){ .tid = tid, .quality = (uint8_t)quality };
		memcpy(root->name, name, strlen(name) + 1);
	}
	node = node_get(model, NP_FOLD_NONE, i);
	if (quality == NP_QUALITY_COMPLETE)
		return node;
	return marker_child(model, node, (enum np_fold_marker)marker_of[quality]);
}

/* What the rest of the pass knows about a spool node. */
struct placed {
	uint32_t node;		/* its place, or its parent's when it is not shown */
	bool hidden;		/* a frame of ours */
};

static bool place_root(struct np_fold_model *model, const struct np_spool_node *from,
		       struct placed *to)
{
	uint64_t thread = from->pc / 256;
	const struct np_spool_thread *entry =
		thread <= UINT32_MAX ? np_spool_thread(model->reader, (uint32_t)thread) : NULL;

	if (from->pc % 256 >= NP_QUALITY_MAX || from->parent != NP_SPOOL_NODE_ROOT)
		return false;
	to->node = root_get(model, entry ? entry->tid : 0, entry ? entry->name : "",
			    (enum np_quality)(from->pc % 256));
	return true;
}

static bool place_frame(struct np_fold_model *model, const struct np_spool_node *from,
			const struct placed *parent, struct placed *to)
{
	const struct np_fold_module *module;
	uint32_t index = from->module, above = parent->node;

	if (above == NP_FOLD_NONE)
		return false;
	if (index >= model->module_count || !model->modules[index].spool)
		index = 0;
	module = &model->modules[index];
	to->hidden = index && (module->spool->flags & NP_MODULE_SELF);
	to->node = above;
	if (to->hidden)
		return true;
	if (model->nodes[above].depth >= NP_FOLD_DEPTH_MAX)
		return false;
	to->node = node_get(model, above,
		np_fold_location_get(model, index,
			from->pc - (from->kind == NP_NODE_CALL && from->pc > 0), NP_MARKER_NONE,
			false));
	return true;
}

static bool add_counts(struct np_fold_model *model, uint32_t to, uint64_t samples, uint64_t periods,
		       uint64_t calls, uint64_t period_ns)
{
	struct np_fold_node *node = &model->nodes[to];
	uint64_t sum, ns;

	/* Everything must stay within pprof's signed 64 bits; a real counter is far below. */
	if (__builtin_add_overflow(model->periods, periods, &sum) ||
	    __builtin_mul_overflow(sum, period_ns, &ns) || ns > INT64_MAX ||
	    samples > INT64_MAX - model->samples || calls > INT64_MAX - model->calls)
		return false;
	node->samples += samples;
	node->periods += periods;
	node->calls += calls;
	model->samples += samples;
	model->periods = sum;
	model->calls += calls;
	return true;
}

/* Whose sample it is: a node that is no leaf has samples of its own only when its child's path did
 * not fit into the spool any more. */
static uint32_t sample_place(struct np_fold_model *model, const struct np_spool_node *from,
			     const struct placed *at)
{
	if (at->hidden)
		return model->nodes[at->node].depth > 0
			? at->node : marker_child(model, at->node, NP_MARKER_PROFILER);
	if (from->kind == NP_NODE_LEAF || from->kind == NP_NODE_STARTUP)
		return at->node;
	return marker_child(model, at->node, NP_MARKER_SPOOL_FULL);
}

static bool place_node(struct np_fold_model *model, const struct placed *all, uint32_t index,
		       const struct np_spool_node *from, struct placed *to)
{
	const struct placed nowhere = { .node = NP_FOLD_NONE }, *parent;

	if (index == NP_SPOOL_NODE_ROOT)
		return true;	/* its samples have no thread; see count_node() */
	if (from->kind == NP_NODE_ROOT)
		return place_root(model, from, to);
	if (from->kind == NP_NODE_STARTUP) {
		to->node = marker_child(model, root_get(model, 0, "", NP_QUALITY_COMPLETE),
					NP_MARKER_STARTUP);
		return from->parent == NP_SPOOL_NODE_ROOT;
	}
	parent = from->parent == NP_SPOOL_NODE_ROOT ? &nowhere : &all[from->parent];
	return place_frame(model, from, parent, to);
}

static void count_node(struct np_fold_model *model, const struct np_spool_node *from,
		       uint64_t calls, struct placed *at)
{
	uint64_t samples = from->samples, periods = from->periods;
	uint64_t period_ns = np_spool_head(model->reader)->period_ns;

	if (samples == 0 && periods == 0 && calls == 0)
		return;
	if (at->node == NP_FOLD_NONE)
		at->node = root_get(model, 0, "", NP_QUALITY_COMPLETE);
	if (calls && !at->hidden && !add_counts(model, at->node, 0, 0, calls, period_ns))
		model->damaged++;
	if ((samples || periods) &&
		!add_counts(model, sample_place(model, from, at), samples, periods, 0, period_ns))
		model->damaged++;
}

static void read_modules(struct np_fold_model *model)
{
	uint32_t count = np_spool_module_count(model->reader);

	model->module_count = count ? count : 1;
	model->modules = np_xcalloc(model->module_count, sizeof(*model->modules));
	model->modules[0].path = "";
	for (uint32_t i = 1; i < count; i++) {
		model->modules[i].spool = np_spool_module(model->reader, i);
		model->modules[i].path = model->modules[i].spool
			? np_spool_module_path(model->reader, model->modules[i].spool) : "";
	}
}

/* Where the samples of each spool node went; see count_node(). */
static void read_spans(struct np_fold_model *model, const struct placed *all, uint32_t count)
{
	uint32_t *place = np_xcalloc((unsigned long)count + 1, sizeof(*place));

	for (uint32_t i = 0; i < count; i++) {
		const struct np_spool_node *node = np_spool_node(model->reader, i);

		place[i] = NP_FOLD_NONE;
		if (node && all[i].node != NP_FOLD_NONE && node->samples)
			place[i] = sample_place(model, node, &all[i]);
	}
	np_fold_spans_init(&model->spans, model->reader, place);
	free(place);
}

void np_fold_model_init(struct np_fold_model *model, const struct np_spool_reader *reader)
{
	uint32_t count = np_spool_node_count(reader);
	struct placed *all = np_xcalloc(count, sizeof(*all));
	uint64_t *calls = np_xcalloc(count, sizeof(*calls));

	*model = (struct np_fold_model){ .reader = reader };
	read_modules(model);
	np_spool_calls(reader, calls);
	for (uint32_t i = 0; i < count; i++) {
		const struct np_spool_node *node = np_spool_node(reader, i);

		all[i] = (struct placed){ .node = NP_FOLD_NONE };
		if (!node)
			continue;
		if (place_node(model, all, i, node, &all[i])) {
			count_node(model, node, calls[i], &all[i]);
			continue;
		}
		all[i].node = NP_FOLD_NONE;
		model->damaged++;
	}
	read_spans(model, all, count);
	free(calls);
	free(all);
}

void np_fold_model_finish(struct np_fold_model *model)
{
	for (uint32_t i = 0; i < model->location_count; i++) {
		free(model->locations[i].lines);
		free(model->locations[i].functions);
	}
	np_symbolizer_destroy(model->symbolizer);
	np_perfmap_close(model->perfmap);
	free(model->modules);
	free(model->locations);
	free(model->roots);
	free(model->nodes);
	free(model->location_table.slots);
	free(model->node_table.slots);
	free(model->order);
	free(model->begin);
	np_fold_spans_finish(&model->spans);
}
