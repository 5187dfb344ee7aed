/* SPDX-License-Identifier: MIT
 *
 * test-folded.c - folded stacks: the grammar case by case, and what must hold for any input.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "profile/folded.h"
#include "profile/folded_read.h"
#include "profile/folded_value.h"
#include "profile/read.h"

static char *write_folded(const struct np_tree *tree)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_int_equal(np_folded_write(tree, to, true), 0);
	fclose(to);
	return text;
}

/* TEXT read and written again, or the error's number in *RET_RC and NULL. */
static char *refold(const char *text, size_t size, int *ret_rc, struct np_read_report *report)
{
	struct np_tree *tree = np_tree_create();
	char *out = NULL;

	*ret_rc = np_read_memory("x", text, size, NULL, tree, report);
	if (*ret_rc == 0)
		out = write_folded(tree);
	np_tree_destroy(tree);
	return out;
}

static void records_are_read_as_the_grammar_says(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"a;b 5\n", "a;b 5\n"},
		{"a;b 5", "a;b 5\n"},				/* no end of line */
		{"a;b 5\r\na;c 6\r\n", "a;b 5\na;c 6\n"},	/* CRLF */
		{"a;b 5 \t \n", "a;b 5\n"},			/* trailing blanks */
		{"a;b\t5\n", "a;b 5\n"},			/* TAB before the value */
		{"a;b   5\n", "a;b 5\n"},
		{"\xef\xbb\xbf" "a 1\n", "a 1\n"},		/* byte order mark */
		{"# note 500\n#\na 1\n", "a 1\n"},		/* comments */
		{"#x;a 5\n", "\\x23x;a 5\n"},			/* no comment: no blank follows */
		{"\n\n  \na 1\n", "a 1\n"},			/* blank lines */
		{"Thread 2 100\n", "Thread 2 100\n"},		/* one column, never guessed */
		{"a 1\nb 2\na 3\n", "a 4\nb 2\n"},		/* duplicates sum */
		{"a;b 0\na 1\n", "a 1\n"},			/* zero draws nothing */
		{"a +7\n", "a 7\n"},
		{"a 007\n", "a 7\n"},
		{"a 18446744073709551615\n", "a 18446744073709551615\n"},
		{"a 1.0\nb 2.\n", "a 1\nb 2\n"},		/* fractions that are none */
		{"a 0.25\nb 1\n", "a 25\nb 100\n"},		/* exact: the unit becomes 0.01 */
		{"a 3\nb .5\nc 0.125\n", "a 3000\nb 500\nc 125\n"},
		{"a;;b 5\n", "a;(empty);b 5\n"},		/* empty frames are shown */
		{";a 5\n", "(empty);a 5\n"},
		{"a; 5\n", "a;(empty) 5\n"},
		{" 5\n", "(empty) 5\n"},
		{"; 5\n", "(empty);(empty) 5\n"},
		{"a; b ;c 5\n", "a;b;c 5\n"},			/* blanks around frames */
		{"a\\;b;c 5\n", "a\\;b;c 5\n"},			/* escapes */
		{"a\\\\;b 5\n", "a\\\\;b 5\n"},
		{"x\\x0ay 5\n", "x\\x0ay 5\n"},
		{"x\ry 5\n", "x\\x0dy 5\n"},			/* some readers end a line there */
		{"App\\Foo;b 5\n", "App\\\\Foo;b 5\n"},		/* no escape of ours: as it is */
		{"a\\x41 5\n", "a\\\\x41 5\n"},
		{"f_[k];g_[i];h_[j];i_[x] 5\n", "f_[k];g_[i];h_[j];i_[x] 5\n"},
		{"f_[i]_[k] 5\n", "f_[k]_[i] 5\n"},
		{"_[k] 5\n", "_\\x5bk] 5\n"},			/* a name, not an annotation */
		{"f_[k]_[k] 5\n", "f_\\x5bk]_[k] 5\n"},
		{"\xff\xfe" "bad;\xc3 5\n", "\xff\xfe" "bad;\xc3 5\n"},
		{"BZh;PERFILE2 5\n", "BZh;PERFILE2 5\n"},	/* a name, not bzip2 */
		{"a\xff;\xc3 5\n", "a\xff;\xc3 5\n"},		/* invalid UTF-8 is kept */
		{"{closure};[unknown] 5\n", "{closure};[unknown] 5\n"},
		{"<module>;f 1\n", "<module>;f 1\n"},
		{"cpu/nanoseconds\na;b 7\n", "a;b 7\n"},	/* header of one column */
		{"samples/count cpu/nanoseconds\na;b 3 7\n", "a;b 7\n"},
		{"a/b 5\n", "a/b 5\n"},				/* no header: a stack */
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct np_read_report report;
		char *out;
		int rc;

		out = refold(cases[i].in, strlen(cases[i].in), &rc, &report);
		if (rc != 0 || strcmp(out, cases[i].out) != 0)
			fail_msg("case %u: rc %d '%s', got '%s' instead of '%s'", i, rc,
				 report.message, out ? out : "", cases[i].out);
		free(out);
	}
}

static void what_is_no_profile_is_refused_with_the_reason(void **state)
{
	static const struct {
		const char *in;
		size_t size;	/* 0: a string */
		int rc;
		const char *message;
	} cases[] = {
		{"", 0, -EBADMSG, "'x' is empty"},
		{"\n\n# a\n", 0, -EBADMSG, "no stack in it"},
		{"hello\nworld\n", 0, -EBADMSG, "line 1 has no number"},
		{"5\n", 0, -EBADMSG, "no number after a stack"},
		{"a -5\n", 0, -EBADMSG, "a negative value"},
		{"a 1,234\n", 0, -EBADMSG, "comma"},
		{"a 1e3\n", 0, -EBADMSG, "exponent"},
		{"a nan\n", 0, -EBADMSG, "no number"},
		{"a 0\nb 0\n", 0, -EBADMSG, "all 2 stacks are zero"},
		{"a\0b 5\n", 6, -EBADMSG, "binary data"},
		{"a 18446744073709551616\n", 0, -EOVERFLOW, "line 1"},
		{"a 18446744073709551615\nb 1\n", 0, -EOVERFLOW, "line 2"},
		{"a 18446744073709551615\nb .1\n", 0, -EOVERFLOW, "line 2"},
		{"{\"$schema\": \"https://www.speedscope.app/file-format-schema.json\"}", 0,
		 -EBADMSG, "speedscope"},
		{"[{\"name\": 1}]", 0, -EBADMSG, "JSON"},
		{"{\n \"a\": 1\n}\n", 0, -EBADMSG, "JSON"},
		{"{\"traceEvents\": []}", 0, -EBADMSG, "Chrome"},
		{"<?xml version=\"1.0\"?><svg width=\"5\">", 0, -EBADMSG, "SVG"},
		{"<!DOCTYPE html><p>", 0, -EBADMSG, "web page"},
		{"PERFILE2........", 0, -EBADMSG, "perf.data"},
		{"NPSPOOL\0....", 12, -EBADMSG, "neuroprof-fold"},
		{"\177ELF....", 0, -EBADMSG, "program"},
		{"# callgrind format\nversion: 1\n", 0, -EBADMSG, "callgrind"},
		{"version: 1\ncreator: callgrind-3.19.0\n", 0, -EBADMSG, "callgrind"},
		{"\xff\xfe" "a\0 \0005\0\n\0", 10, -EBADMSG, "UTF-16"},
		{"PK\003\004abc", 0, -EBADMSG, "zip"},
		{"\0\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10\x27\0\0\0\0\0\0"
		 "\0\0\0\0\0\0\0\0", 40, -EBADMSG, "gperftools"},
		{"\x28\xb5\x2f\xfd....", 0, -EBADMSG, "zstd"},
		{"\x04\x22\x4d\x18....", 0, -EBADMSG, "lz4"},
		{"JAVA PROFILE 1.0.2", 0, -EBADMSG, "heap dump"},
		{"gmon\1\0\0\0", 8, -EBADMSG, "gprof"},
		{"Flat profile:\n\n  0.1 5\n", 0, -EBADMSG, "gprof"},
		{"--- symbol\nbinary=/x\n", 0, -EBADMSG, "with its symbols"},
		{"heap profile:   1:  24 [ 1:  24] @ heapprofile\n", 0, -EBADMSG, "heap profile"},
		{"desc: --massif-out-file=x\ncmd: a\n", 0, -EBADMSG, "massif"},
		{"desc: I1 cache: 32768\ncmd: a\nevents: Ir\nfn=f\n1 2\n", 0, -EBADMSG, "cachegrind"},
		{"Analysis of sampling a (pid 5)\n", 0, -EBADMSG, "macOS"},
		{"@[\n    f+1\n]: 5\n", 0, -EBADMSG, "bpftrace"},
		{"# To display the perf.data header info, please use\n# x\n 1% f 3\n", 0, -EBADMSG,
		 "perf report"},
		{"go 1.22 trace\0\0\0....", 20, -EBADMSG, "go tool trace"},
		{"\n\n              a`main+0x5\n               12\n", 0, -EBADMSG, "dtrace"},
		{"{\"nodes\":[],\"timeDeltas\":[]}", 0, -EBADMSG, "V8"},
		{"samples/count cpu/ns\na;b 7\n", 0, -EBADMSG, "too few columns"},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct np_read_report report;
		size_t size = cases[i].size ? cases[i].size : strlen(cases[i].in);
		char *out;
		int rc;

		out = refold(cases[i].in, size, &rc, &report);
		if (rc != cases[i].rc || !strstr(report.message, cases[i].message) ||
		    strchr(report.message, '\n'))
			fail_msg("case %u: rc %d, '%s' lacks '%s'", i, rc, report.message,
				 cases[i].message);
		free(out);
	}
}

static void a_few_bad_lines_are_skipped_and_counted(void **state)
{
	struct np_tree *tree = np_tree_create();
	struct np_read_report report;
	char text[4096] = "";
	size_t n = 0;

	for (unsigned i = 0; i < 200; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, i == 70 ? "oops\n" : "a;b 1\n");
	assert_int_equal(np_read_memory("x", text, n, NULL, tree, &report), 0);
	assert_int_equal(report.records, 199);
	assert_int_equal(report.skipped, 1);
	assert_int_equal(report.first_skipped, 71);
	assert_non_null(strstr(report.message, "line 71"));
	np_tree_destroy(tree);

	tree = np_tree_create();
	assert_int_equal(np_read_memory("x", text, n, &(struct np_read_options){.strict = true},
					tree, &report), -EBADMSG);
	assert_non_null(strstr(report.message, "line 71"));
	np_tree_destroy(tree);
}

static void more_than_one_bad_line_in_a_hundred_is_an_error(void **state)
{
	struct np_read_report report;
	char text[4096] = "";
	size_t n = 0;
	int rc;

	for (unsigned i = 0; i < 100; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, i < 2 ? "oops\n" : "a;b 1\n");
	free(refold(text, n, &rc, &report));
	assert_int_equal(rc, -EBADMSG);
	assert_non_null(strstr(report.message, "2 of 100 lines"));
}

static void a_header_names_the_columns(void **state)
{
	static const char text[] = "samples/count calls/count cpu/nanoseconds\na;b 2 9 20\na 1 1 10\n";
	struct np_tree *tree = np_tree_create();
	struct np_read_report report;
	uint32_t node;

	assert_int_equal(np_read_memory("x", text, strlen(text), NULL, tree, &report), 0);
	assert_string_equal(np_tree_meta(tree)->value_type, "cpu");
	assert_string_equal(np_tree_meta(tree)->value_unit, "nanoseconds");
	assert_true(np_tree_meta(tree)->samples_known);
	assert_int_equal(np_tree_meta(tree)->calls, NP_CALLS_LOWER_BOUND);
	node = np_tree_node(tree, np_tree_node(tree, 0)->first_child)->first_child;
	assert_int_equal(np_tree_node(tree, node)->self, 20);
	assert_int_equal(np_tree_self_samples(tree, node), 2);
	assert_int_equal(np_tree_calls(tree, node), 9);
	/* Another file, whose unit is another one. */
	assert_int_equal(np_read_memory("y", "a 5\n", 4, NULL, tree, &report), -EINVAL);
	assert_non_null(strstr(report.message, "cpu/nanoseconds"));
	np_tree_destroy(tree);
}

static void several_files_sum_up(void **state)
{
	struct np_tree *tree = np_tree_create();
	struct np_read_report report;
	char *out;

	assert_int_equal(np_read_memory("x", "a;b 1\n", 6, NULL, tree, &report), 0);
	assert_int_equal(np_read_memory("y", "a;b 2.5\nc 1\n", 12, NULL, tree, &report), 0);
	assert_int_equal(np_read_memory("z", "c 4\n", 4, NULL, tree, &report), 0);
	assert_int_equal(np_tree_meta(tree)->decimals, 1);
	assert_false(np_tree_meta(tree)->samples_known);
	out = write_folded(tree);
	assert_string_equal(out, "a;b 35\nc 50\n");
	free(out);
	np_tree_destroy(tree);
}

static void markers_and_annotations_become_kinds(void **state)
{
	static const char text[] = "[truncated: too deep];k_[k];i_[i];[unknown];[startup] 1\n";
	static const enum np_kind kinds[] = {NP_KIND_MARKER, NP_KIND_KERNEL, NP_KIND_UNKNOWN,
					     NP_KIND_UNKNOWN, NP_KIND_MARKER};
	struct np_tree *tree = np_tree_create();
	struct np_read_report report;

	assert_int_equal(np_read_memory("x", text, strlen(text), NULL, tree, &report), 0);
	for (uint32_t i = 0; i < 5; i++) {
		const struct np_function *function =
			np_tree_function_at(tree, np_tree_node(tree, i + 1)->function);

		assert_int_equal(function->kind, kinds[i]);
		assert_int_equal(function->inlined, i == 2);
	}
	assert_string_equal(np_tree_string(tree, np_tree_function_at(tree,
				np_tree_node(tree, 2)->function)->name), "k");
	np_tree_destroy(tree);
}

static void fractions_round_only_beyond_nine_decimals(void **state)
{
	static const struct {
		const char *text;
		uint64_t units;
		unsigned decimals;
		bool rounded;
	} cases[] = {
		{"0.123456789", 123456789, 9, false},
		{"0.1234567890000", 123456789, 9, false},
		{"0.1234567894", 123456789, 9, true},
		{"0.1234567895", 12345679, 8, true},
		{"0.9999999999", 1, 0, true},
		{"12.340", 1234, 2, false},
		{"0.0", 0, 0, false},
	};
	struct np_folded_value value;
	const char *reason;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(np_folded_value_parse(cases[i].text, strlen(cases[i].text),
						       &value, &reason), 0);
		assert_int_equal(value.units, cases[i].units);
		assert_int_equal(value.decimals, cases[i].decimals);
		assert_int_equal(value.rounded, cases[i].rounded);
	}
	assert_int_equal(np_folded_value_parse(".", 1, &value, &reason), -EINVAL);
	assert_int_equal(np_folded_value_parse("", 0, &value, &reason), -EINVAL);
	assert_int_equal(np_folded_value_parse("1.2.3", 5, &value, &reason), -EINVAL);
	assert_int_equal(np_folded_value_parse("99999999999.123456789", 21, &value, &reason),
			 -ERANGE);
	assert_int_equal(np_folded_value_parse("18446744073709551615.1", 22, &value, &reason),
			 -ERANGE);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* A name of the bytes that matter to the format. */
static size_t hostile_name(char *name, uint64_t *random)
{
	static const char bytes[] = ";;\\\\\n\r\t  #x_[]kij0a5\xef\xbb\xbf\xff\x01\x1f\x8b\x08";
	size_t length = 1 + next_random(random) % 9;

	for (size_t i = 0; i < length; i++)
		name[i] = bytes[next_random(random) % (sizeof(bytes) - 1)];
	if (next_random(random) % 8 == 0) {
		memcpy(name + length, "_[k]", 4);
		length += 4;
	}
	name[length] = '\0';
	return length;
}

static void any_name_survives_writing_and_reading(void **state)
{
	uint64_t random = 99;

	for (unsigned round = 0; round < 2000; round++) {
		struct np_tree *tree = np_tree_create(), *back = np_tree_create();
		struct np_read_report report;
		char name[16], *first, *second;
		uint32_t node = 0;

		for (unsigned i = 0; i < 6; i++) {
			size_t length = hostile_name(name, &random);
			struct np_function function = {
				.name = np_tree_intern(tree, name, length),
				.kind = (uint8_t[]){0, NP_KIND_KERNEL, NP_KIND_JIT}[round % 3],
				.inlined = next_random(&random) % 2};

			node = np_tree_child(tree, next_random(&random) % 4 ? node : 0,
					     np_tree_function(tree, &function));
			np_tree_add(tree, node, 1 + i, 1 + i, 0);
		}
		first = write_folded(tree);
		if (np_read_memory("x", first, strlen(first), NULL, back, &report) != 0)
			fail_msg("round %u: %s\n%s", round, report.message, first);
		for (uint32_t i = 1; i < np_tree_function_count(tree); i++) {
			struct np_function wanted = *np_tree_function_at(tree, i);
			const char *text = np_tree_string(tree, wanted.name);
			uint32_t count = np_tree_function_count(back);

			wanted.name = np_tree_intern(back, text, strlen(text));
			np_tree_function(back, &wanted);
			if (np_tree_function_count(back) != count)
				fail_msg("round %u: '%s' did not come back from\n%s", round, text,
					 first);
		}
		second = write_folded(back);
		assert_string_equal(first, second);
		free(first);
		free(second);
		np_tree_destroy(tree);
		np_tree_destroy(back);
	}
}

/* Lines that share parts of their stacks in every awkward way. */
static char *awkward_lines(uint64_t *random, size_t *ret_size)
{
	static const char *const pieces[] = {"a", "b", ";", ";", "\\", "\\;", "aa", " ", "\\\\", ";;"};
	char *text = NULL;
	FILE *to = open_memstream(&text, ret_size);

	for (unsigned i = 0; i < 60; i++) {
		unsigned count = (unsigned)(next_random(random) % 8);

		fputc('a', to);
		for (unsigned j = 0; j < count; j++)
			fputs(pieces[next_random(random) % 10], to);
		fprintf(to, " %u\n", (unsigned)(next_random(random) % 9 + 1));
	}
	fclose(to);
	return text;
}

static void a_line_means_the_same_after_any_other_line(void **state)
{
	uint64_t random = 7;

	for (unsigned round = 0; round < 500; round++) {
		struct np_tree *whole = np_tree_create(), *alone = np_tree_create();
		struct np_read_report report;
		size_t size;
		char *text = awkward_lines(&random, &size), *line = text, *a, *b;

		assert_int_equal(np_read_memory("x", text, size, NULL, whole, &report), 0);
		while (*line) {
			size_t length = strcspn(line, "\n") + 1;

			assert_int_equal(np_read_memory("x", line, length, NULL, alone, &report), 0);
			line += length;
		}
		a = write_folded(whole);
		b = write_folded(alone);
		assert_string_equal(a, b);
		free(a);
		free(b);
		free(text);
		np_tree_destroy(whole);
		np_tree_destroy(alone);
	}
}

static void pieces_of_any_size_give_the_same_tree(void **state)
{
	uint64_t random = 31;

	for (unsigned round = 0; round < 300; round++) {
		struct np_tree *tree = np_tree_create();
		struct np_read_report report = {0};
		struct np_folded_reader reader;
		size_t size;
		char *text = awkward_lines(&random, &size), *whole, *pieces;
		int rc;

		whole = refold(text, size, &rc, &report);
		assert_int_equal(rc, 0);
		memset(&report, 0, sizeof(report));
		np_folded_reader_init(&reader, "x", NULL, tree, &report);
		for (size_t at = 0; at < size;) {
			size_t piece = 1 + next_random(&random) % (round % 50 + 1);
			char *copy;

			if (piece > size - at)
				piece = size - at;
			copy = malloc(piece);	/* a stale pointer into it is seen by ASan */
			memcpy(copy, text + at, piece);
			assert_int_equal(np_folded_reader_push(&reader, copy, piece), 0);
			free(copy);
			at += piece;
		}
		assert_int_equal(np_folded_reader_end(&reader), 0);
		np_folded_reader_finish(&reader);
		pieces = write_folded(tree);
		assert_string_equal(pieces, whole);
		free(pieces);
		free(whole);
		free(text);
		np_tree_destroy(tree);
	}
}

static void functions_of_two_modules_with_one_name_are_one_line(void **state)
{
	struct np_tree *tree = np_tree_create();
	struct np_function function = {.name = np_tree_intern(tree, "init", 4)};
	char *out;

	for (unsigned i = 0; i < 2; i++) {
		function.module = i ? np_tree_intern(tree, "libz", 4) : 0;
		np_tree_add(tree, np_tree_child(tree, 0, np_tree_function(tree, &function)), 3, 3,
			    0);
	}
	np_tree_add(tree, 0, 1, 1, 0);	/* a sample without any frame */
	out = write_folded(tree);
	assert_string_equal(out, "(empty) 1\ninit 6\n");
	free(out);
	np_tree_destroy(tree);
}

static void annotations_are_left_out_on_demand(void **state)
{
	struct np_tree *tree = np_tree_create();
	struct np_read_report report;
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_int_equal(np_read_memory("x", "a;b_[i];c_[k] 1\n", 16, NULL, tree, &report), 0);
	assert_int_equal(np_folded_write(tree, to, false), 0);
	fclose(to);
	assert_string_equal(text, "a;b;c 1\n");
	free(text);
	np_tree_destroy(tree);
}

static void a_full_disk_is_reported(void **state)
{
	struct np_tree *tree = np_tree_create();
	struct np_read_report report;
	FILE *full = fopen("/dev/full", "w");

	if (!full)
		skip();
	assert_int_equal(np_read_memory("x", "a 1\n", 4, NULL, tree, &report), 0);
	assert_int_equal(np_folded_write(tree, full, true), -ENOSPC);
	fclose(full);
	np_tree_destroy(tree);
}

static void a_stack_of_a_million_frames_is_the_limit(void **state)
{
	size_t frames = NP_FOLDED_DEPTH_MAX, size = frames * 2 + 2;
	struct np_read_report report;
	char *text = malloc(size + 4), *out;
	int rc;

	for (size_t i = 0; i < frames; i++)
		memcpy(text + i * 2, "f;", 2);
	memcpy(text + size - 3, " 1\n", 3);	/* over the last ';' */
	out = refold(text, size, &rc, &report);
	assert_int_equal(rc, 0);
	assert_int_equal(strlen(out), size);
	assert_memory_equal(out, text, size);
	free(out);
	memcpy(text + size - 3, ";f 1\n", 5);
	free(refold(text, size + 2, &rc, &report));
	assert_int_equal(rc, -EBADMSG);
	assert_non_null(strstr(report.message, "more than 1000000 frames"));
	free(text);
}

static void files_that_cannot_be_opened_say_why(void **state)
{
	struct np_tree *tree = np_tree_create();
	struct np_read_report report;

	assert_int_equal(np_read_path("/nonexistent/x", NULL, tree, &report), -ENOENT);
	assert_non_null(strstr(report.message, "'/nonexistent/x'"));
	assert_int_equal(np_read_path("/", NULL, tree, &report), -EISDIR);
	assert_non_null(strstr(report.message, "directory"));
	np_tree_destroy(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_read_as_the_grammar_says),
		cmocka_unit_test(what_is_no_profile_is_refused_with_the_reason),
		cmocka_unit_test(a_few_bad_lines_are_skipped_and_counted),
		cmocka_unit_test(more_than_one_bad_line_in_a_hundred_is_an_error),
		cmocka_unit_test(a_header_names_the_columns),
		cmocka_unit_test(several_files_sum_up),
		cmocka_unit_test(markers_and_annotations_become_kinds),
		cmocka_unit_test(fractions_round_only_beyond_nine_decimals),
		cmocka_unit_test(any_name_survives_writing_and_reading),
		cmocka_unit_test(a_line_means_the_same_after_any_other_line),
		cmocka_unit_test(pieces_of_any_size_give_the_same_tree),
		cmocka_unit_test(functions_of_two_modules_with_one_name_are_one_line),
		cmocka_unit_test(annotations_are_left_out_on_demand),
		cmocka_unit_test(a_full_disk_is_reported),
		cmocka_unit_test(a_stack_of_a_million_frames_is_the_limit),
		cmocka_unit_test(files_that_cannot_be_opened_say_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
