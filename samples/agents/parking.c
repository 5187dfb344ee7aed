/* SPDX-License-Identifier: MIT
 *
 * parking.c - an agent sleeps on its own futex word; see agents.h.
 *
 * An agent sets its bit, looks at its queues once more, and sleeps only if its bell did not ring in
 * between.  Who fills a queue looks at the bits after it has filled it.  The two sequentially
 * consistent fences make sure that one sees the other.
 */
#include "agents.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

uint32_t parking_prepare(struct parking *parking, uint32_t agent)
{
	uint32_t bell = __atomic_load_n(&parking->bell[agent], __ATOMIC_ACQUIRE);

	__atomic_fetch_or(&parking->sleepers, (uint64_t)1 << agent, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return bell;
}

void parking_cancel(struct parking *parking, uint32_t agent)
{
	__atomic_fetch_and(&parking->sleepers, ~((uint64_t)1 << agent), __ATOMIC_SEQ_CST);
}

void parking_sleep(struct parking *parking, uint32_t agent, uint32_t bell)
{
	while (__atomic_load_n(&parking->bell[agent], __ATOMIC_ACQUIRE) == bell)
		syscall(SYS_futex, &parking->bell[agent], FUTEX_WAIT_PRIVATE, bell, NULL, NULL, 0);
	parking_cancel(parking, agent);
}

static void ring(struct parking *parking, uint32_t agent)
{
	__atomic_fetch_add(&parking->bell[agent], 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &parking->bell[agent], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void parking_wake_any(struct parking *parking)
{
	uint64_t sleepers;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	sleepers = __atomic_load_n(&parking->sleepers, __ATOMIC_SEQ_CST);
	while (sleepers) {
		uint32_t agent = (uint32_t)__builtin_ctzll(sleepers);

		if (__atomic_compare_exchange_n(&parking->sleepers, &sleepers,
			    sleepers & (sleepers - 1), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
			ring(parking, agent);
			return;
		}
	}
}

void parking_wake(struct parking *parking, uint32_t agent)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&parking->sleepers, __ATOMIC_SEQ_CST) >> agent & 1)
		ring(parking, agent);
}
