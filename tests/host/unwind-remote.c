/* SPDX-License-Identifier: MIT
 *
 * unwind-remote.c - memory and modules of a stopped process, for the unwinder under test.
 *
 * Pages are fetched whole and kept until the process runs on; those of mappings that nobody can
 * write are kept for good.
 */
#include "unwind-remote.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "signal/cfi_image.h"
#include "signal/cfi_memory.h"
#include "signal/modules.h"

#define PAGE	     4096u
#define PAGES	     1024u
#define MAPPINGS_MAX 2048u

struct mapping {
	uintptr_t low, high, offset;
	char mode[5];
	char path[256];
};

struct page {
	uintptr_t address;		/* 0 = none */
	uint64_t moment;		/* UINT64_MAX = constant */
	bool there;
	uint8_t bytes[PAGE];
};

struct np_module np_module_table[NP_MODULE_TABLE_MAX];
static char module_paths[NP_MODULE_TABLE_MAX][256];
static uint16_t live[NP_MODULE_TABLE_MAX];	/* of the present generation */
static uint32_t live_count, entries_used = 1;
static uint32_t generation = 1;

static pid_t target;
static uint64_t moment = 1;
static struct page pages[PAGES];
static struct mapping mappings[MAPPINGS_MAX];
static uint32_t mapping_count;
static char *maps_text;

void np_remote_attach(pid_t pid)
{
	target = pid;
}

void np_remote_moved(void)
{
	moment++;
}

static bool read_only(uintptr_t address)
{
	for (uint32_t i = 0; i < mapping_count; i++)
		if (address >= mappings[i].low && address < mappings[i].high)
			return mappings[i].mode[1] != 'w' && mappings[i].path[0] == '/';
	return false;
}

static const struct page *find_page(uintptr_t address)
{
	struct page *page = &pages[(address / PAGE ^ address / PAGE / PAGES) % PAGES];
	struct iovec here = { page->bytes, PAGE }, there = { (void *)address, PAGE };

	if (page->address == address && page->moment >= moment)
		return page;
	page->address = address;
	page->there = process_vm_readv(target, &here, 1, &there, 1, 0) == (ssize_t)PAGE;
	page->moment = page->there && read_only(address) ? UINT64_MAX : moment;
	return page;
}

bool np_remote_get(uintptr_t address, void *to, uint32_t bytes)
{
	uint8_t *at = to;

	while (bytes) {
		const struct page *page = find_page(address / PAGE * PAGE);
		uint32_t part = PAGE - (uint32_t)(address % PAGE);

		if (!page->there)
			return false;
		part = part < bytes ? part : bytes;
		memcpy(at, page->bytes + address % PAGE, part);
		at += part;
		address += part;
		bytes -= part;
	}
	return true;
}

void np_remote_read(uintptr_t address, void *to, uint32_t bytes)
{
	if (!np_remote_get(address, to, bytes)) {
		fprintf(stderr, "the unwinder read unmapped memory at %#lx\n", address);
		abort();		/* in its own process that would have been a crash */
	}
}

bool np_remote_range(uintptr_t address, uintptr_t *ret_low, uintptr_t *ret_high)
{
	for (uint32_t i = 0; i < mapping_count; i++) {
		if (address ? address < mappings[i].low || address >= mappings[i].high
			    : strcmp(mappings[i].path, "[stack]") != 0)
			continue;
		*ret_low = mappings[i].low;
		*ret_high = mappings[i].high;
		return true;
	}
	return false;
}

static uintptr_t first_load(uintptr_t start)
{
	uint64_t offset;
	uint16_t count;

	if (!np_remote_get(start + offsetof(Elf64_Ehdr, e_phoff), &offset, 8) ||
	    !np_remote_get(start + offsetof(Elf64_Ehdr, e_phnum), &count, 2))
		return 0;
	for (uint32_t i = 0; i < count; i++) {
		Elf64_Phdr header;

		if (!np_remote_get(start + offset + i * sizeof(header), &header, sizeof(header)))
			return 0;
		if (header.p_type == PT_LOAD)
			return header.p_vaddr & ~(uintptr_t)(PAGE - 1);
	}
	return 0;
}

static void add_module(uintptr_t start, uintptr_t end, const char *path)
{
	struct np_image image = { start, end, 0 };
	struct np_image_facts facts;
	struct np_module *module;
	uint32_t id;

	for (id = 1; id < entries_used; id++)
		if (np_module_table[id].start == start && np_module_table[id].end == end &&
		    strcmp(module_paths[id], path) == 0)
			break;
	if (id == NP_MODULE_TABLE_MAX)
		return;
	module = &np_module_table[id];
	module->generation = generation;
	live[live_count++] = (uint16_t)id;
	if (id < entries_used)
		return;
	entries_used++;
	image.bias = start - first_load(start);
	np_image_read(&image, 0, &facts);
	module->start = start;
	module->end = end;
	module->bias = image.bias;
	module->id = module->index = (uint16_t)id;
	module->eh_frame_hdr = facts.eh_frame_hdr;
	module->eh_frame_hdr_bytes = facts.eh_frame_hdr_bytes;
	snprintf(module_paths[id], sizeof(module_paths[id]), "%s", path);
}

/* Neighbouring mappings of one file, from the one that begins with its ELF header on. */
static void find_modules(void)
{
	live_count = 0;
	for (uint32_t i = 0; i < mapping_count; i++) {
		const struct mapping *first = &mappings[i];
		uintptr_t end = first->high;
		char magic[4];

		if (first->offset != 0 || !(first->path[0] == '/' || !strcmp(first->path, "[vdso]")) ||
		    !np_remote_get(first->low, magic, 4) || memcmp(magic, ELFMAG, 4) != 0)
			continue;
		for (uint32_t k = i + 1; k < mapping_count; k++) {
			if (strcmp(mappings[k].path, first->path) == 0 && mappings[k].offset != 0)
				end = mappings[k].high;
			else if (mappings[k].low != end || mappings[k].path[0] != '\0')
				break;
		}
		add_module(first->low, end, first->path);
	}
}

static void parse_maps(const char *text)
{
	mapping_count = 0;
	while (*text && mapping_count < MAPPINGS_MAX) {
		struct mapping *mapping = &mappings[mapping_count];
		const char *end = strchr(text, '\n');
		int path = 0;

		memset(mapping, 0, sizeof(*mapping));
		if (sscanf(text, "%lx-%lx %4s %lx %*s %*s %n", &mapping->low, &mapping->high, mapping->mode,
			   &mapping->offset, &path) >= 4) {
			if (end && text + path < end)
				snprintf(mapping->path, sizeof(mapping->path), "%.*s", (int)(end - text - path),
					 text + path);
			mapping_count++;
		}
		if (!end)
			break;
		text = end + 1;
	}
}

void np_remote_remapped(void)
{
	char path[64];
	char *text = NULL;
	size_t bytes = 0, room = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)target);
	file = fopen(path, "r");
	if (!file)
		return;
	do {
		room += 65536;
		text = realloc(text, room + 1);
		bytes += fread(text + bytes, 1, room - bytes, file);
	} while (bytes == room);
	text[bytes] = '\0';
	fclose(file);
	if (maps_text && strcmp(text, maps_text) == 0) {
		free(text);
		return;
	}
	free(maps_text);
	maps_text = text;
	memset(pages, 0, sizeof(pages));
	generation++;
	parse_maps(text);
	find_modules();
}

uint32_t np_modules_generation(void)
{
	return generation;
}

const struct np_module *np_module_find(struct np_spool *spool, uintptr_t pc)
{
	(void)spool;
	for (uint32_t i = 0; i < live_count; i++) {
		const struct np_module *module = &np_module_table[live[i]];

		if (pc >= module->start && pc < module->end)
			return module;
	}
	return NULL;
}

const char *np_remote_name(uintptr_t pc)
{
	static char names[4][320];
	static uint32_t next;
	char *name = names[next++ % 4];
	const struct np_module *module = np_module_find(NULL, pc);

	if (module)
		snprintf(name, sizeof(names[0]), "%s+%#lx", module_paths[module->id], pc - module->bias);
	else
		snprintf(name, sizeof(names[0]), "%#lx", pc);
	return name;
}
