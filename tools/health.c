/* SPDX-License-Identifier: MIT
 *
 * health.c - the judgement of a profile.  Context: tools.
 *
 * Every figure is compared with two thresholds; the worst decides.  Lost ticks cost precision, not
 * time (their CPU time weighs in the thread's next sample), so a few of them do no harm.  Of a
 * thread that got no clock nobody knows what it used, so a single one is said.
 */
#include "health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"

const char *const np_health_words[NP_COUNT_MAX] = {
	[NP_COUNT_ON_ANCESTOR] = "samples kept on an outer frame, for the spool was full "
				 "(NEUROPROF_SPOOL_MAX gives it more room)",
	[NP_COUNT_LOST_REENTRANT] = "ticks lost inside the profiler itself",
	[NP_COUNT_LOST_NO_THREAD] = "ticks lost on threads that were not attached",
	[NP_COUNT_LOST_NO_SPOOL] = "ticks lost while there was no spool",
	[NP_COUNT_LOST_PERIODS] = "periods of CPU time belonged to lost ticks",
	[NP_COUNT_THREADS_SEEN] = "threads attached",
	[NP_COUNT_THREADS_UNCOVERED] = "threads not sampled, for they could get no clock",
	[NP_COUNT_THREADS_UNSEEN] = "threads not sampled, for they were made past pthread_create() "
				    "(a raw clone, io_uring and the like)",
	[NP_COUNT_THREADS_BY_TIMER] = "threads sampled by a POSIX timer, at most 250 times a second "
				      "or so: they could get no perf event",
	[NP_COUNT_CLOCKS_CLOSED] = "threads not sampled to their end: the program closed their "
				   "clock by a raw system call",
	[NP_COUNT_HANDLER_REPLACED] = "time the program took SIGPROF by a raw system call: "
				      "nothing was sampled since",
	[NP_COUNT_THREADS_SHARED] = "threads share the entry \"(other)\"",
	[NP_COUNT_MODULES_LOST] = "look-ups of code whose module found no entry: bare addresses",
	[NP_COUNT_STARTUP_PERIODS] = "periods used before the library attached, shown as [startup]",
	[NP_COUNT_SPAN_SAMPLES_LOST] = "samples inside a span that found no place: they lack its labels",
	[NP_COUNT_SPANS_TOO_DEEP] = "spans not kept, for 32 were open around them: their samples belong to "
				    "the innermost of those",
};

/* Above FAIR a figure is fair, above POOR it is poor; of samples, below. */
static const struct threshold {
	double fair, poor;
	bool is_number;
	const char *before, *after;	/* of the figure, in a sentence */
} thresholds[NP_HEALTH_FIGURES] = {
	[NP_HEALTH_SAMPLES] = { 1000, 100, true, "only ", " samples" },
	[NP_HEALTH_CUT] = { 0.01, 0.10, false, "", " of the stacks are cut" },
	[NP_HEALTH_UNRESOLVED] = { 0.05, 0.30, false, "", " of the samples are in code without a name" },
	[NP_HEALTH_BY_START] = { 0.05, 1, false, "", " of the samples are in functions named by their "
				 "start alone" },
	[NP_HEALTH_SHORTENED] = { 0.01, 0.10, false, "",
				  " of the samples are on an outer frame, for the spool was full" },
	[NP_HEALTH_LOST] = { 0.01, 0.10, false, "", " of the ticks were lost" },
	[NP_HEALTH_MISSING] = { 0.01, 0.10, false, "", " of the CPU time is missing, for its threads were not "
			       "sampled" },
	[NP_HEALTH_UNCOVERED] = { 0, 0.10, false, "", " of the threads were not sampled" },
	[NP_HEALTH_ENDED] = { 0, 0.10, false, "", " of the threads were not sampled to their end" },
	[NP_HEALTH_TAKEN] = { 0, 0, true, "SIGPROF was taken from us in ",
			      " processes: nothing was sampled since" },
	[NP_HEALTH_DAMAGED] = { 0, 1e9, true, "", " damaged entries of the spool were left out" },
	[NP_HEALTH_OVERHEAD] = { 0.02, 0.10, false, "the handler took ", " of the CPU time" },
};

void np_health_init(struct np_health *health)
{
	for (int i = 0; i < NP_HEALTH_FIGURES; i++)
		health->figure[i] = -1;
}

static double share(uint64_t part, uint64_t whole)
{
	return part == 0 ? 0 : part >= whole ? 1 : (double)part / (double)whole;
}

void np_health_of_counts(struct np_health *health, const struct np_health_counts *counts)
{
	double *figure = health->figure;

	figure[NP_HEALTH_SAMPLES] = (double)counts->samples;
	figure[NP_HEALTH_CUT] = share(counts->cut, counts->samples);
	figure[NP_HEALTH_UNRESOLVED] = share(counts->unresolved, counts->samples);
	figure[NP_HEALTH_SHORTENED] = share(counts->shortened, counts->samples);
	figure[NP_HEALTH_LOST] = counts->lost == 0 ? 0 : (double)counts->lost /
				 ((double)counts->lost + (double)counts->samples);
	figure[NP_HEALTH_MISSING] = counts->missing_ns == 0 ? 0 : (double)counts->missing_ns /
				    ((double)counts->missing_ns + (double)counts->cpu_ns);
	figure[NP_HEALTH_UNCOVERED] = counts->uncovered == 0 ? 0 : (double)counts->uncovered /
				      ((double)counts->uncovered + (double)counts->threads);
	figure[NP_HEALTH_ENDED] = share(counts->ended, counts->threads);
	figure[NP_HEALTH_TAKEN] = (double)counts->taken;
	figure[NP_HEALTH_DAMAGED] = (double)counts->damaged;
	figure[NP_HEALTH_OVERHEAD] = share(counts->handler_ns, counts->cpu_ns);
}

static void add(uint64_t *to, uint64_t more)
{
	if (__builtin_add_overflow(*to, more, to))
		*to = UINT64_MAX;
}

/* "count: 17 ticks lost …" */
static void add_count(struct np_health_counts *counts, const char *text)
{
	char *words;
	uint64_t number = strtoull(text, &words, 10);
	int which = 0;

	if (words == text || *words++ != ' ')
		return;
	while (which < NP_COUNT_MAX &&
	       (!np_health_words[which] || strcmp(np_health_words[which], words) != 0))
		which++;
	switch (which) {
	case NP_COUNT_ON_ANCESTOR:
		add(&counts->shortened, number);
		break;
	case NP_COUNT_LOST_REENTRANT:
	case NP_COUNT_LOST_NO_THREAD:
	case NP_COUNT_LOST_NO_SPOOL:
		add(&counts->lost, number);
		break;
	case NP_COUNT_THREADS_SEEN:
		add(&counts->threads, number);
		break;
	case NP_COUNT_THREADS_UNCOVERED:
		add(&counts->uncovered, number);
		break;
	case NP_COUNT_CLOCKS_CLOSED:
		add(&counts->ended, number);
		break;
	case NP_COUNT_HANDLER_REPLACED:
		add(&counts->taken, number);
		break;
	default:
		break;
	}
}

static const char *after(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

/* PERCENT of WHOLE, whatever a file may say. */
static uint64_t part_of(uint64_t whole, double percent)
{
	return percent > 0 ? percent < 100 ? (uint64_t)((double)whole * percent / 100) : whole : 0;
}

static uint64_t nanoseconds(double seconds)
{
	return seconds > 0 && seconds < 1e10 ? (uint64_t)(seconds * 1e9) : 0;
}

unsigned np_health_of_comments(struct np_health_counts *counts, const struct np_tree *tree)
{
	uint64_t samples = 0, cpu_ns = 0;	/* of the recording that is being described */
	unsigned found = 0;

	memset(counts, 0, sizeof(*counts));
	for (size_t i = 0; i < np_tree_comment_count(tree); i++) {
		const char *text = np_tree_comment(tree, i), *rest;

		if ((rest = after(text, "samples: "))) {
			const char *seconds = strstr(rest, "periods, ");

			samples = strtoull(rest, NULL, 10);
			cpu_ns = seconds ? nanoseconds(strtod(seconds + 9, NULL)) : 0;
			add(&counts->samples, samples);
			add(&counts->cpu_ns, cpu_ns);
			found++;
		} else if ((rest = after(text, "complete stacks: "))) {
			add(&counts->cut, part_of(samples, 100 - strtod(rest, NULL)));
		} else if ((rest = after(text, "unresolved: "))) {
			add(&counts->unresolved, part_of(samples, strtod(rest, NULL)));
		} else if ((rest = after(text, "missing: "))) {
			add(&counts->missing_ns, nanoseconds(strtod(rest, NULL)));
		} else if ((rest = after(text, "damaged: "))) {
			add(&counts->damaged, strtoull(rest, NULL, 10));
		} else if ((rest = after(text, "overhead: "))) {
			add(&counts->handler_ns, part_of(cpu_ns, strtod(rest, NULL)));
		} else if ((rest = after(text, "count: "))) {
			add_count(counts, rest);
		}
	}
	return found;
}

enum np_health_level np_health_level(const struct np_health *health, enum np_health_figure figure)
{
	const struct threshold *threshold = &thresholds[figure];
	double value = health->figure[figure];

	if (value < 0)
		return NP_HEALTH_GOOD;
	if (figure == NP_HEALTH_SAMPLES)
		return value < threshold->poor ? NP_HEALTH_POOR
		     : value < threshold->fair ? NP_HEALTH_FAIR : NP_HEALTH_GOOD;
	return value > threshold->poor ? NP_HEALTH_POOR
	     : value > threshold->fair ? NP_HEALTH_FAIR : NP_HEALTH_GOOD;
}

enum np_health_level np_health_worst(const struct np_health *health)
{
	enum np_health_level worst = NP_HEALTH_GOOD;

	for (int i = 0; i < NP_HEALTH_FIGURES; i++) {
		enum np_health_level level = np_health_level(health, (enum np_health_figure)i);

		worst = level > worst ? level : worst;
	}
	return worst;
}

static void put_reason(FILE *to, const struct threshold *threshold, double value)
{
	if (threshold->is_number)
		fprintf(to, "%s%.0f%s", threshold->before, value, threshold->after);
	else
		fprintf(to, "%s%.*f %%%s", threshold->before, value < 0.1 ? 2 : 1, 100 * value,
			threshold->after);
}

char *np_health_line(const struct np_health *health)
{
	static const char *const words[] = { "good", "fair", "poor" };
	enum np_health_level worst = np_health_worst(health);
	const char *between = ": ";
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		np_die(NP_EXIT_FAILURE, "out of memory");
	fputs(words[worst], to);
	for (int level = NP_HEALTH_POOR; level > NP_HEALTH_GOOD; level--) {
		for (int i = 0; i < NP_HEALTH_FIGURES; i++) {
			if ((int)np_health_level(health, (enum np_health_figure)i) != level)
				continue;
			fputs(between, to);
			put_reason(to, &thresholds[i], health->figure[i]);
			between = "; ";
		}
	}
	if (fclose(to) != 0)
		np_die(NP_EXIT_FAILURE, "out of memory");
	return text;
}
