/* SPDX-License-Identifier: MIT
 *
 * test-spool-reader.c - what the writer makes can be read; what is damaged is refused or skipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "make_spool.h"
#include "spool/reader.h"
#include "spool/writer.h"

static char directory[64];

static int make_directory(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/neuroprof-test-XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static struct np_spool_reader *open_memory(const struct make_spool *s)
{
	struct np_spool_reader *reader = NULL;

	assert_int_equal(np_spool_open_memory(s, sizeof(*s), &reader, NULL, 0), 0);
	return reader;
}

static void what_the_writer_makes_can_be_read(void **state)
{
	struct np_spool spool = { .base = NULL };
	struct np_spool_module module = { .start = 0x400000, .end = 0x500000, .bias = 0x400000 };
	struct np_spool_reader *reader;
	uint32_t thread, root, leaf = 0, count = 0;
	uint16_t index;
	uint64_t samples = 0;

	(void)state;
	assert_int_equal(np_spool_create(&spool, path_of("a.spool"), 8u << 20), 0);
	spool.head->period_ns = 1000;
	assert_int_equal(np_spool_open(spool.path, &reader, NULL, 0), -ENODATA); /* not yet */
	index = np_spool_module_add(&spool, &module, "/bin/thing");
	thread = np_spool_thread_add(&spool, 77, "worker\0\0\0\0\0\0\0\0\0");
	root = np_spool_child(&spool, 0, 0, thread * 256, NP_NODE_ROOT);
	for (uint64_t i = 0; i < 5000; i++) {	/* grows several times */
		leaf = np_spool_child(&spool, root, index, 0x400000 + i, NP_NODE_LEAF);
		np_spool_commit(&spool, thread, leaf, leaf, 2);
	}
	np_spool_publish(&spool);
	assert_int_equal(np_spool_open(spool.path, &reader, NULL, 0), 0);
	for (uint32_t i = 0; i < np_spool_node_count(reader); i++) {
		const struct np_spool_node *node = np_spool_node(reader, i);

		if (!node)
			continue;
		count++;
		samples += node->samples;
	}
	assert_int_equal(count, 5002);
	assert_int_equal(samples, 5000);
	assert_int_equal(np_spool_node(reader, leaf)->pc, 0x400000 + 4999);
	assert_int_equal(np_spool_node(reader, leaf)->periods, 2);
	assert_string_equal(
		np_spool_module_path(reader, np_spool_module(reader, index)), "/bin/thing");
	assert_int_equal(np_spool_thread(reader, thread)->tid, 77);
	assert_string_equal(np_spool_thread(reader, thread)->name, "worker");
	assert_int_equal(np_spool_damaged(reader), 0);
	np_spool_close(reader);
	unlink(spool.path);
	np_spool_forget(&spool);
}

static void expect_refusal(const void *bytes, size_t size, const char *words)
{
	struct np_spool_reader *reader = NULL;
	char message[256] = "";

	assert_int_equal(
		np_spool_open_memory(bytes, size, &reader, message, sizeof(message)), -EBADMSG);
	assert_null(reader);
	if (!strstr(message, words))
		fail_msg("\"%s\" does not say \"%s\"", message, words);
}

static void foreign_bytes_are_refused_by_name(void **state)
{
	static uint64_t garbage[sizeof(struct make_spool) / 8];
	struct make_spool *s = make_spool();
	struct np_spool_reader *reader;

	(void)state;
	memset(garbage, 0x5a, sizeof(garbage));
	expect_refusal(garbage, sizeof(garbage), "wrong magic");
	expect_refusal(s, 100, "100 bytes");
	expect_refusal(s, 0, "0 bytes");
	s->head.version = NP_SPOOL_VERSION + 1;
	expect_refusal(s, sizeof(*s), "version 3");
	s->head.version = NP_SPOOL_VERSION << 24;
	expect_refusal(s, sizeof(*s), "byte order");
	s->head.version = NP_SPOOL_VERSION;
	s->head.state = 9;
	expect_refusal(s, sizeof(*s), "state 9");
	s->head.state = NP_SPOOL_EMPTY;
	assert_int_equal(np_spool_open_memory(s, sizeof(*s), &reader, NULL, 0), -ENODATA);
	s->head.state = NP_SPOOL_LIVE;
	s->head.period_ns = 0;
	expect_refusal(s, sizeof(*s), "period 0");
	free(s);
}

static void what_is_no_file_is_refused(void **state)
{
	struct np_spool_reader *reader;
	char message[256];

	(void)state;
	assert_int_equal(
		np_spool_open(path_of("none"), &reader, message, sizeof(message)), -ENOENT);
	assert_int_equal(np_spool_open(directory, &reader, message, sizeof(message)), -EBADMSG);
	assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
	assert_int_equal(
		np_spool_open(path_of("fifo"), &reader, message, sizeof(message)), -EBADMSG);
	unlink(path_of("fifo"));
}

static void entries_that_are_not_complete_are_skipped_without_damage(void **state)
{
	struct make_spool *s = make_spool();
	uint32_t root = make_root(s, 0, NP_QUALITY_COMPLETE);
	uint32_t unready = make_node(s, root, 0, 1, NP_NODE_LEAF, 5);
	uint32_t whole = make_node(s, root, 0, 2, NP_NODE_LEAF, 5);
	struct np_spool_reader *reader;

	(void)state;
	s->nodes[unready].ready = 0;
	reader = open_memory(s);
	assert_int_equal(np_spool_node_count(reader), whole + 1);
	assert_null(np_spool_node(reader, unready));
	assert_non_null(np_spool_node(reader, whole));
	assert_null(np_spool_node(reader, whole + 1));
	assert_null(np_spool_node(reader, UINT32_MAX));
	assert_int_equal(np_spool_damaged(reader), 0);
	np_spool_close(reader);
	free(s);
}

static void damaged_entries_are_skipped_and_counted_once(void **state)
{
	struct make_spool *s = make_spool();
	uint32_t root = make_root(s, 0, NP_QUALITY_COMPLETE);
	uint32_t later = make_node(s, root, 0, 1, NP_NODE_LEAF, 5);
	uint32_t kind = make_node(s, root, 0, 2, NP_NODE_LEAF, 5);
	uint16_t module = make_module(s, "/bin/x", 0x1000, 0x2000, 0);
	uint32_t thread = make_thread(s, 1, "t");
	struct np_spool_reader *reader;

	(void)state;
	s->nodes[later].parent = later;
	s->nodes[kind].kind = 77;
	s->modules[module].end = 0;
	memset(s->threads[thread].name, 'x', sizeof(s->threads[thread].name));
	reader = open_memory(s);
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < np_spool_node_count(reader); i++)
			assert_int_equal(np_spool_node(reader, i) != NULL, i != later && i != kind);
		assert_null(np_spool_module(reader, module));
		assert_null(np_spool_thread(reader, thread));
		assert_int_equal(np_spool_damaged(reader), 4);
	}
	np_spool_close(reader);
	free(s);
}

/* A live writer, or one that means harm, goes on meanwhile. */
static void what_was_opened_stays_as_it_was(void **state)
{
	struct make_spool *s = make_spool();
	uint32_t root = make_root(s, 0, NP_QUALITY_COMPLETE);
	uint32_t leaf = make_node(s, root, 0, 1, NP_NODE_LEAF, 5);
	uint16_t module = make_module(s, "/bin/x", 0x1000, 0x2000, 0);
	uint32_t thread = make_thread(s, 1, "t");
	const struct np_spool_module *found;
	struct np_spool_reader *reader;

	(void)state;
	reader = open_memory(s);
	memset(s->threads, 'x', sizeof(s->threads));
	memset(s->modules, 0xff, sizeof(s->modules));
	memset(s->strings, 'x', sizeof(s->strings));
	s->nodes[leaf].parent = UINT32_MAX;
	s->nodes[leaf].samples = 6;
	assert_int_equal(np_spool_node(reader, leaf)->parent, root);
	assert_int_equal(np_spool_node(reader, leaf)->samples, 5);
	found = np_spool_module(reader, module);
	assert_non_null(found);
	assert_int_equal(found->build_id_bytes, 0);
	assert_string_equal(np_spool_module_path(reader, found), "/bin/x");
	assert_string_equal(np_spool_thread(reader, thread)->name, "t");
	assert_int_equal(np_spool_damaged(reader), 0);
	np_spool_close(reader);
	free(s);
}

static void the_header_alone_can_be_looked_at(void **state)
{
	struct make_spool *s = make_spool();
	struct np_spool_reader *reader;

	(void)state;
	make_node(s, make_root(s, 0, NP_QUALITY_COMPLETE), 0, 1, NP_NODE_LEAF, 5);
	make_file(s, sizeof(*s), path_of("head"));
	assert_int_equal(np_spool_open_head(path_of("head"), &reader), 0);
	assert_int_equal(np_spool_head(reader)->pid, s->head.pid);
	assert_int_equal(np_spool_node_count(reader), 0);
	assert_null(np_spool_node(reader, 0));
	np_spool_close(reader);
	s->head.period_ns = 0;
	make_file(s, sizeof(*s), path_of("head"));
	assert_int_equal(np_spool_open_head(path_of("head"), &reader), -EBADMSG);
	unlink(path_of("head"));
	free(s);
}

static void a_path_never_runs_out_of_its_section(void **state)
{
	struct make_spool *s = make_spool();
	uint16_t far = make_module(s, "/bin/x", 0x1000, 0x2000, 0);
	uint16_t open = make_module(s, "/bin/y", 0x1000, 0x2000, 0);
	struct np_spool_reader *reader;

	(void)state;
	s->modules[far].path = UINT32_MAX;
	memset(s->strings + s->modules[open].path, 'y', sizeof(s->strings) - s->modules[open].path);
	s->head.strings.used = MAKE_STRINGS;
	reader = open_memory(s);
	assert_string_equal(np_spool_module_path(reader, np_spool_module(reader, far)), "");
	assert_string_equal(np_spool_module_path(reader, np_spool_module(reader, open)), "");
	assert_true(np_spool_damaged(reader) > 0);
	np_spool_close(reader);
	free(s);
}

/* Everything a tool looks at, without a crash; run under the sanitizers. */
static void look_at_everything(const struct np_spool_reader *reader)
{
	volatile uint64_t sum = 0;

	for (uint32_t i = 0; i < np_spool_node_count(reader); i++)
		if (np_spool_node(reader, i))
			sum += np_spool_node(reader, i)->samples;
	for (uint32_t i = 0; i < np_spool_module_count(reader); i++)
		if (np_spool_module(reader, i))
			sum += strlen(np_spool_module_path(reader, np_spool_module(reader, i)));
	for (uint32_t i = 0; i < np_spool_thread_count(reader); i++)
		if (np_spool_thread(reader, i))
			sum += strlen(np_spool_thread(reader, i)->name);
	(void)sum;
}

static void a_cut_file_gives_what_is_whole(void **state)
{
	struct make_spool *s = make_spool();
	uint32_t root = make_root(s, 0, NP_QUALITY_COMPLETE);
	struct np_spool_reader *reader;
	uint32_t got;

	(void)state;
	for (int i = 0; i < 40; i++)
		make_node(s, root, 0, 0x1000u + (unsigned)i, NP_NODE_LEAF, 1);
	for (size_t size = sizeof(s->head); size < sizeof(*s); size += 8) {
		make_file(s, size, path_of("cut"));
		assert_int_equal(np_spool_open(path_of("cut"), &reader, NULL, 0), 0);
		look_at_everything(reader);
		got = np_spool_node_count(reader);
		if (size < offsetof(struct make_spool, strings)) {
			assert_true(np_spool_damaged(reader) > 0);
			assert_true(got == 42 ||
				    got == (size < offsetof(struct make_spool, nodes)
							   ? 0
							   : (size - offsetof(struct make_spool,
									     nodes)) /
								     sizeof(s->nodes[0])));
		}
		np_spool_close(reader);
	}
	unlink(path_of("cut"));
	free(s);
}

static void sections_cannot_lead_out_of_the_file(void **state)
{
	static const uint64_t odd[] = { 0, 1, 7, 8, 4095, sizeof(struct make_spool),
					sizeof(struct make_spool) - 8, 1ull << 32, 1ull << 63,
					UINT64_MAX, UINT64_MAX - 7, UINT64_MAX / 64 };
	struct np_spool_reader *reader;

	(void)state;
	for (size_t a = 0; a < 4 * 4 * (sizeof(odd) / sizeof(odd[0])); a++) {
		struct make_spool *s = make_spool();
		struct np_spool_section *section = &s->head.modules + a % 4;
		uint64_t value = odd[a / 16];

		make_root(s, 0, NP_QUALITY_COMPLETE);
		make_module(s, "/bin/x", 0x1000, 0x2000, 0);
		if (a / 4 % 4 == 0)
			section->offset = value;
		else if (a / 4 % 4 == 1)
			section->capacity = section->used = section->ready = value;
		else if (a / 4 % 4 == 2)
			section->ready = section->used = value;
		else
			section->offset = section->capacity = section->used = value;
		reader = open_memory(s);
		look_at_everything(reader);
		np_spool_close(reader);
		free(s);
	}
}

static void owners_are_told_by_pid_and_start(void **state)
{
	struct make_spool *s = make_spool();
	struct np_spool_reader *reader;
	char text[1024] = "";
	FILE *stat_file = fopen("/proc/self/stat", "r");
	const char *at;

	(void)state;
	assert_non_null(stat_file);
	assert_non_null(fgets(text, sizeof(text), stat_file));
	fclose(stat_file);
	at = strrchr(text, ')');
	for (int field = 2; field < 22; field++)
		at = strchr(at + 1, ' ');
	s->head.pid = (uint32_t)getpid();
	s->head.start_ticks = strtoull(at, NULL, 10);
	reader = open_memory(s);
	assert_true(np_spool_owner_alive(reader));
	np_spool_close(reader);
	s->head.start_ticks++;		/* the number was given to another process since */
	reader = open_memory(s);
	assert_false(np_spool_owner_alive(reader));
	np_spool_close(reader);
	s->head.pid = 0;
	reader = open_memory(s);
	assert_false(np_spool_owner_alive(reader));
	np_spool_close(reader);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_writer_makes_can_be_read),
		cmocka_unit_test(foreign_bytes_are_refused_by_name),
		cmocka_unit_test(what_is_no_file_is_refused),
		cmocka_unit_test(entries_that_are_not_complete_are_skipped_without_damage),
		cmocka_unit_test(damaged_entries_are_skipped_and_counted_once),
		cmocka_unit_test(what_was_opened_stays_as_it_was),
		cmocka_unit_test(the_header_alone_can_be_looked_at),
		cmocka_unit_test(a_path_never_runs_out_of_its_section),
		cmocka_unit_test(a_cut_file_gives_what_is_whole),
		cmocka_unit_test(sections_cannot_lead_out_of_the_file),
		cmocka_unit_test(owners_are_told_by_pid_and_start),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
