/* SPDX-License-Identifier: MIT
 *
 * neuroprof-report.c - profile files in, ranking and flame graph out.
 *
 * Context: tools.  The picture is written first, so that the ranking names only what is there; one
 * that cannot be written costs the exit status, not the ranking.
 */
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../flamegraph/svg.h"
#include "analyze/visible.h"
#include "base/message.h"
#include "base/text.h"
#include "report.h"
#include "report_commands.h"
#include "report_input.h"

/* NAME without the ending that says it is a profile; to be freed. */
static char *stem_of(const char *name)
{
	static const char *const endings[] = { ".pb.gz", ".folded.gz", ".folded", ".pb", ".pprof", ".gz",
					       ".txt" };

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++)
		if (np_ends_with(name, endings[i]))
			return np_xasprintf("%.*s", (int)(strlen(name) - strlen(endings[i])), name);
	return np_xstrdup(name);
}

static bool is_regular(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* Where the picture goes; NULL: none.  To be freed. */
static char *svg_path(const struct np_report_settings *settings)
{
	char *stem, *path;

	if (settings->no_svg)
		return NULL;
	if (settings->svg)
		return np_xstrdup(settings->svg);
	if (settings->format == NP_REPORT_HTML)	/* a page has its own */
		return NULL;
	if (settings->file_count > 1) {
		np_note("several inputs: --svg FILE says where their common flame graph goes");
		return NULL;
	}
	if (!is_regular(settings->files[0]))
		return NULL;
	stem = stem_of(settings->files[0]);
	path = np_xasprintf("%s.svg", stem);
	free(stem);
	if (strcmp(path, settings->files[0]) != 0)
		return path;
	free(path);
	return NULL;
}

/* Folded stacks carry neither modules nor kinds; the pprof file beside them does. */
static char *hint_of(const struct np_report_settings *settings)
{
	char *stem, *better, *hint = NULL;

	if (settings->file_count != 1 || settings->read.anonymize || !np_ends_with(settings->files[0], ".folded"))
		return NULL;
	stem = stem_of(settings->files[0]);
	better = np_xasprintf("%s.pb.gz", stem);
	if (is_regular(better)) {
		char *raw = np_xasprintf("Modules, kinds and lines are in %s: report on that one for them.",
					 better);

		hint = np_visible(raw, 0);
		free(raw);
	}
	free(better);
	free(stem);
	return hint;
}

static int write_ranking(const struct np_report *report)
{
	static void (*const writers[NP_REPORT_FORMATS])(const struct np_report *, FILE *) = {
		np_report_text, np_report_json, np_report_markdown, np_report_csv, np_report_page,
	};
	const char *output = report->settings->output;
	struct np_report_file file;
	int rc;

	rc = np_report_file_open(&file, output ? output : "-");
	if (rc == 0)
		writers[report->settings->format](report, file.to);
	return rc < 0 ? np_report_file_close(&file), rc : np_report_file_close(&file);
}

static int write_picture(const struct np_report *report)
{
	const struct np_drawing *drawing = &report->settings->drawing;
	char *stem = stem_of(report->source), *title = np_xasprintf("Flame %s of %s",
		drawing->in_order ? "chart" : "graph", strrchr(stem, '/') ? strrchr(stem, '/') + 1 : stem);
	int rc = np_drawing_write(drawing, report->tree, title, drawing->title ? report->source : NULL,
				  report->svg);

	free(title);
	free(stem);
	return rc;
}

/* --complexity says all about complexity, whatever else the project's file says. */
static void configure(struct np_config *config, const struct np_report_settings *settings)
{
	char message[512];
	double pass_through;

	np_config_load(config, settings->config, settings->no_config);
	if (!settings->complexity)
		return;
	pass_through = config->complexity.pass_through;
	np_complexity_finish(&config->complexity);
	np_complexity_init(&config->complexity);
	config->complexity.pass_through = pass_through;
	if (np_complexity_read(&config->complexity, settings->complexity, message, sizeof(message)) < 0)
		np_die(NP_EXIT_FAILURE, "%s", message);
}

/* Of the rows that are shown; text shows those of the first row at least. */
static struct np_factors *factors_of(const struct np_report *report)
{
	const struct np_factor_options options = {
		.pass_through = report->complexity->pass_through,
		.many_calls_ns = np_config_threshold(report->config, NP_THRESHOLD_MANY_CALLS_NS,
						     NP_FACTORS_MANY_NS),
		.callers = report->settings->factors || report->settings->format != NP_REPORT_TEXT,
	};

	return np_factors_create(report->ranking, report->tree, report->row_count, &options);
}

int main(int argc, char **argv)
{
	struct np_report_settings settings;
	struct np_config config;
	struct np_ranking ranking;
	struct np_factors *factors;
	struct np_report report = { .settings = &settings };
	const struct np_report_command *command;
	char *source, *hint, *svg;
	bool failed = false;

	np_message_tool("neuroprof-report");
	/* Names are UTF-8 whatever the terminal says; their width is all that is asked for. */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "");
	command = argc > 1 ? np_report_command_find(argv[1]) : NULL;
	if (command)
		return command->run(argc - 1, argv + 1);
	np_report_options(argc, argv, &settings);
	configure(&config, &settings);
	report.tree = np_report_input_read(settings.files, settings.file_count, &settings.read);
	np_drawing_values(&settings.drawing, report.tree);
	if (np_config_apply(&config, report.tree))
		np_tree_sort(report.tree);
	np_ranking_init(&ranking, report.tree, &config.complexity, settings.order);
	report.ranking = &ranking;
	report.config = &config;
	report.complexity = &config.complexity;
	report.source = source = np_report_input_name(settings.files, settings.file_count, &settings.read);
	report.hint = hint = hint_of(&settings);
	report.svg = svg = svg_path(&settings);
	report.columns = np_report_columns(settings.output);
	report.row_count = settings.rows_max && settings.rows_max < ranking.count ? settings.rows_max
										 : ranking.count;
	report.factors = factors = factors_of(&report);
	if (svg && write_picture(&report) < 0) {
		failed = true;
		report.svg = NULL;
	}
	/* Standard output may be the picture's. */
	if ((settings.output || !svg || strcmp(svg, "-") != 0) && write_ranking(&report) < 0)
		failed = true;
	free(source);
	free(hint);
	free(svg);
	free(factors);
	np_report_input_free(&settings.read);
	np_ranking_finish(&ranking);
	np_config_finish(&config);
	np_tree_destroy(report.tree);
	return failed ? NP_EXIT_FAILURE : NP_EXIT_OK;
}
