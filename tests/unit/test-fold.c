/* SPDX-License-Identifier: MIT
 *
 * test-fold.c - from a synthetic spool to the two files, byte for byte where that is possible.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fold.h"
#include "make_spool.h"
#include "profile/read.h"
#include "symbolize/symbolize.h"

static char directory[64];
static char names[8][360];	/* path_of() gives eight at a time */

static const char *path_of(const char *name)
{
	static unsigned next;
	char *path = names[next++ % 8];

	snprintf(path, sizeof(names[0]), "%s/%s", directory, name);
	return path;
}

static int make_directory(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/neuroprof-test-XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	(void)state;
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			unlink(path_of(entry->d_name));
	closedir(dir);
	return rmdir(directory);	/* fails when a hidden temporary file was left behind */
}

static char *read_file(const char *path, size_t *ret_size)
{
	FILE *from = fopen(path, "rb");
	char *text = calloc(1, 1 << 20);

	if (!from || !text)
		fail_msg("%s: %s", path, strerror(errno));
	*ret_size = fread(text, 1, (1 << 20) - 1, from);
	fclose(from);
	return text;
}

static int fold_file(const char *spool, struct np_fold_result *result)
{
	struct np_fold_options options = { .out = directory };

	return np_fold_spool(spool, &options, result);
}

static int fold_spool(const struct make_spool *s, struct np_fold_result *result)
{
	make_file(s, sizeof(*s), path_of("in.spool"));
	return fold_file(path_of("in.spool"), result);
}

static void expect_folded(const struct np_fold_result *result, const char *expected)
{
	size_t size;
	char *text;

	assert_non_null(result->folded_path);
	text = read_file(result->folded_path, &size);
	assert_string_equal(text, expected);
	free(text);
}

static struct np_tree *read_profile(const char *path)
{
	struct np_tree *tree = np_tree_create();
	struct np_read_report report;

	if (np_read_path(path, NULL, tree, &report) != 0)
		fail_msg("%s: %s", path, report.message);
	np_tree_finish(tree);
	return tree;
}

static bool has_comment(const struct np_tree *tree, const char *words)
{
	for (size_t i = 0; i < np_tree_comment_count(tree); i++)
		if (strstr(np_tree_comment(tree, i), words))
			return true;
	return false;
}

/* A bit of everything: two threads, a library, our own frames, cut stacks, what did not fit. */
static struct make_spool *make_rich(void)
{
	struct make_spool *s = make_spool();
	uint32_t main_thread = make_thread(s, 10, "prog"), worker = make_thread(s, 11, "worker");
	uint16_t prog = make_module(s, "/nowhere/prog", 0x400000, 0x500000, NP_MODULE_MAIN);
	uint16_t lib = make_module(s, "/nowhere/libx.so.1", 0x7f0000000000, 0x7f0000100000, 0);
	uint16_t self = make_module(s, "/nowhere/libneuroprof.so", 0x7f1000000000, 0x7f1000100000,
				    NP_MODULE_SELF);
	uint32_t whole = make_root(s, main_thread, NP_QUALITY_COMPLETE);
	uint32_t deep = make_root(s, worker, NP_QUALITY_TOO_DEEP);
	uint32_t blind = make_root(s, worker, NP_QUALITY_NO_RULE);
	uint32_t start = make_node(s, whole, prog, 0x401001, NP_NODE_CALL, 0);
	uint32_t hook = make_node(s, start, self, 0x7f1000000100, NP_NODE_CALL, 0);
	uint32_t call = make_node(s, hook, prog, 0x402001, NP_NODE_CALL, 0);

	make_node(s, call, lib, 0x7f0000000500, NP_NODE_LEAF, 7);
	make_node(s, call, lib, 0x7f0000000500, NP_NODE_LEAF, 3); /* two threads raced for it */
	make_node(s, call, prog, 0x402000, NP_NODE_LEAF, 2);	/* where a call of 0x402001 lies */
	make_node(
		s, call, self, 0x7f1000000200, NP_NODE_LEAF, 4); /* in us: counts for its caller */
	/* Its child did not fit. */
	s->nodes[start].samples = s->nodes[start].periods = s->nodes[start].resumed = 5;
	make_node(s, deep, lib, 0x7f0000000600, NP_NODE_LEAF, 6);
	make_node(s, blind, 0, 0xdead0000, NP_NODE_LEAF, 1);
	make_node(s, 0, 0, 0, NP_NODE_STARTUP, 1);
	s->nodes[s->head.nodes.used - 1].periods = 9;
	s->nodes[0].samples = s->nodes[0].periods = s->nodes[0].resumed = 8;	/* not even its root did */
	s->head.counters[NP_COUNT_ON_ANCESTOR] = 13;
	s->head.counters[NP_COUNT_LOST_REENTRANT] = 17;
	return s;
}

static const char rich_folded[] =
	"[startup] 9\n"
	"[truncated: no unwind rule];[anon] 1\n"
	"[truncated: spool full] 8\n"
	"[truncated: too deep];libx.so.1+0x600 6\n"
	"prog+0x1000;[truncated: spool full] 5\n"
	"prog+0x1000;prog+0x2000 4\n"
	"prog+0x1000;prog+0x2000;libx.so.1+0x500 10\n"
	"prog+0x1000;prog+0x2000;prog+0x2000 2\n";

static void a_spool_becomes_folded_stacks(void **state)
{
	struct make_spool *s = make_rich();
	struct np_fold_result result;

	(void)state;
	assert_int_equal(fold_spool(s, &result), 0);
	assert_string_equal(result.folded_path, path_of("neuroprof.prog.4242.folded"));
	assert_string_equal(result.pprof_path, path_of("neuroprof.prog.4242.pb.gz"));
	expect_folded(&result, rich_folded);
	assert_int_equal(result.samples, 37);
	assert_int_equal(result.periods, 45);
	assert_int_equal(result.cpu_ns, 450000000);
	assert_int_equal(result.by_quality[NP_QUALITY_COMPLETE], 30);
	assert_int_equal(result.by_quality[NP_QUALITY_TOO_DEEP], 6);
	assert_int_equal(result.by_quality[NP_QUALITY_NO_RULE], 1);
	assert_int_equal(result.unresolved_samples, 23);	/* all but the markers */
	assert_int_equal(result.damaged, 0);
	np_fold_result_finish(&result);
	free(s);
}

static void the_pprof_file_says_the_same(void **state)
{
	struct make_spool *s = make_rich();
	struct np_fold_result result;
	struct np_tree *tree;

	(void)state;
	assert_int_equal(fold_spool(s, &result), 0);
	tree = read_profile(result.pprof_path);
	assert_int_equal(np_tree_node(tree, 0)->total, 450000000);
	assert_int_equal(np_tree_total_samples(tree, 0), 37);
	assert_string_equal(np_tree_meta(tree)->value_type, "cpu");
	assert_string_equal(np_tree_meta(tree)->value_unit, "nanoseconds");
	assert_int_equal(np_tree_meta(tree)->period, 10000000);
	assert_int_equal(np_tree_meta(tree)->duration_ns, 2000000000);
	assert_int_equal(np_tree_meta(tree)->calls, NP_CALLS_UNKNOWN);
	assert_true(has_comment(tree, "clock: perf_event"));
	assert_true(has_comment(tree, "unwinder: cfi"));
	assert_true(has_comment(tree, "13 samples kept on an outer frame"));
	assert_true(has_comment(tree, "17 ticks lost inside the profiler"));
	assert_true(has_comment(tree, "complete stacks: 81.08 %"));
	assert_true(has_comment(tree, "end: exited"));
	assert_false(has_comment(tree, "damaged"));
	np_tree_destroy(tree);
	np_fold_result_finish(&result);
	free(s);
}

static void the_same_spool_gives_the_same_bytes_in_the_same_place(void **state)
{
	struct make_spool *s = make_rich();
	struct np_fold_result first, second;
	size_t size, again;
	char *bytes, *more;

	(void)state;
	assert_int_equal(fold_spool(s, &first), 0);
	bytes = read_file(first.pprof_path, &size);
	assert_int_equal(fold_spool(s, &second), 0);
	assert_string_equal(first.pprof_path, second.pprof_path);
	more = read_file(second.pprof_path, &again);
	assert_int_equal(size, again);
	assert_memory_equal(bytes, more, size);
	expect_folded(&second, rich_folded);
	free(bytes);
	free(more);
	np_fold_result_finish(&first);
	np_fold_result_finish(&second);
	free(s);
}

static void the_order_of_nodes_does_not_show(void **state)
{
	struct np_fold_result result;
	char *bytes[2];
	size_t sizes[2];

	(void)state;
	for (int reverse = 0; reverse < 2; reverse++) {
		struct make_spool *s = make_spool();
		uint16_t b = make_module(s, "/nowhere/b", 0x200000, 0x300000, 0);
		uint16_t a = make_module(s, "/nowhere/a", 0x100000, 0x200000, 0);
		uint32_t root = make_root(s, 0, NP_QUALITY_COMPLETE);

		for (uint32_t i = 0; i < 20; i++) {
			uint32_t n = reverse ? 19 - i : i;

			make_node(s, root, n % 2 ? a : b, (n % 2 ? 0x100000 : 0x200000) + n,
				  NP_NODE_LEAF, n + 1);
		}
		assert_int_equal(fold_spool(s, &result), 0);
		bytes[reverse] = read_file(result.pprof_path, &sizes[reverse]);
		np_fold_result_finish(&result);
		free(s);
	}
	assert_int_equal(sizes[0], sizes[1]);
	assert_memory_equal(bytes[0], bytes[1], sizes[0]);
	free(bytes[0]);
	free(bytes[1]);
}

static void another_process_is_not_overwritten(void **state)
{
	struct make_spool *s = make_rich();
	struct np_fold_result result;

	(void)state;
	assert_int_equal(fold_spool(s, &result), 0);
	np_fold_result_finish(&result);
	s->head.start_ticks++;		/* the same program, the same pid, another time */
	s->nodes[0].samples = s->nodes[0].periods = 88;
	assert_int_equal(fold_spool(s, &result), 0);
	assert_string_equal(result.folded_path, path_of("neuroprof.prog.4242-2.folded"));
	assert_string_equal(result.pprof_path, path_of("neuroprof.prog.4242-2.pb.gz"));
	np_fold_result_finish(&result);
	s->head.image++;		/* and one more program in that process */
	assert_int_equal(fold_spool(s, &result), 0);
	assert_string_equal(result.pprof_path, path_of("neuroprof.prog.4242-3.pb.gz"));
	np_fold_result_finish(&result);
	s->head.image--;
	assert_int_equal(fold_spool(s, &result), 0);
	assert_string_equal(result.pprof_path, path_of("neuroprof.prog.4242-2.pb.gz"));
	np_fold_result_finish(&result);
	free(s);
}

static void a_process_without_a_sample_leaves_no_file(void **state)
{
	struct make_spool *s = make_spool();
	struct np_fold_result result;

	(void)state;
	s->head.pid = 4243;
	make_root(s, 0, NP_QUALITY_COMPLETE);
	assert_int_equal(fold_spool(s, &result), 0);
	assert_null(result.folded_path);
	assert_null(result.pprof_path);
	assert_int_not_equal(access(path_of("neuroprof.prog.4243.folded"), F_OK), 0);
	assert_int_not_equal(access(path_of("neuroprof.prog.4243.pb.gz"), F_OK), 0);
	np_fold_result_finish(&result);
	s->head.state = NP_SPOOL_EMPTY;
	assert_int_equal(fold_spool(s, &result), -ENODATA);
	assert_string_not_equal(result.message, "");
	np_fold_result_finish(&result);
	free(s);
}

static void what_is_whole_of_a_damaged_spool_is_saved(void **state)
{
	struct make_spool *s = make_spool();
	uint16_t prog = make_module(s, "/nowhere/prog", 0x400000, 0x500000, NP_MODULE_MAIN);
	uint32_t root = make_root(s, 0, NP_QUALITY_COMPLETE);
	uint32_t bad = make_node(s, root, prog, 0x400010, NP_NODE_CALL, 0);
	struct np_fold_result result;

	(void)state;
	make_node(s, bad, prog, 0x400020, NP_NODE_LEAF, 3);
	make_node(s, root, prog, 0x400030, NP_NODE_LEAF, 4);
	make_node(s, root, 60000, 0x400040, NP_NODE_LEAF, 1);	/* its module is not to be had */
	make_node(s, root, prog, 0x400050, NP_NODE_LEAF, UINT64_MAX / 2);
	s->nodes[bad].kind = 200;
	s->head.pid = 4244;
	assert_int_equal(fold_spool(s, &result), -EBADMSG);
	expect_folded(&result, "[anon] 1\nprog+0x30 4\n");
	assert_int_equal(result.samples, 5);
	assert_int_equal(result.damaged, 3);
	assert_non_null(strstr(result.message, "3 entries"));
	np_fold_result_finish(&result);
	free(s);
}

static void what_is_no_spool_is_said_in_one_line(void **state)
{
	struct np_fold_result result;

	(void)state;
	make_file("main;f 1\n", 9, path_of("foreign.spool"));
	assert_int_equal(fold_file(path_of("foreign.spool"), &result), -EBADMSG);
	assert_non_null(strstr(result.message, "not a spool"));
	assert_null(strchr(result.message, '\n'));
	assert_null(result.pprof_path);
	np_fold_result_finish(&result);
	assert_int_equal(fold_file(path_of("missing.spool"), &result), -ENOENT);
	assert_string_not_equal(result.message, "");
	np_fold_result_finish(&result);
}

static void calls_are_counted_to_the_function_not_the_address(void **state)
{
	struct make_spool *s = make_spool();
	uint16_t prog = make_module(s, "/nowhere/prog", 0x400000, 0x500000, NP_MODULE_MAIN);
	uint32_t root = make_root(s, 0, NP_QUALITY_COMPLETE);
	uint32_t call = make_node(s, root, prog, 0x400010, NP_NODE_CALL, 0);
	uint32_t leaf = make_node(s, call, prog, 0x400020, NP_NODE_LEAF, 4);
	struct np_fold_result result;
	struct np_tree *tree;
	uint64_t calls = 0;

	(void)state;
	s->nodes[root].resumed = 1;	/* called, and calling */
	s->nodes[call].resumed = 2;	/* two calls more from where it was */
	s->nodes[leaf].resumed = 1;	/* and met once more in the last of them */
	s->head.pid = 4245;
	assert_int_equal(fold_spool(s, &result), 0);
	expect_folded(&result, "prog+0xf;prog+0x20 4\n");
	tree = read_profile(result.pprof_path);
	for (uint32_t i = 0; i < np_tree_node_count(tree); i++)
		calls += np_tree_calls(tree, i);
	assert_int_equal(calls, 4);
	assert_int_not_equal(np_tree_meta(tree)->calls, NP_CALLS_UNKNOWN);
	assert_int_equal(np_tree_total_samples(tree, 0), 4);
	np_tree_destroy(tree);
	np_fold_result_finish(&result);
	free(s);
}

static void code_of_a_jit_is_named_by_its_map(void **state)
{
	struct make_spool *s = make_spool();
	uint32_t root = make_root(s, 0, NP_QUALITY_COMPLETE);
	struct np_fold_result result;
	char map[64];
	FILE *to;

	(void)state;
	s->head.pid = (uint32_t)getpid();	/* the map's name must be ours alone */
	snprintf(map, sizeof(map), "/tmp/perf-%u.map", s->head.pid);
	to = fopen(map, "wx");
	if (!to)
		skip();
	fputs("10000 100 compiled;by js\n", to);
	fclose(to);
	make_node(s, root, 0, 0x10040, NP_NODE_LEAF, 2);
	make_node(s, root, 0, 0x20000, NP_NODE_LEAF, 1);
	assert_int_equal(fold_spool(s, &result), 0);
	unlink(map);
	expect_folded(&result, "[anon] 1\ncompiled\\;by js 2\n");
	assert_int_equal(result.unresolved_samples, 1);
	np_fold_result_finish(&result);
	free(s);
}

/* One process with one sample in this function, of a program without a build id. */
static void fold_with(struct np_symbolizer **symbolizer, uint64_t started_realtime_ns, const char *expected)
{
	extern char __executable_start[];
	struct np_fold_options options = { .out = directory, .symbolizer = symbolizer };
	struct make_spool *s = make_spool();
	struct np_fold_result result;
	char path[300];
	uint16_t prog;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	assert_true(n > 0);
	path[n] = '\0';
	prog = make_module(s, path, (uintptr_t)__executable_start, UINT64_MAX, NP_MODULE_MAIN);
	make_node(s, make_root(s, 0, NP_QUALITY_COMPLETE), prog, (uintptr_t)&fold_with + 1, NP_NODE_LEAF, 1);
	s->head.started_realtime_ns = started_realtime_ns;
	s->head.pid = 4247;
	make_file(s, sizeof(*s), path_of("in.spool"));
	assert_int_equal(np_fold_spool(path_of("in.spool"), &options, &result), 0);
	if (expected)
		expect_folded(&result, expected);
	else
		assert_int_equal(result.unresolved_samples, 1);
	unlink(result.folded_path);
	unlink(result.pprof_path);
	np_fold_result_finish(&result);
	free(s);
}

static void a_symbolizer_for_many_believes_each_process_what_it_saw(void **state)
{
	const uint64_t before_the_file = 1000000000, after_it = UINT64_MAX;
	struct np_symbolizer *symbolizer = NULL;

	(void)state;
	fold_with(&symbolizer, after_it, "fold_with 1\n");
	assert_non_null(symbolizer);
	fold_with(&symbolizer, before_the_file, NULL);	/* another file was there: no name at all */
	fold_with(&symbolizer, after_it, "fold_with 1\n");
	assert_int_equal(np_symbolizer_modules(symbolizer), 2);
	np_symbolizer_destroy(symbolizer);
}

static void names_of_files_come_from_the_pattern(void **state)
{
	struct make_spool *s = make_rich();
	struct np_fold_options options = { .out = NULL };
	struct np_fold_result result;
	char out[200];

	(void)state;
	strcpy(s->head.exe, "/bin/od d\n../;x (deleted)");
	snprintf(s->head.fold_out, sizeof(s->head.fold_out), "%s/p-%%p-%%e-100%%%%", directory);
	make_file(s, sizeof(*s), path_of("in.spool"));
	assert_int_equal(np_fold_spool(path_of("in.spool"), &options, &result), 0);
	assert_string_equal(result.folded_path, path_of("p-4242-_x-100%.folded"));
	np_fold_result_finish(&result);
	snprintf(out, sizeof(out), "%s/new/deeper", directory);	/* missing directories are made */
	options.out = out;
	assert_int_equal(np_fold_spool(path_of("in.spool"), &options, &result), 0);
	assert_string_equal(result.pprof_path, path_of("new/deeper/neuroprof._x.4242.pb.gz"));
	unlink(result.folded_path);
	unlink(result.pprof_path);
	np_fold_result_finish(&result);
	assert_int_equal(rmdir(out), 0);
	assert_int_equal(rmdir(path_of("new")), 0);
	options.out = path_of("in.spool");	/* a file where a directory should be */
	assert_int_equal(np_fold_spool(path_of("in.spool"), &options, &result), -ENOTDIR);
	assert_non_null(strstr(result.message, "in.spool"));
	np_fold_result_finish(&result);
	free(s);
}

static void deep_stacks_are_no_trouble(void **state)
{
	uint32_t count = 6000;
	size_t size = sizeof(struct np_spool_header) + count * sizeof(struct np_spool_node);
	struct np_spool_header *head = calloc(1, size);
	struct np_spool_node *nodes = (void *)(head + 1);
	struct make_spool *s = make_spool();
	struct np_fold_result result;

	(void)state;
	assert_non_null(head);
	*head = s->head;
	head->pid = 4246;
	head->threads = head->modules = head->strings = (struct np_spool_section){ .offset = 0 };
	head->nodes = (struct np_spool_section){ .offset = sizeof(*head), .capacity = count,
						 .ready = count * sizeof(*nodes), .used = count };
	nodes[0] = s->nodes[0];
	nodes[1] = (struct np_spool_node){ .kind = NP_NODE_ROOT, .ready = 1 };
	for (uint32_t i = 2; i < count; i++)
		nodes[i] = (struct np_spool_node){ .pc = i, .parent = i - 1, .kind = NP_NODE_LEAF,
						   .ready = 1, .samples = 1, .periods = 1 };
	make_file(head, size, path_of("deep.spool"));
	assert_int_equal(fold_file(path_of("deep.spool"), &result), -EBADMSG);
	assert_int_equal(result.samples, 4096);		/* NP_FOLD_DEPTH_MAX */
	assert_int_equal(result.damaged, count - 2 - 4096);
	np_fold_result_finish(&result);
	free(head);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_spool_becomes_folded_stacks),
		cmocka_unit_test(the_pprof_file_says_the_same),
		cmocka_unit_test(the_same_spool_gives_the_same_bytes_in_the_same_place),
		cmocka_unit_test(the_order_of_nodes_does_not_show),
		cmocka_unit_test(another_process_is_not_overwritten),
		cmocka_unit_test(a_process_without_a_sample_leaves_no_file),
		cmocka_unit_test(what_is_whole_of_a_damaged_spool_is_saved),
		cmocka_unit_test(what_is_no_spool_is_said_in_one_line),
		cmocka_unit_test(calls_are_counted_to_the_function_not_the_address),
		cmocka_unit_test(code_of_a_jit_is_named_by_its_map),
		cmocka_unit_test(a_symbolizer_for_many_believes_each_process_what_it_saw),
		cmocka_unit_test(names_of_files_come_from_the_pattern),
		cmocka_unit_test(deep_stacks_are_no_trouble),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
