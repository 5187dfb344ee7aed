/* SPDX-License-Identifier: MIT
 *
 * report_file.c - output files that are whole or not there.  Context: tools.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/message.h"
#include "report.h"

static int fail(const struct np_report_file *file, const char *what, int error)
{
	np_error("cannot %s '%s': %s", what,
		 file->is_standard_output ? "standard output" : file->path, strerror(error));
	return -error;
}

static mode_t current_umask(void)
{
	mode_t mask = umask(077);

	umask(mask);
	return mask;
}

int np_report_file_open(struct np_report_file *file, const char *path)
{
	struct stat status;
	char *real;
	int fd;

	memset(file, 0, sizeof(*file));
	if (strcmp(path, "-") == 0) {
		file->is_standard_output = true;
		file->to = stdout;
		return 0;
	}
	/* Through a link, so that the link stays one. */
	real = realpath(path, NULL);
	file->path = real ? real : np_xstrdup(path);
	if (stat(file->path, &status) == 0 && !S_ISREG(status.st_mode)) {
		file->to = fopen(file->path, "we");
		return file->to ? 0 : fail(file, "write", errno);
	}
	file->temporary = np_xasprintf("%s.XXXXXX", file->path);
	fd = mkostemp(file->temporary, O_CLOEXEC);
	if (fd < 0) {
		free(file->temporary);
		file->temporary = NULL;
		return fail(file, "write", errno);
	}
	fchmod(fd, 0666 & ~current_umask());
	file->to = fdopen(fd, "w");
	if (!file->to)
		np_die(NP_EXIT_FAILURE, "out of memory");
	return 0;
}

/* Why did an earlier write fail?  The stream only knows that one did: let it fail again. */
static int why_failed(FILE *to)
{
	clearerr(to);
	errno = 0;
	if (fputc('\n', to) != EOF && fflush(to) == 0)
		return EIO;
	return errno ? errno : EIO;
}

int np_report_file_close(struct np_report_file *file)
{
	int rc = 0;

	if (file->to) {
		errno = 0;
		if (fflush(file->to) != 0)
			rc = fail(file, "write", errno ? errno : EIO);
		else if (ferror(file->to))
			rc = fail(file, "write", why_failed(file->to));
		if (!file->is_standard_output && fclose(file->to) != 0 && rc == 0)
			rc = fail(file, "write", errno);
	}
	if (file->temporary && rc == 0 && rename(file->temporary, file->path) != 0)
		rc = fail(file, "write", errno);
	if (file->temporary && rc < 0)
		unlink(file->temporary);
	free(file->temporary);
	free(file->path);
	memset(file, 0, sizeof(*file));
	return rc;
}

void np_report_file_abort(struct np_report_file *file)
{
	if (file->to && !file->is_standard_output)
		fclose(file->to);
	if (file->temporary)
		unlink(file->temporary);
	free(file->temporary);
	free(file->path);
	memset(file, 0, sizeof(*file));
}
