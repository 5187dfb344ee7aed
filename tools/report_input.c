/* SPDX-License-Identifier: MIT
 *
 * report_input.c - reading what a command was given.  Context: tools.
 */
#include "report_input.h"

#include <stdlib.h>
#include <string.h>

#include "analyze/visible.h"
#include "base/message.h"

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

void np_report_input_label(struct np_read_options *options, char *text)
{
	char *equals = strchr(text, '=');
	struct np_read_label *labels;

	if (!equals || equals == text)
		np_die(NP_EXIT_USAGE, "--label: '%s' is not KEY=VALUE, such as thread=worker", text);
	*equals = '\0';
	labels = np_xrealloc((void *)(uintptr_t)options->labels, options->label_count + 1,
			     sizeof(*labels));
	labels[options->label_count++] = (struct np_read_label){ text, equals + 1 };
	options->labels = labels;
}

struct np_tree *np_report_input_read(char **files, size_t count,
				     const struct np_read_options *options)
{
	struct np_tree *tree = np_tree_create();

	for (size_t i = 0; i < count; i++) {
		struct np_read_report report = { .message = "" };

		if (np_read_path(files[i], options, tree, &report) < 0)
			np_die(NP_EXIT_FAILURE, "%s", report.message);
		if (*report.message)
			np_note("%s", report.message);
	}
	np_tree_finish(tree);
	np_tree_sort(tree);
	if (np_tree_node(tree, 0)->total == 0)
		np_die(NP_EXIT_FAILURE, "'%s': no sample with a value above zero, so nothing to show; was "
		       "the program on a CPU while it was profiled?", files[0]);
	return tree;
}

char *np_report_input_name(char **files, size_t count)
{
	const char *first = strcmp(files[0], "-") == 0 ? "standard input" : files[0];
	char *raw = count == 1 ? np_xstrdup(first)
			       : np_xasprintf("%s and %zu more, summed", first, count - 1);
	char *visible = np_visible(raw, NP_VISIBLE_NAME_MAX);

	free(raw);
	return visible;
}
