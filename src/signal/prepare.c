/* SPDX-License-Identifier: MIT
 *
 * prepare.c - what the first sample would otherwise wait for: page faults, and the program's and
 * libc's headers.
 *
 * Context: host, ordinary, once at attach.  Nothing depends on it: what a kernel cannot do, the
 * first sample does itself.  It costs a program that is never sampled some 20 microseconds, so it
 * is kept to what nearly every first sample touches.
 */
#include <sys/auxv.h>
#include <sys/mman.h>

#include "base/syscalls.h"
#include "signal/cfi_cache.h"
#include "signal/cfi_image.h"
#include "signal/modules.h"
#include "signal/sampler.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define PAGE_BYTES   4096u
#define FRAMES_FIRST 128u		/* no more than most stacks have */

static void populate(const void *from, size_t bytes, int how)
{
	uintptr_t low = (uintptr_t)from & ~(uintptr_t)(PAGE_BYTES - 1);
	uintptr_t high = ((uintptr_t)from + bytes + PAGE_BYTES - 1) & ~(uintptr_t)(PAGE_BYTES - 1);

	np_syscall(SYS_madvise, low, high - low, how);
}

/* The handler's code; the loader has read little of it. */
static void prepare_code(void)
{
	uintptr_t here = (uintptr_t)&np_sampler_handler;
	const struct np_module *self = np_module_find(NULL, here);
	struct np_image_segment segment;
	struct np_image image;

	if (!self)
		return;
	image = (struct np_image){ self->start, self->end, self->bias };
	if (np_image_segment(&image, here, &segment))
		populate((const void *)segment.low, segment.high - segment.low, MADV_POPULATE_READ);
}

void np_sampler_prepare(struct np_thread *self)
{
	struct np_stack *stack = &self->stack;

	populate(np_rules, sizeof(np_rules), MADV_POPULATE_WRITE);
	populate(stack->frames, FRAMES_FIRST * sizeof(stack->frames[0]), MADV_POPULATE_WRITE);
	populate(stack->scratch, FRAMES_FIRST * sizeof(stack->scratch[0]), MADV_POPULATE_WRITE);
	populate(stack->nodes, FRAMES_FIRST * sizeof(stack->nodes[0]), MADV_POPULATE_WRITE);
	prepare_code();
	np_module_find(NULL, getauxval(AT_ENTRY));	/* the program */
	np_module_find(NULL, (uintptr_t)&getauxval);	/* libc */
}
