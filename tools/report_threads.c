/* SPDX-License-Identifier: MIT
 *
 * report_threads.c - neuroprof-report threads: what each thread takes, and where.
 *
 * Context: tools.  Threads are the labels of a pprof file, or the root frames of folded stacks and
 * of perf script text that are known to stand for one.
 */
#include <stdlib.h>

#include "analyze/threads.h"
#include "base/message.h"
#include "report_commands.h"
#include "report_view.h"

static const char help[] =
	"usage: neuroprof-report threads [OPTION\xe2\x80\xa6] PROFILE\xe2\x80\xa6\n\n"
	"What each thread takes, and the function that takes most of its own in it.  Threads are told\n"
	"apart by the labels of a pprof file, or by root frames such as 'worker-7/9', 'tid:9',\n"
	"'[worker tid=9]' or 'process 7'.\n\n"
	"      --by KEY             by the values of another label of a pprof file\n"
	"      --roots              by the first frame of each stack, whatever it is\n";

enum { OPT_BY = NP_VIEW_OPTION, OPT_ROOTS };

struct command {
	struct np_view view;
	bool by_roots;
};

static const struct option options[] = {
	{ "by", required_argument, NULL, OPT_BY },
	{ "roots", no_argument, NULL, OPT_ROOTS },
	{ 0 },
};

static const struct np_column columns[] = {
	{ "total", "total%", NP_COLUMN_SHARE },
	{ "value", "value", NP_COLUMN_VALUE },
	{ "samples", "samples", NP_COLUMN_COUNT },
	{ "thread", "thread", NP_COLUMN_NAME },
	{ "hottest_of_thread", "of it%", NP_COLUMN_SHARE },
	{ "hottest", "hottest function", NP_COLUMN_NAME },
};

static void take(void *context, int option, const char *value)
{
	struct command *command = context;

	if (option == OPT_BY)
		command->view.read.group_by = value;
	else
		command->by_roots = true;
}

static void put_row(struct np_table *table, const struct np_view *view,
		    const struct np_thread_row *row)
{
	struct np_tree *tree = view->document.tree;
	char *name = np_threads_name(tree, row->node);

	np_table_share(table, np_view_share(view, row->value));
	np_table_number(table, row->value);
	np_view_put_samples(view, table, row->samples);
	np_table_text(table, name);
	if (row->hottest) {
		const struct np_function *hottest = np_tree_function_at(tree, row->hottest);

		np_table_share(table, (double)row->hottest_self / (double)row->value);
		np_table_text(table, np_tree_string(tree, hottest->name));
	} else {
		np_table_nothing(table);
		np_table_nothing(table);
	}
	free(name);
}

int np_report_threads(int argc, char **argv)
{
	struct command command = { .view = { .help = help, .schema = "neuroprof-threads/1",
		.options = options, .take = take, .read = { .threads = true } } };
	struct np_view *view = &command.view;
	struct np_thread_rows threads;
	struct np_table *table;
	size_t shown;

	view->context = &command;
	np_view_start(view, argc, argv);
	np_threads_init(&threads, view->document.tree, command.by_roots);
	if (threads.count == 1 && threads.rows[0].node == 0)
		np_die(NP_EXIT_FAILURE, "'%s': nothing in it tells threads apart; the .pb.gz file of "
		       "neuroprof does, and perf script prints them (--roots takes the first frame of each "
		       "stack for one)", view->document.files[0]);
	table = np_document_table(&view->document, "threads", NULL, columns,
				  sizeof(columns) / sizeof(*columns));
	shown = np_view_rows(view, table, threads.count);
	for (size_t i = 0; i < shown; i++)
		put_row(table, view, &threads.rows[i]);
	np_threads_finish(&threads);
	return np_view_end(view);
}
