/* SPDX-License-Identifier: MIT
 *
 * fuzz_perfmap.c - any bytes as a perf-map, whose names are demangled as symbols are.
 */
#include "fuzz.h"

#include <string.h>

#include "symbolize/perfmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct np_perfmap *map = np_perfmap_parse((const char *)bytes, size);

	for (uint64_t address = 0; address < 0x10000; address += 0xff) {
		uint64_t start;
		const char *name = np_perfmap_find(map, address, &start);

		FUZZ_CHECK(!name || (start <= address && strlen(name) <= 65536));
	}
	np_perfmap_close(map);
	return 0;
}
