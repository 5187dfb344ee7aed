/* SPDX-License-Identifier: MIT
 *
 * doctor_place.c - where spools and profiles go, and the pieces of the installation.
 *
 * Context: tools.
 */
#include "doctor.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/message.h"
#include "places.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static const char *setting(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* Why the library cannot keep spools in PATH; NULL when it can.  Makes it, as the library does. */
static const char *unusable(const char *path)
{
	struct stat st;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return strerror(errno);
	if (lstat(path, &st) < 0)
		return strerror(errno);
	if (!S_ISDIR(st.st_mode))
		return "it is no directory";
	if (st.st_uid != geteuid())
		return "it belongs to another user";
	if (st.st_mode & 077)
		return "others may enter it: its mode must be 0700";
	return access(path, W_OK | X_OK) < 0 ? strerror(errno) : NULL;
}

static bool try_place(struct np_doctor *doctor, const char *path, const char *topic)
{
	const char *why = unusable(path);
	struct np_finding *finding;

	if (!why) {
		doctor->spool_dir = np_xstrdup(path);
		return true;
	}
	finding = np_doctor_add(doctor, topic, NP_DOCTOR_NOTE);
	np_doctor_say(&finding->found, "%s cannot hold the samples: %s", path, why);
	np_doctor_say(&finding->meaning, "the next place is tried");
	return false;
}

/* The same order as in src/agent/attach.c. */
static void choose_spool_dir(struct np_doctor *doctor, const char *out)
{
	const char *asked = setting("NEUROPROF_SPOOL_DIR"), *runtime = setting("XDG_RUNTIME_DIR");
	struct np_finding *finding;
	const char *why;
	char *path;
	bool done = false;

	if (asked) {
		why = unusable(asked);
		if (!why) {
			doctor->spool_dir = np_xstrdup(asked);
			return;
		}
		finding = np_doctor_add(doctor, "spool directory", NP_DOCTOR_BLOCKED);
		np_doctor_say(&finding->found, "NEUROPROF_SPOOL_DIR=%s cannot be used: %s", asked, why);
		np_doctor_say(&finding->remedy, "make it a directory of yours with mode 0700, or leave the "
						"variable away");
		return;
	}
	if (runtime && *runtime == '/') {
		path = np_xasprintf("%s/neuroprof", runtime);
		done = try_place(doctor, path, "XDG_RUNTIME_DIR");
		free(path);
	}
	if (!done) {
		path = np_xasprintf("/dev/shm/neuroprof-%u", (unsigned)geteuid());
		done = try_place(doctor, path, "/dev/shm");
		free(path);
	}
	if (!done) {
		path = np_xasprintf("%s/.neuroprof-spool", out);
		done = try_place(doctor, path, "output directory");
		free(path);
	}
	if (done)
		return;
	finding = np_doctor_add(doctor, "spool directory", NP_DOCTOR_BLOCKED);
	np_doctor_say(&finding->found, "there is no place for the samples: programs run without being profiled");
	np_doctor_say(&finding->remedy, "set NEUROPROF_SPOOL_DIR to a directory of yours with mode 0700");
}

/* Allocating by MADV_POPULATE_WRITE is what keeps a full file system from killing the host. */
static int try_populate(const char *directory)
{
	char *path = np_xasprintf("%s/doctor-XXXXXX", directory);
	int fd = mkostemp(path, O_CLOEXEC), error = 0;
	void *page;

	if (fd < 0) {
		error = errno;
		free(path);
		return error;
	}
	if (ftruncate(fd, 4096) < 0) {
		error = errno;
	} else {
		page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (page == MAP_FAILED || madvise(page, 4096, MADV_POPULATE_WRITE) < 0)
			error = errno;
		if (page != MAP_FAILED)
			munmap(page, 4096);
	}
	close(fd);
	unlink(path);
	free(path);
	return error;
}

static void explain_spool_room(struct np_doctor *doctor, struct np_finding *finding, uint64_t available)
{
	np_doctor_say(&finding->cause, "its file system has %llu KiB left",
		      (unsigned long long)(available >> 10));
	np_doctor_say(&finding->remedy, "make room, or set NEUROPROF_SPOOL_DIR to a place with more");
	if (finding->state == NP_DOCTOR_BLOCKED)
		np_doctor_say(&finding->meaning, "nothing can be recorded");
	else
		np_doctor_say(&finding->meaning, "a spool may grow to %llu MiB; when the file system is full, "
			      "new stacks are kept on an outer frame, and counted",
			      (unsigned long long)(doctor->spool_max >> 20));
}

static void check_spool_dir(struct np_doctor *doctor)
{
	struct np_finding *finding;
	uint64_t available = UINT64_MAX;
	struct statfs fs = { 0 };
	int error;

	if (!doctor->spool_dir)
		return;
	if (statfs(doctor->spool_dir, &fs) == 0 && fs.f_blocks)
		available = (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize;
	error = try_populate(doctor->spool_dir);
	finding = np_doctor_add(doctor, "spool directory", NP_DOCTOR_OK);
	np_doctor_say(&finding->found, "samples are kept in %s", doctor->spool_dir);
	if (error == EINVAL) {
		finding->state = NP_DOCTOR_LIMITED;
		np_doctor_say(&finding->cause, "the kernel is older than 5.14 (no MADV_POPULATE_WRITE)");
		np_doctor_say(&finding->meaning, "a spool has 8 MiB and takes them at once; stacks that do not "
			      "fit are kept on an outer frame, and counted");
	} else if (error || available < 256u << 10) {
		finding->state = NP_DOCTOR_BLOCKED;
		explain_spool_room(doctor, finding, available);
		if (error && error != EFAULT)
			np_doctor_say(&finding->cause, "a file in it cannot be written: %s", strerror(error));
	} else if (available < doctor->spool_max) {
		finding->state = NP_DOCTOR_LIMITED;
		explain_spool_room(doctor, finding, available);
	} else if (fs.f_type != TMPFS_MAGIC && fs.f_type != RAMFS_MAGIC) {
		finding->state = NP_DOCTOR_NOTE;
		np_doctor_say(&finding->meaning, "it is not in memory (tmpfs): the kernel writes the samples to "
			      "its disk now and then");
	}
}

/* The directory that will hold the profiles: missing ones are made, a last part with '%' is a name. */
static char *output_directory(void)
{
	const char *out = setting("NEUROPROF_OUT");
	char *path = np_xstrdup(out ? out : "."), *slash = strrchr(path, '/');

	if (!strchr(slash ? slash + 1 : path, '%'))
		return path;
	if (!slash)
		strcpy(path, ".");
	else
		slash[slash == path] = '\0';
	return path;
}

/* Permission bits do not tell all: read-only file systems, /proc, a security module. */
static int try_file(const char *directory)
{
	char *path = np_xasprintf("%s/neuroprof-doctor-XXXXXX", directory);
	int fd = mkostemp(path, O_CLOEXEC), error = fd < 0 ? errno : 0;

	if (fd >= 0) {
		close(fd);
		unlink(path);
	}
	free(path);
	return error;
}

static void check_output(struct np_doctor *doctor, const char *out)
{
	char *exists = np_xstrdup(out), *slash;
	struct np_finding *finding;
	struct statfs fs;
	int error;

	while (access(exists, F_OK) < 0 && errno == ENOENT) {
		slash = strrchr(exists, '/');
		if (!slash)
			strcpy(exists, ".");
		else
			slash[slash == exists] = '\0';
	}
	error = try_file(exists);
	finding = np_doctor_add(doctor, "output directory", error ? NP_DOCTOR_BLOCKED : NP_DOCTOR_OK);
	np_doctor_say(&finding->found, "profiles go to %s%s", out, strcmp(out, exists) == 0 ? ""
		      : ", which will be made");
	if (error) {
		np_doctor_say(&finding->cause, "%s cannot be written: %s", exists, strerror(error));
		np_doctor_say(&finding->meaning, "the samples stay in the spool directory until "
			      "`neuroprof recover -o DIR`");
		np_doctor_say(&finding->remedy, "set NEUROPROF_OUT (record -o) to a directory that can be "
						"written");
	} else if (statfs(exists, &fs) == 0 && fs.f_blocks && fs.f_bavail == 0) {
		finding->state = NP_DOCTOR_BLOCKED;
		np_doctor_say(&finding->cause, "its file system is full");
		np_doctor_say(&finding->remedy, "make room there, or choose another place with NEUROPROF_OUT");
	}
	free(exists);
}

static bool runs(const char *program)
{
	char *argv[] = { (char *)(uintptr_t)program, (char *)(uintptr_t)"--version", NULL };
	posix_spawn_file_actions_t actions;
	int status = -1;
	pid_t child;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (posix_spawn(&child, program, &actions, NULL, argv, environ) != 0 ||
	    waitpid(child, &status, 0) != child)
		status = -1;
	posix_spawn_file_actions_destroy(&actions);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The same places as in src/agent/finish.c. */
static void check_folder(struct np_doctor *doctor)
{
	static const char *const places[] = {
		"neuroprof-fold", "../../tools/neuroprof-fold",
		"../libexec/neuroprof/neuroprof-fold", "../../libexec/neuroprof/neuroprof-fold",
	};
	char *library = np_places_library(NP_EXIT_FAILURE), resolved[PATH_MAX];
	struct np_finding *finding = np_doctor_add(doctor, "installation", NP_DOCTOR_OK);

	np_doctor_say(&finding->found, "the library is %s", library);
	strrchr(library, '/')[0] = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		char *path = np_xasprintf("%s/%s", library, places[i]);
		bool found = realpath(path, resolved) && access(resolved, X_OK) == 0;

		free(path);
		if (!found)
			continue;
		finding = np_doctor_add(doctor, "neuroprof-fold", runs(resolved) ? NP_DOCTOR_OK
										 : NP_DOCTOR_BLOCKED);
		np_doctor_say(&finding->found, finding->state ? "%s is there, but does not run"
							      : "%s is found and runs", resolved);
		free(library);
		return;
	}
	finding = np_doctor_add(doctor, "neuroprof-fold", NP_DOCTOR_BLOCKED);
	np_doctor_say(&finding->found, "neuroprof-fold is not where the library looks for it (%s and beside it)",
		      library);
	np_doctor_say(&finding->meaning, "samples stay in the spool directory until `neuroprof recover`");
	np_doctor_say(&finding->remedy, "install NeuroProf again, as a whole");
	free(library);
}

static void check_libunwind(struct np_doctor *doctor)
{
	const char *asked = setting("NEUROPROF_UNWINDER");
	bool needed = asked && strcmp(asked, "libunwind") == 0;
	void *library = dlopen("libunwind-x86_64.so.8", RTLD_LAZY | RTLD_LOCAL);
	struct np_finding *finding =
		np_doctor_add(doctor, "libunwind", library ? NP_DOCTOR_OK
				      : needed ? NP_DOCTOR_BLOCKED : NP_DOCTOR_NOTE);

	if (library) {
		np_doctor_say(&finding->found, "libunwind can be loaded, for NEUROPROF_UNWINDER=libunwind");
		dlclose(library);
		return;
	}
	np_doctor_say(&finding->found, "libunwind-x86_64.so.8 is not here; %s", needed
		      ? "NEUROPROF_UNWINDER=libunwind asks for it"
		      : "only NEUROPROF_UNWINDER=libunwind would need it");
	if (needed)
		np_doctor_say(&finding->remedy, "install libunwind8, or leave NEUROPROF_UNWINDER away");
}

void np_doctor_places(struct np_doctor *doctor)
{
	char *out = output_directory();

	choose_spool_dir(doctor, out);
	check_spool_dir(doctor);
	check_output(doctor, out);
	check_folder(doctor);
	check_libunwind(doctor);
	free(out);
}
