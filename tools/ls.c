/* SPDX-License-Identifier: MIT
 *
 * ls.c - `neuroprof ls`: the processes that are being profiled.
 *
 * Context: tools.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/message.h"
#include "commands.h"
#include "live.h"
#include "symbolize/names.h"

#define COLUMNS 9

static const char help_text[] =
	"usage: neuroprof ls [--json]\n\n"
	"Lists the running processes that are being profiled, as far as this user may see them.\n\n"
	"  PID       the process\n"
	"  PROGRAM   its name (comm)\n"
	"  SINCE     when the library attached\n"
	"  HZ        samples a second of CPU time and thread; 10/99 = lowered to 10 from 99\n"
	"  CLOCK     perf, timer or itimer\n"
	"  THREADS   threads with at least one sample\n"
	"  SAMPLES   taken so far\n"
	"  CPU       seconds that they stand for\n"
	"  SAMPLING  on, off, or lost: the program took SIGPROF from the library\n\n"
	"      --json   an array of objects, with more\n"
	"      --help   this text\n\n"
	"Exit status: 0 done, also when there is none; 1 when it cannot be printed; 2 for a wrong\n"
	"command line.\n";

/* Entry 0 is shared by threads that found none of their own. */
static uint32_t threads_sampled(const struct np_live *live)
{
	uint32_t count = np_spool_thread_count(live->reader);

	return count ? count - 1 : 0;
}

static double cpu_seconds(const struct np_spool_header *head)
{
	return (double)head->counters[NP_COUNT_PERIODS] * (double)head->period_ns / 1e9;
}

static char *since(const struct np_spool_header *head)
{
	time_t started = (time_t)(head->started_realtime_ns / 1000000000u), now = time(NULL);
	char text[64] = "?";
	struct tm tm;

	if (localtime_r(&started, &tm))
		strftime(text, sizeof(text), now - started < 86400 ? "%H:%M:%S" : "%Y-%m-%d", &tm);
	return np_xstrdup(text);
}

static void fill_row(char **row, const struct np_live *live, struct np_names *names)
{
	const struct np_spool_header *head = np_spool_head(live->reader);

	row[0] = np_xasprintf("%d", (int)live->pid);
	row[1] = np_xstrdup(np_names_keep(names, head->comm));
	row[2] = since(head);
	row[3] = head->hz_wanted < head->hz ? np_xasprintf("%u/%u", head->hz_wanted, head->hz)
					    : np_xasprintf("%u", head->hz);
	row[4] = np_xstrdup(np_live_clock_name(head->clock));
	row[5] = np_xasprintf("%u", threads_sampled(live));
	row[6] = np_xasprintf("%" PRIu64, head->counters[NP_COUNT_SAMPLES]);
	row[7] = np_xasprintf("%.2f", cpu_seconds(head));
	row[8] = np_xstrdup(np_live_sampling(head));
}

static void print_table(const struct np_live *list, size_t count, struct np_names *names)
{
	static const char *const titles[COLUMNS] = {
		"PID", "PROGRAM", "SINCE", "HZ", "CLOCK", "THREADS", "SAMPLES", "CPU", "SAMPLING",
	};
	static const bool right[COLUMNS] = { true, false, false, true, false, true, true, true, false };
	char *(*rows)[COLUMNS] = np_xcalloc(count, sizeof(*rows));
	int width[COLUMNS];

	for (int c = 0; c < COLUMNS; c++)
		width[c] = (int)strlen(titles[c]);
	for (size_t i = 0; i < count; i++) {
		fill_row(rows[i], &list[i], names);
		for (int c = 0; c < COLUMNS; c++)
			if ((int)strlen(rows[i][c]) > width[c])
				width[c] = (int)strlen(rows[i][c]);
	}
	for (int c = 0; c < COLUMNS; c++)
		printf("%*s%s", right[c] ? width[c] : c + 1 < COLUMNS ? -width[c] : 0, titles[c],
		       c + 1 < COLUMNS ? "  " : "\n");
	for (size_t i = 0; i < count; i++)
		for (int c = 0; c < COLUMNS; c++) {
			printf("%*s%s", right[c] ? width[c] : c + 1 < COLUMNS ? -width[c] : 0, rows[i][c],
			       c + 1 < COLUMNS ? "  " : "\n");
			free(rows[i][c]);
		}
	free(rows);
}

static json_t *describe(const struct np_live *live, struct np_names *names)
{
	static const char *const unwinders[] = { "none", "cfi", "fp", "libunwind" };
	const struct np_spool_header *head = np_spool_head(live->reader);

	return json_pack("{s:i, s:s, s:s, s:f, s:I, s:I, s:s, s:s, s:s?, s:I, s:I, s:I, s:I, s:f, s:b, s:s, s:f, s:I, s:s}",
			 "pid", (int)live->pid,
			 "program", np_names_keep(names, head->comm),
			 "exe", np_names_keep(names, head->exe),
			 "since", (double)head->started_realtime_ns / 1e9,
			 "hz", (json_int_t)head->hz_wanted,
			 "hz_most", (json_int_t)head->hz,
			 "clock", np_live_clock_name(head->clock),
			 "unwinder", head->unwinder < 4 ? unwinders[head->unwinder] : "none",
			 "clock_refused", head->clock_errno ? strerrorname_np(head->clock_errno) : NULL,
			 "threads_sampled", (json_int_t)threads_sampled(live),
			 "threads_seen", (json_int_t)head->counters[NP_COUNT_THREADS_SEEN],
			 "threads_uncovered", (json_int_t)head->counters[NP_COUNT_THREADS_UNCOVERED],
			 "samples", (json_int_t)head->counters[NP_COUNT_SAMPLES],
			 "cpu_seconds", cpu_seconds(head),
			 "sampling", head->control != 0,
			 "state", np_live_sampling(head),
			 "overhead", np_live_overhead(head),
			 "slowed_down", (json_int_t)head->counters[NP_COUNT_SLOWED_DOWN],
			 "spool", np_names_keep(names, live->path));
}

static void print_json(const struct np_live *list, size_t count, struct np_names *names)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		if (json_array_append_new(array, describe(&list[i], names)) < 0)
			np_die(NP_EXIT_FAILURE, "out of memory");
	if (json_dumpf(array, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) == 0)
		putchar('\n');
	json_decref(array);
}

int np_command_ls(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct np_names *names;
	struct np_live *list;
	bool json = false;
	size_t count;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(help_text, stdout);
			return NP_EXIT_OK;
		default:
			return NP_EXIT_USAGE;
		}
	}
	if (optind < argc) {
		np_error("ls: '%s' is too much: neuroprof ls [--json]", argv[optind]);
		return NP_EXIT_USAGE;
	}
	names = np_names_create();
	count = np_live_list(&list);
	if (json)
		print_json(list, count, names);
	else if (count)
		print_table(list, count, names);
	else
		np_note("no process is being profiled that this user may see");
	np_live_list_finish(list, count);
	np_names_destroy(names);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		np_error("ls: writing to standard output: %s", strerror(errno));
		return NP_EXIT_FAILURE;
	}
	return NP_EXIT_OK;
}
