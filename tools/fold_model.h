/* SPDX-License-Identifier: MIT
 *
 * fold_model.h - the spool's call tree put in order: one node a place, sorted by what it is.
 *
 * Context: tools; between the parts of the folder.  The spool's nodes come in the order in which
 * threads raced for them, and one place may have several; here each (thread, stack) occurs once.
 */
#ifndef NP_TOOLS_FOLD_MODEL_H
#define NP_TOOLS_FOLD_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fold_spans.h"
#include "spool/reader.h"
#include "symbolize/perfmap.h"
#include "symbolize/symbolize.h"

#define NP_FOLD_NONE	  UINT32_MAX
#define NP_FOLD_DEPTH_MAX 4096u		/* four times what a sampler records */

/* A mapped object, or (entry 0) code in none. */
struct np_fold_module {
	const struct np_spool_module *spool;	/* NULL: entry 0, or one that is not whole */
	const char *path;			/* as in the spool */
	struct np_symbol_module *symbols;	/* NULL until its first location is named */
	uint32_t rank;				/* its place in the order of all output */
	bool used;				/* has a location */
	uint64_t mapping;			/* pprof id; 0 = none yet */
};

enum np_fold_marker {		/* frames that are ours, not the program's */
	NP_MARKER_NONE = 0,
	NP_MARKER_STARTUP,
	NP_MARKER_TOO_DEEP,
	NP_MARKER_NO_RULE,
	NP_MARKER_BAD_READ,
	NP_MARKER_FOREIGN_STACK,
	NP_MARKER_NO_UNWINDER,
	NP_MARKER_SPOOL_FULL,
	NP_MARKER_PROFILER,
	NP_MARKER_MAX
};

/* An address, or a marker, that occurs in stacks. */
struct np_fold_location {
	uint64_t address;	/* run-time; of a return address, the byte before it */
	uint32_t module;	/* index; 0 = none */
	uint8_t marker;		/* enum np_fold_marker; the two others are 0 then */
	bool entry;		/* the beginning of a function, to which calls are counted */
	bool resolved;		/* it has a name, better than its address */
	uint32_t rank;

	struct np_symbol_line *lines;	/* innermost first */
	size_t line_count;
	uint64_t start;			/* run-time address of the outermost function */
	uint32_t *functions;		/* of the folded tree, one a line */
	uint64_t pprof_id;
};

struct np_fold_node {
	uint32_t parent;	/* NP_FOLD_NONE: a root, one per thread and quality */
	uint32_t location;	/* of a root: index into roots */
	uint32_t depth;		/* frames up to here; of a root: 0 */
	uint64_t samples, periods, calls;
};

struct np_fold_root {
	uint32_t tid;		/* 0 = not known */
	char name[16];
	uint8_t quality;	/* enum np_quality */
	uint32_t rank;
};

struct np_fold_table {		/* open addressing; index + 1, 0 = free */
	uint32_t *slots;
	size_t room;
};

struct np_fold_model {
	const struct np_spool_reader *reader;
	struct np_fold_module *modules;
	uint32_t module_count;
	struct np_fold_location *locations;
	uint32_t location_count, location_room;
	struct np_fold_root *roots;
	uint32_t root_count, root_room;
	struct np_fold_node *nodes;
	uint32_t node_count, node_room;
	struct np_fold_table location_table, node_table;
	uint32_t *order; /* node indexes: the roots, then the children of node 0, of 1, ... */
	uint32_t *begin; /* where they begin in order: of node i at [i + 1]; one more at the end */
	struct np_fold_spans spans;
	uint64_t samples, periods, calls;
	uint64_t damaged;	/* nodes that could not be placed, and what the reader counted */
	struct np_symbolizer *symbolizer;
	struct np_perfmap *perfmap;
	bool perfmap_tried;
};

/* Read all nodes of READER, which must outlive MODEL. */
void np_fold_model_init(struct np_fold_model *model, const struct np_spool_reader *reader);
void np_fold_model_finish(struct np_fold_model *model);

/* The location for (module, address, marker), made when missing. */
uint32_t np_fold_location_get(struct np_fold_model *model, uint32_t module, uint64_t address,
			      enum np_fold_marker marker, bool entry);

/* Give every location its name, and every function with calls a location for its entry.
 * OWNER: the user whose perf-map may be believed. */
void np_fold_names(struct np_fold_model *model, uid_t owner);

/* Order modules, locations, roots and nodes by what they are.  After this nothing is added. */
void np_fold_model_sort(struct np_fold_model *model);

/* Called for every node after its parent, children in order. */
typedef void np_fold_visit(void *context, uint32_t node);
void np_fold_walk(const struct np_fold_model *model, np_fold_visit *visit, void *context);

#endif
