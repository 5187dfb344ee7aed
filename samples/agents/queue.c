/* SPDX-License-Identifier: MIT
 *
 * queue.c - the bounded queues: D. Vyukov's array of turns, and the same array under a mutex.
 *
 * Each slot has a turn: POSITION when it is free for the push of that position, POSITION + 1 when
 * it is full for the pop of it.  A push and a pop contend only for head and tail.
 */
#include "agents.h"

#include <stdlib.h>

#include "common/sample.h"

void queue_init(struct queue *queue, uint64_t slots, bool is_mutex, bool is_scan)
{
	*queue = (struct queue){ .mask = slots - 1, .is_mutex = is_mutex, .is_scan = is_scan };
	queue->slots = sample_allocate(slots * sizeof(*queue->slots));
	pthread_mutex_init(&queue->lock, NULL);
	for (uint64_t i = 0; i < slots; i++)
		queue->slots[i].turn = i;
}

void queue_free(struct queue *queue)
{
	pthread_mutex_destroy(&queue->lock);
	free(queue->slots);
}

static bool push_free(struct queue *queue, const struct task *task)
{
	uint64_t at = __atomic_load_n(&queue->tail, __ATOMIC_RELAXED);

	for (;;) {
		struct queue_slot *slot = &queue->slots[at & queue->mask];
		int64_t ahead = (int64_t)(__atomic_load_n(&slot->turn, __ATOMIC_ACQUIRE) - at);

		if (ahead < 0)
			return false;
		if (ahead > 0) {
			at = __atomic_load_n(&queue->tail, __ATOMIC_RELAXED);
		} else if (__atomic_compare_exchange_n(&queue->tail, &at, at + 1, true, __ATOMIC_RELAXED,
				   __ATOMIC_RELAXED)) {
			slot->task = *task;
			__atomic_store_n(&slot->turn, at + 1, __ATOMIC_RELEASE);
			return true;
		}
	}
}

static bool pop_free(struct queue *queue, struct task *task)
{
	uint64_t at = __atomic_load_n(&queue->head, __ATOMIC_RELAXED);

	for (;;) {
		struct queue_slot *slot = &queue->slots[at & queue->mask];
		int64_t ahead = (int64_t)(__atomic_load_n(&slot->turn, __ATOMIC_ACQUIRE) - (at + 1));

		if (ahead < 0)
			return false;
		if (ahead > 0) {
			at = __atomic_load_n(&queue->head, __ATOMIC_RELAXED);
		} else if (__atomic_compare_exchange_n(&queue->head, &at, at + 1, true, __ATOMIC_RELAXED,
				   __ATOMIC_RELAXED)) {
			*task = slot->task;
			__atomic_store_n(&slot->turn, at + queue->mask + 1, __ATOMIC_RELEASE);
			return true;
		}
	}
}

/* The defect "scan": every pop looks through the whole array for the task that is due first. */
SAMPLE_FUNCTION static uint64_t queue_scan(const struct queue *queue)
{
	uint64_t first = UINT64_MAX;

	for (uint64_t i = 0; i <= queue->mask; i++) {
		const struct queue_slot *slot = &queue->slots[i];

		if ((slot->turn & queue->mask) == (i + 1) % (queue->mask + 1) &&
			slot->task.due_ns < first)
			first = slot->task.due_ns;
	}
	return first;
}

bool queue_push(struct queue *queue, const struct task *task)
{
	bool done;

	if (!queue->is_mutex)
		return push_free(queue, task);
	pthread_mutex_lock(&queue->lock);
	done = push_free(queue, task);
	pthread_mutex_unlock(&queue->lock);
	return done;
}

size_t queue_pop(struct queue *queue, struct task *tasks, size_t most)
{
	size_t got = 0;

	if (queue->is_mutex)
		pthread_mutex_lock(&queue->lock);
	if (queue->is_scan)
		queue_scan(queue);
	while (got < most && pop_free(queue, &tasks[got]))
		got++;
	if (queue->is_mutex)
		pthread_mutex_unlock(&queue->lock);
	return got;
}

uint64_t queue_depth(const struct queue *queue)
{
	uint64_t head = __atomic_load_n(&queue->head, __ATOMIC_RELAXED);
	uint64_t tail = __atomic_load_n(&queue->tail, __ATOMIC_RELAXED);

	return tail > head ? tail - head : 0;
}
