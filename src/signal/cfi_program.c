/* SPDX-License-Identifier: MIT
 *
 * cfi_program.c - runs call frame instructions up to an address and gives the row in force there.
 *
 * Context: signal handler.  Bounded by the entry's length and by STEPS_MAX.
 */
#include <string.h>

#include "signal/cfi_memory.h"
#include "signal/cfi_table.h"

#define STEPS_MAX      65536u
#define REMEMBERED_MAX 4u

enum {					/* DW_CFA_*; the first three carry an operand in their low 6 bits */
	ADVANCE_LOC = 0x40,
	OFFSET = 0x80,
	RESTORE = 0xc0,
	NOP = 0x00,
	SET_LOC = 0x01,
	ADVANCE_LOC1 = 0x02,
	ADVANCE_LOC2 = 0x03,
	ADVANCE_LOC4 = 0x04,
	OFFSET_EXTENDED = 0x05,
	RESTORE_EXTENDED = 0x06,
	UNDEFINED = 0x07,
	SAME_VALUE = 0x08,
	REGISTER = 0x09,
	REMEMBER_STATE = 0x0a,
	RESTORE_STATE = 0x0b,
	DEF_CFA = 0x0c,
	DEF_CFA_REGISTER = 0x0d,
	DEF_CFA_OFFSET = 0x0e,
	DEF_CFA_EXPRESSION = 0x0f,
	EXPRESSION = 0x10,
	OFFSET_EXTENDED_SF = 0x11,
	DEF_CFA_SF = 0x12,
	DEF_CFA_OFFSET_SF = 0x13,
	VAL_OFFSET = 0x14,
	VAL_OFFSET_SF = 0x15,
	VAL_EXPRESSION = 0x16,
	GNU_ARGS_SIZE = 0x2e,
	GNU_NEGATIVE_OFFSET_EXTENDED = 0x2f,
};

struct machine {
	const struct np_cfi_fde *fde;
	struct np_cfi_cursor cursor;
	struct np_cfi_row *row;
	struct np_cfi_row initial;	/* what the CIE's program left */
	uintptr_t location;
	uintptr_t row_start;		/* the last location that is not past the target */
	uint32_t remembered;
	struct np_cfi_row saved[REMEMBERED_MAX];
};

static int32_t narrow(struct machine *machine, int64_t value)
{
	if (value > INT32_MAX || value < INT32_MIN)
		machine->cursor.bad = true;
	return (int32_t)value;
}

/* VALUE * data_align, or bad. */
static int32_t factored(struct machine *machine, int64_t value)
{
	if (__builtin_mul_overflow(value, machine->fde->data_align, &value))
		machine->cursor.bad = true;
	return narrow(machine, value);
}

static void set_rule(struct machine *machine, uint64_t reg, uint8_t rule, int32_t value)
{
	uint32_t i = np_cfi_followed(reg);

	if (i == NP_CFI_FOLLOWED)
		return;
	machine->row->rules[i] = rule;
	machine->row->values[i] = value;
}

static void restore_rule(struct machine *machine, uint64_t reg)
{
	uint32_t i = np_cfi_followed(reg);

	if (i == NP_CFI_FOLLOWED)
		return;
	machine->row->rules[i] = machine->initial.rules[i];
	machine->row->values[i] = machine->initial.values[i];
}

/* Where an expression stands, as an offset into the segment; steps over it. */
static int32_t take_block(struct machine *machine)
{
	struct np_cfi_cursor *cursor = &machine->cursor;
	int32_t place = narrow(machine, (int64_t)(cursor->at - machine->fde->segment.low));
	uint64_t bytes = np_cfi_uleb(cursor);

	if (cursor->bad || bytes > cursor->end - cursor->at)
		cursor->bad = true;
	else
		cursor->at += bytes;
	return place;
}

bool np_cfi_block(const struct np_cfi_fde *fde, int32_t value, uintptr_t *ret_start,
		  uintptr_t *ret_end)
{
	struct np_cfi_cursor cursor = { fde->segment.low + (uint32_t)value, fde->segment.high,
					value < 0 };
	uint64_t bytes = np_cfi_uleb(&cursor);

	if (cursor.bad || bytes > cursor.end - cursor.at)
		return false;
	*ret_start = cursor.at;
	*ret_end = cursor.at + bytes;
	return true;
}

static void set_cfa(struct machine *machine, uint64_t reg, int32_t offset)
{
	if (reg > NP_CFI_RA)
		machine->cursor.bad = true;
	machine->row->cfa_is_expression = false;
	machine->row->cfa_register = (uint8_t)reg;
	machine->row->cfa_value = offset;
}

static void run_cfa(struct machine *machine, uint8_t op)
{
	struct np_cfi_cursor *cursor = &machine->cursor;
	struct np_cfi_row *row = machine->row;
	uint64_t reg;

	switch (op) {
	case DEF_CFA:
		reg = np_cfi_uleb(cursor);
		set_cfa(machine, reg, narrow(machine, (int64_t)np_cfi_uleb(cursor)));
		break;
	case DEF_CFA_SF:
		reg = np_cfi_uleb(cursor);
		set_cfa(machine, reg, factored(machine, np_cfi_sleb(cursor)));
		break;
	case DEF_CFA_REGISTER:
		set_cfa(machine, np_cfi_uleb(cursor), row->cfa_is_expression ? 0 : row->cfa_value);
		break;
	case DEF_CFA_OFFSET:
		set_cfa(machine, row->cfa_register, narrow(machine, (int64_t)np_cfi_uleb(cursor)));
		break;
	case DEF_CFA_OFFSET_SF:
		set_cfa(machine, row->cfa_register, factored(machine, np_cfi_sleb(cursor)));
		break;
	default:			/* DEF_CFA_EXPRESSION */
		row->cfa_is_expression = true;
		row->cfa_value = take_block(machine);
		break;
	}
}

static void run_register(struct machine *machine, uint8_t op)
{
	struct np_cfi_cursor *cursor = &machine->cursor;
	uint64_t reg = np_cfi_uleb(cursor);

	switch (op) {
	case OFFSET_EXTENDED:
		set_rule(machine, reg, NP_CFI_OFFSET,
			 factored(machine, (int64_t)np_cfi_uleb(cursor)));
		break;
	case OFFSET_EXTENDED_SF:
		set_rule(machine, reg, NP_CFI_OFFSET, factored(machine, np_cfi_sleb(cursor)));
		break;
	case GNU_NEGATIVE_OFFSET_EXTENDED:
		set_rule(machine, reg, NP_CFI_OFFSET,
			 factored(machine, -(int64_t)(np_cfi_uleb(cursor) & INT64_MAX)));
		break;
	case VAL_OFFSET:
		set_rule(machine, reg, NP_CFI_VAL_OFFSET,
			 factored(machine, (int64_t)np_cfi_uleb(cursor)));
		break;
	case VAL_OFFSET_SF:
		set_rule(machine, reg, NP_CFI_VAL_OFFSET, factored(machine, np_cfi_sleb(cursor)));
		break;
	case REGISTER:
		set_rule(machine, reg, NP_CFI_REGISTER,
			 narrow(machine, (int64_t)np_cfi_uleb(cursor)));
		break;
	case EXPRESSION:
		set_rule(machine, reg, NP_CFI_EXPRESSION, take_block(machine));
		break;
	case VAL_EXPRESSION:
		set_rule(machine, reg, NP_CFI_VAL_EXPRESSION, take_block(machine));
		break;
	case RESTORE_EXTENDED:
		restore_rule(machine, reg);
		break;
	case UNDEFINED:
		set_rule(machine, reg, NP_CFI_UNDEFINED, 0);
		break;
	default:			/* SAME_VALUE */
		set_rule(machine, reg, NP_CFI_SAME, 0);
		break;
	}
}

/* State that is restored takes the CFA with it: that is what compilers mean in .eh_frame. */
static void run_state(struct machine *machine, uint8_t op)
{
	if (op == REMEMBER_STATE && machine->remembered < REMEMBERED_MAX)
		machine->saved[machine->remembered++] = *machine->row;
	else if (op == RESTORE_STATE && machine->remembered > 0)
		*machine->row = machine->saved[--machine->remembered];
	else
		machine->cursor.bad = true;
}

static void run_other(struct machine *machine, uint8_t op)
{
	struct np_cfi_cursor *cursor = &machine->cursor;

	switch (op) {
	case NOP:
		break;
	case SET_LOC:
		machine->location = np_cfi_pointer(cursor, machine->fde->encoding, 0);
		break;
	case ADVANCE_LOC1:
		machine->location += (uintptr_t)np_cfi_u8(cursor) * machine->fde->code_align;
		break;
	case ADVANCE_LOC2:
		machine->location += (uintptr_t)np_cfi_u16(cursor) * machine->fde->code_align;
		break;
	case ADVANCE_LOC4:
		machine->location += (uintptr_t)np_cfi_u32(cursor) * machine->fde->code_align;
		break;
	case REMEMBER_STATE:
	case RESTORE_STATE:
		run_state(machine, op);
		break;
	case DEF_CFA:
	case DEF_CFA_REGISTER:
	case DEF_CFA_OFFSET:
	case DEF_CFA_EXPRESSION:
	case DEF_CFA_SF:
	case DEF_CFA_OFFSET_SF:
		run_cfa(machine, op);
		break;
	case GNU_ARGS_SIZE:
		np_cfi_uleb(cursor);
		break;
	case OFFSET_EXTENDED:
	case RESTORE_EXTENDED:
	case UNDEFINED:
	case SAME_VALUE:
	case REGISTER:
	case EXPRESSION:
	case OFFSET_EXTENDED_SF:
	case VAL_OFFSET:
	case VAL_OFFSET_SF:
	case VAL_EXPRESSION:
	case GNU_NEGATIVE_OFFSET_EXTENDED:
		run_register(machine, op);
		break;
	default:
		cursor->bad = true;
		break;
	}
}

/* Runs [start, end) until the location passes TARGET; an operation that moves it past TARGET ends
 * the run before anything that follows it. */
static bool run(struct machine *machine, uintptr_t start, uintptr_t end, uintptr_t target)
{
	struct np_cfi_cursor *cursor = &machine->cursor;

	*cursor = (struct np_cfi_cursor){ start, end, false };
	for (uint32_t i = 0; cursor->at < end && machine->location <= target; i++) {
		uint8_t op = np_cfi_u8(cursor);
		uint8_t operand = op & 0x3f;

		machine->row_start = machine->location;
		if (i == STEPS_MAX)
			return false;
		switch (op & 0xc0) {
		case ADVANCE_LOC:
			machine->location += (uintptr_t)operand * machine->fde->code_align;
			break;
		case OFFSET:
			set_rule(machine, operand, NP_CFI_OFFSET,
				 factored(machine, (int64_t)np_cfi_uleb(cursor)));
			break;
		case RESTORE:
			restore_rule(machine, operand);
			break;
		default:
			run_other(machine, op);
			break;
		}
		if (cursor->bad)
			return false;
	}
	if (machine->location <= target)
		machine->row_start = machine->location;
	return true;
}

bool np_cfi_row(const struct np_cfi_fde *fde, uintptr_t location, struct np_cfi_row *ret_row)
{
	struct machine machine;

	memset(ret_row, 0, sizeof(*ret_row));
	memset(&machine.initial, 0, sizeof(machine.initial));
	machine.fde = fde;
	machine.row = ret_row;
	machine.location = fde->start;
	machine.remembered = 0;
	if (!run(&machine, fde->common, fde->common_end, UINTPTR_MAX))
		return false;
	machine.initial = *ret_row;
	machine.location = fde->start;
	machine.remembered = 0;
	if (!run(&machine, fde->program, fde->program_end, location))
		return false;
	ret_row->start = machine.row_start;
	ret_row->end = machine.location > location ? machine.location : fde->end;
	return true;
}
