/* SPDX-License-Identifier: MIT
 *
 * cfi_expression.c - the stack machine of DWARF expressions, as far as unwind tables use it.
 *
 * Context: signal handler.  Bounded by STEPS_MAX; reads memory only where the walk may.
 */
#include "signal/cfi_memory.h"
#include "signal/cfi_walk.h"

#define STEPS_MAX 256u
#define STACK_MAX 12u

enum {					/* DW_OP_* */
	ADDR = 0x03,
	DEREF = 0x06,
	CONST1U = 0x08,
	CONST1S,
	CONST2U,
	CONST2S,
	CONST4U,
	CONST4S,
	CONST8U,
	CONST8S,
	CONSTU,
	CONSTS,
	DUP,
	DROP,
	OVER,
	PICK,
	SWAP,
	ROT,
	ABS = 0x19,
	AND,
	DIV,
	MINUS,
	MOD,
	MUL,
	NEG,
	NOT,
	OR,
	PLUS,
	PLUS_UCONST,
	SHL,
	SHR,
	SHRA,
	XOR,
	BRA,
	EQ,
	GE,
	GT,
	LE,
	LT,
	NE,
	SKIP,
	LIT0 = 0x30,
	LIT31 = 0x4f,
	BREG0 = 0x70,
	BREG31 = 0x8f,
	BREGX = 0x92,
	DEREF_SIZE = 0x94,
	NOP = 0x96,
};

struct machine {
	struct np_cfi_scope *scope;
	struct np_cfi_cursor cursor;	/* its `bad` is the machine's */
	uintptr_t start;
	uint32_t depth;
	uint64_t stack[STACK_MAX];
};

static void push(struct machine *machine, uint64_t value)
{
	if (machine->depth == STACK_MAX)
		machine->cursor.bad = true;
	else
		machine->stack[machine->depth++] = value;
}

static uint64_t pop(struct machine *machine)
{
	if (machine->depth == 0) {
		machine->cursor.bad = true;
		return 0;
	}
	return machine->stack[--machine->depth];
}

/* The INDEXth from the top. */
static uint64_t peek(struct machine *machine, uint32_t index)
{
	if (index >= machine->depth) {
		machine->cursor.bad = true;
		return 0;
	}
	return machine->stack[machine->depth - 1 - index];
}

static void push_register(struct machine *machine, uint64_t number, int64_t offset)
{
	struct np_cfi_scope *scope = machine->scope;
	uintptr_t value = 0;

	if (number == NP_CFI_RSP)
		value = scope->sp;
	else if (number == NP_CFI_RA)
		value = scope->pc;
	else if (number == NP_CFI_RBP)
		value = scope->fp;
	else if (!scope->all_registers || !np_walk_register(scope->walk, number, &value))
		machine->cursor.bad = true;
	if (number != NP_CFI_RSP && number != NP_CFI_RA)
		scope->used_others = true;
	push(machine, value + (uint64_t)offset);
}

static void dereference(struct machine *machine, uint8_t bytes)
{
	uintptr_t address = pop(machine);
	uint64_t value;

	machine->scope->read_memory = true;
	if (machine->cursor.bad || bytes == 0 || bytes > 8 ||
	    !np_walk_readable(machine->scope->walk, address)) {
		machine->cursor.bad = true;
		return;
	}
	value = np_memory_u64(address);
	push(machine, bytes == 8 ? value : value & (((uint64_t)1 << (8 * bytes)) - 1));
}

/* A two-byte distance from the byte after it; never leaves the expression. */
static void jump(struct machine *machine, bool taken)
{
	int16_t distance = (int16_t)np_cfi_u16(&machine->cursor);
	uintptr_t to = machine->cursor.at + (uintptr_t)(intptr_t)distance;

	if (!taken)
		return;
	if (to < machine->start || to > machine->cursor.end)
		machine->cursor.bad = true;
	else
		machine->cursor.at = to;
}

static uint64_t combine(struct machine *machine, uint8_t op, uint64_t a, uint64_t b)
{
	int64_t sa = (int64_t)a, sb = (int64_t)b;

	switch (op) {
	case AND:
		return a & b;
	case OR:
		return a | b;
	case XOR:
		return a ^ b;
	case PLUS:
		return a + b;
	case MINUS:
		return a - b;
	case MUL:
		return a * b;
	case DIV:
		if (sb == 0 || (sa == INT64_MIN && sb == -1))
			break;
		return (uint64_t)(sa / sb);
	case MOD:
		if (b == 0)
			break;
		return a % b;
	case SHL:
		return b < 64 ? a << b : 0;
	case SHR:
		return b < 64 ? a >> b : 0;
	case SHRA:
		return (uint64_t)(sa >> (b < 64 ? b : 63));
	case EQ:
		return sa == sb;
	case NE:
		return sa != sb;
	case GE:
		return sa >= sb;
	case GT:
		return sa > sb;
	case LE:
		return sa <= sb;
	case LT:
		return sa < sb;
	default:
		break;
	}
	machine->cursor.bad = true;
	return 0;
}

static void run_constant(struct machine *machine, uint8_t op)
{
	struct np_cfi_cursor *cursor = &machine->cursor;

	switch (op) {
	case ADDR:
	case CONST8U:
	case CONST8S:
		push(machine, np_cfi_u64(cursor));
		break;
	case CONST1U:
		push(machine, np_cfi_u8(cursor));
		break;
	case CONST1S:
		push(machine, (uint64_t)(int8_t)np_cfi_u8(cursor));
		break;
	case CONST2U:
		push(machine, np_cfi_u16(cursor));
		break;
	case CONST2S:
		push(machine, (uint64_t)(int16_t)np_cfi_u16(cursor));
		break;
	case CONST4U:
		push(machine, np_cfi_u32(cursor));
		break;
	case CONST4S:
		push(machine, (uint64_t)(int32_t)np_cfi_u32(cursor));
		break;
	case CONSTU:
		push(machine, np_cfi_uleb(cursor));
		break;
	default:			/* CONSTS */
		push(machine, (uint64_t)np_cfi_sleb(cursor));
		break;
	}
}

static void run_stack(struct machine *machine, uint8_t op)
{
	uint64_t a, b, c;

	switch (op) {
	case DUP:
		push(machine, peek(machine, 0));
		break;
	case DROP:
		pop(machine);
		break;
	case OVER:
		push(machine, peek(machine, 1));
		break;
	case PICK:
		push(machine, peek(machine, np_cfi_u8(&machine->cursor)));
		break;
	case SWAP:
		a = pop(machine);
		b = pop(machine);
		push(machine, a);
		push(machine, b);
		break;
	default:			/* ROT: the top goes below the next two */
		a = pop(machine);
		b = pop(machine);
		c = pop(machine);
		push(machine, a);
		push(machine, c);
		push(machine, b);
		break;
	}
}

static void run_arithmetic(struct machine *machine, uint8_t op)
{
	uint64_t b = pop(machine), a;

	switch (op) {
	case ABS:
		push(machine, (int64_t)b < 0 ? 0 - b : b);
		break;
	case NEG:
		push(machine, 0 - b);
		break;
	case NOT:
		push(machine, ~b);
		break;
	case PLUS_UCONST:
		push(machine, b + np_cfi_uleb(&machine->cursor));
		break;
	default:
		a = pop(machine);
		push(machine, combine(machine, op, a, b));
		break;
	}
}

static void run_one(struct machine *machine)
{
	struct np_cfi_cursor *cursor = &machine->cursor;
	uint8_t op = np_cfi_u8(cursor);
	uint64_t number;

	if (op >= LIT0 && op <= LIT31) {
		push(machine, op - LIT0);
	} else if (op >= BREG0 && op <= BREG31) {
		push_register(machine, op - BREG0, np_cfi_sleb(cursor));
	} else if (op == BREGX) {
		number = np_cfi_uleb(cursor);
		push_register(machine, number, np_cfi_sleb(cursor));
	} else if (op == DEREF) {
		dereference(machine, 8);
	} else if (op == DEREF_SIZE) {
		dereference(machine, np_cfi_u8(cursor));
	} else if (op == SKIP) {
		jump(machine, true);
	} else if (op == BRA) {
		jump(machine, pop(machine) != 0);
	} else if (op == ADDR || (op >= CONST1U && op <= CONSTS)) {
		run_constant(machine, op);
	} else if (op >= DUP && op <= ROT) {
		run_stack(machine, op);
	} else if (op >= ABS && op <= NE) {
		run_arithmetic(machine, op);
	} else if (op != NOP) {
		cursor->bad = true;
	}
}

bool np_cfi_evaluate(struct np_cfi_scope *scope, int32_t value, bool has_pushed,
		     uintptr_t pushed, uintptr_t *ret_result)
{
	struct machine machine;
	uintptr_t end;

	if (!np_cfi_block(scope->fde, value, &machine.start, &end))
		return false;
	machine.scope = scope;
	machine.cursor = (struct np_cfi_cursor){ machine.start, end, false };
	machine.depth = 0;
	scope->read_memory = scope->used_others = false;
	if (has_pushed)
		push(&machine, pushed);
	for (uint32_t i = 0; machine.cursor.at < end; i++) {
		if (i == STEPS_MAX || machine.cursor.bad)
			return false;
		run_one(&machine);
	}
	if (machine.cursor.bad || machine.depth == 0)
		return false;
	*ret_result = machine.stack[machine.depth - 1];
	return true;
}
