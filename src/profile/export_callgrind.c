/* SPDX-License-Identifier: MIT
 *
 * export_callgrind.c - callgrind's format, for KCachegrind, QCachegrind and callgrind_annotate.
 *
 * Context: tools.  The format is a call graph, not a tree: functions with their own cost, and
 * calls with what they cost inclusively.  callgrind_annotate takes what the calls into a function
 * cost for its inclusive cost, so with recursion a stack must be charged to one of them only: to
 * the outermost activation of the function.  And since it knows no inclusive cost of what nobody
 * calls, a function "(root)" calls all that is outermost.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "profile/export_common.h"
#include "profile/intern.h"
#include "base/utf8.h"

struct call {
	uint32_t callee;		/* place in the graph's functions */
	uint64_t value, samples, calls;
};

struct graph {
	struct np_tree *tree;
	FILE *to;
	uint32_t *functions;		/* for each of the tree, its place here + 1: they differ less */
	uint32_t *first;		/* for each place, a function of the tree */
	struct np_intern keys;		/* what tells functions apart in this format */
	struct np_intern pairs;		/* caller and callee -> place in CALLS */
	struct call *calls;
	size_t call_room;
	uint64_t (*own)[2];		/* value and samples of each function */
	uint32_t *active;		/* activations of each function on the path from the root */
	uint32_t *path;			/* functions by depth; ROOT at 0 */
	size_t path_room;
	uint32_t root;			/* its place, behind all others */
	bool *named;			/* "(id) name" was written: from then on "(id)" is enough */
	uint32_t *string_ids;		/* callgrind's ids of files and objects; 0 = none yet */
	uint32_t file_count, object_count;
};

/* Inlined or not, of whatever kind: one function to callgrind. */
static void merge_functions(struct graph *graph)
{
	uint32_t count = np_tree_function_count(graph->tree);

	graph->functions = np_xcalloc(count, sizeof(*graph->functions));
	graph->first = np_xcalloc(count + 1ul, sizeof(*graph->first));
	for (uint32_t i = 1; i < count; i++) {
		const struct np_function *function = np_tree_function_at(graph->tree, i);
		uint32_t key[3] = { function->name, function->module, function->file };
		int is_new;

		graph->functions[i] = np_intern_get(&graph->keys, (char *)key, sizeof(key), &is_new);
		if (is_new)
			graph->first[graph->functions[i]] = i;
	}
}

static uint32_t call_of(struct graph *graph, uint32_t caller, uint32_t callee)
{
	uint32_t pair[2] = { caller, callee };
	int is_new;
	uint32_t place = np_intern_get(&graph->pairs, (char *)pair, sizeof(pair), &is_new);

	if (!is_new)
		return place;
	if (place >= graph->call_room) {
		graph->call_room = graph->call_room ? graph->call_room * 2 : 256;
		graph->calls = np_xrealloc(graph->calls, graph->call_room, sizeof(*graph->calls));
	}
	graph->calls[place] = (struct call){ .callee = callee };
	return place;
}

static void enter(struct graph *graph, uint32_t index, uint32_t depth)
{
	const struct np_node *node = np_tree_node(graph->tree, index);
	uint32_t function = graph->functions[node->function], place;
	struct call *call;

	if (depth >= graph->path_room) {
		graph->path_room = graph->path_room ? graph->path_room * 2 : 256;
		graph->path = np_xrealloc(graph->path, graph->path_room, sizeof(*graph->path));
		graph->path[0] = graph->root;
	}
	graph->path[depth] = function;
	graph->own[function][0] += node->self;
	graph->own[function][1] += np_tree_self_samples(graph->tree, index);
	place = call_of(graph, graph->path[depth - 1], function);	/* may move CALLS */
	call = &graph->calls[place];
	call->calls += np_tree_calls(graph->tree, index);
	if (graph->active[function]++ == 0) {
		call->value += node->total;
		call->samples += np_tree_total_samples(graph->tree, index);
	}
}

static void put_clean(const struct graph *graph, const char *text)
{
	size_t length = strlen(text), n;
	char *clean = np_xcalloc(length * 4 + 1, 1);

	n = np_utf8_clean(clean, text, length);
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)clean[i] < ' ' || clean[i] == 0x7f)
			fprintf(graph->to, "\\x%02x", (unsigned char)clean[i]);
		else
			fputc(clean[i], graph->to);
	}
	free(clean);
}

/* "KEY=(id) name" the first time, then "KEY=(id)". */
static void put_string(struct graph *graph, const char *key, uint32_t string, bool is_file,
		       uint32_t *ids, uint32_t *count)
{
	bool is_new = ids[string] == 0;

	if (is_new)
		ids[string] = ++*count;
	fprintf(graph->to, "%s=(%u)", key, ids[string]);
	if (is_new) {
		fputc(' ', graph->to);
		put_clean(graph, string ? np_tree_string(graph->tree, string) : is_file ? "???" : "");
	}
	fputc('\n', graph->to);
}

/* FIRST of the root is 0, the function of the tree's root. */
static void put_function(struct graph *graph, bool is_callee, uint32_t place)
{
	uint32_t index = graph->first[place], strings = np_tree_string_count(graph->tree);
	const struct np_function *function = np_tree_function_at(graph->tree, index);

	if (function->module)
		put_string(graph, is_callee ? "cob" : "ob", function->module, false,
			   graph->string_ids + strings, &graph->object_count);
	put_string(graph, is_callee ? "cfi" : "fl", function->file, true, graph->string_ids,
		   &graph->file_count);
	fprintf(graph->to, "%s=(%u)", is_callee ? "cfn" : "fn", place + 1);
	if (!graph->named[place]) {
		fputc(' ', graph->to);
		put_clean(graph, index ? np_export_name(graph->tree, index) : "(root)");
	}
	graph->named[place] = true;
	fputc('\n', graph->to);
}

static void put_cost(const struct graph *graph, uint32_t line, uint64_t value, uint64_t samples)
{
	fprintf(graph->to, "%u %" PRIu64, line, value);
	if (np_tree_meta(graph->tree)->samples_known)
		fprintf(graph->to, " %" PRIu64, samples);
	fputc('\n', graph->to);
}

/* Names of events are words: "cpu_nanoseconds". */
static void put_event(const struct graph *graph, const char *text)
{
	for (; *text; text++)
		fputc((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
		      (*text >= '0' && *text <= '9') ? *text : '_', graph->to);
}

static void put_head(const struct graph *graph, const char *name)
{
	const struct np_tree_meta *meta = np_tree_meta(graph->tree);
	const struct np_node *root = np_tree_node(graph->tree, 0);

	fputs("# callgrind format\nversion: 1\ncreator: neuroprof\ncmd: ", graph->to);
	put_clean(graph, meta->command ? meta->command : name);
	fputs("\npositions: line\nevents: ", graph->to);
	put_event(graph, meta->value_type);
	if (strcmp(meta->value_unit, "count") != 0) {
		fputc('_', graph->to);
		put_event(graph, meta->value_unit);
	}
	if (meta->decimals > 0)
		fprintf(graph->to, "_e%u", meta->decimals);	/* in 10^-decimals of it */
	if (meta->samples_known)
		fputs(" Samples", graph->to);
	fprintf(graph->to, "\nsummary: %" PRIu64, root->total);
	if (meta->samples_known)
		fprintf(graph->to, " %" PRIu64, np_tree_total_samples(graph->tree, 0));
	fputs("\n\n", graph->to);
}

/* Calls sorted by caller, in the order in which they were seen. */
static void put_body(struct graph *graph)
{
	uint32_t functions = graph->root + 1, calls = graph->pairs.count;
	uint32_t *next = np_xcalloc(calls + 1, sizeof(*next));
	uint32_t *first = np_xcalloc(functions, sizeof(*first));

	for (uint32_t i = calls; i > 0; i--) {
		uint32_t caller;

		memcpy(&caller, graph->pairs.entries[i - 1].bytes, sizeof(caller));
		next[i] = first[caller];
		first[caller] = i;
	}
	for (uint32_t i = functions; i-- > 0;) {
		uint32_t line = np_tree_function_at(graph->tree, graph->first[i])->line;

		put_function(graph, false, i);
		put_cost(graph, line, graph->own[i][0], graph->own[i][1]);
		for (uint32_t c = first[i]; c; c = next[c]) {
			const struct call *call = &graph->calls[c - 1];

			put_function(graph, true, call->callee);
			/* What was seen was called: at least once, and none is no number here. */
			fprintf(graph->to, "calls=%" PRIu64 " %u\n", call->calls ? call->calls : 1,
				np_tree_function_at(graph->tree, graph->first[call->callee])->line);
			put_cost(graph, line, call->value, call->samples);
		}
		fputc('\n', graph->to);
	}
	free(next);
	free(first);
}

int np_export_callgrind(struct np_export *export)
{
	struct np_export_walk walk = { .tree = export->tree };
	struct graph graph = { .tree = export->tree, .to = export->to };

	np_intern_init(&graph.keys);
	np_intern_init(&graph.pairs);
	merge_functions(&graph);
	graph.root = graph.keys.count;
	graph.own = np_xcalloc(graph.root + 1ul, sizeof(*graph.own));
	graph.active = np_xcalloc(graph.root + 1ul, sizeof(*graph.active));
	graph.named = np_xcalloc(graph.root + 1ul, sizeof(*graph.named));
	graph.string_ids = np_xcalloc(2ul * np_tree_string_count(export->tree), sizeof(uint32_t));
	while (np_export_next(&walk)) {
		if (walk.leaving)
			graph.active[graph.path[walk.depth]]--;
		else
			enter(&graph, walk.node, walk.depth);
	}
	put_head(&graph, export->name);
	put_body(&graph);
	np_intern_finish(&graph.keys);
	np_intern_finish(&graph.pairs);
	free(graph.functions);
	free(graph.first);
	free(graph.calls);
	free(graph.own);
	free(graph.active);
	free(graph.path);
	free(graph.named);
	free(graph.string_ids);
	return 0;
}
