/* SPDX-License-Identifier: MIT
 *
 * export_common.h - what the exporters share: the walk, numbers, JSON texts, kinds in words.
 *
 * Context: tools, for export_*.c and the tables of neuroprof-report convert.
 */
#ifndef NP_PROFILE_EXPORT_COMMON_H
#define NP_PROFILE_EXPORT_COMMON_H

#include "profile/export.h"

/* Every node but the root, in order: entered before its children, left after them.
 * Start with zeroes and TREE. */
struct np_export_walk {
	const struct np_tree *tree;
	uint32_t node;
	uint32_t depth;		/* of NODE: 1 below the root */
	bool leaving;		/* NODE is left; else entered */
	bool started;
};

bool np_export_next(struct np_export_walk *walk);

/* VALUE times 10^-DECIMALS, exactly: "12", "0.25". */
void np_export_number(FILE *to, uint64_t value, unsigned decimals);

/* As a JSON string with its quotes, ASCII only; bytes that are not UTF-8 as \xNN. */
void np_export_json_text(FILE *to, const char *text);

/* "own", "library", ...: words for programs. */
const char *np_export_kind(enum np_kind kind);

/* Nanoseconds in one unit of the values; 0: they are no times. */
uint64_t np_export_ns_per_unit(const struct np_tree_meta *meta);

const struct np_function *np_export_function(const struct np_tree *tree, uint32_t node);
const char *np_export_name(const struct np_tree *tree, uint32_t function);

#endif
