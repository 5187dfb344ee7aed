/* SPDX-License-Identifier: MIT
 *
 * dump_stop.c - stop a process by ptrace, copy what its stacks need, and let it go as it was.
 *
 * Context: tools.  PTRACE_SEIZE and PTRACE_INTERRUPT send no signal.  A signal that was on its way
 * when we came is delivered when the thread goes on; a thread that job control had stopped stays
 * stopped.  A thread that does not stop (uninterruptible sleep) is left alone after a second.
 */
#include "dump.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include "base/message.h"

#define STOP_WAIT_NS	 1000000000u
#define STACK_COPY_MAX	 (1u << 20)
#define STACKS_COPY_MAX	 (256u << 20)	/* of all threads */
#define RED_ZONE_BYTES	 128u
#define THREADS_MAX	 100000u
#define ROUNDS_MAX	 10		/* of looking for threads that were made meanwhile */

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void read_state(struct np_dump *dump, struct np_dump_thread *thread)
{
	char path[64], text[1024], *open_bracket, *close_bracket;
	size_t n;
	FILE *file;

	thread->state = '?';
	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)dump->pid, (int)thread->tid);
	file = fopen(path, "re");
	if (!file)
		return;
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = '\0';
	open_bracket = strchr(text, '(');
	close_bracket = strrchr(text, ')');
	if (!open_bracket || !close_bracket || close_bracket < open_bracket || !close_bracket[1])
		return;
	*close_bracket = '\0';
	snprintf(thread->name, sizeof(thread->name), "%s", open_bracket + 1);
	thread->state = close_bracket[2];
}

static struct np_dump_thread *add_thread(struct np_dump *dump, pid_t tid)
{
	struct np_dump_thread *thread;

	for (size_t i = 0; i < dump->thread_count; i++)
		if (dump->threads[i].tid == tid)
			return NULL;
	dump->threads = np_xrealloc(dump->threads, dump->thread_count + 1, sizeof(*thread));
	thread = &dump->threads[dump->thread_count++];
	*thread = (struct np_dump_thread){ .tid = tid, .end = NP_DUMP_NOT_STOPPED };
	read_state(dump, thread);
	return thread;
}

static int seize(struct np_dump_thread *thread)
{
	if (ptrace(PTRACE_SEIZE, thread->tid, 0, 0) < 0)
		return -errno;
	thread->seized = true;
	if (ptrace(PTRACE_INTERRUPT, thread->tid, 0, 0) < 0)
		return -errno;
	return 0;
}

/* Every thread that is not seized yet.  Returns how many were found, or -errno of the first. */
static int seize_new(struct np_dump *dump)
{
	char path[64];
	struct dirent *entry;
	int count = 0, r = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)dump->pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir)) && dump->thread_count < THREADS_MAX) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);
		struct np_dump_thread *thread = tid > 0 ? add_thread(dump, tid) : NULL;

		if (!thread)
			continue;
		r = seize(thread);
		if (r < 0 && r != -ESRCH)	/* ended meanwhile: no matter */
			break;
		r = 0;
		count++;
	}
	closedir(dir);
	return r < 0 && dump->thread_count == 1 ? r : count;
}

static void wait_stopped(struct np_dump_thread *thread, uint64_t until)
{
	struct timespec pause = { 0, 100000 };
	int status;

	while (thread->seized) {
		pid_t r = waitpid(thread->tid, &status, __WALL | WNOHANG);

		if (r == thread->tid && WIFSTOPPED(status)) {
			thread->stopped = true;
			if (status >> 16 != PTRACE_EVENT_STOP)
				thread->signal = WSTOPSIG(status);
			return;
		}
		if (r != 0) {		/* it has ended */
			thread->seized = false;
			return;
		}
		if (monotonic_ns() > until)
			return;
		nanosleep(&pause, NULL);
	}
}

void np_dump_release_one(struct np_dump_thread *thread)
{
	if (thread->stopped)
		ptrace(PTRACE_DETACH, thread->tid, 0, (void *)(uintptr_t)thread->signal);
	if (thread->stopped)
		thread->seized = false;
	thread->stopped = false;
	thread->signal = 0;
}

static void copy_stack(const struct np_dump *dump, struct np_dump_thread *thread, size_t room)
{
	uint64_t from = thread->registers.rsp - RED_ZONE_BYTES;
	const struct np_dump_map *map = np_dump_map_at(dump, thread->registers.rsp);
	uint64_t end = map ? map->end : 0;
	size_t bytes;

	if (!map || !map->writable)
		return;
	if (from < map->start)
		from = map->start;
	bytes = (size_t)(end - from);
	if (bytes > STACK_COPY_MAX)
		bytes = STACK_COPY_MAX;
	if (bytes > room)
		return;
	thread->stack = np_xcalloc(1, bytes);
	if (np_dump_read(dump, from, thread->stack, bytes)) {
		thread->stack_address = from;
		thread->stack_bytes = bytes;
		return;
	}
	free(thread->stack);
	thread->stack = NULL;
}

/* The maps were read before, to keep the stop short; was something mapped meanwhile? */
static bool maps_are_old(const struct np_dump *dump)
{
	for (size_t i = 0; i < dump->thread_count; i++) {
		const struct np_dump_thread *thread = &dump->threads[i];

		if (thread->end == NP_DUMP_COMPLETE &&
		    (!np_dump_map_at(dump, thread->registers.rsp) ||
		     !np_dump_map_at(dump, thread->registers.rip)))
			return true;
	}
	return false;
}

static void copy_all(struct np_dump *dump)
{
	size_t room = STACKS_COPY_MAX;

	for (size_t i = 0; i < dump->thread_count; i++) {
		struct np_dump_thread *thread = &dump->threads[i];

		if (thread->stopped && ptrace(PTRACE_GETREGS, thread->tid, 0, &thread->registers) == 0)
			thread->end = NP_DUMP_COMPLETE;
	}
	if (maps_are_old(dump))
		np_dump_read_maps(dump);
	for (size_t i = 0; i < dump->thread_count; i++) {
		struct np_dump_thread *thread = &dump->threads[i];

		if (thread->end != NP_DUMP_COMPLETE)
			continue;
		copy_stack(dump, thread, room);
		room -= thread->stack_bytes;
	}
}

/* A thread that never stopped stays seized; the kernel lets it go when this tool ends. */
static void release_all(struct np_dump *dump)
{
	for (size_t i = 0; i < dump->thread_count; i++)
		np_dump_release_one(&dump->threads[i]);
}

int np_dump_take(struct np_dump *dump)
{
	int r = np_dump_read_maps(dump);
	uint64_t began = monotonic_ns();

	if (r < 0)
		return r;
	for (int round = 0; round < ROUNDS_MAX; round++) {
		r = seize_new(dump);
		if (r <= 0)
			break;
		for (size_t i = 0; i < dump->thread_count; i++)
			if (!dump->threads[i].stopped)
				wait_stopped(&dump->threads[i], began + STOP_WAIT_NS);
	}
	if (r >= 0)
		copy_all(dump);
	release_all(dump);
	dump->stopped_ns = monotonic_ns() - began;
	return r < 0 ? r : 0;
}

bool np_dump_stop_one(struct np_dump *dump, struct np_dump_thread *thread)
{
	(void)dump;
	if (thread->seized || seize(thread) < 0)
		return false;
	wait_stopped(thread, monotonic_ns() + STOP_WAIT_NS);
	if (thread->stopped && ptrace(PTRACE_GETREGS, thread->tid, 0, &thread->registers) == 0)
		return true;
	np_dump_release_one(thread);
	return false;
}
