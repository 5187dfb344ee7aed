/* SPDX-License-Identifier: MIT
 *
 * report_peek.c - neuroprof-report peek: one function, who calls it, what it calls.
 *
 * Context: tools.
 */
#include <stdlib.h>
#include <string.h>

#include "analyze/peek.h"
#include "analyze/units.h"
#include "analyze/visible.h"
#include "base/message.h"
#include "report.h"
#include "report_commands.h"
#include "report_view.h"

#define NAMED_MAX 6u	/* of several functions that match */

static const char help[] =
	"usage: neuroprof-report peek [OPTION\xe2\x80\xa6] FUNCTION PROFILE\xe2\x80\xa6\n\n"
	"One function with its callers and its callees.  FUNCTION: its whole name, else a part of it,\n"
	"or /REGEX/.  A stack counts once for each of them, so that those of a recursive function may\n"
	"add up to more than its total.\n\n"
	"  -a, --all             take all functions that match together\n";

static const struct option options[] = {
	{ "all", no_argument, NULL, 'a' },
	{ 0 },
};

static const struct np_column columns[] = {
	{ "total", "total%", NP_COLUMN_SHARE },
	{ "of_function", "of it%", NP_COLUMN_SHARE },
	{ "value", "value", NP_COLUMN_VALUE },
	{ "samples", "samples", NP_COLUMN_COUNT },
	{ "calls", "calls", NP_COLUMN_CALLS },
	{ "function", "function", NP_COLUMN_NAME },
	{ "module", "module", NP_COLUMN_NAME },
};
#define COLUMN_COUNT (sizeof(columns) / sizeof(*columns))

static void take(void *context, int option, const char *value)
{
	bool *all = context;

	*all |= option == 'a';
}

static void nothing_matches(const struct np_view *view)
{
	np_die(NP_EXIT_FAILURE, "'%s': no function is called '%s' or has it in its name; neuroprof-report -n "
	       "all lists them", view->document.files[0], view->word);
}

/* Names that are the same in several modules are one function to the user. */
static bool is_one_name(const struct np_peek_match *matches, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (matches[i].name.name != matches[0].name.name)
			return false;
	return true;
}

static void several_match(const struct np_view *view, const struct np_peek_match *matches,
			  size_t count)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		np_die(NP_EXIT_FAILURE, "out of memory");
	for (size_t i = 0; i < count && i < NAMED_MAX; i++) {
		char percent[NP_UNITS_TEXT];

		np_units_percent(percent, np_view_share(view, matches[i].total));
		fprintf(to, "%s%.120s (%s)", i ? ", " : "",
			np_tree_string(view->document.tree, matches[i].name.name), percent);
	}
	if (count > NAMED_MAX)
		fprintf(to, ", \xe2\x80\xa6");
	if (fclose(to) != 0)
		np_die(NP_EXIT_FAILURE, "out of memory");
	np_die(NP_EXIT_FAILURE, "'%s' matches %zu functions: %s; give the whole name of one, or --all to "
	       "take them together", view->word, count, text);
}

static void put_row(struct np_table *table, const struct np_view *view, const struct np_peek *peek,
		    const struct np_peek_edge *edge, const char *name)
{
	struct np_tree *tree = view->document.tree;
	const struct np_tree_meta *meta = np_tree_meta(tree);

	np_table_share(table, np_view_share(view, edge->value));
	np_table_share(table, (double)edge->value / (double)peek->sum.total);
	np_table_number(table, edge->value);
	np_view_put_samples(view, table, edge->samples);
	if (meta->calls != NP_CALLS_UNKNOWN && edge->calls > 0)
		np_table_number(table, edge->calls);
	else
		np_table_nothing(table);
	np_table_text(table, name);
	if (edge->other.module)
		np_table_text(table, np_tree_string(tree, edge->other.module));
	else
		np_table_nothing(table);
}

static void put_edges(struct np_view *view, const struct np_peek *peek, const char *key,
		      const char *title, const struct np_peek_edge *edges, size_t count)
{
	struct np_table *table = np_document_table(&view->document, key, np_xstrdup(title), columns,
						   COLUMN_COUNT);
	size_t shown = np_view_rows(view, table, count);

	for (size_t i = 0; i < shown; i++)
		put_row(table, view, peek, &edges[i], edges[i].is_self ? "(its own)"
			: edges[i].is_root ? "(outermost)"
			: np_tree_string(view->document.tree, edges[i].other.name));
}

static void fill(struct np_view *view, const struct np_peek_match *matches, size_t count)
{
	struct np_document *document = &view->document;
	struct np_peek peek;
	struct np_table *table;
	char self[NP_UNITS_TEXT], percent[NP_UNITS_TEXT];

	np_peek_init(&peek, document->tree, matches, count);
	np_units_percent(self, np_view_share(view, peek.sum.self));
	table = np_document_table(document, "function", NULL, columns, COLUMN_COUNT);
	put_row(table, view, &peek, &(struct np_peek_edge){ .value = peek.sum.total,
		.samples = peek.sum.total_samples, .calls = peek.sum.calls,
		.other.module = count == 1 ? matches[0].name.module : 0 },
		is_one_name(matches, count) ? np_tree_string(document->tree, matches[0].name.name)
					    : view->word);
	put_edges(view, &peek, "callers", "Called by", peek.callers, peek.caller_count);
	put_edges(view, &peek, "callees", "Calls", peek.callees, peek.callee_count);
	np_document_note(document, np_xasprintf("Its own time is %s of all.", self));
	if (peek.recursive) {
		np_units_percent(percent, (double)peek.recursive / (double)peek.sum.total);
		np_document_note(document, np_xasprintf("Recursive: in %s of its time it is on the stack more "
			"than once; callers and callees count each stack once and may add up to more.", percent));
	}
	if (count > 1)
		np_document_note(document, np_xasprintf(is_one_name(matches, count) ? "It is the same name in "
			"%zu modules or kinds, taken together." : "%zu functions taken together.", count));
	np_peek_finish(&peek);
}

int np_report_peek(int argc, char **argv)
{
	bool all = false;
	struct np_view view = { .help = help, .schema = "neuroprof-peek/1", .options = options,
				.letters = "a", .take = take, .context = &all, .word_name = "FUNCTION" };
	struct np_peek_match *matches;
	char message[256];
	size_t count;

	np_view_start(&view, argc, argv);
	if (np_peek_find(view.document.tree, view.word, &matches, &count, message, sizeof(message)) < 0)
		np_die(NP_EXIT_USAGE, "peek: '%s' is no regular expression: %s", view.word, message);
	if (count == 0)
		nothing_matches(&view);
	if (count > 1 && !all && !is_one_name(matches, count))
		several_match(&view, matches, count);
	fill(&view, matches, count);
	free(matches);
	return np_view_end(&view);
}
