/* SPDX-License-Identifier: MIT
 *
 * minhash.c - signatures, bands and buckets.  Context: tools.
 */
#include "analyze/minhash.h"

#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "profile/intern.h"

/* Any would do; they must only stay what they are. */
#define SEED_ELEMENT 0x6d696e6861736831u
#define SEED_PLACES  0x9e3779b97f4a7c15u

/* Multipliers and addends of the places.  Elements are hashes already, so that one multiplication gives
 * values which are as good as independent; tests/unit/test-minhash.c holds the error to its bound. */
struct places {
	uint64_t factor[NP_MINHASH_PLACES], addend[NP_MINHASH_PLACES];
};

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static void make_places(struct places *places)
{
	uint64_t state = SEED_PLACES;

	for (size_t i = 0; i < NP_MINHASH_PLACES; i++) {
		places->factor[i] = mix(state += SEED_PLACES) | 1;
		places->addend[i] = mix(state += SEED_PLACES);
	}
}

uint64_t np_minhash_element(uint64_t kind, const char *bytes, size_t length)
{
	return mix(np_hash_bytes(bytes, length, SEED_ELEMENT ^ mix(kind)));
}

void np_minhash_make(struct np_minhash *ret, const uint64_t *elements, size_t count)
{
	static struct places places;

	if (!places.factor[0])
		make_places(&places);
	memset(ret->least, 0xff, sizeof(ret->least));
	for (size_t i = 0; i < count; i++) {
		uint64_t element = elements[i];

		for (size_t place = 0; place < NP_MINHASH_PLACES; place++) {
			uint32_t value = (uint32_t)((element * places.factor[place] +
						     places.addend[place]) >> 32);

			ret->least[place] = value < ret->least[place] ? value : ret->least[place];
		}
	}
}

double np_minhash_similarity(const struct np_minhash *a, const struct np_minhash *b)
{
	size_t same = 0;

	for (size_t i = 0; i < NP_MINHASH_PLACES; i++)
		same += a->least[i] == b->least[i];
	return (double)same / NP_MINHASH_PLACES;
}

double np_minhash_jaccard(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count)
{
	size_t i = 0, j = 0, both = 0;

	while (i < a_count && j < b_count) {
		both += a[i] == b[j];
		if (a[i] == b[j]) {
			i++;
			j++;
		} else if (a[i] < b[j]) {
			i++;
		} else {
			j++;
		}
	}
	return a_count + b_count ? (double)both / (double)(a_count + b_count - both) : 0;
}

void np_minhash_bands(const struct np_minhash *signature, uint64_t ret[NP_MINHASH_BANDS])
{
	for (size_t band = 0; band < NP_MINHASH_BANDS; band++) {
		const uint32_t *row = signature->least + band * NP_MINHASH_ROWS;
		uint64_t key = band;

		for (size_t i = 0; i < NP_MINHASH_ROWS; i++)
			key = mix(key ^ row[i]);
		ret[band] = key;
	}
}

static int compare_entries(const void *left, const void *right)
{
	const struct np_minhash_entry *a = left, *b = right;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->weight != b->weight)
		return a->weight < b->weight ? -1 : 1;
	return (a->set > b->set) - (a->set < b->set);
}

/* Keys are hashes, so that about one has each beginning: neither sorting nor searching need compare many. */
static size_t prefixes(const struct np_minhash_index *index)
{
	return ((size_t)1 << index->bits) + 1;
}

static void sort_band(const struct np_minhash_index *index, const uint64_t (*bands)[NP_MINHASH_BANDS],
		      const double *weights, size_t band)
{
	struct np_minhash_entry *run = index->entries + band * index->count;
	uint32_t *first = index->first + band * prefixes(index), at = 0;
	unsigned shift = 64 - index->bits;

	for (size_t i = 0; i < index->count; i++)
		first[bands[i][band] >> shift]++;
	for (size_t i = 0; i < prefixes(index); i++) {
		uint32_t count = first[i];

		first[i] = at;
		at += count;
	}
	for (size_t i = 0; i < index->count; i++)	/* leaves each beginning where the next begins */
		run[first[bands[i][band] >> shift]++] =
			(struct np_minhash_entry){ bands[i][band], weights[i], (uint32_t)i };
	memmove(first + 1, first, (prefixes(index) - 1) * sizeof(*first));
	first[0] = 0;
	for (size_t i = 0; i + 1 < prefixes(index); i++)
		if (first[i + 1] - first[i] > 1)
			qsort(run + first[i], first[i + 1] - first[i], sizeof(*run), compare_entries);
}

void np_minhash_index_init(struct np_minhash_index *index, const uint64_t (*bands)[NP_MINHASH_BANDS],
			   const double *weights, size_t count)
{
	*index = (struct np_minhash_index){ .count = count, .bits = 1 };
	while (index->bits < 24 && (size_t)1 << index->bits < count)
		index->bits++;
	index->entries = np_xcalloc(count * NP_MINHASH_BANDS + 1, sizeof(*index->entries));
	index->first = np_xcalloc(prefixes(index) * NP_MINHASH_BANDS, sizeof(*index->first));
	for (size_t band = 0; band < NP_MINHASH_BANDS; band++)
		sort_band(index, bands, weights, band);
}

void np_minhash_index_finish(struct np_minhash_index *index)
{
	free(index->entries);
	free(index->first);
	memset(index, 0, sizeof(*index));
}

/* How many entries of RUN lie below (KEY, WEIGHT); OR_AT: or at it. */
static size_t count_below(const struct np_minhash_entry *run, size_t count, uint64_t key, double weight,
			  int or_at)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct np_minhash_entry *entry = &run[middle];

		if (entry->key < key || (entry->key == key && (entry->weight < weight ||
							       (or_at && entry->weight <= weight))))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct np_minhash_entry *np_minhash_bucket(const struct np_minhash_index *index, size_t band,
						 uint64_t key, double least, double most,
						 size_t *ret_count)
{
	const uint32_t *near = index->first + band * prefixes(index) + (key >> (64 - index->bits));
	const struct np_minhash_entry *run = index->entries + band * index->count + near[0];
	size_t first = count_below(run, near[1] - near[0], key, least, 0);
	size_t end = count_below(run, near[1] - near[0], key, most, 1);

	*ret_count = end > first ? end - first : 0;
	return run + first;
}
