/* SPDX-License-Identifier: MIT
 *
 * doctor_command.c - can this command be profiled at all?  Its file tells; it is not run.
 *
 * Context: tools.
 */
#include "doctor.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/message.h"

#define SCRIPTS_MAX 4		/* as many as the kernel follows */
#define HEADERS_MAX 128

static char *find(const char *command)
{
	const char *path = getenv("PATH");
	char *found = NULL;

	if (strchr(command, '/'))
		return np_xstrdup(command);
	for (const char *at = path ? path : "/bin:/usr/bin"; !found && *at;) {
		size_t length = strcspn(at, ":");

		found = np_xasprintf("%.*s/%s", length ? (int)length : 1, length ? at : ".", command);
		if (access(found, X_OK) < 0) {
			free(found);
			found = NULL;
		}
		at += length + (at[length] == ':');
	}
	return found;
}

static struct np_finding *blocked(struct np_doctor *doctor, const char *path, const char *what)
{
	struct np_finding *finding = np_doctor_add(doctor, "command", NP_DOCTOR_BLOCKED);

	np_doctor_say(&finding->found, "%s %s", path, what);
	return finding;
}

/* Would the dynamic loader ignore LD_PRELOAD for it? */
static bool gains_privileges(const char *path)
{
	struct stat st;
	struct statvfs fs;
	bool by_id, by_file;

	if (stat(path, &st) < 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ||
	    (statvfs(path, &fs) == 0 && (fs.f_flag & ST_NOSUID)))
		return false;
	by_id = ((st.st_mode & S_ISUID) && st.st_uid != geteuid()) ||
		((st.st_mode & S_ISGID) && (st.st_mode & S_IXGRP) && st.st_gid != getegid());
	by_file = geteuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0;
	return by_id || by_file;
}

/* Where the program's loader is named; "" for none, NULL for a file that is not sound. */
static const char *interpreter_of(int fd, const Elf64_Ehdr *elf, char *text, size_t bytes)
{
	Elf64_Phdr headers[HEADERS_MAX];
	size_t size = elf->e_phnum * sizeof(*headers);

	if (elf->e_phentsize != sizeof(*headers) || elf->e_phnum > HEADERS_MAX ||
	    elf->e_phoff > INT64_MAX || pread(fd, headers, size, (off_t)elf->e_phoff) != (ssize_t)size)
		return NULL;
	for (int i = 0; i < elf->e_phnum; i++) {
		if (headers[i].p_type != PT_INTERP)
			continue;
		if (headers[i].p_filesz == 0 || headers[i].p_filesz > bytes || headers[i].p_offset > INT64_MAX ||
		    pread(fd, text, headers[i].p_filesz, (off_t)headers[i].p_offset) !=
			    (ssize_t)headers[i].p_filesz)
			return NULL;
		text[headers[i].p_filesz - 1] = '\0';
		return text;
	}
	return "";
}

static void check_elf(struct np_doctor *doctor, const char *path, int fd, const unsigned char *start)
{
	char text[PATH_MAX];
	const char *loader;
	struct np_finding *finding;
	Elf64_Ehdr elf;

	memcpy(&elf, start, sizeof(elf));
	if (elf.e_ident[EI_CLASS] == ELFCLASS32) {
		finding = blocked(doctor, path, "is a 32-bit program");
		np_doctor_say(&finding->meaning, "the library is a 64-bit one and cannot be loaded into it: it "
			      "runs, and is not profiled (nor are 32-bit children of other programs)");
		return;
	}
	if (elf.e_machine != EM_X86_64) {
		blocked(doctor, path, "is a program for another processor");
		return;
	}
	loader = interpreter_of(fd, &elf, text, sizeof(text));
	if (!loader) {
		blocked(doctor, path, "is damaged: its program headers cannot be read");
	} else if (!*loader) {
		finding = blocked(doctor, path, "is linked statically");
		np_doctor_say(&finding->meaning, "no library can be preloaded into it: it runs, and is not "
			      "profiled");
		np_doctor_say(&finding->remedy, "link it dynamically (for Go: with cgo, or use its own pprof)");
	} else if (strstr(loader, "ld-musl")) {
		finding = blocked(doctor, path, "uses musl as its C library");
		np_doctor_say(&finding->meaning, "the library is made for glibc and cannot be loaded into it");
	} else if (access(loader, X_OK) < 0) {
		finding = blocked(doctor, path, "cannot be run: its loader is missing");
		np_doctor_say(&finding->cause, "%s: %s", loader, strerror(errno));
	} else if (gains_privileges(path)) {
		finding = blocked(doctor, path, "runs with more privileges than its caller");
		np_doctor_say(&finding->cause, "it is set-user-id or set-group-id, or has file capabilities");
		np_doctor_say(&finding->meaning, "the loader ignores LD_PRELOAD for it: it runs, and is not "
			      "profiled");
		np_doctor_say(&finding->remedy, "profile a copy without these bits, as the user that it runs as");
	} else {
		finding = np_doctor_add(doctor, "command", NP_DOCTOR_OK);
		np_doctor_say(&finding->found, "%s is a dynamically linked 64-bit program", path);
		np_doctor_say(&finding->meaning, "children are profiled as well, unless it clears their "
			      "environment, which cannot be known before");
	}
}

/* The program behind "#!"; NULL after saying what is wrong.  `env NAME` stands for NAME. */
static char *script_program(struct np_doctor *doctor, const char *path, char *line)
{
	char *program, *argument, *slash, *found;

	line[strcspn(line, "\n")] = '\0';
	program = line + 2 + strspn(line + 2, " \t");
	argument = program + strcspn(program, " \t");
	if (*argument) {
		*argument++ = '\0';
		argument += strspn(argument, " \t");
		argument[strcspn(argument, " \t")] = '\0';
	}
	slash = strrchr(program, '/');
	if (strcmp(slash ? slash + 1 : program, "env") == 0 && *argument && *argument != '-')
		program = argument;
	if (!*program) {
		blocked(doctor, path, "begins with #! and names no program");
		return NULL;
	}
	found = find(program);
	if (!found)
		blocked(doctor, path, "is a script for a program that is not found");
	return found;
}

void np_doctor_command(struct np_doctor *doctor, const char *command)
{
	char *path = find(command);

	if (!path) {
		blocked(doctor, command, "is no program in PATH");
		return;
	}
	for (int depth = 0; path; depth++) {
		unsigned char start[256] = { 0 };
		char *next = NULL;
		int fd = access(path, X_OK) < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		ssize_t n = fd < 0 ? -1 : read(fd, start, sizeof(start) - 1);
		int error = errno;

		if (n < 0)
			np_doctor_say(&blocked(doctor, path, "cannot be run or looked into")->cause, "%s",
				      strerror(error));
		else if (n >= (ssize_t)sizeof(Elf64_Ehdr) && memcmp(start, ELFMAG, SELFMAG) == 0)
			check_elf(doctor, path, fd, start);
		else if (n > 2 && start[0] == '#' && start[1] == '!' && depth < SCRIPTS_MAX)
			next = script_program(doctor, path, (char *)start);
		else
			blocked(doctor, path, "is neither an ELF program nor a script that says its program");
		if (fd >= 0)
			close(fd);
		free(path);
		path = next;
	}
}
