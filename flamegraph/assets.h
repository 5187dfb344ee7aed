/* SPDX-License-Identifier: MIT
 *
 * assets.h - styles and scripts, embedded at build time from assets/ by embed.py.
 *
 * Context: tools.  NUL-terminated, without anything that would end the element they are put into.
 */
#ifndef NP_FLAMEGRAPH_ASSETS_H
#define NP_FLAMEGRAPH_ASSETS_H

extern const char np_asset_flame_css[];
extern const char np_asset_flame_js[];

/* The page's, and their hashes for a content security policy: SHA-256, base64. */
extern const char np_asset_page_css[];
extern const char np_asset_page_js[];	/* of one profile */
extern const char np_asset_pair_js[];	/* of two */
extern const char np_asset_page_css_sha256[];
extern const char np_asset_page_js_sha256[];
extern const char np_asset_pair_js_sha256[];

#endif
