/* SPDX-License-Identifier: MIT
 *
 * read_common.c - messages and units of the readers.  Context: tools.
 */
#include "profile/read_common.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int np_read_fail(struct np_read_report *report, int rc, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(report->message, sizeof(report->message), format, args);
	va_end(args);
	return rc;
}

int np_read_claim(struct np_tree *tree, const char *file, const struct np_read_units *units,
		  struct np_read_report *report)
{
	struct np_tree_meta *meta = np_tree_meta(tree);
	const char *type = units->value_type, *unit = units->value_unit;

	if (np_tree_node_count(tree) == 1) {
		meta->value_type = np_tree_string(tree, np_tree_intern(tree, type, strlen(type)));
		meta->value_unit = np_tree_string(tree, np_tree_intern(tree, unit, strlen(unit)));
		meta->samples_known = units->samples_known;
		meta->calls = units->calls_known ? NP_CALLS_LOWER_BOUND : NP_CALLS_UNKNOWN;
		return 0;
	}
	if (strcmp(meta->value_type, type) != 0 || strcmp(meta->value_unit, unit) != 0)
		return np_read_fail(report, -EINVAL,
				    "'%s': its values are %s/%s, those before it %s/%s; sum files of one unit only",
				    file, type, unit, meta->value_type, meta->value_unit);
	if (!units->samples_known)
		meta->samples_known = false;
	/* A file without calls leaves what the others saw a lower bound. */
	if (units->calls_known || meta->calls == NP_CALLS_EXACT)
		meta->calls = NP_CALLS_LOWER_BOUND;
	return 0;
}
