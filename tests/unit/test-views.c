/* SPDX-License-Identifier: MIT
 *
 * test-views.c - src/analyze: factors, callers and callees, lines, threads, sources.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "analyze/bottleneck.h"
#include "analyze/factors.h"
#include "analyze/lines.h"
#include "analyze/peek.h"
#include "analyze/source.h"
#include "analyze/threads.h"

#define assert_near(a, b) assert_true(fabs((double)(a) - (double)(b)) < 1e-9)

/* "name@12" is at line 12 of name.c, "name~" was inlined, "name!" is a thread. */
static uint32_t function_of(struct np_tree *tree, char *name)
{
	struct np_function function = { .kind = NP_KIND_OWN };
	char *at = strchr(name, '@'), file[64];
	size_t length = strlen(name);

	if (name[length - 1] == '~')
		function.inlined = 1;
	if (name[length - 1] == '!')
		function.kind = NP_KIND_THREAD;
	if (strchr("~!", name[length - 1]))
		name[--length] = '\0';
	if (at) {
		function.at_line = (uint32_t)atoi(at + 1);
		*at = '\0';
		snprintf(file, sizeof(file), "%s.c", name);
		function.file = np_tree_intern(tree, file, strlen(file));
	}
	function.name = np_tree_intern(tree, name, strlen(name));
	return np_tree_function(tree, &function);
}

/* STACK: names separated by blanks, root first. */
static void add(struct np_tree *tree, const char *stack, uint64_t value, uint64_t calls)
{
	char *copy = strdup(stack), *rest = copy, *name;
	uint32_t node = 0;

	while ((name = strsep(&rest, " ")))
		node = np_tree_child(tree, node, function_of(tree, name));
	free(copy);
	assert_int_equal(np_tree_add(tree, node, value, value / 10, calls), 0);
}

static struct np_tree *new_tree(enum np_calls calls)
{
	struct np_tree *tree = np_tree_create();

	np_tree_meta(tree)->value_type = "cpu";
	np_tree_meta(tree)->value_unit = "nanoseconds";
	np_tree_meta(tree)->samples_known = true;
	np_tree_meta(tree)->calls = calls;
	return tree;
}

static const struct np_factors *factors_of(const struct np_ranking *ranking,
					   const struct np_factors *factors, const char *name)
{
	for (size_t i = 0; i < ranking->count; i++)
		if (strcmp(ranking->rows[i].name, name) == 0)
			return &factors[i];
	fail_msg("no row for %s", name);
	return NULL;
}

static void factors_are_exact(void **state)
{
	const struct np_factor_options options = { .pass_through = 0.05, .many_calls_ns = 100,
						   .callers = true };
	struct np_tree *tree = new_tree(NP_CALLS_EXACT);
	struct np_complexity complexity;
	const struct np_factors *f;
	struct np_factors *factors;
	struct np_ranking ranking;

	add(tree, "main a many", 2000, 100);	/* 4 callers, equally often */
	add(tree, "main b many", 2000, 100);
	add(tree, "main c many", 2000, 100);
	add(tree, "many", 2000, 100);
	add(tree, "main a few", 1500, 2);
	add(tree, "main a few few", 500, 0);	/* the outermost one has a caller */
	np_tree_finish(tree);
	np_complexity_init(&complexity);
	np_ranking_init(&ranking, tree, &complexity, NP_RANK_NAME);
	factors = np_factors_create(&ranking, tree, ranking.count, &options);
	f = factors_of(&ranking, factors, "many");
	assert_int_equal(f->class, NP_CLASS_HOT_MANY);
	assert_true(f->seconds_known && f->per_call_known);
	assert_near(f->self_s, 8000e-9);
	assert_near(f->self_ns_per_call, 20);
	assert_int_equal(f->callers, 4);
	assert_near(f->breadth, 4);
	assert_near(f->hottest_path, 0.25);
	f = factors_of(&ranking, factors, "few");
	assert_int_equal(f->class, NP_CLASS_HOT_FEW);
	assert_near(f->self_ns_per_call, 1000);
	assert_near(f->total_ns_per_call, 1000);
	assert_int_equal(f->callers, 1);
	assert_near(f->breadth, 1);
	assert_near(f->hottest_path, 0.75);
	assert_int_equal(factors_of(&ranking, factors, "main")->class, NP_CLASS_WRAPPER);
	free(factors);
	np_ranking_finish(&ranking);
	np_complexity_finish(&complexity);
	np_tree_destroy(tree);
}

/* Seen once a sample, calls are short; one that is seen in many samples is long. */
static void seen_calls_tell_long_from_short(void **state)
{
	const struct np_factor_options options = { .pass_through = 0.05, .many_calls_ns = 100 };
	struct np_tree *tree = new_tree(NP_CALLS_LOWER_BOUND);
	struct np_complexity complexity;
	struct np_factors *factors;
	struct np_ranking ranking;

	add(tree, "short", 1000, 100);	/* 100 samples */
	add(tree, "long", 1000, 50);
	add(tree, "unseen", 1000, 0);
	add(tree, "cold", 10, 1);
	np_tree_finish(tree);
	np_complexity_init(&complexity);
	np_ranking_init(&ranking, tree, &complexity, NP_RANK_NAME);
	factors = np_factors_create(&ranking, tree, ranking.count, &options);
	assert_int_equal(factors_of(&ranking, factors, "short")->class, NP_CLASS_HOT_MANY);
	assert_int_equal(factors_of(&ranking, factors, "long")->class, NP_CLASS_HOT_FEW);
	assert_int_equal(factors_of(&ranking, factors, "unseen")->class, NP_CLASS_NONE);
	assert_int_equal(factors_of(&ranking, factors, "cold")->class, NP_CLASS_NONE);
	free(factors);
	np_ranking_finish(&ranking);
	np_complexity_finish(&complexity);
	np_tree_destroy(tree);
}

static const struct np_peek_edge *edge(const struct np_tree *tree, const struct np_peek_edge *edges,
				       size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!edges[i].is_self && !edges[i].is_root &&
		    strcmp(np_tree_string(tree, edges[i].other.name), name) == 0)
			return &edges[i];
	return NULL;
}

static struct np_peek peek_at(const struct np_tree *tree, const char *word, size_t want)
{
	struct np_peek_match *matches;
	struct np_peek peek;
	char message[128];
	size_t count;

	assert_int_equal(np_peek_find(tree, word, &matches, &count, message, sizeof(message)), 0);
	assert_int_equal(count, want);
	np_peek_init(&peek, tree, matches, count);
	free(matches);
	return peek;
}

static void callers_and_callees_add_up(void **state)
{
	struct np_tree *tree = new_tree(NP_CALLS_LOWER_BOUND);
	struct np_peek peek;

	add(tree, "main a f", 100, 3);
	add(tree, "main a f x", 200, 4);
	add(tree, "main b f x", 300, 5);
	add(tree, "f y", 400, 0);
	add(tree, "main x", 5000, 0);
	np_tree_finish(tree);
	peek = peek_at(tree, "f", 1);
	assert_int_equal(peek.sum.self, 100);
	assert_int_equal(peek.sum.total, 1000);
	assert_int_equal(peek.sum.total_samples, 100);
	assert_int_equal(peek.sum.calls, 3);
	assert_int_equal(peek.recursive, 0);
	assert_int_equal(peek.caller_count, 3);
	assert_int_equal(edge(tree, peek.callers, 3, "a")->value, 300);
	assert_int_equal(edge(tree, peek.callers, 3, "a")->calls, 3);
	assert_int_equal(edge(tree, peek.callers, 3, "b")->value, 300);
	assert_true(peek.callers[0].is_root);
	assert_int_equal(peek.callers[0].value, 400);
	assert_int_equal(peek.callee_count, 3);
	assert_int_equal(edge(tree, peek.callees, 3, "x")->value, 500);
	assert_int_equal(edge(tree, peek.callees, 3, "x")->calls, 9);
	assert_int_equal(edge(tree, peek.callees, 3, "y")->value, 400);
	assert_true(peek.callees[2].is_self);
	assert_int_equal(peek.callees[2].value, 100);
	np_peek_finish(&peek);
	np_tree_destroy(tree);
}

static void recursion_counts_once(void **state)
{
	struct np_tree *tree = new_tree(NP_CALLS_UNKNOWN);
	struct np_peek peek;

	add(tree, "main f g f g f", 100, 0);
	add(tree, "main f f f", 50, 0);
	add(tree, "main f", 25, 0);
	np_tree_finish(tree);
	peek = peek_at(tree, "f", 1);
	assert_int_equal(peek.sum.total, 175);
	assert_int_equal(peek.recursive, 150);
	assert_int_equal(edge(tree, peek.callers, peek.caller_count, "main")->value, 175);
	assert_int_equal(edge(tree, peek.callers, peek.caller_count, "g")->value, 100);
	assert_null(edge(tree, peek.callers, peek.caller_count, "f"));
	assert_int_equal(edge(tree, peek.callees, peek.callee_count, "g")->value, 100);
	assert_null(edge(tree, peek.callees, peek.callee_count, "f"));
	np_peek_finish(&peek);
	/* Taken together they are one function: no edges between them. */
	peek = peek_at(tree, "/^[fg]$/", 2);
	assert_int_equal(peek.sum.total, 175);
	assert_int_equal(peek.caller_count, 1);
	assert_int_equal(peek.callee_count, 1);
	assert_int_equal(peek.callees[0].value, 175);
	np_peek_finish(&peek);
	np_tree_destroy(tree);
}

static void functions_are_found_by_name_part_and_expression(void **state)
{
	struct np_tree *tree = new_tree(NP_CALLS_UNKNOWN);
	struct np_peek_match *matches;
	char message[128] = "";
	size_t count;

	add(tree, "worker! main parse", 30, 0);
	add(tree, "worker! main parse_line", 20, 0);
	np_tree_finish(tree);
	assert_int_equal(np_peek_find(tree, "parse", &matches, &count, message, 128), 0);
	assert_int_equal(count, 1);	/* exactly */
	free(matches);
	assert_int_equal(np_peek_find(tree, "arse", &matches, &count, message, 128), 0);
	assert_int_equal(count, 2);
	assert_string_equal(np_tree_string(tree, matches[0].name.name), "parse");
	assert_int_equal(matches[0].total, 30);
	free(matches);
	assert_int_equal(np_peek_find(tree, "work", &matches, &count, message, 128), 0);
	assert_int_equal(count, 0);	/* a thread is no function */
	free(matches);
	assert_true(np_peek_find(tree, "/(/", &matches, &count, message, 128) < 0);
	assert_true(*message);
	np_tree_destroy(tree);
}

static const struct np_line_row *line(const struct np_tree *tree, const struct np_lines *lines,
				      const char *file, uint32_t number, uint32_t site)
{
	for (size_t i = 0; i < lines->count; i++)
		if (lines->rows[i].line == number && lines->rows[i].site_line == site &&
		    strcmp(np_tree_string(tree, lines->rows[i].file), file) == 0)
			return &lines->rows[i];
	fail_msg("no row for %s:%u", file, number);
	return NULL;
}

static void lines_hold_what_was_inlined_at_them(void **state)
{
	struct np_tree *tree = new_tree(NP_CALLS_UNKNOWN);
	struct np_lines lines;

	add(tree, "main@10", 10, 0);
	add(tree, "main@10 small@3~", 20, 0);
	add(tree, "main@10 small@3~ tiny@7~", 40, 0);
	add(tree, "main@11 small@3~", 80, 0);
	add(tree, "main@11 called@5 small@3~", 160, 0);
	add(tree, "main@10 main@10 called@5", 5, 0);
	add(tree, "main@10 nameless", 1000, 0);
	np_tree_finish(tree);
	np_lines_init(&lines, tree, false);
	assert_int_equal(line(tree, &lines, "main.c", 10, 0)->sum.self, 10);
	assert_int_equal(line(tree, &lines, "main.c", 10, 0)->inlined, 60);
	assert_int_equal(line(tree, &lines, "main.c", 10, 0)->sum.total, 1075);
	assert_int_equal(line(tree, &lines, "main.c", 11, 0)->inlined, 80);
	assert_int_equal(line(tree, &lines, "called.c", 5, 0)->inlined, 160);
	assert_int_equal(line(tree, &lines, "small.c", 3, 0)->sum.self, 260);
	assert_int_equal(line(tree, &lines, "small.c", 3, 0)->inlined, 40);
	assert_int_equal(line(tree, &lines, "small.c", 3, 0)->sum.total, 300);
	assert_int_equal(lines.unknown, 1000);
	np_lines_finish(&lines);
	np_lines_init(&lines, tree, true);
	assert_int_equal(line(tree, &lines, "small.c", 3, 10)->sum.self, 20);
	assert_int_equal(line(tree, &lines, "small.c", 3, 11)->sum.self, 80);
	assert_int_equal(line(tree, &lines, "small.c", 3, 5)->sum.self, 160);
	assert_int_equal(line(tree, &lines, "tiny.c", 7, 3)->sum.self, 40);
	np_lines_finish(&lines);
	np_tree_destroy(tree);
}

static void threads_are_the_frames_at_the_root(void **state)
{
	struct np_tree *tree = new_tree(NP_CALLS_UNKNOWN);
	struct np_thread_rows threads;
	char *name;

	add(tree, "one! main f", 60, 0);
	add(tree, "one! main g", 50, 0);
	add(tree, "one! g f", 10, 0);
	add(tree, "one! two! h", 30, 0);
	add(tree, "main one!", 7, 0);	/* no frame at the root */
	np_tree_finish(tree);
	np_threads_init(&threads, tree, false);
	assert_int_equal(threads.count, 3);
	assert_int_equal(threads.rows[0].value, 120);
	assert_int_equal(threads.rows[0].hottest_self, 70);
	assert_string_equal(np_tree_string(tree, np_tree_function_at(tree,
			    threads.rows[0].hottest)->name), "f");
	name = np_threads_name(tree, threads.rows[1].node);
	assert_string_equal(name, "one / two");
	free(name);
	assert_int_equal(threads.rows[1].value, 30);
	assert_int_equal(threads.rows[2].node, 0);
	assert_int_equal(threads.rows[2].value, 7);
	np_threads_finish(&threads);
	np_threads_init(&threads, tree, true);
	assert_int_equal(threads.count, 3);
	name = np_threads_name(tree, threads.rows[2].node);
	assert_string_equal(name, "main / one");	/* a thread below it is told apart, too */
	free(name);
	np_threads_finish(&threads);
	np_tree_destroy(tree);
}

static uint32_t of_kind(struct np_tree *tree, const char *name, enum np_kind kind)
{
	return np_tree_function(tree, &(struct np_function){
		.name = np_tree_intern(tree, name, strlen(name)), .kind = (uint8_t)kind });
}

static void a_profile_tells_what_it_is_bound_by(void **state)
{
	static const struct {
		const char *leaf;
		enum np_kind kind;
		unsigned percent;	/* of the time in LEAF */
		uint64_t wall_ns;
		const char *class;
	} cases[] = {
		{ "f", NP_KIND_OWN, 50, 2000, "CPU" },		/* half a CPU: by the project's threshold */
		{ "f", NP_KIND_OWN, 50, 2000, "waiting" },
		{ "f", NP_KIND_OWN, 50, 1000, "CPU" },
		{ "f", NP_KIND_OWN, 50, 500, "CPU" },
		{ "f", NP_KIND_OWN, 50, 0, "nothing in particular" },		/* nobody knows */
		{ "malloc", NP_KIND_RUNTIME, 21, 1000, "memory" },
		{ "malloc", NP_KIND_RUNTIME, 19, 1000, "CPU" },
		{ "malloc", NP_KIND_OWN, 90, 1000, "CPU" },			/* its own of that name */
		{ "operator new(unsigned long)", NP_KIND_LIBRARY, 90, 0, "memory" },
		{ "__libc_pwrite64", NP_KIND_RUNTIME, 31, 1000, "I/O" },
		{ "___pthread_mutex_lock", NP_KIND_RUNTIME, 11, 10000, "waiting and locks" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct np_tree *tree = new_tree(NP_CALLS_UNKNOWN);
		struct np_bottleneck found;
		struct np_config config;
		uint32_t node;
		char *class;

		node = np_tree_child(tree, 0, of_kind(tree, "main", NP_KIND_OWN));
		np_tree_add(tree, node, 10 * (100 - cases[i].percent), 100 - cases[i].percent, 0);
		node = np_tree_child(tree, node, of_kind(tree, cases[i].leaf, cases[i].kind));
		np_tree_add(tree, node, 10 * cases[i].percent, cases[i].percent, 0);
		np_tree_meta(tree)->duration_ns = cases[i].wall_ns;
		np_tree_finish(tree);
		np_config_init(&config);
		config.thresholds[NP_THRESHOLD_BOUND_CPU] = i == 0 ? 0.5 : -1;
		np_bottleneck_init(&found, tree, &config);
		class = np_bottleneck_class(&found);
		if (strcmp(class, cases[i].class) != 0)
			fail_msg("case %zu: %s", i, class);
		free(class);
		np_config_finish(&config);
		np_tree_destroy(tree);
	}
}

static void write_file(const char *path, const char *bytes, size_t size)
{
	FILE *to = fopen(path, "w");

	assert_non_null(to);
	assert_int_equal(fwrite(bytes, 1, size, to), size);
	assert_int_equal(fclose(to), 0);
}

static void sources_are_found_and_nothing_else_is(void **state)
{
	char directory[] = "/tmp/np-source-XXXXXX", path[128], *line_text, *directories[1];
	struct np_source source;

	assert_non_null(mkdtemp(directory));
	directories[0] = directory;
	snprintf(path, sizeof(path), "%s/a.c", directory);
	write_file(path, "one\r\n\ttwo\n\nfo\0r", 15);
	np_source_open(&source, "/build/elsewhere/a.c", directories, 1);
	assert_string_equal(source.path, path);
	assert_int_equal(source.line_count, 4);
	line_text = np_source_line(&source, 1);
	assert_string_equal(line_text, "one");
	free(line_text);
	line_text = np_source_line(&source, 2);
	assert_string_equal(line_text, "        two");
	free(line_text);
	line_text = np_source_line(&source, 4);
	assert_string_equal(line_text, "fo?r");
	free(line_text);
	assert_null(np_source_line(&source, 0));
	assert_null(np_source_line(&source, 5));
	np_source_close(&source);
	unlink(path);
	/* A secret is no source, a pipe is no file, and neither is a directory. */
	snprintf(path, sizeof(path), "%s/id_rsa", directory);
	write_file(path, "secret\n", 7);
	np_source_open(&source, path, directories, 1);
	assert_null(source.path);
	unlink(path);
	snprintf(path, sizeof(path), "%s/p.c", directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	np_source_open(&source, path, NULL, 0);
	assert_null(source.path);
	unlink(path);
	rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(factors_are_exact),
		cmocka_unit_test(seen_calls_tell_long_from_short),
		cmocka_unit_test(callers_and_callees_add_up),
		cmocka_unit_test(recursion_counts_once),
		cmocka_unit_test(functions_are_found_by_name_part_and_expression),
		cmocka_unit_test(lines_hold_what_was_inlined_at_them),
		cmocka_unit_test(threads_are_the_frames_at_the_root),
		cmocka_unit_test(a_profile_tells_what_it_is_bound_by),
		cmocka_unit_test(sources_are_found_and_nothing_else_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
