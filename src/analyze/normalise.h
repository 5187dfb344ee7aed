/* SPDX-License-Identifier: MIT
 *
 * normalise.h - names that differ between two builds or two runs, made the same.
 *
 * Context: tools.  Before two profiles are compared, each name loses what a compiler or a run put
 * there and nobody wrote:
 *
 *	f.part.0  f.isra.1  f.constprop.2  f.cold  f.lto_priv.3  f.llvm.4  f(int) [clone .part.0]
 *	Rust's f::h0123456789abcdef
 *	numbers of lambdas and closures: {lambda(int)#2}  f$_3  {closure#1}  $$Lambda$14/0x8a
 *	bare addresses: 0x7f0012 becomes 0x*; "libx.so+0x4a0" stays, for it names a function of a
 *	build and is the same in every run of it
 *	" tid=7"  " (pid 7)"  "comm-7/8"  of threads and processes
 *
 * and then what the user's map says: a file with one "REGEX => REPLACEMENT" per line (POSIX
 * extended; every match is replaced; '#' begins a comment line).
 */
#ifndef NP_ANALYZE_NORMALISE_H
#define NP_ANALYZE_NORMALISE_H

#include <stddef.h>

#define NP_NAME_MAP_FILE_MAX  ((size_t)1 << 20)
#define NP_NAME_MAP_RULES_MAX 1000u

struct np_name_map;		/* opaque; NULL stands for an empty one */

/* Read PATH.  Returns 0 or -errno with one line in MESSAGE: file:line, what is wrong. */
int np_name_map_read(const char *path, struct np_name_map **ret, char *message,
		     size_t message_size);
void np_name_map_destroy(struct np_name_map *map);	/* NULL is fine */

/* The name to compare by, to be freed; never empty unless NAME is. */
char *np_normalise(const char *name, const struct np_name_map *map);

#endif
