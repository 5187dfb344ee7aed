/* SPDX-License-Identifier: MIT
 *
 * fold_place.c - names of the output files, written aside and renamed.  Context: tools.
 */
#include "fold_place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/message.h"

#define EXE_BYTES_MAX	64
#define NUMBER_MAX	9999
#define METRICS_SUFFIX	".metrics.txt"
#define PPROF_SUFFIX	".pb.gz"
#define FOLDED_SUFFIX	".folded"
#define LOOK_BYTES_MAX	(256u << 20)	/* of an older profile, unpacked */

__attribute__((format(printf, 4, 5)))
static int fail(int error, char *message, size_t bytes, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(message, bytes, format, args);
	va_end(args);
	return error < 0 ? error : -EIO;
}

/* The program's name, made fit for a file's. */
static void exe_name(const struct np_spool_header *head, char to[EXE_BYTES_MAX + 1])
{
	static const char deleted[] = " (deleted)";
	const char *path = head->exe[0] ? head->exe : head->comm;
	const char *slash = strrchr(path, '/');
	const char *from = slash ? slash + 1 : path;
	size_t length = strlen(from), n = 0;

	if (length > sizeof(deleted) - 1 &&
		strcmp(from + length - (sizeof(deleted) - 1), deleted) == 0)
		length -= sizeof(deleted) - 1;
	for (size_t i = 0; i < length && n < EXE_BYTES_MAX; i++) {
		unsigned char c = (unsigned char)from[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || strchr("+-._", c);

		to[n++] = plain && !(i == 0 && c == '.') ? (char)c : '_';
	}
	if (n == 0)
		to[n++] = '_';
	to[n] = '\0';
}

/* PATTERN with %e, %p and %% filled in. */
static char *expand(const char *pattern, const struct np_spool_header *head)
{
	char exe[EXE_BYTES_MAX + 1];
	size_t bytes = strlen(pattern) * (sizeof(exe) + 12) + 1, n = 0;
	char *to = np_xcalloc(bytes, 1);

	exe_name(head, exe);
	for (const char *p = pattern; *p; p++) {
		if (*p == '%' && p[1] == 'e')
			n += (size_t)snprintf(to + n, bytes - n, "%s", exe);
		else if (*p == '%' && p[1] == 'p')
			n += (size_t)snprintf(to + n, bytes - n, "%u", head->pid);
		else if (*p == '%' && p[1] == '%')
			to[n++] = '%';
		else {
			to[n++] = *p;
			continue;
		}
		p++;
	}
	return to;
}

/* The directory and all that lead to it. */
static int make_directories(char *path)
{
	struct stat st;

	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0777) < 0 && errno != EEXIST && stat(path, &st) < 0) {
			int error = errno;

			*p = '/';
			return -error;
		}
		*p = '/';
	}
	return mkdir(path, 0777) < 0 && errno != EEXIST ? -errno : 0;
}

static void choose(struct np_fold_place *place, const char *out, const struct np_spool_header *head)
{
	const char *slash = strrchr(out, '/');
	const char *last = slash ? slash + 1 : out;
	char *whole;

	if (strchr(last, '%')) {
		whole = expand(out, head);
		slash = strrchr(whole, '/');
		place->stem = np_xstrdup(slash ? slash + 1 : whole);
		place->directory = slash == whole ? np_xstrdup("/")
				   : slash        ? strndup(whole, (size_t)(slash - whole))
						  : np_xstrdup(".");
		free(whole);
	} else {
		place->directory = expand(*out ? out : ".", head);
		place->stem = expand("neuroprof.%e.%p", head);
	}
	if (!place->directory)
		np_die(NP_EXIT_FAILURE, "out of memory");
}

/* Open a file of an accidental name beside its later place, with the mode of a new file. */
static int open_temporary(const struct np_fold_place *place, const char *suffix, char **ret_path)
{
	char *path = np_xasprintf("%s/.%s.XXXXXX%s", place->directory, place->stem, suffix);
	mode_t mask = umask(0);
	int fd = mkostemps(path, (int)strlen(suffix), O_CLOEXEC);
	int error = errno;

	umask(mask);
	if (fd < 0) {
		free(path);
		return -error;
	}
	if (fchmod(fd, 0666 & ~mask) < 0)	/* a file system without modes: as it is */
		errno = 0;
	*ret_path = path;
	return fd;
}

int np_fold_place_open(struct np_fold_place *place, const char *out,
		       const struct np_spool_header *head, char *message, size_t message_bytes)
{
	int r;

	*place = (struct np_fold_place){ .folded_fd = -1, .pprof_fd = -1 };
	choose(place, out, head);
	if (strlen(place->stem) + 24 > NAME_MAX || place->stem[0] == '\0')
		return fail(-ENAMETOOLONG, message, message_bytes,
			    "%s: the file's name would be empty or too long", out);
	r = make_directories(place->directory);
	if (r < 0)
		return fail(r, message, message_bytes, "%s: no directory for the profile: %s",
			    place->directory, strerror(-r));
	place->folded_fd = r = open_temporary(place, FOLDED_SUFFIX, &place->folded_temporary);
	if (r >= 0)
		place->pprof_fd = r = open_temporary(place, PPROF_SUFFIX, &place->pprof_temporary);
	if (r < 0)
		return fail(r, message, message_bytes,
			"%s: the profile cannot be written there: %s", place->directory,
			strerror(-r));
	return 0;
}

/* Does the profile in PATH hold IDENTITY?  Its strings lie in it as they are. */
static bool is_same_image(const char *path, const char *identity)
{
	size_t length = strlen(identity), kept = 0;
	static char buffer[256 * 1024];
	bool found = false;
	struct stat st;
	gzFile file;
	int n;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	file = gzopen(path, "rbe");

	for (size_t total = 0; file && !found && total < LOOK_BYTES_MAX; total += (size_t)n) {
		n = gzread(file, buffer + kept, (unsigned)(sizeof(buffer) - kept));
		if (n <= 0)
			break;
		found = memmem(buffer, kept + (size_t)n, identity, length) != NULL;
		n += (int)kept;
		kept = (size_t)n < length ? (size_t)n : length;
		memmove(buffer, buffer + (size_t)n - kept, kept);
	}
	if (file)
		gzclose(file);
	return found;
}

/* Rename without replacing, also where the file system cannot do it in one step. */
static int rename_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != EPERM)
		return -errno;
	if (link(from, to) == 0)
		return unlink(from) < 0 ? -errno : 0;
	if (errno == EEXIST)
		return -EEXIST;
	return rename(from, to) < 0 ? -errno : 0;
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* Try one pair of names.  Returns 0, -EEXIST when they belong to another profile, or -errno. */
static int try_names(const struct np_fold_place *place, const char *identity, const char *folded,
		     const char *pprof)
{
	int r;

	if (exists(pprof)) {
		if (!is_same_image(pprof, identity))
			return -EEXIST;
		if (rename(place->pprof_temporary, pprof) < 0 ||
		    rename(place->folded_temporary, folded) < 0)
			return -errno;
		return 0;
	}
	if (exists(folded))
		return -EEXIST;
	r = rename_new(place->pprof_temporary, pprof);
	if (r < 0)
		return r;
	r = rename_new(place->folded_temporary, folded);
	if (r < 0 && rename(pprof, place->pprof_temporary) < 0)
		return -errno;
	return r;
}

static int close_file(int *fd)
{
	int r = *fd >= 0 && close(*fd) < 0 ? -errno : 0;

	*fd = -1;
	return r;
}

int np_fold_place_commit(struct np_fold_place *place, const char *identity, char **ret_folded,
			 char **ret_pprof, char *message, size_t message_bytes)
{
	char *folded = NULL, *pprof = NULL;
	char number[16] = "";
	int r = close_file(&place->folded_fd), r2 = close_file(&place->pprof_fd);

	if (r == 0)
		r = r2;
	for (int n = 1; r == 0 && n <= NUMBER_MAX; n++) {
		if (n > 1)
			snprintf(number, sizeof(number), "-%d", n);
		folded = np_xasprintf(
			"%s/%s%s" FOLDED_SUFFIX, place->directory, place->stem, number);
		pprof = np_xasprintf("%s/%s%s" PPROF_SUFFIX, place->directory, place->stem, number);
		r = try_names(place, identity, folded, pprof);
		if (r == 0) {
			*ret_folded = folded;
			*ret_pprof = pprof;
			return 0;
		}
		free(folded);
		free(pprof);
		if (r == -EEXIST && n < NUMBER_MAX)
			r = 0;
	}
	return fail(r, message, message_bytes, "%s: the profile cannot be put there: %s",
		    place->directory, strerror(-r));
}

void np_fold_place_finish(struct np_fold_place *place)
{
	if (!place->directory)
		return;
	close_file(&place->folded_fd);
	close_file(&place->pprof_fd);
	if (place->folded_temporary)
		unlink(place->folded_temporary);	/* gone already when it was committed */
	if (place->pprof_temporary)
		unlink(place->pprof_temporary);
	free(place->folded_temporary);
	free(place->pprof_temporary);
	free(place->directory);
	free(place->stem);
	*place = (struct np_fold_place){ .folded_fd = -1, .pprof_fd = -1 };
}

/* directory/stem[-N].metrics.txt that nobody has, or the one beside the profile. */
static int name_metrics(const struct np_fold_place *place, const char *beside, const char *temporary,
			char **ret_path)
{
	int r = -EEXIST;

	if (beside) {			/* the profile's own name: an older one's is replaced, too */
		*ret_path = np_xasprintf("%.*s" METRICS_SUFFIX,
					 (int)(strlen(beside) - strlen(PPROF_SUFFIX)), beside);
		return rename(temporary, *ret_path) < 0 ? -errno : 0;
	}
	for (int n = 1; r == -EEXIST && n <= NUMBER_MAX; n++) {
		char number[16] = "";

		if (n > 1)
			snprintf(number, sizeof(number), "-%d", n);
		*ret_path = np_xasprintf("%s/%s%s" METRICS_SUFFIX, place->directory, place->stem, number);
		r = rename_new(temporary, *ret_path);
		if (r < 0) {
			free(*ret_path);
			*ret_path = NULL;
		}
	}
	return r;
}

int np_fold_place_metrics(const char *out, const struct np_spool_header *head, const char *beside,
			  int (*write)(const void *context, int fd), const void *context,
			  char **ret_path, char *message, size_t message_bytes)
{
	struct np_fold_place place = { .folded_fd = -1, .pprof_fd = -1 };
	char *temporary = NULL;
	int r, fd;

	*ret_path = NULL;
	choose(&place, out, head);
	r = make_directories(place.directory);
	fd = r < 0 ? r : open_temporary(&place, METRICS_SUFFIX, &temporary);
	r = fd < 0 ? fd : write(context, fd);
	if (fd >= 0 && close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0)
		r = name_metrics(&place, beside, temporary, ret_path);
	if (temporary && (r != 0 || !*ret_path))
		unlink(temporary);
	if (r < 0)
		r = fail(r, message, message_bytes, "%s: the metrics cannot be written there: %s",
			 place.directory, strerror(-r));
	free(temporary);
	free(place.directory);
	free(place.stem);
	return r < 0 ? r : 0;
}
