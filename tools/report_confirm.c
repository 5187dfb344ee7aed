/* SPDX-License-Identifier: MIT
 *
 * report_confirm.c - "gate --confirm": record once more before a build fails.
 *
 * Context: tools.  The command gets a directory of ours in NEUROPROF_CONFIRM and leaves recordings in
 * its after/, and in its before/ if it likes; they are read and removed.  Whatever keeps that from
 * being done, the verdict stays what it was.
 */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/message.h"
#include "base/text.h"
#include "report_pair.h"

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

/* Exit status of COMMAND by sh, or -errno.  Standard output is the report's, so it gets our error. */
static int run(const char *command)
{
	int status;
	pid_t child = fork();

	if (child < 0)
		return -errno;
	if (child == 0) {
		if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
			_exit(126);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(126);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int compare_paths(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

/* The recordings in DIR, by name, to be freed: .pb.gz if there are any, for "record" leaves each twice. */
static char **list(const char *dir, size_t *ret_count)
{
	DIR *stream = opendir(dir);
	const struct dirent *entry;
	char **paths = NULL;
	size_t count = 0, kept = 0;
	bool any = false;

	while (stream && (entry = readdir(stream))) {
		if (entry->d_name[0] == '.')
			continue;
		paths = np_xrealloc(paths, count + 1, sizeof(*paths));
		paths[count++] = np_xasprintf("%s/%s", dir, entry->d_name);
		any = any || np_ends_with(entry->d_name, ".pb.gz");
	}
	if (stream)
		closedir(stream);
	for (size_t i = 0; i < count; i++) {
		if (any && !np_ends_with(paths[i], ".pb.gz"))
			free(paths[i]);
		else
			paths[kept++] = paths[i];
	}
	if (kept > 0)
		qsort(paths, kept, sizeof(*paths), compare_paths);
	*ret_count = kept;
	return paths;
}

static void free_list(char **paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(paths[i]);
	free(paths);
}

/* Judge what is in DIR; returns why it cannot be, to be freed, or NULL. */
static char *judge(struct np_pair *pair, const char *dir)
{
	char *dirs[NP_SIDES] = { np_xasprintf("%s/before", dir), np_xasprintf("%s/after", dir) };
	struct np_pair *second = np_xcalloc(1, sizeof(*second));
	char **found[NP_SIDES], *why = NULL, message[1024];
	size_t counts[NP_SIDES];

	*second = (struct np_pair){ .is_gate = true, .options = pair->options,
		.name_map = pair->name_map, .strict = pair->strict, .no_renames = pair->no_renames,
		.anonymize = pair->anonymize };
	second->options.budgets = NULL;		/* np_gate_confirm() asks for them */
	second->options.budget_count = 0;
	for (int side = 0; side < NP_SIDES; side++) {
		found[side] = list(dirs[side], &counts[side]);
		second->files[side] = counts[side] ? found[side] : pair->files[side];
		second->file_count[side] = counts[side] ? counts[side] : pair->file_count[side];
	}
	pair->second = second;
	if (counts[NP_AFTER] == 0)
		why = np_xstrdup("the command left no recording in $NEUROPROF_CONFIRM/after");
	else if (np_pair_try(second, message, sizeof(message)) < 0)
		why = np_xstrdup(message);
	else if (second->gate.result == NP_GATE_UNUSABLE)
		why = np_xasprintf("the new recordings are too poor: %s", second->gate.problems[0].text);
	for (int side = 0; side < NP_SIDES; side++) {
		free_list(found[side], counts[side]);
		free(dirs[side]);
	}
	return why;
}

/* DIR with before/ and after/ in it, and in the environment; or why not, to be freed. */
static char *make_place(char *dir)
{
	char *paths[NP_SIDES];
	bool made = mkdtemp(dir) && setenv("NEUROPROF_CONFIRM", dir, 1) == 0;

	paths[NP_BEFORE] = np_xasprintf("%s/before", dir);
	paths[NP_AFTER] = np_xasprintf("%s/after", dir);
	for (int side = 0; side < NP_SIDES; side++) {
		made = made && mkdir(paths[side], 0700) == 0;
		free(paths[side]);
	}
	return made ? NULL : np_xasprintf("cannot make '%s': %s", dir, strerror(errno));
}

void np_pair_confirm(struct np_pair *pair)
{
	const char *place = getenv("TMPDIR");
	char *dir;
	int status;

	if (!pair->confirm || pair->gate.result != NP_GATE_FAIL)
		return;
	dir = np_xasprintf("%s/neuroprof-confirm-XXXXXX", place && *place ? place : "/tmp");
	pair->unconfirmed = make_place(dir);
	if (!pair->unconfirmed) {
		status = run(pair->confirm);
		if (status < 0)
			pair->unconfirmed = np_xasprintf("cannot start the command: %s", strerror(-status));
		else if (status > 0)
			pair->unconfirmed = np_xasprintf("the command ended with status %d", status);
		else
			pair->unconfirmed = judge(pair, dir);
		nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	}
	free(dir);
	if (!pair->unconfirmed)
		np_gate_confirm(&pair->gate, &pair->second->gate);
}
