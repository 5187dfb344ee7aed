/* SPDX-License-Identifier: MIT
 *
 * baseline.c - results that were kept, read back.  Context: tools.
 */
#include "baseline.h"

#include <string.h>

#include "base/message.h"
#include "hotspots.h"

static const json_t *arm_of(const json_t *entry)
{
	return json_array_get(json_object_get(entry, "arms"), 0);
}

static bool is_run(const json_t *run)
{
	const json_t *metrics = json_object_get(run, "metrics"), *values, *value;
	const json_t *checksum = json_object_get(run, "checksum");
	const char *name;
	size_t index;

	if (json_object_size(metrics) == 0 || (checksum && !json_is_null(checksum) && !json_is_string(checksum)))
		return false;
	json_object_foreach((json_t *)(uintptr_t)metrics, name, values) {
		if (!np_metric_is_name(name) || !json_is_array(values))
			return false;
		json_array_foreach(values, index, value)
			if (!json_is_number(value))
				return false;
	}
	return true;
}

static const char *wrong_in_case(const json_t *entry)
{
	const json_t *runs = json_object_get(arm_of(entry), "runs"), *run;
	struct np_hotspots hotspots;
	const char *wrong;
	size_t index;

	if (!json_is_string(json_object_get(entry, "benchmark")) ||
	    !json_is_string(json_object_get(entry, "case")))
		return "a case without its names";
	if (json_array_size(runs) == 0)
		return "a case without runs";
	json_array_foreach(runs, index, run)
		if (!is_run(run))
			return "a run whose metrics are not names with numbers";
	wrong = np_hotspots_read(&hotspots, json_object_get(arm_of(entry), "hotspots")) ? NULL
		: "hot spots that are none";
	np_hotspots_free(&hotspots);
	return wrong;
}

const char *np_baseline_wrong(const json_t *file)
{
	const char *schema = json_string_value(json_object_get(file, "schema")), *wrong = NULL;
	const json_t *all = json_object_get(file, "benchmarks"), *entry;
	size_t index;

	if (!schema || strcmp(schema, "neuroprof-bench/1") != 0)
		return "not of schema neuroprof-bench/1";
	if (!json_is_string(json_object_get(json_object_get(file, "machine"), "fingerprint")))
		return "it tells no machine";
	if (!json_is_array(all))
		return "it has no benchmarks";
	json_array_foreach(all, index, entry)
		wrong = wrong ? wrong : wrong_in_case(entry);
	return wrong;
}

json_t *np_baseline_load(const char *path, const struct np_machine *machine, bool cross_machine,
			 int *ret_status)
{
	json_error_t error;
	json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	const char *wrong, *of;

	*ret_status = NP_EXIT_FAILURE;
	if (!file) {
		np_error("cannot read baseline '%s': %s", path, error.text);
		return NULL;
	}
	wrong = np_baseline_wrong(file);
	if (wrong) {
		np_error("'%s' is no baseline of neuroprof-bench: %s", path, wrong);
		json_decref(file);
		return NULL;
	}
	of = json_string_value(json_object_get(json_object_get(file, "machine"), "fingerprint"));
	if (strcmp(of, machine->fingerprint) != 0 && !cross_machine) {
		np_error("baseline '%s' is of machine %s, this is %s: save one here, or use ab (or insist "
			 "with --cross-machine)", path, of, machine->fingerprint);
		*ret_status = NP_BENCH_INVALID;
		json_decref(file);
		return NULL;
	}
	*ret_status = NP_EXIT_OK;
	return file;
}

static const json_t *find_case(const json_t *all, const char *benchmark, const char *case_name)
{
	const json_t *entry;
	size_t index;

	json_array_foreach(all, index, entry)
		if (strcmp(json_string_value(json_object_get(entry, "benchmark")), benchmark) == 0 &&
		    strcmp(json_string_value(json_object_get(entry, "case")), case_name) == 0)
			return entry;
	return NULL;
}

static void read_run(struct np_run *run, const json_t *object)
{
	const json_t *metrics = json_object_get(object, "metrics"), *values, *value;
	const char *checksum = json_string_value(json_object_get(object, "checksum")), *name;
	size_t index;

	*run = (struct np_run){ 0 };
	if (checksum)
		run->metrics.checksum = np_xstrdup(checksum);
	json_object_foreach((json_t *)(uintptr_t)metrics, name, values)
		json_array_foreach(values, index, value)
			np_metrics_add(&run->metrics, name, json_number_value(value),
				       np_run_is_figure(name));
}

bool np_baseline_case(const json_t *file, const char *benchmark, const char *case_name,
		      struct np_arm *ret_arm, struct np_hotspots *ret_hotspots)
{
	const json_t *entry = find_case(json_object_get(file, "benchmarks"), benchmark, case_name);
	const json_t *runs = json_object_get(arm_of(entry), "runs"), *run;
	size_t index;

	if (!entry)
		return false;
	*ret_arm = (struct np_arm){ .runs = np_xcalloc(json_array_size(runs), sizeof(*ret_arm->runs)) };
	json_array_foreach(runs, index, run)
		read_run(&ret_arm->runs[ret_arm->count++], run);
	return np_hotspots_read(ret_hotspots, json_object_get(arm_of(entry), "hotspots"));
}
