/* SPDX-License-Identifier: MIT
 *
 * fuzz_baseline.c - any bytes as a benchmark's baseline.
 */
#include "fuzz.h"

#include "../../tools/bench/baseline.h"
#include "measure/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	json_t *file = json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, NULL);
	const json_t *all, *entry;
	size_t index;

	if (!file)
		return 0;
	all = json_object_get(file, "benchmarks");
	if (!np_baseline_wrong(file)) {
		json_array_foreach(all, index, entry) {
			struct np_arm arm;
			struct np_hotspots hotspots;

			FUZZ_CHECK(np_baseline_case(file, json_string_value(json_object_get(entry, "benchmark")),
						    json_string_value(json_object_get(entry, "case")), &arm, &hotspots));
			FUZZ_CHECK(arm.count > 0);
			np_hotspots_free(&hotspots);
			for (size_t i = 0; i < arm.count; i++)
				np_metrics_free(&arm.runs[i].metrics);
			free(arm.runs);
		}
	}
	json_decref(file);
	return 0;
}
