/* SPDX-License-Identifier: MIT
 *
 * sweep.c - fold what fork children left.  Context: tools.
 *
 * A spool is taken by a lock on the file, so that two folders never work on the same one, and one
 * that is killed leaves it to the next.  A spool that cannot be folded is left to nobody any more:
 * nobody tries again and again, and `neuroprof recover` finds it.
 */
#include "sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/message.h"
#include "spool/reader.h"

#define WAIT_STEPS 2000			/* of 5 ms each, for spools that others are folding */

enum standing { NOT_LEFT, LEFT, IN_WORK };

static bool is_spool(const char *name)
{
	size_t length = strlen(name), suffix = strlen(NP_SPOOL_SUFFIX);

	return length > suffix && strcmp(name + length - suffix, NP_SPOOL_SUFFIX) == 0;
}

int np_sweep_take(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 && st.st_nlink > 0)
		return fd;
	close(fd);
	return -1;
}

static uint64_t own_pid_namespace(void)
{
	static uint64_t own;
	struct stat st;

	if (own == 0)
		own = stat("/proc/self/ns/pid", &st) == 0 ? st.st_ino : UINT64_MAX;
	return own;
}

static enum standing standing_of(const struct np_sweep *sweep, const char *path)
{
	struct np_spool_reader *reader;
	const struct np_spool_header *head;
	enum standing standing = NOT_LEFT;

	if (np_spool_open_head(path, &reader) < 0)
		return NOT_LEFT;
	head = np_spool_head(reader);
	if (head->left_to == 0 || (sweep->left_to && head->left_to != sweep->left_to))
		;
	else if (head->state == NP_SPOOL_ENDED)
		/* One that ended by an exec is folded by whoever waits for that exec. */
		standing = head->end == NP_END_EXEC ? IN_WORK : LEFT;
	else if (head->pid_namespace == own_pid_namespace() && !np_spool_owner_alive(reader))
		standing = LEFT;	/* killed */
	np_spool_close(reader);
	return standing;
}

struct pass {
	size_t folded, in_work, failed;
};

static void give_up(int fd)
{
	const uint32_t nobody = 0;

	if (pwrite(fd, &nobody, sizeof(nobody), offsetof(struct np_spool_header, left_to)) < 0)
		np_error("a spool: %s", strerror(errno));
}

static void take(const struct np_sweep *sweep, const char *path, struct pass *pass)
{
	int fd = np_sweep_take(path);

	if (fd < 0) {
		pass->in_work++;	/* another one was faster */
		return;
	}
	if (sweep->fold(sweep->context, path)) {
		pass->folded++;
	} else {
		pass->failed++;
		give_up(fd);
	}
	close(fd);
}

static struct pass pass_through(const struct np_sweep *sweep)
{
	struct pass pass = { .folded = 0 };
	DIR *dir = opendir(sweep->directory);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		enum standing standing;
		char *path;

		if (!is_spool(entry->d_name))
			continue;
		path = np_xasprintf("%s/%s", sweep->directory, entry->d_name);
		standing = standing_of(sweep, path);
		if (standing == LEFT)
			take(sweep, path, &pass);
		pass.in_work += standing == IN_WORK;
		free(path);
	}
	if (dir)
		closedir(dir);
	return pass;
}

bool np_sweep_background(const struct np_sweep *sweep)
{
	struct pass pass;
	bool all = true;
	int lock;

	do {
		lock = open(sweep->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) < 0) {
			if (lock >= 0)
				close(lock);
			return all;
		}
		do {
			pass = pass_through(sweep);
			all &= pass.failed == 0;
		} while (pass.folded);
		close(lock);
		/* A child that met our lock a moment ago has left its spool to us. */
		pass = pass_through(sweep);
		all &= pass.failed == 0;
	} while (pass.folded);
	return all;
}

bool np_sweep_rest(const struct np_sweep *sweep)
{
	struct timespec step = { 0, 5000000 };
	struct pass pass;
	bool all = true;

	for (int i = 0; i < WAIT_STEPS; i++) {
		pass = pass_through(sweep);
		all &= pass.failed == 0;
		if (pass.folded == 0 && pass.in_work == 0)
			break;
		if (pass.folded == 0)
			nanosleep(&step, NULL);
	}
	return all;
}
