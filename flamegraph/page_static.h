/* SPDX-License-Identifier: MIT
 *
 * page_static.h - what a page shows where scripts do not run: its outer levels and its first functions.
 *
 * Context: tools.
 */
#ifndef NP_FLAMEGRAPH_PAGE_STATIC_H
#define NP_FLAMEGRAPH_PAGE_STATIC_H

#include "page.h"

#define NP_PAGE_STATIC_LEVELS 24u
#define NP_PAGE_STATIC_ROWS   50u

void np_page_static(struct np_tree *tree, const struct np_page_options *options, FILE *to);

#endif
