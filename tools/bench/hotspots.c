/* SPDX-License-Identifier: MIT
 *
 * hotspots.c - hotness ratios: time in a function / all time, with the function's ROI.  Context: tools.
 */
#include "hotspots.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "analyze/stats.h"
#include "base/message.h"

#define TURNS_MAX 10

int np_bench_hotspots(const struct np_bench_settings *settings, const struct np_spec *spec,
		      struct np_comparison *comparison, const struct np_command *command, size_t number,
		      int arm)
{
	double each = comparison->session->elapsed_s / (double)comparison->session->arms[0].count;
	int turns = each > 0 ? (int)fmin(spec->duration / each, TURNS_MAX) : 1, n = 0, status = NP_EXIT_OK;
	char *report = np_bench_tool("neuroprof-report"), *profiles[TURNS_MAX] = { 0 };
	char *ranking = np_xasprintf("%s/%zu.ranking.json", settings->profile, number);
	const char *argv[TURNS_MAX + 16] = { report, "-f", "json", "--top", "all", "--no-svg", "-o", ranking };

	turns = turns < 1 ? 1 : turns;
	if (mkdir(settings->profile, 0777) != 0 && errno != EEXIST) {
		np_error("cannot make '%s': %s", settings->profile, strerror(errno));
		status = NP_EXIT_FAILURE;
	}
	while (argv[n])
		n++;
	for (int turn = 0; turn < turns && status == NP_EXIT_OK; turn++) {
		char *directory = np_xasprintf("%s/%zu.%d", settings->profile, number, turn);

		if (np_bench_record(settings, spec, command, directory, &profiles[turn]) != 0) {
			np_error("'%s' left no profile in %s: see neuroprof doctor", comparison->commands[arm],
				 directory);
			status = NP_EXIT_FAILURE;
		}
		argv[n + turn] = profiles[turn];
		free(directory);
	}
	if (status == NP_EXIT_OK && (np_bench_call((char **)(uintptr_t)argv, NULL) != 0 ||
				     !np_hotspots_read_ranking(&comparison->hotspots[arm], ranking))) {
		np_error("neuroprof-report could not rank the profiles in %s", settings->profile);
		status = NP_EXIT_FAILURE;
	}
	for (int turn = 0; turn < TURNS_MAX; turn++)
		free(profiles[turn]);
	free(ranking);
	free(report);
	return status;
}

json_t *np_hotspots_json(const struct np_hotspots *hotspots)
{
	json_t *object, *all;

	if (hotspots->count == 0)
		return NULL;
	object = json_object();
	all = json_array();
	for (size_t i = 0; i < hotspots->count && i < NP_HOTSPOTS_KEPT; i++) {
		const struct np_hotspot *hotspot = &hotspots->all[i];
		json_t *entry = json_object();

		json_object_set_new(entry, "function", json_string(hotspot->function));
		json_object_set_new(entry, "module", json_string(hotspot->module));
		json_object_set_new(entry, "self", json_real(hotspot->self));
		json_object_set_new(entry, "total", json_real(hotspot->total));
		json_object_set_new(entry, "roi", json_real(hotspot->roi));
		json_array_append_new(all, entry);
	}
	json_object_set_new(object, "samples", json_real(hotspots->samples));
	json_object_set_new(object, "functions", all);
	return object;
}

void np_hotspots_text(FILE *to, const struct np_hotspots *hotspots)
{
	if (hotspots->count == 0)
		return;
	fprintf(to, "  hot spots, of %.0f samples\n      ROI    self %%   total %%  function\n",
		hotspots->samples);
	for (size_t i = 0; i < hotspots->count && i < NP_HOTSPOTS_KEPT; i++) {
		const struct np_hotspot *hotspot = &hotspots->all[i];

		fprintf(to, "  %7.2f  %8.2f  %8.2f  %s  %s\n", hotspot->roi, 100 * hotspot->self,
			100 * hotspot->total, hotspot->function, hotspot->module);
	}
}

struct move {
	const struct np_hotspot *before;
	struct np_hotspot after;	/* zero when it is gone */
	double low, high;		/* 95 % interval of self after - before */
};

/* Newcombe's hybrid of two Wilson intervals (1998, method 10). */
static void find_interval(struct move *move, double before_samples, double after_samples)
{
	double p = move->before->self, q = move->after.self;
	double p_low = np_wilson_lower(p, before_samples), p_high = 1 - np_wilson_lower(1 - p, before_samples);
	double q_low = np_wilson_lower(q, after_samples), q_high = 1 - np_wilson_lower(1 - q, after_samples);

	move->low = q - p - sqrt((q - q_low) * (q - q_low) + (p_high - p) * (p_high - p));
	move->high = q - p + sqrt((q_high - q) * (q_high - q) + (p - p_low) * (p - p_low));
}

static struct move move_of(const struct np_hotspots *before, size_t at, const struct np_hotspots *after)
{
	struct move move = { .before = &before->all[at] };

	for (size_t i = 0; i < after->count; i++) {
		if (strcmp(after->all[i].function, move.before->function) == 0 &&
		    strcmp(after->all[i].module, move.before->module) == 0)
			move.after = after->all[i];
	}
	find_interval(&move, before->samples, after->samples);
	return move;
}

void np_hotspots_moved_text(FILE *to, const struct np_hotspots *before, const struct np_hotspots *after)
{
	if (before->count == 0 || after->count == 0)
		return;
	fprintf(to, "  the baseline's hot spots, %.0f samples against %.0f\n"
		"            self %%  points      95 %% interval           total %%             ROI  function\n",
		before->samples, after->samples);
	for (size_t i = 0; i < before->count; i++) {
		struct move move = move_of(before, i, after);

		fprintf(to, "  %6.2f -> %6.2f  %+6.2f  %+6.2f to %+6.2f  %6.2f -> %6.2f  %5.1f -> %5.1f  %s  %s\n",
			100 * move.before->self, 100 * move.after.self,
			100 * (move.after.self - move.before->self), 100 * move.low, 100 * move.high,
			100 * move.before->total, 100 * move.after.total, move.before->roi, move.after.roi,
			move.before->function, move.before->module);
	}
}

json_t *np_hotspots_moved_json(const struct np_hotspots *before, const struct np_hotspots *after)
{
	json_t *all;

	if (before->count == 0 || after->count == 0)
		return NULL;
	all = json_array();
	for (size_t i = 0; i < before->count; i++) {
		struct move move = move_of(before, i, after);
		json_t *entry = json_object();

		json_object_set_new(entry, "function", json_string(move.before->function));
		json_object_set_new(entry, "module", json_string(move.before->module));
		json_object_set_new(entry, "self_old", json_real(move.before->self));
		json_object_set_new(entry, "self_new", json_real(move.after.self));
		json_object_set_new(entry, "self_change_low", json_real(move.low));
		json_object_set_new(entry, "self_change_high", json_real(move.high));
		json_object_set_new(entry, "total_old", json_real(move.before->total));
		json_object_set_new(entry, "total_new", json_real(move.after.total));
		json_array_append_new(all, entry);
	}
	return all;
}
