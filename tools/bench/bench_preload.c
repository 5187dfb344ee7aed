/* SPDX-License-Identifier: MIT
 *
 * bench_preload.c - programs that count through the header: run under the library, without samples.
 *
 * Context: tools.  Counting costs nanoseconds a call; the file at the end costs the run some
 * milliseconds, the same in both arms.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "bench.h"

extern char **environ;

/* libneuroprof.so of a build, or of where this is installed; to be freed. */
static char *library(void)
{
	static const char *const places[] = { "../src/agent/libneuroprof.so", "../../src/agent/libneuroprof.so",
		"../lib/x86_64-linux-gnu/libneuroprof.so", "../lib/libneuroprof.so",
		"../lib64/libneuroprof.so" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char *path = np_bench_tool(places[i]);

		if (strchr(path, '/') == path) {
			char *real = realpath(path, NULL);

			free(path);
			if (real)
				return real;
		} else {
			free(path);
		}
	}
	np_die(NP_EXIT_FAILURE, "--preload: libneuroprof.so is not found beside this program");
}

static char **with(char **environment, size_t *count, char *text)
{
	environment = np_xrealloc(environment, *count + 2, sizeof(*environment));
	environment[(*count)++] = text;
	environment[*count] = NULL;
	return environment;
}

void np_bench_preload(struct np_bench_settings *settings)
{
	char place[] = "/tmp/neuroprof-bench.XXXXXX", *path, **environment = NULL;
	size_t count = 0;

	if (!settings->preload)
		return;
	if (!mkdtemp(place))
		np_die(NP_EXIT_FAILURE, "cannot make a directory in /tmp: %s", strerror(errno));
	path = library();
	for (char **at = environ; *at; at++) {
		if (strncmp(*at, "LD_PRELOAD=", 11) != 0 && strncmp(*at, "NEUROPROF_", 10) != 0)
			environment = with(environment, &count, np_xstrdup(*at));
	}
	environment = with(environment, &count, np_xasprintf("LD_PRELOAD=%s", path));
	environment = with(environment, &count, np_xstrdup("NEUROPROF_START=off"));
	environment = with(environment, &count, np_xstrdup("NEUROPROF_QUIET=1"));
	environment = with(environment, &count, np_xasprintf("NEUROPROF_OUT=%s", place));
	free(path);
	settings->rules.environment = environment;
	settings->rules.metrics_directory = np_xstrdup(place);
}

void np_bench_preload_end(struct np_bench_settings *settings)
{
	const char *place = settings->rules.metrics_directory;
	DIR *all = place ? opendir(place) : NULL;
	struct dirent *entry;

	while (all && (entry = readdir(all))) {
		char *path = np_xasprintf("%s/%s", place, entry->d_name);

		unlink(path);
		free(path);
	}
	if (all)
		closedir(all);
	if (place)
		rmdir(place);
	for (size_t i = 0; settings->rules.environment && settings->rules.environment[i]; i++)
		free(settings->rules.environment[i]);
	free((void *)(uintptr_t)settings->rules.environment);
	free((void *)(uintptr_t)place);
	settings->rules.environment = NULL;
	settings->rules.metrics_directory = NULL;
}
