/* SPDX-License-Identifier: MIT
 *
 * report_convert_text.c - a call tree as CSV, and as Markdown for people.
 *
 * Context: tools.  CSV holds every node.  Markdown holds what a reader wants to see: the nodes with
 * one percent of the whole or more, and says how much is left out.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/units.h"
#include "analyze/visible.h"
#include "base/message.h"
#include "profile/export_common.h"
#include "report_convert.h"

#define MARKDOWN_SHARE 0.01
#define MARKDOWN_ROWS  500u
#define MARKDOWN_DEPTH 60u	/* deeper frames are not set in further */

/* A cell in quotes; "'" before what a spreadsheet would take for a formula.  To be freed. */
static char *cell_of(const char *text)
{
	char *visible = np_visible(text, 0), *cell = np_xcalloc(2 * strlen(visible) + 4, 1);
	char *to = cell;

	*to++ = '"';
	if (*visible && strchr("=+-@", *visible))
		*to++ = '\'';
	for (const char *from = visible; *from; from++) {
		if (*from == '"')
			*to++ = '"';
		*to++ = *from;
	}
	*to = '"';
	free(visible);
	return cell;
}

/* Names repeat in thousands of rows: CELLS keeps them by their string id. */
static const char *cell(const struct np_tree *tree, char **cells, uint32_t string)
{
	if (!cells[string])
		cells[string] = cell_of(np_tree_string(tree, string));
	return cells[string];
}

static void put_csv_row(struct np_export *export, const struct np_export_walk *walk, char **cells)
{
	const struct np_tree *tree = export->tree;
	const struct np_tree_meta *meta = np_tree_meta(export->tree);
	const struct np_node *node = np_tree_node(tree, walk->node);
	const struct np_function *function = np_export_function(tree, walk->node);

	fprintf(export->to, "%u,%u,%u,%s,%s,%s,%d,", walk->node, node->parent, walk->depth,
		function->name ? cell(tree, cells, function->name) : "\"(empty)\"",
		cell(tree, cells, function->module), np_export_kind(function->kind), function->inlined);
	fprintf(export->to, "%s,%u,", cell(tree, cells, function->file), function->line);
	np_export_number(export->to, node->self, meta->decimals);
	fputc(',', export->to);
	np_export_number(export->to, node->total, meta->decimals);
	if (meta->samples_known)
		fprintf(export->to, ",%" PRIu64 ",%" PRIu64,
			np_tree_self_samples(tree, walk->node), np_tree_total_samples(tree, walk->node));
	else
		fputs(",,", export->to);
	if (meta->calls != NP_CALLS_UNKNOWN)
		fprintf(export->to, ",%" PRIu64 "\n", np_tree_calls(tree, walk->node));
	else
		fputs(",\n", export->to);
}

int np_convert_csv(struct np_export *export)
{
	struct np_export_walk walk = { .tree = export->tree };
	uint32_t strings = np_tree_string_count(export->tree);
	char **cells = np_xcalloc(strings, sizeof(*cells));

	fputs("id,parent,depth,function,module,kind,inlined,file,line,self,total,self_samples,"
	      "total_samples,calls\n", export->to);
	while (np_export_next(&walk))
		if (!walk.leaving)
			put_csv_row(export, &walk, cells);
	for (uint32_t i = 0; i < strings; i++)
		free(cells[i]);
	free(cells);
	return 0;
}

/* A node stands in the text when it and all its callers do. */
struct shown {
	uint32_t rows;
	uint32_t hidden_depth;	/* of the topmost node that is left out on the path; 0 = none */
	uint32_t hidden;	/* how many such */
	uint64_t hidden_total;
};

static bool is_shown(struct shown *shown, const struct np_export_walk *walk, uint64_t total)
{
	const struct np_node *node = np_tree_node(walk->tree, walk->node);

	if (walk->leaving) {
		if (walk->depth == shown->hidden_depth)
			shown->hidden_depth = 0;
		return false;
	}
	if (shown->hidden_depth)
		return false;
	if (shown->rows < MARKDOWN_ROWS && (double)node->total >= MARKDOWN_SHARE * (double)total) {
		shown->rows++;
		return true;
	}
	shown->hidden_depth = walk->depth;
	shown->hidden++;
	shown->hidden_total += node->total;
	return false;
}

/* The code block ends at the first run of as many backticks as it began with. */
static size_t longest_run(const char *text)
{
	size_t longest = 0;

	for (; *text; text++) {
		size_t run = strspn(text, "`");

		longest = run > longest ? run : longest;
		text += run ? run - 1 : 0;
	}
	return longest;
}

static char *tree_text(struct np_export *export, struct shown *shown)
{
	struct np_export_walk walk = { .tree = export->tree };
	uint64_t total = np_tree_node(export->tree, 0)->total;
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		np_die(NP_EXIT_FAILURE, "out of memory");
	while (np_export_next(&walk)) {
		const struct np_node *node = np_tree_node(export->tree, walk.node);
		const struct np_function *function = np_export_function(export->tree, walk.node);
		uint32_t depth = walk.depth < MARKDOWN_DEPTH ? walk.depth : MARKDOWN_DEPTH;
		char *name;

		if (!is_shown(shown, &walk, total))
			continue;
		name = np_visible(np_export_name(export->tree, node->function), 400);
		fprintf(to, "%6.2f %6.2f  %*s%s%s\n", 100 * (double)node->total / (double)total,
			100 * (double)node->self / (double)total, (int)(2 * (depth - 1)), "", name,
			function->inlined ? " (inlined)" : "");
		free(name);
	}
	if (fclose(to) != 0)
		np_die(NP_EXIT_FAILURE, "out of memory");
	return text;
}

static void put_prose(FILE *to, const char *visible)
{
	for (const char *p = visible; *p; p++) {
		if (strchr("\\`*_{}[]<>#|~@&!", *p))
			fprintf(to, "&#%d;", *p);
		else
			fputc(*p, to);
	}
}

int np_convert_markdown(struct np_export *export)
{
	struct shown shown = { 0 };
	char *text = tree_text(export, &shown), *summary = np_units_summary(export->tree);
	char *name = np_visible(export->name, NP_VISIBLE_NAME_MAX), percent[NP_UNITS_TEXT];
	size_t fence = longest_run(text) < 3 ? 3 : longest_run(text) + 1;

	fputs("### Call tree of ", export->to);
	put_prose(export->to, name);
	fputs("\n\n", export->to);
	put_prose(export->to, summary);
	fputs("\n\n", export->to);
	for (size_t i = 0; i < fence; i++)
		fputc('`', export->to);
	fprintf(export->to, "\ntotal%%  self%%  function\n%s", text);
	for (size_t i = 0; i < fence; i++)
		fputc('`', export->to);
	fputs("\n\n", export->to);
	if (shown.hidden > 0) {
		np_units_percent(percent, (double)shown.hidden_total /
				 (double)np_tree_node(export->tree, 0)->total);
		fprintf(export->to, "Left out: %u branches below 1 %% each, %s together%s.\n", shown.hidden,
			percent, shown.rows == MARKDOWN_ROWS ? ", and what follows the 500th row" : "");
	}
	free(text);
	free(summary);
	free(name);
	return 0;
}
