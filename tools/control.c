/* SPDX-License-Identifier: MIT
 *
 * control.c - `neuroprof start`, `stop` and `rate`: steer a running process through its spool.
 *
 * Context: tools.  Nothing is sent to the process: one word in the shared header is stored, and each
 * thread goes by it at its next tick.
 */
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "commands.h"
#include "live.h"

static const char start_help[] =
	"usage: neuroprof start PID…\n\n"
	"Switch sampling on in processes that carry the library and were started with\n"
	"NEUROPROF_START=off, or were stopped since.  Threads follow at their next tick.\n\n"
	"Exit status: 0 when sampling is on in all of them, 1 otherwise, 2 for a wrong command line.\n";

static const char stop_help[] =
	"usage: neuroprof stop PID…\n\n"
	"Switch sampling off.  CPU time that is used meanwhile is not counted, not even later; what was\n"
	"sampled so far stays.  `neuroprof start` switches it on again.\n\n"
	"Exit status: 0 when sampling is off in all of them, 1 otherwise, 2 for a wrong command line.\n";

static const char rate_help[] =
	"usage: neuroprof rate PID [HZ]\n\n"
	"Take HZ samples a second of CPU time and thread from now on, at most as many as the process was\n"
	"started with (NEUROPROF_HZ); without HZ, print what it is.  A sample then weighs as many periods\n"
	"as it stands for, so shares and CPU times stay right.\n\n"
	"Exit status: 0 done, 1 when it cannot be, 2 for a wrong command line.\n";

/* Returns the index of the first operand, or -1 with *RET_STATUS when there is nothing to do. */
static int operands(int argc, char **argv, const char *help, const char *what, int *ret_status)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c = getopt_long(argc, argv, "h", options, NULL);

	*ret_status = c == 'h' ? NP_EXIT_OK : NP_EXIT_USAGE;
	if (c == 'h')
		fputs(help, stdout);
	if (c != -1)
		return -1;
	if (optind < argc)
		return optind;
	np_error("%s: which process? neuroprof %s %s; `neuroprof ls` lists them", argv[0], argv[0], what);
	return -1;
}

static bool store(const struct np_live *live, size_t offset, uint32_t value)
{
	int r = np_live_store(live, offset, value);

	if (r == 0)
		return true;
	if (r == -ESRCH)
		np_error("%d: the process is ending", (int)live->pid);
	else
		np_error("%d: %s: cannot be written: %s", (int)live->pid, live->path, strerror(-r));
	return false;
}

static int switch_all(int argc, char **argv, const char *help, uint32_t on)
{
	int status, first = operands(argc, argv, help, "PID", &status);

	if (first < 0)
		return status;
	for (int i = first; i < argc; i++)
		if (!np_live_pid(argv[0], argv[i]))
			return NP_EXIT_USAGE;
	status = NP_EXIT_OK;
	for (int i = first; i < argc; i++) {
		struct np_live live;

		if (!np_live_find(np_live_pid(argv[0], argv[i]), &live)) {
			status = NP_EXIT_FAILURE;
			continue;
		}
		if (!store(&live, offsetof(struct np_spool_header, control), on))
			status = NP_EXIT_FAILURE;
		np_live_finish(&live);
	}
	return status;
}

int np_command_start(int argc, char **argv)
{
	return switch_all(argc, argv, start_help, 1);
}

int np_command_stop(int argc, char **argv)
{
	return switch_all(argc, argv, stop_help, 0);
}

static int set_rate(const struct np_live *live, uint32_t hz)
{
	const struct np_spool_header *head = np_spool_head(live->reader);

	if (hz > head->hz) {
		np_error("rate: %d was started at %u Hz and cannot be sampled faster: start it with "
			 "NEUROPROF_HZ=%u (record -F %u)", (int)live->pid, head->hz, hz, hz);
		return NP_EXIT_FAILURE;
	}
	return store(live, offsetof(struct np_spool_header, hz_wanted), hz) ? NP_EXIT_OK
									     : NP_EXIT_FAILURE;
}

int np_command_rate(int argc, char **argv)
{
	int status, first = operands(argc, argv, rate_help, "PID [HZ]", &status);
	struct np_live live;
	char *end = NULL;
	long hz = 0;
	pid_t pid;

	if (first < 0)
		return status;
	pid = np_live_pid("rate", argv[first]);
	if (!pid)
		return NP_EXIT_USAGE;
	if (argc - first > 2) {
		np_error("rate: '%s' is too much: neuroprof rate PID [HZ]", argv[first + 2]);
		return NP_EXIT_USAGE;
	}
	if (argc - first == 2) {
		hz = strtol(argv[first + 1], &end, 10);
		if (end == argv[first + 1] || *end || hz < 1 || hz > 10000) {
			np_error("rate: '%s': expected a whole number from 1 to 10000", argv[first + 1]);
			return NP_EXIT_USAGE;
		}
	}
	if (!np_live_find(pid, &live))
		return NP_EXIT_FAILURE;
	if (hz)
		status = set_rate(&live, (uint32_t)hz);
	else
		status = printf("%u of %u Hz\n", np_spool_head(live.reader)->hz_wanted,
				np_spool_head(live.reader)->hz) < 0 ? NP_EXIT_FAILURE : NP_EXIT_OK;
	np_live_finish(&live);
	return status;
}
