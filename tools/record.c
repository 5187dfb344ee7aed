/* SPDX-License-Identifier: MIT
 *
 * record.c - `neuroprof record`: run a command under the library, then fold what it left behind.
 *
 * Context: tools.  The command keeps its standard streams, signals and exit status; everything that
 * we say goes to standard error after it has ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/message.h"
#include "commands.h"
#include "harvest.h"
#include "leftovers.h"
#include "places.h"

/* As env(1) and timeout(1) have them: our own trouble must not look like the command's. */
#define EXIT_OURS	 125
#define EXIT_CANNOT_RUN	 126
#define EXIT_NOT_FOUND	 127

struct record {
	const char *hz, *clock, *unwinder, *out;
	bool children, quiet;
	char *session;		/* private directory of this run's spools */
	sigset_t mask;		/* as we inherited it */
	struct sigaction child_action;	/* likewise */
};

static const char help_text[] =
	"usage: neuroprof record [OPTION…] [--] COMMAND [ARGUMENT…]\n\n"
	"Profiles COMMAND and the processes that it starts; its output and exit status stay as they are.\n"
	"Each process with samples leaves neuroprof.<program>.<pid>.folded and .pb.gz; where there\n"
	"are several, neuroprof.<COMMAND>.tree.folded and .pb.gz have their sum, by process.\n\n"
	"  -F, --frequency HZ     samples a second and thread, 1 to 10000 (default 99)\n"
	"  -o, --output DIR       where the profiles go (default .)\n"
	"      --clock WHICH      auto, perf, timer or itimer (default auto)\n"
	"      --unwinder WHICH   auto, cfi, fp or libunwind (default auto)\n"
	"      --no-children      this process only, not those that it starts\n"
	"  -q, --quiet            no summary\n"
	"      --help             this text\n\n"
	"Exit status: the command's; 125 if we failed, 126 if it cannot be run, 127 if it is not found.\n";

static bool parse(struct record *record, int argc, char **argv, int *ret_first)
{
	static const struct option options[] = {
		{ "frequency", required_argument, NULL, 'F' },
		{ "output", required_argument, NULL, 'o' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "clock", required_argument, NULL, 'c' },
		{ "unwinder", required_argument, NULL, 'u' },
		{ "no-children", no_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "+:F:o:q", options, NULL)) != -1) {
		switch (c) {
		case 'F':
			record->hz = optarg;
			break;
		case 'o':
			record->out = optarg;
			break;
		case 'q':
			record->quiet = true;
			break;
		case 'c':
			record->clock = optarg;
			break;
		case 'u':
			record->unwinder = optarg;
			break;
		case 'n':
			record->children = false;
			break;
		case 'h':
			fputs(help_text, stdout);
			exit(NP_EXIT_OK);
		default:
			np_bad_option(c, argv, "neuroprof record --help");
			return false;
		}
	}
	*ret_first = optind;
	return true;
}

static bool is_one_of(const char *text, const char *words)
{
	size_t length = strlen(text);

	for (const char *word = words; *word;) {
		size_t n = strcspn(word, "|");

		if (n == length && strncmp(word, text, n) == 0)
			return true;
		word += n + (word[n] == '|');
	}
	return false;
}

/* Here, where the user's words are known; the library would only say it inside the command. */
static bool check(const struct record *record)
{
	char *end;
	long hz = record->hz ? strtol(record->hz, &end, 10) : 99;

	if (record->hz && (end == record->hz || *end || hz < 1 || hz > 10000)) {
		np_error("--frequency %s: expected a whole number from 1 to 10000", record->hz);
		return false;
	}
	if (record->clock && !is_one_of(record->clock, "auto|perf|timer|itimer")) {
		np_error("--clock %s: expected auto, perf, timer or itimer", record->clock);
		return false;
	}
	if (record->unwinder && !is_one_of(record->unwinder, "auto|cfi|fp|libunwind")) {
		np_error("--unwinder %s: expected auto, cfi, fp or libunwind", record->unwinder);
		return false;
	}
	return true;
}

static void make_output(struct record *record)
{
	char resolved[PATH_MAX];
	struct stat status;

	if (mkdir(record->out, 0777) < 0 && errno != EEXIST)
		np_die(EXIT_OURS, "%s: cannot be made: %s", record->out, strerror(errno));
	if (!realpath(record->out, resolved) || stat(resolved, &status) < 0)
		np_die(EXIT_OURS, "%s: %s", record->out, strerror(errno));
	if (!S_ISDIR(status.st_mode))
		np_die(EXIT_OURS, "%s: is no directory: name one with -o", record->out);
	if (access(resolved, W_OK | X_OK) < 0)
		np_die(EXIT_OURS, "%s: cannot be written (%s): choose another directory with -o",
		       record->out, strerror(errno));
	record->out = np_xstrdup(resolved);
}

static void make_session(struct record *record)
{
	char *base = np_places_spool_dir(record->out);

	if (!base)
		np_die(EXIT_OURS, "no place for the samples: set NEUROPROF_SPOOL_DIR to a directory of yours "
		       "with mode 0700");
	record->session = np_xasprintf("%s/record-XXXXXX", base);
	if (!mkdtemp(record->session))
		np_die(EXIT_OURS, "%s: %s", record->session, strerror(errno));
	np_leftovers_clean(base);
	free(base);
}

static void set(const char *name, const char *value)
{
	if (value && setenv(name, value, 1) < 0)
		np_die(EXIT_OURS, "out of memory");
}

static void make_environment(const struct record *record)
{
	char *library = np_places_library(EXIT_OURS);
	const char *before = getenv("LD_PRELOAD");
	char *preload = before && *before ? np_xasprintf("%s:%s", library, before)
					  : np_xstrdup(library);

	set("LD_PRELOAD", preload);
	set("NEUROPROF_HZ", record->hz);
	set("NEUROPROF_CLOCK", record->clock);
	set("NEUROPROF_UNWINDER", record->unwinder);
	set("NEUROPROF_CHILDREN", record->children ? NULL : "off");
	set("NEUROPROF_OUT", record->out);
	set("NEUROPROF_SPOOL_DIR", record->session);
	set("NEUROPROF_FOLD", "off");
	free(preload);
	free(library);
}

/* Only in the child: everything as we found it, then the command. */
static _Noreturn void become_command(const struct record *record, char **command, int error_pipe)
{
	int error;

	sigaction(SIGCHLD, &record->child_action, NULL);
	sigprocmask(SIG_SETMASK, &record->mask, NULL);
	make_environment(record);
	execvp(command[0], command);
	error = errno;
	if (write(error_pipe, &error, sizeof(error)) < 0)
		_exit(EXIT_OURS);
	_exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN);
}

/* Pass on what was sent to us alone; a terminal's Ctrl-C has reached the command already. */
static void pass_on(pid_t child, const siginfo_t *info)
{
	bool from_terminal = info->si_code == SI_KERNEL;

	if (!(from_terminal && (info->si_signo == SIGINT || info->si_signo == SIGQUIT)))
		kill(child, info->si_signo);
}

static int wait_for(pid_t child, const sigset_t *watched)
{
	siginfo_t info;
	int status;
	pid_t r;

	for (;;) {
		r = waitpid(child, &status, WNOHANG);
		if (r == child)
			return status;
		if (r < 0 && errno != EINTR)
			np_die(EXIT_OURS, "waiting for the command: %s", strerror(errno));
		if (sigwaitinfo(watched, &info) > 0 && info.si_signo != SIGCHLD)
			pass_on(child, &info);
	}
}

static int run(struct record *record, char **command)
{
	static const int passed[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGALRM };
	struct sigaction standard = { .sa_handler = SIG_DFL };
	int ends[2], error = 0, status;
	sigset_t watched;
	pid_t child;

	sigemptyset(&watched);
	sigaddset(&watched, SIGCHLD);
	for (size_t i = 0; i < sizeof(passed) / sizeof(*passed); i++)
		sigaddset(&watched, passed[i]);
	sigprocmask(SIG_BLOCK, &watched, &record->mask);
	sigaction(SIGCHLD, &standard, &record->child_action);
	if (pipe2(ends, O_CLOEXEC) < 0 || (child = fork()) < 0)
		np_die(EXIT_OURS, "cannot start %s: %s", command[0], strerror(errno));
	if (child == 0)
		become_command(record, command, ends[1]);
	close(ends[1]);
	if (read(ends[0], &error, sizeof(error)) != sizeof(error))
		error = 0;
	close(ends[0]);
	status = wait_for(child, &watched);
	if (error) {
		rmdir(record->session);
		np_die(error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN, "%s: %s", command[0],
		       strerror(error));
	}
	return status;
}

/* End as the command ended, also by its signal, without a second core file. */
static int end_like(int status)
{
	struct rlimit no_core = { 0, 0 };
	sigset_t one;

	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	setrlimit(RLIMIT_CORE, &no_core);
	signal(WTERMSIG(status), SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, WTERMSIG(status));
	raise(WTERMSIG(status));
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	return 128 + WTERMSIG(status);	/* not reached but for signals that do not end a process */
}

int np_command_record(int argc, char **argv)
{
	struct record record = { .out = ".", .children = true };
	struct np_harvest harvest = { .processes = 0 };
	struct rusage usage;
	int first, status;

	if (!parse(&record, argc, argv, &first) || !check(&record))
		return NP_EXIT_USAGE;
	if (first >= argc) {
		np_error("record: no command given: neuroprof record -- PROGRAM [ARGUMENT…]");
		return NP_EXIT_USAGE;
	}
	make_output(&record);
	make_session(&record);
	status = run(&record, argv + first);
	getrusage(RUSAGE_CHILDREN, &usage);
	np_harvest_directory(record.session, record.out, true, &harvest);
	np_harvest_merge(&harvest, record.out, argv[first]);
	if (!record.quiet)
		np_harvest_summary(&harvest, &usage);
	np_harvest_finish(&harvest);
	rmdir(record.session);		/* stays when a process is still running */
	return end_like(status);
}
