/* SPDX-License-Identifier: MIT
 *
 * bench_profile.c - profile both arms in turns, and ask neuroprof-report what moved.
 *
 * Context: tools.  The timed runs are not profiled: what sampling costs is not in the figures.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/message.h"
#include "bench.h"

#define TURNS_MAX 10
#define OUTPUT_MAX ((size_t)16 << 10)

extern char **environ;

char *np_bench_tool(const char *name)
{
	char self[PATH_MAX], *slash, *path;
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (size > 0) {
		self[size] = '\0';
		slash = strrchr(self, '/');
		*slash = '\0';
		path = np_xasprintf("%s/%s", self, name);
		if (access(path, X_OK) == 0)
			return path;
		free(path);
		path = np_xasprintf("%s/../%s", self, name);
		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return np_xstrdup(name);
}

int np_bench_call(char **argv, char **output)
{
	posix_spawn_file_actions_t actions;
	int ends[2] = { -1, -1 }, status = -1;
	size_t size = 0;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	if (output && pipe(ends) == 0) {
		posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
		posix_spawn_file_actions_addclose(&actions, ends[0]);
		*output = np_xcalloc(OUTPUT_MAX + 1, 1);
	} else {
		posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	}
	errno = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (ends[1] >= 0)
		close(ends[1]);
	if (errno == 0) {
		char spill[4096];
		ssize_t got = 1;

		while (ends[0] >= 0 && got > 0) {
			got = size < OUTPUT_MAX ? read(ends[0], *output + size, OUTPUT_MAX - size)
						: read(ends[0], spill, sizeof(spill));
			size += got > 0 && size < OUTPUT_MAX ? (size_t)got : 0;
		}
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	}
	if (ends[0] >= 0)
		close(ends[0]);
	return status;
}

/* The profile of the tree where there were several processes, else the only one; NULL: none. */
static char *find_profile(const char *directory)
{
	static const char *const patterns[] = { "*.tree.pb.gz", "*.pb.gz" };
	char *found = NULL;

	for (size_t i = 0; i < 2 && !found; i++) {
		char *pattern = np_xasprintf("%s/%s", directory, patterns[i]);
		glob_t matches;

		if (glob(pattern, GLOB_NOESCAPE, NULL, &matches) == 0)
			found = np_xstrdup(matches.gl_pathv[0]);
		globfree(&matches);
		free(pattern);
	}
	return found;
}

/* What an earlier comparison left in DIRECTORY would be taken for this one's. */
static void clear(const char *directory)
{
	char *pattern = np_xasprintf("%s/neuroprof.*", directory);
	glob_t matches;

	if (glob(pattern, GLOB_NOESCAPE, NULL, &matches) == 0) {
		for (size_t i = 0; i < matches.gl_pathc; i++)
			unlink(matches.gl_pathv[i]);
	}
	globfree(&matches);
	free(pattern);
}

int np_bench_record(const struct np_bench_settings *settings, const struct np_spec *spec,
		    const struct np_command *command, char *directory, char **profile)
{
	char *neuroprof = np_bench_tool("neuroprof");
	char *hz = np_xasprintf("%g", spec ? spec->sample_rate : 499);
	char *argv[] = { neuroprof, (char *)(uintptr_t)"record", (char *)(uintptr_t)"-q",
		(char *)(uintptr_t)"-F", hz, (char *)(uintptr_t)"-o", directory, (char *)(uintptr_t)"--",
		command->argv[0], command->argv[1], command->argv[2], NULL };
	int status;

	clear(directory);
	status = np_bench_call(argv, NULL);
	*profile = find_profile(directory);
	if (!*profile)
		status = -1;
	free(hz);
	free(neuroprof);
	return status;
}

/* "diff OLD... -- NEW..." as text, and as the union flame graph. */
static void ask(const char *report, char **profiles, int turns, const char *picture,
		struct np_comparison *comparison)
{
	char *argv[2 * TURNS_MAX + 16];
	int n = 0;

	argv[n++] = (char *)(uintptr_t)report;
	argv[n++] = (char *)(uintptr_t)"diff";
	argv[n++] = (char *)(uintptr_t)"--same-work";	/* as the checksums say */
	argv[n++] = (char *)(uintptr_t)"--svg";
	argv[n++] = (char *)(uintptr_t)picture;
	for (int i = 0; i < turns; i++)
		argv[n++] = profiles[2 * i];
	argv[n++] = (char *)(uintptr_t)"--";
	for (int i = 0; i < turns; i++)
		argv[n++] = profiles[2 * i + 1];
	argv[n] = NULL;
	if (np_bench_call(argv, &comparison->movers) < 0)
		np_note("neuroprof-report could not compare the profiles");
	if (access(picture, R_OK) == 0)
		comparison->artifact = np_xstrdup(picture);
}

int np_bench_profile(const struct np_bench_settings *settings, const struct np_spec *spec,
		     struct np_comparison *comparison, const struct np_command commands[2],
		     size_t number)
{
	char *report = np_bench_tool("neuroprof-report"), *picture;
	char *profiles[2 * TURNS_MAX] = { 0 };
	const struct np_session *session = comparison->session;
	double each = session->elapsed_s / (double)(2 * session->arms[0].count + 4);
	double wanted = spec && spec->profiling ? spec->duration : 10;
	int turns = each > 0 ? (int)(wanted / (2 * each)) : 3, done = 0, status = NP_EXIT_OK;

	turns = turns < 3 ? 3 : turns > TURNS_MAX ? TURNS_MAX : turns;
	if (mkdir(settings->profile, 0777) != 0 && errno != EEXIST) {
		np_error("cannot make '%s': %s", settings->profile, strerror(errno));
		status = NP_EXIT_FAILURE;
	}
	for (; status == NP_EXIT_OK && done < turns; done++) {
		for (int k = 0; k < 2; k++) {
			int arm = k ^ (done & 1);
			char *directory = np_xasprintf("%s/%zu.%s.%d", settings->profile, number,
						       arm ? "new" : "old", done);

			if (np_bench_record(settings, spec, &commands[arm], directory,
					    &profiles[2 * done + arm]) != 0) {
				np_error("'%s' left no profile in %s: see neuroprof doctor",
					 comparison->commands[arm], settings->profile);
				status = NP_EXIT_FAILURE;
			}
			free(directory);
		}
	}
	picture = np_xasprintf("%s/%zu.diff.svg", settings->profile, number);
	if (status == NP_EXIT_OK)
		ask(report, profiles, turns, picture, comparison);
	for (int i = 0; i < 2 * TURNS_MAX; i++)
		free(profiles[i]);
	free(picture);
	free(report);
	return status;
}
