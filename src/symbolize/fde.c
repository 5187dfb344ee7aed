/* SPDX-License-Identifier: MIT
 *
 * fde.c - where functions begin and end according to .eh_frame, which strip leaves in place.
 *
 * Context: tools.  libdw splits the section into entries (bounds-checked); the initial location and
 * length of each, in the encoding that its CIE names, are decoded here.
 */
#include <dwarf.h>
#include <string.h>

#include "symbolize/internal.h"

#define ENTRIES_MAX (1u << 24)

struct eh_frame {
	const unsigned char *ident;
	Elf_Data *data;
	uint64_t address;	/* of data->d_buf in the file's address space */
};

static bool read_bytes(const uint8_t **at, const uint8_t *end, void *to, size_t bytes)
{
	if ((size_t)(end - *at) < bytes)
		return false;
	memcpy(to, *at, bytes);
	*at += bytes;
	return true;
}

static bool read_uleb(const uint8_t **at, const uint8_t *end, uint64_t *ret)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		if (!read_bytes(at, end, &byte, 1) || shift > 63)
			return false;
		value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	*ret = value;
	return true;
}

/* A value in the format of ENCODING's low four bits. */
static bool read_value(const uint8_t **at, const uint8_t *end, uint8_t encoding, uint64_t *ret)
{
	uint64_t value = 0;
	size_t bytes;

	switch (encoding & 0x0f) {
	case DW_EH_PE_absptr:
	case DW_EH_PE_udata8:
	case DW_EH_PE_sdata8:
		bytes = 8;
		break;
	case DW_EH_PE_udata4:
	case DW_EH_PE_sdata4:
		bytes = 4;
		break;
	case DW_EH_PE_udata2:
	case DW_EH_PE_sdata2:
		bytes = 2;
		break;
	case DW_EH_PE_uleb128:
		return read_uleb(at, end, ret);
	default:
		return false;
	}
	if (!read_bytes(at, end, &value, bytes))	/* little-endian, as x86-64 is */
		return false;
	if ((encoding & 0x08) && bytes < 8) {
		uint64_t sign = 1ull << (bytes * 8 - 1);

		value = (value ^ sign) - sign;
	}
	*ret = value;
	return true;
}

/* The encoding of an FDE's addresses, from its CIE's augmentation. */
static bool pointer_encoding(const Dwarf_CIE *cie, uint8_t *ret_encoding)
{
	const uint8_t *at = cie->augmentation_data;
	const uint8_t *end = at ? at + cie->augmentation_data_size : NULL;
	uint8_t encoding;
	uint64_t personality;

	*ret_encoding = DW_EH_PE_absptr;
	if (!cie->augmentation || cie->augmentation[0] == '\0')
		return true;
	if (cie->augmentation[0] != 'z' || !at)
		return false;
	for (const char *a = cie->augmentation + 1; *a; a++) {
		switch (*a) {
		case 'R':
			return read_bytes(&at, end, ret_encoding, 1);
		case 'P':
			if (!read_bytes(&at, end, &encoding, 1) || encoding == DW_EH_PE_aligned ||
			    !read_value(&at, end, encoding, &personality))
				return false;
			break;
		case 'L':
			if (!read_bytes(&at, end, &encoding, 1))
				return false;
			break;
		case 'S':
		case 'B':
			break;
		default:
			return false;
		}
	}
	return true;
}

static bool read_bounds(const struct eh_frame *frame, const Dwarf_FDE *fde, uint8_t encoding,
			uint64_t *ret_start, uint64_t *ret_bytes)
{
	const uint8_t *at = fde->start;
	uint64_t place = frame->address + (uint64_t)(at - (const uint8_t *)frame->data->d_buf);
	uint64_t start;

	if (encoding == DW_EH_PE_omit || (encoding & DW_EH_PE_indirect) ||
	    !read_value(&at, fde->end, encoding, &start) ||
	    !read_value(&at, fde->end, encoding & 0x07, ret_bytes))
		return false;
	switch (encoding & 0x70) {
	case DW_EH_PE_absptr:
		break;
	case DW_EH_PE_pcrel:
		start += place;
		break;
	default:
		return false;	/* data- and text-relative ones are not used on x86-64 */
	}
	*ret_start = start;
	return true;
}

static void read_entries(struct np_symbol_module *module, const struct eh_frame *frame)
{
	Dwarf_Off offset = 0, next, cie_offset = (Dwarf_Off)-1;
	Dwarf_CFI_Entry entry, cie;
	bool usable = false;
	uint8_t encoding = 0;
	uint64_t start, bytes;
	size_t section;
	int r;

	for (unsigned n = 0; n < ENTRIES_MAX; n++, offset = next) {
		next = (Dwarf_Off)-1;
		r = dwarf_next_cfi(frame->ident, frame->data, true, offset, &next, &entry);
		if (r > 0 || (r < 0 && (next == (Dwarf_Off)-1 || next <= offset)))
			break;
		if (r < 0 || dwarf_cfi_cie_p(&entry))
			continue;
		if (entry.fde.CIE_pointer != cie_offset) {
			Dwarf_Off ignored;

			cie_offset = entry.fde.CIE_pointer;
			usable = dwarf_next_cfi(frame->ident, frame->data, true, cie_offset,
					 &ignored, &cie) == 0 &&
				 dwarf_cfi_cie_p(&cie) && pointer_encoding(&cie.cie, &encoding);
		}
		if (usable && read_bounds(frame, &entry.fde, encoding, &start, &bytes) &&
		    start + bytes > start && np_module_in_code(module, start, &section))
			np_ranges_add(&module->fdes, start, start + bytes, (uint32_t)n);
	}
}

/* By section name; in a file without section headers through PT_GNU_EH_FRAME. */
static bool find_section(Elf *elf, struct eh_frame *frame)
{
	size_t strings;
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;
	const char *name;

	if (elf_getshdrstrndx(elf, &strings) < 0)
		return false;
	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &shdr) || shdr.sh_type == SHT_NOBITS)
			continue;
		name = elf_strptr(elf, strings, shdr.sh_name);
		if (!name || strcmp(name, ".eh_frame") != 0)
			continue;
		frame->data = elf_rawdata(section, NULL);
		frame->address = shdr.sh_addr;
		return frame->data && frame->data->d_buf;
	}
	return false;
}

/* .eh_frame_hdr: version 1, encodings, then a pointer to .eh_frame, which goes on to the end of
 * its segment as far as we know; entries end at a zero length. */
static bool find_segment(Elf *elf, struct eh_frame *frame)
{
	GElf_Phdr phdr, load;
	size_t count = 0, sections = 0;
	Elf_Data *data;
	const uint8_t *at, *end;
	uint64_t target;

	/* A debug file has the headers of the original, but not its contents. */
	if (elf_getshdrnum(elf, &sections) < 0 || sections > 0 || elf_getphdrnum(elf, &count) < 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!gelf_getphdr(elf, (int)i, &phdr) || phdr.p_type != PT_GNU_EH_FRAME)
			continue;
		data = elf_getdata_rawchunk(elf, (int64_t)phdr.p_offset, phdr.p_filesz, ELF_T_BYTE);
		if (!data || data->d_size < 8)
			return false;
		at = (const uint8_t *)data->d_buf + 4;
		end = (const uint8_t *)data->d_buf + data->d_size;
		if (((const uint8_t *)data->d_buf)[1] != (DW_EH_PE_pcrel | DW_EH_PE_sdata4) ||
		    !read_value(&at, end, DW_EH_PE_sdata4, &target))
			return false;
		target += phdr.p_vaddr + 4;
		for (size_t j = 0; j < count; j++)
			if (gelf_getphdr(elf, (int)j, &load) && load.p_type == PT_LOAD &&
			    target >= load.p_vaddr && target - load.p_vaddr < load.p_filesz) {
				frame->data = elf_getdata_rawchunk(elf,
					(int64_t)(load.p_offset + (target - load.p_vaddr)),
					load.p_filesz - (target - load.p_vaddr), ELF_T_BYTE);
				frame->address = target;
				return frame->data && frame->data->d_buf;
			}
	}
	return false;
}

void np_fde_load(struct np_symbol_module *module)
{
	struct eh_frame frame = { .ident = NULL };
	size_t bytes;

	frame.ident = (const unsigned char *)elf_getident(module->elf, &bytes);
	if (frame.ident && bytes >= EI_NIDENT && frame.ident[EI_CLASS] == ELFCLASS64 &&
	    frame.ident[EI_DATA] == ELFDATA2LSB &&
	    (find_section(module->elf, &frame) || find_segment(module->elf, &frame)))
		read_entries(module, &frame);
	np_ranges_finish(&module->fdes);
}
