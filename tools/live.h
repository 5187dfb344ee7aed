/* SPDX-License-Identifier: MIT
 *
 * live.h - processes that are being profiled now, found by their spools.
 *
 * Context: tools.  A spool is found where its process has it mapped (whatever directory it was told),
 * and where that cannot be seen, in this user's spool directories.
 */
#ifndef NP_TOOLS_LIVE_H
#define NP_TOOLS_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "spool/reader.h"

struct np_live {
	pid_t pid;			/* as we see it; the header has the process's own view */
	char *path;			/* of the spool, as we can open it */
	struct np_spool_reader *reader;	/* as of now */
};

/* All that this user may see, by pid.  The array and its members are the caller's. */
size_t np_live_list(struct np_live **ret_list);
void np_live_list_finish(struct np_live *list, size_t count);

/* A process id as people write it; 0 after saying what is wrong with it. */
pid_t np_live_pid(const char *command, const char *text);

/* PID's spool.  Returns false after saying in one line why there is none. */
bool np_live_find(pid_t pid, struct np_live *ret_live);
void np_live_finish(struct np_live *live);	/* zeroed is fine */

/* Look again: a fresh reader in place of the old.  Returns false, silently, when the process has
 * ended or went on as another program (exec). */
bool np_live_again(struct np_live *live);

/* Store VALUE in the word at OFFSET of the spool's header.  Returns 0 or -errno. */
int np_live_store(const struct np_live *live, size_t offset, uint32_t value);

/* "on", "off", or "lost": the program took SIGPROF from the library. */
const char *np_live_sampling(const struct np_spool_header *head);

/* What the handlers took, as a share of the CPU time that was sampled; 0 while nothing is known. */
double np_live_overhead(const struct np_spool_header *head);

/* "perf", "timer", "itimer" or "none". */
const char *np_live_clock_name(uint32_t clock);

#endif
