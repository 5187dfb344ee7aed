/* SPDX-License-Identifier: MIT
 *
 * cfi_step.c - from one frame to its caller by the unwind tables, every rule there is.
 *
 * Context: signal handler; runs for a location that is not in the rule cache, and for the few rules
 * that are too long for it.
 */
#include <stddef.h>
#include <string.h>
#include <sys/ucontext.h>

#include "signal/cfi_cache.h"
#include "signal/cfi_memory.h"
#include "signal/cfi_rows.h"
#include "signal/cfi_walk.h"

#define GREGS_OFFSET	offsetof(ucontext_t, uc_mcontext.gregs)
#define HELPERS_MAX	4u		/* assembly helpers below a CFA in a scratch register */
#define CALLEES_MAX	256u		/* frames looked through for a saved register */
#define RETURN_SLOT	(-8)		/* where every function keeps its return address, from the CFA */

uint64_t np_rules[NP_RULE_WAYS][NP_RULE_SETS] __attribute__((aligned(64)));

struct np_row_entry np_row_entries[NP_ROW_ENTRIES] __attribute__((aligned(64)));

static const uint8_t greg_of_dwarf[17] = {
	REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
	REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP,
};

static uint8_t rule_of(const struct np_cfi_row *row, uint64_t number)
{
	uint32_t at = np_cfi_followed(number);

	return at < NP_CFI_FOLLOWED ? row->rules[at] : NP_CFI_UNDEFINED;
}

static int32_t value_of(const struct np_cfi_row *row, uint64_t number)
{
	uint32_t at = np_cfi_followed(number);

	return at < NP_CFI_FOLLOWED ? row->values[at] : 0;
}

/* What a frame did with a register of its caller. */
enum saved { SAVED_VALUE, SAVED_NOT, SAVED_UNKNOWN };

static enum saved saved_register(struct np_cfi_scope *scope, const struct np_cfi_row *row,
				 uintptr_t cfa, uint64_t number, uintptr_t *ret_value)
{
	int32_t value = value_of(row, number);
	uintptr_t address;

	switch (rule_of(row, number)) {
	case NP_CFI_UNSPECIFIED:
	case NP_CFI_SAME:
		return SAVED_NOT;
	case NP_CFI_OFFSET:
		address = cfa + (uintptr_t)(intptr_t)value;
		break;
	case NP_CFI_VAL_OFFSET:
		*ret_value = cfa + (uintptr_t)(intptr_t)value;
		return SAVED_VALUE;
	case NP_CFI_REGISTER:
		return scope->all_registers &&
		       np_walk_register(scope->walk, (uint64_t)value, ret_value)
			     ? SAVED_VALUE : SAVED_UNKNOWN;
	case NP_CFI_EXPRESSION:
		if (!np_cfi_evaluate(scope, value, true, cfa, &address))
			return SAVED_UNKNOWN;
		break;
	case NP_CFI_VAL_EXPRESSION:
		return np_cfi_evaluate(scope, value, true, cfa, ret_value) ? SAVED_VALUE
									    : SAVED_UNKNOWN;
	default:			/* NP_CFI_UNDEFINED */
		return SAVED_UNKNOWN;
	}
	if (!np_walk_readable(scope->walk, address))
		return SAVED_UNKNOWN;
	*ret_value = np_memory_u64(address);
	return SAVED_VALUE;
}

/* Not inlined: the tables' state must be gone from the stack before the next frame is looked at. */
__attribute__((noinline)) static enum saved
saved_by_callee(const struct np_walk *walk, uint32_t index, uint64_t number, uintptr_t *ret_value)
{
	const struct np_frame *frame = &walk->stack->scratch[index];
	uintptr_t location = frame->pc - (frame->kind == NP_NODE_CALL);
	const struct np_module *module = np_module_find(walk->spool, location);
	struct np_cfi_scope scope;
	struct np_cfi_row row;
	struct np_cfi_fde fde;

	if (!module || !np_cfi_find(module, location, &fde) || !np_cfi_row(&fde, location, &row) ||
	    rule_of(&row, NP_CFI_RA) != NP_CFI_OFFSET ||
	    value_of(&row, NP_CFI_RA) != RETURN_SLOT)
		return SAVED_UNKNOWN;
	scope = (struct np_cfi_scope){ .walk = walk, .fde = &fde, .pc = frame->pc, .fp = frame->fp };
	if (index > walk->known_frame)
		scope.sp = walk->stack->scratch[index - 1].slot + 8;
	return saved_register(&scope, &row, frame->slot + 8, number, ret_value);
}

static bool known_register(const struct np_walk *walk, uint64_t number, uintptr_t *ret_value)
{
	uint32_t greg = greg_of_dwarf[number];

	*ret_value = walk->known_at ? np_memory_u64(walk->known_at + 8 * greg)
				    : (uintptr_t)walk->registers[greg];
	return true;
}

bool np_walk_register(const struct np_walk *walk, uint64_t number, uintptr_t *ret_value)
{
	if (number > NP_CFI_RA)
		return false;
	if (number == NP_CFI_RSP || number == NP_CFI_RBP || number == NP_CFI_RA) {
		*ret_value = number == NP_CFI_RSP ? walk->sp
			   : number == NP_CFI_RBP ? walk->fp : walk->pc;
		return true;
	}
	if (walk->depth == walk->known_frame)
		return known_register(walk, number, ret_value);
	if (np_cfi_followed(number) == NP_CFI_FOLLOWED ||
	    walk->depth - walk->known_frame > CALLEES_MAX)
		return false;		/* a scratch register does not survive a call */
	for (uint32_t i = walk->depth; i > walk->known_frame; i--) {
		switch (saved_by_callee(walk, i - 1, number, ret_value)) {
		case SAVED_VALUE:
			return true;
		case SAVED_UNKNOWN:
			return false;
		case SAVED_NOT:
			break;
		}
	}
	return known_register(walk, number, ret_value);
}

bool np_walk_at_sigreturn(const struct np_module *module, uintptr_t location)
{
	static const uint8_t code[] = { 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05 };
	struct np_image image = { module->start, module->end, module->bias };
	struct np_image_segment segment;

	if (!np_image_segment(&image, location, &segment) || segment.high - location < sizeof(code))
		return false;
	for (uint32_t i = 0; i < sizeof(code); i++)
		if (np_memory_u8(location + i) != code[i])
			return false;
	return true;
}

/* walk->sp is a caller's: no lower than LEAST on the same stack, or on the thread's own if that was
 * a signal stack.  Below the sp there nothing is in use. */
static bool enter_caller_stack(struct np_walk *walk, uintptr_t least)
{
	if (walk->sp >= least && walk->sp <= walk->high)
		return true;
	if (walk->sp < walk->outer_low || walk->sp >= walk->outer_high)
		return false;
	walk->low = walk->sp;
	walk->high = walk->outer_high;
	walk->outer_low = walk->outer_high = 0;
	return true;
}

enum np_step np_walk_signal_frame(struct np_walk *walk, struct np_found *found)
{
	uintptr_t gregs = walk->sp + GREGS_OFFSET;
	uintptr_t rip_at = gregs + 8 * REG_RIP;

	found->trampoline = true;
	found->check = NP_CHECK_UNKNOWN;
	if (!np_walk_readable(walk, walk->sp) || !np_walk_readable(walk, rip_at))
		return NP_STEP_BAD_READ;
	found->slot = rip_at;
	walk->pc = np_memory_u64(rip_at);
	walk->sp = np_memory_u64(gregs + 8 * REG_RSP);
	walk->fp = np_memory_u64(gregs + 8 * REG_RBP);
	walk->interrupted = true;
	walk->known_at = gregs;
	walk->known_frame = walk->depth + 1;
	if (!enter_caller_stack(walk, rip_at + 8))
		walk->low = walk->high = 8;	/* nothing is readable, and high - 8 does not wrap */
	return NP_STEP_CALLER;
}

/* Hand-written assembly (OpenSSL's AES-GCM) keeps its CFA in a scratch register while it calls
 * helpers of its own, which leave that register alone.  Believed only where all frames below are
 * code of the same object; a clobbered one would not lead to this stack and back into code. */
static bool scratch_register(const struct np_walk *walk, uint16_t module, uint64_t number,
			     uintptr_t *ret_value)
{
	uint32_t helpers = walk->depth - walk->known_frame;

	if (number > NP_CFI_RA || np_cfi_followed(number) != NP_CFI_FOLLOWED || module == 0 ||
	    helpers == 0 || helpers > HELPERS_MAX)
		return false;
	for (uint32_t i = walk->known_frame; i < walk->depth; i++)
		if (walk->stack->scratch[i].module != module)
			return false;
	return known_register(walk, number, ret_value) && *ret_value >= walk->sp &&
	       *ret_value < walk->high;
}

/* The CFA, and what of the frame it was made from. */
static bool find_cfa(const struct np_walk *walk, struct np_cfi_scope *scope,
		     const struct np_cfi_row *row, uint16_t module, uintptr_t *ret_cfa)
{
	uintptr_t base;

	if (row->cfa_is_expression)
		return np_cfi_evaluate(scope, row->cfa_value, false, 0, ret_cfa);
	if (!np_walk_register(walk, row->cfa_register, &base) &&
	    !scratch_register(walk, module, row->cfa_register, &base))
		return false;
	*ret_cfa = base + (uintptr_t)(intptr_t)row->cfa_value;
	return true;
}

/* An expression of the two bytes and more `breg6 N`, followed by `deref` if WITH_DEREF. */
static bool is_fp_plus(const struct np_cfi_fde *fde, int32_t value, bool with_deref,
		       int64_t *ret_offset)
{
	struct np_cfi_cursor cursor = { 0 };

	if (!np_cfi_block(fde, value, &cursor.at, &cursor.end) || np_cfi_u8(&cursor) != 0x76)
		return false;
	*ret_offset = np_cfi_sleb(&cursor);
	if (with_deref && np_cfi_u8(&cursor) != 0x06)
		return false;
	return !cursor.bad && cursor.at == cursor.end;
}

/* Functions that align their stack keep the CFA at a place in it: the word at rbp - 8 * k, with
 * the caller's rbp at rbp.  Returns k, or 0 for anything else. */
static uint32_t realigned_words(const struct np_cfi_fde *fde, const struct np_cfi_row *row)
{
	int64_t cfa_at, fp_at;

	if (!row->cfa_is_expression || rule_of(row, NP_CFI_RBP) != NP_CFI_EXPRESSION ||
	    !is_fp_plus(fde, row->cfa_value, true, &cfa_at) ||
	    !is_fp_plus(fde, value_of(row, NP_CFI_RBP), false, &fp_at) || fp_at != 0)
		return 0;
	if (cfa_at >= 0 || cfa_at % 8 || -cfa_at / 8 > (int64_t)NP_CHECK_DEREF_MAX)
		return 0;
	return (uint32_t)(-cfa_at / 8);
}

/* A CFA made from nothing but sp (and pc, as in a PLT): CFA - sp. */
static bool sp_distance(struct np_cfi_scope *scope, const struct np_cfi_row *row, uintptr_t cfa,
			int64_t *ret_distance)
{
	struct np_cfi_scope other = *scope;
	uintptr_t other_cfa;

	if (!row->cfa_is_expression) {
		*ret_distance = row->cfa_value;
		return row->cfa_register == NP_CFI_RSP;
	}
	other.sp += 4096;
	if (scope->read_memory || scope->used_others ||
	    !np_cfi_evaluate(&other, row->cfa_value, false, 0, &other_cfa) ||
	    other_cfa - other.sp != cfa - scope->sp)
		return false;
	*ret_distance = (int64_t)(cfa - scope->sp);
	return true;
}

/* The rule as a word of the cache. */
static uint64_t shorten(struct np_cfi_scope *scope, const struct np_cfi_row *row, uintptr_t cfa)
{
	uint64_t none = np_rule_make(NP_RULE_KIND_OTHER, NP_OTHER_LONG, 0);
	uint32_t kind = NP_RULE_KIND_SP, fp_words = 0, realigned;
	int64_t distance;

	if (rule_of(row, NP_CFI_RA) != NP_CFI_OFFSET || value_of(row, NP_CFI_RA) != RETURN_SLOT ||
	    rule_of(row, NP_CFI_RSP) != NP_CFI_UNSPECIFIED)
		return none;
	realigned = realigned_words(scope->fde, row);
	if (realigned)
		return np_rule_make(NP_RULE_KIND_OTHER, NP_OTHER_DEREF, realigned);
	switch (rule_of(row, NP_CFI_RBP)) {
	case NP_CFI_UNSPECIFIED:
	case NP_CFI_SAME:
	case NP_CFI_UNDEFINED:
		break;
	case NP_CFI_OFFSET:
		distance = (int64_t)RETURN_SLOT - value_of(row, NP_CFI_RBP);
		if (distance <= 0 || distance % 8 || distance / 8 > (int64_t)NP_RULE_FP_WORDS_MAX)
			return none;
		fp_words = (uint32_t)(distance / 8);
		break;
	default:
		return none;
	}
	if (!sp_distance(scope, row, cfa, &distance)) {
		if (row->cfa_is_expression || row->cfa_register != NP_CFI_RBP)
			return none;
		kind = NP_RULE_KIND_FP;
		distance = row->cfa_value;
	}
	if (distance < 8 || distance % 8 || distance / 8 > (int64_t)NP_RULE_CFA_WORDS_MAX)
		return none;
	return np_rule_make(kind, fp_words, (uint32_t)(distance / 8));
}

/* What a later walk must find unchanged to believe this frame unseen. */
static void note_checks(uint64_t rule, struct np_found *found)
{
	if (np_rule_kind(rule) != NP_RULE_KIND_OTHER) {
		found->check = NP_CHECK_NOTHING;
		found->fp_words = (uint8_t)np_rule_middle(rule);
		found->by_fp = np_rule_kind(rule) == NP_RULE_KIND_FP;
	} else if (np_rule_middle(rule) == NP_OTHER_DEREF) {
		found->check = (uint8_t)np_rule_low(rule);
	}
}

static enum np_step apply(struct np_walk *walk, const struct np_cfi_fde *fde,
			  const struct np_cfi_row *row, uint64_t *ret_rule,
			  struct np_found *found)
{
	struct np_cfi_scope scope = {
		.walk = walk, .fde = fde, .pc = walk->pc, .sp = walk->sp, .fp = walk->fp,
		.all_registers = true,
	};
	uintptr_t cfa, least, pc = 0, fp = walk->fp, sp;

	*ret_rule = np_rule_make(NP_RULE_KIND_OTHER, NP_OTHER_LONG, 0);
	if (rule_of(row, NP_CFI_RA) == NP_CFI_UNDEFINED) {
		*ret_rule = np_rule_make(NP_RULE_KIND_OTHER, NP_OTHER_ROOT, 0);
		return NP_STEP_ROOT;
	}
	if (!find_cfa(walk, &scope, row, found->module, &cfa))
		return NP_STEP_NO_RULE;
	*ret_rule = shorten(&scope, row, cfa);
	note_checks(*ret_rule, found);
	sp = cfa;
	if (saved_register(&scope, row, cfa, NP_CFI_RA, &pc) != SAVED_VALUE)
		return rule_of(row, NP_CFI_RA) == NP_CFI_UNSPECIFIED ? NP_STEP_NO_RULE
								     : NP_STEP_BAD_READ;
	if (rule_of(row, NP_CFI_RBP) != NP_CFI_UNDEFINED &&
	    saved_register(&scope, row, cfa, NP_CFI_RBP, &fp) == SAVED_UNKNOWN)
		return NP_STEP_BAD_READ;
	if (saved_register(&scope, row, cfa, NP_CFI_RSP, &sp) == SAVED_UNKNOWN)
		return NP_STEP_BAD_READ;
	/* A caller's frame is further out; but an interrupted one may have popped its address. */
	least = walk->sp + 8 * !walk->interrupted;
	walk->sp = sp;
	if (sp % 8 || !enter_caller_stack(walk, least))
		return NP_STEP_BAD_READ;
	if (rule_of(row, NP_CFI_RA) == NP_CFI_OFFSET)
		found->slot = cfa + (uintptr_t)(intptr_t)value_of(row, NP_CFI_RA);
	else
		found->slot = sp - 8;	/* what looking for saved registers needs: the CFA */
	walk->pc = pc;
	walk->fp = fp;
	walk->interrupted = false;
	return pc ? NP_STEP_CALLER : NP_STEP_ROOT;
}

enum np_step np_walk_step(struct np_walk *walk, struct np_found *found)
{
	uintptr_t location = walk->pc - !walk->interrupted;
	const struct np_module *module = np_module_find(walk->spool, location);
	struct np_cfi_fde fde;
	struct np_cfi_row row;
	enum np_step step;
	uint64_t rule;

	memset(found, 0, sizeof(*found));
	found->check = NP_CHECK_UNKNOWN;
	if (!module)
		return np_walk_guess(walk, NULL, found);
	found->module = np_load_relaxed(&module->index);
	if (!np_cfi_find(module, location, &fde))
		return np_walk_guess(walk, module, found);
	if (fde.signal_frame && np_walk_at_sigreturn(module, walk->pc)) {
		np_rule_keep(location, module->id,
			     np_rule_make(NP_RULE_KIND_OTHER, NP_OTHER_SIGNAL, 0));
		return np_walk_signal_frame(walk, found);
	}
	if (!np_cfi_row(&fde, location, &row))
		return NP_STEP_NO_RULE;
	step = apply(walk, &fde, &row, &rule, found);
	np_rule_keep(location, module->id, rule);
	/* An expression may depend on the location itself, as a PLT's does. */
	if (np_rule_kind(rule) != NP_RULE_KIND_OTHER && !row.cfa_is_expression && !fde.signal_frame)
		np_row_keep(location, row.start, row.end, module->id, rule);
	return step;
}
