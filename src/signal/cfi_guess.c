/* SPDX-License-Identifier: MIT
 *
 * cfi_guess.c - callers of code that has no unwind rules: PLT stubs, plain assembly, JIT code.
 *
 * Context: signal handler; runs for every such frame, so it keeps to a few reads.
 *
 * A guess is taken only if it checks out: the address it gives stands behind a call instruction in
 * a module's executable segment, or the frame pointers lead on to one that does.
 */
#include "signal/cfi_memory.h"
#include "signal/cfi_walk.h"

#define CHAIN_MAX	64u	/* frames of generated code looked through for one that can be checked */
#define FUNCTION_MAX	65536u	/* how far from a call's target the called code may have got */
#define SEGMENT_EXECUTE 1u	/* PF_X */
#define ENTRY_MAX	256u	/* bytes of entry code */
#define INIT_MAX	32u	/* bytes of _init and _fini */
#define SUB_8_RSP	0x08ec8348u
#define ENDBR64		0xfa1e0ff3u

struct code {				/* executable bytes that may be read */
	uintptr_t low, high;
};

static bool find_code(const struct np_module *module, uintptr_t address, struct code *ret_code)
{
	struct np_image image = { module->start, module->end, module->bias };
	struct np_image_segment segment;

	if (!np_image_segment(&image, address, &segment) || !(segment.flags & SEGMENT_EXECUTE))
		return false;
	ret_code->low = segment.low;
	ret_code->high = segment.high;
	return true;
}

/* The byte at ADDRESS; 0, which starts none of the instructions sought, outside the code. */
static uint8_t byte_at(const struct code *code, uintptr_t address)
{
	return address >= code->low && address < code->high ? np_memory_u8(address) : 0;
}

/* An indirect call, ff /2, whose last byte is before ADDRESS. */
static bool ends_indirect_call(const struct code *code, uintptr_t address)
{
	for (uint32_t bytes = 2; bytes <= 7; bytes++) {
		uint8_t modrm = byte_at(code, address - bytes + 1);
		uint8_t mode = modrm >> 6, rm = modrm & 7;
		uint32_t length = 2;

		if (byte_at(code, address - bytes) != 0xff || (modrm >> 3 & 7) != 2)
			continue;
		if (mode != 3 && rm == 4)
			length++;		/* SIB */
		if (mode == 1)
			length++;
		else if (mode == 2 || (mode == 0 && rm == 5))
			length += 4;
		if (length == bytes)
			return true;
	}
	return false;
}

/* The loader's entry code, and that of some start files, has no rules.  Where it has some, what
 * lies behind it is something else. */
__attribute__((noinline)) static bool at_entry(const struct np_module *module, uintptr_t pc)
{
	struct np_image image = { module->start, module->end, module->bias };
	uintptr_t entry = np_image_entry(&image);
	struct np_cfi_fde fde;

	return entry && pc - entry < ENTRY_MAX && !np_cfi_find(module, entry, &fde);
}

enum returns { RETURNS_NOWHERE, RETURNS_ANONYMOUS, RETURNS_BEHIND_CALL };

/* What kind of return address VALUE would be; *RET_TARGET: of a direct call, else 0. */
static enum returns look_at(const struct np_walk *walk, uintptr_t value, uintptr_t *ret_target)
{
	const struct np_module *module;
	struct code code;

	*ret_target = 0;
	if (value < 4096 || value >> 47)
		return RETURNS_NOWHERE;
	module = np_module_find(walk->spool, value - 1);
	if (!module)
		return RETURNS_ANONYMOUS;
	if (!find_code(module, value - 1, &code))
		return RETURNS_NOWHERE;
	if (byte_at(&code, value - 5) == 0xe8 && value - 5 >= code.low) {
		*ret_target = value + (uintptr_t)(intptr_t)(int32_t)np_memory_u32(value - 4);
		return RETURNS_BEHIND_CALL;
	}
	return ends_indirect_call(&code, value) ? RETURNS_BEHIND_CALL : RETURNS_NOWHERE;
}

/* Interrupted where the return address is still, or again, at a known distance from sp: in a PLT
 * stub, at a function's first instructions, at its return.  Returns that distance, or -1. */
static int32_t distance_from_code(const struct code *code, uintptr_t pc)
{
	uint8_t op;

	if (pc >= code->low && pc < code->high && code->high - pc >= 4 &&
	    (np_memory_u32(pc) == ENDBR64 || np_memory_u32(pc) == SUB_8_RSP))
		return 0;
	if (byte_at(code, pc) == 0xf2)		/* bnd */
		pc++;
	op = byte_at(code, pc);
	if (op == 0xc3 || op == 0x68 || op == 0x55)	/* ret; push index; push rbp */
		return 0;
	if (op == 0x48 && byte_at(code, pc - 1) == 0x55 && byte_at(code, pc + 1) == 0x89 &&
	    byte_at(code, pc + 2) == 0xe5)	/* push rbp, done; mov rsp, rbp, not yet */
		return 8;
	if (op == 0xe9 && (byte_at(code, pc - 5) == 0x68 || byte_at(code, pc - 6) == 0x68))
		return 8;			/* push index, done; jmp to PLT's start */
	if (op == 0xff && byte_at(code, pc + 1) == 0x35)
		return 8;			/* PLT's start: push of the link map */
	if (op == 0xff && byte_at(code, pc + 1) == 0x25) {
		if (byte_at(code, pc - 6) == 0xff && byte_at(code, pc - 5) == 0x35)
			return 16;		/* and its jump into the loader */
		if (byte_at(code, pc - 7) == 0xff && byte_at(code, pc - 6) == 0x35)
			return 16;
		return 0;			/* jmp through the GOT */
	}
	return -1;
}

static enum np_step take(struct np_walk *walk, struct np_found *found, uintptr_t slot, uintptr_t fp)
{
	uintptr_t pc = np_memory_u64(slot);

	found->slot = slot;
	walk->pc = pc;
	walk->sp = slot + 8;
	walk->fp = fp;
	walk->interrupted = false;
	return pc ? NP_STEP_CALLER : NP_STEP_ROOT;
}

static bool is_frame(const struct np_walk *walk, uintptr_t fp, uintptr_t above)
{
	return fp >= above && fp % 8 == 0 && np_walk_readable(walk, fp) &&
	       np_walk_readable(walk, fp + 8);
}

/* Whether frame pointers from FP lead to code that can be checked. */
static bool chain_checks_out(struct np_walk *walk)
{
	uintptr_t fp = walk->fp, above = walk->sp, target;

	if (fp < walk->chain_checked && is_frame(walk, fp, above))
		return true;
	for (uint32_t i = 0; i < CHAIN_MAX && is_frame(walk, fp, above); i++) {
		switch (look_at(walk, np_memory_u64(fp + 8), &target)) {
		case RETURNS_BEHIND_CALL:
			walk->chain_checked = fp + 8;
			return true;
		case RETURNS_NOWHERE:
			return false;
		case RETURNS_ANONYMOUS:
			break;
		}
		above = fp + 16;
		fp = np_memory_u64(fp);
	}
	return false;
}

/* The word at sp + DISTANCE is an address behind a call. */
static bool returns_from(const struct np_walk *walk, uint32_t distance, uintptr_t *ret_target)
{
	return np_walk_readable(walk, walk->sp + distance) &&
	       look_at(walk, np_memory_u64(walk->sp + distance), ret_target) == RETURNS_BEHIND_CALL;
}

/* _init and _fini, which are put together from pieces without rules: `sub $8, rsp` just before. */
static bool after_sub_8(const struct code *code, uintptr_t pc)
{
	for (uintptr_t at = pc - 4; at > pc - INIT_MAX && at >= code->low && at < code->high - 4; at--)
		if (np_memory_u32(at) == SUB_8_RSP)
			return true;
	return false;
}

static enum np_step guess_leaf(struct np_walk *walk, const struct np_module *module,
			       struct np_found *found)
{
	uintptr_t target;
	struct code code;
	int32_t distance;

	if (!np_walk_readable(walk, walk->sp))
		return NP_STEP_BAD_READ;
	if (module && find_code(module, walk->pc, &code)) {
		distance = distance_from_code(&code, walk->pc);
		if (distance >= 0 && np_walk_readable(walk, walk->sp + (uintptr_t)distance) &&
		    look_at(walk, np_memory_u64(walk->sp + (uintptr_t)distance), &target) !=
			    RETURNS_NOWHERE)
			return take(walk, found, walk->sp + (uintptr_t)distance, walk->fp);
	}
	/* A function without a frame: the word on top is where a call just before pc returns to. */
	if (returns_from(walk, 0, &target) && target && walk->pc - target < FUNCTION_MAX)
		return take(walk, found, walk->sp, walk->fp);
	/* rbp has been pushed and still is the caller's. */
	if (np_memory_u64(walk->sp) == walk->fp && returns_from(walk, 8, &target))
		return take(walk, found, walk->sp + 8, walk->fp);
	return NP_STEP_NO_RULE;
}

enum np_step np_walk_guess(struct np_walk *walk, const struct np_module *module,
			   struct np_found *found)
{
	bool interrupted = walk->interrupted;
	uintptr_t target;
	struct code code;
	enum np_step step;

	if (module && np_walk_at_sigreturn(module, walk->pc))
		return np_walk_signal_frame(walk, found);
	if (module && at_entry(module, walk->pc)) {
		found->check = NP_CHECK_NOTHING;
		return NP_STEP_ROOT;
	}
	if (interrupted) {
		step = guess_leaf(walk, module, found);
		if (step != NP_STEP_NO_RULE)
			return step;
	}
	if (module && find_code(module, walk->pc, &code) && after_sub_8(&code, walk->pc) &&
	    returns_from(walk, 8, &target))
		return take(walk, found, walk->sp + 8, walk->fp);
	if (chain_checks_out(walk)) {
		if (!interrupted) {	/* nothing but the frame pointer went into it */
			found->check = NP_CHECK_NOTHING;
			found->fp_words = 1;
			found->by_fp = true;
		}
		return take(walk, found, walk->fp + 8, np_memory_u64(walk->fp));
	}
	if (interrupted && returns_from(walk, 0, &target))
		return take(walk, found, walk->sp, walk->fp);
	return NP_STEP_NO_RULE;
}
