/* SPDX-License-Identifier: MIT
 *
 * perf_script.h - the text of `perf script` into a call tree, pushed in pieces of any size.
 *
 * Context: tools, for read.c.  The root frame of a stack is the thread's name; the value is the
 * sample's period where it is printed, else 1.  A file with several events gives its first one,
 * and the report says so.  Memory: unique stacks and names plus one sample.  Untrusted input:
 * fuzzed by tests/fuzz/fuzz_perf_script.c.
 */
#ifndef NP_PROFILE_PERF_SCRIPT_H
#define NP_PROFILE_PERF_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/intern.h"
#include "profile/read.h"

#define NP_PERF_LINE_MAX  ((size_t)64 << 20)
#define NP_PERF_DEPTH_MAX 1000000u

struct np_perf_known;		/* a frame's text, parsed once */

struct np_perf_reader {
	struct np_tree *tree;
	struct np_read_report *report;
	const char *file;		/* for messages */
	bool strict;
	const char *wanted;		/* event; NULL = the first one */
	bool by_lines;			/* tell functions apart by line */
	bool by_threads;		/* and root frames by thread */
	uint64_t line;
	const char *first_reason;	/* why report->first_skipped is no sample */

	bool in_header;			/* comments were seen and no sample yet */
	char *event;			/* the one that is read; NULL until the first sample */
	bool is_first;			/* no file was read into TREE before */
	bool has_period;		/* its samples have one */
	bool any_value;			/* a value above zero was seen */
	uint64_t period;		/* the same for all of them, else 0 */
	uint64_t other_samples;		/* of other events */
	char *other_event;		/* the first of those */
	uint64_t lost;			/* said by PERF_RECORD_LOST lines */
	uint64_t time_min_ns, time_max_ns;	/* min > max: none seen */

	bool in_sample, is_taken;	/* below a header; of the event that is read */
	uint64_t value;
	uint32_t comm, thread;		/* string ids; THREAD is 0 but for by_threads */
	uint32_t *stack;		/* places in KNOWN, innermost first */
	uint32_t *lines;		/* of each of them; 0 = not printed */
	uint32_t depth, stack_room;

	struct np_intern frames;	/* what follows the address */
	struct np_perf_known *known;	/* for each of them */
	uint32_t known_room;

	char *carry;			/* an incomplete line from the last push */
	size_t carry_length, carry_room;
};

/* FILE, OPTIONS, TREE and REPORT must stay valid until finish. */
void np_perf_reader_init(struct np_perf_reader *reader, const char *file,
			 const struct np_read_options *options, struct np_tree *tree,
			 struct np_read_report *report);

/* Each returns 0 or a negative errno as np_read_path() does, with the report's message set. */
int np_perf_reader_push(struct np_perf_reader *reader, const char *bytes, size_t size);
int np_perf_reader_end(struct np_perf_reader *reader);

void np_perf_reader_finish(struct np_perf_reader *reader);

#endif
