/* SPDX-License-Identifier: MIT
 *
 * page_data.h - the profile as the bytes that a page carries.
 *
 * Context: tools.  Read by assets/page/decode.js; the two are built together, so there is no version.
 * Numbers are of variable width (bytes.h).  In this order:
 *
 *	JSON	its length, then an object: what was measured, and sources, see page_meta.c
 *	strings	see np_page_strings_put()
 *	modules	how many, then the string of each; the first is ""
 *	files	likewise
 *	names	how many; a column each of: string, module, file, line, kind (enum np_colour of one that
 *		is not inlined).  A name is what the ranking has a row for: name, module and kind.  The
 *		most frequent come first.
 *	ranking	how many rows, then the name of each, in order; of two profiles: whose change is more than noise
 *	figures	of each of the JSON's "columns", a float for every row of the ranking; then of every row
 *		its category, an index into the JSON's "categories"
 *	nodes	how many, in preorder without the root, children in the tree's order; the divisor of all
 *		values; the root's own value, samples, calls; then a column each of
 *		- how many levels nearer the root its parent is than the node before it
 *		- its name, times two, plus one if it is inlined
 *		- its own value, divided by the divisor
 *		- its samples, unless they are a copy of that ("samples": false)
 *		- its calls, when anybody counted ("calls")
 *		and of two profiles ("pair") those of put_pair(), the root included
 *
 * Columns rather than records, because like beside like deflates to a fraction.
 */
#ifndef NP_FLAMEGRAPH_PAGE_DATA_H
#define NP_FLAMEGRAPH_PAGE_DATA_H

#include "bytes.h"
#include "page.h"

/* Returns the number of bytes that the nodes take; *RET_NODES is how many they are. */
size_t np_page_data(struct np_tree *tree, const struct np_page_options *options,
		    struct np_bytes *to, uint32_t *ret_nodes);

#endif
