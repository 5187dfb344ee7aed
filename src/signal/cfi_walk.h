/* SPDX-License-Identifier: MIT
 *
 * cfi_walk.h - the state of one unwinding, and the careful way from a frame to its caller.
 *
 * Context: signal handler.  unwind_cfi.c walks; it takes the short way through the rule cache and
 * comes here for a program counter that it has not met, or whose rule is too long for the cache.
 */
#ifndef NP_SIGNAL_CFI_WALK_H
#define NP_SIGNAL_CFI_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "signal/cfi_table.h"
#include "signal/unwind.h"

/* np_frame.check: what the frame's CFA depends on besides pc, sp and fp.  1 to NP_CHECK_DEREF_MAX:
 * on the word at fp - 8 * check (a realigned stack). */
#define NP_CHECK_NOTHING   0u
#define NP_CHECK_DEREF_MAX 254u
#define NP_CHECK_UNKNOWN   255u		/* registers or memory that nobody noted: never re-used */

enum np_step {
	NP_STEP_CALLER,			/* there is one */
	NP_STEP_ROOT,			/* the rules say that nothing called this */
	NP_STEP_NO_RULE,
	NP_STEP_BAD_READ,
};

struct np_walk {
	struct np_spool *spool;
	struct np_stack *stack;		/* scratch[0 .. depth) are done, leaf first */
	uint32_t depth;
	const greg_t *registers;	/* of the interrupted thread */

	/* The youngest frame whose registers are all known: the leaf, or one below a signal frame. */
	uint32_t known_frame;		/* its index in scratch */
	uintptr_t known_at;		/* where its gregs are on the stack; 0 = `registers` */

	/* The frame at hand, not yet in scratch. */
	uintptr_t pc, sp, fp;
	bool interrupted;		/* pc is an instruction, not a return address */

	uintptr_t low, high;		/* stack that may be read */
	uintptr_t outer_low, outer_high;	/* where a signal stack's frames go on; 0 = nowhere */
	uintptr_t chain_checked;	/* frame pointers up to here are known to lead somewhere */
};

/* What np_walk_step() found out about the frame at hand. */
struct np_found {
	uintptr_t slot;			/* 0 = no return address */
	uint16_t module;		/* spool index */
	uint8_t fp_words, check;
	bool by_fp;			/* found from rbp */
	bool trampoline;		/* pc is exact although a return led to it */
};

/* Step WALK from the frame at hand to its caller: pc, sp, fp, interrupted and the known frame are
 * the caller's afterwards.  FOUND is about the frame that was left, also when there is no caller.
 * Keeps a short enough rule in the cache. */
enum np_step np_walk_step(struct np_walk *walk, struct np_found *ret_found);

/* For code without rules: guess from the code and the stack, and take a guess only if it checks
 * out.  FOUND->module is the caller's to fill. */
enum np_step np_walk_guess(struct np_walk *walk, const struct np_module *module,
			   struct np_found *ret_found);

/* Step over a signal frame whose ucontext begins at walk->sp. */
enum np_step np_walk_signal_frame(struct np_walk *walk, struct np_found *ret_found);

/* Whether LOCATION holds the system call that returns from a signal. */
bool np_walk_at_sigreturn(const struct np_module *module, uintptr_t location);

/* A register of the frame at hand, by its DWARF number; looks through the frames below it for the
 * place where a callee saved it.  False: not known. */
bool np_walk_register(const struct np_walk *walk, uint64_t number, uintptr_t *ret_value);

/* ADDRESS .. ADDRESS + 8 is stack. */
static inline bool np_walk_readable(const struct np_walk *walk, uintptr_t address)
{
	return address >= walk->low && address < walk->high && walk->high - address >= 8;
}

/* What an expression may see. */
struct np_cfi_scope {
	const struct np_walk *walk;
	const struct np_cfi_fde *fde;
	uintptr_t pc, sp, fp;		/* of the frame it belongs to */
	bool all_registers;		/* the frame is the one at hand: ask np_walk_register() */
	/* Out: what the result was made from. */
	bool read_memory, used_others;	/* others: registers besides sp and pc */
};

/* Evaluate the expression that a row names by VALUE; PUSHED (the CFA) is on the stack first if
 * HAS_PUSHED.  False: damaged, or something in it cannot be known. */
bool np_cfi_evaluate(struct np_cfi_scope *scope, int32_t value, bool has_pushed,
		     uintptr_t pushed, uintptr_t *ret_result);

#endif
