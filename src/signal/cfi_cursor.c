/* SPDX-License-Identifier: MIT
 *
 * cfi_cursor.c - bounded reading of the numbers that .eh_frame is made of.
 *
 * Context: signal handler.
 */
#include "signal/cfi_memory.h"
#include "signal/cfi_table.h"

/* DW_EH_PE_*: the low half says how wide, the high half relative to what. */
#define FORMAT_MASK    0x0fu
#define RELATIVE_MASK  0x70u
#define RELATIVE_PC    0x10u
#define RELATIVE_DATA  0x30u
#define INDIRECT       0x80u

#define LEB_BYTES_MAX  10u

static bool take(struct np_cfi_cursor *cursor, uint32_t bytes, uintptr_t *ret_at)
{
	if (cursor->bad || cursor->at > cursor->end || cursor->end - cursor->at < bytes) {
		cursor->bad = true;
		return false;
	}
	*ret_at = cursor->at;
	cursor->at += bytes;
	return true;
}

uint8_t np_cfi_u8(struct np_cfi_cursor *cursor)
{
	uintptr_t at;

	return take(cursor, 1, &at) ? np_memory_u8(at) : 0;
}

uint16_t np_cfi_u16(struct np_cfi_cursor *cursor)
{
	uintptr_t at;

	return take(cursor, 2, &at) ? np_memory_u16(at) : 0;
}

uint32_t np_cfi_u32(struct np_cfi_cursor *cursor)
{
	uintptr_t at;

	return take(cursor, 4, &at) ? np_memory_u32(at) : 0;
}

uint64_t np_cfi_u64(struct np_cfi_cursor *cursor)
{
	uintptr_t at;

	return take(cursor, 8, &at) ? np_memory_u64(at) : 0;
}

uint64_t np_cfi_uleb(struct np_cfi_cursor *cursor)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < LEB_BYTES_MAX; i++) {
		uint8_t byte = np_cfi_u8(cursor);

		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (!(byte & 0x80))
			return value;
	}
	cursor->bad = true;
	return 0;
}

int64_t np_cfi_sleb(struct np_cfi_cursor *cursor)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < LEB_BYTES_MAX; i++) {
		uint8_t byte = np_cfi_u8(cursor);

		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte & 0x80)
			continue;
		if ((byte & 0x40) && 7 * (i + 1) < 64)
			value |= ~(uint64_t)0 << (7 * (i + 1));
		return (int64_t)value;
	}
	cursor->bad = true;
	return 0;
}

uintptr_t np_cfi_pointer(struct np_cfi_cursor *cursor, uint8_t encoding, uintptr_t data_base)
{
	uintptr_t at = cursor->at;
	uint64_t value;

	switch (encoding & FORMAT_MASK) {
	case 0x00:			/* absptr */
	case 0x04:			/* udata8 */
	case 0x0c:			/* sdata8 */
		value = np_cfi_u64(cursor);
		break;
	case 0x01:
		value = np_cfi_uleb(cursor);
		break;
	case 0x02:
		value = np_cfi_u16(cursor);
		break;
	case 0x03:
		value = np_cfi_u32(cursor);
		break;
	case 0x09:
		value = (uint64_t)np_cfi_sleb(cursor);
		break;
	case 0x0a:
		value = (uint64_t)(int16_t)np_cfi_u16(cursor);
		break;
	case 0x0b:
		value = (uint64_t)(int32_t)np_cfi_u32(cursor);
		break;
	default:
		cursor->bad = true;
		return 0;
	}
	switch (encoding & RELATIVE_MASK) {
	case 0:
		break;
	case RELATIVE_PC:
		value += at;
		break;
	case RELATIVE_DATA:
		value += data_base;
		break;
	default:
		cursor->bad = true;
		return 0;
	}
	if (encoding & INDIRECT)
		cursor->bad = true;
	return value;
}
