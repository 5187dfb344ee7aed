/* SPDX-License-Identifier: MIT
 *
 * make_spool.h - small spools for tests, put together by hand: no host, no clock, no race.
 *
 * Context: tests.  The layout is compact (the sections follow each other), which the format allows;
 * what the live writer makes is read in test-spool-reader.c as well.
 */
#ifndef NP_MAKE_SPOOL_H
#define NP_MAKE_SPOOL_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spool/layout.h"

#define MAKE_NODES   64
#define MAKE_MODULES 8
#define MAKE_THREADS 4
#define MAKE_STRINGS 1024

struct make_spool {		/* the bytes of the file, in order */
	struct np_spool_header head;
	struct np_spool_thread threads[MAKE_THREADS];
	struct np_spool_module modules[MAKE_MODULES];
	struct np_spool_node nodes[MAKE_NODES];
	char strings[MAKE_STRINGS];
};

static inline void make_section(struct np_spool_section *section, size_t offset, uint64_t capacity,
				uint64_t bytes)
{
	*section =
		(struct np_spool_section){.offset = offset, .capacity = capacity, .ready = bytes};
}

static inline struct make_spool *make_spool(void)
{
	struct make_spool *s = calloc(1, sizeof(*s));
	struct np_spool_header *head = &s->head;

	if (!s)
		abort();
	memcpy(head->magic, NP_SPOOL_MAGIC, sizeof(NP_SPOOL_MAGIC));
	head->version = NP_SPOOL_VERSION;
	head->header_bytes = sizeof(*head);
	head->file_bytes = sizeof(*s);
	head->state = NP_SPOOL_ENDED;
	head->end = NP_END_EXIT;
	head->pid = 4242;
	head->start_ticks = 777;
	head->hz = 100;
	head->period_ns = 10000000;
	head->clock = NP_CLOCK_PERF;
	head->unwinder = NP_UNWINDER_CFI;
	head->depth_max = 1024;
	head->started_realtime_ns = 1700000000000000000ull;
	head->started_monotonic_ns = 1000;
	head->ended_monotonic_ns = 2000001000;
	strcpy(head->comm, "prog");
	strcpy(head->exe, "/nowhere/prog");
	make_section(&head->threads, offsetof(struct make_spool, threads), MAKE_THREADS,
		     sizeof(s->threads));
	make_section(&head->modules, offsetof(struct make_spool, modules), MAKE_MODULES,
		     sizeof(s->modules));
	make_section(
		&head->nodes, offsetof(struct make_spool, nodes), MAKE_NODES, sizeof(s->nodes));
	make_section(&head->strings, offsetof(struct make_spool, strings), MAKE_STRINGS,
		     sizeof(s->strings));
	head->strings.used = 1;
	head->modules.used = 1;
	head->threads.used = 1;
	head->nodes.used = 1;
	strcpy(s->threads[0].name, "(other)");
	s->threads[0].ready = 1;
	s->nodes[0].kind = NP_NODE_ROOT;
	s->nodes[0].ready = 1;
	return s;
}

static inline uint32_t make_thread(struct make_spool *s, uint32_t tid, const char *name)
{
	uint32_t index = (uint32_t)s->head.threads.used++;

	s->threads[index].tid = tid;
	strncpy(s->threads[index].name, name, sizeof(s->threads[index].name) - 1);
	s->threads[index].ready = 1;
	return index;
}

static inline uint16_t make_module(struct make_spool *s, const char *path, uint64_t start,
				   uint64_t end, uint8_t flags)
{
	uint16_t index = (uint16_t)s->head.modules.used++;
	size_t length = strlen(path) + 1;

	s->modules[index] = (struct np_spool_module){
		.start = start, .end = end, .bias = start, .path = (uint32_t)s->head.strings.used,
		.flags = flags, .ready = 1,
	};
	memcpy(s->strings + s->head.strings.used, path, length);
	s->head.strings.used += length;
	return index;
}

static inline uint32_t make_node(struct make_spool *s, uint32_t parent, uint16_t module,
	uint64_t pc, enum np_node_kind kind, uint64_t samples)
{
	uint32_t index = (uint32_t)s->head.nodes.used++;

	s->nodes[index] = (struct np_spool_node){
		.pc = pc, .parent = parent, .module = module, .kind = (uint8_t)kind, .ready = 1,
		.samples = samples, .periods = samples, .resumed = samples,
	};
	s->threads[0].samples += samples;
	s->threads[0].periods += samples;
	return index;
}

static inline uint32_t make_root(struct make_spool *s, uint32_t thread, enum np_quality quality)
{
	return make_node(s, 0, 0, thread * 256u + quality, NP_NODE_ROOT, 0);
}

static inline void make_file(const void *bytes, size_t size, const char *path)
{
	FILE *to = fopen(path, "wb");

	if (!to || fwrite(bytes, 1, size, to) != size || fclose(to) != 0)
		abort();
}

#endif
