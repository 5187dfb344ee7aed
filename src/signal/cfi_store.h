/* SPDX-License-Identifier: MIT
 *
 * cfi_store.h - the end of an unwinding: new frames over old ones, and how many are the same.
 *
 * Context: signal handler.
 */
#ifndef NP_SIGNAL_CFI_STORE_H
#define NP_SIGNAL_CFI_STORE_H

#include <string.h>

#include "signal/unwind.h"

static inline bool np_frame_same(const struct np_frame *a, const struct np_frame *b)
{
	return a->pc == b->pc && a->slot == b->slot && a->module == b->module && a->kind == b->kind;
}

/* The new stack is frames[0 .. KEPT) as they are, and scratch[0 .. FRESH), leaf first, on top.
 * OLD_DEPTH frames are left from the stack before.  Returns what np_unwind_fn returns. */
static inline uint32_t np_stack_store(struct np_stack *stack, uint32_t old_depth, uint32_t kept,
				      uint32_t fresh, bool *ret_same_activation)
{
	uint32_t depth = kept + fresh, common = depth < old_depth ? depth : old_depth;
	const struct np_frame *from = &stack->scratch[fresh];	/* one past the outermost */
	uint32_t same = kept;
	bool matters;

	while (same < common && np_frame_same(&stack->frames[same], from - 1 - (same - kept)))
		same++;
	from -= same - kept;
	*ret_same_activation = same < common && stack->frames[same].slot == from[-1].slot &&
			       from[-1].slot != 0;
	/* The same frames, too: what the backend noted about them may have changed. */
	from = &stack->scratch[fresh];
	matters = kept > 0 && stack->frames[kept - 1].fp_matters;
	for (uint32_t i = kept; i < depth; i++) {
		struct np_frame *to = &stack->frames[i];

		*to = *--from;
		to->care = from->check != 0 || (from->fp_words && matters);
		to->fp_matters = matters = from->by_fp || (!from->fp_words && matters);
	}
	stack->depth = depth;
	return same;
}

#endif
