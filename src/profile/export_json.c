/* SPDX-License-Identifier: MIT
 *
 * export_json.c - the call tree as it is, for programs.
 *
 * Context: tools.  Schema: NP_EXPORT_JSON_SCHEMA, fields are only ever added to it.  Nodes are
 * columns, not objects in objects: stacks may be deeper than a parser likes to nest.  A node's
 * parent stands before it.
 */
#include "profile/export_common.h"

#include <inttypes.h>

static void put_text(const struct np_export *export, const char *key, const char *text)
{
	fprintf(export->to, ",\n\"%s\":", key);
	if (text)
		np_export_json_text(export->to, text);
	else
		fputs("null", export->to);
}

static void put_count(const struct np_export *export, const char *key, uint64_t count)
{
	fprintf(export->to, ",\n\"%s\":", key);
	if (count)
		fprintf(export->to, "%" PRIu64, count);
	else
		fputs("null", export->to);
}

static void put_meta(const struct np_export *export)
{
	static const char *const calls[] = {
		[NP_CALLS_UNKNOWN] = NULL, [NP_CALLS_LOWER_BOUND] = "lower-bound",
		[NP_CALLS_EXACT] = "exact",
	};
	const struct np_tree_meta *meta = np_tree_meta(export->tree);

	put_text(export, "name", export->name);
	put_text(export, "command", meta->command);
	put_text(export, "value_type", meta->value_type);
	put_text(export, "value_unit", meta->value_unit);
	put_count(export, "period", meta->period);
	put_count(export, "duration_ns", meta->duration_ns);
	fprintf(export->to, ",\n\"samples_known\":%s", meta->samples_known ? "true" : "false");
	put_text(export, "calls", calls[meta->calls]);
	fputs(",\n\"total\":", export->to);
	np_export_number(export->to, np_tree_node(export->tree, 0)->total, meta->decimals);
	fputs(",\n\"comments\":[", export->to);
	for (size_t i = 0; i < np_tree_comment_count(export->tree); i++) {
		fputs(i ? "," : "", export->to);
		np_export_json_text(export->to, np_tree_comment(export->tree, i));
	}
	fputs("]", export->to);
}

static void put_functions(const struct np_export *export)
{
	const struct np_tree *tree = export->tree;

	for (uint32_t i = 0; i < np_tree_function_count(tree); i++) {
		const struct np_function *function = np_tree_function_at(tree, i);

		fputs(i ? ",\n{\"name\":" : "\n{\"name\":", export->to);
		np_export_json_text(export->to, i ? np_export_name(tree, i) : "");
		fputs(",\"module\":", export->to);
		np_export_json_text(export->to, np_tree_string(tree, function->module));
		fprintf(export->to, ",\"kind\":\"%s\",\"inlined\":%s,\"file\":",
			np_export_kind(function->kind), function->inlined ? "true" : "false");
		np_export_json_text(export->to, np_tree_string(tree, function->file));
		fprintf(export->to, ",\"line\":%u}", function->line);
	}
}

static void put_column(const struct np_export *export, const char *name,
		       void (*put)(const struct np_export *export, uint32_t node))
{
	fprintf(export->to, "\"%s\":[", name);
	for (uint32_t i = 0; i < np_tree_node_count(export->tree); i++) {
		fputs(i ? "," : "", export->to);
		put(export, i);
	}
	fputc(']', export->to);
}

static void put_function(const struct np_export *export, uint32_t node)
{
	fprintf(export->to, "%u", np_tree_node(export->tree, node)->function);
}

static void put_parent(const struct np_export *export, uint32_t node)
{
	fprintf(export->to, "%u", np_tree_node(export->tree, node)->parent);
}

static void put_self(const struct np_export *export, uint32_t node)
{
	np_export_number(export->to, np_tree_node(export->tree, node)->self,
			 np_tree_meta(export->tree)->decimals);
}

static void put_total(const struct np_export *export, uint32_t node)
{
	np_export_number(export->to, np_tree_node(export->tree, node)->total,
			 np_tree_meta(export->tree)->decimals);
}

static void put_samples(const struct np_export *export, uint32_t node)
{
	fprintf(export->to, "%" PRIu64, np_tree_self_samples(export->tree, node));
}

static void put_calls(const struct np_export *export, uint32_t node)
{
	fprintf(export->to, "%" PRIu64, np_tree_calls(export->tree, node));
}

int np_export_json(struct np_export *export)
{
	const struct np_tree_meta *meta = np_tree_meta(export->tree);

	fputs("{\"schema\":\"" NP_EXPORT_JSON_SCHEMA "\"", export->to);
	put_meta(export);
	fputs(",\n\"functions\":[", export->to);
	put_functions(export);
	fputs("],\n\"nodes\":{\n", export->to);
	put_column(export, "function", put_function);
	fputs(",\n", export->to);
	put_column(export, "parent", put_parent);
	fputs(",\n", export->to);
	put_column(export, "self", put_self);
	fputs(",\n", export->to);
	put_column(export, "total", put_total);
	if (meta->samples_known) {
		fputs(",\n", export->to);
		put_column(export, "samples", put_samples);
	}
	if (meta->calls != NP_CALLS_UNKNOWN) {
		fputs(",\n", export->to);
		put_column(export, "calls", put_calls);
	}
	fputs("}}\n", export->to);
	return 0;
}
