/* SPDX-License-Identifier: MIT
 *
 * delay.c - schedstat of all threads of a process tree.  Context: tools.
 */
#include "measure/delay.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"

#define PROCESSES_MAX 256u	/* of the tree, a look */
#define THREADS_MAX   65536u	/* that are remembered */

/* Processes that are still to be looked at. */
struct queue {
	pid_t pids[PROCESSES_MAX];
	size_t count;
};

static struct np_delay_thread *find(const struct np_delay *delay, pid_t tid, size_t *ret_at)
{
	size_t low = 0, high = delay->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (delay->threads[middle].tid < tid)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_at = low;
	return low < delay->count && delay->threads[low].tid == tid ? &delay->threads[low] : NULL;
}

static void note(struct np_delay *delay, pid_t tid, uint64_t on_core, uint64_t waited)
{
	size_t at;
	struct np_delay_thread *thread = find(delay, tid, &at);

	if (!thread) {
		if (delay->count == THREADS_MAX)
			return;
		if ((delay->count & (delay->count - 1)) == 0)
			delay->threads = np_xrealloc(delay->threads, delay->count ? delay->count * 2 : 1,
						     sizeof(*delay->threads));
		thread = &delay->threads[at];
		memmove(thread + 1, thread, (delay->count - at) * sizeof(*thread));
		delay->count++;
		*thread = (struct np_delay_thread){ .tid = tid };
	}
	if (on_core < thread->on_core_ns)	/* a new thread of the same number */
		delay->gone_ns += thread->waited_ns;
	thread->on_core_ns = on_core;
	thread->waited_ns = waited;
}

static void look_at_thread(struct np_delay *delay, struct queue *queue, pid_t pid, pid_t tid)
{
	unsigned long long on_core, waited;
	char path[80];
	FILE *from;
	int child;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", (int)pid, (int)tid);
	from = fopen(path, "re");
	if (from && fscanf(from, "%llu %llu", &on_core, &waited) == 2)
		note(delay, tid, on_core, waited);
	if (from)
		fclose(from);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)tid);
	from = fopen(path, "re");
	while (from && queue->count < PROCESSES_MAX && fscanf(from, "%d", &child) == 1)
		queue->pids[queue->count++] = (pid_t)child;
	if (from)
		fclose(from);
}

void np_delay_look(struct np_delay *delay, pid_t root)
{
	struct queue queue = { .pids = { root }, .count = 1 };

	for (size_t i = 0; i < queue.count; i++) {
		char path[64];
		struct dirent *entry;
		DIR *all;

		snprintf(path, sizeof(path), "/proc/%d/task", (int)queue.pids[i]);
		all = opendir(path);
		while (all && (entry = readdir(all))) {
			int tid = atoi(entry->d_name);

			if (tid > 0)
				look_at_thread(delay, &queue, queue.pids[i], (pid_t)tid);
		}
		if (all)
			closedir(all);
	}
}

double np_delay_total_ms(const struct np_delay *delay)
{
	uint64_t total = delay->gone_ns;

	for (size_t i = 0; i < delay->count; i++)
		total += delay->threads[i].waited_ns;
	return (double)total / 1e6;
}

void np_delay_of(const struct np_delay *delay, pid_t tid, double *ret_on_core_ms, double *ret_waited_ms)
{
	size_t at;
	const struct np_delay_thread *thread = find(delay, tid, &at);

	*ret_on_core_ms = thread ? (double)thread->on_core_ns / 1e6 : 0;
	*ret_waited_ms = thread ? (double)thread->waited_ns / 1e6 : 0;
}

void np_delay_free(struct np_delay *delay)
{
	free(delay->threads);
	*delay = (struct np_delay){ 0 };
}
