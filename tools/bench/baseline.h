/* SPDX-License-Identifier: MIT
 *
 * baseline.h - results that were kept, read back.  Context: tools.
 *
 * Baselines lie in version control, so they may come from anybody: all of a file is checked before
 * any of it is used.
 */
#ifndef NP_TOOLS_BENCH_BASELINE_H
#define NP_TOOLS_BENCH_BASELINE_H

#include <jansson.h>

#include "bench.h"

/* What is wrong with FILE, or NULL. */
const char *np_baseline_wrong(const json_t *file);

/* Read and check; to be given to json_decref().  NULL after saying what is wrong, with an exit status.
 * One of another MACHINE is refused unless CROSS_MACHINE. */
json_t *np_baseline_load(const char *path, const struct np_machine *machine, bool cross_machine,
			 int *ret_status);

/* The runs and hot spots of a case.  Returns false when it has none; FILE was checked. */
bool np_baseline_case(const json_t *file, const char *benchmark, const char *case_name,
		      struct np_arm *ret_arm, struct np_hotspots *ret_hotspots);

#endif
