/* SPDX-License-Identifier: MIT
 *
 * harvest.c - fold every spool of a directory and sum up what came of it.  Context: tools.
 */
#include "harvest.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/message.h"
#include "base/text.h"
#include "fold_about.h"
#include "spool/reader.h"
#include "symbolize/symbolize.h"

#define GRACE_STEPS	20		/* of 10 ms each, for processes that are just ending */
#define PARTS_SHOWN	6

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_part(struct np_harvest *harvest, struct np_fold_result *result)
{
	struct np_merge_part *part;

	if (!result->folded_path || !result->pprof_path)
		return;
	harvest->parts = np_xrealloc(harvest->parts, harvest->part_count + 1, sizeof(*harvest->parts));
	part = &harvest->parts[harvest->part_count++];
	part->folded_path = result->folded_path;
	part->pprof_path = result->pprof_path;
	part->exe = np_xstrdup(result->exe);
	part->pid = result->pid;
	result->folded_path = result->pprof_path = NULL;
}

static void add_result(struct np_harvest *harvest, struct np_fold_result *one)
{
	struct np_fold_result *sum = &harvest->sum;

	sum->samples += one->samples;
	sum->periods += one->periods;
	sum->cpu_ns += one->cpu_ns;
	sum->period_ns = one->period_ns ? one->period_ns : sum->period_ns;
	if (one->samples > 0) {
		bool first = harvest->processes == 0;

		sum->clock = first || sum->clock == one->clock ? one->clock : NP_CLOCK_NONE;
		sum->hz = first || sum->hz == one->hz ? one->hz : 0;
	}
	sum->unresolved_samples += one->unresolved_samples;
	sum->frames += one->frames;
	sum->unresolved_frames += one->unresolved_frames;
	sum->damaged += one->damaged;
	for (int i = 0; i < NP_QUALITY_MAX; i++)
		sum->by_quality[i] += one->by_quality[i];
	for (int i = 0; i < NP_COUNT_MAX; i++)
		sum->counters[i] += one->counters[i];
	harvest->processes += one->samples > 0;
	add_part(harvest, one);
}

/* Whose spool is it?  A living owner still writes to it. */
static bool owner_lives(const char *path)
{
	struct np_spool_reader *reader;
	bool lives;

	if (np_spool_open_head(path, &reader) < 0)
		return false;
	lives = np_spool_owner_alive(reader) && np_spool_head(reader)->state != NP_SPOOL_ENDED;
	np_spool_close(reader);
	return lives;
}

static void fold_one(const char *path, const char *out, struct np_symbolizer **symbolizer,
		     struct np_harvest *harvest)
{
	struct np_fold_options options = { .out = out, .symbolizer = symbolizer };
	struct np_fold_result result;
	int r = np_fold_spool(path, &options, &result);

	add_result(harvest, &result);
	if (r == 0 || r == -ENODATA) {
		unlink(path);
	} else {
		harvest->damaged++;
		np_error("%s: %s", path, result.message);
	}
	np_fold_result_finish(&result);
}

/* NULL: none, and errno is 0; or the directory cannot be read. */
static char **list_spools(const char *directory, size_t *ret_count)
{
	DIR *dir = opendir(directory);
	char **paths = NULL;
	struct dirent *entry;
	size_t count = 0;

	*ret_count = 0;
	if (!dir)
		return NULL;	/* with errno */
	while ((entry = readdir(dir))) {
		size_t length = strlen(entry->d_name), suffix = strlen(NP_SPOOL_SUFFIX);

		if (length <= suffix || strcmp(entry->d_name + length - suffix, NP_SPOOL_SUFFIX) != 0)
			continue;
		paths = np_xrealloc(paths, count + 1, sizeof(*paths));
		paths[count++] = np_xasprintf("%s/%s", directory, entry->d_name);
	}
	closedir(dir);
	if (count)
		qsort(paths, count, sizeof(*paths), by_name);
	*ret_count = count;
	errno = 0;
	return paths;
}

void np_harvest_directory(const char *directory, const char *out, bool grace,
			  struct np_harvest *harvest)
{
	struct timespec step = { 0, 10000000 };
	int steps_left = grace ? GRACE_STEPS : 0;
	struct np_symbolizer *symbolizer = NULL;
	char **paths;
	size_t count;

	paths = list_spools(directory, &count);
	if (!paths && errno) {
		np_error("%s: cannot look for spools there: %s", directory, strerror(errno));
		harvest->damaged++;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		while (owner_lives(paths[i]) && steps_left-- > 0)
			nanosleep(&step, NULL);
		if (owner_lives(paths[i]))
			harvest->running++;
		else
			fold_one(paths[i], out, &symbolizer, harvest);
		free(paths[i]);
	}
	free(paths);
	np_symbolizer_destroy(symbolizer);
}

/* 1234567 -> "1,234,567" */
static const char *grouped(uint64_t number, char buffer[32])
{
	char *at = buffer + 31;
	int digits = 0;

	*at = '\0';
	do {
		if (digits && digits % 3 == 0)
			*--at = ',';
		*--at = (char)('0' + number % 10);
		digits++;
	} while (number /= 10);
	return at;
}

static void put_clock(FILE *to, const struct np_fold_result *sum)
{
	static const char *const clocks[] = { "several clocks", "perf_event", "POSIX timers", "setitimer" };

	fprintf(to, "; %s", clocks[sum->clock <= NP_CLOCK_ITIMER ? sum->clock : NP_CLOCK_NONE]);
	if (sum->hz)
		fprintf(to, " at %u Hz", sum->hz);
}

/* What was lost and cut, by cause; causes that did not occur are not named. */
static void put_quality(FILE *to, const struct np_fold_result *sum)
{
	static const struct { enum np_counter counter; const char *words; } counts[] = {
		{ NP_COUNT_LOST_REENTRANT, "lost inside the profiler" },
		{ NP_COUNT_LOST_NO_THREAD, "lost on threads not attached" },
		{ NP_COUNT_LOST_NO_SPOOL, "lost without a spool" },
		{ NP_COUNT_ON_ANCESTOR, "shortened because the spool was full" },
		{ NP_COUNT_THREADS_UNCOVERED, "threads without a clock" },
		{ NP_COUNT_CLOCKS_CLOSED, "threads whose clock was closed" },
		{ NP_COUNT_HANDLER_REPLACED, "programs that took SIGPROF for themselves" },
		{ NP_COUNT_THREADS_UNSEEN, "threads not covered (raw clone)" },
	};
	static const char *const cut[NP_QUALITY_MAX] = {
		NULL, "too deep", "without unwind rules", "unreadable", "on foreign stacks",
		"without an unwinder",
	};
	uint64_t complete = sum->by_quality[NP_QUALITY_COMPLETE];
	const char *between = " (";
	char number[32];

	fprintf(to, "neuroprof: stacks complete %.2f %%, cut %.2f %%", np_percent(complete, sum->samples),
		np_percent(sum->samples - complete, sum->samples));
	for (int i = 1; i < NP_QUALITY_MAX; i++) {
		if (sum->by_quality[i] == 0)
			continue;
		fprintf(to, "%s%.2f %% %s", between, np_percent(sum->by_quality[i], sum->samples), cut[i]);
		between = ", ";
	}
	fprintf(to, "%s, unresolved %.2f %%, ticks lost %s", *between == ',' ? ")" : "",
		np_percent(sum->unresolved_samples, sum->samples), grouped(np_fold_lost(sum), number));
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		if (sum->counters[counts[i].counter])
			fprintf(to, ", %s %s", counts[i].words,
				grouped(sum->counters[counts[i].counter], number));
	if (sum->counters[NP_COUNT_UNSEEN_CPU_NS])
		fprintf(to, " with %.2f CPU s", (double)sum->counters[NP_COUNT_UNSEEN_CPU_NS] / 1e9);
	if (sum->counters[NP_COUNT_HANDLER_NS])
		fprintf(to, ", overhead %.3f %%", np_percent(sum->counters[NP_COUNT_HANDLER_NS], sum->cpu_ns));
	fputc('\n', to);
}

static void put_health(FILE *to, const struct np_fold_result *sum)
{
	char *line = np_fold_health(sum);

	fprintf(to, "neuroprof: health: %s\n", line);
	free(line);
}

static void put_samples(FILE *to, const struct np_harvest *harvest, const struct rusage *usage)
{
	const struct np_fold_result *sum = &harvest->sum;
	char number[32];

	fprintf(to, "neuroprof: %s samples in %zu process%s, %.2f CPU s", grouped(sum->samples, number),
		harvest->processes, harvest->processes == 1 ? "" : "es", (double)sum->cpu_ns / 1e9);
	if (usage)
		fprintf(to, " (the kernel charged %.2f s)",
			(double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
			(double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6);
	put_clock(to, sum);
	fputc('\n', to);
}

static void put_paths(FILE *to, const struct np_harvest *harvest)
{
	if (harvest->tree_folded)
		fprintf(to, "neuroprof: the whole tree: %s and %s\n", harvest->tree_folded,
			np_base_name(harvest->tree_pprof));
	for (size_t i = 0; i < harvest->part_count; i++) {
		if (i == PARTS_SHOWN && harvest->part_count > PARTS_SHOWN + 2) {
			fprintf(to, "neuroprof: … and of %zu more processes beside them\n",
				harvest->part_count - i);
			break;
		}
		fprintf(to, "neuroprof: %s and %s\n", harvest->parts[i].folded_path,
			np_base_name(harvest->parts[i].pprof_path));
	}
}

void np_harvest_summary(const struct np_harvest *harvest, const struct rusage *usage)
{
	const struct np_fold_result *sum = &harvest->sum;
	FILE *to = stderr;

	if (sum->samples > 0) {
		put_samples(to, harvest, usage);
		put_health(to, sum);
		put_quality(to, sum);
	} else if (harvest->damaged == 0) {	/* that was said, and may be why */
		np_note("no sample was taken%s: the command used less CPU time than one period, "
			"or no process of it could load the library (static or set-user-id programs)",
			harvest->running ? " by a process that has ended" : "");
	}
	put_paths(to, harvest);
	if (harvest->running)
		np_note("%zu process%s still running: `neuroprof recover` folds what %s when %s ended",
			harvest->running, harvest->running == 1 ? " is" : "es are",
			harvest->running == 1 ? "it leaves" : "they leave",
			harvest->running == 1 ? "it has" : "they have");
}

/* Where no earlier tree is; to be freed. */
static char *tree_prefix(const char *out, const char *command)
{
	char number[16] = "";

	for (unsigned n = 2; ; n++) {
		char *prefix = np_xasprintf("%s/neuroprof.%s.tree%s", out, np_base_name(command), number);
		char *folded = np_xasprintf("%s.folded", prefix), *pprof = np_xasprintf("%s.pb.gz", prefix);
		bool taken = access(folded, F_OK) == 0 || access(pprof, F_OK) == 0;

		free(folded);
		free(pprof);
		if (!taken)
			return prefix;
		free(prefix);
		snprintf(number, sizeof(number), "-%u", n);
	}
}

void np_harvest_merge(struct np_harvest *harvest, const char *out, const char *command)
{
	char *prefix;

	if (harvest->part_count < 2)
		return;
	prefix = tree_prefix(out, command);
	if (np_merge_tree(harvest->parts, harvest->part_count, &harvest->sum, prefix,
			  &harvest->tree_folded, &harvest->tree_pprof) < 0)
		harvest->damaged++;
	free(prefix);
}

void np_harvest_finish(struct np_harvest *harvest)
{
	for (size_t i = 0; i < harvest->part_count; i++) {
		free(harvest->parts[i].folded_path);
		free(harvest->parts[i].pprof_path);
		free(harvest->parts[i].exe);
	}
	free(harvest->parts);
	free(harvest->tree_folded);
	free(harvest->tree_pprof);
}
