/* SPDX-License-Identifier: MIT
 *
 * report_drawing.c - options of pictures and what they do.  Context: tools.
 */
#include "report_drawing.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/message.h"
#include "profile/folded_value.h"
#include "report.h"
#include "report_input.h"

const char np_drawing_help[] =
	"      --title TEXT         its title\n"
	"      --subtitle TEXT      before what was measured, below the title\n"
	"      --icicle             root at the top (also --inverted)\n"
	"      --reverse            stacks upside down: who calls what is hot\n"
	"      --flamechart         along time, unmerged: folded stacks in their order\n"
	"      --width PX           width before the browser fits it to its window (1200)\n"
	"      --minwidth PX|N%     merge what is narrower (0.1, and more in very large profiles)\n"
	"      --colors PALETTE     by name instead of by kind: hot, mem, io, red, green, blue, aqua,\n"
	"                           yellow, orange, purple, wakeup, chain, java, js, perl\n"
	"      --bgcolors COLOUR    yellow, blue, green, grey, #rrggbb\n"
	"      --cp                 keep the colours of names in palette.map\n"
	"      --countname TEXT     what is counted (samples)\n"
	"      --total N            what all is, when the profile holds a part\n"
	"      --factor N           multiply every value\n"
	"      --notes TEXT         a note in the picture\n"
	"      flamegraph.pl's other options are accepted: --hash and --random as they are always,\n"
	"      --height, --fonttype, --fontsize, --nametype, --nameattr, --negate and --encoding with\n"
	"      a line that says why they change nothing\n";

enum { OPT_TITLE = 1000, OPT_SUBTITLE, OPT_ICICLE, OPT_REVERSE, OPT_FLAMECHART, OPT_WIDTH, OPT_MINWIDTH,
       OPT_COLORS, OPT_BGCOLORS, OPT_CP, OPT_COUNTNAME, OPT_TOTAL, OPT_FACTOR, OPT_NOTES, OPT_SAME,
       OPT_ENCODING, OPT_IGNORED };

/* What changes nothing, from OPT_IGNORED on, and why. */
static const struct {
	const char *name;
	int has_arg;
	const char *why;
} ignored[] = {
	{ "height", required_argument, "rows are as high as the script of the picture expects" },
	{ "fonttype", required_argument, "names are fitted by the width of a monospace font" },
	{ "fontsize", required_argument, "names are fitted by the width of a monospace font" },
	{ "fontwidth", required_argument, "names are fitted by the width of a monospace font" },
	{ "nametype", required_argument, "a box is described without a word before its name" },
	{ "nameattr", required_argument, "pictures carry no links and no attributes from elsewhere" },
	{ "negate", no_argument, "there is one column of values; neuroprof-report diff compares two profiles" },
};

#define IGNORED_COUNT (sizeof(ignored) / sizeof(*ignored))

static const struct option options[] = {
	{ "title", required_argument, NULL, OPT_TITLE },
	{ "subtitle", required_argument, NULL, OPT_SUBTITLE },
	{ "icicle", no_argument, NULL, OPT_ICICLE },
	{ "inverted", no_argument, NULL, OPT_ICICLE },
	{ "reverse", no_argument, NULL, OPT_REVERSE },
	{ "flamechart", no_argument, NULL, OPT_FLAMECHART },
	{ "width", required_argument, NULL, OPT_WIDTH },
	{ "minwidth", required_argument, NULL, OPT_MINWIDTH },
	{ "colors", required_argument, NULL, OPT_COLORS },
	{ "bgcolors", required_argument, NULL, OPT_BGCOLORS },
	{ "cp", no_argument, NULL, OPT_CP },
	{ "countname", required_argument, NULL, OPT_COUNTNAME },
	{ "total", required_argument, NULL, OPT_TOTAL },
	{ "factor", required_argument, NULL, OPT_FACTOR },
	{ "notes", required_argument, NULL, OPT_NOTES },
	{ "hash", no_argument, NULL, OPT_SAME },
	{ "random", no_argument, NULL, OPT_SAME },
	{ "encoding", required_argument, NULL, OPT_ENCODING },
};

#define OPTION_COUNT (sizeof(options) / sizeof(*options))

void np_drawing_init(struct np_drawing *drawing)
{
	*drawing = (struct np_drawing){ .narrow_px = -1, .narrow_share = -1 };
}

struct option *np_drawing_options(const struct option *own)
{
	struct option rows[OPTION_COUNT + IGNORED_COUNT + 1];

	memset(rows, 0, sizeof(rows));
	memcpy(rows, options, sizeof(options));
	for (size_t i = 0; i < IGNORED_COUNT; i++)
		rows[OPTION_COUNT + i] = (struct option){ ignored[i].name, ignored[i].has_arg, NULL,
							  OPT_IGNORED + (int)i };
	return np_options_join(own, rows);
}

/* Pixels, or a part of all in percent. */
static void take_minwidth(struct np_drawing *drawing, const char *text)
{
	size_t length = strlen(text);

	drawing->narrow_px = drawing->narrow_share = -1;
	if (length > 0 && text[length - 1] == '%') {
		char *percent = np_xasprintf("%.*s", (int)length - 1, text);

		drawing->narrow_share = np_report_number("--minwidth", percent, 0, 100) / 100;
		free(percent);
	} else {
		drawing->narrow_px = np_report_number("--minwidth", text, 0, NP_SVG_WIDTH_MAX);
	}
}

/* Values are exact: decimal digits, no exponent. */
static const char *value(const char *option, const char *text)
{
	struct np_folded_value parsed;
	const char *reason;

	if (np_folded_value_parse(text, strlen(text), &parsed, &reason) < 0 || parsed.units == 0 ||
	    parsed.rounded)
		np_die(NP_EXIT_USAGE, "%s: '%s' is no number above zero with at most %u decimals", option, text,
		       NP_FOLDED_DECIMALS_MAX);
	return text;
}

/* What goes with a choice from a list. */
static const char *one_of(const char *option, const char *text, bool is_known, const char *known)
{
	if (!is_known)
		np_die(NP_EXIT_USAGE, "%s: '%s' is none of %s", option, text, known);
	return text;
}

static bool take_switch(struct np_drawing *drawing, int option)
{
	switch (option) {
	case OPT_ICICLE:
		drawing->icicle = true;
		return true;
	case OPT_REVERSE:
		drawing->reverse = true;
		return true;
	case OPT_FLAMECHART:
		drawing->in_order = true;
		return true;
	case OPT_CP:
		drawing->use_map = true;
		return true;
	case OPT_SAME:		/* by name, the same in every picture: what they are for */
		return true;
	default:
		return false;
	}
}

bool np_drawing_take(struct np_drawing *drawing, int option, const char *argument)
{
	if (option < OPT_TITLE || take_switch(drawing, option))
		return option >= OPT_TITLE;
	switch (option) {
	case OPT_TITLE:
		drawing->title = argument;
		break;
	case OPT_SUBTITLE:
		drawing->subtitle = argument;
		break;
	case OPT_WIDTH:
		drawing->width = (unsigned)np_report_number("--width", argument, NP_SVG_WIDTH_MIN,
						  NP_SVG_WIDTH_MAX);
		break;
	case OPT_MINWIDTH:
		take_minwidth(drawing, argument);
		break;
	case OPT_COLORS:
		drawing->colours = one_of("--colors", argument, np_palette_is_name(argument),
					  np_palette_names);
		break;
	case OPT_BGCOLORS:
		drawing->ground = one_of("--bgcolors", argument, np_palette_is_ground(argument),
					 "yellow, blue, green, grey, #rrggbb");
		break;
	case OPT_COUNTNAME:
		drawing->count_name = argument;
		break;
	case OPT_TOTAL:
		drawing->total = value("--total", argument);
		break;
	case OPT_FACTOR:
		drawing->factor = value("--factor", argument);
		break;
	case OPT_NOTES:
		drawing->notes = argument;
		break;
	case OPT_ENCODING:
		if (strcasecmp(argument, "utf-8") != 0 && strcasecmp(argument, "utf8") != 0)
			np_note("--encoding %s changes nothing: pictures are UTF-8", argument);
		break;
	default:
		np_note("--%s changes nothing: %s", ignored[option - OPT_IGNORED].name,
			ignored[option - OPT_IGNORED].why);
	}
	return true;
}

static void scale(const char *option, struct np_tree *tree, uint64_t factor)
{
	if (np_tree_scale(tree, factor) < 0)
		np_die(NP_EXIT_FAILURE, "%s: the values would pass 64 bits", option);
}

static void apply_factor(const char *text, struct np_tree *tree)
{
	struct np_tree_meta *meta = np_tree_meta(tree);
	struct np_folded_value factor;
	const char *reason;

	np_folded_value_parse(text, strlen(text), &factor, &reason);
	if (meta->decimals + factor.decimals > NP_FOLDED_DECIMALS_MAX)
		np_die(NP_EXIT_FAILURE, "--factor: the values would have more than %u decimals",
		       NP_FOLDED_DECIMALS_MAX);
	scale("--factor", tree, factor.units);
	meta->decimals += factor.decimals;
}

/* What is missing to TEXT belongs to no function: it is empty beside the others. */
static void apply_total(const char *text, struct np_tree *tree)
{
	struct np_tree_meta *meta = np_tree_meta(tree);
	struct np_folded_value total;
	const char *reason;
	uint64_t have, factor = 1;

	np_folded_value_parse(text, strlen(text), &total, &reason);
	if (total.decimals > meta->decimals) {
		np_folded_value_scale(&factor, total.decimals - meta->decimals);
		scale("--total", tree, factor);
		meta->decimals = total.decimals;
	} else if (np_folded_value_scale(&total.units, meta->decimals - total.decimals) < 0) {
		np_die(NP_EXIT_FAILURE, "--total: '%s' passes 64 bits", text);
	}
	np_tree_finish(tree);
	have = np_tree_node(tree, 0)->total;
	if (total.units < have)
		np_note("--total %s is less than what the profile holds, so it changes nothing", text);
	else if (np_tree_add(tree, 0, total.units - have, meta->samples_known ? 0 : total.units - have, 0) < 0)
		np_die(NP_EXIT_FAILURE, "--total: '%s' passes 64 bits", text);
}

void np_drawing_values(const struct np_drawing *drawing, struct np_tree *tree)
{
	struct np_tree_meta *meta = np_tree_meta(tree);

	if (drawing->factor)
		apply_factor(drawing->factor, tree);
	if (drawing->total)
		apply_total(drawing->total, tree);
	np_tree_finish(tree);
	if (drawing->count_name && strcmp(meta->value_unit, "count") != 0)
		np_note("--countname changes nothing: the values of this profile are %s", meta->value_unit);
	else if (drawing->count_name)
		meta->value_type = np_tree_string(tree, np_tree_intern(tree, drawing->count_name,
								       strlen(drawing->count_name)));
	if (drawing->notes)
		np_tree_add_comment(tree, drawing->notes);
}

static double narrow_px(const struct np_drawing *drawing)
{
	unsigned width = drawing->width ? drawing->width : NP_SVG_WIDTH_DEFAULT;

	return drawing->narrow_share < 0 ? drawing->narrow_px
					 : drawing->narrow_share * np_svg_inside(width);
}

int np_drawing_write(const struct np_drawing *drawing, struct np_tree *tree, const char *title,
		     const char *source, const char *path)
{
	const char *colours = drawing->colours ? drawing->colours : drawing->use_map ? "hot" : NULL;
	const char *map = drawing->use_map ? NP_DRAWING_MAP : NULL;
	struct np_tree *reversed = drawing->reverse ? np_tree_reverse(tree) : NULL, *drawn;
	struct np_palette *palette = NULL;
	struct np_svg_options svg = { .title = drawing->title ? drawing->title : title, .source = source,
		.subtitle = drawing->subtitle, .width = drawing->width, .narrow_px = narrow_px(drawing),
		.icicle = drawing->icicle };
	struct np_report_file file;
	int rc;

	drawn = reversed ? reversed : tree;
	if (colours || drawing->ground) {
		palette = np_palette_create(drawn, colours, drawing->ground, map);
		svg.colours = np_palette_colours(palette);
	}
	rc = np_report_file_open(&file, path);
	if (rc == 0)
		np_svg_write(drawn, &svg, file.to);	/* close reports what failed */
	if (rc == 0)
		rc = np_report_file_close(&file);
	else
		np_report_file_close(&file);
	if (rc == 0 && map)
		rc = np_palette_save(palette, map);
	np_palette_destroy(palette);
	np_tree_destroy(reversed);
	return rc;
}
