/* SPDX-License-Identifier: MIT
 *
 * svg_frames.c - the boxes of the picture.
 *
 * Context: tools.  Each box is a group: its words (<title>, shown by browsers when the pointer
 * rests on it), a rectangle, and as much of the name as fits.  data-b carries what the script
 * needs to place it exactly: left, width, depth, index of the parent box.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/units.h"
#include "analyze/visible.h"
#include "colour.h"
#include "paint.h"
#include "svg_internal.h"
#include "xml.h"

#define LABEL_PAD 4.0		/* px left and right of a name */
#define LABEL_MIN 3u		/* fewer characters say nothing */

static double pixels(const struct np_svg *svg, uint64_t value)
{
	return (double)value / (double)np_tree_node(svg->tree, 0)->total *
	       (svg->width - 2.0 * NP_SVG_SIDE);
}

/* Shortest form of a coordinate: two decimals, no trailing zeros. */
static void put_number(FILE *to, const char *name, double number)
{
	char text[48];
	size_t n = (size_t)snprintf(text, sizeof(text), "%.2f", number);

	while (text[n - 1] == '0')
		n--;
	if (text[n - 1] == '.')
		n--;
	fprintf(to, " %s=\"%.*s\"", name, (int)n, text);
}

static void put_share(FILE *to, double share, const char *of)
{
	char text[NP_UNITS_TEXT];

	np_units_percent(text, share);
	fputs(" \xc2\xb7 ", to);
	np_xml_put(to, text);	/* it may begin with a '<' */
	fputs(of, to);
}

static void put_value(struct np_svg *svg, uint64_t value, uint64_t samples)
{
	const struct np_tree_meta *meta = np_tree_meta(svg->tree);
	char text[NP_UNITS_TEXT];

	np_units_value(text, meta, value);
	np_xml_put_raw(svg->to, text);
	if (meta->samples_known && (np_units_is_time(meta) || value != samples)) {
		np_units_count(text, samples);
		fprintf(svg->to, " \xc2\xb7 %s sample%s", text, samples == 1 ? "" : "s");
	}
}

/* What stands between the name and the figures: module, place in the source, whose code. */
static void put_origin(struct np_svg *svg, const struct np_function *function)
{
	const char *module = np_tree_string(svg->tree, function->module);
	const char *file = np_tree_string(svg->tree, function->file);
	const char *separator = "";

	if (*module) {
		np_xml_put_raw(svg->to, module);
		separator = " \xc2\xb7 ";
	}
	if (*file) {
		fputs(separator, svg->to);
		np_xml_put_raw(svg->to, file);
		if (function->line)
			fprintf(svg->to, ":%" PRIu32, function->line);
		separator = " \xc2\xb7 ";
	}
	if (function->kind != NP_KIND_UNKNOWN)
		fprintf(svg->to, "%s%s%s", separator, np_units_kind(function->kind),
			function->inlined ? ", inlined" : "");
	else if (function->inlined)
		fprintf(svg->to, "%sinlined", separator);
	else if (!*separator)
		return;
	fputc('\n', svg->to);
}

static void put_words(struct np_svg *svg, const struct np_box *box, const char *name)
{
	const struct np_node *node = np_tree_node(svg->tree, box->node);
	double root = (double)np_tree_node(svg->tree, 0)->total;
	const struct np_box *parent = &svg->layout->boxes[box->parent];
	uint64_t samples = np_tree_total_samples(svg->tree, box->node);
	char text[NP_UNITS_TEXT];

	fputs("<title>", svg->to);
	np_xml_put(svg->to, name);
	fputc('\n', svg->to);
	if (svg->options->paint && box->type == NP_BOX_FRAME) {
		put_origin(svg, np_tree_function_at(svg->tree, node->function));
		svg->options->paint->put_words(svg->options->paint->context, box->node, svg->to);
		fputs("</title>", svg->to);
		return;
	}
	if (box->type == NP_BOX_FRAME) {
		put_origin(svg, np_tree_function_at(svg->tree, node->function));
		put_value(svg, box->width, samples);
	} else if (!svg->options->paint) {
		np_units_value(text, np_tree_meta(svg->tree), box->width);
		np_xml_put_raw(svg->to, text);
	}
	put_share(svg->to, (double)box->width / root, " of all");
	if (box->depth > 0)
		put_share(svg->to, (double)box->width / (double)parent->width, " of parent");
	if (box->type == NP_BOX_FRAME && box->depth > 0) {
		np_units_percent(text, (double)node->self / root);
		fputs(" \xc2\xb7 self ", svg->to);
		np_xml_put(svg->to, text);
	}
	fputs("</title>", svg->to);
}

static char *name_of(struct np_svg *svg, const struct np_box *box)
{
	const struct np_function *function;
	char count[NP_UNITS_TEXT], share[NP_UNITS_TEXT], text[3 * NP_UNITS_TEXT];

	np_units_count(count, box->frames);
	np_units_percent(share, (double)box->width / (double)np_tree_node(svg->tree, 0)->total);
	if (box->type == NP_BOX_NARROW)
		snprintf(text, sizeof(text), "\xe2\x80\xa6 %s frame%s, %s", count,
			 box->frames == 1 ? "" : "s", share);
	else if (box->type == NP_BOX_DEEPER)
		snprintf(text, sizeof(text), "\xe2\x80\xa6 deeper: %s frame%s, %s", count,
			 box->frames == 1 ? "" : "s", share);
	else if (box->depth == 0)
		strcpy(text, "all");
	else {
		function = np_tree_function_at(svg->tree,
					       np_tree_node(svg->tree, box->node)->function);
		return np_visible(np_tree_string(svg->tree, function->name), NP_VISIBLE_NAME_MAX);
	}
	return np_visible(text, 0);
}

/* "t" is for boxes too thin for an outline. */
static void put_class(struct np_svg *svg, const struct np_box *box, double width)
{
	const struct np_function *function =
		np_tree_function_at(svg->tree, np_tree_node(svg->tree, box->node)->function);
	enum np_colour colour = np_colour_of(function);
	uint32_t by_name, by_module;

	if (box->type != NP_BOX_FRAME) {
		fputs(width < 4 ? "f kn t" : "f kn", svg->to);
		return;
	}
	if (box->depth == 0) {
		fputs("f kt h0 s0", svg->to);
		return;
	}
	if (svg->options->paint) {
		fprintf(svg->to, "f %s%s", svg->options->paint->class_of(svg->options->paint->context,
			box->node), width < 4 ? " t" : "");
		return;
	}
	if (svg->options->colours && svg->options->colours->classes) {
		uint32_t id = np_tree_node(svg->tree, box->node)->function;

		fprintf(svg->to, "f q q%" PRIu32 "%s", svg->options->colours->classes[id],
			width < 4 ? " t" : "");
		return;
	}
	by_name = np_colour_hash(np_tree_string(svg->tree, function->name));
	by_module = np_colour_hash(np_tree_string(svg->tree, function->module));
	if (!svg->kinds_known && colour == NP_COLOUR_UNKNOWN) {
		colour = NP_COLOUR_OWN;
		by_module = by_name / 3;
	}
	fprintf(svg->to, "f %s h%" PRIu32 " s%" PRIu32 "%s", np_colour_class(colour), by_module % 3,
		by_name % 3, width < 4 ? " t" : "");
}

static void put_label(struct np_svg *svg, const char *name, double x, double y, double width)
{
	double room = (width - 2 * LABEL_PAD) / NP_SVG_GLYPH;
	size_t columns = room > 0 ? (size_t)room : 0, length;

	if (columns < LABEL_MIN)
		return;
	fputs("<text", svg->to);
	put_number(svg->to, "x", x + LABEL_PAD);
	put_number(svg->to, "y", y + 13);
	fputc('>', svg->to);
	if (np_visible_columns(name) <= columns) {
		np_xml_put(svg->to, name);
	} else {
		length = np_visible_prefix(name, columns - 1);
		np_xml_put_bytes(svg->to, name, length);
		fputs("\xe2\x80\xa6", svg->to);
	}
	fputs("</text>", svg->to);
}

static void put_box(struct np_svg *svg, const struct np_box *box, const uint64_t *views)
{
	unsigned row = svg->options->icicle ? box->depth : svg->layout->rows - 1 - box->depth;
	double x = NP_SVG_SIDE + pixels(svg, box->left), width = pixels(svg, box->width);
	double y = svg->top + (double)row * NP_SVG_ROW;
	char *name = name_of(svg, box);

	fputs("<g class=\"", svg->to);
	put_class(svg, box, width);
	fprintf(svg->to, "\" data-b=\"%" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu32 "\"", box->left,
		box->width, box->depth, box->parent);
	if (views)
		fprintf(svg->to, " data-v=\"%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\"", views[0],
			views[1], views[2], views[3]);
	fputc('>', svg->to);
	put_words(svg, box, name);
	fputs("<rect", svg->to);
	put_number(svg->to, "x", x);
	put_number(svg->to, "y", y);
	/* A gap to the right neighbour, as long as there is something left. */
	put_number(svg->to, "width", width > 2 ? width - 0.7 : width);
	fprintf(svg->to, " height=\"%d\"%s/>", NP_SVG_ROW - 1, width > 8 ? " rx=\"2\"" : "");
	put_label(svg, name, x, y, width);
	fputs("</g>\n", svg->to);
	free(name);
}

void np_svg_frames(struct np_svg *svg)
{
	bool has_views = svg->options->paint && svg->options->paint->shares;
	uint64_t *views = has_views ? np_svg_views(svg) : NULL;

	fputs("<g id=\"frames\">\n", svg->to);
	for (uint32_t i = 0; i < svg->layout->count; i++)
		put_box(svg, &svg->layout->boxes[i], views ? views + 4 * (size_t)i : NULL);
	fputs("</g>\n", svg->to);
	free(views);
}
