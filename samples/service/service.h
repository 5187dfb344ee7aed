/* SPDX-License-Identifier: MIT
 *
 * service.h - what the parts of the sample service agree on.
 *
 * The service is a server without a network whose true profile is known: each phase of its work
 * runs until its thread's CPU clock has passed a quota, and the clock is read around the phase.
 * A phase is one function that nothing is inlined into and that is inlined nowhere, so its name
 * in a profile stands for exactly the time that was measured.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Kept as one function of its own name: not inlined, cloned, or split.  (clang lacks noipa and
 * does none of these to a function that is noinline and reached through a pointer.) */
#if defined(__has_attribute) && __has_attribute(noipa)
#define SERVICE_FUNCTION __attribute__((noipa))
#else
#define SERVICE_FUNCTION __attribute__((noinline))
#endif

/* Always a frame that exists in the debug information only. */
#define SERVICE_INLINE static inline __attribute__((always_inline))

static inline uint64_t service_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/*
 * A phase of the work.  run() repeats one batch, of about a millisecond so that reading the clock
 * between two batches does not show, until the thread's CPU clock has passed UNTIL_NS, and returns
 * the checksum of a batch.  Every batch does the same, so the checksum is always the same one: 0
 * says that two batches differed, or that a result was wrong.
 */
struct service_phase {
	const char *name;		/* of the function run points to */
	double share;			/* of the CPU time of all workers */
	void *(*create)(void);		/* a worker's own state; NULL when memory is out */
	uint64_t (*run)(void *state, uint64_t until_ns);
	void (*destroy)(void *state);
};

/* request.c: parsing with inlined helpers, hashing. */
void *request_create(void);
void request_destroy(void *state);
uint64_t request_parse(void *state, uint64_t until_ns);
uint64_t request_hash(void *state, uint64_t until_ns);

/* response.c: zlib does the work of one phase, the kernel that of the other. */
void *response_create(void);
void response_destroy(void *state);
uint64_t response_compress(void *state, uint64_t until_ns);
uint64_t log_write(void *state, uint64_t until_ns);

/* store.c: the C library calls back into us; recursion. */
void *store_create(void);
void store_destroy(void *state);
uint64_t index_sort(void *state, uint64_t until_ns);
uint64_t tree_walk(void *state, uint64_t until_ns);

/* shapes.cc: virtual calls, and an exception now and then. */
void *shapes_create(void);
void shapes_destroy(void *state);
uint64_t shapes_measure(void *state, uint64_t until_ns);

/* plugin.c: in an object that is loaded by the first worker that needs it. */
void *plugin_create(void);
void plugin_destroy(void *state);
uint64_t plugin_render(void *state, uint64_t until_ns);

/* Helpers of all parts. */
SERVICE_INLINE uint64_t service_mix(uint64_t sum, uint64_t value)
{
	sum ^= value;
	sum *= 0x9e3779b97f4a7c15u;
	return sum ^ sum >> 29;
}

/* Take the checksum of a batch that is done; false when it is not the one of the batch before. */
SERVICE_INLINE bool service_same(uint64_t *before, uint64_t sum)
{
	if (*before == 0)
		*before = sum;
	return *before == sum && sum != 0;
}

#ifdef __cplusplus
}
#endif
#endif
