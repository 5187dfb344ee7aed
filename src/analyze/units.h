/* SPDX-License-Identifier: MIT
 *
 * units.h - values, kinds and counts in words; the same words in every text and picture.
 *
 * Context: tools.  Independent of the locale: a dot for decimals, a comma between thousands.
 */
#ifndef NP_ANALYZE_UNITS_H
#define NP_ANALYZE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/tree.h"

#define NP_UNITS_TEXT 96	/* enough room for each of these */

/* "12,345" */
void np_units_count(char *to, uint64_t count);

/* "12.3 %", "0.04 %", "0.0012 %": three digits or so; "0 %" and "100 %" only when it is so. */
void np_units_percent(char *to, double share);

/* A value of a tree as META says: "12.35 s", "1.5 MiB", "1,234 samples". */
void np_units_value(char *to, const struct np_tree_meta *meta, uint64_t value);

/* "12.35 s", "4.2 ms" */
void np_units_time(char *to, double seconds);

/* Are the values times (CPU, wall)?  Then "cpu 12.35 s" makes sense beside a sample count. */
bool np_units_is_time(const struct np_tree_meta *meta);

/* VALUE of a tree in seconds, in *RET; false when the values are no times. */
bool np_units_seconds(const struct np_tree_meta *meta, uint64_t value, double *ret);

/* How many samples SAMPLES of this tree stand for, in *RET; false when nobody knows: values that
 * are neither counts nor come with a count or a period. */
bool np_units_samples(const struct np_tree_meta *meta, uint64_t samples, double *ret);

/* "12,345 samples · 124.70 s cpu · ./service -p 80", visible; to be freed. */
char *np_units_summary(struct np_tree *tree);

/* The profile's comments that say how good it is (not who measured what), visible, joined by
 * " · "; "" when there are none.  What several recordings say alike is there once, with how often; of very
 * many notes the first.  To be freed. */
char *np_units_notes(const struct np_tree *tree);

/* "own code", "library", … */
const char *np_units_kind(enum np_kind kind);

#endif
