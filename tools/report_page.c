/* SPDX-License-Identifier: MIT
 *
 * report_page.c - the report as an HTML page: -f html.
 *
 * Context: tools.  What lint finds is what the page says of the profile's health.
 */
#include <stdlib.h>
#include <string.h>

#include "../flamegraph/flamegraph.h"
#include "base/message.h"
#include "report.h"
#include "report_lint.h"
#include "report_sources.h"

/* The title is the file's name without its endings, as for the picture. */
static char *title_of(const struct np_report *report)
{
	const char *slash = strrchr(report->source, '/');

	return np_xstrdup(report->settings->drawing.title ? report->settings->drawing.title
						  : slash ? slash + 1 : report->source);
}

static const char *level_name(enum np_lint_severity severity)
{
	return severity == NP_LINT_ERROR ? "poor" : severity == NP_LINT_WARNING ? "fair" : "note";
}

void np_report_page(const struct np_report *report, FILE *to)
{
	struct np_lint lint = { .file = report->source };
	const struct np_read_report read = { .facts.format = "" };	/* what a tree keeps */
	char *title = title_of(report), *formula = np_report_formula(report->ranking);
	struct np_page_options options = { .title = title, .source = report->source,
		.icicle = report->settings->drawing.icicle, .ranking = report->ranking, .formula = formula };
	struct np_report_sources sources = { .count = 0 };
	struct np_page_health *health;

	np_lint_check(&lint, report->tree, &read);
	options.health = health = np_xcalloc(lint.count + 1, sizeof(*health));
	for (size_t i = 0; i < lint.count; i++)
		health[options.health_count++] = (struct np_page_health){
			.id = lint.findings[i].id, .level = level_name(lint.findings[i].severity),
			.what = lint.findings[i].message, .todo = lint.findings[i].todo };
	if (report->settings->sources)
		np_report_sources_init(&sources, report->settings);
	options.sources = sources.sources;
	options.source_count = sources.count;
	if (sources.left_out)
		np_note("%llu more lines that take something are left out of the page",
			(unsigned long long)sources.left_out);
	np_page_write(report->tree, &options, to);	/* closing the file reports what failed */
	np_report_sources_finish(&sources);
	np_lint_finish(&lint);
	free(health);
	free(formula);
	free(title);
}
