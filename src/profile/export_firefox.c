/* SPDX-License-Identifier: MIT
 *
 * export_firefox.c - the processed profile of profiler.firefox.com.
 *
 * Context: tools.  Written as its version 57, which the profiler brings up to date when it loads
 * it: newer versions change several times a year.  A node is a stack, a function a frame; one
 * sample with a weight stands for all that ended in a node.
 */
#include "profile/export_common.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"

#define VERSION 57

static const struct {
	const char *name, *colour;
} categories[] = {
	[NP_KIND_UNKNOWN] = {"Other", "grey"},	   [NP_KIND_OWN] = {"Own code", "yellow"},
	[NP_KIND_LIBRARY] = {"Library", "blue"},   [NP_KIND_RUNTIME] = {"Runtime", "lightblue"},
	[NP_KIND_KERNEL] = {"Kernel", "orange"},   [NP_KIND_JIT] = {"JIT", "green"},
};

static unsigned category(const struct np_function *function)
{
	return function->kind <= NP_KIND_JIT ? function->kind : NP_KIND_UNKNOWN;
}

struct firefox {
	struct np_export *export;
	struct np_tree *tree;
	FILE *to;
	uint32_t *resources;	/* for each string of the tree: resource + 1, 0 = none */
	uint32_t resource_count;
	uint64_t ns;		/* of a unit; 0: no times */
};

typedef void put_one(const struct firefox *firefox, uint32_t index);

/* "NAME":[...] with PUT for 0 .. COUNT-1 */
static void array(const struct firefox *firefox, const char *name, uint32_t count, put_one *put)
{
	fprintf(firefox->to, "\"%s\":[", name);
	for (uint32_t i = 0; i < count; i++) {
		if (i)
			fputc(',', firefox->to);
		put(firefox, i);
	}
	fputc(']', firefox->to);
}

/* One of several: something follows. */
static void column(const struct firefox *firefox, const char *name, uint32_t count, put_one *put)
{
	array(firefox, name, count, put);
	fputc(',', firefox->to);
}

static void put_null(const struct firefox *firefox, uint32_t index)
{
	fputs("null", firefox->to);
}

static void put_zero(const struct firefox *firefox, uint32_t index)
{
	fputc('0', firefox->to);
}

static void put_minus_one(const struct firefox *firefox, uint32_t index)
{
	fputs("-1", firefox->to);
}

static void put_false(const struct firefox *firefox, uint32_t index)
{
	fputs("false", firefox->to);
}

static void put_index(const struct firefox *firefox, uint32_t index)
{
	fprintf(firefox->to, "%u", index);
}

static void put_category(const struct firefox *firefox, uint32_t index)
{
	fprintf(firefox->to, "%u", category(np_tree_function_at(firefox->tree, index)));
}

static void put_inlined(const struct firefox *firefox, uint32_t index)
{
	fputc(np_tree_function_at(firefox->tree, index)->inlined ? '1' : '0', firefox->to);
}

static void put_name(const struct firefox *firefox, uint32_t index)
{
	uint32_t name = np_tree_function_at(firefox->tree, index)->name;

	/* The string "" has become "(empty)". */
	fprintf(firefox->to, "%u", name);
}

static void put_file(const struct firefox *firefox, uint32_t index)
{
	uint32_t file = np_tree_function_at(firefox->tree, index)->file;

	if (file)
		fprintf(firefox->to, "%u", file);
	else
		fputs("null", firefox->to);
}

static void put_line(const struct firefox *firefox, uint32_t index)
{
	uint32_t line = np_tree_function_at(firefox->tree, index)->line;

	if (line)
		fprintf(firefox->to, "%u", line);
	else
		fputs("null", firefox->to);
}

static void put_resource(const struct firefox *firefox, uint32_t index)
{
	uint32_t resource = firefox->resources[np_tree_function_at(firefox->tree, index)->module];

	fprintf(firefox->to, "%d", (int)resource - 1);
}

static void put_stack_frame(const struct firefox *firefox, uint32_t index)
{
	fprintf(firefox->to, "%u", np_tree_node(firefox->tree, index + 1)->function);
}

static void put_prefix(const struct firefox *firefox, uint32_t index)
{
	uint32_t parent = np_tree_node(firefox->tree, index + 1)->parent;

	if (parent)
		fprintf(firefox->to, "%u", parent - 1);
	else
		fputs("null", firefox->to);
}

static void put_one_string(const struct firefox *firefox, uint32_t index)
{
	np_export_json_text(firefox->to, index ? np_tree_string(firefox->tree, index) : "(empty)");
}

/* In the order of the string ids, so that the same tree gives the same bytes. */
static void number_resources(struct firefox *firefox)
{
	uint32_t strings = np_tree_string_count(firefox->tree);

	firefox->resources = np_xcalloc(strings, sizeof(*firefox->resources));
	for (uint32_t i = 0; i < np_tree_function_count(firefox->tree); i++)
		firefox->resources[np_tree_function_at(firefox->tree, i)->module] = 1;
	firefox->resources[0] = 0;
	for (uint32_t i = 0; i < strings; i++)
		if (firefox->resources[i])
			firefox->resources[i] = ++firefox->resource_count;
}

static void put_resources(const struct firefox *firefox)
{
	uint32_t count = firefox->resource_count;
	bool first = true;

	fputs("\"resourceTable\":{", firefox->to);
	column(firefox, "lib", count, put_null);
	column(firefox, "host", count, put_null);
	fputs("\"name\":[", firefox->to);
	for (uint32_t i = 0; i < np_tree_string_count(firefox->tree); i++) {
		if (!firefox->resources[i])
			continue;
		fprintf(firefox->to, "%s%u", first ? "" : ",", i);
		first = false;
	}
	fputs("],\"type\":[", firefox->to);
	for (uint32_t i = 0; i < count; i++)
		fputs(i ? ",1" : "1", firefox->to);	/* a library */
	fprintf(firefox->to, "],\"length\":%u},\n", count);
}

/* A value in the unit of the weights: times in milliseconds. */
static void put_value(const struct firefox *firefox, uint64_t value)
{
	unsigned decimals = np_tree_meta(firefox->tree)->decimals;

	if (firefox->ns == 1000000000) {
		static const double scales[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9 };

		/* The product could wrap in integers; nanoseconds are precise enough. */
		fprintf(firefox->to, "%.6f", (double)value * 1e3 / scales[decimals]);
		return;
	}
	decimals += firefox->ns == 1 ? 6 : firefox->ns == 1000 ? 3 : 0;
	np_export_number(firefox->to, value, decimals);
}

/* WHAT: 's'tack, 't'ime, 'w'eight */
static uint32_t put_samples(const struct firefox *firefox, const char *name, char what)
{
	struct np_export_walk walk = { .tree = firefox->tree };
	uint32_t count = 0;
	uint64_t at = 0;

	fprintf(firefox->to, "\"%s\":[", name);
	while (np_export_next(&walk)) {
		uint64_t self = np_tree_node(firefox->tree, walk.node)->self;

		if (!walk.leaving || self == 0)
			continue;
		if (count++)
			fputc(',', firefox->to);
		if (what == 's')
			fprintf(firefox->to, "%u", walk.node - 1);
		else
			put_value(firefox, what == 't' ? at : self);
		at += self;
	}
	fputs("],", firefox->to);
	return count;
}

static void put_meta(const struct firefox *firefox)
{
	const struct np_tree_meta *meta = np_tree_meta(firefox->tree);

	fputs("{\"meta\":{\"interval\":", firefox->to);
	if (meta->period && firefox->ns)
		put_value(firefox, meta->period);
	else
		fputc('1', firefox->to);
	fprintf(firefox->to, ",\"startTime\":0,\"processType\":0,\"product\":");
	np_export_json_text(firefox->to, firefox->export->name);
	fprintf(firefox->to, ",\"importedFrom\":\"neuroprof\",\"stackwalk\":1,\"version\":29,"
		"\"preprocessedProfileVersion\":%d,\"debug\":false,\"symbolicated\":true,"
		"\"usesOnlyOneStackType\":true,\"sourceCodeIsNotOnSearchfox\":true,"
		"\"extensions\":{\"id\":[],\"name\":[],\"baseURL\":[],\"length\":0},"
		"\"categories\":[", VERSION);
	for (unsigned i = 0; i < sizeof(categories) / sizeof(*categories); i++)
		fprintf(firefox->to, "%s{\"name\":\"%s\",\"color\":\"%s\",\"subcategories\":[\"Other\"]}",
			i ? "," : "", categories[i].name, categories[i].colour);
	fputs("],\"markerSchema\":[]},\n"
	      "\"libs\":[],\"pages\":[],\"counters\":[],\"profilerOverhead\":[],\n"
	      "\"shared\":{", firefox->to);
	array(firefox, "stringArray", np_tree_string_count(firefox->tree), put_one_string);
	fputs("},\n", firefox->to);
}

static void put_frames(const struct firefox *firefox)
{
	uint32_t count = np_tree_function_count(firefox->tree);

	fputs("\"frameTable\":{", firefox->to);
	column(firefox, "address", count, put_minus_one);
	column(firefox, "inlineDepth", count, put_inlined);
	column(firefox, "category", count, put_category);
	column(firefox, "subcategory", count, put_zero);
	column(firefox, "func", count, put_index);
	column(firefox, "nativeSymbol", count, put_null);
	column(firefox, "innerWindowID", count, put_null);
	column(firefox, "line", count, put_null);
	column(firefox, "column", count, put_null);
	fprintf(firefox->to, "\"length\":%u},\n\"funcTable\":{", count);
	column(firefox, "name", count, put_name);
	column(firefox, "isJS", count, put_false);
	column(firefox, "relevantForJS", count, put_false);
	column(firefox, "resource", count, put_resource);
	column(firefox, "fileName", count, put_file);
	column(firefox, "lineNumber", count, put_line);
	column(firefox, "columnNumber", count, put_null);
	fprintf(firefox->to, "\"length\":%u},\n", count);
}

static void put_thread(const struct firefox *firefox)
{
	uint32_t stacks = np_tree_node_count(firefox->tree) - 1, samples;
	bool is_bytes = strcmp(np_tree_meta(firefox->tree)->value_unit, "bytes") == 0;

	fputs("\"threads\":[{\"name\":\"CPU\",\"processName\":", firefox->to);
	np_export_json_text(firefox->to, firefox->export->name);
	fputs(",\"processType\":\"default\",\"processStartupTime\":0,\"processShutdownTime\":null,"
	      "\"registerTime\":0,\"unregisterTime\":null,\"pausedRanges\":[],\"isMainThread\":true,"
	      "\"pid\":\"0\",\"tid\":0,\"showMarkersInTimeline\":false,\n\"samples\":{", firefox->to);
	put_samples(firefox, "stack", 's');
	put_samples(firefox, "time", 't');
	samples = put_samples(firefox, "weight", 'w');
	fprintf(firefox->to, "\"weightType\":\"%s\",\"length\":%u},\n", firefox->ns ? "tracing-ms"
		: is_bytes ? "bytes" : "samples", samples);
	fputs("\"markers\":{\"data\":[],\"name\":[],\"startTime\":[],\"endTime\":[],\"phase\":[],"
	      "\"category\":[],\"length\":0},\n\"stackTable\":{", firefox->to);
	column(firefox, "frame", stacks, put_stack_frame);
	column(firefox, "prefix", stacks, put_prefix);
	fprintf(firefox->to, "\"length\":%u},\n", stacks);
	put_frames(firefox);
	put_resources(firefox);
	fputs("\"nativeSymbols\":{\"libIndex\":[],\"address\":[],\"name\":[],\"functionSize\":[],"
	      "\"length\":0}}]}\n", firefox->to);
}

int np_export_firefox(struct np_export *export)
{
	struct firefox firefox = { .export = export, .tree = export->tree, .to = export->to,
				   .ns = np_export_ns_per_unit(np_tree_meta(export->tree)) };

	number_resources(&firefox);
	put_meta(&firefox);
	put_thread(&firefox);
	free(firefox.resources);
	return 0;
}
