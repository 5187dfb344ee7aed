/* SPDX-License-Identifier: MIT
 *
 * say.c - the library's few lines to the user.  Context: host, signal-safe.
 */
#include "agent/agent.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "base/syscalls.h"

/* Nobody at the other end, or a file at its limit: that must not kill the host. */
static void write_quietly(const char *line, size_t bytes)
{
	uint64_t set = 1ull << (SIGPIPE - 1) | 1ull << (SIGXFSZ - 1), old = 0, before = 0;
	struct timespec none = { 0, 0 };
	long r;

	np_syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, &old, 8);
	np_syscall(SYS_rt_sigpending, &before, 8);
	r = np_syscall(SYS_write, 2, line, bytes);
	set &= ~before;		/* the host's own stay */
	if ((r == -EPIPE || r == -EFBIG) && set)
		np_syscall(SYS_rt_sigtimedwait, &set, 0, &none, 8);
	np_syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old, 0, 8);
}

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
	write_quietly(line, n);
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
