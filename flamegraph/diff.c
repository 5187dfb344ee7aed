/* SPDX-License-Identifier: MIT
 *
 * diff.c - colours, words and legend of a picture of two profiles.  Context: tools.
 *
 * Layout and boxes are those of every picture; only what a box looks like and says differs, which
 * struct np_svg_paint is for.
 */
#include "diff.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/units.h"
#include "base/message.h"
#include "diff_internal.h"
#include "xml.h"

/* Relative change from which a colour is the stronger one. */
#define STRONG 0.3

enum shade { SAME = 0, LESS, MUCH_LESS, GONE, MORE, MUCH_MORE, NEW, SHADES = NP_DIFF_SWATCHES };

const struct np_svg_swatch np_diff_swatches[NP_DIFF_SWATCHES] = {
	[NEW] = { "dn", "new" },		     [MUCH_MORE] = { "dm", "over 30 % more" },
	[MORE] = { "dp", "more" },		     [SAME] = { "ds", "no significant change" },
	[LESS] = { "dl", "less" },		     [MUCH_LESS] = { "dk", "over 30 % less" },
	[GONE] = { "dg", "gone" },
};

struct picture {
	const struct np_diff_node *nodes;
};

static enum shade shade_of(const struct np_diff_node *node)
{
	double change = node->after - node->before;

	if (!node->significant || change == 0)
		return SAME;
	if (node->before <= 0)
		return NEW;
	if (node->after <= 0)
		return GONE;
	if (change > 0)
		return change > STRONG * node->before ? MUCH_MORE : MORE;
	return -change > STRONG * node->before ? MUCH_LESS : LESS;
}

const char *np_diff_class(const struct np_diff_node *node)
{
	return np_diff_swatches[shade_of(node)].class;
}

static const char *class_of(void *context, uint32_t node)
{
	const struct picture *picture = context;

	return np_diff_class(&picture->nodes[node]);
}

static void put_pair(FILE *to, double before, double after)
{
	char text[NP_UNITS_TEXT];

	np_units_percent(text, before);
	np_xml_put(to, text);
	fputs(" \xe2\x86\x92 ", to);
	np_units_percent(text, after);
	np_xml_put(to, text);
}

void np_diff_put_words(const struct np_diff_node *node, FILE *to)
{
	put_pair(to, node->before, node->after);
	fprintf(to, " (%+.2f points", 100 * (node->after - node->before));
	if (node->before > 0 && node->after > 0)
		fprintf(to, ", \xc3\x97%.2f", node->after / node->before);
	else if (node->before > 0 || node->after > 0)
		fputs(node->after > 0 ? ", new" : ", gone", to);
	fputs(")\nself ", to);
	put_pair(to, node->before_self, node->after_self);
	if (node->q >= 1)
		fputs(" \xc2\xb7 no significant change", to);
	else
		fprintf(to, " \xc2\xb7 %s (q %.4f)", node->significant ? "significant"
			: "no significant change", node->q);
	if (node->was) {
		fputs("\nlikely renamed, was ", to);
		np_xml_put_raw(to, node->was);
	}
}

static void put_words(void *context, uint32_t at, FILE *to)
{
	const struct picture *picture = context;

	np_diff_put_words(&picture->nodes[at], to);
}

static void shares(void *context, uint32_t at, double totals[2], double selfs[2])
{
	const struct picture *picture = context;
	const struct np_diff_node *node = &picture->nodes[at];

	totals[0] = node->before;
	totals[1] = node->after;
	selfs[0] = node->before_self;
	selfs[1] = node->after_self;
}

static uint64_t value_of(const struct np_diff_node *node, enum np_diff_view view)
{
	double share = view == NP_DIFF_BEFORE ? node->before_self
		     : view == NP_DIFF_AFTER  ? node->after_self
					      : fmax(node->before_self, node->after_self);

	return share > 0 ? (uint64_t)llround(share * NP_SVG_PARTS) : 0;
}

static uint32_t carry(struct np_tree *to, const struct np_tree *from, uint32_t word)
{
	const char *text = np_tree_string(from, word);

	return np_tree_intern(to, text, strlen(text));
}

struct np_tree *np_diff_tree(const struct np_tree *tree, const struct np_diff_node *nodes,
			     enum np_diff_view view)
{
	uint32_t function_count = np_tree_function_count(tree), count = np_tree_node_count(tree);
	uint32_t *functions = np_xcalloc(function_count, sizeof(*functions));
	struct np_tree *to = np_tree_create();
	bool fits = true;

	for (uint32_t i = 1; i < function_count; i++) {
		struct np_function function = *np_tree_function_at(tree, i);

		function.name = carry(to, tree, function.name);
		function.module = carry(to, tree, function.module);
		function.file = carry(to, tree, function.file);
		functions[i] = np_tree_function(to, &function);
	}
	for (uint32_t i = 0; i < count && fits; i++) {
		const struct np_node *node = np_tree_node(tree, i);

		if (i > 0)
			np_tree_child(to, node->parent, functions[node->function]);
		fits = np_tree_add(to, i, value_of(&nodes[i], view), 0, 0) == 0;
	}
	free(functions);
	if (fits) {
		np_tree_finish(to);
		np_tree_sort(to);
		return to;
	}
	np_tree_destroy(to);
	return NULL;
}

int np_diff_svg_write(const struct np_tree *tree, const struct np_diff_node *nodes,
		      enum np_diff_view view, const char *subtitle,
		      const struct np_svg_options *options, FILE *to)
{
	struct picture picture = { .nodes = nodes };
	const struct np_svg_paint paint = { .context = &picture, .class_of = class_of,
		.put_words = put_words, .shares = view == NP_DIFF_UNION ? shares : NULL,
		.subtitle = subtitle, .swatches = np_diff_swatches, .swatch_count = SHADES };
	struct np_svg_options with_paint = *options;
	struct np_tree *drawn = np_diff_tree(tree, nodes, view);
	int rc = -ENODATA;

	if (!drawn)
		return -EOVERFLOW;
	with_paint.paint = &paint;
	if (np_tree_node(drawn, 0)->total > 0)
		rc = np_svg_write(drawn, &with_paint, to);
	np_tree_destroy(drawn);
	return rc;
}
