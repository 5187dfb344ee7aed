/* SPDX-License-Identifier: MIT
 *
 * doctor_trial.c - profile a small program for real, and look at what came of it.
 *
 * Context: tools.  The program is this tool itself, with a command that only uses CPU time.
 */
#include "doctor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/message.h"
#include "places.h"
#include "spool/reader.h"

#define TRIAL_SECONDS 0.15

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int np_doctor_trial_program(void)
{
	double until = cpu_seconds() + TRIAL_SECONDS;

	while (cpu_seconds() < until)
		;
	printf("%.6f\n", cpu_seconds());
	return NP_EXIT_OK;
}

/* Everything as the user's programs have it, but for where the result goes. */
static char **environment(const char *directory)
{
	static const char *const replaced[] = {
		"LD_PRELOAD=", "NEUROPROF_SPOOL_DIR=", "NEUROPROF_FOLD=", "NEUROPROF_START=", "NEUROPROF_OUT=",
		"NEUROPROF_QUIET=",
	};
	char *library = np_places_library(NP_EXIT_FAILURE);
	size_t count = 0, n = 0;
	char **list;

	while (environ[count])
		count++;
	list = np_xcalloc(count + 8, sizeof(*list));
	for (size_t i = 0; i < count; i++) {
		bool keep = true;

		for (size_t k = 0; k < sizeof(replaced) / sizeof(*replaced); k++)
			keep &= strncmp(environ[i], replaced[k], strlen(replaced[k])) != 0;
		if (keep)
			list[n++] = np_xstrdup(environ[i]);
	}
	list[n++] = np_xasprintf("LD_PRELOAD=%s", library);
	list[n++] = np_xasprintf("NEUROPROF_SPOOL_DIR=%s", directory);
	list[n++] = np_xasprintf("NEUROPROF_OUT=%s", directory);
	list[n++] = np_xstrdup("NEUROPROF_FOLD=off");
	list[n] = NULL;
	free(library);
	return list;
}

struct outcome {
	bool ran;
	double cpu;		/* as the program saw it */
	char words[1024];	/* what was said on standard error, without a line end */
};

static void read_pipe(int fd, char *text, size_t bytes)
{
	size_t have = 0;
	ssize_t n;

	while (have + 1 < bytes && (n = read(fd, text + have, bytes - 1 - have)) > 0)
		have += (size_t)n;
	text[have] = '\0';
	text[strcspn(text, "\n")] = '\0';
	close(fd);
}

static void run_program(const char *directory, struct outcome *outcome)
{
	char *argv[] = { (char *)(uintptr_t)"neuroprof", (char *)(uintptr_t)"doctor",
			 (char *)(uintptr_t)"--trial-program", NULL };
	char **envp = environment(directory), text[64];
	posix_spawn_file_actions_t actions;
	int out[2], err[2], status = -1;
	pid_t child;

	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		np_die(NP_EXIT_FAILURE, "doctor: no pipe can be made: %s", strerror(errno));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
	status = posix_spawn(&child, "/proc/self/exe", &actions, NULL, argv, envp);
	close(out[1]);
	close(err[1]);
	read_pipe(out[0], text, sizeof(text));
	read_pipe(err[0], outcome->words, sizeof(outcome->words));
	if (status == 0 && waitpid(child, &status, 0) == child)
		outcome->ran = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	outcome->cpu = strtod(text, NULL);
	posix_spawn_file_actions_destroy(&actions);
	for (char **e = envp; *e; e++)
		free(*e);
	free(envp);
}

/* The one spool in DIRECTORY; everything in it is removed. */
static struct np_spool_reader *take_spool(const char *directory)
{
	struct np_spool_reader *reader = NULL;
	struct dirent *entry;
	DIR *dir = opendir(directory);

	while (dir && (entry = readdir(dir))) {
		char *path;

		if (entry->d_name[0] == '.')
			continue;
		path = np_xasprintf("%s/%s", directory, entry->d_name);
		if (!reader && np_spool_open(path, &reader, NULL, 0) < 0)
			reader = NULL;
		unlink(path);
		free(path);
	}
	if (dir)
		closedir(dir);
	return reader;
}

/* Samples whose stack is whole, by the quality that its root tells. */
static uint64_t complete_samples(const struct np_spool_reader *reader)
{
	uint32_t count = np_spool_node_count(reader);
	bool *whole = np_xcalloc(count, sizeof(*whole));
	uint64_t samples = 0;

	for (uint32_t i = 1; i < count; i++) {
		const struct np_spool_node *node = np_spool_node(reader, i);

		if (!node)
			continue;
		whole[i] = node->kind == NP_NODE_STARTUP ||
			   (node->kind == NP_NODE_ROOT ? node->pc % 256 == NP_QUALITY_COMPLETE
						       : whole[node->parent]);
		samples += whole[i] ? node->samples : 0;
	}
	free(whole);
	return samples;
}

static void judge(struct np_doctor *doctor, const struct np_spool_reader *reader, double cpu)
{
	static const char *const clocks[] = { "no clock", "perf", "timer", "itimer" };
	const struct np_spool_header *head = np_spool_head(reader);
	uint64_t samples = head->counters[NP_COUNT_SAMPLES];
	double measured = (double)head->counters[NP_COUNT_PERIODS] * (double)head->period_ns / 1e9;
	double whole = samples ? 100.0 * (double)complete_samples(reader) / (double)samples : 0;
	double period = (double)head->period_ns / 1e9;
	struct np_finding *finding = np_doctor_add(doctor, "trial", NP_DOCTOR_OK);

	np_doctor_say(&finding->found, "a program of %.3f s of CPU time gave %" PRIu64 " samples that stand for "
		      "%.3f s, by %s at %u Hz; %.0f %% of the stacks are complete", cpu, samples, measured,
		      head->clock < 4 ? clocks[head->clock] : "?", head->hz, whole);
	if (samples == 0 && cpu > 2 * period) {
		finding->state = NP_DOCTOR_BLOCKED;
		np_doctor_say(&finding->meaning, "no sample was taken");
	} else if (whole < 90 && samples > 0) {
		finding->state = NP_DOCTOR_LIMITED;
		np_doctor_say(&finding->meaning, "many stacks are cut short: totals of outer functions are too "
			      "small, their own time is right");
	} else if (measured < 0.9 * cpu - 2 * period || measured > 1.1 * cpu + 2 * period) {
		finding->state = NP_DOCTOR_LIMITED;
		np_doctor_say(&finding->meaning, "the samples do not add up to the CPU time: take figures of "
			      "this place with care");
	}
}

void np_doctor_trial(struct np_doctor *doctor)
{
	struct np_spool_reader *reader;
	struct outcome outcome = { .ran = false };
	struct np_finding *finding;
	char *directory;

	if (!doctor->spool_dir)
		return;
	directory = np_xasprintf("%s/doctor-XXXXXX", doctor->spool_dir);
	if (!mkdtemp(directory)) {
		free(directory);
		return;		/* said already: the directory cannot be written */
	}
	run_program(directory, &outcome);
	reader = take_spool(directory);
	rmdir(directory);
	if (outcome.ran && reader && !outcome.words[0]) {
		judge(doctor, reader, outcome.cpu);
	} else {
		finding = np_doctor_add(doctor, "trial", outcome.ran && reader ? NP_DOCTOR_LIMITED
									       : NP_DOCTOR_BLOCKED);
		np_doctor_say(&finding->found, "a program under the library %s",
			      outcome.ran ? reader ? "was profiled, with a remark" : "was not profiled"
					  : "did not run");
		if (outcome.words[0])
			np_doctor_say(&finding->cause, "%s", outcome.words);
	}
	np_spool_close(reader);
	free(directory);
}
