/* SPDX-License-Identifier: MIT
 *
 * neuroprof-fold.c - spools into profiles, from the command line and for the library.
 *
 * Context: tools.  The library starts it as --quiet --remove [--after-exec=FD] SPOOL when a
 * process ends, and with --left-in=DIR for what fork children left; see src/agent/folder.c.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "base/text.h"
#include "fold.h"
#include "fold_about.h"
#include "leftovers.h"
#include "sweep.h"
#include "symbolize/symbolize.h"

struct command {
	const char *out;
	bool quiet, verbose, remove;
	int after_exec;		/* descriptor; -1 = none */
	const char *left_in;	/* directory where fork children leave spools */
	int left_to;		/* only those left to this process; 0 = all */
	struct np_symbolizer *symbolizer;	/* of the last spool, for the next */
};

static const char help_text[] =
	"usage: neuroprof-fold [OPTION…] SPOOL…\n\n"
	"Turns what libneuroprof.so left in a spool into the profile of its process:\n"
	"neuroprof.<program>.<pid>.folded and .pb.gz.\n\n"
	"  -o, --output WHERE    a directory, or a name with %e (program) and %p (process id);\n"
	"                        without it: where the process was told (NEUROPROF_OUT)\n"
	"      --remove          remove a spool once its profile is written\n"
	"  -q, --quiet           say only what went wrong\n"
	"  -v, --verbose         also say what was cut, lost or not resolved\n"
	"      --after-exec=FD   for the library: wait until FD closes, go away if a byte comes\n"
	"      --left-in=DIR     for the library: also fold what fork children have left in DIR\n"
	"      --left-to=PID     … to this process, and wait for what others are folding of it\n"
	"      --help            this text\n"
	"      --version         the version\n\n"
	"Exit status: 0 done; 1 a spool was not read whole or a profile not written; 2 usage.\n";

static bool read_number(const char *text, int *ret)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (errno || end == text || *end || number < 0 || number > INT32_MAX)
		return false;
	*ret = (int)number;
	return true;
}

/* Returns -1 to go on, else the exit status. */
static int parse(struct command *command, int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "remove", no_argument, NULL, 'r' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "after-exec", required_argument, NULL, 'x' },
		{ "left-in", required_argument, NULL, 'l' },
		{ "left-to", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":o:qv", options, NULL)) != -1) {
		switch (c) {
		case 'o':
			command->out = optarg;
			break;
		case 'r':
			command->remove = true;
			break;
		case 'q':
			command->quiet = true;
			break;
		case 'v':
			command->verbose = true;
			break;
		case 'x':
			if (read_number(optarg, &command->after_exec))
				break;
			np_error("--after-exec=%s: expected the number of a descriptor", optarg);
			return NP_EXIT_USAGE;
		case 'l':
			command->left_in = optarg;
			break;
		case 't':
			if (read_number(optarg, &command->left_to))
				break;
			np_error("--left-to=%s: expected the number of a process", optarg);
			return NP_EXIT_USAGE;
		case 'h':
			fputs(help_text, stdout);
			return NP_EXIT_OK;
		case 'V':
			puts("neuroprof-fold " NP_VERSION);
			return NP_EXIT_OK;
		default:
			return np_bad_option(c, argv, "neuroprof-fold --help");
		}
	}
	if (optind >= argc && !command->left_in) {
		np_error("which spool? neuroprof-fold SPOOL…; see neuroprof-fold --help");
		return NP_EXIT_USAGE;
	}
	return -1;
}

/* The process that started us is about to become another program.  Its end of the pipe closes when
 * it does (or dies); a byte says that the exec was refused and that it samples on. */
static bool exec_was_refused(int fd)
{
	char byte;
	ssize_t n;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	close(fd);
	return n > 0;
}

static void say_counts(const struct np_fold_result *result)
{
	static const char *const cut[NP_QUALITY_MAX] = {
		NULL, "too deep", "no unwind rule", "unreadable stack", "foreign stack",
		"no unwinder",
	};
	uint64_t lost = np_fold_lost(result);

	for (int i = 1; i < NP_QUALITY_MAX; i++)
		if (result->by_quality[i])
			np_note("stacks cut: %" PRIu64 " samples (%s)", result->by_quality[i],
				cut[i]);
	if (result->unresolved_samples)
		np_note("unresolved: %" PRIu64 " samples have no name for their leaf",
			result->unresolved_samples);
	if (lost)
		np_note("lost: %" PRIu64 " ticks", lost);
}

static void say_result(const struct command *command, const char *spool,
		       const struct np_fold_result *result)
{
	char *health;

	if (command->quiet && !command->verbose)
		return;
	if (!result->folded_path) {
		np_note("%s: no sample in it, no profile written", spool);
		return;
	}
	health = np_fold_health(result);
	np_note("%" PRIu64
		" samples, %.2f s CPU, %.1f %% complete stacks, %.1f %% unresolved: %s, %s; health: %s",
		result->samples, (double)result->cpu_ns / 1e9,
		np_percent(result->by_quality[NP_QUALITY_COMPLETE], result->samples),
		np_percent(result->unresolved_samples, result->samples), result->folded_path,
		result->pprof_path, health);
	free(health);
	if (command->verbose)
		say_counts(result);
}

/* A live process still writes to its spool. */
static bool may_remove(const struct np_fold_result *result)
{
	return result->state == NP_SPOOL_ENDED || !result->owner_alive;
}

/* The directory of last resort lies among the profiles; nobody shall find it there. */
static void remove_spool_dir(const char *spool)
{
	char *directory = np_xstrdup(spool), *slash = strrchr(directory, '/');

	if (slash) {
		*slash = '\0';
		if (strcmp(np_base_name(directory), NP_SPOOL_DIR_BESIDE) == 0)
			rmdir(directory);	/* not empty: others need it */
	}
	free(directory);
}

static void clean_beside(const char *spool)
{
	char *directory = np_xstrdup(spool), *slash = strrchr(directory, '/');

	if (slash) {
		*slash = '\0';
		np_leftovers_clean(directory);
	}
	free(directory);
}

static bool fold_one(struct command *command, const char *spool)
{
	struct np_fold_options options = { .out = command->out, .symbolizer = &command->symbolizer };
	struct np_fold_result result;
	int r = np_fold_spool(spool, &options, &result);

	if (r == -ENODATA) {
		if (!command->quiet || command->verbose)
			np_note("%s: %s", spool, result.message);
		return true;
	}
	if (r == 0 || result.folded_path)
		say_result(command, spool, &result);
	if (r < 0)
		np_error("%s: %s", spool, result.message);
	else if (command->remove && !may_remove(&result))
		np_note("%s: kept, its process %u is still running", spool, result.pid);
	else if (command->remove && unlink(spool) < 0) {
		np_error("%s: cannot be removed: %s", spool, strerror(errno));
		r = -errno;
	}
	else if (command->remove)
		remove_spool_dir(spool);
	np_fold_result_finish(&result);
	return r == 0;
}

static bool fold_left(void *command, const char *spool)
{
	return fold_one(command, spool);
}

/* Nobody else may fold it meanwhile; the process at the top waits for it. */
static bool fold_after_exec(struct command *command, const char *spool)
{
	int taken = np_sweep_take(spool);
	bool done;

	done = exec_was_refused(command->after_exec) || fold_one(command, spool);
	if (taken >= 0)
		close(taken);
	return done;
}

int main(int argc, char **argv)
{
	struct command command = { .after_exec = -1 };
	bool all = true;
	int status;

	np_message_tool("neuroprof-fold");
	status = parse(&command, argc, argv);
	if (status >= 0)
		return status;
	for (int i = optind; i < argc; i++)
		all &= command.after_exec >= 0 ? fold_after_exec(&command, argv[i])
					       : fold_one(&command, argv[i]);
	if (command.remove && optind < argc)
		clean_beside(argv[optind]);
	if (command.left_in) {
		struct np_sweep sweep = { .directory = command.left_in, .left_to = (uint32_t)command.left_to,
					  .fold = fold_left, .context = &command };

		command.remove = true;
		if (sweep.left_to)	/* what is amiss was said; the status is about our own */
			np_sweep_rest(&sweep);
		else
			all &= np_sweep_background(&sweep);
	}
	np_symbolizer_destroy(command.symbolizer);
	return all ? NP_EXIT_OK : NP_EXIT_FAILURE;
}
