/* SPDX-License-Identifier: MIT
 *
 * svg.c - the document around the boxes: title, what was measured, legend, notes, style, script.
 *
 * Context: tools.
 */
#include "svg.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/units.h"
#include "analyze/visible.h"
#include "assets.h"
#include "base/message.h"
#include "colour.h"
#include "paint.h"
#include "svg_internal.h"
#include "xml.h"

#define TITLE_BASE    28	/* y of the baselines, px */
#define SUBTITLE_BASE 47
#define LINE	      16
#define NOTE_LINES    3		/* of comments; <desc> has all */
#define NOTE_GLYPH    6.6	/* a character of them, rounded up */
#define LEGEND_GLYPH  6.9	/* a character of the legend, rounded up */
#define BOTTOM	      12

static void put_text(struct np_svg *svg, const char *class, double x, double y, const char *text)
{
	size_t columns = (size_t)((svg->width - x - NP_SVG_SIDE) / NOTE_GLYPH);
	char *fitted = np_visible_middle(text, columns);

	fprintf(svg->to, "<text class=\"%s\" x=\"%.0f\" y=\"%.0f\">", class, x, y);
	np_xml_put(svg->to, fitted);
	fputs("</text>\n", svg->to);
	free(fitted);
}

static char *subtitle_of(struct np_svg *svg)
{
	char *raw, *with_source, *visible;

	if (svg->options->paint)
		return np_xstrdup(svg->options->paint->subtitle);
	raw = np_units_summary(svg->tree);
	if (!svg->options->source && !svg->options->subtitle)
		return raw;
	with_source = np_xasprintf("%s%s%s%s%s", svg->options->subtitle ? svg->options->subtitle : "",
				   svg->options->subtitle ? " \xc2\xb7 " : "", raw,
				   svg->options->source ? " \xc2\xb7 " : "",
				   svg->options->source ? svg->options->source : "");
	visible = np_visible(with_source, NP_VISIBLE_NAME_MAX);
	free(raw);
	free(with_source);
	return visible;
}

/* Bytes of TEXT for a line of ROOM columns: whole words, or what fits of one that is longer. */
static size_t line_length(const char *text, size_t room)
{
	size_t fits = np_visible_prefix(text, room), end = fits;

	if (!text[fits])
		return fits;
	while (end > 0 && text[end] != ' ')
		end--;
	return end ? end : fits;
}

/* How good the profile is, on a few lines.  Returns the y below. */
static unsigned put_notes(struct np_svg *svg, unsigned y)
{
	size_t room = (size_t)((svg->width - 2 * NP_SVG_SIDE) / NOTE_GLYPH);
	char *notes = np_units_notes(svg->tree);
	const char *rest = notes;

	for (unsigned line = 1; *rest && line <= NOTE_LINES; line++) {
		size_t length = line < NOTE_LINES ? line_length(rest, room) : strlen(rest);
		char *text = np_xasprintf("%.*s", (int)length, rest);

		put_text(svg, "note", NP_SVG_SIDE, y, text);
		free(text);
		rest += length;
		rest += strspn(rest, " ");
		y += LINE;
	}
	free(notes);
	return y;
}

/* One entry; begins a new line when it does not fit. */
static void put_swatch(struct np_svg *svg, double *x, unsigned *y, const char *class,
		       const char *label)
{
	double width = 18 + LEGEND_GLYPH * (double)np_visible_columns(label) + 16;

	if (*x > NP_SVG_SIDE && *x + width > svg->width - NP_SVG_SIDE) {
		*x = NP_SVG_SIDE;
		*y += LINE + 2;
	}
	fprintf(svg->to, "<g class=\"%s\"><rect x=\"%.0f\" y=\"%u\" width=\"11\" height=\"11\" "
		"rx=\"2\"/></g><text class=\"note\" x=\"%.0f\" y=\"%u\">%s</text>\n", class, *x,
		*y - 10, *x + 16, *y, label);
	*x += width;
}

static unsigned put_swatches(struct np_svg *svg, unsigned y)
{
	const struct np_svg_paint *paint = svg->options->paint;
	double x = NP_SVG_SIDE;

	fputs("<g id=\"legend\">\n", svg->to);
	for (size_t i = 0; i < paint->swatch_count; i++)
		put_swatch(svg, &x, &y, paint->swatches[i].class, paint->swatches[i].label);
	fputs("</g>\n", svg->to);
	return y + LINE;
}

/* Where the time was spent itself, by kind.  Returns the y below it. */
static unsigned put_legend(struct np_svg *svg, unsigned y)
{
	uint64_t self[NP_COLOUR_MAX] = {0};
	bool present[NP_COLOUR_MAX] = {false};
	double x = NP_SVG_SIDE;

	for (uint32_t i = 1; i < np_tree_node_count(svg->tree); i++) {
		const struct np_node *node = np_tree_node(svg->tree, i);
		enum np_colour colour = np_colour_of(np_tree_function_at(svg->tree, node->function));

		self[colour] += node->self;
		present[colour] = present[colour] || node->total > 0;
	}
	fputs("<g id=\"legend\">\n", svg->to);
	for (int i = 0; i < NP_COLOUR_MAX; i++) {
		char share[NP_UNITS_TEXT];
		double width;

		if (!present[i])
			continue;
		np_units_percent(share, (double)self[i] / (double)np_tree_node(svg->tree, 0)->total);
		width = 18 + LEGEND_GLYPH * (double)(np_visible_columns(np_colour_label(i)) + 1 +
						     np_visible_columns(share)) + 16;
		if (x > NP_SVG_SIDE && x + width > svg->width - NP_SVG_SIDE) {
			x = NP_SVG_SIDE;
			y += LINE + 2;
		}
		fprintf(svg->to, "<g class=\"%s h0 s0\"><rect x=\"%.0f\" y=\"%u\" width=\"11\" "
			"height=\"11\" rx=\"2\"/></g><text class=\"note\" x=\"%.0f\" y=\"%u\">%s "
			"<tspan class=\"strong\">", np_colour_class(i), x, y - 10, x + 16, y,
			np_colour_label(i));
		np_xml_put(svg->to, share);
		fputs("</tspan></text>\n", svg->to);
		x += width;
	}
	fputs("</g>\n", svg->to);
	return y + LINE;
}

/* What the picture leaves out. */
static unsigned put_omissions(struct np_svg *svg, unsigned y)
{
	const struct np_layout *layout = svg->layout;
	double root = (double)np_tree_node(svg->tree, 0)->total;
	char count[NP_UNITS_TEXT], share[NP_UNITS_TEXT], text[5 * NP_UNITS_TEXT];
	char limit[NP_UNITS_TEXT];

	if (layout->narrow_frames > 0) {
		np_units_count(count, layout->narrow_frames);
		np_units_percent(share, (double)layout->undrawn / root);
		np_units_percent(limit, (double)layout->least / root);
		snprintf(text, sizeof(text), "%s frame%s under %s each: merged into boxes marked "
			 "\xe2\x80\xa6; %s of the time is at tips too thin even for those", count,
			 layout->narrow_frames == 1 ? "" : "s", limit, share);
		put_text(svg, "note", NP_SVG_SIDE, y, text);
		y += LINE;
	}
	if (layout->deep_frames > 0) {
		np_units_count(count, layout->deep_frames);
		snprintf(text, sizeof(text), "%s frames lie deeper than %u rows (the deepest at %" PRIu32
			 ") and are one box per stack", count, NP_LAYOUT_ROWS_MAX - 2, layout->deepest);
		put_text(svg, "note", NP_SVG_SIDE, y, text);
		y += LINE;
	}
	return y;
}

static unsigned omission_lines(const struct np_layout *layout)
{
	return (layout->narrow_frames > 0) + (layout->deep_frames > 0);
}

static void put_description(struct np_svg *svg, const char *title, const char *subtitle)
{
	fputs("<title id=\"np-title\">", svg->to);
	np_xml_put(svg->to, title);
	fputs("</title>\n<desc id=\"np-desc\">Flame graph: each box is a function, its width the share "
	      "of the time it was on the stack, its parent the function that called it. ", svg->to);
	np_xml_put(svg->to, subtitle);
	for (size_t i = 0; i < np_tree_comment_count(svg->tree); i++) {
		fputc('\n', svg->to);
		np_xml_put_raw(svg->to, np_tree_comment(svg->tree, i));
	}
	fputs("</desc>\n", svg->to);
}

/* The lines above the boxes, in memory, because the boxes begin where they end. */
static char *head_of(struct np_svg *svg, const char *title, const char *subtitle, unsigned *ret_end)
{
	unsigned y = SUBTITLE_BASE + LINE + 2;
	FILE *to = svg->to;
	char *head = NULL;
	size_t size;

	svg->to = open_memstream(&head, &size);
	if (!svg->to)
		np_die(NP_EXIT_FAILURE, "out of memory");
	put_text(svg, "head", NP_SVG_SIDE, TITLE_BASE, title);
	put_text(svg, "note", NP_SVG_SIDE, SUBTITLE_BASE, subtitle);
	y = put_notes(svg, y);
	if (svg->options->paint)
		y = put_swatches(svg, y + 2);
	else if (svg->kinds_known && (!svg->options->colours || !svg->options->colours->classes))
		y = put_legend(svg, y + 2);
	if (fclose(svg->to) != 0)
		np_die(NP_EXIT_FAILURE, "out of memory");
	svg->to = to;
	*ret_end = y;
	return head;
}

static void put_document(struct np_svg *svg, const char *title, const char *subtitle,
			 const char *head)
{
	fprintf(svg->to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"np\" width=\"%u\" height=\"%u\" "
		"viewBox=\"0 0 %u %u\" preserveAspectRatio=\"xMinYMin meet\" role=\"img\" "
		"aria-labelledby=\"np-title np-desc\" data-rows=\"%" PRIu32 "\" data-top=\"%u\" "
		"data-icicle=\"%d\">\n", svg->width, svg->height, svg->width, svg->height,
		svg->layout->rows, svg->top, svg->options->icicle);
	put_description(svg, title, subtitle);
	fprintf(svg->to, "<style><![CDATA[\n%s%s]]></style>\n", np_asset_flame_css,
		svg->options->colours ? svg->options->colours->style : "");
	fprintf(svg->to, "<rect id=\"ground\" width=\"100%%\" height=\"100%%\"/>\n"
		"<g id=\"head\">\n%s</g>\n", head);
	np_svg_frames(svg);
	fputs("<g id=\"foot\">\n", svg->to);
	put_omissions(svg, svg->top + svg->layout->rows * NP_SVG_ROW + LINE);
	fprintf(svg->to, "</g>\n<script><![CDATA[\n%s]]></script>\n</svg>\n", np_asset_flame_js);
}

double np_svg_inside(unsigned width)
{
	return width - 2.0 * NP_SVG_SIDE;
}

int np_svg_write(struct np_tree *tree, const struct np_svg_options *options, FILE *to)
{
	unsigned width = options->width ? options->width : NP_SVG_WIDTH_DEFAULT;
	double inside = np_svg_inside(width);
	struct np_layout layout;
	struct np_svg svg = { .to = to, .tree = tree, .options = options, .layout = &layout,
			      .width = width, .kinds_known = np_colour_is_known(tree) };
	char *subtitle, *title, *head;
	int rc = 0;

	np_layout_init(&layout, tree, options->narrow_px < 0 ? -1 : options->narrow_px / inside,
		       NP_SVG_NARROW_PX / inside);
	subtitle = subtitle_of(&svg);
	title = np_visible(options->title ? options->title : "Flame graph", NP_VISIBLE_NAME_MAX);
	head = head_of(&svg, title, subtitle, &svg.top);
	svg.height = svg.top + layout.rows * NP_SVG_ROW + omission_lines(&layout) * LINE + BOTTOM;
	errno = 0;
	put_document(&svg, title, subtitle, head);
	if (fflush(to) != 0 || ferror(to))
		rc = errno ? -errno : -EIO;
	free(subtitle);
	free(title);
	free(head);
	np_layout_finish(&layout);
	return rc;
}
