/* SPDX-License-Identifier: MIT
 *
 * top.c - `neuroprof top`: which functions a running process spends its time in, as it runs.
 *
 * Context: tools.  From the shared spool alone; the process notices nothing.
 */
#include "top.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/message.h"
#include "commands.h"

#define THREADS_SHOWN 10u

struct options {
	struct np_top_view view;
	double delay;
	long reports;		/* 0 = not said */
	bool plain;
};

static const char help_text[] =
	"usage: neuroprof top [OPTION…] PID\n\n"
	"Functions of a running process by the CPU time of themselves (SELF) and with all that they call\n"
	"(TOTAL).  On a terminal a live table: q leaves, s sorts by self or total, c counts since the\n"
	"process began or since the last look, t shows threads or functions, p pauses, + and - show more\n"
	"or fewer rows.  Elsewhere plain text: one report, of all since the process began.\n\n"
	"  -n, --reports N      plain: N reports; those after the first count since the one before\n"
	"  -d, --delay SECONDS  between looks (default 1)\n"
	"  -s, --sort WHICH     self or total (default self)\n"
	"  -c, --cumulative     every report counts since the process began\n"
	"  -r, --rows N         how many functions (default 20)\n"
	"  -p, --plain          plain text on a terminal, too\n"
	"      --help           this text\n\n"
	"Exit status: 0 done, also when the process ended meanwhile; 1 when it cannot be looked at;\n"
	"2 for a wrong command line.\n";

static bool number(const char *option, const char *text, double least, double most, double *ret)
{
	char *end;
	double value = strtod(text, &end);

	if (end != text && !*end && value >= least && value <= most) {
		*ret = value;
		return true;
	}
	np_error("top: %s %s: expected a number from %g to %g", option, text, least, most);
	return false;
}

/* Returns -1 to go on, else the exit status. */
static int parse(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{ "reports", required_argument, NULL, 'n' },
		{ "delay", required_argument, NULL, 'd' },
		{ "sort", required_argument, NULL, 's' },
		{ "cumulative", no_argument, NULL, 'c' },
		{ "rows", required_argument, NULL, 'r' },
		{ "plain", no_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	double value;
	int c;

	while ((c = getopt_long(argc, argv, "n:d:s:cr:p", known, NULL)) != -1) {
		switch (c) {
		case 'n':
			if (!number("--reports", optarg, 1, 1e9, &value))
				return NP_EXIT_USAGE;
			options->reports = (long)value;
			break;
		case 'd':
			if (!number("--delay", optarg, 0.05, 86400, &options->delay))
				return NP_EXIT_USAGE;
			break;
		case 's':
			if (strcmp(optarg, "self") != 0 && strcmp(optarg, "total") != 0) {
				np_error("top: --sort %s: expected self or total", optarg);
				return NP_EXIT_USAGE;
			}
			options->view.by_total = *optarg == 't';
			break;
		case 'c':
			options->view.cumulative = true;
			break;
		case 'r':
			if (!number("--rows", optarg, 1, 1e6, &value))
				return NP_EXIT_USAGE;
			options->view.rows = (uint32_t)value;
			break;
		case 'p':
			options->plain = true;
			break;
		case 'h':
			fputs(help_text, stdout);
			return NP_EXIT_OK;
		default:
			return NP_EXIT_USAGE;
		}
	}
	if (argc - optind == 1)
		return -1;
	np_error("top: one process, please: neuroprof top [OPTION…] PID");
	return NP_EXIT_USAGE;
}

static void print_functions(const struct np_top *top, const struct np_top_view *view)
{
	uint64_t whole = np_top_value(view, &top->periods);
	uint32_t count, *order = np_top_functions(top, view, &count);

	puts("   SELF    TOTAL  FUNCTION (MODULE)");
	for (uint32_t i = 0; i < count && i < view->rows; i++) {
		const struct np_top_function *f = &top->functions[order[i]];

		printf("%5.1f %%  %5.1f %%  %s%s%s%s\n",
		       np_top_percent(np_top_value(view, &f->self), whole),
		       np_top_percent(np_top_value(view, &f->total), whole), f->name,
		       *f->module ? " (" : "", f->module, *f->module ? ")" : "");
	}
	if (count > view->rows)
		printf("… and %u more (-r shows them)\n", count - view->rows);
	free(order);
}

static void print_threads(const struct np_top *top, const struct np_top_view *view)
{
	uint64_t whole = np_top_value(view, &top->periods);
	uint32_t count, *order = np_top_threads(top, view, &count);

	puts("    CPU  THREAD");
	for (uint32_t i = 0; i < count && i < THREADS_SHOWN; i++) {
		const struct np_top_thread *thread = &top->threads[order[i]];

		char tid[16];

		snprintf(tid, sizeof(tid), "%u", thread->tid);
		printf("%5.1f %%  %s %s\n", np_top_percent(np_top_value(view, &thread->periods), whole),
		       thread->tid ? tid : "none",
		       thread->tid ? np_symbolizer_text(top->symbolizer, thread->name) : "(startup)");
	}
	if (count > THREADS_SHOWN)
		printf("… and %u more\n", count - THREADS_SHOWN);
	free(order);
}

static void print_metrics(const struct np_top *top, const struct np_top_view *view)
{
	uint32_t count;
	char **lines = np_top_metric_lines(top, view, &count);

	if (count)
		puts(NP_TOP_METRICS_HEAD);
	for (uint32_t i = 0; i < count; i++)
		puts(lines[i]);
	np_top_metric_lines_free(lines, count);
}

static bool print_report(const struct np_top *top, const struct np_top_view *view)
{
	char *title = np_top_title(top), *summary = np_top_summary(top, view);

	printf("%s\n%s\n", title, summary);
	if (np_top_value(view, &top->periods)) {
		print_functions(top, view);
		print_threads(top, view);
	}
	print_metrics(top, view);
	free(title);
	free(summary);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	np_error("top: writing to standard output: %s", strerror(errno));
	return false;
}

static int run_plain(struct np_top *top, const struct options *options)
{
	struct timespec delay = { (time_t)options->delay,
				  (long)((options->delay - (double)(time_t)options->delay) * 1e9) };
	struct np_top_view view = options->view;
	long reports = options->reports ? options->reports : 1;

	view.cumulative = true;
	for (long i = 0; i < reports; i++) {
		if (i > 0) {
			view.cumulative = options->view.cumulative;
			clock_nanosleep(CLOCK_MONOTONIC, 0, &delay, NULL);
			np_top_look(top);
			if (top->ended) {
				np_note("%d has ended", (int)top->live.pid);
				return NP_EXIT_OK;
			}
			putchar('\n');
		}
		if (!print_report(top, &view))
			return NP_EXIT_FAILURE;
	}
	return NP_EXIT_OK;
}

int np_command_top(int argc, char **argv)
{
	struct options options = { .view = { .rows = 20 }, .delay = 1 };
	struct np_live live;
	struct np_top top;
	int status = parse(&options, argc, argv);
	pid_t pid;

	if (status >= 0)
		return status;
	pid = np_live_pid("top", argv[optind]);
	if (!pid)
		return NP_EXIT_USAGE;
	if (!np_live_find(pid, &live))
		return NP_EXIT_FAILURE;
	np_top_init(&top, &live);
	if (options.plain || options.reports || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		status = run_plain(&top, &options);
	else
		status = np_top_screen(&top, &options.view, options.delay);
	np_top_finish(&top);
	return status;
}
