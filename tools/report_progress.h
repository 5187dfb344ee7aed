/* SPDX-License-Identifier: MIT
 *
 * report_progress.h - a line on the terminal while a large profile is read.
 *
 * Context: tools.  Nothing is shown when standard error is no terminal or reading takes no second, and
 * nothing is left behind.
 */
#ifndef NP_TOOLS_REPORT_PROGRESS_H
#define NP_TOOLS_REPORT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "profile/read.h"

struct np_progress {
	char *name;		/* visible */
	uint64_t size;		/* 0: unknown */
	struct timespec last;	/* when the line was written, or reading began */
	bool is_shown;
};

/* Before np_read_path(PATH, OPTIONS); both stay until np_progress_end(). */
void np_progress_begin(struct np_progress *progress, const char *path,
		       struct np_read_options *options);
void np_progress_end(struct np_progress *progress);

#endif
