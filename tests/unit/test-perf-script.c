/* SPDX-License-Identifier: MIT
 *
 * test-perf-script.c - the text of perf script as a call tree, given as folded stacks.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "profile/folded.h"
#include "profile/perf_script_line.h"
#include "profile/read.h"

struct outcome {
	int rc;
	char *folded;
	struct np_tree *tree;
	struct np_read_report report;
};

static struct outcome read_with(const char *text, const struct np_read_options *options)
{
	struct outcome outcome = { .tree = np_tree_create() };
	size_t size;
	FILE *to = open_memstream(&outcome.folded, &size);

	outcome.rc = np_read_memory("input", text, strlen(text), options, outcome.tree,
				    &outcome.report);
	if (outcome.rc == 0) {
		np_tree_finish(outcome.tree);
		assert_int_equal(np_folded_write(outcome.tree, to, true), 0);
	}
	fclose(to);
	return outcome;
}

static void finish(struct outcome *outcome)
{
	free(outcome->folded);
	np_tree_destroy(outcome->tree);
}

static void wants(const char *text, const char *folded)
{
	struct outcome outcome = read_with(text, NULL);

	if (outcome.rc != 0)
		print_error("%s\n", outcome.report.message);
	assert_int_equal(outcome.rc, 0);
	assert_string_equal(outcome.folded, folded);
	finish(&outcome);
}

static void every_shape_of_a_header_is_taken(void **state)
{
	static const struct {
		const char *header, *folded;
	} cases[] = {
		{"sh 12 [000] 1.5: 250 cycles:\n", "sh;main 250\n"},
		{"sh    12/34    1.500000:        250 cycles:u: \n", "sh;main 250\n"},
		{"sh 12 1.5: cycles:\n", "sh;main 1\n"},
		{"sh 12 cycles:\n", "sh;main 1\n"},
		{"sh 12 250 cycles:\n", "sh;main 250\n"},
		{"sh 12 1.5:\n", "sh;main 1\n"},
		{"my thread 7 12 1.5: 250 cycles:\n", "my thread 7;main 250\n"},
		{"Web 1.5: x 12 1.5: 250 cycles:\n", "Web 1.5: x;main 250\n"},
		{"sh 12 [003] d..2. 1.5: 250 cycles:\n", "sh;main 250\n"},
		{"  sh 12 1.5: 250 cpu/event=0x3c,umask=0x0/u:\n", "sh;main 250\n"},
		{"sh 12 1.5: 1 sched:sched_switch: prev_comm=sh next_comm=x (a)\n", "sh;main 1\n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text = NULL;

		assert_true(asprintf(&text, "%s\t    48d0 main+0x10 (/bin/x)\n\n", cases[i].header) > 0);
		wants(text, cases[i].folded);
		free(text);
	}
}

static void frames_lose_address_offset_and_object(void **state)
{
	wants("sh 12 1.5: 3 cycles:\n"
	      "\tffffffff8175336a do_syscall_64+0x28a ([kernel.kallsyms])\n"
	      "\t    7f12 std::map<int, f(char)>::at(int) const+0x1f (/usr/lib/a (b)/libx.so (deleted))\n"
	      "\t    7f13 operator()+0x0 (/bin/x)\n"
	      "\t    7f14 c+0xG (/bin/x)\n"
	      "\t    7f15 [unknown] ([unknown])\n"
	      "\t    7f16 (/bin/x)\n"
	      "\n",
	      "sh;[unknown];[unknown];c+0xG;operator();std::map<int, f(char)>::at(int) const;"
	      "do_syscall_64_[k] 3\n");
}

static void inlined_frames_lie_in_the_object_of_their_caller(void **state)
{
	struct outcome outcome = read_with("prog 1 1.5: 1 cycles:\n"
					   "\t 10 leaf (inlined)\n"
					   "\t 10 middle (inlined)\n"
					   "\t 10 outer+0x3 (/opt/prog)\n"
					   "\t 20 main+0x9 (/opt/prog)\n", NULL);
	unsigned inlined = 0;

	assert_int_equal(outcome.rc, 0);
	assert_string_equal(outcome.folded, "prog;main;outer;middle_[i];leaf_[i] 1\n");
	for (uint32_t i = 2; i < np_tree_function_count(outcome.tree); i++) {
		const struct np_function *function = np_tree_function_at(outcome.tree, i);

		assert_string_equal(np_tree_string(outcome.tree, function->module), "prog");
		assert_int_equal(function->kind, NP_KIND_OWN);
		inlined += function->inlined;
	}
	assert_int_equal(inlined, 2);
	finish(&outcome);
}

static void periods_of_a_clock_are_time(void **state)
{
	struct outcome outcome = read_with("sh 1 10.000000: 1001001 cpu-clock:pppH:\n\t 1 f (/a)\n\n"
					   "sh 1 12.500000: 1001001 cpu-clock:pppH:\n\t 1 f (/a)\n\n", NULL);
	const struct np_tree_meta *meta = np_tree_meta(outcome.tree);

	assert_int_equal(outcome.rc, 0);
	assert_string_equal(meta->value_type, "cpu");
	assert_string_equal(meta->value_unit, "nanoseconds");
	assert_int_equal(meta->period, 1001001);
	assert_int_equal(meta->duration_ns, 2500000000);
	assert_true(meta->samples_known);
	assert_int_equal(np_tree_node(outcome.tree, 0)->total, 2 * 1001001);
	assert_int_equal(np_tree_total_samples(outcome.tree, 0), 2);
	finish(&outcome);
}

static void of_several_events_one_is_read(void **state)
{
	static const char text[] = "sh 1 1.5: 7 cycles:u:\n\t 1 f (/a)\n\n"
				   "sh 1 1.6: 1 page-faults:\n\t 1 g (/a)\n\n"
				   "sh 1 1.7: 5 cycles:u:\n\t 1 f (/a)\n\n";
	struct outcome outcome = read_with(text, NULL);

	assert_int_equal(outcome.rc, 0);
	assert_string_equal(outcome.folded, "sh;f 12\n");
	assert_string_equal(np_tree_meta(outcome.tree)->value_type, "cycles");
	assert_non_null(strstr(outcome.report.message, "1 of other events (page-faults)"));
	finish(&outcome);

	outcome = read_with(text, &(struct np_read_options){ .event = "page-faults" });
	assert_int_equal(outcome.rc, 0);
	assert_string_equal(outcome.folded, "sh;g 1\n");
	assert_string_equal(outcome.report.message, "");
	finish(&outcome);

	outcome = read_with(text, &(struct np_read_options){ .event = "cycle" });
	assert_int_equal(outcome.rc, -EBADMSG);
	assert_non_null(strstr(outcome.report.message, "no sample of the event cycle"));
	finish(&outcome);
}

static void records_and_comments_are_no_samples(void **state)
{
	struct outcome outcome = read_with(
		"# ========\n# cmdline : perf record -g ./prog\n-c\nand so on\n#\n"
		"sh     0     0.000000: PERF_RECORD_COMM: perf-exec:17142/17142\n"
		"sh 1 1.5: 7 cycles:\n\t 1 f (/a)\n  a.c:12\n\t 2 g (/a)\n  a[2]\n\n"
		"sh 1 1.6: PERF_RECORD_LOST lost 12\n", NULL);

	assert_int_equal(outcome.rc, 0);
	assert_string_equal(outcome.folded, "sh;g;f 7\n");
	assert_int_equal(outcome.report.skipped, 0);
	assert_int_equal(np_tree_comment_count(outcome.tree), 2);
	assert_string_equal(np_tree_comment(outcome.tree, 0), "recorded by: perf record -g ./prog");
	assert_string_equal(np_tree_comment(outcome.tree, 1), "lost: 12 events");
	finish(&outcome);
}

static void one_line_samples_have_one_frame(void **state)
{
	wants("         python3 17142  6283.735307:          1 page-faults:  ffffffff8175 elf_load+0x28a "
	      "([kernel.kallsyms])\n"
	      "         python3 17142  6283.735449:          2 page-faults:  ffff f ([kernel.kallsyms])\n",
	      "python3;elf_load_[k] 1\npython3;f_[k] 2\n");
}

static void damage_is_named(void **state)
{
	static const struct {
		const char *text, *words;
		bool strict;
	} cases[] = {
		{"sh 1 1.5: 7 cycles:\nrubbish\n\t 1 f (/a)\n\n", "line 2 has neither a sample", false},
		{"sh 1 1.5: 7 cycles:\n\t 1 f (/a)\n\nrubbish\n", "line 4 has neither", true},
		{"sh 1 1.5: 7 cycles:\n\t 1 f (/a)\n\nsh 1 1.5: cycles:\n", "without a period", true},
		{"sh 1 1.5: 18446744073709551615 cycles:\n\t 1 f (/a)\n\nsh 1 1.5: 1 cycles:\n\t 1 f (/a)\n",
		 "passes 64 bits", false},
		{"sh 1 1.5: 0 cycles:\n\t 1 f (/a)\n", "are zero", false},
		{"sh 0 0.0: PERF_RECORD_COMM: x:1/2\n", "without a sample", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct outcome outcome = read_with(cases[i].text,
			&(struct np_read_options){ .strict = cases[i].strict });

		assert_true(outcome.rc < 0);
		if (!strstr(outcome.report.message, cases[i].words))
			fail_msg("case %zu: '%s'", i, outcome.report.message);
		finish(&outcome);
	}
}

static void folded_stacks_are_not_taken_for_it(void **state)
{
	wants("sh 12 [000] 1.5: 250 cycles: 7\n", "sh 12 [000] 1.5: 250 cycles: 7\n");
	wants("a;b 1\n\t48d0 main (/bin/x) 2\n", "48d0 main (/bin/x) 2\na;b 1\n");
}

static void deep_stacks_and_long_names_are_kept(void **state)
{
	const unsigned depth = 100000;
	char *text = NULL, *name;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	struct outcome outcome;

	name = malloc(65537);
	memset(name, 'n', 65536);
	name[65536] = '\0';
	fprintf(to, "sh 1 1.5: 7 cycles:\n\t 1 %s (/a)\n", name);
	for (unsigned i = 1; i < depth; i++)
		fprintf(to, "\t %x f%u (/a)\n", i, i);
	fclose(to);
	outcome = read_with(text, NULL);
	assert_int_equal(outcome.rc, 0);
	assert_int_equal(np_tree_node_count(outcome.tree), depth + 2);
	assert_non_null(strstr(outcome.folded, name));
	finish(&outcome);
	free(text);
	free(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shape_of_a_header_is_taken),
		cmocka_unit_test(frames_lose_address_offset_and_object),
		cmocka_unit_test(inlined_frames_lie_in_the_object_of_their_caller),
		cmocka_unit_test(periods_of_a_clock_are_time),
		cmocka_unit_test(of_several_events_one_is_read),
		cmocka_unit_test(records_and_comments_are_no_samples),
		cmocka_unit_test(one_line_samples_have_one_frame),
		cmocka_unit_test(damage_is_named),
		cmocka_unit_test(folded_stacks_are_not_taken_for_it),
		cmocka_unit_test(deep_stacks_and_long_names_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
