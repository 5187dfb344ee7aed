/* SPDX-License-Identifier: MIT
 *
 * report_sources.c - the source lines that a page carries with it: --sources.
 *
 * Context: tools.  What is embedded may be sent to others, so it is asked for, and it is no more than
 * the lines around those that take something.
 */
#include "report_sources.h"

#include <stdlib.h>
#include <string.h>

#include "analyze/lines.h"
#include "analyze/source.h"
#include "analyze/visible.h"
#include "base/message.h"

#define CONTEXT	    6u		/* lines around one that takes something */
#define LINES_MAX   20000u	/* of all files together */
#define COLUMNS_MAX 400u	/* of one line */

static struct np_tree *read_again(const struct np_report_settings *settings)
{
	struct np_read_options options = settings->read;
	struct np_tree *tree = np_tree_create();

	options.lines = true;
	for (size_t i = 0; i < settings->file_count; i++) {
		struct np_read_report report;
		int error = np_read_path(settings->files[i], &options, tree, &report);

		if (error)
			np_die(NP_EXIT_FAILURE, "'%s' cannot be read a second time for --sources: %s",
			       settings->files[i], strerror(-error));
	}
	np_tree_finish(tree);
	return tree;
}

static int compare_places(const void *left, const void *right)
{
	const struct np_line_row *a = left, *b = right;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return (a->line > b->line) - (a->line < b->line);
}

static void add_line(struct np_page_source *source, const struct np_source *from, uint32_t number,
		     const struct np_line_row *row)
{
	char *raw = np_source_line(from, number);

	source->lines = np_xrealloc(source->lines, source->count + 1, sizeof(*source->lines));
	source->lines[source->count++] = (struct np_page_line){
		.number = number, .self = row ? row->sum.self : 0, .inlined = row ? row->inlined : 0,
		.total = row ? row->sum.total : 0,
		.text = np_visible(raw ? raw : "", COLUMNS_MAX) };
	free(raw);
}

/* ROWS are those of one file, by line. */
static void add_file(struct np_report_sources *sources, const char *name, const struct np_source *from,
		     const struct np_line_row *rows, size_t count, size_t *used)
{
	struct np_page_source *source;
	uint32_t next = 1;

	sources->sources = np_xrealloc(sources->sources, sources->count + 1, sizeof(*sources->sources));
	source = &sources->sources[sources->count++];
	*source = (struct np_page_source){ .file = np_xstrdup(name) };
	for (size_t i = 0, at = 0; i < count; i++) {
		uint64_t last = (uint64_t)rows[i].line + CONTEXT;

		if (rows[i].line > from->line_count)	/* the file is another one by now */
			break;
		if (*used + source->count > LINES_MAX) {
			sources->left_out += count - i;
			break;
		}
		if (rows[i].line > CONTEXT && rows[i].line - CONTEXT > next)
			next = rows[i].line - CONTEXT;
		for (; next <= last && next <= from->line_count; next++) {
			while (at < count && rows[at].line < next)
				at++;
			add_line(source, from, next, at < count && rows[at].line == next ? &rows[at] : NULL);
		}
	}
	*used += source->count;
}

void np_report_sources_init(struct np_report_sources *sources,
			    const struct np_report_settings *settings)
{
	struct np_tree *tree = read_again(settings);
	struct np_lines lines;
	size_t used = 0;

	*sources = (struct np_report_sources){ .count = 0 };
	np_lines_init(&lines, tree, false);
	qsort(lines.rows, lines.count, sizeof(*lines.rows), compare_places);
	for (size_t i = 0, end; i < lines.count; i = end) {
		const char *name = np_tree_string(tree, lines.rows[i].file);
		struct np_source from;

		for (end = i + 1; end < lines.count && lines.rows[end].file == lines.rows[i].file; end++)
			;
		if (!*name || lines.rows[end - 1].line == 0)
			continue;
		np_source_open(&from, name, settings->source_directories, settings->source_directory_count);
		if (from.path) {
			size_t unknown = 0;	/* rows without a line come first */

			while (lines.rows[i + unknown].line == 0)
				unknown++;
			add_file(sources, name, &from, lines.rows + i + unknown, end - i - unknown, &used);
		}
		np_source_close(&from);
	}
	np_lines_finish(&lines);
	np_tree_destroy(tree);
}

void np_report_sources_finish(struct np_report_sources *sources)
{
	for (size_t i = 0; i < sources->count; i++) {
		for (size_t k = 0; k < sources->sources[i].count; k++)
			free(sources->sources[i].lines[k].text);
		free(sources->sources[i].lines);
		free(sources->sources[i].file);
	}
	free(sources->sources);
}
