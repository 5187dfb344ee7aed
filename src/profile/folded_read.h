/* SPDX-License-Identifier: MIT
 *
 * folded_read.h - folded stacks into a call tree, pushed in pieces of any size.
 *
 * Context: tools, for read.c.  Grammar and limits: docs/file-formats.md.  Memory: unique stacks
 * and names plus one line.
 */
#ifndef NP_PROFILE_FOLDED_READ_H
#define NP_PROFILE_FOLDED_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/intern.h"
#include "profile/read.h"

#define NP_FOLDED_LINE_MAX    ((size_t)64 << 20)
#define NP_FOLDED_DEPTH_MAX   1000000u
#define NP_FOLDED_COLUMNS_MAX 8u

struct np_folded_step {		/* a frame of the last record */
	size_t end;		/* offset in its stack of the byte after the frame */
	uint32_t node;
};

struct np_folded_reader {
	struct np_tree *tree;
	struct np_read_report *report;
	const char *file;		/* for messages */
	const struct np_read_options *options;	/* never NULL */
	bool strict;
	bool joined;			/* a name has a type with a ';' in it */
	bool drops;			/* some frames are left out */
	uint32_t root_given, root_function;	/* the first frame of the last record; 0: none yet */
	bool root_is_process;
	uint32_t type, unit;		/* of the values, as a comment says; string ids, 0 = not */
	bool in_order;

	uint64_t line;			/* number of the line being parsed */
	bool started;			/* a record or a header was seen */
	unsigned columns;		/* integers at the end of each line */
	unsigned value_column, samples_column, calls_column;	/* from 1; 0 = none */
	bool any_value;			/* a value above zero was seen */
	bool rounded;			/* a fraction was too long to be kept exactly */
	const char *first_reason;	/* why report->first_skipped is no record */

	struct np_intern frames;	/* frames as they stand in the file */
	uint32_t *functions;		/* for each of them, its function in TREE */
	uint32_t function_room;
	char *scratch;
	size_t scratch_room;

	const char *last;		/* stack of the last record, valid while STEPS is used */
	size_t last_length;
	char *last_copy;		/* where it is kept between two pushes */
	size_t last_room;
	struct np_folded_step *steps;
	uint32_t step_count, step_room;

	char *carry;			/* an incomplete line from the last push */
	size_t carry_length, carry_room;
};

/* FILE, OPTIONS, TREE and REPORT must stay valid until finish. */
void np_folded_reader_init(struct np_folded_reader *reader, const char *file,
			   const struct np_read_options *options, struct np_tree *tree,
			   struct np_read_report *report);

/* Each returns 0 or a negative errno as np_read_path() does, with the report's message set. */
int np_folded_reader_push(struct np_folded_reader *reader, const char *bytes, size_t size);
int np_folded_reader_end(struct np_folded_reader *reader);

void np_folded_reader_finish(struct np_folded_reader *reader);

#endif
