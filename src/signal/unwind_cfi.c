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
#include "signal/cfi_rows.h"
#include "signal/cfi_store.h"
#include "signal/cfi_walk.h"

#define USER_ADDRESS_BITS 47

/* Where climb() is in the last stack. */
struct last {
	const struct np_frame *frames;
	uint32_t at;			/* outer end of what cannot match any more; 0 = nothing can */
};

/* Whether a walk from the caller of FRAME would find FRAME[-1] there: the words that lead to it are
 * stack, and what they were. */
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
	return !frame->fp_words || !caller->fp_matters || np_memory_u64(fp_at) == caller->fp;
}

/* Whether frames[0 .. AT) are what a walk from the caller of frames[AT] would find: returns AT, or
 * else, less than AT, the frame that has to be climbed over first.  Hot where stacks are deep: of
 * nearly all frames one word has to be compared. */
NP_HOT NP_NO_SANITIZE static uint32_t unchanged(const struct np_walk *walk,
						const struct np_frame *frames, uint32_t at)
{
	const struct np_frame *frame = &frames[at - 1];
	uintptr_t low = walk->low, span = walk->high - low - 8, slot, fp_at;

	for (; frame > frames; frame--) {
		slot = frame->slot;
		if (!frame->care) {
			if (slot - low > span || np_memory_u64(slot) != frame[-1].pc)
				break;
		} else if (__builtin_expect(frame->check == NP_CHECK_NOTHING, 1)) {
			fp_at = slot - 8 * frame->fp_words;
			if (slot - low > span || fp_at - low > span)
				break;
			/* Mostly neighbours; one jump for both. */
			if ((np_memory_u64(slot) ^ frame[-1].pc) | (np_memory_u64(fp_at) ^ frame[-1].fp))
				break;
		} else if (!leads_to_caller(walk, frame)) {
			break;
		}
	}
	/* A root by rule has no slot; one that found a 0 must find it again. */
	if (frame == frames &&
	    (frame->slot == 0 ||
	     (np_walk_readable(walk, frame->slot) && np_memory_u64(frame->slot) == 0)))
		return at;
	return (uint32_t)(frame - frames);
}

/* A way along the last stack, from its leaf outwards beside the frames that are climbed. */
struct trail {
	const struct np_frame *at;	/* the first whose slot may still come */
	const struct np_frame *least;	/* no further */
};

static const struct np_frame nothing[2] = { { .slot = UINTPTR_MAX }, { .slot = UINTPTR_MAX } };

static inline struct trail trail_of(const struct last *last)
{
	if (last->at == 0)
		return (struct trail){ &nothing[1], &nothing[1] };
	return (struct trail){ &last->frames[last->at], &last->frames[1] };
}

/* A frame returns through SLOT.  Where stacks differ that has to cost next to nothing: two frames
 * of the last one at a time, without a branch that depends on how large they were. */
static inline void follow(struct trail *trail, uintptr_t slot)
{
	uint32_t first = trail->at[0].slot < slot, second = trail->at[-1].slot < slot;

	trail->at -= first + (first & second);
	if (trail->at < trail->least)
		trail->at = trail->least;
}

/* The frame at hand returns through the slot of OLD, to PC with FP: is all that is outside it the
 * last stack? */
static inline bool meets(const struct np_walk *walk, struct last *last, const struct np_frame *old,
			 uintptr_t pc, uintptr_t fp)
{
	uint32_t at = (uint32_t)(old - last->frames);

	if (old[-1].pc != pc || (old[-1].fp != fp && old[-1].fp_matters) ||
	    old[-1].kind != NP_NODE_CALL)
		return false;
	last->at = unchanged(walk, last->frames, at);
	return last->at == at;
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
	struct trail trail;
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
	frame->by_fp = found.by_fp || found.check != NP_CHECK_NOTHING;
	walk->depth++;
	if (step != NP_STEP_CALLER) {
		last->at = 0;
		*ret_quality = quality_of(step);
		return true;
	}
	*ret_quality = NP_QUALITY_COMPLETE;
	if (walk->interrupted || walk->sp != found.slot + 8 || last->at == 0)
		return false;
	trail = trail_of(last);
	follow(&trail, found.slot);
	last->at = (uint32_t)(trail.at - last->frames);
	return trail.at->slot == found.slot && meets(walk, last, trail.at, walk->pc, walk->fp);
}

/* A realigned stack: the word at fp - 8 * WORDS is the CFA, and the caller's rbp is at fp.  Returns
 * the return slot, or 0 where that is no stack. */
NP_NO_SANITIZE static uintptr_t realigned_slot(const struct np_walk *walk, uintptr_t fp,
					       uint32_t words)
{
	if (!np_walk_readable(walk, fp) || !np_walk_readable(walk, fp - 8 * (uintptr_t)words))
		return 0;
	return np_memory_u64(fp - 8 * (uintptr_t)words) - 8;
}

#define NOTES_CALL ((uint64_t)NP_NODE_CALL << 16)
#define NOTES_LEAF ((uint64_t)NP_NODE_LEAF << 16)

/* Of np_frame.notes what a rule says: fp_words and by_fp. */
static inline uint64_t notes_of(uint64_t rule)
{
	return (rule & 0x7f000) << 12;
}

_Static_assert((NP_RULE_KIND_FP & 2) && !(NP_RULE_KIND_SP & 2), "a bit of the kind is by_fp");

/* How far rules from the cache lead. */
enum fast {
	FAST_MET,		/* all that is outside is the last stack's */
	FAST_ZERO,		/* to a return address of 0 */
	FAST_ROOT, FAST_BAD,	/* the frame at hand is the last, without a slot */
	FAST_SIGNAL, FAST_MISS,	/* the frame at hand needs climb_slowly() */
	FAST_FULL,
};

/* Where an uncommon rule finds the return address; UINTPTR_MAX if that is no stack.  *RET_FP_AT is
 * where the caller's rbp is. */
static inline uintptr_t uncommon_slot(const struct np_walk *walk, struct np_frame *frame,
				      uint64_t rule, uintptr_t sp, uintptr_t fp, uintptr_t *ret_fp_at)
{
	uintptr_t slot = fp + 8 * (uintptr_t)np_rule_low(rule) - 8;

	*ret_fp_at = slot - 8 * (uintptr_t)np_rule_middle(rule);
	if (np_rule_kind(rule) == NP_RULE_KIND_OTHER) {
		frame->fp_words = 0;
		frame->check = (uint8_t)np_rule_low(rule);
		slot = realigned_slot(walk, fp, np_rule_low(rule));
		*ret_fp_at = fp;
	}
	return slot < sp || slot % 8 ? UINTPTR_MAX : slot;
}

static enum fast end_of(uint64_t rule)
{
	return np_rule_middle(rule) == NP_OTHER_SIGNAL ? FAST_SIGNAL
	     : np_rule_middle(rule) == NP_OTHER_ROOT ? FAST_ROOT : FAST_MISS;
}

/* Frames by rules from the cache, for as long as there are such.  The way from one return address
 * to the next is a chain of loads; all else must fit beside it, so what changes from frame to frame
 * is in variables of its own, and WALK and LAST are brought up to date at the end. */
NP_NO_SANITIZE static inline enum fast climb_fast(struct np_walk *walk, struct last *last,
						   uint32_t generation)
{
	struct np_frame *const scratch = walk->stack->scratch, *frame = &scratch[walk->depth];
	struct trail trail = trail_of(last);
	uintptr_t pc = walk->pc, sp = walk->sp, fp = walk->fp, slot, fp_at, saved;
	const uintptr_t low = walk->low, top = walk->high - 8;
	uint64_t kind = walk->interrupted ? NOTES_LEAF : NOTES_CALL;
	uintptr_t back = !walk->interrupted;	/* to the call */
	enum fast result = FAST_FULL;

	if (sp % 8)			/* from here on no slot by sp is misaligned or below it */
		return FAST_MISS;
	for (; frame < &scratch[NP_DEPTH_MAX]; frame++, kind = NOTES_CALL, back = 1) {
		uint64_t rule = np_rule_find(pc - back);
		const struct np_module *module = &np_module_table[np_rule_module(rule)];

		/* No rule is of module 0, which is of no generation. */
		if (__builtin_expect(np_load_acquire(&module->generation) != generation, 0)) {
			result = FAST_MISS;
			break;
		}
		frame->pc = pc;
		frame->fp = fp;
		frame->notes = np_load_relaxed(&module->index) | kind | notes_of(rule);
		slot = sp + 8 * (uintptr_t)np_rule_low(rule) - 8;
		fp_at = slot - 8 * (uintptr_t)np_rule_middle(rule);
		/* A jump that is foreseen: after a conditional move the next load would wait. */
		if (__builtin_expect(np_rule_kind(rule) != NP_RULE_KIND_SP, 0)) {
			if (np_rule_kind(rule) == NP_RULE_KIND_OTHER &&
			    np_rule_middle(rule) != NP_OTHER_DEREF) {
				result = end_of(rule);
				break;
			}
			slot = uncommon_slot(walk, frame, rule, sp, fp, &fp_at);
		}
		if (__builtin_expect(slot > top || fp_at < low, 0)) {
			result = FAST_BAD;
			break;
		}
		pc = np_memory_u64(slot);
		saved = np_memory_u64(fp_at);
		fp = np_rule_middle(rule) ? saved : fp;
		frame->slot = slot;
		sp = slot + 8;
		if (__builtin_expect(pc == 0, 0)) {
			result = FAST_ZERO;
			break;
		}
		follow(&trail, slot);
		if (__builtin_expect(trail.at->slot == slot, 0)) {
			if (meets(walk, last, trail.at, pc, fp)) {
				result = FAST_MET;
				break;
			}
			trail = trail_of(last);
		}
	}
	walk->pc = pc;
	walk->sp = sp;
	walk->fp = fp;
	walk->interrupted = back == 0;
	walk->depth = (uint32_t)(frame - scratch);
	if (result != FAST_MET && last->at)
		last->at = (uint32_t)(trail.at - last->frames);
	return result;
}

/* No rule is kept for the frame at hand, but the tables' row in which it lies: then there is one. */
__attribute__((noinline)) static bool is_row_known(const struct np_walk *walk, uint32_t generation)
{
	uintptr_t location = walk->pc - !walk->interrupted;
	uint64_t rule = np_row_find(location);
	uint32_t module = np_rule_module(rule);

	if (!rule || np_load_acquire(&np_module_table[module].generation) != generation)
		return false;
	np_rule_keep(location, module, rule & 0x7ffff);
	return true;
}

/* Fill scratch from the leaf; last->at: how many outermost frames of the last stack still hold. */
static inline uint8_t climb(struct np_walk *walk, struct last *last, uint32_t generation)
{
	uint32_t beside = UINT32_MAX;	/* the last frame that took the rule of a location beside it */
	enum fast fast;
	uint8_t quality;

	while ((fast = climb_fast(walk, last, generation)) > FAST_BAD) {
		if (fast == FAST_FULL) {
			last->at = 0;
			return NP_QUALITY_TOO_DEEP;
		}
		if (fast == FAST_MISS && walk->depth != beside && is_row_known(walk, generation))
			beside = walk->depth;
		else if (climb_slowly(walk, last, fast == FAST_SIGNAL, &quality))
			return quality;
	}
	if (fast != FAST_MET)
		last->at = 0;
	if (fast >= FAST_ROOT) {
		walk->stack->scratch[walk->depth].slot = 0;
		walk->stack->scratch[walk->depth].fp_words = 0;
	}
	walk->depth++;
	return fast == FAST_BAD ? NP_QUALITY_BAD_READ : NP_QUALITY_COMPLETE;
}

static void walk_init(struct np_walk *walk, struct np_spool *spool, const ucontext_t *context,
		      const struct np_stack_range *range, struct np_stack *stack)
{
	const greg_t *registers = context->uc_mcontext.gregs;

	*walk = (struct np_walk){
		.spool = spool,
		.stack = stack,
		.depth = 0,		/* all fields: a few stores, and no memset() */
		.registers = registers,
		.known_frame = 0,
		.known_at = 0,
		.pc = (uintptr_t)registers[REG_RIP],
		.sp = (uintptr_t)registers[REG_RSP],
		.fp = (uintptr_t)registers[REG_RBP],
		.interrupted = true,
		.low = range->low,
		.high = range->high,
		.outer_low = range->outer_low,
		.outer_high = range->outer_high,
		.chain_checked = 0,
	};
}

/* Only the leaf can be told. */
NP_RARE static uint8_t leaf_alone(struct np_walk *walk)
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

/* From the beginning, without the last stack: both together are too deep. */
NP_RARE static uint8_t climb_alone(struct np_walk *walk, const ucontext_t *context,
				   const struct np_stack_range *range, struct last *last,
				   uint32_t generation)
{
	walk_init(walk, walk->spool, context, range, walk->stack);
	last->at = 0;
	return climb(walk, last, generation);
}

NP_HOT static uint32_t cfi_unwind(struct np_spool *spool, const ucontext_t *context,
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
	if (__builtin_expect(old_depth && stack->quality == NP_QUALITY_COMPLETE &&
			     stack->generation == generation, 1))
		last.at = old_depth - 1;
	if (__builtin_expect(walk.sp < walk.low || walk.sp >= walk.high ||
			     walk.high - walk.low < 8, 0)) {
		quality = leaf_alone(&walk);
		last.at = 0;
	} else {
		quality = climb(&walk, &last, generation);
		if (__builtin_expect(walk.depth + last.at > NP_DEPTH_MAX, 0))
			quality = climb_alone(&walk, context, range, &last, generation);
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
