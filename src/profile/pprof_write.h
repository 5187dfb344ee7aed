/* SPDX-License-Identifier: MIT
 *
 * pprof_write.h - builds a pprof profile (gzip'ed profile.proto) piece by piece.
 *
 * Context: tools.  The caller adds strings, mappings, functions, locations, then samples, in any
 * order that respects the references; ids are small integers given out from 1 in call order, so
 * the same calls give the same bytes.  Format: the public profile.proto, its fields described in
 * docs/file-formats.md.
 */
#ifndef NP_PROFILE_PPROF_WRITE_H
#define NP_PROFILE_PPROF_WRITE_H

#include <stddef.h>
#include <stdint.h>

struct np_pprof;	/* opaque */

struct np_pprof *np_pprof_create(void);		/* exits the tool when memory is out */
void np_pprof_destroy(struct np_pprof *pprof);	/* NULL is fine */

/* Declare a value column; all before the first sample.  The last one is the default column. */
void np_pprof_sample_type(struct np_pprof *pprof, const char *type, const char *unit);
void np_pprof_period(struct np_pprof *pprof, const char *type, const char *unit, int64_t period);
void np_pprof_times(struct np_pprof *pprof, int64_t realtime_ns, int64_t duration_ns);
void np_pprof_comment(struct np_pprof *pprof, const char *text);

/* BUILD_ID is lower-case hexadecimal or "". */
uint64_t np_pprof_mapping(struct np_pprof *pprof, uint64_t start, uint64_t limit, uint64_t offset,
			  const char *file, const char *build_id);

/* Interned by (name, system_name, file, start_line). */
uint64_t np_pprof_function(struct np_pprof *pprof, const char *name, const char *system_name,
			   const char *file, int64_t start_line);

struct np_pprof_line {
	uint64_t function;
	int64_t line;
};

/* LINES: innermost inlined function first, the one that was called last.  MAPPING may be 0. */
uint64_t np_pprof_location(struct np_pprof *pprof, uint64_t mapping, uint64_t address,
			   const struct np_pprof_line *lines, size_t line_count);

struct np_pprof_label {
	const char *key;
	const char *text;	/* NULL: a number */
	int64_t number;
	const char *unit;	/* NULL when TEXT is set or there is none */
};

/* LOCATIONS leaf first; VALUES one per declared sample type. */
void np_pprof_sample(struct np_pprof *pprof, const uint64_t *locations, size_t location_count,
		     const int64_t *values, const struct np_pprof_label *labels,
		     size_t label_count);

/* Serialise, gzip (no time, no name in its header: reproducible) and write everything to FD.
 * Returns 0 or -errno. */
int np_pprof_write(struct np_pprof *pprof, int fd);

#endif
