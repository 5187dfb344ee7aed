/* SPDX-License-Identifier: MIT
 *
 * open.c - find a module's file and make sure that it is the one that was profiled.
 *
 * Context: tools.  The path comes from a spool: it may name anything, so that only regular files
 * are opened, and none is waited for.  libdwfl finds separate debug files by build id and
 * .gnu_debuglink (checking its CRC), unpacks .gnu_debugdata, and asks debuginfod when
 * DEBUGINFOD_URLS is set.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/message.h"
#include "symbolize/internal.h"

#define DEBUG_BY_ID  "/usr/lib/debug/.build-id/"
#define SECTIONS_MAX 1024	/* executable ones; gcc -ffunction-sections leaves them merged */

static Dwfl_Callbacks callbacks = {
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.section_address = dwfl_offline_section_address,
};

static void note(struct np_symbol_module *module, const char *text)
{
	module->note = np_names_keep(module->owner->names, text);
}

static bool is_vdso(const char *base)
{
	return strcmp(base, "[vdso]") == 0 || strncmp(base, "linux-vdso.so", 13) == 0;
}

/* The kernel gives every process the same vDSO, ours included.  Returns a descriptor or -1. */
static int open_vdso(void)
{
	const uint8_t *image = (const uint8_t *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *ehdr = (const void *)image;
	uint64_t bytes;
	int fd;

	if (!image || memcmp(image, ELFMAG, SELFMAG) != 0)
		return -1;
	bytes = ehdr->e_shoff + (uint64_t)ehdr->e_shentsize * ehdr->e_shnum;
	fd = memfd_create("vdso", MFD_CLOEXEC);
	if (fd >= 0 && write(fd, image, bytes) != (ssize_t)bytes) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int open_regular(const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return -1;
	if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode)) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	return fd;
}

/* libelf hands out names as pointers into string tables: each must end in a NUL. */
static bool strings_are_terminated(Elf *elf)
{
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;

	while ((section = elf_nextscn(elf, section))) {
		Elf_Data *data;

		if (!gelf_getshdr(section, &shdr) || shdr.sh_type != SHT_STRTAB ||
			shdr.sh_size == 0)
			continue;
		data = elf_rawdata(section, NULL);
		if (!data || !data->d_buf || data->d_size == 0 ||
		    ((const char *)data->d_buf)[data->d_size - 1] != '\0')
			return false;
	}
	return true;
}

/* Give FD (consumed) to a Dwfl of its own. */
static bool report(struct np_symbol_module *module, const char *path, int fd)
{
	GElf_Addr bias = 0;

	callbacks.debuginfo_path = &module->owner->debug_path;
	module->dwfl = dwfl_begin(&callbacks);
	if (!module->dwfl) {
		close(fd);
		return false;
	}
	dwfl_report_begin(module->dwfl);
	module->dwfl_module = dwfl_report_offline(module->dwfl, module->base, path, fd);
	if (!module->dwfl_module)
		close(fd);
	dwfl_report_end(module->dwfl, NULL, NULL);
	if (module->dwfl_module)
		module->elf = dwfl_module_getelf(module->dwfl_module, &bias);
	if (!module->elf || !strings_are_terminated(module->elf)) {
		dwfl_end(module->dwfl);
		module->dwfl = NULL;
		module->dwfl_module = NULL;
		module->elf = NULL;
		return false;
	}
	module->bias = bias;
	return true;
}

static bool build_id_agrees(const struct np_symbol_module *module)
{
	const unsigned char *bits;
	GElf_Addr vaddr;
	int bytes = dwfl_module_build_id(module->dwfl_module, &bits, &vaddr);

	if (module->build_id_bytes == 0)
		return true;
	/* The spool keeps the first 20 bytes of longer ones. */
	return bytes >= (int)module->build_id_bytes &&
	       (bytes == (int)module->build_id_bytes || module->build_id_bytes == 20) &&
	       memcmp(bits, module->build_id, module->build_id_bytes) == 0;
}

static bool report_if_right(struct np_symbol_module *module, const char *path, int fd)
{
	if (!report(module, path, fd))
		return false;
	if (build_id_agrees(module))
		return true;
	np_module_close(module);
	return false;
}

/* The file is gone or replaced, but its debug file, found by build id, has all the names. */
static bool report_debug_file(struct np_symbol_module *module)
{
	char path[sizeof(DEBUG_BY_ID) + 2 * sizeof(module->build_id) + 16];
	struct stat st;
	int fd, n;

	if (module->build_id_bytes < 2)
		return false;
	n = snprintf(path, sizeof(path), DEBUG_BY_ID "%02x/", module->build_id[0]);
	for (size_t i = 1; i < module->build_id_bytes; i++)
		n += snprintf(path + n, sizeof(path) - (size_t)n, "%02x", module->build_id[i]);
	snprintf(path + n, sizeof(path) - (size_t)n, ".debug");
	fd = open_regular(path, &st);
	return fd >= 0 && report_if_right(module, path, fd);
}

/* Without a build id only the clock tells: a file changed after the profile began is another. */
static bool changed_since(const struct np_symbol_module *module, const struct stat *st)
{
	uint64_t changed =
		(uint64_t)st->st_mtim.tv_sec * 1000000000u + (uint64_t)st->st_mtim.tv_nsec;

	return module->build_id_bytes == 0 && module->distrust_after_ns != 0 &&
	       st->st_mtim.tv_sec > 0 && changed > module->distrust_after_ns;
}

static void open_file(struct np_symbol_module *module)
{
	struct stat st;
	int fd = open_regular(module->path, &st);
	char text[256];

	if (fd < 0)
		snprintf(text, sizeof(text), "cannot be opened (%s)", strerror(errno));
	else if (changed_since(module, &st)) {
		close(fd);
		snprintf(text, sizeof(text), "has changed since it was profiled");
	} else if (report_if_right(module, module->path, fd))
		return;
	else
		snprintf(text, sizeof(text),
			 "is not the file that was profiled (another build id), or damaged");
	if (report_debug_file(module))
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 ": names come from its separate debug file");
	else
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 ": addresses are all that is shown");
	note(module, text);
}

static void add_section(struct np_symbol_module *module, uint64_t start, uint64_t bytes)
{
	if (bytes == 0 || start + bytes < start || module->section_count == SECTIONS_MAX)
		return;
	module->sections = np_xrealloc(module->sections, module->section_count + 1,
				       sizeof(*module->sections));
	module->sections[module->section_count++] =
		(struct np_section){ .start = start, .end = start + bytes };
}

static void find_code(struct np_symbol_module *module)
{
	Elf_Scn *section = NULL;
	size_t headers = 0;
	GElf_Shdr shdr;
	GElf_Phdr phdr;

	while ((section = elf_nextscn(module->elf, section)))
		if (gelf_getshdr(section, &shdr) && (shdr.sh_flags & SHF_ALLOC) &&
		    (shdr.sh_flags & SHF_EXECINSTR))
			add_section(module, shdr.sh_addr, shdr.sh_size);
	if (module->section_count || elf_getphdrnum(module->elf, &headers) < 0)
		return;
	for (size_t i = 0; i < headers; i++)
		if (gelf_getphdr(module->elf, (int)i, &phdr) && phdr.p_type == PT_LOAD &&
		    (phdr.p_flags & PF_X))
			add_section(module, phdr.p_vaddr, phdr.p_memsz);
}

void np_module_open(struct np_symbol_module *module)
{
	int fd;

	elf_version(EV_CURRENT);
	if (is_vdso(module->base)) {
		fd = module->build_id_bytes ? open_vdso() : -1;
		if (fd < 0 || !report_if_right(module, "[vdso]", fd))
			note(module, "belongs to another kernel: addresses are all that is shown");
	} else if (module->path[0] == '/') {
		open_file(module);
	} else {
		note(module, "is no file: addresses are all that is shown");
	}
	if (module->dwfl)
		find_code(module);
}

void np_module_close(struct np_symbol_module *module)
{
	if (module->dwfl)
		dwfl_end(module->dwfl);
	module->dwfl = NULL;
	module->dwfl_module = NULL;
	module->elf = NULL;
}

bool np_module_in_code(const struct np_symbol_module *module, uint64_t address, size_t *ret_section)
{
	for (size_t i = 0; i < module->section_count; i++)
		if (address >= module->sections[i].start && address < module->sections[i].end) {
			*ret_section = i;
			return true;
		}
	return false;
}
