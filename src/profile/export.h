/* SPDX-License-Identifier: MIT
 *
 * export.h - a call tree in the formats of other tools.
 *
 * Context: tools.  Each writes the whole tree in one walk, without recursion, in memory that does
 * not grow with depth times nodes.  What each format can hold and what is lost in it:
 * docs/file-formats.md.  Nothing depends on the time or the machine: equal trees, equal bytes.
 */
#ifndef NP_PROFILE_EXPORT_H
#define NP_PROFILE_EXPORT_H

#include <stdio.h>

#include "profile/tree.h"

#define NP_EXPORT_JSON_SCHEMA "neuroprof-profile/1"

struct np_export {
	struct np_tree *tree;	/* finished and sorted */
	const char *name;	/* of the profile, for formats that show one */
	FILE *to;		/* whoever closes it looks for write errors */
	char message[256];	/* what went wrong, for one line to the user */
};

/* Each returns 0, or -EOVERFLOW with the message set when the values do not fit the format,
 * or -errno of a failed write. */
int np_export_pprof(struct np_export *export);
int np_export_speedscope(struct np_export *export);
int np_export_firefox(struct np_export *export);
int np_export_callgrind(struct np_export *export);
int np_export_json(struct np_export *export);

#endif
