/* SPDX-License-Identifier: MIT
 *
 * report_merge.c - neuroprof-report merge: many profiles into one.
 *
 * Context: tools.  One file after another goes into one tree, so memory grows with unique stacks
 * and names, not with the number of files.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "report_commands.h"
#include "report_convert.h"
#include "report_input.h"

enum { OPT_HELP = 256 };

static const struct option own_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "to", required_argument, NULL, 't' },
	{ "files-from", required_argument, NULL, 'f' },
	{ "keep-going", no_argument, NULL, 'k' },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 },
};

struct merge {
	const char *output, *list;
	const struct np_convert_format *format;
	bool keep_going;
	struct np_read_options read;

	struct np_tree *tree;
	size_t merged, left_out;
	bool is_terminal;	/* progress is shown */
};

static _Noreturn void help(void)
{
	puts("usage: neuroprof-report merge -o FILE [OPTION\xe2\x80\xa6] PROFILE\xe2\x80\xa6\n\n"
	     "Sums up profiles, thousands if need be.  Their units must agree.\n\n"
	     "  -o, --output FILE      the sum; pprof, or folded stacks if it ends in .folded\n"
	     "  -t, --to FORMAT        any format of 'convert' instead\n"
	     "  -f, --files-from LIST  more names, one a line, from this file ('-': standard input)\n"
	     "  -k, --keep-going       leave out what cannot be read, and say so; exit status 1 then\n");
	fputs(np_report_input_help, stdout);
	exit(fflush(stdout) == 0 ? NP_EXIT_OK : NP_EXIT_FAILURE);
}

static void take(struct merge *merge, int option, char **argv)
{
	if (np_report_input_take(&merge->read, option, optarg))
		return;
	switch (option) {
	case 'o':
		merge->output = optarg;
		break;
	case 't':
		merge->format = np_convert_format_named(optarg);
		if (!merge->format)
			np_die(NP_EXIT_USAGE, "--to: '%s' is none of folded, pprof, speedscope, firefox, "
			       "callgrind, json, csv, markdown", optarg);
		break;
	case 'f':
		merge->list = optarg;
		break;
	case 'k':
		merge->keep_going = true;
		break;
	case OPT_HELP:
		help();
	default:
		np_die(NP_EXIT_USAGE, option == ':' ? "merge: '%s' needs a value: see neuroprof-report merge "
		       "--help" : "merge: '%s' is no option: see neuroprof-report merge --help",
		       argv[optind - 1]);
	}
}

static void progress(const struct merge *merge, const char *end)
{
	if (merge->is_terminal && (merge->merged % 16 == 0 || *end))
		fprintf(stderr, "\r%zu profiles%s", merge->merged, end);
}

/* Can PATH be read?  What is read half way would spoil the sum: so it is read twice. */
static bool is_readable(struct merge *merge, const char *path)
{
	struct np_read_report report = { .message = "" };
	struct np_tree *tree = np_tree_create();
	bool is_good = np_read_path(path, &merge->read, tree, &report) == 0;

	np_tree_destroy(tree);
	if (is_good)
		return true;
	np_error("%s; left out", report.message);
	merge->left_out++;
	return false;
}

static void add(struct merge *merge, const char *path)
{
	struct np_read_report report = { .message = "" };
	int rc;

	if (merge->keep_going && strcmp(path, "-") != 0 && !is_readable(merge, path))
		return;
	rc = np_read_path(path, &merge->read, merge->tree, &report);
	if (rc < 0)
		np_die(NP_EXIT_FAILURE, "%s%s", report.message,
		       merge->keep_going || rc == -EINVAL || rc == -EOVERFLOW
		       ? "; nothing was written"
		       : "; nothing was written, --keep-going leaves such files out");
	if (*report.message)
		np_note("%s", report.message);
	merge->merged++;
	progress(merge, "");
}

static void add_list(struct merge *merge)
{
	bool is_stdin = strcmp(merge->list, "-") == 0;
	FILE *from = is_stdin ? stdin : fopen(merge->list, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t length;

	if (!from)
		np_die(NP_EXIT_FAILURE, "'%s': cannot open it: %s", merge->list, strerror(errno));
	errno = 0;
	while ((length = getline(&line, &room, from)) > 0) {
		if (line[length - 1] == '\n')
			line[--length] = '\0';
		if (length > 0)
			add(merge, line);
		errno = 0;
	}
	if (ferror(from))
		np_die(NP_EXIT_FAILURE, "'%s': cannot read it: %s", merge->list, strerror(errno));
	free(line);
	if (!is_stdin)
		fclose(from);
}

static void check(struct merge *merge, int argc, char **argv)
{
	np_report_input_check(argv + optind, (size_t)(argc - optind));
	if (optind == argc && !merge->list)
		np_die(NP_EXIT_USAGE, "merge: which profiles? neuroprof-report merge -o sum.pb.gz PROFILE…; "
		       "--files-from - reads their names");
	if (!merge->output || !*merge->output)
		np_die(NP_EXIT_USAGE, "merge: where does the sum go? -o sum.pb.gz or -o sum.folded");
	if (merge->list && strcmp(merge->list, "-") == 0)
		for (int i = optind; i < argc; i++)
			if (strcmp(argv[i], "-") == 0)
				np_die(NP_EXIT_USAGE, "merge: standard input is either a list or a profile");
	if (!merge->format)
		merge->format = np_convert_format_of(merge->output);
	if (!merge->format)
		merge->format = np_convert_format_named("pprof");
	if (merge->format->is_binary && strcmp(merge->output, "-") == 0 && isatty(STDOUT_FILENO))
		np_die(NP_EXIT_USAGE, "merge: %s is not for a terminal: -o FILE says where it goes",
		       merge->format->name);
}

static int write_sum(struct merge *merge)
{
	char *name = np_xasprintf("%zu profiles, summed", merge->merged), *comment;
	int status;

	if (merge->read.anonymize) {
		struct np_tree *named = merge->tree;

		merge->tree = np_tree_anonymize(named, merge->read.anonymize);
		np_tree_destroy(named);
	}
	np_tree_finish(merge->tree);
	np_tree_sort(merge->tree);
	if (np_tree_node(merge->tree, 0)->total == 0)
		np_die(NP_EXIT_FAILURE, "merge: no sample in %zu profiles; nothing was written",
		       merge->merged);
	comment = np_xasprintf("merged: %zu profiles", merge->merged);
	np_tree_add_comment(merge->tree, comment);
	status = np_convert_write(merge->format, merge->tree, name, merge->output);
	free(comment);
	free(name);
	return status;
}

int np_report_merge(int argc, char **argv)
{
	struct merge merge = { .tree = np_tree_create(), .is_terminal = isatty(STDERR_FILENO) };
	struct option *options = np_report_input_join(own_options);
	int option, status;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":o:t:f:k", options, NULL)) != -1)
		take(&merge, option, argv);
	free(options);
	if (merge.read.columns == NP_READ_COLUMNS_AUTO)
		np_die(NP_EXIT_USAGE, "merge: --columns says how many here: files need not agree");
	check(&merge, argc, argv);
	for (int i = optind; i < argc; i++)
		add(&merge, argv[i]);
	if (merge.list)
		add_list(&merge);
	progress(&merge, "\n");
	status = write_sum(&merge);
	if (merge.left_out > 0) {
		np_error("merge: %zu of %zu profiles could not be read and are not in the sum",
			 merge.left_out, merge.left_out + merge.merged);
		status = NP_EXIT_FAILURE;
	}
	np_report_input_free(&merge.read);
	np_tree_destroy(merge.tree);
	return status;
}
