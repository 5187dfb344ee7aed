/* SPDX-License-Identifier: MIT
 *
 * dump_memory.c - another process's mappings and the ELF objects in them.
 *
 * Context: tools.  What is in that memory is the other's: every count and offset is checked.
 */
#include "dump.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>

#include "base/message.h"

#define HEADERS_MAX 128u
#define NOTES_MAX   4096u

bool np_dump_read(const struct np_dump *dump, uint64_t address, void *to, size_t bytes)
{
	struct iovec here = { to, bytes }, there = { (void *)(uintptr_t)address, bytes };

	return process_vm_readv(dump->pid, &here, 1, &there, 1, 0) == (ssize_t)bytes;
}

const struct np_dump_map *np_dump_map_at(const struct np_dump *dump, uint64_t address)
{
	size_t low = 0, high = dump->map_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (dump->maps[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < dump->map_count && address >= dump->maps[low].start ? &dump->maps[low] : NULL;
}

/* The file that is mapped, not another one that has its name now. */
static char *reachable(const struct np_dump *dump, const struct np_dump_map *map)
{
	char *inside;
	struct stat st;

	if (map->path[0] != '/' ||
	    (stat(map->path, &st) == 0 && st.st_ino == map->inode && st.st_dev == map->device))
		return np_xstrdup(map->path);
	inside = np_xasprintf("/proc/%d/root%s", (int)dump->pid, map->path);
	if (stat(inside, &st) == 0 && st.st_ino == map->inode)
		return inside;
	free(inside);
	return np_xstrdup(map->path);	/* the build id will tell */
}

static void read_build_id(const struct np_dump *dump, struct np_dump_module *module, uint64_t address,
			  uint64_t bytes)
{
	uint8_t notes[NOTES_MAX];
	size_t at = 0, size = bytes < sizeof(notes) ? (size_t)bytes : sizeof(notes);

	if (module->build_id_bytes || !np_dump_read(dump, address, notes, size))
		return;
	while (size - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		size_t name, text;

		memcpy(&note, notes + at, sizeof(note));
		at += sizeof(note);
		name = (note.n_namesz + 3ul) & ~3ul;
		text = (note.n_descsz + 3ul) & ~3ul;
		if (name > size - at || text > size - at - name)
			return;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    memcmp(notes + at, "GNU", 4) == 0 && note.n_descsz <= sizeof(module->build_id)) {
			memcpy(module->build_id, notes + at + name, note.n_descsz);
			module->build_id_bytes = note.n_descsz;
			return;
		}
		at += name + text;
	}
}

/* Read the program headers behind START.  Returns false where no ELF object is. */
static bool read_object(const struct np_dump *dump, struct np_dump_module *module, uint64_t start)
{
	Elf64_Phdr headers[HEADERS_MAX];
	Elf64_Ehdr elf;
	bool loads = false;

	if (!np_dump_read(dump, start, &elf, sizeof(elf)) || memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 ||
	    elf.e_ident[EI_CLASS] != ELFCLASS64 || elf.e_phentsize != sizeof(Elf64_Phdr) ||
	    elf.e_phnum == 0 || elf.e_phnum > HEADERS_MAX ||
	    !np_dump_read(dump, start + elf.e_phoff, headers, elf.e_phnum * sizeof(*headers)))
		return false;
	module->start = module->end = start;
	for (int i = 0; i < elf.e_phnum; i++) {
		uint64_t end;

		if (headers[i].p_type != PT_LOAD)
			continue;
		if (!loads)
			module->bias = start - (headers[i].p_vaddr & ~0xfffull);
		loads = true;
		end = module->bias + headers[i].p_vaddr + headers[i].p_memsz;
		if (end > module->end)
			module->end = (end + 0xfff) & ~0xfffull;
	}
	for (int i = 0; loads && i < elf.e_phnum; i++) {
		if (headers[i].p_type == PT_NOTE)
			read_build_id(dump, module, module->bias + headers[i].p_vaddr, headers[i].p_memsz);
		if (headers[i].p_type == PT_GNU_EH_FRAME) {
			module->eh_frame_hdr = module->bias + headers[i].p_vaddr;
			module->eh_frame_hdr_bytes = headers[i].p_memsz;
		}
	}
	return loads;
}

static void find_modules(struct np_dump *dump)
{
	uint32_t last = 0;

	for (size_t i = 0; i < dump->map_count; i++) {
		struct np_dump_map *map = &dump->maps[i];
		struct np_dump_module module = { .start = 0 };

		if (last && map->start < dump->modules[last - 1].end) {
			map->module = last;
			continue;
		}
		if (map->offset != 0 || !map->path[0] || !read_object(dump, &module, map->start))
			continue;
		module.path = reachable(dump, map);
		dump->modules = np_xrealloc(dump->modules, dump->module_count + 1, sizeof(module));
		dump->modules[dump->module_count++] = module;
		map->module = last = (uint32_t)dump->module_count;
	}
}

static void add_map(struct np_dump *dump, char *line)
{
	unsigned major_number, minor_number;
	unsigned long inode;
	struct np_dump_map map = { .start = 0 };
	char mode[8];
	int path = 0;

	if (sscanf(line, "%lx-%lx %7s %lx %x:%x %lu %n", &map.start, &map.end, mode, &map.offset,
		   &major_number, &minor_number, &inode, &path) < 7)
		return;
	map.device = makedev(major_number, minor_number);
	map.inode = (ino_t)inode;
	map.writable = mode[1] == 'w';
	map.executable = mode[2] == 'x';
	map.path = np_xstrdup(path ? line + path : "");
	dump->maps = np_xrealloc(dump->maps, dump->map_count + 1, sizeof(map));
	dump->maps[dump->map_count++] = map;
}

void np_dump_forget_maps(struct np_dump *dump)
{
	for (size_t i = 0; i < dump->module_count; i++)
		free(dump->modules[i].path);
	for (size_t i = 0; i < dump->map_count; i++)
		free(dump->maps[i].path);
	free(dump->modules);
	free(dump->maps);
	dump->modules = NULL;
	dump->maps = NULL;
	dump->module_count = dump->map_count = 0;
}

int np_dump_read_maps(struct np_dump *dump)
{
	char path[64], *line = NULL;
	size_t room = 0;
	ssize_t n;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)dump->pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	np_dump_forget_maps(dump);
	while ((n = getline(&line, &room, file)) > 0) {
		line[n - (line[n - 1] == '\n')] = '\0';
		add_map(dump, line);
	}
	free(line);
	fclose(file);
	find_modules(dump);
	return 0;
}
