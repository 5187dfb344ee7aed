/* SPDX-License-Identifier: MIT
 *
 * places.h - where the tools find the library and the spools.  Context: tools.
 */
#ifndef NP_TOOLS_PLACES_H
#define NP_TOOLS_PLACES_H

#include <stddef.h>

/* Absolute path of libneuroprof.so: beside the running tool as installed or as built.  Exits with
 * STATUS and one line when it is nowhere.  The result is the caller's to free. */
char *np_places_library(int status);

/* The directory for this user's spools, as the library chooses it (tmpfs first), made if missing,
 * private (0700).  OUT: where profiles go, the last resort.  NULL when none can be used; the result
 * is the caller's to free. */
char *np_places_spool_dir(const char *out);

/* Every directory in which this user's spools may lie; returns their number, at most MAX.  Each is
 * the caller's to free. */
size_t np_places_spool_dirs(char **ret_dirs, size_t max);

#endif
