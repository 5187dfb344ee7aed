/* SPDX-License-Identifier: MIT
 *
 * test-spool-writer.c - the writer's promises, looked at through the mapping itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spool/writer.h"

static char directory[64];

static int make_directory(void **state)
{
	(void)state;
	strcpy(directory, "/dev/shm/neuroprof-test-XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

static void path_of(char path[128], const char *name)
{
	snprintf(path, 128, "%s/%s", directory, name);
}

static void create(struct np_spool *spool, uint64_t bytes)
{
	char path[128];

	path_of(path, "a.spool");
	memset(spool, 0, sizeof(*spool));
	assert_int_equal(np_spool_create(spool, path, bytes), 0);
	np_spool_publish(spool);
}

static void drop(struct np_spool *spool)
{
	unlink(spool->path);
	np_spool_forget(spool);
}

static const struct np_spool_node *node(const struct np_spool *spool, uint32_t index)
{
	return (const struct np_spool_node *)(spool->base + spool->head->nodes.offset) + index;
}

static void the_same_key_gives_the_same_node(void **state)
{
	struct np_spool spool;
	uint32_t a, b;

	(void)state;
	create(&spool, 4u << 20);
	a = np_spool_child(&spool, 0, 1, 0x1000, NP_NODE_CALL);
	b = np_spool_child(&spool, a, 1, 0x1000, NP_NODE_CALL);
	assert_int_not_equal(a, b);
	assert_int_equal(np_spool_child(&spool, 0, 1, 0x1000, NP_NODE_CALL), a);
	assert_int_equal(np_spool_child(&spool, a, 1, 0x1000, NP_NODE_CALL), b);
	assert_int_not_equal(np_spool_child(&spool, 0, 2, 0x1000, NP_NODE_CALL), a);
	assert_int_not_equal(np_spool_child(&spool, 0, 1, 0x1000, NP_NODE_LEAF), a);
	assert_int_equal(node(&spool, b)->parent, a);
	drop(&spool);
}

static void a_commit_counts_on_the_node_and_on_its_thread(void **state)
{
	struct np_spool spool;
	uint32_t a, thread;

	(void)state;
	create(&spool, 4u << 20);
	a = np_spool_child(&spool, 0, 0, 7, NP_NODE_LEAF);
	thread = np_spool_thread_add(&spool, 77, "thread-of-tests");
	np_spool_commit(&spool, thread, a, a, 3);
	np_spool_commit(&spool, thread, a, 0, 1);
	np_spool_commit(&spool, 0, a, a, 5);
	assert_int_equal(node(&spool, a)->samples, 3);
	assert_int_equal(node(&spool, a)->periods, 9);
	assert_int_equal(node(&spool, a)->resumed, 2);
	assert_int_equal(node(&spool, 0)->resumed, 1);
	assert_int_equal(spool.threads[thread].samples, 2);
	assert_int_equal(spool.threads[thread].periods, 4);
	assert_int_equal(spool.threads[0].samples, 1);
	assert_int_equal(spool.threads[0].periods, 5);
	drop(&spool);
}

/* An adversary that makes a new stack every time: bounded, and used to its end. */
static void a_full_table_says_so_and_what_is_known_stays(void **state)
{
	struct np_spool spool;
	uint64_t made = 0;
	uint32_t first, last = 0;

	(void)state;
	create(&spool, 2u << 20);
	first = np_spool_child(&spool, 0, 0, 1, NP_NODE_CALL);
	for (uint64_t pc = 2; pc < 1000000; pc++) {
		uint32_t child = np_spool_child(&spool, 0, 0, pc, NP_NODE_CALL);

		if (child == UINT32_MAX)
			break;
		made++;
		last = child;
	}
	assert_in_range(made, spool.head->nodes.capacity / 2, spool.head->nodes.capacity);
	assert_int_equal(np_spool_child(&spool, 0, 0, 2000000, NP_NODE_CALL), UINT32_MAX);
	assert_int_equal(np_spool_child(&spool, 0, 0, 1, NP_NODE_CALL), first);
	assert_int_equal(np_spool_child(&spool, 0, 0, made + 1, NP_NODE_CALL), last);
	drop(&spool);
}

static void a_small_program_takes_little_memory(void **state)
{
	struct np_spool spool;
	struct stat st;

	(void)state;
	create(&spool, 64u << 20);
	for (uint64_t pc = 1; pc < 500; pc++)
		np_spool_child(&spool, 0, 0, pc, NP_NODE_CALL);
	assert_int_equal(stat(spool.path, &st), 0);
	assert_int_equal(st.st_size, 64 << 20);
	assert_in_range(st.st_blocks * 512, 1, 256 << 10);
	drop(&spool);
}

static void tables_that_are_full_fall_back_to_entry_zero(void **state)
{
	struct np_spool spool;
	struct np_spool_module module = { .start = 1, .end = 2 };
	uint32_t index = 0;

	(void)state;
	create(&spool, 2u << 20);
	for (int i = 1; i < (int)NP_SPOOL_MODULES_MAX; i++)
		assert_int_equal(np_spool_module_add(&spool, &module, "m"), i);
	assert_int_equal(np_spool_module_add(&spool, &module, "m"), 0);
	assert_int_equal(spool.head->counters[NP_COUNT_MODULES_LOST], 1);
	for (int i = 1; i < (int)NP_SPOOL_THREADS_MAX; i++)
		index = np_spool_thread_add(&spool, (uint32_t)i, "thread-of-tests");
	assert_int_equal(index, NP_SPOOL_THREADS_MAX - 1);
	assert_int_equal(np_spool_thread_add(&spool, 1, "thread-of-tests"), 0);
	assert_int_equal(spool.head->counters[NP_COUNT_THREADS_SHARED], 1);
	drop(&spool);
}

static void an_existing_file_is_not_touched(void **state)
{
	struct np_spool spool = { .base = NULL };
	char path[128];

	(void)state;
	path_of(path, "taken.spool");
	fclose(fopen(path, "w"));
	assert_int_equal(np_spool_create(&spool, path, 1u << 20), -EEXIST);
	assert_int_equal(unlink(path), 0);
	path_of(path, "no/such/directory.spool");
	assert_int_equal(np_spool_create(&spool, path, 1u << 20), -ENOENT);
}

/* In a child, since limits cannot be taken back. */
static int in_child(int (*body)(void))
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(body());
	waitpid(child, &status, 0);
	return status;
}

static int under_file_size_limit(void)
{
	struct rlimit limit = { 1 << 20, 1 << 20 };
	struct np_spool spool = { .base = NULL };
	char path[128];
	int r;

	path_of(path, "limited.spool");
	setrlimit(RLIMIT_FSIZE, &limit);
	r = np_spool_create(&spool, path, 64u << 20);
	if (r == 0 && spool.bytes > 1 << 20)
		return 1;
	unlink(path);
	return r == 0 ? 0 : 2;
}

static void a_file_size_limit_is_respected_without_a_signal(void **state)
{
	(void)state;
	assert_int_equal(in_child(under_file_size_limit), 0);
}

static int on_a_full_file_system(void)
{
	struct np_spool spool = { .base = NULL };
	char path[128];
	int r;

	path_of(path, "small");
	mkdir(path, 0700);
	if (mount("none", path, "tmpfs", 0, "size=512k") < 0)
		return 77;
	path_of(path, "small/a.spool");
	r = np_spool_create(&spool, path, 64u << 20);
	for (uint64_t pc = 1; r == 0 && pc < 1000000; pc++)
		if (np_spool_child(&spool, 0, 0, pc, NP_NODE_CALL) == UINT32_MAX)
			r = pc > 1000 ? 42 : 3;
	np_spool_forget(&spool);
	path_of(path, "small");
	umount(path);
	rmdir(path);
	return r;
}

/* A store to a page that the file system cannot give raises SIGBUS: it must never come to that. */
static void a_full_file_system_means_a_full_table_and_no_sigbus(void **state)
{
	int status = in_child(on_a_full_file_system);

	(void)state;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();			/* mounting needs root */
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
}

/* ---- many threads at once; also built under the thread sanitizer ---- */

#define THREADS 4
#define ROUNDS	20000
#define KEYS	3000

struct racer {
	struct np_spool *spool;
	unsigned seed;
	uint64_t committed;
};

static void *race(void *argument)
{
	struct racer *racer = argument;

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t pc = (uint64_t)(rand_r(&racer->seed) % KEYS) + 1;
		uint32_t parent = np_spool_child(racer->spool, 0, 0, pc % 7 + 1, NP_NODE_CALL);
		uint32_t child = np_spool_child(racer->spool, parent, 0, pc, NP_NODE_LEAF);

		if (child == UINT32_MAX)
			continue;
		np_spool_commit(racer->spool, 0, child, child, pc % 3 + 1);
		racer->committed += pc % 3 + 1;
	}
	return NULL;
}

static void threads_lose_nothing_and_tear_nothing(void **state)
{
	struct racer racers[THREADS];
	pthread_t threads[THREADS];
	struct np_spool spool;
	uint64_t committed = 0, found = 0;

	(void)state;
	create(&spool, 8u << 20);
	for (unsigned i = 0; i < THREADS; i++) {
		racers[i] = (struct racer){ .spool = &spool, .seed = i + 1 };
		assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		committed += racers[i].committed;
	}
	for (uint32_t i = 1; i < spool.head->nodes.used; i++) {
		const struct np_spool_node *at = node(&spool, i);

		if (!at->ready)
			continue;
		assert_true(at->parent < i);
		if (at->periods)
			assert_int_equal(node(&spool, at->parent)->pc, at->pc % 7 + 1);
		found += at->periods;
	}
	assert_int_equal(found, committed);
	assert_int_equal(spool.threads[0].periods, committed);
	drop(&spool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_key_gives_the_same_node),
		cmocka_unit_test(a_commit_counts_on_the_node_and_on_its_thread),
		cmocka_unit_test(a_full_table_says_so_and_what_is_known_stays),
		cmocka_unit_test(a_small_program_takes_little_memory),
		cmocka_unit_test(tables_that_are_full_fall_back_to_entry_zero),
		cmocka_unit_test(an_existing_file_is_not_touched),
		cmocka_unit_test(a_file_size_limit_is_respected_without_a_signal),
		cmocka_unit_test(a_full_file_system_means_a_full_table_and_no_sigbus),
		cmocka_unit_test(threads_lose_nothing_and_tear_nothing),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
