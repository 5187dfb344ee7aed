/* SPDX-License-Identifier: MIT
 *
 * unwind_fp.c - the frame-pointer backend: a chain of rbp, for programs built to have one.
 *
 * Context: signal handler.  Two loads a frame, no tables.  It cannot know whether the interrupted
 * function has set up its frame yet, so its caller is missing now and then, and code that uses rbp
 * for something else ends or bends the chain: the quality is then NP_QUALITY_NO_RULE.  Activations
 * are therefore not counted.
 */
#include "signal/cfi_memory.h"
#include "signal/cfi_store.h"
#include "signal/modules.h"
#include "signal/unwind.h"

#include "base/atomic.h"

struct finder {				/* neighbours are often of one module */
	struct np_spool *spool;
	uintptr_t start, end;
	uint16_t index;
};

/* The spool index of the module around LOCATION; false if there is none. */
static bool find_module(struct finder *finder, uintptr_t location, uint16_t *ret_index)
{
	const struct np_module *module;

	if (location - finder->start < finder->end - finder->start) {
		*ret_index = finder->index;
		return true;
	}
	*ret_index = 0;
	module = np_module_find(finder->spool, location);
	if (!module)
		return false;
	finder->start = module->start;
	finder->end = module->end;
	finder->index = *ret_index = np_load_relaxed(&module->index);
	return true;
}

static bool is_frame(const struct np_stack_range *range, uintptr_t fp, uintptr_t above)
{
	return fp % 8 == 0 && fp >= above && fp >= range->low && fp < range->high &&
	       range->high - fp >= 16;
}

static uint32_t fp_unwind(struct np_spool *spool, const ucontext_t *context,
			  const struct np_stack_range *range, struct np_stack *stack,
			  bool *ret_same_activation)
{
	uint32_t old_depth = stack->backend == NP_UNWINDER_FP ? stack->depth : 0;
	uintptr_t pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
	uintptr_t fp = (uintptr_t)context->uc_mcontext.gregs[REG_RBP];
	uintptr_t above = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
	struct finder finder = { .spool = spool };
	bool known = true, on_stack = range->low < range->high;
	uint32_t depth = 0;

	for (stack->quality = NP_QUALITY_TOO_DEEP; depth < NP_DEPTH_MAX; depth++) {
		struct np_frame *frame = &stack->scratch[depth];

		frame->pc = pc;
		frame->fp = fp;
		frame->slot = 0;
		frame->kind = depth ? NP_NODE_CALL : NP_NODE_LEAF;
		known = find_module(&finder, pc - (depth > 0), &frame->module);
		if (fp == 0 || !is_frame(range, fp, above)) {
			/* Entry code clears rbp; anything else is a chain that was cut or bent. */
			stack->quality = !on_stack ? NP_QUALITY_FOREIGN_STACK
				       : fp == 0 && known ? NP_QUALITY_COMPLETE : NP_QUALITY_NO_RULE;
			depth++;
			break;
		}
		pc = np_memory_u64(fp + 8);
		if (pc == 0) {
			stack->quality = NP_QUALITY_COMPLETE;
			depth++;
			break;
		}
		frame->slot = fp + 8;
		above = fp + 16;
		fp = np_memory_u64(fp);
	}
	stack->generation = np_modules_generation();
	stack->backend = NP_UNWINDER_FP;
	return np_stack_store(stack, old_depth, 0, depth, ret_same_activation);
}

const struct np_unwinder np_unwinder_fp = {
	.kind = NP_UNWINDER_FP,
	.name = "fp",
	.tracks_activations = false,
	.unwind = fp_unwind,
};
