/* SPDX-License-Identifier: MIT
 *
 * kind.c - object name to kind.  Context: tools.
 */
#include "profile/kind.h"

#include <stddef.h>
#include <string.h>

/* Base names without their version: libc.so.6, libc-2.31.so, ld-linux-x86-64.so.2. */
static const char *const runtime_names[] = {
	"ld", "ld-linux", "ld-linux-x86-64", "ld-musl-x86_64", "libc", "libc++", "libc++abi",
	"libdl", "libgcc_s", "libm", "libmvec", "libpthread", "librt", "libstdc++",
	"linux-vdso", "linux-gate", "[vdso]", "[vsyscall]",
};

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Is BASE the name NAME, alone or followed by ".so..." or "-<digit>..."? */
static bool is_object(const char *base, const char *name)
{
	size_t length = strlen(name);

	if (strncmp(base, name, length) != 0)
		return false;
	base += length;
	return *base == '\0' || starts_with(base, ".so") ||
	       (*base == '-' && base[1] >= '0' && base[1] <= '9');
}

enum np_kind np_kind_of_module(const char *path, bool is_main)
{
	const char *base;

	if (!path || !*path)
		return NP_KIND_UNKNOWN;
	if (starts_with(path, "[kernel") || starts_with(path, "[guest.kernel"))
		return NP_KIND_KERNEL;
	base = strrchr(path, '/');
	base = base ? base + 1 : path;
	if (starts_with(path, "[anon") || starts_with(path, "//anon") ||
	    starts_with(path, "[heap]") || starts_with(path, "[stack") ||
	    starts_with(path, "[perf-map") || starts_with(path, "/memfd:") ||
	    (starts_with(base, "perf-") && strstr(base, ".map")))
		return NP_KIND_JIT;
	if (is_main)
		return NP_KIND_OWN;
	for (size_t i = 0; i < sizeof(runtime_names) / sizeof(runtime_names[0]); i++)
		if (is_object(base, runtime_names[i]))
			return NP_KIND_RUNTIME;
	return NP_KIND_LIBRARY;
}

bool np_kind_is_marker(const char *name)
{
	return strcmp(name, "[startup]") == 0 || strcmp(name, "[truncated]") == 0 ||
	       (starts_with(name, "[truncated: ") && name[strlen(name) - 1] == ']');
}
