/* SPDX-License-Identifier: MIT
 *
 * folded_dialect.h - frames of other tools that have a file and a line in them.
 *
 * Context: tools, for folded_rules.c.
 *
 *	pyspy		fn (file.py:12)			py-spy, and what follows its raw format
 *	austin, tachyon	file.py:fn:12
 *	perf		fn:file.c:12			stackcollapse-perf.pl --srcline
 *	ap		fn:12				async-profiler with lines
 *	bcc		fn				no file; nothing is split
 *	auto		the first three, told apart by which part ends like a source file
 */
#ifndef NP_PROFILE_FOLDED_DIALECT_H
#define NP_PROFILE_FOLDED_DIALECT_H

#include <stdbool.h>

#include "profile/read.h"

/* Split FUNCTION's name into name, file and, if LINES, the line that was executed; one that has
 * another form stays as it is. */
void np_folded_dialect(struct np_tree *tree, enum np_dialect dialect, bool lines,
		       struct np_function *function);

/* By its name, or NP_DIALECT_NONE when there is none of that name. */
enum np_dialect np_folded_dialect_named(const char *name);

#endif
