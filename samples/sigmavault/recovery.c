/* SPDX-License-Identifier: MIT
 *
 * recovery.c - kill -9 a process that writes, and look whether all that was promised is there.
 *
 * The child writes the versions 1, 2, 3... of one key per thread, durably, and notes each in shared
 * memory once the engine has said that it is safe.
 */
#include "sigmavault.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/sample.h"

#define WRITERS 8u

struct promise {
	uint64_t safe[WRITERS];		/* the newest version that was said to be safe */
};

struct writer {
	struct vault *vault;
	struct promise *promise;
	uint64_t key;
};

static void *write_forever(void *argument)
{
	struct writer *writer = argument;

	for (uint64_t version = 1;; version++) {
		vault_put(writer->vault, writer->key, version, true);
		__atomic_store_n(&writer->promise->safe[writer->key], version, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void child(const struct vault_settings *settings, const char *path, struct promise *promise)
{
	static struct vault vault;
	struct writer writers[WRITERS];
	pthread_t thread;

	vault_open(&vault, path, settings);
	for (uint64_t i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){ &vault, promise, i };
		if (pthread_create(&thread, NULL, write_forever, &writers[i]))
			_exit(1);
	}
	for (;;)
		pause();
}

struct newest {
	uint64_t version[WRITERS], records;
};

static void found(void *user, const struct vault_value *value, uint64_t offset)
{
	struct newest *newest = user;

	(void)offset;
	if (value->key < WRITERS)
		newest->version[value->key] = value->version;
	newest->records++;
}

/* A busy machine may take its time; who never writes is found by the check that follows, and a writer that
 * ended has said why. */
static void await_first(const struct promise *promise, pid_t pid)
{
	uint64_t end = sample_now_ns() + 30000000000u;

	for (uint32_t i = 0; i < WRITERS; i++) {
		while (!__atomic_load_n(&promise->safe[i], __ATOMIC_ACQUIRE) && sample_now_ns() < end) {
			if (waitpid(pid, NULL, WNOHANG) == pid)
				exit(1);
			sample_sleep_until(sample_now_ns() + 1000000u);
		}
	}
}

void recovery_check(const struct vault_settings *settings, const char *path)
{
	struct promise *promise = mmap(NULL, sizeof(*promise), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct newest newest = { 0 };
	uint64_t promised = 0;
	int status = 0;
	pid_t pid;

	if (promise == MAP_FAILED)
		sample_fail("no shared memory: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		sample_fail("no process: %s", strerror(errno));
	if (pid == 0)
		child(settings, path, promise);
	await_first(promise, pid);
	sample_sleep_until(sample_now_ns() + 200000000u);
	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
		exit(1);		/* it had ended by itself, and said why */
	log_recover(path, found, &newest);
	for (uint32_t i = 0; i < WRITERS; i++) {
		promised += promise->safe[i];
		if (newest.version[i] < promise->safe[i])
			sample_fail("key %u: version %llu was said to be safe, %llu is there", i,
				(unsigned long long)promise->safe[i],
				(unsigned long long)newest.version[i]);
	}
	if (!promised)
		sample_fail("the writer was killed before it had written anything");
	sample_print_whole("recovery_promised", promised);
	sample_print_whole("recovery_found", newest.records);
	munmap(promise, sizeof(*promise));
}
