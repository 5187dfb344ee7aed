/* SPDX-License-Identifier: MIT
 *
 * fold_about.c - the profile's comments.  Context: tools.
 *
 * Nothing here depends on when or where it is folded: the same spool gives the same lines.
 */
#include "fold_about.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "health.h"

/* Where the lines go: into a profile that is being written, or a tree of several. */
struct about {
	struct np_pprof *pprof;
	struct np_tree *tree;
};

__attribute__((format(printf, 2, 3)))
static void say(const struct about *about, const char *format, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		np_die(NP_EXIT_FAILURE, "out of memory");
	if (about->pprof)
		np_pprof_comment(about->pprof, text);
	else
		np_tree_add_comment(about->tree, text);
	free(text);
}

char *np_fold_identity(const struct np_spool_header *head)
{
	/* The image's number alone is not enough: it counts the spools that are still there. */
	return np_xasprintf("process: pid %u (started at tick %" PRIu64 ", image %u at %.6f s)", head->pid,
			    head->start_ticks, head->image, (double)head->started_monotonic_ns / 1e9);
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0.0;
}

char *np_fold_health(const struct np_fold_result *result)
{
	const struct np_health_counts counts = {
		.samples = result->samples,
		.cut = result->samples - result->by_quality[NP_QUALITY_COMPLETE],
		.unresolved = result->unresolved_samples,
		.shortened = result->counters[NP_COUNT_ON_ANCESTOR],
		.lost = np_fold_lost(result),
		.threads = result->counters[NP_COUNT_THREADS_SEEN],
		.uncovered = result->counters[NP_COUNT_THREADS_UNCOVERED],
		.ended = result->counters[NP_COUNT_CLOCKS_CLOSED],
		.taken = result->counters[NP_COUNT_HANDLER_REPLACED],
		.damaged = result->damaged,
		.handler_ns = result->counters[NP_COUNT_HANDLER_NS],
		.cpu_ns = result->cpu_ns,
		.missing_ns = result->counters[NP_COUNT_UNSEEN_CPU_NS],
	};
	struct np_health health;

	np_health_of_counts(&health, &counts);
	return np_health_line(&health);
}

static void say_health(const struct about *about, const struct np_fold_result *result)
{
	char *line = np_fold_health(result);

	say(about, "health: %s", line);
	free(line);
}

static void say_clock(const struct about *about, const struct np_spool_header *head)
{
	const char *why = head->clock_errno ? strerror(head->clock_errno) : NULL;
	const char *name = head->clock == NP_CLOCK_PERF ? "perf_event task-clock of each thread"
			 : head->clock == NP_CLOCK_TIMER ? "POSIX timer on each thread's CPU clock"
			 : head->clock == NP_CLOCK_ITIMER ? "setitimer for the whole process"
			 : "not known";

	say(about, "clock: %s, %u Hz%s%s", name, head->hz,
	    why ? "; a better one was refused: " : "", why ? why : "");
}

static void say_quality(const struct about *about, const struct np_fold_result *result)
{
	static const char *const reasons[NP_QUALITY_MAX] = {
		[NP_QUALITY_TOO_DEEP] = "deeper than the limit: their outermost frames are missing",
		[NP_QUALITY_NO_RULE] = "at code without unwind rules",
		[NP_QUALITY_BAD_READ] = "where a rule led outside the stack",
		[NP_QUALITY_FOREIGN_STACK] = "on a stack that is not the thread's own",
		[NP_QUALITY_NO_UNWINDER] = "at the leaf: the unwinder could not be used",
	};

	say(about, "samples: %" PRIu64 " weighing %" PRIu64 " periods, %.3f s of CPU time",
	    result->samples, result->periods, (double)result->cpu_ns / 1e9);
	say(about, "complete stacks: %.2f %% of the samples",
	    percent(result->by_quality[NP_QUALITY_COMPLETE], result->samples));
	for (int i = 1; i < NP_QUALITY_MAX; i++)
		if (result->by_quality[i])
			say(about, "stacks cut: %" PRIu64 " samples %s", result->by_quality[i],
				reasons[i]);
	say(about, "unresolved: %.2f %% of the samples by their leaf, %.2f %% of all frames",
	    percent(result->unresolved_samples, result->samples),
	    percent(result->unresolved_frames, result->frames));
}

static void say_lost(const struct about *about, const struct np_fold_result *result)
{
	for (int i = 0; i < NP_COUNT_MAX; i++)
		if (np_health_words[i] && result->counters[i])
			say(about, "count: %" PRIu64 " %s", result->counters[i], np_health_words[i]);
	if (result->counters[NP_COUNT_UNSEEN_CPU_NS])
		say(about, "missing: %.3f s of CPU time of threads made past pthread_create(), before they "
			   "were found or where they could not be sampled",
		    (double)result->counters[NP_COUNT_UNSEEN_CPU_NS] / 1e9);
	if (result->damaged)
		say(about, "damaged: %" PRIu64 " entries of the spool could not be used",
			result->damaged);
}

static void say_missing(const struct about *about, const struct np_spool_header *head,
			const struct np_fold_result *result)
{
	if (head->state == NP_SPOOL_ENDED && head->counters[NP_COUNT_SAMPLES] > result->samples)
		say(about, "damaged: %" PRIu64 " more samples were counted than are in the tree",
		    head->counters[NP_COUNT_SAMPLES] - result->samples);
}

/* By the handler's own clock, over the samples whose cost was summed up by then. */
static void say_overhead(const struct about *about, const struct np_fold_result *result)
{
	uint64_t cost_ns = result->counters[NP_COUNT_HANDLER_NS];

	if (cost_ns == 0)
		return;
	say(about, "overhead: %.3f %% of the CPU time in the signal handler, without the kernel's part",
	    percent(cost_ns, result->cpu_ns));
	if (result->counters[NP_COUNT_SLOWED_DOWN])
		say(about, "overhead: the rate was halved %" PRIu64 " times to stay below "
			"NEUROPROF_MAX_OVERHEAD; weights are right",
		    result->counters[NP_COUNT_SLOWED_DOWN]);
}

static void say_end(const struct about *about, const struct np_spool_header *head,
		    const struct np_fold_result *result)
{
	const char *how = head->state != NP_SPOOL_ENDED
				  ? result->owner_alive ? "still running: this is a snapshot"
							: "killed or crashed"
			  : head->end == NP_END_EXIT   ? "exited"
			  : head->end == NP_END_EXEC   ? "replaced by exec"
			  : head->end == NP_END_SIGNAL ? "ended by a signal"
			  : head->end == NP_END_CONFINED ? "forbade itself what a sampler needs (seccomp or TSC), and went on unsampled"
						       : "not known";

	say(about, "end: %s", how);
}

/* Which object's names may be missing, and why, in the order of the output. */
static void say_modules(const struct about *about, const struct np_fold_model *model)
{
	const struct np_fold_module **ordered = np_xcalloc(model->module_count, sizeof(*ordered));

	for (uint32_t i = 0; i < model->module_count; i++)
		ordered[model->modules[i].rank] = &model->modules[i];
	for (uint32_t i = 0; i < model->module_count; i++) {
		const struct np_fold_module *module = ordered[i];
		const char *note = module->symbols ? np_symbol_module_note(module->symbols) : NULL;
		bool said = i > 0 && ordered[i - 1]->symbols == module->symbols;

		if (note && !said)
			say(about, "names: %s %s", module->path[0] ? module->path : "(no path)",
				note);
	}
	free((void *)ordered);
}

void np_fold_about(struct np_pprof *pprof, const struct np_fold_model *model,
		   const struct np_fold_result *result)
{
	static const char *const unwinders[] = { "none", "cfi", "fp", "libunwind" };
	const struct np_spool_header *head = np_spool_head(model->reader);
	const struct about about = { .pprof = pprof };
	char *identity = np_fold_identity(head);

	say(&about, "neuroprof " NP_VERSION ": %s", head->exe[0] ? head->exe : head->comm);
	say(&about, "%s", identity);
	say_health(&about, result);
	say_clock(&about, head);
	say(&about, "unwinder: %s, at most %u frames",
	    head->unwinder <= NP_UNWINDER_LIBUNWIND ? unwinders[head->unwinder] : "not known",
	    head->depth_max);
	say_quality(&about, result);
	say_lost(&about, result);
	say_missing(&about, head, result);
	say_overhead(&about, result);
	say_modules(&about, model);
	say_end(&about, head, result);
	free(identity);
}

void np_fold_about_sum(struct np_tree *tree, const struct np_fold_result *sum)
{
	const struct about about = { .tree = tree };

	say_health(&about, sum);
	say_quality(&about, sum);
	say_lost(&about, sum);
	say_overhead(&about, sum);
}
