/* SPDX-License-Identifier: MIT
 *
 * perfmap.h - names that a JIT compiler left in /tmp/perf-PID.map.
 *
 * Context: tools.  Anybody may write such a file: it is used only when it is a regular file of the
 * profiled process's user, and every line is checked.
 */
#ifndef NP_SYMBOLIZE_PERFMAP_H
#define NP_SYMBOLIZE_PERFMAP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct np_perfmap;	/* opaque */

/* Read PATH, which must belong to OWNER.  NULL when there is none that may be used. */
struct np_perfmap *np_perfmap_open(const char *path, uid_t owner);

/* The same over LENGTH bytes of text. */
struct np_perfmap *np_perfmap_parse(const char *text, size_t length);

void np_perfmap_close(struct np_perfmap *map);	/* NULL is fine */

/* The name of the code at ADDRESS (run-time), or NULL; the last line that covers it counts, since
 * addresses are used again.  *RET_START: where that code begins. */
const char *np_perfmap_find(const struct np_perfmap *map, uint64_t address, uint64_t *ret_start);

#endif
