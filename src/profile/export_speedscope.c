/* SPDX-License-Identifier: MIT
 *
 * export_speedscope.c - speedscope's JSON.
 *
 * Context: tools.  As an "evented" profile: two events for each node, while a "sampled" one would
 * repeat every stack from its root.
 */
#include "profile/export_common.h"

#include <inttypes.h>
#include <string.h>

/* Times in nanoseconds, since some readers know no seconds; other values as they are. */
struct scale {
	const char *unit;
	uint64_t factor;
	unsigned decimals;
};

static struct scale scale_of(struct np_tree *tree)
{
	const struct np_tree_meta *meta = np_tree_meta(tree);
	struct scale scale = { .unit = "none", .factor = 1, .decimals = meta->decimals };
	uint64_t ns = np_export_ns_per_unit(meta), ignored;

	if (strcmp(meta->value_unit, "bytes") == 0)
		scale.unit = "bytes";
	if (ns == 0)
		return scale;
	scale.unit = ns == 1 ? "nanoseconds" : ns == 1000 ? "microseconds"
		   : ns == 1000000 ? "milliseconds" : "seconds";
	if (!__builtin_mul_overflow(np_tree_node(tree, 0)->total, ns, &ignored)) {
		scale.unit = "nanoseconds";
		scale.factor = ns;
	}
	return scale;
}

static void put_frames(const struct np_export *export)
{
	const struct np_tree *tree = export->tree;

	for (uint32_t i = 0; i < np_tree_function_count(tree); i++) {
		const struct np_function *function = np_tree_function_at(tree, i);
		uint32_t file = function->file ? function->file : function->module;

		fputs(i ? ",\n{\"name\":" : "{\"name\":", export->to);
		np_export_json_text(export->to, np_export_name(tree, i));
		if (file) {
			fputs(",\"file\":", export->to);
			np_export_json_text(export->to, np_tree_string(tree, file));
		}
		if (function->file && function->line)
			fprintf(export->to, ",\"line\":%u", function->line);
		fputc('}', export->to);
	}
}

static void put_events(const struct np_export *export, const struct scale *scale)
{
	struct np_export_walk walk = { .tree = export->tree };
	bool first = true;
	uint64_t at = 0;

	while (np_export_next(&walk)) {
		const struct np_node *node = np_tree_node(export->tree, walk.node);

		/* A node's own time comes after its children's. */
		if (node->total == 0)
			continue;
		if (walk.leaving)
			at += node->self;
		fprintf(export->to, "%s{\"type\":\"%c\",\"frame\":%u,\"at\":", first ? "" : ",\n",
			walk.leaving ? 'C' : 'O', node->function);
		np_export_number(export->to, at * scale->factor, scale->decimals);
		fputc('}', export->to);
		first = false;
	}
}

int np_export_speedscope(struct np_export *export)
{
	struct scale scale = scale_of(export->tree);

	fputs("{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\n"
	      "\"exporter\":\"neuroprof\",\"activeProfileIndex\":0,\"name\":", export->to);
	np_export_json_text(export->to, export->name);
	fputs(",\n\"shared\":{\"frames\":[\n", export->to);
	put_frames(export);
	fputs("]},\n\"profiles\":[{\"type\":\"evented\",\"name\":", export->to);
	np_export_json_text(export->to, export->name);
	fprintf(export->to, ",\"unit\":\"%s\",\"startValue\":0,\"endValue\":", scale.unit);
	np_export_number(export->to, np_tree_node(export->tree, 0)->total * scale.factor,
			 scale.decimals);
	fputs(",\"events\":[\n", export->to);
	put_events(export, &scale);
	fputs("]}]}\n", export->to);
	return 0;
}
