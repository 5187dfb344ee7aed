/* SPDX-License-Identifier: MIT
 *
 * kind.h - whose code a function is, decided from the object it lies in or from its name.
 *
 * Context: tools.  One place, so that folding, reading and colouring agree.
 */
#ifndef NP_PROFILE_KIND_H
#define NP_PROFILE_KIND_H

#include <stdbool.h>

#include "profile/tree.h"

/* PATH: the mapping's file as the profile gives it; NULL or "" = no mapping (UNKNOWN).
 * IS_MAIN: it is the profiled program itself (in a pprof file: the first mapping). */
enum np_kind np_kind_of_module(const char *path, bool is_main);

/* Is NAME one of our markers, "[startup]" or "[truncated: ...]"?  Other names in brackets
 * ("[unknown]", "[vdso]", a thread's "[name tid=1]") are not. */
bool np_kind_is_marker(const char *name);

#endif
