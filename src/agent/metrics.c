/* SPDX-License-Identifier: MIT
 *
 * metrics.c - counters, gauges and histograms of <neuroprof/metrics.h>.  Context: host.
 *
 * A handle is a slot of a fixed table of ours; it remembers where its cells lie in the spool of one
 * process image.  A fork child's images are others: its first use of a handle finds new cells.
 */
#include "agent/metrics.h"

#include <string.h>

#include "base/atomic.h"
#include "base/syscalls.h"
#include "spool/metrics.h"

#define SLOTS (2u * NP_SPOOL_METRICS_MAX)	/* open addressing, at most half full */

enum slot_state { SLOT_FREE = 0, SLOT_READY, SLOT_FILLING };	/* FILLING + the image whose thread does */

static struct neuroprof_metric slots[SLOTS];
static uint32_t slots_used, shards_used;
static uint64_t nowhere[NP_LOGLINEAR_BUCKETS + 2 + NP_SPOOL_SHARDS * 8];	/* where no spool is to be had */
static uint64_t nowhere_gauge;

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name(const char *name)
{
	size_t i = 1;

	if (!name || !is_letter(name[0]))
		return false;
	while (is_letter(name[i]) || (name[i] >= '0' && name[i] <= '9') || name[i] == '.')
		i++;
	return name[i] == '\0' && i < sizeof(slots[0].name);
}

static bool fits(const char *text, size_t size)
{
	return !text || strlen(text) < size;
}

static uint32_t hash_of(enum neuroprof_kind kind, const char *name, const char *labels)
{
	uint32_t hash = 2166136261u ^ (uint32_t)kind;		/* FNV-1a */

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	for (; *labels; labels++)
		hash = (hash ^ (uint8_t)*labels) * 16777619u;
	return hash;
}

static bool is_same(const struct neuroprof_metric *slot, enum neuroprof_kind kind, const char *name,
		    const char *labels)
{
	return slot->kind == (uint32_t)kind && strcmp(slot->name, name) == 0 &&
		strcmp(slot->labels, labels) == 0;
}

static struct neuroprof_metric *fill(struct neuroprof_metric *slot, enum neuroprof_kind kind,
				     const char *name, const char *unit, const char *labels)
{
	slot->kind = (uint32_t)kind;
	memcpy(slot->name, name, strlen(name) + 1);
	memcpy(slot->unit, unit, strlen(unit) + 1);
	memcpy(slot->labels, labels, strlen(labels) + 1);
	np_store_release(&slot->state, SLOT_READY);
	return slot;
}

/* Takes a slot that is free, or that a thread of our parent was filling when it forked us; waits for one that
 * another thread of ours is copying a few bytes to. */
static bool is_mine_to_fill(struct neuroprof_metric *slot)
{
	uint32_t filling = SLOT_FILLING + np_sampler.image, state = np_load_acquire(&slot->state);

	for (;;) {
		if (state == SLOT_READY ||
		    (state == SLOT_FREE && np_load_relaxed(&slots_used) >= NP_SPOOL_METRICS_MAX))
			return false;
		if (state == filling) {
			np_syscall(SYS_sched_yield);
			state = np_load_acquire(&slot->state);
		} else if (np_cas_acq_rel(&slot->state, &state, filling)) {
			np_add_relaxed(&slots_used, 1);
			return true;
		}
	}
}

NP_EXPORT struct neuroprof_metric *neuroprof_metric_find(enum neuroprof_kind kind, const char *name,
							  const char *unit, const char *labels)
{
	uint32_t at;

	unit = unit ? unit : "";
	labels = labels ? labels : "";
	if (!np_signals_here() || kind < NEUROPROF_COUNTER || kind > NEUROPROF_SPAN || !is_name(name) ||
	    !fits(unit, sizeof(slots[0].unit)) || !fits(labels, sizeof(slots[0].labels)))
		return NULL;
	for (at = hash_of(kind, name, labels) % SLOTS;; at = (at + 1) % SLOTS) {
		struct neuroprof_metric *slot = &slots[at];

		if (is_mine_to_fill(slot))
			return fill(slot, kind, name, unit, labels);
		if (np_load_relaxed(&slot->state) != SLOT_READY)
			return NULL;	/* it is free, but there are enough */
		if (is_same(slot, kind, name, labels))
			return slot;
	}
}

/* Cells in the present image's spool.  Threads that come at once: one makes them, by some twenty system
 * calls, and the others wait, so that no value is lost. */
static bool bind(struct neuroprof_metric *metric)
{
	uint32_t image = np_sampler.image + 1, entry = NP_SPOOL_ENTRY_NONE, none = 0;
	uint64_t mask;

	if (!np_signals_here() || np_load_relaxed(&np_agent.finished))
		return false;
	np_signals_block(&mask);	/* a handler that counts, too, would wait for itself */
	/* A parent that forked while it bound left its own image there. */
	while (!np_cas_acq_rel(&metric->binding, &none, image)) {
		if (none != image)
			continue;
		np_signals_restore(mask);
		while (np_load_acquire(&metric->binding) == image)
			np_syscall(SYS_sched_yield);
		return np_load_acquire(&metric->image) == image;
	}
	if (np_load_acquire(&metric->image) == image) {	/* it was done just before */
		np_store_release(&metric->binding, 0);
		np_signals_restore(mask);
		return true;
	}
	if (np_sampler_spool())
		entry = np_spool_metric_add(&np_sampler.spool, (uint8_t)metric->kind, metric->name,
					    metric->unit, metric->labels);
	metric->entry = entry;
	metric->cells = nowhere;
	metric->gauge = &nowhere_gauge;
	if (entry != NP_SPOOL_ENTRY_NONE) {
		struct np_spool_metric *at = np_spool_metric_at(&np_sampler.spool, entry);

		metric->cells = np_spool_cells_at(&np_sampler.spool, at->cell);
		metric->gauge = &at->gauge;
	}
	np_store_release(&metric->image, image);
	np_store_release(&metric->binding, 0);
	np_signals_restore(mask);
	return true;
}

bool np_metric_is_bound(struct neuroprof_metric *metric)
{
	return np_load_acquire(&metric->image) == np_sampler.image + 1 || bind(metric);
}

static uint32_t shard(void)
{
	if (np_spans.shard == 0)
		np_spans.shard = np_add_relaxed(&shards_used, 1) % NP_SPOOL_SHARDS + 1;
	return np_spans.shard - 1;
}

NP_EXPORT void neuroprof_metric_add(struct neuroprof_metric *counter, uint64_t add)
{
	if (counter->kind == NEUROPROF_COUNTER && np_metric_is_bound(counter))
		np_add_relaxed(&counter->cells[shard() * 8], add);
}

NP_EXPORT void neuroprof_metric_set(struct neuroprof_metric *gauge, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	if (gauge->kind == NEUROPROF_GAUGE && np_metric_is_bound(gauge))
		np_store_relaxed(gauge->gauge, bits);
}

NP_EXPORT void neuroprof_metric_shift(struct neuroprof_metric *gauge, double by)
{
	uint64_t old, wanted;
	double value;

	if (gauge->kind != NEUROPROF_GAUGE || !np_metric_is_bound(gauge))
		return;
	old = np_load_relaxed(gauge->gauge);
	do {
		memcpy(&value, &old, sizeof(value));
		value += by;
		memcpy(&wanted, &value, sizeof(wanted));
	} while (!np_cas_acq_rel(gauge->gauge, &old, wanted));
}

void np_metric_record(struct neuroprof_metric *metric, uint64_t value)
{
	uint64_t *cells = metric->cells, most;

	np_add_relaxed(&cells[np_loglinear_bucket(value)], 1);
	np_add_relaxed(&cells[NP_LOGLINEAR_BUCKETS], value);
	most = np_load_relaxed(&cells[NP_LOGLINEAR_BUCKETS + 1]);
	while (value > most && !np_cas_acq_rel(&cells[NP_LOGLINEAR_BUCKETS + 1], &most, value))
		;
}

NP_EXPORT void neuroprof_metric_record(struct neuroprof_metric *histogram, uint64_t value)
{
	if (histogram->kind == NEUROPROF_HISTOGRAM && np_metric_is_bound(histogram))
		np_metric_record(histogram, value);
}
