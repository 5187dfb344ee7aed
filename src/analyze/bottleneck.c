/* SPDX-License-Identifier: MIT
 *
 * bottleneck.c - time by what functions are known to do.  Context: tools.
 */
#include "analyze/bottleneck.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/collect.h"
#include "analyze/units.h"
#include "base/message.h"

#define SAMPLES_MIN 100

/* Without leading underscores and "libc_"; a '*' at the end stands for anything. */
static const struct {
	const char *name;
	enum np_bound bound;
} known[] = {
	{ "malloc*", NP_BOUND_MEMORY }, { "calloc", NP_BOUND_MEMORY }, { "realloc*", NP_BOUND_MEMORY },
	{ "free", NP_BOUND_MEMORY }, { "cfree*", NP_BOUND_MEMORY }, { "int_malloc", NP_BOUND_MEMORY },
	{ "int_free*", NP_BOUND_MEMORY }, { "int_realloc", NP_BOUND_MEMORY },
	{ "memalign", NP_BOUND_MEMORY }, { "posix_memalign", NP_BOUND_MEMORY },
	{ "aligned_alloc", NP_BOUND_MEMORY }, { "operator new*", NP_BOUND_MEMORY },
	{ "operator delete*", NP_BOUND_MEMORY }, { "runtime.mallocgc", NP_BOUND_MEMORY },
	{ "runtime.gcBgMarkWorker", NP_BOUND_MEMORY }, { "asm_exc_page_fault", NP_BOUND_MEMORY },
	{ "read", NP_BOUND_IO }, { "write", NP_BOUND_IO }, { "readv", NP_BOUND_IO },
	{ "writev", NP_BOUND_IO }, { "pread64", NP_BOUND_IO }, { "pwrite64", NP_BOUND_IO },
	{ "pread", NP_BOUND_IO }, { "pwrite", NP_BOUND_IO }, { "send*", NP_BOUND_IO },
	{ "recv*", NP_BOUND_IO }, { "fsync", NP_BOUND_IO }, { "fdatasync", NP_BOUND_IO },
	{ "open64*", NP_BOUND_IO }, { "openat*", NP_BOUND_IO }, { "connect", NP_BOUND_IO },
	{ "accept*", NP_BOUND_IO }, { "poll", NP_BOUND_IO }, { "epoll_wait", NP_BOUND_IO },
	{ "select", NP_BOUND_IO }, { "vfs_read", NP_BOUND_IO }, { "vfs_write", NP_BOUND_IO },
	{ "x64_sys_read", NP_BOUND_IO }, { "x64_sys_write", NP_BOUND_IO },
	{ "pthread_mutex_lock*", NP_BOUND_LOCKS }, { "pthread_mutex_unlock*", NP_BOUND_LOCKS },
	{ "GI___pthread_mutex_*", NP_BOUND_LOCKS }, { "pthread_rwlock_*", NP_BOUND_LOCKS },
	{ "pthread_spin_lock", NP_BOUND_LOCKS }, { "pthread_cond_*", NP_BOUND_LOCKS },
	{ "lll_lock_wait*", NP_BOUND_LOCKS }, { "lll_unlock_wake*", NP_BOUND_LOCKS },
	{ "futex*", NP_BOUND_LOCKS }, { "x64_sys_futex", NP_BOUND_LOCKS }, { "sem_wait*", NP_BOUND_LOCKS },
	{ "sem_post*", NP_BOUND_LOCKS }, { "runtime.lock2", NP_BOUND_LOCKS },
	{ "native_queued_spin_lock_slowpath", NP_BOUND_LOCKS },
};

static bool is_like(const char *name, const char *pattern)
{
	size_t length = strlen(pattern);

	if (pattern[length - 1] == '*')
		return strncmp(name, pattern, length - 1) == 0;
	return strcmp(name, pattern) == 0;
}

static uint32_t bound_of(const char *name)
{
	while (*name == '_')
		name++;
	if (strncmp(name, "libc_", 5) == 0)
		name += 5;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (is_like(name, known[i].name))
			return known[i].bound;
	return NP_GROUP_NONE;
}

/* Own code may be called "read": names mean something outside of it only. */
static uint32_t group_of(const struct np_tree *tree, const struct np_function *function)
{
	if (function->kind == NP_KIND_OWN || function->kind >= NP_KIND_PROCESS)
		return NP_GROUP_NONE;
	return bound_of(np_tree_string(tree, function->name));
}

static void share(struct np_bottleneck *bottleneck, const struct np_tree *tree)
{
	uint32_t count = np_tree_function_count(tree);
	uint32_t *of_function = np_xcalloc(count, sizeof(*of_function));
	struct np_sum sums[NP_BOUNDS] = { { 0 } };
	double total = (double)np_tree_node(tree, 0)->total, others = 0;
	bool any = false;

	for (uint32_t i = 0; i < count; i++) {
		of_function[i] = group_of(tree, np_tree_function_at(tree, i));
		any |= of_function[i] != NP_GROUP_NONE;
	}
	if (any)
		np_collect(tree, &(struct np_grouping){ .of_function = of_function, .count = NP_BOUNDS },
			   sums);
	free(of_function);
	for (int i = NP_BOUND_MEMORY; i < NP_BOUNDS; i++) {
		bottleneck->share[i] = (double)sums[i].total / total;
		others += bottleneck->share[i];
	}
	bottleneck->share[NP_BOUND_CPU] = others < 1 ? 1 - others : 0;
}

void np_bottleneck_init(struct np_bottleneck *bottleneck, struct np_tree *tree,
			const struct np_config *config)
{
	static const enum np_config_threshold thresholds[NP_BOUNDS] = {
		[NP_BOUND_CPU] = NP_THRESHOLD_BOUND_CPU, [NP_BOUND_MEMORY] = NP_THRESHOLD_BOUND_MEMORY,
		[NP_BOUND_IO] = NP_THRESHOLD_BOUND_IO, [NP_BOUND_LOCKS] = NP_THRESHOLD_BOUND_LOCKS,
	};
	static const double defaults[NP_BOUNDS] = { 0.6, 0.2, 0.3, 0.1 };
	const struct np_tree_meta *meta = np_tree_meta(tree);
	double samples = 0, seconds;
	bool other = false;

	memset(bottleneck, 0, sizeof(*bottleneck));
	bottleneck->enough = np_units_samples(meta, np_tree_total_samples(tree, 0), &samples) &&
			     samples >= SAMPLES_MIN;
	bottleneck->busy_known = meta->duration_ns > 0 &&
		np_units_seconds(meta, np_tree_node(tree, 0)->total, &seconds);
	if (bottleneck->busy_known)
		bottleneck->busy = seconds / ((double)meta->duration_ns * 1e-9);
	share(bottleneck, tree);
	for (int i = NP_BOUND_MEMORY; i < NP_BOUNDS; i++) {
		bottleneck->is_bound[i] = bottleneck->enough && bottleneck->share[i] >
			np_config_threshold(config, thresholds[i], defaults[i]);
		other |= bottleneck->is_bound[i];
	}
	if (!bottleneck->busy_known || !bottleneck->enough)
		return;
	bottleneck->waits = bottleneck->busy <
		np_config_threshold(config, NP_THRESHOLD_BOUND_CPU, defaults[NP_BOUND_CPU]);
	bottleneck->is_bound[NP_BOUND_CPU] = !bottleneck->waits && !other;
}

char *np_bottleneck_class(const struct np_bottleneck *bottleneck)
{
	static const char *const words[NP_BOUNDS] = { "CPU", "memory", "I/O", "locks" };
	char text[128] = "";
	size_t n = 0;

	if (!bottleneck->enough)
		return np_xstrdup("too few samples");
	if (bottleneck->waits)
		n += (size_t)snprintf(text, sizeof(text), "waiting");
	for (int i = 0; i < NP_BOUNDS; i++)
		if (bottleneck->is_bound[i])
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? " and " : "", words[i]);
	return np_xstrdup(n ? text : "nothing in particular");
}

char *np_bottleneck_evidence(const struct np_bottleneck *bottleneck)
{
	char busy[64] = "";

	if (bottleneck->busy_known)
		snprintf(busy, sizeof(busy), "%.2f CPUs busy on average; ", bottleneck->busy);
	return np_xasprintf("%sallocator %.2f %%, I/O %.2f %%, locks %.2f %% of the time on a CPU%s", busy,
			    100 * bottleneck->share[NP_BOUND_MEMORY], 100 * bottleneck->share[NP_BOUND_IO],
			    100 * bottleneck->share[NP_BOUND_LOCKS], bottleneck->waits
			    ? "; what it waits for is not in a profile of CPU time" : "");
}

const char *np_bound_name(enum np_bound bound)
{
	static const char *const names[NP_BOUNDS] = { "cpu", "memory", "io", "locks" };

	return names[bound];
}
