/* SPDX-License-Identifier: MIT
 *
 * places.c - where the tools find the library and the spools.  Context: tools.
 */
#include "places.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/message.h"

char *np_places_library(int status)
{
	static const char *const places[] = {
		"../src/agent/libneuroprof.so",		/* the build tree */
		NP_LIBDIR_FROM_BINDIR "/libneuroprof.so",	/* as installed */
		"libneuroprof.so",
	};
	char self[PATH_MAX], path[PATH_MAX * 2], resolved[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[n < 0 ? 0 : n] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		strcpy(stpcpy(stpcpy(path, self), "/"), places[i]);
		if (realpath(path, resolved) && access(resolved, R_OK) == 0)
			return np_xstrdup(resolved);
	}
	np_die(status, "libneuroprof.so is not where it was installed (%s/%s): install it again",
	       self, NP_LIBDIR_FROM_BINDIR);
}

static int is_private(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       !(st.st_mode & 077) && access(path, W_OK | X_OK) == 0;
}

static char *candidate(size_t index, const char *out)
{
	const char *asked = getenv("NEUROPROF_SPOOL_DIR"), *runtime = getenv("XDG_RUNTIME_DIR");

	switch (index) {
	case 0:
		return asked && *asked ? np_xstrdup(asked) : NULL;
	case 1:
		return runtime && *runtime == '/' ? np_xasprintf("%s/neuroprof", runtime) : NULL;
	case 2:
		return np_xasprintf("/dev/shm/neuroprof-%u", (unsigned)geteuid());
	default:
		return np_xasprintf("%s/.neuroprof-spool", out);
	}
}

char *np_places_spool_dir(const char *out)
{
	for (size_t i = 0; i < 4; i++) {
		char *dir = candidate(i, out);

		if (dir && (mkdir(dir, 0700) == 0 || errno == EEXIST) && is_private(dir))
			return dir;
		free(dir);
	}
	return NULL;
}

size_t np_places_spool_dirs(char **ret_dirs, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < 4 && count < max; i++) {
		char *dir = candidate(i, ".");

		if (dir && is_private(dir))
			ret_dirs[count++] = dir;
		else
			free(dir);
	}
	return count;
}
