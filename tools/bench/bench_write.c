/* SPDX-License-Identifier: MIT
 *
 * bench_write.c - a report in the format that is wanted, and what it means as an exit status.
 *
 * Context: tools.
 */
#include <string.h>

#include "base/message.h"
#include "bench.h"
#include "report.h"

static const struct {
	const char *name;
	void (*write)(FILE *to, const struct np_bench_report *report);
} formats[] = {
	{ "text", np_bench_text },
	{ "markdown", np_bench_markdown },
	{ "json", np_bench_json },
	{ "junit", np_bench_junit },
	{ "sarif", np_bench_sarif },
	{ "openmetrics", np_bench_openmetrics },
	{ "github-action-benchmark", np_bench_gab },
	{ "bencher", np_bench_bencher },
};

bool np_bench_format_is_known(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(name, formats[i].name) == 0)
			return true;
	}
	return false;
}

/* Said once, however often the report is written. */
static void tell_dropped(const struct np_bench_report *report)
{
	static bool is_told;

	for (size_t i = 0; !is_told && i < report->count; i++) {
		size_t dropped = 0;

		for (int arm = 0; arm < 2; arm++) {
			const struct np_arm *of = &report->all[i].session->arms[arm];

			for (size_t k = 0; k < of->count; k++)
				dropped += of->runs[k].metrics.dropped;
		}
		if (dropped)
			np_note("%s%s%s: %zu figures were left out: not finite, or too many",
				report->all[i].benchmark, *report->all[i].case_name ? " " : "",
				report->all[i].case_name, dropped);
	}
	is_told = true;
}

int np_bench_write(const struct np_bench_settings *settings, const struct np_bench_report *report)
{
	struct np_report_file file;

	tell_dropped(report);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(settings->format, formats[i].name) != 0)
			continue;
		if (np_report_file_open(&file, settings->output ? settings->output : "-") < 0)
			return NP_EXIT_FAILURE;
		formats[i].write(file.to, report);
		return np_report_file_close(&file) < 0 ? NP_EXIT_FAILURE : NP_EXIT_OK;
	}
	return NP_EXIT_USAGE;		/* the options let none pass */
}

int np_bench_status(const struct np_bench_settings *settings, const struct np_bench_report *report)
{
	bool regression = false, invalid = false, inconclusive = false, missed = false;

	for (size_t i = 0; i < report->count; i++) {
		const struct np_comparison *comparison = &report->all[i];
		enum np_verdict verdicts[] = { comparison->verdict, comparison->tail_verdict };

		for (size_t k = 0; k < comparison->count; k++)
			missed |= comparison->all[k].target_missed;
		invalid |= comparison->invalid[0] != '\0';
		if (!report->is_pair)
			continue;
		for (int k = 0; k < 1 + comparison->has_tail; k++) {
			regression |= verdicts[k] == NP_REGRESSION || verdicts[k] == NP_REVERT;
			invalid |= verdicts[k] == NP_INVALID;
			inconclusive |= k == 0 && verdicts[k] == NP_INCONCLUSIVE;
		}
	}
	if (invalid)
		return NP_BENCH_INVALID;
	if (regression)
		return NP_BENCH_REGRESSION;
	if (missed)
		return NP_BENCH_TARGET_MISSED;
	return inconclusive && !settings->inconclusive_ok ? NP_BENCH_INCONCLUSIVE : NP_BENCH_PASS;
}
