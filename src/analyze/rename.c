/* SPDX-License-Identifier: MIT
 *
 * rename.c - pairs of old and new names, by their sets.  Context: tools.
 */
#include "analyze/rename.h"

#include <stdlib.h>
#include <string.h>

#include "analyze/minhash.h"
#include "base/message.h"

#define ROUNDS_MAX 4u
#define PER_BUCKET 8u	/* of a bucket, those of the nearest cost: what many have alike tells nobody apart */
#define NAMES	   0.1	/* what two equal names add to the similarity, when the best is looked for */
#define ALIKE	   0.5	/* names less alike than that are so by chance */
#define COST	   0.1	/* and two equal costs */
#define CLEAR	   0.02	/* the second best is worse by so much, or nobody is it */

#define NOBODY UINT32_MAX

/* Of one function: the best of the other side. */
struct best {
	double score, second, similarity;
	uint32_t other;		/* index of the other side */
};

/* One side: its functions, by index. */
struct party {
	uint32_t *functions;
	uint64_t (*bands)[NP_MINHASH_BANDS];
	double *weights;
	struct best *best;
	uint32_t count;
};

double np_rename_names_alike(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), less = la < lb ? la : lb, head = 0, tail = 0;

	while (head < less && a[head] == b[head])
		head++;
	while (tail < less - head && a[la - 1 - tail] == b[lb - 1 - tail])
		tail++;
	return la + lb ? (double)(head + tail) / (double)(la > lb ? la : lb) : 0;
}

static const char *name_of(const struct np_rename_sets *sets, uint32_t function)
{
	const struct np_tree *tree = sets->compare->tree;

	return np_tree_string(tree, np_tree_function_at(tree, function)->name);
}

static void party_init(struct party *party, const struct np_rename_sets *sets, enum np_rename_state state)
{
	uint32_t functions = np_tree_function_count(sets->compare->tree);

	*party = (struct party){ .functions = np_xcalloc(functions, sizeof(*party->functions)) };
	for (uint32_t i = 1; i < functions; i++)
		if (sets->state[i] == state)
			party->functions[party->count++] = i;
	party->bands = np_xcalloc(party->count + 1ul, sizeof(*party->bands));
	party->weights = np_xcalloc(party->count + 1ul, sizeof(*party->weights));
	party->best = np_xcalloc(party->count + 1ul, sizeof(*party->best));
}

/* An empty set shares a bucket with every other one, so it has none. */
static void party_sign(struct party *party, const struct np_rename_sets *sets)
{
	for (uint32_t i = 0; i < party->count; i++) {
		const struct np_rename_set *set = &sets->set[party->functions[i]];
		struct np_minhash signature;

		np_minhash_make(&signature, set->elements, set->count);
		np_minhash_bands(&signature, party->bands[i]);
		party->weights[i] = set->count ? sets->cost[party->functions[i]] : -1;
		party->best[i] = (struct best){ .other = NOBODY };
	}
}

static void party_finish(struct party *party)
{
	free(party->functions);
	free(party->bands);
	free(party->weights);
	free(party->best);
}

/* Enough in common to say so, however alike: see rename.h. */
static bool is_evidence(const struct np_rename_set *a, const struct np_rename_set *b)
{
	unsigned counts = 0, neighbours = 0;

	for (size_t i = 0, j = 0; i < a->count && j < b->count;) {
		if (a->elements[i] == b->elements[j]) {
			counts += (a->elements[i] & NP_RENAME_COUNTS) != 0;
			neighbours += (a->elements[i] & NP_RENAME_NEIGHBOUR) != 0;
			i++;
			j++;
		} else if (a->elements[i] < b->elements[j]) {
			i++;
		} else {
			j++;
		}
	}
	return counts >= 2 && neighbours >= 1;
}

static void note(struct best *best, uint32_t other, double score, double similarity)
{
	if (score > best->score) {
		best->second = best->score;
		best->score = score;
		best->similarity = similarity;
		best->other = other;
	} else if (score > best->second) {
		best->second = score;
	}
}

static void look_at(struct np_renames *renames, const struct np_rename_sets *sets, struct party *old,
		    uint32_t o, struct party *new, uint32_t n)
{
	uint32_t from = old->functions[o], to = new->functions[n];
	const struct np_rename_set *a = &sets->set[from], *b = &sets->set[to];
	double similarity = np_minhash_jaccard(a->elements, a->count, b->elements, b->count);
	double before = sets->cost[from], after = sets->cost[to], score, names;

	renames->compared++;
	if (similarity < NP_RENAME_SIMILARITY || !is_evidence(a, b))
		return;
	names = np_rename_names_alike(name_of(sets, from), name_of(sets, to));
	score = similarity + (names >= ALIKE ? NAMES * names : 0) +
		COST * (before < after ? before / after : after / before);
	note(&old->best[o], n, score, similarity);
	note(&new->best[n], o, score, similarity);
}

/* The nearest in cost of a bucket, each old one once for each new one: SEEN is by old, the last new. */
static void look_in_bucket(struct np_renames *renames, const struct np_rename_sets *sets,
			   const struct np_minhash_entry *entries, size_t count, struct party *old,
			   struct party *new, uint32_t n, uint32_t *seen)
{
	size_t up = 0, down;

	while (up < count && entries[up].weight < new->weights[n])
		up++;
	down = up;
	for (unsigned looked = 0; looked < PER_BUCKET && (up < count || down > 0); looked++) {
		uint32_t o;

		if (down == 0 || (up < count && entries[up].weight * entries[down - 1].weight <=
						new->weights[n] * new->weights[n]))
			o = entries[up++].set;
		else
			o = entries[--down].set;
		if (seen[o] == n)
			continue;
		seen[o] = n;
		look_at(renames, sets, old, o, new, n);
	}
}

static void look(struct np_renames *renames, const struct np_rename_sets *sets, struct party *old,
		 struct party *new)
{
	uint32_t *seen = np_xcalloc(old->count + 1ul, sizeof(*seen));
	struct np_minhash_index index;

	memset(seen, 0xff, old->count * sizeof(*seen));
	np_minhash_index_init(&index, old->bands, old->weights, old->count);
	for (uint32_t n = 0; n < new->count; n++) {
		for (size_t band = 0; new->weights[n] > 0 && band < NP_MINHASH_BANDS; band++) {
			size_t count;
			const struct np_minhash_entry *entries = np_minhash_bucket(&index, band,
				new->bands[n][band], new->weights[n] / NP_RENAME_FACTOR,
				new->weights[n] * NP_RENAME_FACTOR, &count);

			look_in_bucket(renames, sets, entries, count, old, new, n, seen);
		}
	}
	np_minhash_index_finish(&index);
	free(seen);
}

static bool is_clear(const struct best *best)
{
	return best->other != NOBODY && best->score - best->second >= CLEAR;
}

/* What the other has found as well; returns how many. */
static size_t take(struct np_renames *renames, struct np_rename_sets *sets, const struct party *old,
		   const struct party *new)
{
	size_t found = 0;

	for (uint32_t o = 0; o < old->count; o++) {
		const struct best *best = &old->best[o];
		uint32_t from = old->functions[o], to;

		if (!is_clear(best) || new->best[best->other].other != o || !is_clear(&new->best[best->other]))
			continue;
		to = new->functions[best->other];
		sets->state[from] = sets->state[to] = NP_RENAME_BOTH;
		sets->identity[to] = sets->identity[from];
		renames->pairs = np_xrealloc(renames->pairs, renames->count + 1, sizeof(*renames->pairs));
		renames->pairs[renames->count++] = (struct np_rename_pair){ from, to, best->similarity,
			sets->cost[from], sets->cost[to] };
		found++;
	}
	return found;
}

static int compare_pairs(const void *left, const void *right, void *context)
{
	const struct np_rename_pair *a = left, *b = right;
	double costs[2] = { a->before + a->after, b->before + b->after };
	const struct np_rename_sets *sets = context;
	int order;

	if (costs[0] != costs[1])
		return costs[0] > costs[1] ? -1 : 1;
	order = strcmp(name_of(sets, a->to), name_of(sets, b->to));
	return order ? order : (a->to > b->to) - (a->to < b->to);
}

void np_renames_find(struct np_renames *ret, const struct np_compare *compare)
{
	struct np_rename_sets sets;
	size_t found = 1;

	*ret = (struct np_renames){ .rounds = 0 };
	np_rename_sets_init(&sets, compare);
	while (found > 0 && ret->rounds < ROUNDS_MAX) {
		struct party old, new;

		party_init(&old, &sets, NP_RENAME_OLD);
		party_init(&new, &sets, NP_RENAME_NEW);
		found = 0;
		if (ret->rounds == 0) {
			ret->candidates[NP_BEFORE] = old.count;
			ret->candidates[NP_AFTER] = new.count;
		}
		if (old.count > 0 && new.count > 0) {
			ret->rounds++;
			np_rename_sets_make(&sets);
			party_sign(&old, &sets);
			party_sign(&new, &sets);
			look(ret, &sets, &old, &new);
			found = take(ret, &sets, &old, &new);
		}
		party_finish(&old);
		party_finish(&new);
	}
	if (ret->count > 0)
		qsort_r(ret->pairs, ret->count, sizeof(*ret->pairs), compare_pairs, &sets);
	np_rename_sets_finish(&sets);
}

void np_renames_finish(struct np_renames *renames)
{
	free(renames->pairs);
	memset(renames, 0, sizeof(*renames));
}
