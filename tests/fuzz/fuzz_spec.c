/* SPDX-License-Identifier: MIT
 *
 * fuzz_spec.c - any bytes as a benchmark file; what was accepted is expanded.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "measure/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char path[64], message[512] = "";
	int fd = memfd_create("spec", MFD_CLOEXEC), r;
	struct np_spec spec;

	FUZZ_CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = np_spec_read(&spec, path, message, sizeof(message));
	FUZZ_CHECK(r == 0 || *message);
	if (r == 0) {
		size_t cases = np_spec_case_count(&spec);

		FUZZ_CHECK(cases >= 1 && cases <= NP_SPEC_CASES_MAX);
		for (size_t i = 0; i < cases; i += cases / 8 + 1) {
			char *name = np_spec_case_name(&spec, i);
			char *command = np_spec_case_command(&spec, i, "samples", message,
							     sizeof(message));

			FUZZ_CHECK(name && (command || *message));
			free(name);
			free(command);
		}
	}
	np_spec_free(&spec);
	close(fd);
	return 0;
}
