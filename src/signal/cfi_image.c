/* SPDX-License-Identifier: MIT
 *
 * cfi_image.c - program headers and notes of a mapped ELF object, read in place.
 *
 * Context: signal handler; runs when a module or a program counter is seen for the first time.
 */
#include "signal/cfi_image.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>

#include "signal/cfi_memory.h"

#define HEADERS_BYTES_MAX 4096u		/* the loader maps whole pages, so the first one is there */
#define NOTES_MAX	  64u
#define ELF_MAGIC	  0x464c457fu	/* "\177ELF" */

struct headers {
	uintptr_t first;		/* address of the first program header */
	uint32_t count;
};

struct header {
	uint32_t type, flags;
	uintptr_t low, high;		/* run-time; inside the image */
};

static bool find_headers(const struct np_image *image, struct headers *ret_headers)
{
	uint64_t offset;
	uint32_t count;

	if (image->end < image->start || image->end - image->start < HEADERS_BYTES_MAX ||
	    np_memory_u32(image->start) != ELF_MAGIC ||
	    np_memory_u8(image->start + EI_CLASS) != ELFCLASS64 ||
	    np_memory_u16(image->start + offsetof(Elf64_Ehdr, e_phentsize)) != sizeof(Elf64_Phdr))
		return false;
	offset = np_memory_u64(image->start + offsetof(Elf64_Ehdr, e_phoff));
	count = np_memory_u16(image->start + offsetof(Elf64_Ehdr, e_phnum));
	if (offset > HEADERS_BYTES_MAX || count * sizeof(Elf64_Phdr) > HEADERS_BYTES_MAX - offset)
		return false;
	ret_headers->first = image->start + offset;
	ret_headers->count = count;
	return true;
}

static bool read_header(const struct np_image *image, uintptr_t at, struct header *ret_header)
{
	uintptr_t low = np_memory_u64(at + offsetof(Elf64_Phdr, p_vaddr)) + image->bias;
	uint32_t type = np_memory_u32(at + offsetof(Elf64_Phdr, p_type));
	uint64_t bytes = type == PT_LOAD ? np_memory_u64(at + offsetof(Elf64_Phdr, p_filesz))
					 : np_memory_u64(at + offsetof(Elf64_Phdr, p_memsz));

	if (low < image->start || low > image->end || bytes > image->end - low)
		return false;
	ret_header->type = type;
	ret_header->flags = np_memory_u32(at + offsetof(Elf64_Phdr, p_flags));
	ret_header->low = low;
	ret_header->high = low + bytes;
	return true;
}

bool np_image_segment(const struct np_image *image, uintptr_t address,
		      struct np_image_segment *ret_segment)
{
	struct headers headers;
	struct header header;

	if (address < image->start || address >= image->end)
		return false;
	if (!find_headers(image, &headers)) {
		ret_segment->low = image->start;
		ret_segment->high = image->end;
		ret_segment->flags = PF_R | PF_X;
		return true;
	}
	for (uint32_t i = 0; i < headers.count; i++) {
		if (!read_header(image, headers.first + i * sizeof(Elf64_Phdr), &header) ||
		    header.type != PT_LOAD || address < header.low || address >= header.high)
			continue;
		ret_segment->low = header.low;
		ret_segment->high = header.high;
		ret_segment->flags = header.flags;
		return true;
	}
	return false;
}

bool np_image_extent(struct np_image *image)
{
	struct np_image all = { image->start, UINTPTR_MAX, image->bias };
	struct headers headers;
	uintptr_t high = 0;

	if (!find_headers(&all, &headers))
		return false;
	for (uint32_t i = 0; i < headers.count; i++) {
		uintptr_t at = headers.first + i * sizeof(Elf64_Phdr);
		uintptr_t low = np_memory_u64(at + offsetof(Elf64_Phdr, p_vaddr)) + image->bias;
		uint64_t bytes = np_memory_u64(at + offsetof(Elf64_Phdr, p_memsz));

		if (np_memory_u32(at + offsetof(Elf64_Phdr, p_type)) != PT_LOAD)
			continue;
		if (low < image->start || bytes > UINTPTR_MAX - low)
			return false;
		high = low + bytes > high ? low + bytes : high;
	}
	image->end = high;
	return high > image->start;
}

uintptr_t np_image_entry(const struct np_image *image)
{
	struct headers headers;
	uint64_t entry;

	if (!find_headers(image, &headers))
		return 0;
	entry = np_memory_u64(image->start + offsetof(Elf64_Ehdr, e_entry));
	return entry ? entry + image->bias : 0;
}

static uintptr_t round_up_4(uintptr_t value)
{
	return (value + 3) & ~(uintptr_t)3;
}

static void read_notes(uintptr_t at, uintptr_t end, struct np_image_facts *facts)
{
	for (uint32_t i = 0; i < NOTES_MAX && end - at >= sizeof(Elf64_Nhdr); i++) {
		uint32_t name_bytes = np_memory_u32(at);
		uint32_t data_bytes = np_memory_u32(at + 4);
		uint32_t type = np_memory_u32(at + 8);
		uintptr_t left = end - at - sizeof(Elf64_Nhdr);
		uintptr_t data;

		if (name_bytes > left || round_up_4(name_bytes) > left ||
		    data_bytes > left - round_up_4(name_bytes))
			return;
		data = at + sizeof(Elf64_Nhdr) + round_up_4(name_bytes);
		if (type == NT_GNU_BUILD_ID && name_bytes == 4 &&
		    np_memory_u32(at + sizeof(Elf64_Nhdr)) == 0x00554e47u /* "GNU" */) {
			uint8_t bytes = data_bytes < NP_IMAGE_BUILD_ID_MAX ? (uint8_t)data_bytes
									   : NP_IMAGE_BUILD_ID_MAX;

			for (uint8_t k = 0; k < bytes; k++)
				facts->build_id[k] = np_memory_u8(data + k);
			facts->build_id_bytes = bytes;
			return;
		}
		if (round_up_4(data_bytes) > end - data)
			return;
		at = data + round_up_4(data_bytes);
	}
}

/* A header's bytes are mapped and may be read. */
static bool readable(const struct np_image *image, const struct header *header)
{
	struct np_image_segment segment;

	return header->high > header->low &&
	       np_image_segment(image, header->low, &segment) && (segment.flags & PF_R) &&
	       header->high <= segment.high;
}

void np_image_read(const struct np_image *image, uintptr_t known_hdr,
		   struct np_image_facts *ret_facts)
{
	struct headers headers;
	struct header header;

	memset(ret_facts, 0, sizeof(*ret_facts));
	if (!find_headers(image, &headers)) {
		if (known_hdr >= image->start && known_hdr < image->end) {
			ret_facts->eh_frame_hdr = known_hdr;
			ret_facts->eh_frame_hdr_bytes = image->end - known_hdr;
		}
		return;
	}
	for (uint32_t i = 0; i < headers.count; i++) {
		if (!read_header(image, headers.first + i * sizeof(Elf64_Phdr), &header))
			continue;
		if (header.type == PT_GNU_EH_FRAME && readable(image, &header)) {
			ret_facts->eh_frame_hdr = header.low;
			ret_facts->eh_frame_hdr_bytes = header.high - header.low;
		} else if (header.type == PT_NOTE && ret_facts->build_id_bytes == 0 &&
			   readable(image, &header)) {
			read_notes(header.low, header.high, ret_facts);
		}
	}
}
