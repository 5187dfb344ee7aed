/* SPDX-License-Identifier: MIT
 *
 * entry.c - the two functions of a stripped program that are known without a symbol.
 *
 * Context: tools.  The ELF header tells where the program begins: _start.  That hands the address
 * of main to __libc_start_main as its first argument; where its code says so in so many words, and
 * the call goes there for certain (plt.c compares the relocation), main is known too.
 */
#include <string.h>

#include "symbolize/internal.h"

#define START_BYTES_MAX 96	/* of _start that are looked at; glibc's has 34 to 46 */

/* The code at ADDRESS in the file; NULL when it is not there. */
static const uint8_t *code_at(Elf *elf, uint64_t address, size_t *ret_bytes)
{
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;
	Elf_Data *data;

	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &shdr) || shdr.sh_type != SHT_PROGBITS ||
		    !(shdr.sh_flags & SHF_EXECINSTR) || address < shdr.sh_addr ||
		    address - shdr.sh_addr >= shdr.sh_size)
			continue;
		data = elf_rawdata(section, NULL);
		if (!data || !data->d_buf || address - shdr.sh_addr >= data->d_size)
			return NULL;
		*ret_bytes = data->d_size - (address - shdr.sh_addr);
		return (const uint8_t *)data->d_buf + (address - shdr.sh_addr);
	}
	return NULL;
}

static bool is_program(Elf *elf, const GElf_Ehdr *ehdr)
{
	GElf_Phdr phdr;
	size_t count = 0;

	if (ehdr->e_machine != EM_X86_64 || ehdr->e_entry == 0)
		return false;
	if (ehdr->e_type == ET_EXEC)
		return true;
	if (elf_getphdrnum(elf, &count) < 0)
		return false;
	for (size_t i = 0; i < count; i++)
		if (gelf_getphdr(elf, (int)i, &phdr) && phdr.p_type == PT_INTERP)
			return true;
	return false;
}

/* "lea main(%rip), %rdi" or "mov $main, %rdi", then "call *slot(%rip)" as the next instruction. */
static void read_start(struct np_symbol_module *module, const uint8_t *code, size_t bytes)
{
	int32_t main_offset, slot_offset;

	if (bytes > START_BYTES_MAX)
		bytes = START_BYTES_MAX;
	for (size_t i = 0; i + 13 <= bytes; i++) {
		bool relative = code[i] == 0x48 && code[i + 1] == 0x8d && code[i + 2] == 0x3d;
		bool absolute = code[i] == 0x48 && code[i + 1] == 0xc7 && code[i + 2] == 0xc7;

		if ((!relative && !absolute) || code[i + 7] != 0xff || code[i + 8] != 0x15)
			continue;
		memcpy(&main_offset, code + i + 3, sizeof(main_offset));
		memcpy(&slot_offset, code + i + 9, sizeof(slot_offset));
		module->main =
			(relative ? module->entry + i + 7 : 0) + (uint64_t)(int64_t)main_offset;
		module->main_call_slot = module->entry + i + 13 + (uint64_t)(int64_t)slot_offset;
		return;
	}
}

void np_entry_load(struct np_symbol_module *module)
{
	GElf_Ehdr ehdr;
	const uint8_t *code;
	size_t bytes;

	if (!gelf_getehdr(module->elf, &ehdr) || !is_program(module->elf, &ehdr))
		return;
	module->entry = ehdr.e_entry;
	code = code_at(module->elf, module->entry, &bytes);
	if (code)
		read_start(module, code, bytes);
}
