/* SPDX-License-Identifier: MIT
 *
 * report_input.c - reading what a command was given.  Context: tools.
 */
#include "report_input.h"

#include <stdlib.h>
#include <string.h>

#include "analyze/visible.h"
#include "base/message.h"
#include "profile/folded_columns.h"
#include "report_progress.h"

void np_report_input_check(char **files, size_t count)
{
	size_t standard_inputs = 0;

	for (size_t i = 0; i < count; i++) {
		if (!*files[i])
			np_die(NP_EXIT_USAGE, "a file name is empty");
		standard_inputs += strcmp(files[i], "-") == 0;
	}
	if (standard_inputs > 1)
		np_die(NP_EXIT_USAGE, "standard input can be read once: '-' is given %zu times",
		       standard_inputs);
}

/* For --columns auto, which says what it found when that is not the usual. */
static unsigned columns_of(const char *path)
{
	struct np_read_report report;
	unsigned columns;

	if (strcmp(path, "-") == 0)
		np_die(NP_EXIT_USAGE, "--columns auto reads twice, which standard input cannot: say how many");
	if (np_folded_columns(path, &columns, &report) < 0)
		np_die(NP_EXIT_FAILURE, "%s", report.message);
	if (columns == 2)
		np_note("'%s': two numbers end each line; the last is taken", path);
	return columns;
}

struct np_tree *np_report_input_read(char **files, size_t count,
				     const struct np_read_options *options)
{
	struct np_tree *tree = np_tree_create();

	for (size_t i = 0; i < count; i++) {
		struct np_read_report report = { .message = "" };
		struct np_read_options read = *options;
		struct np_progress progress;
		int rc;

		if (read.columns == NP_READ_COLUMNS_AUTO)
			read.columns = columns_of(files[i]);
		np_progress_begin(&progress, files[i], &read);
		rc = np_read_path(files[i], &read, tree, &report);
		np_progress_end(&progress);
		if (rc < 0)
			np_die(NP_EXIT_FAILURE, "%s", report.message);
		if (*report.message)
			np_note("%s", report.message);
	}
	if (options->anonymize) {
		struct np_tree *named = tree;

		tree = np_tree_anonymize(named, options->anonymize);
		np_tree_destroy(named);
	}
	np_tree_finish(tree);
	np_tree_sort(tree);
	if (np_tree_node(tree, 0)->total == 0)
		np_die(NP_EXIT_FAILURE, "'%s': no sample with a value above zero, so nothing to show; was "
		       "the program on a CPU while it was profiled?", files[0]);
	return tree;
}

char *np_report_input_name(char **files, size_t count, const struct np_read_options *options)
{
	const char *first = strcmp(files[0], "-") == 0 ? "standard input" : files[0];
	char *raw = options->anonymize ? np_xstrdup("a profile without names")
		  : count == 1	       ? np_xstrdup(first)
				       : np_xasprintf("%s and %zu more, summed", first, count - 1);
	char *visible = np_visible(raw, NP_VISIBLE_NAME_MAX);

	free(raw);
	return visible;
}
