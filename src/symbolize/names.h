/* SPDX-License-Identifier: MIT
 *
 * names.h - names for people: demangled, printable, each kept once.
 *
 * Context: tools.  Names come from hostile files: demangling is bounded in input, output and time,
 * and what comes out is UTF-8 without control characters.
 */
#ifndef NP_SYMBOLIZE_NAMES_H
#define NP_SYMBOLIZE_NAMES_H

#include <stddef.h>

struct np_names;	/* opaque: owns every string it gave out */

struct np_names *np_names_create(void);
void np_names_destroy(struct np_names *names);	/* NULL is fine */

/* TEXT with control characters and bytes that are not UTF-8 written as \xNN, cut to 64 KiB.
 * The same text gives the same pointer. */
const char *np_names_keep(struct np_names *names, const char *text);

/* The name people know RAW by: C++ (with parameters, "ns::f(int)"), Rust (without its hash) and D
 * demangled, others as they are; kept as np_names_keep() does. */
const char *np_names_demangled(struct np_names *names, const char *raw);

#endif
