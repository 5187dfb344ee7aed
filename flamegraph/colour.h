/* SPDX-License-Identifier: MIT
 *
 * colour.h - which colour class of assets/flame.css a function gets.
 *
 * Context: tools.  Hue says whose code it is, a small shift of the hue the module, a small shift
 * of the strength the function: the same function looks the same in every picture.
 */
#ifndef NP_FLAMEGRAPH_COLOUR_H
#define NP_FLAMEGRAPH_COLOUR_H

#include <stdbool.h>
#include <stdint.h>

#include "profile/tree.h"

enum np_colour {
	NP_COLOUR_OWN = 0,
	NP_COLOUR_INLINED,
	NP_COLOUR_LIBRARY,
	NP_COLOUR_RUNTIME,
	NP_COLOUR_KERNEL,
	NP_COLOUR_JIT,
	NP_COLOUR_UNKNOWN,
	NP_COLOUR_THREAD,	/* processes and threads */
	NP_COLOUR_MARKER,
	NP_COLOUR_MAX
};

enum np_colour np_colour_of(const struct np_function *function);

const char *np_colour_class(enum np_colour colour);	/* "ko", … */
const char *np_colour_label(enum np_colour colour);	/* "own code", …, for the legend */

/* Does the tree say whose code anything is?  If not, all is drawn in the colours of own code. */
bool np_colour_is_known(const struct np_tree *tree);

/* A hash that is the same everywhere and always. */
uint32_t np_colour_hash(const char *text);

#endif
