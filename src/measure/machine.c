/* SPDX-License-Identifier: MIT
 *
 * machine.c - processor, cores, memory and kernel, and a short name for them.  Context: tools.
 */
#include "measure/machine.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static void read_field(const char *path, const char *key, char *value, size_t size)
{
	char line[512];
	FILE *from = fopen(path, "re");

	value[0] = '\0';
	while (from && fgets(line, sizeof(line), from)) {
		char *colon = strchr(line, ':');

		if (colon && strncmp(line, key, strlen(key)) == 0) {
			colon++;
			colon += strspn(colon, " \t");
			colon[strcspn(colon, "\n")] = '\0';
			snprintf(value, size, "%.*s", (int)size - 1, colon);
			break;
		}
	}
	if (from)
		fclose(from);
}

static void mix(uint64_t *hash, const char *text)
{
	for (; *text; text++)
		*hash = (*hash ^ (uint8_t)*text) * 0x100000001b3u;	/* FNV-1a */
}

void np_machine_read(struct np_machine *machine)
{
	uint64_t hash = 0xcbf29ce484222325u;
	struct utsname names;
	char text[192];

	*machine = (struct np_machine){ 0 };
	read_field("/proc/cpuinfo", "model name", machine->cpu, sizeof(machine->cpu));
	read_field("/proc/cpuinfo", "hypervisor", machine->hypervisor, sizeof(machine->hypervisor));
	machine->cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
	machine->memory_gb = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) / 1e9;
	if (uname(&names) == 0)
		snprintf(machine->kernel, sizeof(machine->kernel), "%.60s %.60s", names.sysname,
			 names.release);
	snprintf(text, sizeof(text), "%s|%d|%.0f|%.*s", machine->cpu, machine->cores,
		 machine->memory_gb, (int)strcspn(machine->kernel, "-"), machine->kernel);
	mix(&hash, text);
	snprintf(machine->fingerprint, sizeof(machine->fingerprint), "%016llx",
		 (unsigned long long)hash);
}
