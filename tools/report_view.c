/* SPDX-License-Identifier: MIT
 *
 * report_view.c - what peek, lines, modules and threads have in common.  Context: tools.
 */
#include "report_view.h"

#include <stdlib.h>
#include <string.h>

#include "analyze/units.h"
#include "base/message.h"
#include "report.h"
#include "report_input.h"

enum { OPT_CONFIG = 256, OPT_NO_CONFIG, OPT_HELP };

static const struct option common[] = {
	{ "top", required_argument, NULL, 'n' },
	{ "format", required_argument, NULL, 'f' },
	{ "output", required_argument, NULL, 'o' },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "no-config", no_argument, NULL, OPT_NO_CONFIG },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 },
};

static const char common_help[] =
	"  -n, --top N|all          rows (20)\n"
	"  -f, --format FORMAT      text (default), json, markdown, csv\n"
	"  -o, --output FILE        where it goes (standard output)\n"
	"      --config FILE        instead of the neuroprof.yaml above the working directory\n"
	"      --no-config          without any\n\n";

static const char common_help_end[] =
	"\nPROFILE: pprof, folded stacks or the text of perf script, gzip or not; '-' is standard input;\n"
	"several are summed.\n";

static enum np_document_format format(const char *text)
{
	static const char *const names[NP_DOCUMENT_FORMATS] = { "text", "json", "markdown", "csv" };

	for (int i = 0; i < NP_DOCUMENT_FORMATS; i++)
		if (strcmp(text, names[i]) == 0)
			return i;
	np_die(NP_EXIT_USAGE, "--format: '%s' is none of text, json, markdown, csv", text);
}

static void take(struct np_view *view, int option)
{
	if (np_report_input_take(&view->read, option, optarg))
		return;
	switch (option) {
	case 'n':
		view->rows_max = np_report_rows(optarg);
		break;
	case 'f':
		view->format = format(optarg);
		break;
	case 'o':
		if (!*optarg)
			np_die(NP_EXIT_USAGE, "a file name is empty");
		view->output = optarg;
		break;
	case OPT_CONFIG:
		view->config_path = optarg;
		break;
	case OPT_NO_CONFIG:
		view->no_config = true;
		break;
	case OPT_HELP:
		fputs(view->help, stdout);
		fputs(common_help, stdout);
		fputs(np_report_input_help, stdout);
		fputs(common_help_end, stdout);
		exit(fflush(stdout) == 0 ? NP_EXIT_OK : NP_EXIT_FAILURE);
	default:
		view->take(view->context, option, optarg);
	}
}

static void parse(struct np_view *view, int argc, char **argv)
{
	struct option *half = np_report_input_join(common), *all = half;
	char *help = np_xasprintf("neuroprof-report %s --help", argv[0]);
	char *letters = np_xasprintf(":n:f:o:%s", view->letters ? view->letters : "");
	int option;

	if (view->options) {
		all = np_options_join(half, view->options);
		free(half);
	}
	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, letters, all, NULL)) != -1) {
		if (option == '?' || option == ':')
			exit(np_bad_option(option, argv, help));
		take(view, option);
	}
	free(help);
	free(letters);
	free(all);
	if (view->word_name && optind < argc)
		view->word = argv[optind++];
	if (optind == argc)
		np_die(NP_EXIT_USAGE, "%s: which profile? neuroprof-report %s %s%sFILE.pb.gz; '-' reads "
		       "standard input", argv[0], argv[0], view->word_name ? view->word_name : "",
		       view->word_name ? " " : "");
	if (view->config_path && view->no_config)
		np_die(NP_EXIT_USAGE, "--config and --no-config exclude each other");
	view->document.files = argv + optind;
	view->document.file_count = (size_t)(argc - optind);
	np_report_input_check(argv + optind, view->document.file_count);
}

void np_view_start(struct np_view *view, int argc, char **argv)
{
	struct np_document *document = &view->document;
	char **files;

	view->rows_max = 20;
	parse(view, argc, argv);
	files = argv + argc - document->file_count;
	np_config_load(&view->config, view->config_path, view->no_config);
	document->schema = view->schema;
	document->tree = np_report_input_read(files, document->file_count, &view->read);
	if (np_config_apply(&view->config, document->tree))
		np_tree_sort(document->tree);
	document->source = view->source = np_report_input_name(files, document->file_count, &view->read);
	if (view->read.anonymize)
		document->file_count = 0;	/* their names tell */
	document->columns = np_report_columns(view->output);
}

int np_view_end(struct np_view *view)
{
	struct np_report_file file;
	int rc = np_report_file_open(&file, view->output ? view->output : "-");

	if (rc == 0)
		np_document_write(&view->document, view->format, file.to);
	if (np_report_file_close(&file) < 0)
		rc = -1;
	np_document_finish(&view->document);
	np_tree_destroy(view->document.tree);
	np_config_finish(&view->config);
	np_report_input_free(&view->read);
	free(view->source);
	return rc < 0 ? NP_EXIT_FAILURE : NP_EXIT_OK;
}

size_t np_view_rows(const struct np_view *view, struct np_table *table, size_t count)
{
	size_t shown = view->rows_max && view->rows_max < count ? view->rows_max : count;

	table->left_out = count - shown;
	return shown;
}

void np_view_put_samples(const struct np_view *view, struct np_table *table, uint64_t samples)
{
	double count;

	if (np_units_samples(np_tree_meta(view->document.tree), samples, &count) && count >= 0 &&
	    count < 1e18)
		np_table_number(table, (uint64_t)(count + 0.5));
	else
		np_table_nothing(table);
}

double np_view_share(const struct np_view *view, uint64_t value)
{
	return (double)value / (double)np_tree_node(view->document.tree, 0)->total;
}
