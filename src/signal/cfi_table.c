/* SPDX-License-Identifier: MIT
 *
 * cfi_table.c - .eh_frame_hdr's search table, frame description entries and their CIEs.
 *
 * Context: signal handler; runs when a program counter is seen for the first time.
 */
#include "signal/cfi_table.h"

#include <string.h>

#include "signal/cfi_memory.h"

#define ENCODING_OMIT	  0xffu
#define ENCODING_TABLE	  0x3bu		/* what every linker writes: relative to the header, 4 bytes */
#define ENCODING_COUNT	  0x03u
#define TABLE_ENTRY_BYTES 8u
#define LINEAR_MAX	  65536u	/* entries looked at where there is no usable search table */
#define AUGMENTATION_MAX  8u

struct entry {				/* a CIE or an FDE, as far as its length and id go */
	uintptr_t id_at;
	uint32_t id;			/* 0 = CIE; else the distance back to the CIE */
	uintptr_t body, end;
};

static struct np_image image_of(const struct np_module *module)
{
	return (struct np_image){ module->start, module->end, module->bias };
}

static bool find_segment(const struct np_module *module, uintptr_t address,
			 struct np_image_segment *ret_segment)
{
	struct np_image image = image_of(module);

	return np_image_segment(&image, address, ret_segment) && (ret_segment->flags & 4 /* PF_R */);
}

/* False at the terminator, and for anything that does not fit the segment. */
static bool read_entry(const struct np_image_segment *segment, uintptr_t at,
		       struct entry *ret_entry)
{
	struct np_cfi_cursor cursor = { at, segment->high, at < segment->low };
	uint32_t bytes = np_cfi_u32(&cursor);

	if (cursor.bad || bytes < 4 || bytes >= 0xfffffff0u ||	/* 64-bit entries: none in practice */
	    bytes > segment->high - cursor.at)
		return false;
	ret_entry->id_at = cursor.at;
	ret_entry->end = cursor.at + bytes;
	ret_entry->id = np_cfi_u32(&cursor);
	ret_entry->body = cursor.at;
	return true;
}

/* The augmentation string's letters say what the augmentation data holds, in their order. */
static bool read_augmentation(struct np_cfi_cursor *cursor, const char *letters,
			      struct np_cfi_fde *fde, bool *ret_has_data)
{
	struct np_cfi_cursor data;
	uint64_t bytes;

	*ret_has_data = letters[0] == 'z';
	if (letters[0] == '\0')
		return true;
	if (letters[0] != 'z')
		return false;
	bytes = np_cfi_uleb(cursor);
	if (cursor->bad || bytes > cursor->end - cursor->at)
		return false;
	data = (struct np_cfi_cursor){ cursor->at, cursor->at + bytes, false };
	cursor->at += bytes;
	for (letters++; *letters && !data.bad; letters++) {
		uint8_t encoding;

		switch (*letters) {
		case 'R':
			fde->encoding = np_cfi_u8(&data);
			break;
		case 'S':
			fde->signal_frame = true;
			break;
		case 'L':
			np_cfi_u8(&data);
			break;
		case 'P':		/* only its length matters, so "indirect" does not */
			encoding = np_cfi_u8(&data);
			if (encoding != ENCODING_OMIT)
				np_cfi_pointer(&data, encoding & 0x0f, 0);
			break;
		default:		/* unknown: 'z' gave the length; R was read if it came before */
			return true;
		}
	}
	return !data.bad;
}

static bool read_common(uintptr_t at, struct np_cfi_fde *fde, bool *ret_has_data)
{
	struct np_cfi_cursor cursor;
	char letters[AUGMENTATION_MAX + 1];
	struct entry entry;
	uint8_t version;
	uint64_t code_align;
	int64_t data_align;
	uint32_t i;

	if (!read_entry(&fde->segment, at, &entry) || entry.id != 0)
		return false;
	cursor = (struct np_cfi_cursor){ entry.body, entry.end, false };
	version = np_cfi_u8(&cursor);
	for (i = 0; i < AUGMENTATION_MAX; i++) {
		letters[i] = (char)np_cfi_u8(&cursor);
		if (letters[i] == '\0')
			break;
	}
	if ((version != 1 && version != 3) || i == AUGMENTATION_MAX)
		return false;
	code_align = np_cfi_uleb(&cursor);
	data_align = np_cfi_sleb(&cursor);
	if ((version == 1 ? np_cfi_u8(&cursor) : np_cfi_uleb(&cursor)) != NP_CFI_RA ||
	    code_align > 256 || data_align > 256 || data_align < -256)
		return false;
	fde->code_align = (uint32_t)code_align;
	fde->data_align = (int32_t)data_align;
	if (!read_augmentation(&cursor, letters, fde, ret_has_data) || cursor.bad)
		return false;
	fde->common = cursor.at;
	fde->common_end = cursor.end;
	return true;
}

static bool read_fde(const struct np_image_segment *segment, const struct entry *entry,
		     struct np_cfi_fde *ret_fde)
{
	struct np_cfi_cursor cursor = { entry->body, entry->end, false };
	uint64_t bytes;
	bool has_data;

	memset(ret_fde, 0, sizeof(*ret_fde));
	ret_fde->segment = *segment;
	if (entry->id == 0 || entry->id > entry->id_at - segment->low ||
	    !read_common(entry->id_at - entry->id, ret_fde, &has_data))
		return false;
	ret_fde->start = np_cfi_pointer(&cursor, ret_fde->encoding, 0);
	bytes = np_cfi_pointer(&cursor, ret_fde->encoding & 0x0f, 0);
	if (cursor.bad || bytes > UINTPTR_MAX - ret_fde->start)
		return false;
	ret_fde->end = ret_fde->start + bytes;
	if (has_data) {
		bytes = np_cfi_uleb(&cursor);
		if (cursor.bad || bytes > cursor.end - cursor.at)
			return false;
		cursor.at += bytes;
	}
	ret_fde->program = cursor.at;
	ret_fde->program_end = cursor.end;
	return true;
}

static bool covers(const struct np_cfi_fde *fde, uintptr_t location)
{
	return location >= fde->start && location < fde->end;
}

/* The last entry that starts at or before LOCATION; sorted by the linker. */
static bool search_table(uintptr_t header, uintptr_t table, uint32_t count, uintptr_t location,
			 uintptr_t *ret_fde_at)
{
	int64_t wanted = (int64_t)(location - header);
	uint32_t low = 0, high = count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int32_t start = (int32_t)np_memory_u32(table + (uintptr_t)middle *
						       TABLE_ENTRY_BYTES);

		if (start <= wanted)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return false;
	*ret_fde_at = header + (uintptr_t)(intptr_t)(int32_t)
		np_memory_u32(table + (uintptr_t)(low - 1) * TABLE_ENTRY_BYTES + 4);
	return true;
}

static bool scan(const struct np_image_segment *segment, uintptr_t at, uintptr_t location,
		 struct np_cfi_fde *ret_fde)
{
	struct entry entry;

	for (uint32_t i = 0; i < LINEAR_MAX && read_entry(segment, at, &entry); i++) {
		if (entry.id != 0 && read_fde(segment, &entry, ret_fde) &&
		    covers(ret_fde, location))
			return true;
		at = entry.end;
	}
	return false;
}

bool np_cfi_find(const struct np_module *module, uintptr_t location, struct np_cfi_fde *ret_fde)
{
	uintptr_t header = module->eh_frame_hdr;
	struct np_cfi_cursor cursor = { header, header + module->eh_frame_hdr_bytes, header == 0 };
	uint8_t version = np_cfi_u8(&cursor);
	uint8_t frame_encoding = np_cfi_u8(&cursor);
	uint8_t count_encoding = np_cfi_u8(&cursor);
	uint8_t table_encoding = np_cfi_u8(&cursor);
	struct np_image_segment segment;
	uintptr_t frame, fde_at;
	struct entry entry;
	uint32_t count;

	if (cursor.bad || version != 1 || frame_encoding == ENCODING_OMIT)
		return false;
	frame = np_cfi_pointer(&cursor, frame_encoding, header);
	if (cursor.bad)
		return false;
	if (table_encoding != ENCODING_TABLE || count_encoding != ENCODING_COUNT)
		return find_segment(module, frame, &segment) &&
		       scan(&segment, frame, location, ret_fde);
	count = np_cfi_u32(&cursor);
	if (cursor.bad || count > (cursor.end - cursor.at) / TABLE_ENTRY_BYTES ||
	    !search_table(header, cursor.at, count, location, &fde_at))
		return false;
	return find_segment(module, fde_at, &segment) && read_entry(&segment, fde_at, &entry) &&
	       read_fde(&segment, &entry, ret_fde) && covers(ret_fde, location);
}
