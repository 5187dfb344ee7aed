/* SPDX-License-Identifier: MIT
 *
 * folded_frame.h - one frame of a folded line: bytes in the file <-> name, kind, inlined.
 *
 * Context: tools.  Both directions in one place, because each must undo the other:
 *
 *	"\;" "\\"	';' and '\'
 *	"\xHH"		a byte that would be lost or misread where it stands: LF, CR, a blank at
 *			either end, '#' or the first byte of a byte order mark or of gzip at the
 *			start, the '[' of a name that ends like an annotation.  HH is lower case;
 *			no other byte.
 *	"(empty)"	no name at all
 *	_[k] _[j] _[i]	at the end: kernel, JIT, inlined; _[0] and _[1] are read as _[j]
 *
 * A frame with a backslash that starts none of these comes from elsewhere (PHP's "App\Foo") and
 * is taken as it is.
 */
#ifndef NP_PROFILE_FOLDED_FRAME_H
#define NP_PROFILE_FOLDED_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/tree.h"

#define NP_FOLDED_EMPTY "(empty)"

/* The most that np_folded_escape() may write for a name of LENGTH bytes. */
#define NP_FOLDED_ESCAPED_MAX(length) ((length) * 4 + sizeof("(empty)_[k]_[i]"))

/* Returns the bytes written to TO; no NUL. */
size_t np_folded_escape(char *to, const char *name, enum np_kind kind, bool inlined,
			bool annotate);

/* Parse a frame's bytes [FROM, FROM + LENGTH) and intern what they mean; SCRATCH has room for
 * LENGTH bytes.  Returns the function's id in TREE. */
uint32_t np_folded_function(struct np_tree *tree, const char *from, size_t length, char *scratch);

#endif
