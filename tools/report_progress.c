/* SPDX-License-Identifier: MIT
 *
 * report_progress.c - how much of a profile is read.  Context: tools.
 */
#include "report_progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyze/visible.h"

#define FIRST_MS 1000		/* before, nobody wonders */
#define NEXT_MS	 200
#define NAME_MAX_COLUMNS 40

static int64_t since_ms(const struct timespec *then, struct timespec *ret_now)
{
	clock_gettime(CLOCK_MONOTONIC, ret_now);
	return (ret_now->tv_sec - then->tv_sec) * 1000 + (ret_now->tv_nsec - then->tv_nsec) / 1000000;
}

static void step(void *context, uint64_t bytes)
{
	struct np_progress *progress = context;
	struct timespec now;

	if (since_ms(&progress->last, &now) < (progress->is_shown ? NEXT_MS : FIRST_MS))
		return;
	progress->last = now;
	progress->is_shown = true;
	fprintf(stderr, "\r\033[Kreading %s: %" PRIu64 " MB", progress->name, bytes / 1000000);
	if (progress->size >= bytes && progress->size > 0)
		fprintf(stderr, ", %" PRIu64 " %%", bytes / ((progress->size + 99) / 100));
	fflush(stderr);
}

void np_progress_begin(struct np_progress *progress, const char *path,
		       struct np_read_options *options)
{
	struct stat status;
	char *visible;

	memset(progress, 0, sizeof(*progress));
	options->progress = NULL;
	if (!isatty(STDERR_FILENO))
		return;
	visible = np_visible(strcmp(path, "-") == 0 ? "standard input" : path, 0);
	progress->name = np_visible_middle(visible, NAME_MAX_COLUMNS);
	free(visible);
	if (strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISREG(status.st_mode))
		progress->size = (uint64_t)status.st_size;
	clock_gettime(CLOCK_MONOTONIC, &progress->last);
	options->progress = step;
	options->progress_context = progress;
}

void np_progress_end(struct np_progress *progress)
{
	if (progress->is_shown)
		fputs("\r\033[K", stderr);
	free(progress->name);
	memset(progress, 0, sizeof(*progress));
}
