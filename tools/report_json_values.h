/* SPDX-License-Identifier: MIT
 *
 * report_json_values.h - values of JSON that cannot fail and cannot hurt a terminal.
 *
 * Context: tools.  Running out of memory ends the tool with one line.  Texts are the profile's own
 * bytes; those that are not UTF-8 stand as "\xNN".
 */
#ifndef NP_TOOLS_REPORT_JSON_VALUES_H
#define NP_TOOLS_REPORT_JSON_VALUES_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "profile/tree.h"

/* VALUE, unless there was no memory for it. */
json_t *np_json_must(json_t *value);

/* Put VALUE, which is given away, into OBJECT or at the end of ARRAY. */
void np_json_set(json_t *object, const char *key, json_t *value);
void np_json_append(json_t *array, json_t *value);

json_t *np_json_text(const char *bytes);
json_t *np_json_text_or_null(const char *bytes);	/* NULL and "" give null */
json_t *np_json_real(double value);			/* JSON has no infinity: null */
json_t *np_json_integer(uint64_t value);		/* beyond 63 bits as a real */

/* How many samples COUNT of TREE stands for; null when nobody knows. */
json_t *np_json_samples(struct np_tree *tree, uint64_t count);

/* What is known of the whole profile. */
json_t *np_json_profile(struct np_tree *tree, char *const *files, size_t file_count);

/* The beginning of a document. */
json_t *np_json_root(const char *schema);

/* Write ROOT, indented and all ASCII, and drop it. */
void np_json_write(json_t *root, FILE *to);

#endif
