/* SPDX-License-Identifier: MIT
 *
 * say.c - the library's few lines to the user.  Context: host, signal-safe.
 */
#include "agent/agent.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/syscalls.h"

void np_say(const char *first, ...)
{
	char line[1024] = "neuroprof: ";
	size_t n = strlen(line);
	va_list args;

	if (np_agent.config.quiet)
		return;
	va_start(args, first);
	for (const char *part = first; part; part = va_arg(args, const char *)) {
		for (; *part && n + 1 < sizeof(line); part++)	/* an environment value may hold anything */
			line[n++] = (unsigned char)*part < 0x20 || *part == 0x7f ? '?' : *part;
	}
	va_end(args);
	line[n++] = '\n';
	np_syscall(SYS_write, 2, line, n);
}

const char *np_say_number(uint64_t number, char buffer[24])
{
	char *at = buffer + 23;

	*at = '\0';
	do
		*--at = (char)('0' + number % 10);
	while (number /= 10);
	return at;
}

const char *np_say_errno(int number)
{
	static const struct { int number; const char *name; } names[] = {
		{ EACCES, "EACCES" }, { EPERM, "EPERM" }, { ENOSYS, "ENOSYS" }, { ENOENT, "ENOENT" },
		{ ENOSPC, "ENOSPC" }, { EMFILE, "EMFILE" }, { ENFILE, "ENFILE" }, { ENOMEM, "ENOMEM" },
		{ EAGAIN, "EAGAIN" }, { EINVAL, "EINVAL" }, { EROFS, "EROFS" }, { ENODEV, "ENODEV" },
		{ EEXIST, "EEXIST" }, { ENOTDIR, "ENOTDIR" }, { EOPNOTSUPP, "EOPNOTSUPP" },
		{ ENODATA, "no signal came" }, { EFBIG, "EFBIG" }, { ELOOP, "ELOOP" },
		{ ENAMETOOLONG, "ENAMETOOLONG" }, { EDQUOT, "EDQUOT" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].number == number)
			return names[i].name;
	return "error";
}
