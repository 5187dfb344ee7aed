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
 * no comment.  ';' '\\' and LF in names are escaped as "\;" "\\\\" "\n".  An inlined function ends
 * in "_[i]" and a kernel one in "_[k]" when ANNOTATE is true.
 * Returns 0 or -errno of the first failed write. */
int np_folded_write(const struct np_tree *tree, FILE *to, bool annotate);

#endif
