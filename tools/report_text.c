/* SPDX-License-Identifier: MIT
 *
 * report_text.c - the ranking for a terminal, and the sentences that other formats share.
 *
 * Context: tools.
 */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "analyze/units.h"
#include "analyze/visible.h"
#include "base/message.h"
#include "report.h"
#include "report_health.h"

#define FIGURES_WIDTH 64	/* all columns but the names */
#define MODULE_MIN    10
#define NAME_MIN      18
#define DASH	      "\xe2\x80\x93"
#define NBSP	      "\xc2\xa0"	/* no line break between a number and its unit */

void np_report_share(char *to, size_t size, double share)
{
	snprintf(to, size, share >= 0.99995 ? "%.1f" : "%.2f", 100 * share);
}

char *np_report_formula(const struct np_ranking *ranking)
{
	if (ranking->calls == NP_CALLS_UNKNOWN)
		return np_xasprintf("score = %.1f\xc2\xb7self%% + %.1f\xc2\xb7total%%",
				    ranking->weight_self, ranking->weight_total);
	return np_xasprintf("score = %.1f\xc2\xb7self%% + %.1f\xc2\xb7total%% + %.1f\xc2\xb7" "calls%%",
			    ranking->weight_self, ranking->weight_total, ranking->weight_calls);
}

/* Left-aligned in COLUMNS columns of the terminal, whatever the characters' widths. */
static void put_cell(FILE *to, const char *raw, size_t columns)
{
	char *visible = np_visible(raw, NP_VISIBLE_NAME_MAX);
	char *fitted = np_visible_middle(visible, columns);
	size_t used = np_visible_columns(fitted);

	fprintf(to, "%s%*s", fitted, (int)(columns - used), "");
	free(fitted);
	free(visible);
}

unsigned np_report_columns(const char *output)
{
	struct winsize size;

	if (output || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return NP_REPORT_COLUMNS;
	return size.ws_col;
}

void np_report_wrapped(FILE *to, const char *text, unsigned columns, const char *indent)
{
	size_t used = 0;

	while (*text) {
		size_t word = strcspn(text, " "), width;
		char *copy = np_xasprintf("%.*s", (int)word, text);

		width = np_visible_columns(copy);
		if (used > 0 && used + 1 + width > columns) {
			fprintf(to, "\n%s", indent);
			used = strlen(indent);
		} else if (used > 0) {
			fputc(' ', to);
			used++;
		}
		fputs(copy, to);
		used += width;
		free(copy);
		text += word;
		text += strspn(text, " ");
	}
	fputc('\n', to);
}

static void put_line(const struct np_report *report, FILE *to, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void put_line(const struct np_report *report, FILE *to, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		np_die(NP_EXIT_FAILURE, "out of memory");
	va_end(args);
	np_report_wrapped(to, text, report->columns, "  ");
	free(text);
}

static void put_head(const struct np_report *report, FILE *to)
{
	char *summary = np_units_summary(report->tree);
	char *formula = np_report_formula(report->ranking), *health, *notes;

	np_report_health_notes(report->tree, &health, &notes);
	put_line(report, to, "%s", report->source);
	put_line(report, to, "%s", summary);
	if (health)
		put_line(report, to, "%s", health);
	if (*notes)
		put_line(report, to, "%s", notes);
	put_line(report, to, "%s%s; ROI = score / complexity; sorted by %s.", formula,
		 report->ranking->calls != NP_CALLS_UNKNOWN ? ""
		 : " (calls unknown: 0.4 and 0.4 renormalised)",
		 report->settings->order == NP_RANK_ROI ? "ROI"
							 : np_rank_order_name(report->settings->order));
	if (report->hint)
		put_line(report, to, "%s", report->hint);
	fputc('\n', to);
	free(summary);
	free(health);
	free(formula);
	free(notes);
}

static void calls_text(char *to, size_t size, const struct np_ranking *ranking, uint64_t calls)
{
	static const struct {
		double least;
		const char *suffix;
	} steps[] = { { 1e18, "E" }, { 1e15, "P" }, { 1e12, "T" }, { 1e9, "G" }, { 1e6, "M" }, { 1e4, "k" } };
	const char *mark = ranking->calls == NP_CALLS_LOWER_BOUND ? "\xe2\x89\xa5" : "";

	if (ranking->calls == NP_CALLS_UNKNOWN || calls == 0) {
		snprintf(to, size, DASH);
		return;
	}
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		if ((double)calls >= steps[i].least) {
			snprintf(to, size, "%s%.3g%s", mark,
				 (double)calls / (steps[i].least == 1e4 ? 1e3 : steps[i].least),
				 steps[i].suffix);
			return;
		}
	}
	snprintf(to, size, "%s%llu", mark, (unsigned long long)calls);
}

/* Right-aligned; printf counts bytes, not columns. */
static void put_right(FILE *to, const char *text, size_t columns)
{
	size_t used = np_visible_columns(text);

	fprintf(to, "%*s%s", (int)(columns > used ? columns - used : 0), "", text);
}

static void samples_text(char *to, size_t size, const struct np_report *report, uint64_t samples)
{
	double count;

	if (np_units_samples(np_tree_meta(report->tree), samples, &count))
		snprintf(to, size, count >= 1e7 ? "%.3g" : "%.0f", count);
	else
		snprintf(to, size, DASH);
}

static void put_figures(const struct np_report *report, const struct np_rank_row *row, FILE *to)
{
	char text[NP_UNITS_TEXT];

	fprintf(to, "%6.2f %6.2f %5.3g ", row->roi, row->score, row->verdict.complexity);
	np_report_share(text, sizeof(text), row->self_share);
	put_right(to, text, 6);
	fputc(' ', to);
	if (report->ranking->samples_known)
		np_report_share(text, sizeof(text), row->self_lower);
	else
		snprintf(text, sizeof(text), DASH);
	put_right(to, text, 6);
	fputc(' ', to);
	np_report_share(text, sizeof(text), row->total_share);
	put_right(to, text, 6);
	fputc(' ', to);
	calls_text(text, sizeof(text), report->ranking, row->calls);
	put_right(to, text, 6);
	fputc(' ', to);
	samples_text(text, sizeof(text), report, row->self_samples);
	put_right(to, text, 7);
	fputc(' ', to);
	np_report_share(text, sizeof(text), row->saves_2);
	put_right(to, text, 6);
}

static bool any_module(const struct np_report *report)
{
	for (size_t i = 0; i < report->row_count; i++)
		if (*report->ranking->rows[i].module)
			return true;
	return false;
}

static void put_table(const struct np_report *report, FILE *to)
{
	size_t room = report->columns > FIGURES_WIDTH + NAME_MIN ? report->columns - FIGURES_WIDTH
								 : NAME_MIN;
	size_t module = 0, name;

	if (any_module(report) && room >= NAME_MIN + 2 + MODULE_MIN) {
		module = room / 3;
		module = module > 24 ? 24 : module < MODULE_MIN ? MODULE_MIN : module;
		room -= module + 2;
	}
	name = room;
	put_right(to, "ROI", 6);
	fputs("  score cplx.  self%   \xe2\x89\xa5" "95% total%  calls samples  2\xc3\x97" "gain  ", to);
	put_cell(to, "function", module ? name : strlen("function"));
	fputs(module ? "  module\n" : "\n", to);
	for (size_t i = 0; i < report->row_count; i++) {
		const struct np_rank_row *row = &report->ranking->rows[i];
		char *visible = np_visible(row->name, NP_VISIBLE_NAME_MAX);
		char *fitted = np_visible_middle(visible, name);
		const char *base = strrchr(row->module, '/');

		put_figures(report, row, to);
		fputs("  ", to);
		fputs(fitted, to);
		if (module && *row->module) {
			fprintf(to, "%*s  ", (int)(name - np_visible_columns(fitted)), "");
			free(visible);
			visible = np_visible(base ? base + 1 : row->module, NP_VISIBLE_NAME_MAX);
			free(fitted);
			fitted = np_visible_middle(visible, module);
			fputs(fitted, to);
		}
		fputc('\n', to);
		free(fitted);
		free(visible);
	}
}

/* "100", or "100\xe2\x80\x93" "1000" where the category alone gives a range. */
static void range_text(char *to, size_t size, double least, double most)
{
	char end[32];

	snprintf(end, sizeof(end), most < 1e4 ? "%.4g" : "%.0f", most);
	if (least < most)
		snprintf(to, size, least < 1e4 ? "%.4g" DASH "%s" : "%.0f" DASH "%s", least, end);
	else
		snprintf(to, size, "%s", end);
}

static void put_impact(const struct np_report *report, const struct np_rank_row *row, FILE *to)
{
	const struct np_complexity_verdict *verdict = &row->verdict;
	const char *category = np_category_name(verdict->category);
	char impact[64], speedup[64], saves[64], whole[32];
	char *name = np_visible(row->name, 200);

	range_text(impact, sizeof(impact), 100 * row->impact_min, 100 * row->impact);
	range_text(speedup, sizeof(speedup), verdict->min_speedup, verdict->max_speedup);
	if (verdict->min_speedup < verdict->max_speedup)
		snprintf(saves, sizeof(saves), "%.2f" DASH "%.2f", 100 * row->saves_min, 100 * row->saves_max);
	else
		snprintf(saves, sizeof(saves), "%.2f", 100 * row->saves_max);
	np_report_speedup(whole, sizeof(whole), row->saves_max);
	put_line(report, to, "  %s%s%s%s: %s %% (%.2f %% \xc3\x97 %s); saves %s %%, the whole %s as fast at most",
		 name, category ? " (" : "", category ? category : "", category ? ")" : "", impact,
		 100 * row->self_share, speedup, saves, whole);
	free(name);
}

/* Impact is printed only where the user said what kind of change it is. */
static void put_impacts(const struct np_report *report, FILE *to)
{
	bool first = true;

	for (size_t i = 0; i < report->row_count; i++) {
		const struct np_rank_row *row = &report->ranking->rows[i];

		if (!(row->verdict.max_speedup > 0))
			continue;
		if (first)
			put_line(report, to, "\nImpact = self%% \xc3\x97 speed-up, beside the gain that is possible:");
		first = false;
		put_impact(report, row, to);
	}
}

static void put_defaults(const struct np_report *report, FILE *to)
{
	char text[512], *file;
	size_t n = 0;

	for (int i = 0; i < NP_COMPLEXITY_DEFAULTS; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %g", i ? ", " : "",
				      np_complexity_default_name(i), report->complexity->defaults[i]);
	file = np_visible(report->complexity->file ? report->complexity->file : "", 0);
	put_line(report, to, "complexity (cplx.): %s%s%s.", text,
		 *file ? "; rules from " : "; --complexity FILE or neuroprof.yaml sets others", file);
	free(file);
	if (report->config->own_count == 0)
		return;
	file = np_visible(report->config->path, 0);
	put_line(report, to, "own code: the program, and what %s says.", file);
	free(file);
}

static void put_name(FILE *to, const char *raw)
{
	char *name = np_visible(raw, 200);

	fputs(name, to);
	free(name);
}

static void put_sentence(const struct np_report *report, FILE *to,
			 bool (*write)(const struct np_report *report, FILE *to,
				       void (*put_name)(FILE *to, const char *raw)))
{
	char *text = NULL;
	size_t size;
	FILE *memory = open_memstream(&text, &size);
	bool any = memory && write(report, memory, put_name);

	if (!memory || fclose(memory) != 0)
		np_die(NP_EXIT_FAILURE, "out of memory");
	if (any)
		put_line(report, to, "%s", text);
	free(text);
}

void np_report_text(const struct np_report *report, FILE *to)
{
	put_head(report, to);
	put_table(report, to);
	if (report->row_count < report->ranking->count)
		put_line(report, to, "\xe2\x80\xa6 and %zu more (--top all)",
			 report->ranking->count - report->row_count);
	if (report->settings->factors)
		np_report_factors(report, to, false);
	put_impacts(report, to);
	put_sentence(report, to, np_report_inversion);
	fputc('\n', to);
	put_sentence(report, to, np_report_bottleneck);
	put_sentence(report, to, np_report_advice);
	put_defaults(report, to);
	if (report->svg) {
		char *path = np_visible(report->svg, 0);

		put_line(report, to, "flame graph: %s", path);
		free(path);
	}
}
