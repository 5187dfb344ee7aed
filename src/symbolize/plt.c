/* SPDX-License-Identifier: MIT
 *
 * plt.c - name the stubs through which a module calls others: "target@plt".
 *
 * Context: tools.  Linkers lay their PLTs out in many ways (.plt, .plt.sec with endbr64, .plt.got),
 * so the stub's instructions are read: it jumps through a slot of the GOT, and the relocation of
 * that slot names the target.  A lazy IBT stub pushes the number of its relocation instead.
 */
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "symbolize/internal.h"

#define SLOTS_MAX (1u << 20)

struct reloc {
	uint64_t slot;		/* address in the GOT */
	const char *name;	/* symbol without its version, or NULL: see resolver */
	uint64_t resolver;	/* R_X86_64_IRELATIVE: the function that picks the target */
};

struct relocs {
	struct reloc *at;	/* sorted by slot */
	size_t count, room;
	struct reloc *plt;	/* as in .rela.plt */
	size_t plt_count, plt_room;
};

static void push(struct reloc **at, size_t *count, size_t *room, const struct reloc *reloc)
{
	if (*count == *room) {
		*room = *room ? *room * 2 : 256;
		*at = np_xrealloc(*at, *room, sizeof(**at));
	}
	(*at)[(*count)++] = *reloc;
}

static bool is_section(Elf *elf, const GElf_Shdr *shdr, size_t strings, const char *wanted)
{
	const char *name = elf_strptr(elf, strings, shdr->sh_name);

	return name && strcmp(name, wanted) == 0;
}

/* The dynamic symbols and their names, for the relocations of SECTION. */
static bool linked_symbols(
	Elf *elf, const GElf_Shdr *shdr, Elf_Data **ret_data, GElf_Word *ret_names)
{
	Elf_Scn *symbols = elf_getscn(elf, shdr->sh_link);
	GElf_Shdr header;

	*ret_data = NULL;
	if (!symbols || !gelf_getshdr(symbols, &header) ||
	    (header.sh_type != SHT_DYNSYM && header.sh_type != SHT_SYMTAB))
		return false;	/* a static program has none: all its relocations are IRELATIVE */
	*ret_data = elf_getdata(symbols, NULL);
	*ret_names = header.sh_link;
	return *ret_data != NULL;
}

static const char *plain_name(struct np_symbol_module *module, const char *name)
{
	const char *at = strchr(name, '@');
	char *plain = at && at != name ? strndup(name, (size_t)(at - name)) : NULL;

	name = np_names_keep(module->owner->names, plain ? plain : name);
	free(plain);
	return name;
}

static void read_section(struct np_symbol_module *module, Elf_Scn *section, const GElf_Shdr *shdr,
			 bool is_plt, struct relocs *relocs)
{
	Elf_Data *data = elf_getdata(section, NULL), *symbols;
	GElf_Word names = 0;
	bool linked = linked_symbols(module->elf, shdr, &symbols, &names);
	size_t count = data && shdr->sh_entsize ? data->d_size / shdr->sh_entsize : 0;
	GElf_Rela rela;
	GElf_Sym sym;

	for (size_t i = 0; i < count && i < SLOTS_MAX && gelf_getrela(data, (int)i, &rela); i++) {
		struct reloc reloc = { .slot = rela.r_offset };
		const char *name = NULL;

		switch (GELF_R_TYPE(rela.r_info)) {
		case R_X86_64_IRELATIVE:
			reloc.resolver = (uint64_t)rela.r_addend;
			break;
		case R_X86_64_JUMP_SLOT:
		case R_X86_64_GLOB_DAT:
		case R_X86_64_64:
			if (linked && gelf_getsym(symbols, (int)GELF_R_SYM(rela.r_info), &sym))
				name = elf_strptr(module->elf, names, sym.st_name);
			if (name && *name)
				reloc.name = plain_name(module, name);
			break;
		}
		if (is_plt)
			push(&relocs->plt, &relocs->plt_count, &relocs->plt_room, &reloc);
		if (reloc.name || reloc.resolver)
			push(&relocs->at, &relocs->count, &relocs->room, &reloc);
	}
}

static int compare_relocs(const void *a, const void *b)
{
	const struct reloc *x = a, *y = b;

	return x->slot < y->slot ? -1 : x->slot > y->slot;
}

static void read_relocs(struct np_symbol_module *module, size_t strings, struct relocs *relocs)
{
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;

	while ((section = elf_nextscn(module->elf, section)))
		if (gelf_getshdr(section, &shdr) && shdr.sh_type == SHT_RELA)
			read_section(module, section, &shdr,
				     is_section(module->elf, &shdr, strings, ".rela.plt"), relocs);
	if (relocs->count > 1)
		qsort(relocs->at, relocs->count, sizeof(*relocs->at), compare_relocs);
}

static const struct reloc *by_slot(const struct relocs *relocs, uint64_t slot)
{
	size_t low = 0, high = relocs->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (relocs->at[middle].slot < slot)
			low = middle + 1;
		else
			high = middle;
	}
	return low < relocs->count && relocs->at[low].slot == slot ? &relocs->at[low] : NULL;
}

/* What the stub at CODE (BYTES long, at ADDRESS) leads to, or NULL. */
static const struct reloc *decode(const struct relocs *relocs, const uint8_t *code, size_t bytes,
				  uint64_t address)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	size_t at = 0;
	uint32_t number;
	int32_t offset;

	if (bytes >= 4 && memcmp(code, endbr64, sizeof(endbr64)) == 0)
		at = 4;
	if (at + 5 <= bytes && code[at] == 0x68) {	/* push $number */
		memcpy(&number, code + at + 1, sizeof(number));
		return number < relocs->plt_count ? &relocs->plt[number] : NULL;
	}
	if (at < bytes && code[at] == 0xf2)		/* bnd */
		at++;
	if (at + 6 > bytes || code[at] != 0xff || code[at + 1] != 0x25)	/* jmp *offset(%rip) */
		return NULL;
	memcpy(&offset, code + at + 2, sizeof(offset));
	return by_slot(relocs, address + at + 6 + (uint64_t)(int64_t)offset);
}

static const char *target_of(struct np_symbol_module *module, const struct reloc *reloc)
{
	const struct np_table_symbol *symbol;

	if (reloc->name || !reloc->resolver)
		return reloc->name;
	symbol = np_symtab_find(module, reloc->resolver,
				np_ranges_smallest(&module->fdes, reloc->resolver));
	return symbol ? symbol->name : NULL;
}

static void read_stubs(struct np_symbol_module *module, Elf_Scn *section, const GElf_Shdr *shdr,
		       const struct relocs *relocs)
{
	Elf_Data *data = elf_rawdata(section, NULL);
	size_t step = shdr->sh_entsize == 8 ? 8 : 16;
	size_t count = data && data->d_buf ? data->d_size / step : 0;

	if (count > SLOTS_MAX)
		count = SLOTS_MAX;
	module->plt = np_xrealloc(module->plt, module->plt_count + count, sizeof(*module->plt));
	for (size_t i = 0; i < count; i++) {
		uint64_t address = shdr->sh_addr + i * step;
		const struct reloc *reloc =
			decode(relocs, (const uint8_t *)data->d_buf + i * step, step, address);
		const char *target = reloc ? target_of(module, reloc) : NULL;
		char *name;

		if (!target)
			continue;
		name = np_xasprintf("%s@plt", np_names_demangled(module->owner->names, target));
		module->plt[module->plt_count++] = (struct np_plt_slot){
			.start = address, .end = address + step,
			.name = np_names_keep(module->owner->names, name), .target = target,
		};
		free(name);
	}
}

static int compare_slots(const void *a, const void *b)
{
	const struct np_plt_slot *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static void confirm_main(struct np_symbol_module *module, const struct relocs *relocs)
{
	const struct reloc *reloc = by_slot(relocs, module->main_call_slot);

	if (!reloc || !reloc->name || strcmp(reloc->name, "__libc_start_main") != 0)
		module->main = 0;
}

void np_plt_load(struct np_symbol_module *module)
{
	static const char *const names[] = { ".plt", ".plt.sec", ".plt.got", ".plt.bnd", ".iplt" };
	struct relocs relocs = { .at = NULL };
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;
	GElf_Ehdr ehdr;
	size_t strings;

	if (!gelf_getehdr(module->elf, &ehdr) || ehdr.e_machine != EM_X86_64 ||
	    elf_getshdrstrndx(module->elf, &strings) < 0) {
		module->main = 0;
		return;
	}
	read_relocs(module, strings, &relocs);
	confirm_main(module, &relocs);
	while ((section = elf_nextscn(module->elf, section))) {
		if (!gelf_getshdr(section, &shdr) || shdr.sh_type != SHT_PROGBITS ||
		    !(shdr.sh_flags & SHF_EXECINSTR))
			continue;
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (is_section(module->elf, &shdr, strings, names[i]))
				read_stubs(module, section, &shdr, &relocs);
	}
	if (module->plt_count > 1)
		qsort(module->plt, module->plt_count, sizeof(*module->plt), compare_slots);
	free(relocs.at);
	free(relocs.plt);
}

const struct np_plt_slot *np_plt_find(const struct np_symbol_module *module, uint64_t address)
{
	size_t low = 0, high = module->plt_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (module->plt[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && address < module->plt[low - 1].end ? &module->plt[low - 1] : NULL;
}
