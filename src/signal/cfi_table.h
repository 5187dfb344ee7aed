/* SPDX-License-Identifier: MIT
 *
 * cfi_table.h - from a program counter to its unwind rules, out of a mapped .eh_frame.
 *
 * Context: signal handler.  Reads in place, keeps nothing, allocates nothing.  The tables belong
 * to somebody else and may be damaged: every read is bounded by the loaded segment it starts in,
 * every loop by a count.
 */
#ifndef NP_SIGNAL_CFI_TABLE_H
#define NP_SIGNAL_CFI_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "signal/cfi_image.h"
#include "signal/modules.h"

/* DWARF numbers of the registers that are followed; anything else is only known in an interrupted
 * frame. */
enum np_cfi_register {
	NP_CFI_RBX = 3,
	NP_CFI_RBP = 6,
	NP_CFI_RSP = 7,
	NP_CFI_R12 = 12,
	NP_CFI_R13 = 13,
	NP_CFI_R14 = 14,
	NP_CFI_R15 = 15,
	NP_CFI_RA = 16,
};

enum np_cfi_rule {			/* where the caller's value of a register is */
	NP_CFI_UNSPECIFIED = 0,
	NP_CFI_UNDEFINED,
	NP_CFI_SAME,
	NP_CFI_OFFSET,			/* at CFA + value */
	NP_CFI_VAL_OFFSET,		/* it is CFA + value */
	NP_CFI_REGISTER,		/* in register value */
	NP_CFI_EXPRESSION,		/* at the address that an expression gives */
	NP_CFI_VAL_EXPRESSION,		/* it is what an expression gives */
};

#define NP_CFI_FOLLOWED 8u

/* One row of the table: how to get from a frame to its caller. */
struct np_cfi_row {
	bool cfa_is_expression;
	uint8_t cfa_register;
	int32_t cfa_value;		/* offset, or the expression's place, see np_cfi_block() */
	uint8_t rules[NP_CFI_FOLLOWED];	/* enum np_cfi_rule, by np_cfi_followed() */
	int32_t values[NP_CFI_FOLLOWED];
	uintptr_t start, end;		/* the code that it holds for */
};

/* A frame description entry and what its CIE says. */
struct np_cfi_fde {
	struct np_image_segment segment;	/* both lie in it, and all that is read */
	uintptr_t start, end;			/* the code that it covers */
	uintptr_t program, program_end;		/* call frame instructions */
	uintptr_t common, common_end;		/* those of the CIE, which come first */
	uint32_t code_align;
	int32_t data_align;
	uint8_t encoding;			/* of pointers, DW_EH_PE_* */
	bool signal_frame;
};

/* Index into rules[] and values[], or NP_CFI_FOLLOWED. */
static inline uint32_t np_cfi_followed(uint64_t dwarf_register)
{
	static const uint8_t index[17] = {
		[0] = 8, [1] = 8, [2] = 8, [NP_CFI_RBX] = 0, [4] = 8, [5] = 8, [NP_CFI_RBP] = 1,
		[NP_CFI_RSP] = 2, [8] = 8, [9] = 8, [10] = 8, [11] = 8, [NP_CFI_R12] = 3,
		[NP_CFI_R13] = 4, [NP_CFI_R14] = 5, [NP_CFI_R15] = 6, [NP_CFI_RA] = 7,
	};

	return dwarf_register < 17 ? index[dwarf_register] : NP_CFI_FOLLOWED;
}

/* Find the FDE of the instruction at LOCATION.  False: the module has none for it, or it is
 * damaged or of a kind that no compiler for this CPU writes. */
bool np_cfi_find(const struct np_module *module, uintptr_t location, struct np_cfi_fde *ret_fde);

/* Run FDE's program up to LOCATION.  False: damaged. */
bool np_cfi_row(const struct np_cfi_fde *fde, uintptr_t location, struct np_cfi_row *ret_row);

/* The bytes of an expression that a row names by VALUE; false: damaged. */
bool np_cfi_block(const struct np_cfi_fde *fde, int32_t value, uintptr_t *ret_start,
		  uintptr_t *ret_end);

/* A reading position between two bounds.  Past the end everything reads as 0 and `bad` is set. */
struct np_cfi_cursor {
	uintptr_t at, end;
	bool bad;
};

uint8_t np_cfi_u8(struct np_cfi_cursor *cursor);
uint16_t np_cfi_u16(struct np_cfi_cursor *cursor);
uint32_t np_cfi_u32(struct np_cfi_cursor *cursor);
uint64_t np_cfi_u64(struct np_cfi_cursor *cursor);
uint64_t np_cfi_uleb(struct np_cfi_cursor *cursor);
int64_t np_cfi_sleb(struct np_cfi_cursor *cursor);

/* A pointer as ENCODING says; sets `bad` for encodings that need more than the bytes here. */
uintptr_t np_cfi_pointer(struct np_cfi_cursor *cursor, uint8_t encoding, uintptr_t data_base);

#endif
