/* SPDX-License-Identifier: MIT
 *
 * minhash.h - which sets are alike, without comparing all with all: MinHash and its buckets (LSH).
 *
 * Context: tools.  A set is an ascending array of different 64-bit hashes of its elements.  Its
 * signature is the least value of each of 128 hash functions over its elements (Broder 1997): two
 * signatures agree in a place with the probability J, the sets' Jaccard similarity |A n B| / |A u B|, so
 * that the share of places in which they agree estimates J with a standard deviation of at most
 * sqrt(J (1 - J) / 128), 4.4 % at J = 0.5.
 *
 * The 128 places are 32 bands of 4.  Sets that agree in all 4 places of a band share a bucket; sets of
 * similarity s share at least one with the probability 1 - (1 - s^4)^32:
 *
 *	s	0.1	0.2	0.3	0.42	0.5	0.6	0.7	0.8	0.9
 *	p	0.003	0.05	0.23	0.63	0.87	0.99	0.9998	1-5e-8	1-2e-15
 *
 * Hence 32 by 4: the steep part lies just below 0.5, from where on similar is said of two sets.  16 by 8
 * would miss 94 % of those of 0.5 and one in five of 0.7, 64 by 2 would compare two thirds of all that
 * share an eighth.
 *
 * The hash functions are fixed: the same sets give the same signatures everywhere.
 */
#ifndef NP_ANALYZE_MINHASH_H
#define NP_ANALYZE_MINHASH_H

#include <stddef.h>
#include <stdint.h>

#define NP_MINHASH_PLACES 128u
#define NP_MINHASH_BANDS  32u
#define NP_MINHASH_ROWS	  (NP_MINHASH_PLACES / NP_MINHASH_BANDS)

struct np_minhash {
	uint32_t least[NP_MINHASH_PLACES];
};

/* The hash of an element of whatever bytes; KIND tells elements of the same bytes apart. */
uint64_t np_minhash_element(uint64_t kind, const char *bytes, size_t length);

/* The signature of COUNT elements; of none it is one that no other set has. */
void np_minhash_make(struct np_minhash *ret, const uint64_t *elements, size_t count);

/* The estimate from two signatures. */
double np_minhash_similarity(const struct np_minhash *a, const struct np_minhash *b);

/* The exact similarity of two ascending arrays; of two empty ones 0: they have nothing in common. */
double np_minhash_jaccard(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count);

/* The keys of a signature's buckets, one a band. */
void np_minhash_bands(const struct np_minhash *signature, uint64_t ret[NP_MINHASH_BANDS]);

/* Buckets of many sets, each band for itself; within a bucket by WEIGHT, ascending. */
struct np_minhash_entry {
	uint64_t key;
	double weight;
	uint32_t set;
};

struct np_minhash_index {
	struct np_minhash_entry *entries;	/* BANDS runs of COUNT */
	size_t count;
	uint32_t *first;	/* BANDS runs: where keys begin whose first BITS bits are i; one more at the end */
	unsigned bits;
};

/* BANDS: np_minhash_bands() of each of COUNT sets, WEIGHTS theirs. */
void np_minhash_index_init(struct np_minhash_index *index, const uint64_t (*bands)[NP_MINHASH_BANDS],
			   const double *weights, size_t count);
void np_minhash_index_finish(struct np_minhash_index *index);

/* The entries of the bucket KEY of BAND with weights from LEAST to MOST: the first, and how many. */
const struct np_minhash_entry *np_minhash_bucket(const struct np_minhash_index *index, size_t band,
						 uint64_t key, double least, double most,
						 size_t *ret_count);

#endif
