/* SPDX-License-Identifier: MIT
 *
 * assets.h - the picture's style and script, embedded at build time from assets/ by embed.py.
 *
 * Context: tools.  NUL-terminated, without "]]>".
 */
#ifndef NP_FLAMEGRAPH_ASSETS_H
#define NP_FLAMEGRAPH_ASSETS_H

extern const char np_asset_flame_css[];
extern const char np_asset_flame_js[];

#endif
