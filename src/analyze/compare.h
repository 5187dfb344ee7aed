/* SPDX-License-Identifier: MIT
 *
 * compare.h - runs of two sides, before and after, over one tree of normalised names.
 *
 * Context: tools.  What is counted is samples: the value's share of its run times the run's number
 * of samples, because the number of samples says how sure a share is and the value how large.
 *
 * A function is a normalised name of a module (its base name),
 * whether it was called or inlined.  A function that normalising makes the callee of itself
 * (f calling f.part.0) is one frame.  Processes, threads and markers are frames but no rows.
 */
#ifndef NP_ANALYZE_COMPARE_H
#define NP_ANALYZE_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/normalise.h"
#include "profile/tree.h"

enum np_side { NP_BEFORE = 0, NP_AFTER, NP_SIDES };

/* One recording. */
struct np_compare_run {
	char *path;
	enum np_side side;
	double value;		/* in the unit */
	double samples;		/* 0: nobody knows */
	uint64_t duration_ns;	/* 0: unknown */
	double unresolved;	/* share whose leaf has no name */
	double truncated;	/* share whose stack was cut */
	bool has_modules;
	double lost;		/* ticks lost, as a share of those due; -1: the profile does not say */
	uint32_t node_count;	/* of those below */
	uint32_t *nodes;	/* of the common tree, with time of their own */
	double *selfs;		/* their own value */
	double *squares;	/* the same squared, over the number of samples it was counted from */
	uint32_t call_count;	/* of those below */
	uint32_t *call_nodes;	/* of the common tree, with calls that were seen */
	double *calls;		/* how many */
};

/* Normalised; "" = unknown. */
struct np_compare_words {
	const char *name, *module, *file;
};

struct np_compare_row {
	uint32_t function;	/* of the common tree */
	const char *name, *module, *file;	/* to be shown: of after, where renamed */
	struct np_compare_words real;	/* for the user's patterns: the same, unless hidden */
	const struct np_compare_rename *was;	/* what before calls it; NULL: the same */
	uint32_t line;
	enum np_kind kind;
	double *self, *total;	/* samples, by run; a recursive function's total counts once */
	/* What their variance would be if samples were all the noise there is: as much as they are
	 * when a sample weighs one, W times as much when it weighs W.  By run. */
	double *self_spread, *total_spread;
	double *calls;		/* seen, by run; 0 where nobody counted */
};

#define NP_COMPARE_NORMALISED_MAX 1000u

struct np_compare_normalised {
	char *from;		/* as it stands in the profile */
	uint32_t to;		/* function of the common tree */
};

/* A function of before that is likely to be one of after; both are one row, and one in the tree. */
struct np_compare_rename {
	const char *name, *module;	/* of before, to be shown */
	struct np_compare_words real;
	uint32_t to;			/* function of the common tree */
	double similarity;		/* see rename.h */
	double before, after;		/* shares of the time, with what it calls */
};

struct np_compare {
	struct np_tree *tree;	/* all paths; its own values are zero until somebody sets them */
	struct np_compare_run *runs;	/* those of before first */
	size_t run_count;
	size_t count[NP_SIDES];
	char *value_type, *value_unit;
	bool samples_known;	/* of all runs */
	uint64_t normalised_count;	/* names that were normalised, each counted once */
	struct np_compare_normalised *normalised;	/* the first NP_COMPARE_NORMALISED_MAX, as met */
	const char *anonymize;	/* set before closing: the key of hashes instead of words; NULL: words */
	bool no_renames;	/* set before closing: functions of one side only stay what they are */
	struct np_compare_rename *renames;	/* the most expensive first */
	size_t rename_count;

	struct np_compare_row *rows;
	size_t row_count;
	uint32_t *row_of;	/* by node; UINT32_MAX: none */
	uint8_t *outermost;	/* by node: no activation of its row is further out */
	double *cells;		/* what the rows' self and total point into */

	/* internal */
	struct np_compare_names *names;	/* while runs are added */
	struct np_tree *real_tree;	/* what holds the real words, when they are hidden */
	uint32_t *real_function;	/* by function of the tree */
};

void np_compare_init(struct np_compare *compare);
void np_compare_finish(struct np_compare *compare);

/* Add one recording, already read and finished; those of before first.  TREE may be destroyed
 * afterwards.  Returns 0, or -EINVAL with MESSAGE when its unit is another than that of the runs
 * before. */
int np_compare_add(struct np_compare *compare, enum np_side side, const char *path,
		   struct np_tree *tree, const struct np_name_map *map, char *message,
		   size_t message_size);

/* After the last: find what was renamed, make the rows, ordered by name and module. */
void np_compare_close(struct np_compare *compare);

/* For compare*.c: pairs of rename.h become one function each in a new tree (false: there are none), and
 * are noted in its rows. */
bool np_compare_rename(struct np_compare *compare);
void np_compare_note_renames(struct np_compare *compare);
/* Words become hashes; rows must be made after it. */
void np_compare_hide(struct np_compare *compare);
/* The tree becomes TO, into which function i goes as FUNCTIONS[i]; the old one is the caller's. */
void np_compare_remap(struct np_compare *compare, struct np_tree *to, const uint32_t *functions);
void np_compare_words_of(struct np_compare_words *ret, const struct np_tree *tree, uint32_t function);

/* Samples of one run by node, with descendants, to be freed.  TOTALS false: without. */
double *np_compare_nodes(const struct np_compare *compare, const struct np_compare_run *run,
			 bool totals);
/* The same of their spread (np_compare_row.self_spread). */
double *np_compare_spreads(const struct np_compare *compare, const struct np_compare_run *run,
			   bool totals);

/* How many samples a run counts for: its samples, or a nominal number when they are unknown. */
double np_compare_exposure(const struct np_compare_run *run);

#endif
