/* SPDX-License-Identifier: MIT
 *
 * fold.h - a spool into neuroprof.<exe>.<pid>.folded and .pb.gz.
 *
 * Context: tools; the whole of neuroprof-fold, also called by `neuroprof record` and `recover`.
 */
#ifndef NP_TOOLS_FOLD_H
#define NP_TOOLS_FOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "spool/layout.h"

struct np_symbolizer;		/* symbolize/symbolize.h */

struct np_fold_options {
	/* Where the profile goes: a directory, or a pattern for the file's name when its last part
	 * holds a '%' ("%e" program, "%p" process id, "%%" a percent sign; the suffixes are added).
	 * Missing directories are made.  NULL: where the spool says, else the present directory. */
	const char *out;

	/* For several spools: NULL, or where the symbolizer is kept from one to the next, so that what
	 * their programs have in common is read once.  To be destroyed by the caller. */
	struct np_symbolizer **symbolizer;
};

struct np_fold_result {
	uint64_t samples, periods;
	uint64_t period_ns, cpu_ns;	/* cpu_ns = periods * period_ns */
	uint64_t by_quality[NP_QUALITY_MAX];	/* samples whose stack ends for that reason */
	uint64_t unresolved_samples;	/* leaf function has no name */
	uint64_t frames, unresolved_frames;	/* over all samples */
	uint64_t counters[NP_COUNT_MAX]; /* as in the spool: lost ones by cause, threads, ... */
	uint64_t damaged;		/* entries of the spool that could not be used */
	enum np_clock_kind clock;	/* NONE: of several processes, not the same */
	uint32_t hz;			/* asked for; 0: not the same */
	uint32_t pid;
	char exe[512];			/* the profiled program's path */
	enum np_spool_state state;
	enum np_spool_end end;
	bool owner_alive; /* the process still runs: this is a snapshot unless ENDED */
	char *folded_path, *pprof_path;	/* NULL when nothing was written, as without a sample */
	char *metrics_path;		/* NULL when the program counts nothing */
	char message[1024];		/* one line when the return value is not 0 */
};

/* Fold SPOOL_PATH.  Returns
 *   0         done; the paths are NULL when there was no sample,
 *   -ENODATA  the spool's header was never completed: there is nothing in it,
 *   -EBADMSG  damaged or no spool; what is whole was written if the paths are set,
 *   -errno    the spool cannot be read or the profile cannot be written.
 * RESULT is always filled in as far as known; give it to np_fold_result_finish(). */
int np_fold_spool(const char *spool_path, const struct np_fold_options *options,
		  struct np_fold_result *result);

/* Ticks lost, whatever the cause. */
static inline uint64_t np_fold_lost(const struct np_fold_result *result)
{
	return result->counters[NP_COUNT_LOST_REENTRANT] + result->counters[NP_COUNT_LOST_NO_THREAD] +
	       result->counters[NP_COUNT_LOST_NO_SPOOL];
}

void np_fold_result_finish(struct np_fold_result *result);

#endif
