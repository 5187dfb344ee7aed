/* SPDX-License-Identifier: MIT
 *
 * unwind.h - the one interface of all unwinders: registers in, frames out.
 *
 * Context: signal handler, on the interrupted thread, with all signals blocked.  A backend never
 * locks, allocates, or reads memory outside the stack range it is given and the mapped modules.
 */
#ifndef NP_SIGNAL_UNWIND_H
#define NP_SIGNAL_UNWIND_H

#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

#include "spool/layout.h"
#include "spool/writer.h"

#define NP_DEPTH_MAX 1024u

struct np_frame {
	uintptr_t pc;			/* return address, or the interrupted instruction */
	uintptr_t slot;			/* where this frame's own return address is stored; 0 = nowhere (root) */
	uintptr_t fp;			/* the backend's: rbp in this frame */
	union {
		struct {
			uint16_t module;	/* spool index; 0 = none */
			uint8_t kind;		/* NP_NODE_LEAF or NP_NODE_CALL */
			uint8_t fp_words : 5;	/* the backend's: the caller's rbp is at slot - 8 * this;
						 * 0 = same */
			uint8_t : 1;
			uint8_t by_fp : 1;	/* the backend's: its CFA depends on rbp */
			uint8_t check;		/* the backend's: what else its CFA depends on */
			bool fp_matters;	/* the way out from here depends on rbp: by_fp of this
						 * frame, or of one that finds rbp as it is here */
			bool care;		/* more than the slot leads to the caller */
		};
		uint64_t notes;		/* all of them, to be stored and copied at once */
	};
};

/* A thread's stack as last seen, root first: the unchanged part keeps its place and its nodes. */
struct np_stack {
	uint32_t depth;			/* valid frames; 0 = none yet */
	uint32_t generation;		/* np_modules_generation() it was taken under */
	uint8_t quality;		/* enum np_quality */
	uint8_t backend;		/* who took it: only the same backend may re-use it */
	/* [0] is the outermost.  Two to a cache line. */
	struct np_frame frames[NP_DEPTH_MAX] __attribute__((aligned(64)));
	uint32_t nodes[NP_DEPTH_MAX];	/* spool node of frames[0..i]; kept by the handler */
	struct np_frame scratch[NP_DEPTH_MAX];	/* the backend's, leaf first */
};

/* Memory that may be read as stack: [low, high).  When that is a signal stack, [outer_low,
 * outer_high) is the thread's own, on which the handler's signal frame goes on; 0, 0 = none. */
struct np_stack_range {
	uintptr_t low, high;
	uintptr_t outer_low, outer_high;
};

/*
 * Unwind from UC into STACK (depth, quality, frames).  Returns how many outermost frames are the
 * same as in the stack before (same slot, same pc, same module): nodes[0 .. returned) are still
 * right.  *RET_SAME_ACTIVATION: frame [returned], too, is the activation that was there before
 * (its return slot and everything outside it are unchanged) and has only moved on to another pc.
 * There is always at least one frame, the leaf.  A stack deeper than NP_DEPTH_MAX keeps its
 * innermost frames and is NP_QUALITY_TOO_DEEP.
 */
typedef uint32_t np_unwind_fn(struct np_spool *spool, const ucontext_t *uc,
			      const struct np_stack_range *range, struct np_stack *stack,
			      bool *ret_same_activation);

struct np_unwinder {
	enum np_unwinder_kind kind;
	const char *name;
	bool tracks_activations;	/* its return value may be used to count calls */
	np_unwind_fn *unwind;
};

extern const struct np_unwinder np_unwinder_fp;
extern const struct np_unwinder np_unwinder_cfi;
extern const struct np_unwinder np_unwinder_libunwind;

#endif
