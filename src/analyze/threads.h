/* SPDX-License-Identifier: MIT
 *
 * threads.h - what each thread takes: the root frames that stand for processes and threads.
 *
 * Context: tools.  A thread is a path of such frames from the root: "service (pid 7)", below it
 * "worker (tid 9)".  Stacks that begin with none of them belong to no thread.
 */
#ifndef NP_ANALYZE_THREADS_H
#define NP_ANALYZE_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/tree.h"

struct np_thread_row {
	uint32_t node;			/* the innermost of its frames; 0: of no thread */
	uint64_t value, samples;	/* of its stacks */
	uint32_t hottest;		/* function with the most of its own there; 0: none */
	uint64_t hottest_self;
};

struct np_thread_rows {
	struct np_thread_row *rows;	/* by value, largest first */
	size_t count;
};

/* BY_ROOTS: the first frame of each stack stands for a thread, whatever it is. */
void np_threads_init(struct np_thread_rows *threads, const struct np_tree *tree, bool by_roots);
void np_threads_finish(struct np_thread_rows *threads);

/* "service / worker (tid 9)"; to be freed. */
char *np_threads_name(const struct np_tree *tree, uint32_t node);

#endif
