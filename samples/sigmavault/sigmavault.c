/* SPDX-License-Identifier: MIT
 *
 * sigmavault.c - a storage engine under load: sigmavault --help.
 */
#include "sigmavault.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/sample.h"
#include "neuroprof/neuroprof.h"

static const char *const defects[] = { "none", "weak-hash", "one-lock", "no-bloom", "small-writes",
	"sync-each", "page-faults", "stall", "lru-only",
	NULL };

static void print_cache(struct vault *vault)
{
	uint64_t hits = 0, misses = 0;

	for (uint32_t i = 0; i < VAULT_SHARDS; i++) {
		hits += vault->shards[i].cache.hits;
		misses += vault->shards[i].cache.misses;
	}
	sample_print("cache_hit_percent", 100.0 * (double)hits / (double)(hits + misses));
	sample_print_whole("bloom_saved", vault->bloom_saved);
	sample_print("distinct_keys_read", hll_count(&vault->keys));
}

/* Every key once more, straight from the log: index and log agree, and nothing is lost. */
static void check_all(struct vault *vault)
{
	uint64_t checksum = SAMPLE_CHECKSUM_START;

	for (uint64_t key = 0; key < vault->settings->keys; key++) {
		struct vault_value value;

		if (!vault_get(vault, key, &value) || value.key != key)
			sample_fail("key %llu is lost", (unsigned long long)key);
		checksum = sample_checksum(checksum, &value.key, sizeof(value.key));
	}
	sample_print_checksum("checksum", checksum);
}

static void run(const struct vault_settings *settings, const char *directory)
{
	static struct vault vault;
	char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/recovery.log", directory);
	recovery_check(settings, path);	/* first: while there are no threads */
	unlink(path);
	snprintf(path, sizeof(path), "%s/vault.log", directory);
	vault_open(&vault, path, settings);
	workload_load(&vault);
	workload_throughput(&vault, false, "reads_per_s");
	workload_throughput(&vault, true, "writes_per_s");
	workload_open_loop(&vault);
	if (!vault.log.sync_each)
		workload_durable(&vault);
	print_cache(&vault);
	check_all(&vault);
	vault_close(&vault);
	unlink(path);
}

static char made[PATH_MAX];		/* the directory of the logs */
static pid_t maker;

/* However it ends, a signal apart: nothing stays behind. */
static void remove_made(void)
{
	static const char *const logs[] = { "recovery.log", "vault.log" };
	char path[PATH_MAX + 16];

	if (getpid() != maker)
		return;
	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", made, logs[i]);
		unlink(path);
	}
	rmdir(made);
}

int main(int argc, char **argv)
{
	struct vault_settings settings = { .keys = 100000, .threads = 2, .milliseconds = 1000,
		.cache_percent = 30, .read_percent = 90, .absent_percent = 20, .rate = 20000, .seed = 1,
		.defect = defects[0] };
	const struct sample_option table[] = {
		{ "keys", "in the store", &settings.keys, 1000, 50000000, NULL, NULL, NULL },
		{ "threads", "that read and write", &settings.threads, 1, 64, NULL, NULL, NULL },
		{ "milliseconds", "for each of the four parts", &settings.milliseconds, 10, 3600000, NULL,
			NULL, NULL },
		{ "cache", "percent of the keys", &settings.cache_percent, 1, 100, NULL, NULL, NULL },
		{ "reads", "percent, open loop", &settings.read_percent, 0, 100, NULL, NULL, NULL },
		{ "absent", "percent of reads for keys that are not there", &settings.absent_percent, 0,
			100, NULL, NULL, NULL },
		{ "rate", "operations/s, open loop", &settings.rate, 10, 10000000, NULL, NULL, NULL },
		{ "seed", "of the keys", &settings.seed, 0, UINT32_MAX, NULL, NULL, NULL },
		{ "defect", "plant one", NULL, 0, 0, &settings.defect, defects, NULL },
		{ "directory", "for the log; $TMPDIR or /tmp", NULL, 0, 0, NULL, NULL,
			&settings.directory },
		{ 0 },
	};
	const char *parent;

	sample_options(argc, argv, "Read and write a key-value store, kill it, recover it.", table);
	parent = settings.directory ? settings.directory : getenv("TMPDIR");
	if (snprintf(made, sizeof(made), "%s/sigmavault.XXXXXX", parent ? parent : "/tmp") >=
		(int)sizeof(made))
		sample_usage_error("--directory: the name is too long");
	if (!mkdtemp(made))
		sample_fail("%s: %s", made, strerror(errno));
	maker = getpid();
	atexit(remove_made);
	run(&settings, made);
	sample_print("peak_rss_mb", (double)sample_peak_rss_bytes() / 1e6);
	return 0;
}
