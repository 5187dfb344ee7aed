/* SPDX-License-Identifier: MIT
 *
 * flamegraph.h - call trees as pictures and pages: the one header that users of the library include.
 *
 * Context: tools.  Give it a tree that is finished and sorted; it writes to a stream and keeps nothing.
 *
 *	np_svg_write()		svg.h	one SVG, for flamegraph.pl's place: <img>, mail, README
 *	np_diff_svg_write()	diff.h	the same of two profiles, with before, after and union
 *	np_page_write()		page.h	one HTML page: the whole tree, ranking, sandwich, sources, health
 *
 * How the pieces hang together:
 *
 *	tree ─▶ layout.c boxes, what is too narrow merged ─▶ svg.c document ─▶ svg_frames.c, views.c
 *	   │            └───────▶ page_static.c outer levels and a table, for where no script runs
 *	   └──▶ page_data.c the whole tree in some 6 bytes a node ─▶ bytes.c deflate, base64 ─▶ page.c
 *
 *	colour.c whose code it is ─▶ classes of assets/flame.css
 *	xml.c everything that came from a profile goes through it, or through bytes.c
 *	assets/svg, assets/page, flame.css ─▶ embed.py at build time ─▶ assets.h
 *
 * The scripts are tested without the rest: tests/unit/page-….js under node, tests/host/…_browser.js in a
 * browser.  A new part of the page is a file in assets/page/ and its name in meson.build; model.js says
 * what it can use.
 */
#ifndef NP_FLAMEGRAPH_FLAMEGRAPH_H
#define NP_FLAMEGRAPH_FLAMEGRAPH_H

#include "diff.h"
#include "page.h"
#include "svg.h"

#endif
