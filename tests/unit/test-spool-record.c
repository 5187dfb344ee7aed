/* SPDX-License-Identifier: MIT
 *
 * test-spool-record.c - stacks become paths of the tree: the same ones the same nodes, new ones in
 * one piece, and calls that follow from what was resumed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "signal/record.h"
#include "spool/reader.h"

#define DEPTH 12u

static char path[64];

static int make_spool(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/dev/shm/neuroprof-record-%d.spool", (int)getpid());
	np_sampler.image = 1;
	if (np_spool_create(&np_sampler.spool, path, 2u << 20) != 0)
		return -1;
	np_sampler.spool.head->period_ns = 1000;
	np_spool_publish(&np_sampler.spool);
	return 0;
}

static int remove_spool(void **state)
{
	(void)state;
	unlink(path);
	np_spool_forget(&np_sampler.spool);
	return 0;
}

static struct np_thread *thread_of(uint32_t entry)
{
	struct np_thread *self = aligned_alloc(_Alignof(struct np_thread), sizeof(*self));

	if (!self)
		abort();
	memset(self, 0, sizeof(*self));
	self->entry = entry;
	return self;
}

/* Frames with these pcs, root first; the last one is the leaf. */
static void set_stack(struct np_thread *self, const uint64_t *pcs, uint32_t depth)
{
	self->stack.depth = depth;
	for (uint32_t i = 0; i < depth; i++)
		self->stack.frames[i] = (struct np_frame){
			.pc = pcs[i], .module = 1, .kind = i + 1 == depth ? NP_NODE_LEAF : NP_NODE_CALL };
}

/* The tree as it is in the file has one node for each distinct path, and the path's own counts. */
static uint64_t samples_along(const uint64_t *pcs, uint32_t depth, uint64_t *ret_calls)
{
	struct np_spool_reader *reader;
	uint64_t samples = 0, *calls;
	uint32_t count;

	assert_int_equal(np_spool_open(path, &reader, NULL, 0), 0);
	count = np_spool_node_count(reader);
	calls = calloc(count, sizeof(*calls));
	assert_non_null(calls);
	np_spool_calls(reader, calls);
	*ret_calls = 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct np_spool_node *node = np_spool_node(reader, i);
		uint32_t at = depth;

		while (node && at > 0 && node->kind != NP_NODE_ROOT && node->pc == pcs[at - 1]) {
			at--;
			node = np_spool_node(reader, node->parent);
		}
		if (at > 0 || !node || node->kind != NP_NODE_ROOT)
			continue;
		samples += np_spool_node(reader, i)->samples;
		*ret_calls += calls[i];
	}
	assert_int_equal(np_spool_damaged(reader), 0);
	free(calls);
	np_spool_close(reader);
	return samples;
}

static void a_new_path_lies_in_one_piece_and_is_found_again(void **state)
{
	uint64_t pcs[DEPTH], calls;
	struct np_thread *self = thread_of(np_spool_thread_add(&np_sampler.spool, 1, "a23456789012345"));
	uint32_t nodes[DEPTH], used;

	(void)state;
	for (uint32_t i = 0; i < DEPTH; i++)
		pcs[i] = 0x1000 + i;
	set_stack(self, pcs, DEPTH);
	np_record(self, 0, UINT32_MAX, 1);
	memcpy(nodes, self->stack.nodes, sizeof(nodes));
	for (uint32_t i = 1; i < DEPTH; i++)
		assert_int_equal(nodes[i], nodes[i - 1] + 1);
	used = (uint32_t)np_sampler.spool.head->nodes.used;
	pcs[5] = 0x2000;		/* another way from the middle */
	set_stack(self, pcs, DEPTH);
	np_record(self, 0, UINT32_MAX, 1);
	assert_int_equal(np_sampler.spool.head->nodes.used, used + DEPTH - 5);
	assert_memory_equal(self->stack.nodes, nodes, 5 * sizeof(nodes[0]));
	assert_int_not_equal(self->stack.nodes[5], nodes[5]);
	assert_int_equal(samples_along(pcs, DEPTH, &calls), 1);
	pcs[5] = 0x1005;		/* and the first one once more */
	set_stack(self, pcs, DEPTH);
	np_record(self, 0, UINT32_MAX, 1);
	assert_memory_equal(self->stack.nodes, nodes, sizeof(nodes));
	assert_int_equal(np_sampler.spool.head->nodes.used, used + DEPTH - 5);
	assert_int_equal(samples_along(pcs, DEPTH, &calls), 2);
	assert_int_equal(calls, 0);	/* it was not known what was new */
	free(self);
}

static void calls_follow_from_what_was_resumed(void **state)
{
	static const uint64_t pcs[4] = { 0x5001, 0x5002, 0x5003, 0x5004 };
	static const struct { uint32_t fresh; uint64_t calls[4]; } steps[] = {
		{ UINT32_MAX, { 0, 0, 0, 0 } },	/* the first sample: nothing to compare with */
		{ 3, { 0, 0, 0, 1 } },		/* the leaf was called anew */
		{ 1, { 0, 1, 1, 2 } },
		{ 4, { 0, 1, 1, 2 } },		/* where it was */
		{ 0, { 1, 2, 2, 3 } },		/* everything */
	};
	struct np_thread *self = thread_of(np_spool_thread_add(&np_sampler.spool, 2, "b23456789012345"));

	(void)state;
	for (size_t step = 0; step < sizeof(steps) / sizeof(steps[0]); step++) {
		uint64_t calls;

		set_stack(self, pcs, 4);
		np_record(self, step ? steps[step].fresh % 4 : 0, steps[step].fresh, 1);
		assert_int_equal(samples_along(pcs, 4, &calls), step + 1);
		for (uint32_t i = 0; i < 4; i++) {
			samples_along(pcs, i + 1, &calls);
			if (i < 3)	/* the leaf has another kind than a caller at its pc */
				assert_int_equal(calls, steps[step].calls[i]);
		}
		samples_along(pcs, 4, &calls);
		assert_int_equal(calls, steps[step].calls[3]);
	}
	free(self);
}

#define THREADS 4
#define ROUNDS	3000

/* Threads that found no entry of their own share one, and make the same paths at the same time. */
static void *record_shared(void *argument)
{
	struct np_thread *self = thread_of(0);
	unsigned seed = (unsigned)(uintptr_t)argument;
	uint64_t pcs[DEPTH];

	for (int round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < DEPTH; i++)
			pcs[i] = 0x9000 + 16 * i + (uint64_t)(rand_r(&seed) % 2);
		set_stack(self, pcs, DEPTH);
		np_record(self, 0, UINT32_MAX, 2);
	}
	free(self);
	return NULL;
}

static void threads_that_share_an_entry_lose_nothing(void **state)
{
	struct np_spool_reader *reader;
	pthread_t threads[THREADS];
	uint64_t samples = 0, before = np_sampler.spool.threads[0].samples;

	(void)state;
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, record_shared, (void *)(i + 1)), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(np_sampler.spool.threads[0].samples, before + THREADS * ROUNDS);
	assert_int_equal(np_spool_open(path, &reader, NULL, 0), 0);
	for (uint32_t i = 0; i < np_spool_node_count(reader); i++) {
		const struct np_spool_node *node = np_spool_node(reader, i);

		if (node && node->kind == NP_NODE_LEAF && node->pc >= 0x9000)
			samples += node->samples;
	}
	assert_int_equal(samples, THREADS * ROUNDS);
	assert_int_equal(np_spool_damaged(reader), 0);
	np_spool_close(reader);
}

/* Last: afterwards there is no place for anything. */
static void what_does_not_fit_is_kept_on_the_deepest_ancestor(void **state)
{
	struct np_thread *self = thread_of(np_spool_thread_add(&np_sampler.spool, 3, "c23456789012345"));
	const uint64_t *lost = &np_sampler.spool.head->counters[NP_COUNT_ON_ANCESTOR];
	uint64_t pcs[DEPTH] = { 1 }, made = 0;

	(void)state;
	for (; *lost == 0 && made < 1000000; made++) {
		for (uint32_t i = 1; i < DEPTH; i++)
			pcs[i] = made * DEPTH + i;
		set_stack(self, pcs, DEPTH);
		np_record(self, 0, UINT32_MAX, 1);
	}
	assert_int_equal(*lost, 1);
	assert_int_equal(np_sampler.spool.head->nodes.used, np_sampler.spool.head->nodes.capacity);
	assert_true(self->nodes_valid < DEPTH);
	assert_int_equal(np_sampler.spool.threads[self->entry].samples, made);
	set_stack(self, pcs, DEPTH);	/* known as far as it is there */
	np_record(self, self->nodes_valid, UINT32_MAX, 1);
	assert_int_equal(*lost, 2);
	free(self);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_path_lies_in_one_piece_and_is_found_again),
		cmocka_unit_test(calls_follow_from_what_was_resumed),
		cmocka_unit_test(threads_that_share_an_entry_lose_nothing),
		cmocka_unit_test(what_does_not_fit_is_kept_on_the_deepest_ancestor),
	};

	return cmocka_run_group_tests(tests, make_spool, remove_spool);
}
