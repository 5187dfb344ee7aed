/* SPDX-License-Identifier: MIT
 *
 * bench_run.c - benchmark files alone: `run`, `baseline save`, `compare`.  Context: tools.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/message.h"
#include "bench.h"
#include "baseline.h"
#include "bench_suite.h"

static const char run_usage[] =
	"run [OPTION]... FILE.yaml...\n"
	"Run every case of the benchmark files, print medians and whether targets are met.";
static const char baseline_usage[] =
	"baseline save NAME [OPTION]... FILE.yaml...\n"
	"Run benchmark files and keep the results as .neuroprof/baselines/NAME.json, for version control.";
static const char compare_usage[] =
	"compare NAME [OPTION]... FILE.yaml...\n"
	"Run benchmark files and compare with the baseline NAME, of the same machine.";

int np_bench_run(int argc, char **argv)
{
	struct np_bench_settings settings;
	struct np_bench_suite suite;
	int status;

	np_bench_options(&settings, argc, argv, run_usage);
	status = np_bench_suite_run(&suite, &settings, settings.files, settings.file_count);
	if (status == NP_EXIT_OK && !settings.dry_run)
		status = np_bench_write(&settings, &suite.report);
	if (status == NP_EXIT_OK && !settings.dry_run)
		status = np_bench_suite_status(&suite, &settings);
	np_bench_suite_free(&suite);
	return status;
}

/* A name becomes a file's: nothing that leads elsewhere. */
static bool is_plain_name(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/') && strlen(name) < 128;
}

static char *baseline_path(const struct np_bench_settings *settings, const char *name)
{
	if (!is_plain_name(name))
		np_die(NP_EXIT_USAGE, "'%s' is no name for a baseline: no '/', not beginning with '.'", name);
	return np_xasprintf("%s/baselines/%s.json", settings->directory, name);
}

static int make_directories(const struct np_bench_settings *settings)
{
	char *inner = np_xasprintf("%s/baselines", settings->directory);
	int rc = 0;

	if ((mkdir(settings->directory, 0777) != 0 && errno != EEXIST) ||
	    (mkdir(inner, 0777) != 0 && errno != EEXIST)) {
		np_error("cannot make '%s': %s", inner, strerror(errno));
		rc = -1;
	}
	free(inner);
	return rc;
}

int np_bench_baseline(int argc, char **argv)
{
	struct np_bench_settings settings;
	struct np_bench_suite suite;
	char *path;
	int status;

	np_bench_options(&settings, argc, argv, baseline_usage);
	if (settings.file_count < 3 || strcmp(settings.files[0], "save") != 0) {
		np_error("it is: neuroprof-bench baseline save NAME FILE.yaml...");
		return NP_EXIT_USAGE;
	}
	path = baseline_path(&settings, settings.files[1]);
	settings.is_judged = settings.keeps_hotspots = true;
	if (!settings.dry_run && make_directories(&settings) < 0)
		return NP_EXIT_FAILURE;
	status = np_bench_suite_run(&suite, &settings, settings.files + 2, settings.file_count - 2);
	if (status == NP_EXIT_OK && (suite.failed || np_run_caught())) {
		np_bench_write(&settings, &suite.report);
		np_error("not all cases came to a result: '%s' is left as it was", path);
		status = np_bench_interrupted(NP_EXIT_FAILURE);
	} else if (status == NP_EXIT_OK && !settings.dry_run) {
		status = np_bench_write(&settings, &suite.report);
		settings.format = "json";
		settings.output = path;
		if (status == NP_EXIT_OK)
			status = np_bench_write(&settings, &suite.report);
		if (status == NP_EXIT_OK)
			np_note("baseline kept in %s", path);
	}
	np_bench_suite_free(&suite);
	free(path);
	return status;
}

int np_bench_compare(int argc, char **argv)
{
	struct np_bench_settings settings;
	struct np_bench_suite suite;
	struct np_machine machine;
	json_t *baseline;
	char *path;
	int status;

	np_bench_options(&settings, argc, argv, compare_usage);
	if (settings.file_count < 2) {
		np_error("it is: neuroprof-bench compare NAME FILE.yaml...");
		return NP_EXIT_USAGE;
	}
	path = baseline_path(&settings, settings.files[0]);
	np_machine_read(&machine);
	baseline = np_baseline_load(path, &machine, settings.cross_machine, &status);
	if (!baseline) {		/* known before anything has run */
		free(path);
		return status;
	}
	settings.is_judged = settings.keeps_hotspots = true;
	status = np_bench_suite_run(&suite, &settings, settings.files + 1, settings.file_count - 1);
	if (status == NP_EXIT_OK && !settings.dry_run)
		status = np_bench_suite_compare(&suite, baseline, path);
	if (status == NP_EXIT_OK && !settings.dry_run)
		status = np_bench_write(&settings, &suite.report);
	if (status == NP_EXIT_OK && !settings.dry_run)
		status = np_bench_suite_status(&suite, &settings);
	np_bench_suite_free(&suite);
	json_decref(baseline);
	free(path);
	return status;
}
