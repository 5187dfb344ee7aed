/* SPDX-License-Identifier: MIT
 *
 * pprof_model.h - the checked inside of a pprof file: what pprof_read.c hands from step to step.
 *
 * Context: tools, for pprof_*.c.
 */
#ifndef NP_PROFILE_PPROF_MODEL_H
#define NP_PROFILE_PPROF_MODEL_H

#include "profile/id_map.h"
#include "profile/read.h"

struct Np__Pprof__Profile;	/* made from profile.proto */
struct Np__Pprof__Sample;

struct np_pprof_span {		/* a location's frames: frames[first .. first + count), root first */
	uint32_t first, count;
};

struct np_pprof_model {
	const char *file;	/* for messages */
	const struct Np__Pprof__Profile *profile;
	struct np_tree *tree;
	struct np_read_report *report;
	const struct np_read_options *options;	/* never NULL */

	uint32_t *strings;	/* string_table place -> string id in TREE, made on first use, + 1 */
	struct np_id_map mappings, functions, locations;
	bool *programs;			/* by mapping: own code */
	struct np_pprof_span *spans;	/* one per location */
	uint32_t *frames;		/* function ids in TREE */
	size_t frame_count, frame_room;
};

/* Put "'FILE': damaged pprof: WHAT" into the report; returns -EBADMSG. */
int np_pprof_damaged(struct np_pprof_model *model, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The string at INDEX, as an id in the tree.  Returns 0 or -EBADMSG. */
int np_pprof_string(struct np_pprof_model *model, int64_t index, uint32_t *ret);

/* Fill SPANS and FRAMES from mappings, functions and locations.  Returns 0 or -EBADMSG. */
int np_pprof_frames(struct np_pprof_model *model);

/* The root frame that OPTIONS ask for, from SAMPLE's labels, as a function in TREE; 0: none.
 * Returns 0, 1 when the sample lacks a label that is asked for, or -EBADMSG. */
int np_pprof_labels(struct np_pprof_model *model, const struct Np__Pprof__Sample *sample,
		    uint32_t *ret_root);

/* "thread, tid, request": the keys of all labels, for a message; in TEXT of SIZE bytes. */
const char *np_pprof_label_names(struct np_pprof_model *model, char *text, size_t size);

/* Fill the report's facts from mappings and labels; SAMPLES: the place of the number of samples in
 * a sample's values, -1 = none.  Returns 0 or -EBADMSG. */
int np_pprof_facts(struct np_pprof_model *model, int64_t samples);

#endif
