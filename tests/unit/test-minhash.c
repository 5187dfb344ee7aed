/* SPDX-License-Identifier: MIT
 *
 * test-minhash.c - src/analyze/{minhash,rename}: the published bounds, and who is taken for whom.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/compare.h"
#include "analyze/minhash.h"
#include "analyze/rename.h"
#include "profile/read.h"

#define ELEMENTS_MAX 400u

static uint64_t random_state;

static uint64_t draw(void)
{
	uint64_t x = random_state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static double uniform(void)
{
	return (double)(draw() >> 11) / 9007199254740992.0;
}

/* Keys as they are met: one after the other, or of a Zipf distribution (s = 1.1, by inversion). */
static uint64_t key(bool zipf, uint64_t at)
{
	return zipf ? (uint64_t)fmin(pow(1 - uniform(), -1 / 0.1), 1e15) : at;
}

static int compare_keys(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static size_t unique(uint64_t *set, size_t count)
{
	size_t kept = 0;

	qsort(set, count, sizeof(*set), compare_keys);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || set[i] != set[kept - 1])
			set[kept++] = set[i];
	return kept;
}

/* Two sets of COMMON keys of both and ALONE of each.  TRIAL: the frequent keys of a Zipf distribution are in
 * all trials, and would be hashed alike. */
static void make_sets(bool zipf, size_t common, size_t alone, uint64_t trial, uint64_t *a, size_t *a_count,
		      uint64_t *b, size_t *b_count)
{
	*a_count = *b_count = 0;
	for (size_t i = 0; i < common + 2 * alone; i++) {
		uint64_t word = key(zipf, i), element = np_minhash_element(trial, (const char *)&word, 8);

		if (i < common + alone)
			a[(*a_count)++] = element;
		if (i < common || i >= common + alone)
			b[(*b_count)++] = element;
	}
	*a_count = unique(a, *a_count);
	*b_count = unique(b, *b_count);
}

/* The estimate is right in the mean, and off by no more than 128 independent places would be. */
static void similarity_is_estimated_within_its_bound(void **state)
{
	static const size_t sizes[][2] = { { 2, 40 }, { 20, 60 }, { 40, 20 }, { 90, 5 }, { 9, 3 } };
	uint64_t a[ELEMENTS_MAX], b[ELEMENTS_MAX];
	size_t a_count, b_count;

	random_state = 11;
	for (int zipf = 0; zipf < 2; zipf++) {
		for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
			double squares = 0, sum = 0, variance = 0;
			const unsigned trials = 500;

			for (unsigned t = 0; t < trials; t++) {
				struct np_minhash left, right;
				double exact, error;

				make_sets(zipf, sizes[s][0], sizes[s][1], t, a, &a_count, b, &b_count);
				exact = np_minhash_jaccard(a, a_count, b, b_count);
				np_minhash_make(&left, a, a_count);
				np_minhash_make(&right, b, b_count);
				error = np_minhash_similarity(&left, &right) - exact;
				sum += error;
				squares += error * error;
				variance += exact * (1 - exact) / NP_MINHASH_PLACES;
			}
			/* 3.5 standard errors of a variance and of a mean. */
			if (squares > variance * (1 + 3.5 * sqrt(2.0 / trials)) + 1e-9)
				fail_msg("variance %g, bound %g", squares / trials, variance / trials);
			assert_true(fabs(sum) <= 3.5 * sqrt(variance) + 1e-9);
		}
	}
}

static bool share_a_bucket(const struct np_minhash *a, const struct np_minhash *b)
{
	uint64_t left[NP_MINHASH_BANDS], right[NP_MINHASH_BANDS];

	np_minhash_bands(a, left);
	np_minhash_bands(b, right);
	for (size_t band = 0; band < NP_MINHASH_BANDS; band++)
		if (left[band] == right[band])
			return true;
	return false;
}

/* How often sets of one similarity share a bucket is what the table of minhash.h says. */
static void buckets_follow_the_curve(void **state)
{
	uint64_t a[ELEMENTS_MAX], b[ELEMENTS_MAX];
	size_t a_count, b_count;

	for (size_t tenth = 1; tenth <= 9; tenth++) {
		/* Of 20 elements in any, common / (common + 2 alone) is the similarity. */
		size_t common = 2 * tenth, alone = (20 - common) / 2;
		double s = (double)common / (double)(common + 2 * alone);
		double expected = 1 - pow(1 - pow(s, NP_MINHASH_ROWS), NP_MINHASH_BANDS);
		const unsigned trials = tenth == 9 ? 10000 : 2000;
		unsigned shared = 0;

		for (unsigned t = 0; t < trials; t++) {
			struct np_minhash left, right;

			make_sets(false, common, alone, t, a, &a_count, b, &b_count);
			np_minhash_make(&left, a, a_count);
			np_minhash_make(&right, b, b_count);
			shared += share_a_bucket(&left, &right);
		}
		if (tenth == 9)
			assert_int_equal(shared, trials);	/* none of 10 000 is missed */
		if (fabs(shared - trials * expected) > 4 * sqrt(trials * expected * (1 - expected)) + 1)
			fail_msg("similarity %.1f: %u of %u share a bucket, not %.1f", s, shared, trials,
				 trials * expected);
	}
}

static void sets_at_the_edge(void **state)
{
	const uint64_t one[] = { 7 };
	struct np_minhash empty, single;

	np_minhash_make(&empty, NULL, 0);
	np_minhash_make(&single, one, 1);
	assert_true(np_minhash_jaccard(NULL, 0, NULL, 0) == 0);
	assert_true(np_minhash_jaccard(one, 1, NULL, 0) == 0);
	assert_true(np_minhash_jaccard(one, 1, one, 1) == 1);
	assert_true(np_minhash_similarity(&single, &single) == 1);
	assert_true(np_minhash_similarity(&empty, &single) == 0);
}

static void add(struct np_compare *compare, enum np_side side, const char *folded)
{
	const struct np_read_options options = { .strict = true };
	struct np_read_report report = { .message = "" };
	struct np_tree *tree = np_tree_create();
	char message[512] = "";

	if (np_read_memory("test", folded, strlen(folded), &options, tree, &report) < 0)
		fail_msg("%s", report.message);
	np_tree_finish(tree);
	assert_int_equal(np_compare_add(compare, side, "test", tree, NULL, message, sizeof(message)), 0);
	np_tree_destroy(tree);
}

static void compare_two(struct np_compare *compare, const char *before, const char *after)
{
	np_compare_init(compare);
	add(compare, NP_BEFORE, before);
	add(compare, NP_AFTER, after);
	np_compare_close(compare);
}

/* Every word is "old>new", in the order of cost. */
static void expect(const char *before, const char *after, const char *pairs)
{
	struct np_compare compare;
	char told[4096] = "";

	compare_two(&compare, before, after);
	for (size_t i = 0; i < compare.rename_count; i++)
		snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s%s>%s", i ? " " : "",
			 compare.renames[i].name,
			 np_tree_string(compare.tree, np_tree_function_at(compare.tree,
					compare.renames[i].to)->name));
	assert_string_equal(told, pairs);
	np_compare_finish(&compare);
}

static void functions_are_told_under_their_new_names(void **state)
{
	/* Among what stayed. */
	expect("main;run;load;read 100\nmain;run;load;scan_it 300\nmain;run;emit;write 200\n",
	       "main;run;fetch;read 110\nmain;run;fetch;scan_it 280\nmain;run;emit;write 210\n",
	       "load>fetch");
	/* To another namespace, with all around it. */
	expect("main;v1::run(int);v1::load(int);read 100\nmain;v1::run(int);v1::load(int) 300\n"
	       "main;v1::run(int);v1::emit(int);write 200\n",
	       "main;v2::run(int);v2::load(int);read 100\nmain;v2::run(int);v2::load(int) 300\n"
	       "main;v2::run(int);v2::emit(int);write 200\n",
	       "v1::run(int)>v2::run(int) v1::load(int)>v2::load(int) v1::emit(int)>v2::emit(int)");
	/* A part split off: the rest is the old one still. */
	expect("main;run;load;read 100\nmain;run;load 300\nmain;run;emit 200\n",
	       "main;run;load_all;read 100\nmain;run;load_all 150\nmain;run;load_all;decode 150\nmain;run;emit 200\n",
	       "load>load_all");
	/* A chain of new names, of which the ends tell the middle. */
	expect("main;open_a;mid_b;leaf_c;read 100\nmain;open_a;mid_b;leaf_c;memcpy 100\nmain;open_a;mid_b;write 150\n"
	       "main;other 100\n",
	       "main;unlock_x;core_y;tail_z;read 100\nmain;unlock_x;core_y;tail_z;memcpy 100\n"
	       "main;unlock_x;core_y;write 150\nmain;other 100\n",
	       "mid_b>core_y open_a>unlock_x leaf_c>tail_z");
}

static void what_is_not_clear_is_not_told(void **state)
{
	/* One caller in common is too little. */
	expect("main;run;load 300\nmain;emit 700\n", "main;run;fetch 300\nmain;emit 700\n", "");
	/* Three times the cost is something else. */
	expect("main;run;load;read 100\nmain;emit 900\n", "main;run;load_x;read 300\nmain;emit 700\n", "");
	/* Two could be it. */
	expect("main;run;load;read 100\nmain;run;load;write 100\nmain;emit 700\n",
	       "main;run;fetch_a;read 60\nmain;run;fetch_a;write 60\nmain;run;fetch_b;read 60\n"
	       "main;run;fetch_b;write 60\nmain;emit 700\n", "");
	/* Too rare to be missed. */
	expect("main;run;load;read 4\nmain;run;load 3\nmain;emit 7000\n",
	       "main;run;load2;read 4\nmain;run;load2 3\nmain;emit 7000\n", "");
	/* What stands for no name is nobody. */
	expect("main;run;[unknown];read 400\nmain;emit 7000\n",
	       "main;run;load;read 400\nmain;emit 7000\n", "");
}

static void the_order_of_the_lines_does_not_matter(void **state)
{
	expect("main;run;emit;write 200\nmain;run;load;scan_it 300\nmain;run;load;read 100\n",
	       "main;run;fetch;scan_it 280\nmain;run;emit;write 210\nmain;run;fetch;read 110\n",
	       "load>fetch");
}

static void recursion_and_one_function(void **state)
{
	expect("old 100\n", "new 100\n", "");
	expect("main;old;old;old;read 100\nmain;old;write 50\n", "main;new;new;read 100\nmain;new;write 50\n",
	       "old>new");
}

struct text {
	char *at;
	size_t length, room;
};

static void __attribute__((format(printf, 2, 3))) put(struct text *text, const char *format, ...)
{
	va_list list;

	if (text->room - text->length < 70000) {
		text->room = 2 * text->room + 140000;
		text->at = realloc(text->at, text->room);
	}
	va_start(list, format);
	text->length += (size_t)vsnprintf(text->at + text->length, text->room - text->length, format, list);
	va_end(list);
}

/* COUNT functions, each with two callees of its own that stay. */
static void put_many(struct text *text, const char *prefix, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		put(text, "main;caller%u;%s%u;callee%u 20\n", i / 50, prefix, i, i);
		put(text, "main;caller%u;%s%u;callee%u;shared%u 20\n", i / 50, prefix, i, i + count, i % 9);
	}
}

/* All pairs of 50 000 functions a side would be 2 500 000 000. */
static void many_are_found_by_few_comparisons(void **state)
{
	const unsigned count = 50000;
	struct text before = { .at = NULL }, after = { .at = NULL };
	struct np_compare compare;
	struct np_renames found;

	put_many(&before, "old_", count);
	put_many(&after, "new_", count);
	np_compare_init(&compare);
	compare.no_renames = true;
	add(&compare, NP_BEFORE, before.at);
	add(&compare, NP_AFTER, after.at);
	np_compare_close(&compare);
	np_renames_find(&found, &compare);
	printf("# %zu and %zu functions, %zu pairs, %llu comparisons, %u rounds\n", found.candidates[NP_BEFORE],
	       found.candidates[NP_AFTER], found.count, (unsigned long long)found.compared, found.rounds);
	assert_int_equal(found.candidates[NP_BEFORE], count);
	assert_int_equal(found.candidates[NP_AFTER], count);
	assert_int_equal(found.count, count);
	for (size_t i = 0; i < found.count; i++) {
		const char *names[2];

		for (int side = 0; side < 2; side++)
			names[side] = np_tree_string(compare.tree, np_tree_function_at(compare.tree,
				side ? found.pairs[i].to : found.pairs[i].from)->name);
		assert_string_equal(names[0] + 4, names[1] + 4);
	}
	assert_true(found.compared < 40ull * count);
	np_renames_finish(&found);
	np_compare_finish(&compare);
	free(before.at);
	free(after.at);
}

/* Functions of which one is like the other: bounded work, and nothing told. */
static void equal_sets_are_nobodys(void **state)
{
	struct text before = { .at = NULL }, after = { .at = NULL };
	struct np_compare compare;
	struct np_renames found;

	for (unsigned i = 0; i < 5000; i++) {
		put(&before, "main;run;f%016llx;read 20\n", (unsigned long long)draw());
		put(&after, "main;run;f%016llx;read 20\n", (unsigned long long)draw());
	}
	np_compare_init(&compare);
	compare.no_renames = true;
	add(&compare, NP_BEFORE, before.at);
	add(&compare, NP_AFTER, after.at);
	np_compare_close(&compare);
	np_renames_find(&found, &compare);
	assert_int_equal(found.candidates[NP_AFTER], 5000);
	assert_true(found.compared <= 5000ull * NP_MINHASH_BANDS * 8 * found.rounds);
	printf("# 5000 alike a side: %llu comparisons\n", (unsigned long long)found.compared);
	assert_int_equal(found.count, 0);
	np_renames_finish(&found);
	np_compare_finish(&compare);
	free(before.at);
	free(after.at);
}

static void long_names(void **state)
{
	struct text before = { .at = NULL }, after = { .at = NULL };
	char *name = malloc(65537);
	struct np_compare compare;

	memset(name, 'n', 65536);
	name[65536] = '\0';
	put(&before, "main;run;%s;read 400\n", name);
	put(&before, "main;run;%s;write 400\n", name);
	name[65535] = '_';
	put(&after, "main;run;%s;read 400\n", name);
	put(&after, "main;run;%s;write 400\n", name);
	compare_two(&compare, before.at, after.at);
	assert_int_equal(compare.rename_count, 1);
	np_compare_finish(&compare);
	free(name);
	free(before.at);
	free(after.at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(similarity_is_estimated_within_its_bound),
		cmocka_unit_test(buckets_follow_the_curve),
		cmocka_unit_test(sets_at_the_edge),
		cmocka_unit_test(functions_are_told_under_their_new_names),
		cmocka_unit_test(what_is_not_clear_is_not_told),
		cmocka_unit_test(the_order_of_the_lines_does_not_matter),
		cmocka_unit_test(recursion_and_one_function),
		cmocka_unit_test(many_are_found_by_few_comparisons),
		cmocka_unit_test(equal_sets_are_nobodys),
		cmocka_unit_test(long_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
