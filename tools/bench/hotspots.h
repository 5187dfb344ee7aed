/* SPDX-License-Identifier: MIT
 *
 * hotspots.h - where a benchmark's time goes: shares of functions, kept with a baseline.  Context: tools.
 */
#ifndef NP_TOOLS_BENCH_HOTSPOTS_H
#define NP_TOOLS_BENCH_HOTSPOTS_H

#include <jansson.h>
#include <stdio.h>

#include "bench.h"

#define NP_HOTSPOTS_KEPT 5u

/* Profile COMMAND for as long as SPEC says and put its functions, ordered by ROI, into arm ARM of
 * COMPARISON.  The profiles stay in the settings' profile directory.  Returns an exit status. */
int np_bench_hotspots(const struct np_bench_settings *settings, const struct np_spec *spec,
		      struct np_comparison *comparison, const struct np_command *command, size_t number,
		      int arm);

/* The first of them as JSON, NULL when there are none; and back.  Returns false for what is not such. */
json_t *np_hotspots_json(const struct np_hotspots *hotspots);
bool np_hotspots_read(struct np_hotspots *hotspots, const json_t *object);

/* The functions of what neuroprof-report wrote to PATH as JSON.  Returns false when there are none. */
bool np_hotspots_read_ranking(struct np_hotspots *hotspots, const char *path);

/* How the shares of the baseline's functions moved: lines, or an array. */
void np_hotspots_text(FILE *to, const struct np_hotspots *hotspots);
void np_hotspots_moved_text(FILE *to, const struct np_hotspots *before, const struct np_hotspots *after);
json_t *np_hotspots_moved_json(const struct np_hotspots *before, const struct np_hotspots *after);

#endif
