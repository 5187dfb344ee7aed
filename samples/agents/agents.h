/* SPDX-License-Identifier: MIT
 *
 * agents.h - a collective of agents over a task queue, and the parts that it is made of.
 *
 * One producer puts tasks into a shared queue at times that it has drawn beforehand; each agent is
 * a thread that takes tasks from there and messages from an inbox of its own.  An agent that finds
 * neither parks; who puts something in wakes one.
 */
#ifndef AGENTS_H
#define AGENTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AGENTS_MAX   64u
#define QUEUE_SLOTS  65536u	/* of the shared queue; a power of two */
#define INBOX_SLOTS  4096u

struct task {
	uint64_t id;		/* a message: id of the task that sent it, with MESSAGE_BIT */
	uint64_t due_ns;	/* when it should have been put in, or the message was sent */
	uint32_t work;		/* rounds of hashing */
	uint32_t from;
};

#define MESSAGE_BIT ((uint64_t)1 << 63)

struct queue_slot {
	uint64_t turn;
	struct task task;
};

/* A bounded queue, by a lock or without one; both many-to-many, first in first out. */
struct queue {
	struct queue_slot *slots;
	uint64_t mask;
	bool is_mutex, is_scan;
	pthread_mutex_t lock;
	uint64_t head __attribute__((aligned(64)));	/* next to take */
	uint64_t tail __attribute__((aligned(64)));	/* next to fill */
};

void queue_init(struct queue *queue, uint64_t slots, bool is_mutex, bool is_scan);
void queue_free(struct queue *queue);
bool queue_push(struct queue *queue, const struct task *task);		/* false: full */
size_t queue_pop(struct queue *queue, struct task *tasks, size_t most);	/* how many it gave */
uint64_t queue_depth(const struct queue *queue);

/* Who sleeps, and how to wake it: no wake-up is lost between the last look and the sleep. */
struct parking {
	uint64_t sleepers;			/* a bit per agent */
	uint32_t bell[AGENTS_MAX];		/* futex words */
};

uint32_t parking_prepare(struct parking *parking, uint32_t agent);	/* then look once more */
void parking_cancel(struct parking *parking, uint32_t agent);
void parking_sleep(struct parking *parking, uint32_t agent, uint32_t bell);
void parking_wake_any(struct parking *parking);
void parking_wake(struct parking *parking, uint32_t agent);

struct agents_settings {
	uint64_t agents, tasks, work_us, utilisation, messages_percent, batch, seed;
	const char *queue, *affinity, *defect;
};

#endif
