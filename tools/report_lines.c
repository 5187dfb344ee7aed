/* SPDX-License-Identifier: MIT
 *
 * report_lines.c - neuroprof-report lines: the hot lines, and the source around them.
 *
 * Context: tools.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "analyze/lines.h"
#include "analyze/source.h"
#include "analyze/stats.h"
#include "analyze/units.h"
#include "base/message.h"
#include "base/text.h"
#include "report_commands.h"
#include "report_view.h"

#define ANNOTATED_MAX 400u	/* lines of a file that are annotated */

static const char help[] =
	"usage: neuroprof-report lines [OPTION\xe2\x80\xa6] PROFILE\xe2\x80\xa6\n\n"
	"What source lines take.  self: what ran in the line itself; inlined: what ran in functions\n"
	"that were inlined at it; total: the stacks in which it stands.\n\n"
	"  -a, --annotate        the source, too, each line with what it takes\n"
	"      --context N       lines around those that take something (2)\n"
	"  -d, --source-dir DIR  where sources are that are not where they were built; may be repeated\n"
	"      --file TEXT       only files with TEXT in their path\n"
	"      --function TEXT   only functions with TEXT in their name\n"
	"      --call-sites      inlined code by the line that it was inlined at\n";

enum { OPT_CONTEXT = NP_VIEW_OPTION, OPT_FILE, OPT_FUNCTION, OPT_SITES };

static const struct option options[] = {
	{ "annotate", no_argument, NULL, 'a' },
	{ "context", required_argument, NULL, OPT_CONTEXT },
	{ "source-dir", required_argument, NULL, 'd' },
	{ "file", required_argument, NULL, OPT_FILE },
	{ "function", required_argument, NULL, OPT_FUNCTION },
	{ "call-sites", no_argument, NULL, OPT_SITES },
	{ 0 },
};

static const struct np_column line_columns[] = {
	{ "self", "self%", NP_COLUMN_SHARE },
	{ "self_lower95", "\xe2\x89\xa5" "95%", NP_COLUMN_SHARE },
	{ "inlined", "inlined%", NP_COLUMN_SHARE },
	{ "total", "total%", NP_COLUMN_SHARE },
	{ "samples", "samples", NP_COLUMN_COUNT },
	{ "file", NULL, NP_COLUMN_NAME },
	{ "line", NULL, NP_COLUMN_COUNT },
	{ "place", "line", NP_COLUMN_NAME },
	{ "function", "function", NP_COLUMN_NAME },
	{ "inlined_at", "inlined at", NP_COLUMN_NAME },
	{ "source", "source", NP_COLUMN_SOURCE },
};

static const struct np_column source_columns[] = {
	{ "self", "self%", NP_COLUMN_SHARE },
	{ "inlined", "inlined%", NP_COLUMN_SHARE },
	{ "total", "total%", NP_COLUMN_SHARE },
	{ "file", NULL, NP_COLUMN_NAME },
	{ "line", "line", NP_COLUMN_COUNT },
	{ "source", "source", NP_COLUMN_SOURCE },
};

struct command {
	struct np_view view;
	const char *file, *function;
	char **directories;
	size_t directory_count;
	unsigned context;
	bool annotate, by_site;

	struct np_lines lines;
	struct np_source *sources;	/* those that were looked for; by the string id in FILES */
	uint32_t *files;
	size_t source_count;
};

static void take(void *context, int option, const char *value)
{
	struct command *command = context;
	char *end;

	switch (option) {
	case 'a':
		command->annotate = true;
		break;
	case OPT_CONTEXT:
		command->context = (unsigned)strtoul(value, &end, 10);
		if (*value < '0' || *value > '9' || *end || command->context > 1000)
			np_die(NP_EXIT_USAGE, "--context: '%s' is no number from 0 to 1000", value);
		break;
	case 'd':
		command->directories = np_xrealloc(command->directories, command->directory_count + 1,
						   sizeof(*command->directories));
		command->directories[command->directory_count++] = (char *)(uintptr_t)value;
		break;
	case OPT_FILE:
		command->file = value;
		break;
	case OPT_FUNCTION:
		command->function = value;
		break;
	default:
		command->by_site = true;
	}
}

static const char *text(const struct command *command, uint32_t id)
{
	return np_tree_string(command->view.document.tree, id);
}

static const struct np_function *function_of(const struct command *command,
					     const struct np_line_row *row)
{
	return np_tree_function_at(command->view.document.tree, row->function);
}

static bool is_wanted(const struct command *command, const struct np_line_row *row)
{
	if (command->file && !strstr(text(command, row->file), command->file))
		return false;
	return !command->function ||
	       strstr(text(command, function_of(command, row)->name), command->function);
}

/* Keep the rows that are asked for. */
static void choose(struct command *command)
{
	size_t kept = 0;

	for (size_t i = 0; i < command->lines.count; i++)
		if (is_wanted(command, &command->lines.rows[i]))
			command->lines.rows[kept++] = command->lines.rows[i];
	command->lines.count = kept;
	if (kept == 0)
		np_die(NP_EXIT_FAILURE, "'%s': no line is in %s%s%s%s%s", command->view.document.files[0],
		       command->file ? "a file with '" : "", command->file ? command->file : "",
		       command->file ? "' in its path" : "", command->file && command->function ? " and " : "",
		       command->function ? "a function of that name" : "");
}

static const struct np_source *source_of(struct command *command, uint32_t file)
{
	for (size_t i = 0; i < command->source_count; i++)
		if (command->files[i] == file)
			return &command->sources[i];
	command->files = np_xrealloc(command->files, command->source_count + 1, sizeof(*command->files));
	command->sources = np_xrealloc(command->sources, command->source_count + 1,
				       sizeof(*command->sources));
	command->files[command->source_count] = file;
	np_source_open(&command->sources[command->source_count], text(command, file),
		       command->directories, command->directory_count);
	return &command->sources[command->source_count++];
}

/* The file's own name is enough for people; programs have its path beside it. */
static void put_place(struct np_table *table, const struct command *command, uint32_t file,
		      uint32_t line)
{
	char *place;

	if (!line) {
		np_table_nothing(table);
		return;
	}
	place = np_xasprintf("%s:%u", np_base_name(text(command, file)), line);
	np_table_text(table, place);
	free(place);
}

static void put_source(struct np_table *table, struct command *command, uint32_t file, uint32_t line)
{
	char *source = file ? np_source_line(source_of(command, file), line) : NULL;
	const char *from = source;

	while (from && *from == ' ')
		from++;
	if (source)
		np_table_text(table, from);
	else
		np_table_nothing(table);
	free(source);
}

static void put_line(struct np_table *table, struct command *command, const struct np_line_row *row)
{
	struct np_view *view = &command->view;
	struct np_tree *tree = view->document.tree;
	double share = np_view_share(view, row->sum.self), samples;

	np_table_share(table, share);
	if (np_units_samples(np_tree_meta(tree), np_tree_total_samples(tree, 0), &samples))
		np_table_share(table, np_wilson_lower(share, samples));
	else
		np_table_nothing(table);
	np_table_share(table, np_view_share(view, row->inlined));
	np_table_share(table, np_view_share(view, row->sum.total));
	np_view_put_samples(view, table, row->sum.self_samples);
	np_table_text(table, text(command, row->file));
	if (row->line)
		np_table_number(table, row->line);
	else
		np_table_nothing(table);
	put_place(table, command, row->file, row->line);
	np_table_text(table, text(command, function_of(command, row)->name));
	put_place(table, command, row->site_file, row->site_line);
	put_source(table, command, row->file, row->line);
}

/* What the lines of FILE take, by line; call sites are one again. */
static struct np_line_row *by_line(const struct command *command, uint32_t file, size_t line_count)
{
	struct np_line_row *by = np_xcalloc(line_count + 1, sizeof(*by));

	for (size_t i = 0; i < command->lines.count; i++) {
		const struct np_line_row *row = &command->lines.rows[i];

		if (row->file != file || row->line == 0 || row->line > line_count)
			continue;
		by[row->line].line = row->line;
		by[row->line].sum.self += row->sum.self;
		by[row->line].sum.total += row->sum.total;
		by[row->line].inlined += row->inlined;
	}
	return by;
}

static void put_annotated(struct np_table *table, struct command *command, uint32_t file,
			  const struct np_line_row *row, uint32_t line)
{
	char *source = np_source_line(source_of(command, file), line);

	if (row->line) {
		np_table_share(table, np_view_share(&command->view, row->sum.self));
		np_table_share(table, np_view_share(&command->view, row->inlined));
		np_table_share(table, np_view_share(&command->view, row->sum.total));
	} else {
		np_table_text(table, "");
		np_table_text(table, "");
		np_table_text(table, "");
	}
	np_table_text(table, text(command, file));
	np_table_number(table, line);
	np_table_text(table, source ? source : "");
	free(source);
}

static void annotate_file(struct command *command, uint32_t file)
{
	const struct np_source *source = source_of(command, file);
	struct np_line_row *by;
	struct np_table *table;
	size_t shown = 0, next = 1;

	if (!source->path)
		return;
	by = by_line(command, file, source->line_count);
	table = np_document_table(&command->view.document, "sources", np_xstrdup(source->path),
				  source_columns, sizeof(source_columns) / sizeof(*source_columns));
	for (size_t line = 1; line <= source->line_count; line++) {
		size_t first = line > command->context ? line - command->context : 1;

		if (!by[line].line)
			continue;
		for (size_t i = first > next ? first : next;
		     i <= line + command->context && i <= source->line_count; i++) {
			if (shown++ < ANNOTATED_MAX)
				put_annotated(table, command, file, &by[i], (uint32_t)i);
			next = i + 1;
		}
	}
	table->left_out = shown > ANNOTATED_MAX ? shown - ANNOTATED_MAX : 0;
	free(by);
}

/* A source that was changed after the profile was written has other lines. */
static void tell_changed(struct command *command)
{
	struct np_document *document = &command->view.document;
	struct stat profile;

	if (document->file_count != 1 || stat(document->files[0], &profile) != 0 ||
	    !S_ISREG(profile.st_mode))
		return;
	for (size_t i = 0; i < command->source_count; i++)
		if (command->sources[i].path && command->sources[i].changed.tv_sec > profile.st_mtim.tv_sec)
			np_document_note(document, np_xasprintf("%s was changed after the profile was written: its "
				"lines may have moved.", command->sources[i].path));
}

static void tell_unknown(struct command *command)
{
	char percent[NP_UNITS_TEXT];

	if (command->lines.unknown == 0)
		return;
	np_units_percent(percent, np_view_share(&command->view, command->lines.unknown));
	np_document_note(&command->view.document, np_xasprintf("%s of all ran in code without a line: built "
		"without -g, or its debugging information is not at hand.", percent));
}

static void fill(struct command *command)
{
	struct np_document *document = &command->view.document;
	struct np_table *table = np_document_table(document, "lines", NULL, line_columns,
						   sizeof(line_columns) / sizeof(*line_columns));
	size_t shown = np_view_rows(&command->view, table, command->lines.count);

	for (size_t i = 0; i < shown; i++)
		put_line(table, command, &command->lines.rows[i]);
	tell_unknown(command);
	if (command->annotate && command->view.format != NP_DOCUMENT_CSV) {
		size_t before = command->source_count;

		for (size_t i = 0; i < before; i++)
			annotate_file(command, command->files[i]);
		if (document->table_count == 1)
			np_document_note(document, np_xstrdup("None of the sources was found: --source-dir DIR "
							      "says where they are."));
	}
	tell_changed(command);
}

int np_report_lines(int argc, char **argv)
{
	struct command command = { .view = { .help = help, .schema = "neuroprof-lines/1",
		.options = options, .letters = "ad:", .take = take, .read = { .lines = true,
			.dialect = NP_DIALECT_AUTO } }, .context = 2 };
	bool any = false;
	int status;

	command.view.context = &command;
	take(&command, 'd', ".");	/* builds elsewhere name sources from there */
	np_view_start(&command.view, argc, argv);
	np_lines_init(&command.lines, command.view.document.tree, command.by_site);
	for (size_t i = 0; i < command.lines.count; i++)
		any |= command.lines.rows[i].line > 0;
	if (!any)
		np_die(NP_EXIT_FAILURE, "'%s': no source lines in it: folded stacks have none (the .pb.gz file "
		       "does), and a program has them when it is built with -g", command.view.document.files[0]);
	if (command.file || command.function)
		choose(&command);
	fill(&command);
	np_lines_finish(&command.lines);
	for (size_t i = 0; i < command.source_count; i++)
		np_source_close(&command.sources[i]);
	free(command.sources);
	free(command.files);
	status = np_view_end(&command.view);
	free(command.directories);
	return status;
}
