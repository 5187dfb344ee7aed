/* SPDX-License-Identifier: MIT
 *
 * page_static.c - the part of a page that needs no script.
 *
 * Context: tools.  An inline SVG of the outer levels, fluid in width: boxes are in percent, names are
 * clipped by the box that is an <svg> of its own.  Then a table.  Classes are those of flame.css.
 */
#include "page_static.h"

#include <stdlib.h>
#include <string.h>

#include "analyze/units.h"
#include "analyze/visible.h"
#include "base/message.h"
#include "colour.h"
#include "diff_internal.h"
#include "layout.h"
#include "xml.h"

#define ROW	    18u
#define LEAST_SHARE 0.004	/* of the width; what is narrower is in the live part only */
#define NAME_SHARE  0.02	/* narrower boxes have no name */

static void put_name(const struct np_tree *tree, const struct np_box *box, FILE *to)
{
	const struct np_node *node = np_tree_node(tree, box->node);
	char count[NP_UNITS_TEXT];

	if (box->type != NP_BOX_FRAME) {
		np_units_count(count, box->frames);
		fprintf(to, "\xe2\x80\xa6 %s frame%s", count, box->frames == 1 ? "" : "s");
	} else if (box->depth == 0) {
		fputs("all", to);
	} else {
		np_xml_put_raw(to, np_tree_string(tree, np_tree_function_at(tree, node->function)->name));
	}
}

/* NODES: of two profiles, else NULL. */
static void put_class(const struct np_tree *tree, const struct np_box *box,
		      const struct np_diff_node *nodes, bool kinds_known, FILE *to)
{
	const struct np_function *function =
		np_tree_function_at(tree, np_tree_node(tree, box->node)->function);
	enum np_colour colour = np_colour_of(function);

	if (box->type != NP_BOX_FRAME) {
		fputs("kn", to);
		return;
	}
	if (nodes) {
		fputs(np_diff_class(&nodes[box->node]), to);
		return;
	}
	if (box->depth == 0)
		colour = NP_COLOUR_THREAD;
	else if (!kinds_known && colour == NP_COLOUR_UNKNOWN)
		colour = NP_COLOUR_OWN;
	fputs(np_colour_class(colour), to);
}

static void put_value(struct np_tree *tree, const struct np_box *box, double share, FILE *to)
{
	char percent[NP_UNITS_TEXT], value[NP_UNITS_TEXT];

	np_units_percent(percent, share);
	np_units_value(value, np_tree_meta(tree), box->width);
	np_xml_put(to, value);
	fputs(" \xc2\xb7 ", to);
	np_xml_put(to, percent);
}

static void put_box(struct np_tree *tree, const struct np_box *box, unsigned y,
		    const struct np_diff_node *nodes, bool kinds_known, FILE *to)
{
	double all = (double)np_tree_node(tree, 0)->total, share = (double)box->width / all;

	fprintf(to, "<svg x=\"%.3f%%\" y=\"%u\" width=\"%.3f%%\" height=\"%u\" class=\"",
		(double)box->left / all * 100, y, share * 100, ROW - 1);
	put_class(tree, box, nodes, kinds_known, to);
	fputs("\"><title>", to);
	put_name(tree, box, to);
	if (!nodes || box->type == NP_BOX_FRAME)
		fputc('\n', to);
	if (!nodes)
		put_value(tree, box, share, to);
	else if (box->type == NP_BOX_FRAME)
		np_diff_put_words(&nodes[box->node], to);
	fputs("</title><rect width=\"100%\" height=\"100%\"/>", to);
	if (share >= NAME_SHARE) {
		fputs("<text x=\"4\" y=\"13\">", to);
		put_name(tree, box, to);
		fputs("</text>", to);
	}
	fputs("</svg>\n", to);
}

static void put_graph(struct np_tree *tree, const struct np_page_options *options, FILE *to)
{
	bool kinds_known = np_colour_is_known(tree);
	struct np_layout layout;
	uint32_t rows;

	np_layout_init(&layout, tree, LEAST_SHARE, LEAST_SHARE);
	rows = layout.rows < NP_PAGE_STATIC_LEVELS ? layout.rows : NP_PAGE_STATIC_LEVELS;
	fprintf(to, "<svg class=\"outer\" width=\"100%%\" height=\"%u\" role=\"img\" "
		"aria-label=\"Flame graph%s, outer levels\">\n", rows * ROW,
		options->nodes ? " of both" : "");
	for (uint32_t i = 0; i < layout.count; i++) {
		const struct np_box *box = &layout.boxes[i];

		if (box->depth < rows)
			put_box(tree, box, (options->icicle ? box->depth : rows - 1 - box->depth) * ROW,
				options->nodes, kinds_known, to);
	}
	fputs("</svg>\n", to);
	if (layout.rows > rows)
		fprintf(to, "<p>The outer %u of %u levels; a browser that runs the page's script shows "
			"all.</p>\n", rows, layout.deepest > layout.rows ? layout.deepest : layout.rows);
	np_layout_finish(&layout);
}

static void put_cell(const char *text, bool is_number, FILE *to)
{
	fputs(is_number ? "<td class=\"number\">" : "<td>", to);
	np_xml_put(to, text);
	fputs("</td>", to);
}

static void put_percent(double share, FILE *to)
{
	char text[NP_UNITS_TEXT];

	np_units_percent(text, share);
	put_cell(text, true, to);
}

static void put_row(const struct np_page_options *options, struct np_tree *tree, size_t at, FILE *to)
{
	const struct np_rank_row *row = &options->ranking->rows[at];
	char *name = np_visible(row->name, NP_VISIBLE_NAME_MAX);
	char *module = np_visible(row->module, NP_VISIBLE_NAME_MAX);
	char text[NP_UNITS_TEXT];
	double samples;

	fprintf(to, "<tr><td class=\"number\">%zu</td>", at + 1);
	put_percent(row->self_share, to);
	put_percent(row->total_share, to);
	if (np_units_samples(np_tree_meta(tree), row->self_samples, &samples) && samples < 1e18)
		np_units_count(text, (uint64_t)(samples + 0.5));
	else
		strcpy(text, "\xe2\x80\x93");
	put_cell(text, true, to);
	snprintf(text, sizeof(text), "%.2f", row->roi);
	put_cell(text, true, to);
	put_percent(row->saves_2, to);
	put_cell(name, false, to);
	put_cell(module, false, to);
	fputs("</tr>\n", to);
	free(name);
	free(module);
}

static void put_table(const struct np_page_options *options, struct np_tree *tree, FILE *to)
{
	size_t count = options->ranking->count;

	fputs("<table><caption>What to look at first</caption>\n<thead><tr><th>#</th><th>Self</th><th>Total</th>"
	      "<th>Samples</th><th>ROI</th><th>At 2\xc3\x97 saves</th><th>Function</th><th>Module</th></tr></thead>\n"
	      "<tbody>\n", to);
	for (size_t i = 0; i < count && i < NP_PAGE_STATIC_ROWS; i++)
		put_row(options, tree, i, to);
	fputs("</tbody></table>\n", to);
	if (count > NP_PAGE_STATIC_ROWS)
		fprintf(to, "<p>The first %u of %zu functions.</p>\n", NP_PAGE_STATIC_ROWS, count);
}

/* Of two profiles. */
static void put_movers(const struct np_page_options *options, FILE *to)
{
	size_t count = options->mover_count;

	fputs("<table><caption>What changed most</caption>\n<thead><tr><th>Before</th><th>After</th><th>Points</th>"
	      "<th>More than noise</th><th>Function</th><th></th></tr></thead>\n<tbody>\n", to);
	for (size_t i = 0; i < count && i < NP_PAGE_STATIC_ROWS; i++) {
		const struct np_page_mover *mover = &options->movers[i];
		char *name = np_visible(mover->name, NP_VISIBLE_NAME_MAX);
		char points[NP_UNITS_TEXT];

		snprintf(points, sizeof(points), "%+.2f", 100 * (mover->after - mover->before));
		fputs("<tr>", to);
		put_percent(mover->before, to);
		put_percent(mover->after, to);
		put_cell(points, true, to);
		put_cell(mover->significant ? "yes" : "no", true, to);
		put_cell(name, false, to);
		fputs("<td class=\"note\">", to);
		if (mover->was)
			np_xml_put_raw(to, mover->was);
		else
			fputs(mover->before <= 0 ? "new" : mover->after <= 0 ? "gone" : "", to);
		fputs("</td></tr>\n", to);
		free(name);
	}
	fputs("</tbody></table>\n", to);
	if (count > NP_PAGE_STATIC_ROWS)
		fprintf(to, "<p>The first %u of %zu functions.</p>\n", NP_PAGE_STATIC_ROWS, count);
}

/* What the colours mean; the widths are said, too. */
static void put_legend(FILE *to)
{
	fputs("<p class=\"shades\">", to);
	for (size_t i = 0; i < NP_DIFF_SWATCHES; i++)
		fprintf(to, "<span><svg class=\"outer %s\" width=\"12\" height=\"12\"><rect width=\"100%%\" "
			"height=\"100%%\"/></svg>%s</span>\n", np_diff_swatches[i].class, np_diff_swatches[i].label);
	fputs("</p>\n<p>Widths: the larger of before and after.</p>\n", to);
}

/* Both in one picture; nothing of it where the values fit no integer, which the table still holds. */
static void put_both(const struct np_tree *tree, const struct np_page_options *options, FILE *to)
{
	struct np_tree *drawn = np_diff_tree(tree, options->nodes, NP_DIFF_UNION);

	if (drawn && np_tree_node(drawn, 0)->total > 0) {
		put_legend(to);
		put_graph(drawn, options, to);
	}
	np_tree_destroy(drawn);
}

void np_page_static(struct np_tree *tree, const struct np_page_options *options, FILE *to)
{
	fputs("<div id=\"np-static\">\n", to);
	if (options->nodes) {
		put_both(tree, options, to);
		put_movers(options, to);
	} else {
		put_graph(tree, options, to);
		put_table(options, tree, to);
	}
	fputs("</div>\n", to);
}
