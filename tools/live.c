/* SPDX-License-Identifier: MIT
 *
 * live.c - find the spools of running processes, and write the words that steer them.
 *
 * Context: tools.  Other processes may end at any moment, and what they left may be anything: every
 * step may fail and none of it is an error until the user asked for that process.
 */
#include "live.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/message.h"
#include "places.h"

#define DIRS_MAX 4

struct maps_view {		/* what /proc/PID/maps says about a process */
	bool readable;
	bool has_library;
	bool has_deleted;	/* a spool that was removed under it */
	char **spools;
	size_t count;
};

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* The file that is mapped, under the name by which we reach it: as it stands, or below the
 * process's own root directory.  NULL when neither is that file. */
static char *reachable(pid_t pid, const char *path, dev_t device, ino_t inode)
{
	char *inside;
	struct stat st;

	if (stat(path, &st) == 0 && st.st_dev == device && st.st_ino == inode)
		return np_xstrdup(path);
	inside = np_xasprintf("/proc/%d/root%s", (int)pid, path);
	if (stat(inside, &st) == 0 && st.st_ino == inode)
		return inside;
	free(inside);
	return NULL;
}

static void see_mapping(struct maps_view *view, pid_t pid, const char *line)
{
	unsigned major_number, minor_number;
	unsigned long inode;
	char mode[8], *spool;
	const char *path = strchr(line, '/');

	if (!path)
		return;
	view->has_library |= strstr(path, "/libneuroprof.so") != NULL;
	if (sscanf(line, "%*s %7s %*s %x:%x %lu", mode, &major_number, &minor_number, &inode) != 4 ||
	    strcmp(mode, "rw-s") != 0)
		return;
	if (ends_with(path, NP_SPOOL_SUFFIX " (deleted)"))
		view->has_deleted = true;
	if (!ends_with(path, NP_SPOOL_SUFFIX))
		return;
	spool = reachable(pid, path, makedev(major_number, minor_number), inode);
	if (!spool)
		return;
	view->spools = np_xrealloc(view->spools, view->count + 1, sizeof(*view->spools));
	view->spools[view->count++] = spool;
}

static void view_maps(struct maps_view *view, pid_t pid)
{
	char path[64], *line = NULL;
	size_t room = 0;
	ssize_t n;
	FILE *file;

	memset(view, 0, sizeof(*view));
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	file = fopen(path, "re");
	while (file && (n = getline(&line, &room, file)) > 0) {
		view->readable = true;
		line[n - (line[n - 1] == '\n')] = '\0';
		see_mapping(view, pid, line);
	}
	free(line);
	if (file)
		fclose(file);
}

static void finish_maps(struct maps_view *view)
{
	for (size_t i = 0; i < view->count; i++)
		free(view->spools[i]);
	free(view->spools);
}

/* The id that the process itself sees: another one in a container. */
static uint32_t own_pid(pid_t pid)
{
	char path[64], line[512];
	uint32_t own = (uint32_t)pid;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "NSpid:", 6) == 0 && strrchr(line, '\t'))
			own = (uint32_t)strtoul(strrchr(line, '\t') + 1, NULL, 10);
	if (file)
		fclose(file);
	return own;
}

/* PATH as the spool of the process that calls itself OWN. */
static bool open_live(const char *path, pid_t pid, uint32_t own, struct np_live *ret)
{
	struct np_spool_reader *reader;
	const struct np_spool_header *head;

	if (np_spool_open(path, &reader, NULL, 0) < 0)
		return false;
	head = np_spool_head(reader);
	if (head->state != NP_SPOOL_LIVE || head->pid != own) {
		np_spool_close(reader);
		return false;
	}
	*ret = (struct np_live){ .pid = pid, .path = np_xstrdup(path), .reader = reader };
	return true;
}

static bool open_mapped(const struct maps_view *view, pid_t pid, struct np_live *ret)
{
	uint32_t own = view->count ? own_pid(pid) : 0;

	for (size_t i = 0; i < view->count; i++)
		if (open_live(view->spools[i], pid, own, ret))
			return true;
	return false;
}

/* ---- this user's directories, for processes whose mappings are hidden from us ---- */

static bool maps_hidden(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	return access(path, R_OK) < 0;
}

static void add(struct np_live **list, size_t *count, const struct np_live *one)
{
	*list = np_xrealloc(*list, *count + 1, sizeof(**list));
	(*list)[(*count)++] = *one;
}

/* An older image of the same process may have been left open by an exec that we did not see. */
static void add_hidden(struct np_live **list, size_t *count, struct np_live *one)
{
	for (size_t i = 0; i < *count; i++) {
		struct np_live *other = &(*list)[i];

		if (other->pid != one->pid)
			continue;
		if (np_spool_head(other->reader)->image < np_spool_head(one->reader)->image) {
			np_live_finish(other);
			*other = *one;
		} else {
			np_live_finish(one);
		}
		return;
	}
	add(list, count, one);
}

static void list_directory(const char *directory, struct np_live **list, size_t *count, bool sessions)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char *path = np_xasprintf("%s/%s", directory, entry->d_name);
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		struct np_live one;

		if (sessions && strncmp(entry->d_name, "record-", 7) == 0)
			list_directory(path, list, count, false);
		else if (ends_with(path, NP_SPOOL_SUFFIX) && pid > 0 && maps_hidden(pid) &&
			 open_live(path, pid, (uint32_t)pid, &one)) {
			if (np_spool_owner_alive(one.reader))
				add_hidden(list, count, &one);
			else
				np_live_finish(&one);
		}
		free(path);
	}
	if (dir)
		closedir(dir);
}

static void list_directories(struct np_live **list, size_t *count)
{
	char *dirs[DIRS_MAX];
	size_t dir_count = np_places_spool_dirs(dirs, DIRS_MAX);

	for (size_t i = 0; i < dir_count; i++) {
		list_directory(dirs[i], list, count, true);
		free(dirs[i]);
	}
}

static int by_pid(const void *a, const void *b)
{
	pid_t x = ((const struct np_live *)a)->pid, y = ((const struct np_live *)b)->pid;

	return x < y ? -1 : x > y;
}

size_t np_live_list(struct np_live **ret_list)
{
	DIR *proc = opendir("/proc");
	struct np_live *list = NULL, one;
	struct dirent *entry;
	struct maps_view view;
	size_t count = 0;

	while (proc && (entry = readdir(proc))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid <= 0)
			continue;
		view_maps(&view, pid);
		if (open_mapped(&view, pid, &one))
			add(&list, &count, &one);
		finish_maps(&view);
	}
	if (proc)
		closedir(proc);
	list_directories(&list, &count);
	if (count)
		qsort(list, count, sizeof(*list), by_pid);
	*ret_list = list;
	return count;
}

void np_live_list_finish(struct np_live *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		np_live_finish(&list[i]);
	free(list);
}

/* ---- one process ---- */

pid_t np_live_pid(const char *command, const char *text)
{
	char *end;
	long pid = strtol(text, &end, 10);

	if (end != text && !*end && pid > 0 && pid <= INT_MAX && *text >= '0' && *text <= '9')
		return (pid_t)pid;
	np_error("%s: '%s' is no process id: `neuroprof ls` lists those that are profiled", command, text);
	return 0;
}

/* There is a process, and we found no spool that we can use: why? */
static void say_why_not(pid_t pid, const struct maps_view *view)
{
	char message[1024];
	struct np_spool_reader *reader;
	int r;

	if (!view->readable) {
		np_error("%d: its memory map cannot be read: run as its user, or as root", (int)pid);
	} else if (view->count) {
		r = np_spool_open(view->spools[0], &reader, message, sizeof(message));
		if (r == 0)
			np_spool_close(reader);
		np_error("%d: %s: %s", (int)pid, view->spools[0],
			 r == 0 ? "the process is ending" : message[0] ? message : strerror(-r));
	} else if (view->has_deleted) {
		np_error("%d: its spool was removed while it runs: restart it to profile it again", (int)pid);
	} else if (view->has_library) {
		np_error("%d: it carries the library, but has taken no sample yet (or could not start; it "
			 "said so then): try again when it has used CPU time", (int)pid);
	} else {
		np_error("%d: not profiled: start it by `neuroprof record -- PROGRAM` or with "
			 "LD_PRELOAD=libneuroprof.so", (int)pid);
	}
}

bool np_live_find(pid_t pid, struct np_live *ret_live)
{
	struct np_live *list = NULL;
	struct maps_view view;
	char proc[64];
	size_t count = 0;
	bool found;

	snprintf(proc, sizeof(proc), "/proc/%d", (int)pid);
	if (access(proc, F_OK) < 0) {
		np_error("%d: no such process: `neuroprof ls` lists those that are profiled", (int)pid);
		return false;
	}
	view_maps(&view, pid);
	found = open_mapped(&view, pid, ret_live);
	if (!found && !view.readable) {
		list_directories(&list, &count);
		for (size_t i = 0; i < count && !found; i++) {
			if (list[i].pid != pid)
				continue;
			*ret_live = list[i];
			memset(&list[i], 0, sizeof(list[i]));
			found = true;
		}
		np_live_list_finish(list, count);
	}
	if (!found)
		say_why_not(pid, &view);
	finish_maps(&view);
	return found;
}

void np_live_finish(struct np_live *live)
{
	np_spool_close(live->reader);
	free(live->path);
	live->reader = NULL;
	live->path = NULL;
}

static bool is_same_image(const struct np_spool_header *a, const struct np_spool_header *b)
{
	return a->pid == b->pid && a->start_ticks == b->start_ticks && a->image == b->image;
}

/* Killed without a word it stays LIVE; then there is no process any more, or a zombie without maps. */
static bool still_runs(const struct np_live *live)
{
	char path[64], line[8];
	FILE *file;
	bool runs;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)live->pid);
	file = fopen(path, "re");
	if (!file)
		return errno == EACCES && np_spool_owner_alive(live->reader);
	runs = fgets(line, sizeof(line), file) != NULL;
	fclose(file);
	return runs;
}

bool np_live_again(struct np_live *live)
{
	struct np_spool_reader *fresh;
	bool same;

	if (np_spool_open(live->path, &fresh, NULL, 0) < 0)
		return false;
	same = is_same_image(np_spool_head(live->reader), np_spool_head(fresh));
	if (!same || np_spool_head(fresh)->state != NP_SPOOL_LIVE || !still_runs(live)) {
		np_spool_close(fresh);
		return false;
	}
	np_spool_close(live->reader);
	live->reader = fresh;
	return true;
}

int np_live_store(const struct np_live *live, size_t offset, uint32_t value)
{
	struct np_spool_header head;
	int fd = open(live->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int r = 0;

	if (fd < 0)
		return -errno;
	/* The file may have changed hands since we looked. */
	if (pread(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
	    !is_same_image(&head, np_spool_head(live->reader)) || head.state != NP_SPOOL_LIVE)
		r = -ESRCH;
	else if (pwrite(fd, &value, sizeof(value), (off_t)offset) != (ssize_t)sizeof(value))
		r = errno ? -errno : -EIO;
	close(fd);
	return r;
}

const char *np_live_sampling(const struct np_spool_header *head)
{
	if (head->counters[NP_COUNT_HANDLER_REPLACED])
		return "lost";
	return head->control ? "on" : "off";
}

double np_live_overhead(const struct np_spool_header *head)
{
	double sampled = (double)head->counters[NP_COUNT_PERIODS] * (double)head->period_ns;

	return sampled > 0 ? (double)head->counters[NP_COUNT_HANDLER_NS] / sampled : 0;
}

const char *np_live_clock_name(uint32_t clock)
{
	static const char *const names[] = { "none", "perf", "timer", "itimer" };

	return clock < sizeof(names) / sizeof(*names) ? names[clock] : "none";
}
