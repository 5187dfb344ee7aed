/* SPDX-License-Identifier: MIT
 *
 * peek.h - one function, or several taken together, with those that call it and that it calls.
 *
 * Context: tools.  A stack counts once for a caller, however often that one calls the function in
 * it; likewise for a callee.  Callers and callees of a recursive function may therefore add up to
 * more than its total; those of any other add up exactly.
 */
#ifndef NP_ANALYZE_PEEK_H
#define NP_ANALYZE_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/collect.h"
#include "profile/tree.h"

/* A function by name and module, however it was seen. */
struct np_peek_name {
	uint32_t name, module;		/* string ids */
	enum np_kind kind;
};

struct np_peek_edge {
	struct np_peek_name other;
	bool is_self;			/* no callee: its own */
	bool is_root;			/* no caller: it is outermost, or below a thread */
	uint64_t value, samples, calls;
};

struct np_peek {
	struct np_sum sum;			/* of all that match, taken together */
	uint64_t recursive;			/* value of the stacks that hold it more than once */
	struct np_peek_edge *callers, *callees;	/* by value, largest first */
	size_t caller_count, callee_count;
};

/* Which functions: exactly WORD; else, when WORD is /RE/, those that it matches as an extended
 * regular expression; else those whose name contains WORD. */
struct np_peek_match {
	struct np_peek_name name;
	uint64_t total;
};

/* Returns 0, or -EINVAL with MESSAGE set when the expression is none.  *RET is to be freed, by
 * total, largest first; names that only differ in their module are several. */
int np_peek_find(const struct np_tree *tree, const char *word, struct np_peek_match **ret,
		 size_t *ret_count, char *message, size_t message_size);

/* Of the functions of COUNT MATCHES, taken together. */
void np_peek_init(struct np_peek *peek, const struct np_tree *tree,
		  const struct np_peek_match *matches, size_t count);
void np_peek_finish(struct np_peek *peek);

#endif
