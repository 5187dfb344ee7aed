/* SPDX-License-Identifier: MIT
 *
 * read.h - any profile that the tools accept, into one call tree.
 *
 * Context: tools.  Recognises by content: gzip (unpacked, then looked at again), pprof, folded,
 * the text of perf script.  Other known formats are refused with "this is X; do Y".  Untrusted
 * input: fuzzed by
 * tests/fuzz/fuzz_folded.c, fuzz_pprof.c and fuzz_perf_script.c.
 */
#ifndef NP_PROFILE_READ_H
#define NP_PROFILE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/tree.h"

struct np_read_label {
	const char *key, *value;	/* VALUE may be a shell pattern */
};

/* Frames of folded stacks that have a file and a line in them, see folded_dialect.h. */
enum np_dialect { NP_DIALECT_NONE = 0, NP_DIALECT_AUTO, NP_DIALECT_PERF, NP_DIALECT_PYSPY,
		  NP_DIALECT_AUSTIN, NP_DIALECT_TACHYON, NP_DIALECT_AP, NP_DIALECT_BCC, NP_DIALECTS };

#define NP_READ_COLUMNS_AUTO UINT32_MAX

struct np_read_options {
	const char *anonymize;	/* for the tools: key of np_tree_anonymize(), NULL = do not */
	bool strict;		/* a line that is no record is an error, not a warning */
	const char *event;	/* of perf script text: which event; NULL = its first one */
	bool in_order;		/* of folded stacks: in the order of the lines, see np_tree_append() */
	bool lines;		/* tell functions apart by the line that was executed, too */
	/* Of folded stacks: */
	unsigned columns;	/* numbers at the end of each line; 0: one, or as the header says;
				 * NP_READ_COLUMNS_AUTO is for the tools, see folded_columns.h */
	unsigned value_column;	/* of several: which is the value, from 1; 0: the last */
	bool lax;		/* values may have exponents */
	bool drop_empty;	/* leave out frames without a name */
	bool drop_threads;	/* and those that stand for processes and threads */
	bool merge_kinds;	/* f_[k], f_[i] and f are one function */
	enum np_dialect dialect;
	/* Of pprof: only the samples that have each of these labels. */
	const struct np_read_label *labels;
	size_t label_count;
	const char *span;	/* and those taken inside a span of this name; NULL: all */
	double slowest;		/* of these, the share (0..1) that took longest; 0: all */
	bool rest;		/* the ended ones that are not among the slowest */
	bool threads;		/* of pprof and perf script: a root frame for each thread */
	const char *group_by;	/* of pprof: a root frame for each value of that label */
	/* Called again and again with the bytes of the file that were read, packed as they are; or NULL. */
	void (*progress)(void *context, uint64_t bytes);
	void *progress_context;
};

/* What a file says about itself that the tree does not keep; 0 or "" = it does not say. */
struct np_read_facts {
	const char *format;		/* "folded", "pprof", "perf script" */
	char event[64];			/* perf script's, with its modifiers */
	uint64_t other_samples;		/* of other events, left aside */
	uint64_t modules;		/* files that were mapped */
	uint64_t modules_without_build_id;
	uint64_t threads;		/* that samples are labelled with */
	uint64_t cut_samples;		/* labelled as a stack that was cut */
	uint64_t other_labels;		/* samples left aside for their labels */
};

/* What happened on the way in, for one line to the user. */
struct np_read_report {
	char message[512];	/* one line: what is wrong and what to do; "" when nothing */
	uint64_t records;	/* stacks read */
	uint64_t skipped;	/* lines that were no record */
	uint64_t first_skipped;	/* line number of the first of them; 0 = none */
	struct np_read_facts facts;
};

/* Add the profile in PATH ("-": standard input) to TREE; several calls sum up.
 * Returns 0; -EBADMSG for damaged or foreign content, -EINVAL when its unit differs from what TREE
 * already holds, -EOVERFLOW, -errno from the system.  On failure TREE may hold a part: destroy it.
 * REPORT->message is set in every failure. */
int np_read_path(const char *path, const struct np_read_options *options, struct np_tree *tree,
		 struct np_read_report *report);

/* The same over bytes in memory; NAME is for messages. */
int np_read_memory(const char *name, const void *bytes, size_t size,
		   const struct np_read_options *options, struct np_tree *tree,
		   struct np_read_report *report);

#endif
