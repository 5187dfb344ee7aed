/* SPDX-License-Identifier: MIT
 *
 * neuroprof.h - talk to the profiler from the program that is profiled.
 *
 * No library is linked: when libneuroprof.so is not preloaded, every call does nothing and says so
 * by its return value.  Start and stop: no allocation, no lock, safe from any thread and from
 * signal handlers.  C89 with GNU's words, C99 and C++98, and later.
 *
 *	#include <neuroprof/neuroprof.h>
 *	...
 *	neuroprof_sampling_start();	// with NEUROPROF_START=off in the environment
 *	work();
 *	neuroprof_sampling_stop();
 */
#ifndef NEUROPROF_NEUROPROF_H
#define NEUROPROF_NEUROPROF_H

#include "metrics.h"	/* counters, gauges, histograms, spans */

#ifdef __cplusplus
extern "C" {
#endif

#define NEUROPROF_VERSION_MAJOR 0
#define NEUROPROF_VERSION_MINOR 1

/* Exported by libneuroprof.so; weak, so that a program links and runs without it.  Call the
 * functions below instead. */
int neuroprof_start(void) __attribute__((weak));
int neuroprof_stop(void) __attribute__((weak));
int neuroprof_snapshot(void) __attribute__((weak));

/* Take samples from now on, in all threads.  Returns 1 when sampling is on, 0 when the profiler is
 * not loaded or not attached.  Starting twice is fine. */
static __inline__ int neuroprof_sampling_start(void)
{
	int (*call)(void) = NEUROPROF_WEAK(neuroprof_start);

	return call ? call() : 0;
}

/* Take no samples until the next start; CPU time used meanwhile is not counted later.  Returns 1
 * when sampling was stopped, 0 when the profiler is not loaded or not attached. */
static __inline__ int neuroprof_sampling_stop(void)
{
	int (*call)(void) = NEUROPROF_WEAK(neuroprof_stop);

	return call ? call() : 0;
}

/* Write the profile of what was sampled so far, folded and pprof, where the profile goes at the end
 * (NEUROPROF_OUT), and go on.  A later one, and that of the end, takes its place.  Returns after it
 * is written: 1; or 0 when it could not be, when nothing was sampled yet, or when the profiler is
 * not loaded or not attached.  Any thread, no allocation, but not for signal handlers: it waits for
 * another process, tens of milliseconds or more, with all signals blocked on the calling thread. */
static __inline__ int neuroprof_sampling_snapshot(void)
{
	int (*call)(void) = NEUROPROF_WEAK(neuroprof_snapshot);

	return call ? call() : 0;
}

#ifdef __cplusplus
}
#endif

#endif
