/* SPDX-License-Identifier: MIT
 *
 * rename.h - functions that one side calls by another name: renamed, moved, or with a part split off.
 *
 * Context: tools.  After names are normalised, a function that only before has and one that only after
 * has may be the same.  Each is represented by the set of what surrounds it in the stacks: who calls it
 * and who called that, what it calls, whether much of its time is its own, the words of its name, its
 * module and file.  What makes up more of its time is in the set more often (up to 3 times), what makes up
 * less than a 32nd is left out; and a neighbour of many says little of each: it is in the set once.
 * Neighbours that exist on one side only are passed over, to the next that both have.  Buckets of minhash.h
 * say which pairs are worth a look; those are compared exactly.
 *
 * A pair is told when
 *
 *	- its similarity is at least NP_RENAME_SIMILARITY,
 *	- neither takes more than NP_RENAME_FACTOR times what the other takes, with what it calls,
 *	- they have two things in common at least, of callers, callees, words of the name, and the file, and
 *	  one of the first two: what is called by main() alone is not the same for that,
 *	- each is the other's best, by similarity, likeness of names and of cost, and clearly so, and
 *	- were it not renamed, at least NP_RENAME_SAMPLES samples of each would be expected on the side
 *	  that has none: rare functions are missing by chance.
 *
 * Pairs found are neighbours that both sides have, so the search is repeated while it finds more.  It
 * depends on no order of files, functions or nodes, and on no seed.
 */
#ifndef NP_ANALYZE_RENAME_H
#define NP_ANALYZE_RENAME_H

#include <stddef.h>
#include <stdint.h>

#include "analyze/compare.h"

#define NP_RENAME_SIMILARITY 0.5
#define NP_RENAME_FACTOR     2.0
#define NP_RENAME_SAMPLES    8.0

struct np_rename_pair {
	uint32_t from, to;	/* functions of the common tree */
	double similarity;
	double before, after;	/* shares of the time of each side, with what they call */
};

struct np_renames {
	struct np_rename_pair *pairs;	/* the most expensive first */
	size_t count;
	/* How it was found. */
	size_t candidates[NP_SIDES];	/* functions of one side only that take enough to ask about */
	uint64_t compared;		/* exact comparisons of two sets */
	unsigned rounds;
};

/* COMPARE's rows are made, their values need not be.  To be freed with np_renames_finish(). */
void np_renames_find(struct np_renames *ret, const struct np_compare *compare);
void np_renames_finish(struct np_renames *renames);

/* Of two names, 0 to 1: what they share from both ends. */
double np_rename_names_alike(const char *a, const char *b);

/* For rename*.c: what is asked about, and with what. */

enum np_rename_state { NP_RENAME_NEITHER = 0,	/* not asked about, no neighbour */
		       NP_RENAME_OLD, NP_RENAME_NEW, NP_RENAME_BOTH };

/* Bits of an element: the first of its copies, of what counts; and that it is a caller or callee. */
#define NP_RENAME_COUNTS    1u
#define NP_RENAME_NEIGHBOUR 2u

struct np_rename_set {
	uint64_t *elements;	/* ascending, different; into np_rename_sets.elements */
	size_t count;
};

struct np_rename_sets {
	const struct np_compare *compare;
	double *total[NP_SIDES], *self[NP_SIDES];	/* by node: share of its side */
	/* by function */
	uint8_t *state;
	uint64_t *identity;		/* the same for both names of a pair */
	double *cost;			/* share of its side, with what it calls */
	double *own;			/* without */
	uint64_t *callers[NP_SIDES], *callees[NP_SIDES];	/* a bit for each, by hash: about how many */
	struct np_rename_set *set;	/* of those that are asked about */
	uint64_t *elements;
};

void np_rename_sets_init(struct np_rename_sets *sets, const struct np_compare *compare);
/* The sets of all that are NP_RENAME_OLD or NP_RENAME_NEW now, instead of those before. */
void np_rename_sets_make(struct np_rename_sets *sets);
void np_rename_sets_finish(struct np_rename_sets *sets);

#endif
