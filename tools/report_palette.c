/* SPDX-License-Identifier: MIT
 *
 * report_palette.c - names to colours, and the file that keeps them between pictures.
 *
 * Context: tools.  The map is untrusted: what gets into a style sheet are numbers below 256.
 */
#include "report_palette.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../flamegraph/colour.h"
#include "base/message.h"
#include "profile/intern.h"
#include "report.h"

#define SHADES 16u

enum hue { HOT, RED, GREEN, BLUE, AQUA, YELLOW, ORANGE, PURPLE, MEMORY, IO, GREY, HUES };

/* The two ends of each; light enough for black letters. */
static const struct {
	uint8_t from[3], to[3];
} hues[HUES] = {
	[HOT] = { { 250, 200, 60 }, { 235, 105, 55 } },
	[RED] = { { 255, 165, 155 }, { 232, 105, 98 } },
	[GREEN] = { { 150, 235, 130 }, { 90, 195, 90 } },
	[BLUE] = { { 165, 195, 255 }, { 110, 150, 240 } },
	[AQUA] = { { 140, 230, 225 }, { 80, 190, 190 } },
	[YELLOW] = { { 232, 226, 110 }, { 200, 190, 70 } },
	[ORANGE] = { { 255, 195, 110 }, { 240, 150, 50 } },
	[PURPLE] = { { 225, 165, 240 }, { 190, 115, 220 } },
	[MEMORY] = { { 150, 225, 165 }, { 70, 190, 130 } },
	[IO] = { { 160, 190, 235 }, { 115, 145, 215 } },
	[GREY] = { { 225, 225, 225 }, { 185, 185, 185 } },
};

/* Those of one hue, then those that tell languages or sleepers apart. */
static const struct {
	const char *name;
	enum hue hue;
	const char *ground;
} palettes[] = {
	{ "hot", HOT, "yellow" }, { "mem", MEMORY, "green" }, { "io", IO, "blue" },
	{ "red", RED, "grey" }, { "green", GREEN, "grey" }, { "blue", BLUE, "grey" },
	{ "aqua", AQUA, "grey" }, { "yellow", YELLOW, "grey" }, { "orange", ORANGE, "grey" },
	{ "purple", PURPLE, "grey" }, { "wakeup", AQUA, "blue" }, { "chain", BLUE, "blue" },
	{ "java", HUES, "yellow" }, { "js", HUES, "yellow" }, { "perl", HUES, "yellow" },
};

const char np_palette_names[] = "hot, mem, io, red, green, blue, aqua, yellow, orange, purple, wakeup, "
				"chain, java, js, perl";

static const struct {
	const char *name, *colour;
} grounds[] = {
	{ "yellow", "#f3f0d2" }, { "blue", "#e9ebf8" }, { "green", "#e8f6e6" }, { "grey", "#f0f0f0" },
};

struct np_palette {
	const struct np_tree *tree;
	struct np_svg_colours colours;
	struct np_intern colour_names;	/* "rgb(1,2,3)"; its id is N of class qN */
	struct np_intern map_names;	/* functions of the map */
	uint32_t *map_colours;		/* for each of them, its colour */
	uint32_t map_room;
	uint32_t *classes;
	char *style;
};

static int palette_index(const char *name)
{
	for (size_t i = 0; i < sizeof(palettes) / sizeof(*palettes); i++)
		if (strcmp(palettes[i].name, name) == 0)
			return (int)i;
	return -1;
}

bool np_palette_is_name(const char *name)
{
	return palette_index(name) >= 0;
}

static const char *ground_colour(const char *name)
{
	for (size_t i = 0; i < sizeof(grounds) / sizeof(*grounds); i++)
		if (strcmp(grounds[i].name, name) == 0)
			return grounds[i].colour;
	return name[0] == '#' && strlen(name) == 7 && strspn(name + 1, "0123456789abcdefABCDEF") == 6
		       ? name : NULL;
}

bool np_palette_is_ground(const char *name)
{
	return ground_colour(name) != NULL;
}

static enum hue hue_of_language(const char *palette, const struct np_function *function,
				const char *name)
{
	bool java = strcmp(palette, "java") == 0, js = strcmp(palette, "js") == 0;

	if (function->kind == NP_KIND_KERNEL)
		return ORANGE;
	if (java && function->inlined)
		return AQUA;
	if (function->kind == NP_KIND_JIT)
		return js && !strchr(name, '/') ? AQUA : GREEN;
	if (strstr(name, "::"))
		return YELLOW;
	if (java)
		return strchr(name, '/') ? GREEN : RED;
	if (js)
		return strchr(name, ':') ? AQUA : strstr(name, ".js") ? GREEN : RED;
	return strstr(name, "Perl") || strstr(name, ".pl") ? GREEN : RED;
}

static enum hue hue_of(int palette, const struct np_function *function, const char *name)
{
	size_t length = strlen(name);

	if (strcmp(name, "-") == 0 || strcmp(name, "--") == 0)
		return GREY;	/* separators between user and kernel, sleeper and waker */
	if (palettes[palette].hue == HUES)
		return hue_of_language(palettes[palette].name, function, name);
	if (strcmp(palettes[palette].name, "chain") == 0 && length > 4 &&
	    strcmp(name + length - 4, "_[w]") == 0)
		return AQUA;
	return palettes[palette].hue;
}

static uint32_t colour_id(struct np_palette *palette, const unsigned rgb[3])
{
	char text[32];
	int length = snprintf(text, sizeof(text), "rgb(%u,%u,%u)", rgb[0], rgb[1], rgb[2]);

	return np_intern_get(&palette->colour_names, text, (size_t)length, NULL);
}

static uint32_t colour_of(struct np_palette *palette, int index, const struct np_function *function)
{
	const char *name = np_tree_string(palette->tree, function->name);
	enum hue hue = hue_of(index, function, name);
	unsigned step = np_colour_hash(name) % SHADES, rgb[3];

	for (int i = 0; i < 3; i++)
		rgb[i] = (hues[hue].from[i] * (SHADES - 1 - step) + hues[hue].to[i] * step) / (SHADES - 1);
	return colour_id(palette, rgb);
}

static void add_to_map(struct np_palette *palette, const char *name, size_t length, uint32_t colour)
{
	uint32_t id = np_intern_get(&palette->map_names, name, length, NULL);

	if (id >= palette->map_room) {
		palette->map_room = id * 2 + 64;
		palette->map_colours = np_xrealloc(palette->map_colours, palette->map_room,
						   sizeof(*palette->map_colours));
	}
	palette->map_colours[id] = colour;
}

/* "name->rgb(1,2,3)"; names may hold "->". */
static bool take_map_line(struct np_palette *palette, char *line)
{
	char *arrow = NULL, end = '\0';
	unsigned rgb[3];

	for (char *at = line; (at = strstr(at, "->rgb(")) != NULL; at++)
		arrow = at;
	if (!arrow || arrow == line ||
	    sscanf(arrow, "->rgb(%3u,%3u,%3u%c", &rgb[0], &rgb[1], &rgb[2], &end) != 4 || end != ')' ||
	    rgb[0] > 255 || rgb[1] > 255 || rgb[2] > 255)
		return false;
	add_to_map(palette, line, (size_t)(arrow - line), colour_id(palette, rgb));
	return true;
}

/* False: a line is none (*RET_LINE), or it cannot be read (0). */
static bool read_map(struct np_palette *palette, FILE *from, unsigned long *ret_line)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t length;
	bool is_good = true;

	for (*ret_line = 1; is_good && (length = getline(&line, &room, from)) >= 0; ++*ret_line) {
		while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
			line[--length] = '\0';
		is_good = length == 0 || take_map_line(palette, line);
		*ret_line -= !is_good;
	}
	free(line);
	if (is_good && ferror(from)) {
		*ret_line = 0;
		return false;
	}
	return is_good;
}

static void choose(struct np_palette *palette, int index, bool by_map)
{
	uint32_t count = np_tree_function_count(palette->tree);

	palette->classes = np_xcalloc(count, sizeof(*palette->classes));
	for (uint32_t i = 1; i < count; i++) {
		const struct np_function *function = np_tree_function_at(palette->tree, i);
		const char *name = np_tree_string(palette->tree, function->name);
		uint32_t known;
		int is_new;

		if (!by_map) {
			palette->classes[i] = colour_of(palette, index, function);
			continue;
		}
		known = np_intern_get(&palette->map_names, name, strlen(name), &is_new);
		if (is_new)
			add_to_map(palette, name, strlen(name), colour_of(palette, index, function));
		palette->classes[i] = palette->map_colours[known];
	}
	palette->colours.classes = palette->classes;
}

static void write_style(struct np_palette *palette, const char *ground)
{
	size_t size;
	FILE *to = open_memstream(&palette->style, &size);

	if (!to)
		np_die(NP_EXIT_FAILURE, "out of memory");
	if (ground)
		fprintf(to, "#ground { fill: %s; }\ntext, .strong { fill: #1c1b1a; }\n.note { fill: #55514d; }\n",
			ground);
	if (palette->classes) {
		fputs(".q text { fill: #000000; }\n", to);
		for (uint32_t i = 0; i < palette->colour_names.count; i++)
			fprintf(to, ".q%" PRIu32 " rect { fill: %s; }\n", i, palette->colour_names.entries[i].bytes);
	}
	if (fclose(to) != 0)
		np_die(NP_EXIT_FAILURE, "out of memory");
	palette->colours.style = palette->style;
}

struct np_palette *np_palette_create_from(const struct np_tree *tree, const char *name,
					  const char *ground, FILE *map, unsigned long *ret_line)
{
	struct np_palette *palette = np_xcalloc(1, sizeof(*palette));
	int index = name ? palette_index(name) : -1;

	palette->tree = tree;
	np_intern_init(&palette->colour_names);
	np_intern_init(&palette->map_names);
	if (map && !read_map(palette, map, ret_line)) {
		np_palette_destroy(palette);
		return NULL;
	}
	if (index >= 0)
		choose(palette, index, map != NULL);
	if (!ground && index >= 0)
		ground = palettes[index].ground;
	write_style(palette, ground ? ground_colour(ground) : NULL);
	return palette;
}

struct np_palette *np_palette_create(const struct np_tree *tree, const char *name,
				     const char *ground, const char *map)
{
	FILE *from = map ? fopen(map, "re") : NULL;
	struct np_palette *palette;
	unsigned long line = 0;

	if (map && !from && errno != ENOENT)
		np_die(NP_EXIT_FAILURE, "'%s': cannot open it: %s", map, strerror(errno));
	if (map && !from)	/* the first picture makes it */
		from = fopen("/dev/null", "re");
	palette = np_palette_create_from(tree, name, ground, from, &line);
	if (!palette && line > 0)
		np_die(NP_EXIT_FAILURE, "'%s': line %lu is not 'function->rgb(red,green,blue)'; "
		       "mend or remove the file", map, line);
	if (!palette)
		np_die(NP_EXIT_FAILURE, "'%s': cannot read it: %s", map, strerror(errno));
	if (from)
		fclose(from);
	return palette;
}

const struct np_svg_colours *np_palette_colours(const struct np_palette *palette)
{
	return &palette->colours;
}

int np_palette_save(const struct np_palette *palette, const char *map)
{
	struct np_report_file file;
	int rc = np_report_file_open(&file, map);

	for (uint32_t i = 0; rc == 0 && i < palette->map_names.count; i++) {
		const char *name = palette->map_names.entries[i].bytes;

		/* A line of its own is all that the format has room for. */
		if (*name && !strpbrk(name, "\n\r"))
			fprintf(file.to, "%s->%s\n", name,
				palette->colour_names.entries[palette->map_colours[i]].bytes);
	}
	return rc < 0 ? np_report_file_close(&file), rc : np_report_file_close(&file);
}

void np_palette_destroy(struct np_palette *palette)
{
	if (!palette)
		return;
	np_intern_finish(&palette->colour_names);
	np_intern_finish(&palette->map_names);
	free(palette->map_colours);
	free(palette->classes);
	free(palette->style);
	free(palette);
}
