/* SPDX-License-Identifier: MIT
 *
 * report_sources.h - the source lines that a page carries with it: --sources.
 *
 * Context: tools.
 */
#ifndef NP_TOOLS_REPORT_SOURCES_H
#define NP_TOOLS_REPORT_SOURCES_H

#include "../flamegraph/page.h"
#include "report.h"

struct np_report_sources {
	struct np_page_source *sources;
	size_t count;
	uint64_t left_out;	/* lines that take something and were too many */
};

/* The lines of SETTINGS->files that take something, and those around them, of the sources that are
 * found.  The profile is read once more, because a tree that knows lines has other functions. */
void np_report_sources_init(struct np_report_sources *sources,
			    const struct np_report_settings *settings);
void np_report_sources_finish(struct np_report_sources *sources);

#endif
