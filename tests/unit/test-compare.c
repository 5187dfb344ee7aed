/* SPDX-License-Identifier: MIT
 *
 * test-compare.c - src/analyze/{normalise,compare,gate}: the same names, two sides on one tree,
 * causes and verdicts.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "analyze/compare.h"
#include "analyze/gate.h"
#include "analyze/normalise.h"
#include "profile/read.h"

static void names(void **state)
{
	static const char *const pairs[][2] = {
		{ "f", "f" },			    { "f.part.0", "f" },
		{ "f.isra.0.part.12.cold", "f" },   { "f.constprop.0", "f" },
		{ "f.llvm.1234567890", "f" },	    { "f.cold", "f" },
		{ "f.lto_priv.3", "f" },	    { "f.", "f." },
		{ ".cold", ".cold" },		    { ".part.0", ".part.0" },
		{ "f.7", "f.7" },		    { "f.party", "f.party" },
		{ "f(int) [clone .part.0]", "f(int)" },
		{ "f(int) [clone .isra.0] [clone .cold]", "f(int)" },
		{ " [clone .part.0]", " [clone .part.0]" },
		{ "core::fmt::write::h0123456789abcdef", "core::fmt::write" },
		{ "core::fmt::write::h0123456789abcdeg", "core::fmt::write::h0123456789abcdeg" },
		{ "::h0123456789abcdef", "::h0123456789abcdef" },
		{ "f()::{lambda(int)#2}::operator()", "f()::{lambda(int)}::operator()" },
		{ "{closure#0}", "{closure}" },	    { "f#2", "f#2" },
		{ "f$_3::operator()", "f$_::operator()" },
		{ "A$$Lambda$14/0x0000000800c03000.run", "A$$Lambda.run" },
		{ "A$$Lambda/12.run", "A$$Lambda.run" },
		{ "0x7f001234", "0x*" },	    { "[0xff]", "[0x*]" },
		{ "libx.so+0x4a0", "libx.so+0x4a0" }, { "max0x10", "max0x10" }, { "0x", "0x" },
		{ "[worker tid=71]", "[worker]" },  { "worker tid=71", "worker" },
		{ "service (pid 12)", "service" },  { "comm-12/13", "comm" },
		{ "a-b/c", "a-b/c" },		    { " tid=3", " tid=3" },
		{ "f tid=", "f tid=" },		    { "", "" },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		char *name = np_normalise(pairs[i][0], NULL);

		assert_string_equal(name, pairs[i][1]);
		free(name);
	}
}

static char *write_file(const char *text)
{
	char *path = strdup("/tmp/np-test-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	return path;
}

static void name_map(void **state)
{
	static const char *const bad[][2] = {
		{ "# fine\nparse_.* parse\n", ":2: no '=>'" }, { "=> x\n", ":1: nothing before" },
		{ "([a => x\n", ":1: '([a' is no regular expression" } };
	char *path = write_file("# versions\n\nparse_v[0-9]+ => parse\n^a => b\nx* => \n^gone$ =>\n");
	struct np_name_map *map = NULL;
	char message[512], *name;

	assert_int_equal(np_name_map_read(path, &map, message, sizeof(message)), 0);
	name = np_normalise("aparse_v12.part.0", map);
	assert_string_equal(name, "bparse");
	free(name);
	name = np_normalise("gone", map);	/* never the empty name */
	assert_string_equal(name, "gone");
	free(name);
	np_name_map_destroy(map);
	unlink(path);
	free(path);
	for (size_t i = 0; i < 3; i++) {
		path = write_file(bad[i][0]);
		assert_true(np_name_map_read(path, &map, message, sizeof(message)) < 0);
		if (!strstr(message, bad[i][1]))
			fail_msg("'%s' does not say '%s'", message, bad[i][1]);
		unlink(path);
		free(path);
	}
	assert_true(np_name_map_read("/nonexistent", &map, message, sizeof(message)) < 0);
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

static struct np_gate_row *find(struct np_gate *gate, const char *name)
{
	for (size_t i = 0; i < gate->row_count; i++)
		if (strcmp(gate->rows[i].row->name, name) == 0)
			return &gate->rows[i];
	fail_msg("no row for %s", name);
	return NULL;
}

/* Clones fold into their function, recursion counts once, markers and threads are no rows. */
static void one_tree(void **state)
{
	struct np_compare compare;
	struct np_compare_row *f = NULL;

	np_compare_init(&compare);
	add(&compare, NP_BEFORE, "main;f;f.part.0;g 30\nmain;f 10\n[truncated: too deep];x 10\n");
	add(&compare, NP_AFTER, "main;f;g;f;g 60\nmain;f.cold;g 40\n");
	np_compare_close(&compare);
	for (size_t i = 0; i < compare.row_count; i++) {
		assert_string_not_equal(compare.rows[i].name, "[truncated: too deep]");
		if (strcmp(compare.rows[i].name, "f") == 0)
			f = &compare.rows[i];
	}
	assert_non_null(f);
	assert_true(fabs(f->self[0] - 10) < 1e-9 && fabs(f->total[0] - 40) < 1e-9);
	assert_true(fabs(f->self[1]) < 1e-9 && fabs(f->total[1] - 100) < 1e-9);
	assert_true(fabs(compare.runs[0].truncated - 0.2) < 1e-9);
	assert_int_equal(compare.normalised_count, 2);
	assert_string_equal(compare.normalised[0].from, "f.part.0");
	assert_string_equal(compare.normalised[1].from, "f.cold");
	assert_int_equal(compare.normalised[1].to, f->function);
	np_compare_finish(&compare);
}

/* Everything below draws from this. */
static uint64_t random_state;

static double uniform(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return ((double)((z ^ (z >> 31)) >> 11) + 0.5) / 9007199254740992.0;
}

static double gauss(void)
{
	return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

struct cost {
	const char *stack;
	double weight;
};

#define COSTS 32

static const struct cost costs[COSTS] = {
	{ "main;parse", 5 }, { "main;parse;lex", 8 }, { "main;parse;lex;next", 3 },
	{ "main;hash", 6 }, { "main;hash;compress", 17 }, { "main;io;read", 9 }, { "main;io;write", 7 },
	{ "main;a;a1", 4 }, { "main;a;a2", 4 }, { "main;a;a3", 3 }, { "main;a;a4", 3 },
	{ "main;b;b1", 3 }, { "main;b;b2", 3 }, { "main;b;b3", 2 }, { "main;b;b4", 2 },
	{ "main;c;c1", 2 }, { "main;c;c2", 2 }, { "main;c;c3", 2 }, { "main;c;c4", 1 },
	{ "main;d;d1", 1 }, { "main;d;d2", 1 }, { "main;d;d3", 1 }, { "main;d;d4", 1 },
	{ "main;e;e1", 1 }, { "main;e;e2", 1 }, { "main;e;e3", 0.5 }, { "main;e;e4", 0.5 },
	{ "main;f;f1", 0.5 }, { "main;f;f2", 0.5 }, { "main;f;f3", 0.2 }, { "main;f;f4", 0.2 },
	{ "main", 0.6 },
};

/* A run: SAMPLES draws, each stack's cost times exp(noise·gauss); CHANGED ones times their factor. */
static void record(struct np_compare *compare, enum np_side side, int samples, double noise,
		   const struct cost *changed, const char *also)
{
	double cumulative[COSTS], sum = 0;
	int counts[COSTS] = {0};
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	for (int i = 0; i < COSTS; i++) {
		double weight = costs[i].weight * exp(noise * gauss());

		for (const struct cost *change = changed; change && change->stack; change++)
			if (strcmp(change->stack, costs[i].stack) == 0)
				weight *= change->weight;
		cumulative[i] = sum += weight;
	}
	for (int n = 0; n < samples; n++) {
		double at = uniform() * sum;
		int i = 0;

		while (i < COSTS - 1 && cumulative[i] <= at)
			i++;
		counts[i]++;
	}
	for (int i = 0; i < COSTS; i++)
		if (counts[i])
			fprintf(to, "%s %d\n", costs[i].stack, counts[i]);
	if (also)
		fputs(also, to);
	fclose(to);
	add(compare, side, text);
	free(text);
}

static void compare_runs(struct np_compare *compare, struct np_gate *gate, int runs, double noise,
			 const struct cost *changed, const char *also_before, const char *also_after)
{
	struct np_gate_options options;

	np_gate_options_init(&options);
	np_compare_init(compare);
	for (int i = 0; i < runs; i++)
		record(compare, NP_BEFORE, 5000, noise, NULL, also_before);
	for (int i = 0; i < runs; i++)
		record(compare, NP_AFTER, 5000, noise, changed, also_after);
	np_compare_close(compare);
	np_gate_init(gate, compare, &options);
}

static void finish(struct np_compare *compare, struct np_gate *gate)
{
	np_gate_finish(gate);
	np_compare_finish(compare);
}

static void slower_leaf(void **state)
{
	static const struct cost changed[] = { { "main;parse;lex;next", 2 }, { NULL, 0 } };
	struct np_compare compare;
	struct np_gate gate;

	random_state = 3;
	compare_runs(&compare, &gate, 5, 0.02, changed, NULL, NULL);
	assert_int_equal(gate.result, NP_GATE_FAIL);
	assert_int_equal(gate.slower, 1);
	assert_int_equal(find(&gate, "next")->role, NP_GATE_CAUSE);
	/* Its callers are told with it, not on their own. */
	assert_int_equal(find(&gate, "lex")->role, NP_GATE_THROUGH);
	assert_ptr_equal(&gate.rows[find(&gate, "lex")->cause], find(&gate, "next"));
	assert_int_not_equal(find(&gate, "parse")->role, NP_GATE_CAUSE);
	finish(&compare, &gate);
	/* One run a side: a suspicion at most. */
	compare_runs(&compare, &gate, 1, 0, changed, NULL, NULL);
	assert_int_equal(gate.result, NP_GATE_SUSPECT);
	assert_int_equal(gate.runs_needed >= 3, 1);
	finish(&compare, &gate);
}

/* One function halved: it is faster, and none of the others is slower. */
static void guarded(void **state)
{
	static const struct cost changed[] = { { "main;hash;compress", 0.2 }, { NULL, 0 } };
	struct np_compare compare;
	struct np_gate gate;

	random_state = 4;
	compare_runs(&compare, &gate, 5, 0.02, changed, NULL, NULL);
	assert_true(gate.guarded);
	assert_int_equal(gate.slower, 0);
	assert_int_equal(find(&gate, "compress")->role, NP_GATE_CAUSE);
	assert_false(find(&gate, "compress")->slower);
	assert_int_not_equal(gate.result, NP_GATE_FAIL);
	finish(&compare, &gate);
}

/* What a function lost, its callee won: nothing became slower. */
static void moved(void **state)
{
	static const struct cost changed[] = { { "main;parse", 0.4 }, { "main;parse;lex", 1.375 },
					       { NULL, 0 } };
	struct np_compare compare;
	struct np_gate gate;

	random_state = 5;
	compare_runs(&compare, &gate, 5, 0.01, changed, NULL, NULL);
	assert_int_equal(find(&gate, "lex")->role, NP_GATE_MOVED);
	assert_int_equal(gate.slower, 0);
	assert_int_not_equal(gate.result, NP_GATE_FAIL);
	finish(&compare, &gate);
}

/* The new name is compared with the old one, and says so; what grew under it is found. */
static void renamed(void **state)
{
	struct np_compare compare;
	struct np_gate gate;
	const struct np_gate_row *row;

	random_state = 6;
	compare_runs(&compare, &gate, 5, 0.01, NULL, "main;util;encode_block_v1 300\n",
		     "main;util;encode_block_v2 300\n");
	row = find(&gate, "encode_block_v2");
	assert_string_equal(row->row->was->name, "encode_block_v1");
	assert_int_equal(row->role, NP_GATE_NONE);
	for (size_t i = 0; i < gate.row_count; i++)
		assert_string_not_equal(gate.rows[i].row->name, "encode_block_v1");
	assert_int_equal(gate.slower + gate.faster, 0);
	finish(&compare, &gate);
	compare_runs(&compare, &gate, 5, 0.01, NULL, "main;util;encode_block_v1 300\n",
		     "main;util;encode_block_v2 500\n");
	row = find(&gate, "encode_block_v2");
	assert_string_equal(row->row->was->name, "encode_block_v1");
	assert_int_equal(row->role, NP_GATE_CAUSE);
	assert_false(row->is_new);
	assert_int_equal(gate.result, NP_GATE_FAIL);
	finish(&compare, &gate);
	compare_runs(&compare, &gate, 5, 0.01, NULL, NULL, "main;util;encode_block_v2 300\n");
	assert_null(find(&gate, "encode_block_v2")->row->was);
	assert_int_equal(find(&gate, "encode_block_v2")->role, NP_GATE_CAUSE);
	assert_int_equal(gate.result, NP_GATE_FAIL);
	finish(&compare, &gate);
}

/* Too poor: no verdict. */
static void poor(void **state)
{
	struct np_compare compare;
	struct np_gate gate;
	struct np_gate_options options;

	np_gate_options_init(&options);
	np_compare_init(&compare);
	add(&compare, NP_BEFORE, "main;f 2000\n");
	add(&compare, NP_AFTER, "main;f 200\nmain;[unknown] 800\n");
	np_compare_close(&compare);
	np_gate_init(&gate, &compare, &options);
	assert_int_equal(gate.result, NP_GATE_UNUSABLE);
	assert_int_equal(gate.problem_count, 1);
	assert_non_null(strstr(gate.problems[0].text, "80.0 %"));
	np_gate_finish(&gate);
	options.unresolved_max = 1;
	options.samples_min = 3000;
	np_gate_init(&gate, &compare, &options);
	assert_int_equal(gate.result, NP_GATE_UNUSABLE);
	assert_int_equal(gate.problem_count, 2);
	finish(&compare, &gate);
}

/* The same work in more time: only absolute values can tell. */
static void same_work(void **state)
{
	static const char before[] = "main;f 4000\nmain;g 6000\n", after[] = "main;f 5000\nmain;g 7500\n";
	struct np_compare compare;
	struct np_gate gate;
	struct np_gate_options options;

	np_gate_options_init(&options);
	for (int absolute = 0; absolute < 2; absolute++) {
		options.same_work = absolute;
		np_compare_init(&compare);
		for (int i = 0; i < 6; i++)
			add(&compare, i < 3 ? NP_BEFORE : NP_AFTER, i < 3 ? before : after);
		np_compare_close(&compare);
		np_gate_init(&gate, &compare, &options);
		assert_int_equal(gate.result, absolute ? NP_GATE_FAIL : NP_GATE_PASS);
		if (absolute) {
			assert_true(gate.work.significant);
			assert_true(fabs(gate.work.verdict.share[1] - 1.25) < 1e-9);
			assert_true(fabs(find(&gate, "f")->self.verdict.share[1] - 0.5) < 1e-9);
		}
		finish(&compare, &gate);
	}
}

static void budgets(void **state)
{
	static const char *const bad[] = { "f", "f:self", "f:self=5", ":self=5%", "f:own=5%", "f:self=x%",
					   "f:self=101%", "f:self=-1%", "f:self=nan%", "f:calls=5%", "f:calls=-1",
					   "f:cal=5", "f:=5%", "f:callsx=5" };
	struct np_compare compare;
	struct np_gate gate;
	struct np_gate_options options;
	struct np_budget given[3];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_true(np_budget_parse(&given[0], bad[i]) < 0);
	assert_int_equal(np_budget_parse(&given[0], "std::g*:total=50%"), 0);
	assert_string_equal(given[0].match.function, "std::g*");
	free(given[0].match.function);
	assert_int_equal(np_budget_parse(&given[0], "g*:self=50%"), 0);
	assert_int_equal(np_budget_parse(&given[1], "main:total=99.5%"), 0);
	assert_int_equal(np_budget_parse(&given[2], "absent:self=0%"), 0);
	np_gate_options_init(&options);
	options.budgets = given;
	options.budget_count = 3;
	np_compare_init(&compare);
	for (int i = 0; i < 6; i++)
		add(&compare, i < 3 ? NP_BEFORE : NP_AFTER, "main;f 4000\nmain;g 6000\n");
	np_compare_close(&compare);
	np_gate_init(&gate, &compare, &options);
	assert_int_equal(gate.result, NP_GATE_FAIL);
	assert_int_equal(gate.over_budget, 2);
	assert_null(given[2].function);
	for (int i = 0; i < 3; i++)
		free(given[i].match.function);
	finish(&compare, &gate);
}

/* The whole way, many times: the same code is hardly ever called slower, 25 % of one is seen. */
static void rates(void **state)
{
	static const struct cost changed[] = { { "main;parse", 1.25 }, { NULL, 0 } };
	struct np_compare compare;
	struct np_gate gate;
	int alarms = 0, found = 0, others = 0;

	random_state = 7;
	for (int i = 0; i < 200; i++) {
		compare_runs(&compare, &gate, 5, i % 2 ? 0.1 : 0.02, NULL, NULL, NULL);
		alarms += gate.result == NP_GATE_FAIL;
		finish(&compare, &gate);
	}
	for (int i = 0; i < 50; i++) {
		compare_runs(&compare, &gate, 10, 0.03, changed, NULL, NULL);
		found += find(&gate, "parse")->role == NP_GATE_CAUSE;
		others += gate.slower > (find(&gate, "parse")->role == NP_GATE_CAUSE);
		finish(&compare, &gate);
	}
	printf("# same code 5 v 5: %d of 200 fail; +25 %% of 5 %%, 10 v 10: found %d of 50, others %d\n",
	       alarms, found, others);
	assert_true(alarms <= 4);
	assert_true(found >= 40);
	assert_true(others <= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),     cmocka_unit_test(name_map),  cmocka_unit_test(one_tree),
		cmocka_unit_test(slower_leaf), cmocka_unit_test(guarded), cmocka_unit_test(moved),
		cmocka_unit_test(renamed),   cmocka_unit_test(poor),	  cmocka_unit_test(same_work),
		cmocka_unit_test(budgets),   cmocka_unit_test(rates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
