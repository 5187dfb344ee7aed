/* SPDX-License-Identifier: MIT
 *
 * folded.h - collapsed stacks: one line a stack, root first, frames joined by ';', one integer.
 *
 * Context: tools.  Reader: untrusted input, fuzzed by tests/fuzz/fuzz_folded.c.
 */
#ifndef NP_PROFILE_FOLDED_H
#define NP_PROFILE_FOLDED_H

#include <stdio.h>

#include "profile/tree.h"

/* Write TREE canonically: only nodes with self > 0, byte-sorted by frame vector, LF, no header,
 * no comment.  ';' and '\\' in names are escaped as "\;" "\\\\", LF and the few other bytes that
 * would not come back as "\xHH" (folded_frame.h).  When ANNOTATE is true a kernel function ends in
 * "_[k]", a JIT one in "_[j]", an inlined one in "_[i]".  Functions that differ only in what the text
 * does not show (module, kind) are one frame.  Values are integers: with np_tree_meta.decimals
 * they count its smallest unit.
 * Returns 0 or -errno of the first failed write; TO is flushed. */
int np_folded_write(const struct np_tree *tree, FILE *to, bool annotate);

#endif
