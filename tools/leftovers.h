/* SPDX-License-Identifier: MIT
 *
 * leftovers.h - spools that nobody came for are not kept for ever.
 *
 * Context: tools.
 */
#ifndef NP_TOOLS_LEFTOVERS_H
#define NP_TOOLS_LEFTOVERS_H

#define NP_LEFTOVERS_DAYS 7

/* Mark spools in DIRECTORY whose process is gone, and remove those that were marked at least
 * NP_LEFTOVERS_DAYS ago; `neuroprof recover` had that long to save them.  Nothing is said: what is
 * not ours or cannot be looked at stays. */
void np_leftovers_clean(const char *directory);

#endif
