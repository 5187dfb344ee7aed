/* SPDX-License-Identifier: MIT
 *
 * fuzz_complexity.c - any bytes as a complexity file; what was accepted is asked about.
 */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "analyze/complexity.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char *const names[] = { "main", "parse_header", "a::b<int>(char*)", "", "[x]*?" };
	struct np_complexity_verdict verdict;
	struct np_complexity complexity;
	char path[64], message[512] = "";
	int fd = memfd_create("complexity", MFD_CLOEXEC), r;

	FUZZ_CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	np_complexity_init(&complexity);
	r = np_complexity_read(&complexity, path, message, sizeof(message));
	FUZZ_CHECK(r == 0 || *message);	/* what it quotes is escaped by np_error() */
	for (size_t i = 0; r == 0 && i < sizeof(names) / sizeof(*names); i++) {
		np_complexity_look_up(&complexity, names[i], "libx.so.1", NP_KIND_OWN, i & 1, &verdict);
		FUZZ_CHECK(verdict.complexity > 0);
	}
	np_complexity_finish(&complexity);
	close(fd);
	return 0;
}
