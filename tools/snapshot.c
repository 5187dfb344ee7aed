/* SPDX-License-Identifier: MIT
 *
 * snapshot.c - `neuroprof snapshot`: the profile of a running process as it is now.
 *
 * Context: tools.  The spool is read, nothing in it is changed, and the process notices nothing.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "base/text.h"
#include "commands.h"
#include "fold.h"
#include "fold_about.h"
#include "live.h"

static const char help_text[] =
	"usage: neuroprof snapshot [-o DIR] [-q] PID\n\n"
	"Writes what was sampled of a running process so far as neuroprof.<program>.<pid>.folded and\n"
	".pb.gz, and prints their paths.  The process goes on undisturbed.  A later profile of the same\n"
	"process in the same directory takes the place of this one.\n\n"
	"  -o, --output DIR   where the profile goes, or a pattern as in NEUROPROF_OUT (default .)\n"
	"  -q, --quiet        no summary\n"
	"      --help         this text\n\n"
	"Exit status: 0 done; 1 when there is no such process, no sample yet, or the profile cannot be\n"
	"written; 2 for a wrong command line.\n";

static void say_summary(const struct np_live *live, const struct np_fold_result *result)
{
	char *health = np_fold_health(result), text[256];

	snprintf(text, sizeof(text),
		 "%d: %" PRIu64 " samples, %.2f CPU s so far; stacks complete %.2f %%, unresolved %.2f %%",
		 (int)live->pid, result->samples, (double)result->cpu_ns / 1e9,
		 np_percent(result->by_quality[NP_QUALITY_COMPLETE], result->samples),
		 np_percent(result->unresolved_samples, result->samples));
	np_error("%s; health: %s", text, health);
	free(health);
}

static int snapshot(const struct np_live *live, const char *out, bool quiet)
{
	struct np_fold_options options = { .out = out };
	struct np_fold_result result;
	int r = np_fold_spool(live->path, &options, &result), status = NP_EXIT_FAILURE;

	if (r < 0)
		np_error("%d: %s: %s", (int)live->pid, live->path, result.message);
	else if (!result.folded_path)
		np_error("%d: no sample was taken yet%s", (int)live->pid,
			 np_spool_head(live->reader)->control ? "" : ": sampling is off, `neuroprof start`"
								     " switches it on");
	else
		status = NP_EXIT_OK;
	if (result.folded_path) {
		if (!quiet)
			say_summary(live, &result);
		if (printf("%s\n%s\n", result.folded_path, result.pprof_path) < 0 || fflush(stdout) != 0) {
			np_error("snapshot: writing to standard output: %s", strerror(errno));
			status = NP_EXIT_FAILURE;
		}
	}
	np_fold_result_finish(&result);
	return status;
}

int np_command_snapshot(int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct np_live live;
	const char *out = ".";
	bool quiet = false;
	int c, status;
	pid_t pid;

	while ((c = getopt_long(argc, argv, "o:q", options, NULL)) != -1) {
		switch (c) {
		case 'o':
			out = optarg;
			break;
		case 'q':
			quiet = true;
			break;
		case 'h':
			fputs(help_text, stdout);
			return NP_EXIT_OK;
		default:
			return NP_EXIT_USAGE;
		}
	}
	if (argc - optind != 1) {
		np_error("snapshot: one process, please: neuroprof snapshot [-o DIR] PID");
		return NP_EXIT_USAGE;
	}
	pid = np_live_pid("snapshot", argv[optind]);
	if (!pid)
		return NP_EXIT_USAGE;
	if (!np_live_find(pid, &live))
		return NP_EXIT_FAILURE;
	status = snapshot(&live, out, quiet);
	np_live_finish(&live);
	return status;
}
