/* SPDX-License-Identifier: MIT
 *
 * perf_script_line.h - one line of `perf script`: whose sample it is, or a frame.
 *
 * Context: tools, for sniff.c and perf_script.c.  Nothing is copied: what comes back points into
 * the line.  The line is untrusted and need not end in NUL.
 */
#ifndef NP_PROFILE_PERF_SCRIPT_LINE_H
#define NP_PROFILE_PERF_SCRIPT_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct np_perf_text {
	const char *bytes;
	size_t length;
};

/* "comm 12/34 [001] 5967.895302: 1001001 cycles:u: REST"; cpu, time, period and event may lack. */
struct np_perf_header {
	struct np_perf_text comm, event, rest;	/* EVENT without its last colon, "" = not printed */
	struct np_perf_text ids;		/* "12/34" or "12" */
	bool has_time, has_period;
	uint64_t time_ns, period;
};

/* "48d0 name+0x12 (/usr/bin/gzip)" */
struct np_perf_frame {
	struct np_perf_text name, object;	/* "" = not printed */
	struct np_perf_text key;		/* all that follows the address */
	bool inlined;
};

bool np_perf_header_parse(const char *line, size_t length, struct np_perf_header *ret);
bool np_perf_frame_parse(const char *line, size_t length, struct np_perf_frame *ret);

#endif
