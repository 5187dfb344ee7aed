/* SPDX-License-Identifier: MIT
 *
 * leftovers.c - spools that nobody came for.  Context: tools.
 *
 * A spool does not tell when its process died: in memory its time of change is that of its making,
 * however long the process then ran.  So whoever first sees it without its process marks it by a
 * mode bit that means nothing for a file, and sets its time; days later it is removed.  Spools in
 * a recording session's own directory are left to that session and to `neuroprof recover`.
 */
#include "leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/message.h"
#include "base/text.h"
#include "spool/reader.h"

#define MARKED	     (0600 | S_ISVTX)
#define KEEP_SECONDS (NP_LEFTOVERS_DAYS * 24 * 3600)
#define OPENED_MAX   256	/* at a time: the end of a program waits for us */

static bool lives(uint32_t pid)
{
	return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno != ESRCH);
}

/* One that was never completed has the process's number in its name alone. */
static bool is_wanted(const char *path, const char *name)
{
	struct np_spool_reader *reader;
	bool wanted;

	if (np_spool_open_head(path, &reader) < 0)
		return lives((uint32_t)strtoul(name, NULL, 10));
	wanted = np_spool_owner_alive(reader) || lives(np_spool_head(reader)->left_to);
	np_spool_close(reader);
	return wanted;
}

/* Returns whether the spool had to be opened. */
static bool look_at(int directory, const char *path, const char *name)
{
	struct timespec now[2] = { { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_NOW } };
	struct stat st;
	bool marked;

	if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid())
		return false;
	marked = (st.st_mode & 07777) == MARKED;
	if (marked && time(NULL) - st.st_mtime < KEEP_SECONDS)
		return false;
	if (is_wanted(path, name))
		return true;
	if (marked)
		unlinkat(directory, name, 0);
	else if (fchmodat(directory, name, MARKED, 0) == 0)
		utimensat(directory, name, now, AT_SYMLINK_NOFOLLOW);
	return true;
}

void np_leftovers_clean(const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	unsigned opened = 0;

	while (dir && opened < OPENED_MAX && (entry = readdir(dir))) {
		char *path;

		if (entry->d_name[0] < '0' || entry->d_name[0] > '9' ||
		    !np_ends_with(entry->d_name, NP_SPOOL_SUFFIX))
			continue;
		path = np_xasprintf("%s/%s", directory, entry->d_name);
		opened += look_at(dirfd(dir), path, entry->d_name);
		free(path);
	}
	if (dir)
		closedir(dir);
}
