/* SPDX-License-Identifier: MIT
 *
 * unwind_cfi.c - our own unwinder: rules from .eh_frame, kept by program counter, and the part of
 * the thread's last stack that is still there taken over unseen.
 *
 * Context: signal handler.  No lock, no allocation, no system call once a module is known.  About
 * 0.5 KiB of stack where all rules are in the cache, 1.4 KiB where one must be read, 1.8 KiB where a
 * register has to be looked for in the frames below.
 *
 * When is the outer part of the last stack still the present one?  A frame's rule is chosen by its
 * pc and says how to get its return slot from sp or rbp.  So if a frame has the pc, sp and rbp that
 * it had, its return slot is where it was; if the word there is the same, too, and the word from
 * which the caller's rbp comes, then the caller has the pc, sp and rbp that it had, and so on.
 * climb() goes up from the leaf by the rules until it meets the last stack in such a state;
 * unchanged() then compares two words a frame, with no rule and no look-up.  What a frame depends
 * on besides is noted in np_frame.check, and a frame of which that is not known is climbed over by
 * its rule each time.  docs/unwinder.md has the whole argument.
 */
#include "signal/cfi_cache.h"
#include "signal/cfi_memory.h"
#include "signal/cfi_store.h"
#include "signal/cfi_walk.h"

#define USER_ADDRESS_BITS 47

/* Where climb() is in the last stack. */
struct last {
	const struct np_frame *frames;
	uint32_t at;			/* outer end of what cannot match any more; 0 = nothing can */
};

/* Whether a walk from the caller of FRAME would find FRAME[-1] there: the two or three words that
 * lead to it are stack, and what they were. */
NP_NO_SANITIZE static bool leads_to_caller(const struct np_walk *walk, const struct np_frame *frame)
{
	const struct np_frame *caller = frame - 1;
	uintptr_t fp_at = frame->slot - 8 * frame->fp_words, cfa_at;

	if (frame->check == NP_CHECK_UNKNOWN || !np_walk_readable(walk, frame->slot) ||
	    fp_at < walk->low || np_memory_u64(frame->slot) != caller->pc)
		return false;
	if (frame->check) {
		cfa_at = frame->fp - 8 * frame->check;
		return np_walk_readable(walk, cfa_at) && np_walk_readable(walk, frame->fp) &&
		       np_memory_u64(cfa_at) == frame->slot + 8 &&
		       np_memory_u64(frame->fp) == caller->fp;
	}
	return frame->fp_words == 0 || np_memory_u64(fp_at) == caller->fp;
}

/* Whether frames[0 .. at) are what a walk from the caller of frames[at] would find.  On failure
 * at becomes the frame that has to be climbed over first.  Hot where stacks are deep: nearly all
 * frames need two compares, which are done without a branch between them; a frame whose saved rbp
 * could lie below the stack, or that has more to check, is looked at the careful way. */
NP_NO_SANITIZE static bool unchanged(const struct np_walk *walk, struct last *last)
{
	const struct np_frame *frame = &last->frames[last->at - 1];
	uintptr_t low = walk->low + 8 * NP_RULE_FP_WORDS_MAX, span = walk->high - 8 - low;
	uintptr_t differs, expected;

	if (walk->high < low + 8)
		span = 0, low = UINTPTR_MAX;	/* all of them the careful way */
	for (; frame > last->frames; frame--) {
		if (__builtin_expect(frame->slot - low > span || frame->check, 0)) {
			if (leads_to_caller(walk, frame))
				continue;
			break;
		}
		/* Without a saved rbp the second compare is the first one again. */
		expected = frame->fp_words ? frame[-1].fp : frame[-1].pc;
		differs = np_memory_u64(frame->slot) ^ frame[-1].pc;
		differs |= np_memory_u64(frame->slot - 8 * frame->fp_words) ^ expected;
		if (__builtin_expect(differs != 0, 0))
			break;
	}
	/* A root by rule has no slot; one that found a 0 must find it again. */
	if (frame == last->frames &&
	    (frame->slot == 0 ||
	     (np_walk_readable(walk, frame->slot) && np_memory_u64(frame->slot) == 0)))
		return true;
	last->at = (uint32_t)(frame - last->frames);
	return false;
}

/* The frame at hand returns through SLOT to PC with FP: is all that is outside it the last stack?
 * Where no frame is, that has to cost next to nothing: the last stack is followed two frames at a
 * time, without a branch that depends on how large its frames were. */
static inline bool meets(const struct np_walk *walk, struct last *last, uintptr_t slot,
			 uintptr_t pc, uintptr_t fp)
{
	uint32_t at = last->at, left = at > 0;
	const struct np_frame *frame = &last->frames[at];
	uint32_t first = frame[0].slot < slot, second = (frame - left)->slot < slot;

	at -= left & first;
	at -= (at > 0) & first & second;
	last->at = at;
	frame = &last->frames[at];
	return __builtin_expect(frame->slot == slot, 0) && at > 0 && frame[-1].pc == pc &&
	       frame[-1].fp == fp && frame[-1].kind == NP_NODE_CALL && unchanged(walk, last);
}

static uint8_t quality_of(enum np_step step)
{
	return step == NP_STEP_ROOT ? NP_QUALITY_COMPLETE
	     : step == NP_STEP_NO_RULE ? NP_QUALITY_NO_RULE : NP_QUALITY_BAD_READ;
}

/* One frame the careful way.  Returns true if the walk ends here, with quality and LAST set. */
__attribute__((noinline)) static bool climb_slowly(struct np_walk *walk, struct last *last,
						   bool at_signal_frame, uint8_t *ret_quality)
{
	struct np_frame *frame = &walk->stack->scratch[walk->depth];
	bool interrupted = walk->interrupted;
	struct np_found found = { 0 };
	enum np_step step;

	frame->pc = walk->pc;
	frame->fp = walk->fp;
	if (at_signal_frame) {
		found.module = frame->module;
		step = np_walk_signal_frame(walk, &found);
	} else {
		step = np_walk_step(walk, &found);
	}
	frame->slot = found.slot;
	frame->module = found.module;
	frame->kind = interrupted || found.trampoline ? NP_NODE_LEAF : NP_NODE_CALL;
	frame->fp_words = found.fp_words;
	frame->check = found.check;
	walk->depth++;
	if (step != NP_STEP_CALLER) {
		last->at = 0;
		*ret_quality = quality_of(step);
		return true;
	}
	*ret_quality = NP_QUALITY_COMPLETE;
	return !walk->interrupted && walk->sp == found.slot + 8 &&
	       meets(walk, last, found.slot, walk->pc, walk->fp);
}

enum fast { FAST_CALLER, FAST_MET, FAST_END, FAST_SIGNAL, FAST_MISS };

/* One frame by a rule from the cache, for as long as there are such.  Inlined: the frame at hand
 * lives in registers meanwhile. */
NP_NO_SANITIZE static inline enum fast climb_fast(struct np_walk *walk, struct last *last,
						  uint32_t generation, uint8_t *ret_quality)
{
	struct np_frame *frame = &walk->stack->scratch[walk->depth];
	uint64_t rule = np_rule_find(walk->pc - !walk->interrupted);
	const struct np_module *module = &np_module_table[np_rule_module(rule)];
	uint32_t kind = np_rule_kind(rule), middle = np_rule_middle(rule), low = np_rule_low(rule);
	uintptr_t slot, pc, fp_at, fp = walk->fp;

	if (__builtin_expect(rule == 0 || np_load_acquire(&module->generation) != generation, 0))
		return FAST_MISS;
	frame->pc = walk->pc;
	frame->fp = walk->fp;
	frame->module = np_load_relaxed(&module->index);
	frame->kind = walk->interrupted ? NP_NODE_LEAF : NP_NODE_CALL;
	frame->fp_words = 0;
	frame->check = NP_CHECK_NOTHING;
	if (__builtin_expect(kind == NP_RULE_KIND_OTHER, 0)) {
		if (middle == NP_OTHER_SIGNAL)
			return FAST_SIGNAL;
		if (middle == NP_OTHER_LONG)
			return FAST_MISS;
		if (middle == NP_OTHER_ROOT) {
			frame->slot = 0;
			walk->depth++;
			*ret_quality = NP_QUALITY_COMPLETE;
			last->at = 0;
			return FAST_END;
		}
		frame->check = (uint8_t)low;
		if (!np_walk_readable(walk, fp) || !np_walk_readable(walk, fp - 8 * (uintptr_t)low))
			goto bad_read;
		slot = np_memory_u64(fp - 8 * (uintptr_t)low) - 8;
		fp_at = fp;
		middle = 1;
	} else {
		slot = (kind == NP_RULE_KIND_SP ? walk->sp : fp) + 8 * (uintptr_t)low - 8;
		fp_at = slot - 8 * (uintptr_t)middle;
		frame->fp_words = (uint8_t)middle;
	}
	if (__builtin_expect(slot < walk->sp || slot > walk->high - 8 || slot % 8 ||
			     fp_at < walk->low, 0))
		goto bad_read;
	pc = np_memory_u64(slot);
	if (middle)
		fp = np_memory_u64(fp_at);
	frame->slot = slot;
	walk->depth++;
	walk->interrupted = false;
	if (__builtin_expect(pc == 0, 0)) {
		*ret_quality = NP_QUALITY_COMPLETE;
		last->at = 0;
		return FAST_END;
	}
	walk->pc = pc;
	walk->sp = slot + 8;
	walk->fp = fp;
	return meets(walk, last, slot, pc, fp) ? FAST_MET : FAST_CALLER;
bad_read:
	frame->slot = 0;
	walk->depth++;
	*ret_quality = NP_QUALITY_BAD_READ;
	last->at = 0;
	return FAST_END;
}

/* Fill scratch from the leaf; last->at: how many outermost frames of the last stack still hold. */
static uint8_t climb(struct np_walk *given, struct last *given_last)
{
	struct np_walk walk = *given;	/* not seen from outside: kept in registers */
	struct last last = *given_last;
	uint32_t generation = np_modules_generation();
	uint8_t quality = NP_QUALITY_COMPLETE;

	while (walk.depth < NP_DEPTH_MAX) {
		enum fast fast = climb_fast(&walk, &last, generation, &quality);

		if (__builtin_expect(fast == FAST_CALLER, 1))
			continue;
		if (fast == FAST_MET || fast == FAST_END)
			goto out;
		*given = walk;
		*given_last = last;
		if (climb_slowly(given, given_last, fast == FAST_SIGNAL, &quality))
			return quality;
		walk = *given;
		last = *given_last;
	}
	last.at = 0;
	quality = NP_QUALITY_TOO_DEEP;
out:
	given->depth = walk.depth;
	given_last->at = last.at;
	return quality;
}

static void walk_init(struct np_walk *walk, struct np_spool *spool, const ucontext_t *context,
		      const struct np_stack_range *range, struct np_stack *stack)
{
	const greg_t *registers = context->uc_mcontext.gregs;

	*walk = (struct np_walk){
		.spool = spool,
		.stack = stack,
		.registers = registers,
		.pc = (uintptr_t)registers[REG_RIP],
		.sp = (uintptr_t)registers[REG_RSP],
		.fp = (uintptr_t)registers[REG_RBP],
		.interrupted = true,
		.low = range->low,
		.high = range->high,
		.outer_low = range->outer_low,
		.outer_high = range->outer_high,
	};
}

/* Only the leaf can be told. */
static uint8_t leaf_alone(struct np_walk *walk)
{
	const struct np_module *module = np_module_find(walk->spool, walk->pc);

	walk->stack->scratch[0] = (struct np_frame){
		.pc = walk->pc,
		.fp = walk->fp,
		.module = module ? np_load_relaxed(&module->index) : 0,
		.kind = NP_NODE_LEAF,
		.check = NP_CHECK_UNKNOWN,
	};
	walk->depth = 1;
	return NP_QUALITY_FOREIGN_STACK;
}

static uint32_t cfi_unwind(struct np_spool *spool, const ucontext_t *context,
			   const struct np_stack_range *range, struct np_stack *stack,
			   bool *ret_same_activation)
{
	uint32_t generation = np_modules_generation();
	uint32_t old_depth = stack->backend == NP_UNWINDER_CFI ? stack->depth : 0;
	struct last last = { .frames = stack->frames };
	struct np_walk walk;
	uint8_t quality;

	walk_init(&walk, spool, context, range, stack);
	/* Only a whole stack ends where any other walk would end, too. */
	if (old_depth && stack->quality == NP_QUALITY_COMPLETE && stack->generation == generation)
		last.at = old_depth - 1;
	if (walk.sp < walk.low || walk.sp >= walk.high || walk.high - walk.low < 8) {
		quality = leaf_alone(&walk);
		last.at = 0;
	} else {
		quality = climb(&walk, &last);
		if (walk.depth + last.at > NP_DEPTH_MAX) {	/* keep the innermost frames */
			walk_init(&walk, spool, context, range, stack);
			last.at = 0;
			quality = climb(&walk, &last);
		}
	}
	stack->quality = quality;
	stack->generation = generation;
	stack->backend = NP_UNWINDER_CFI;
	return np_stack_store(stack, old_depth, last.at, walk.depth, ret_same_activation);
}

const struct np_unwinder np_unwinder_cfi = {
	.kind = NP_UNWINDER_CFI,
	.name = "cfi",
	.tracks_activations = true,
	.unwind = cfi_unwind,
};
