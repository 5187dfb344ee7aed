/* SPDX-License-Identifier: MIT
 *
 * perf_script_stack.h - the frames of one sample of `perf script`, until they are a node.
 *
 * Context: tools, for perf_script.c.
 */
#ifndef NP_PROFILE_PERF_SCRIPT_STACK_H
#define NP_PROFILE_PERF_SCRIPT_STACK_H

#include "profile/perf_script.h"
#include "profile/perf_script_line.h"

/* One more frame, outside of those before it.  Its key is shorter than 2 GiB. */
void np_perf_stack_push(struct np_perf_reader *reader, const struct np_perf_frame *frame);

/* The source file of the last frame, and its line; 0: unknown. */
void np_perf_stack_source(struct np_perf_reader *reader, const char *file, size_t length,
			  uint32_t line);

/* The node of the sample's stack, below the frame of its thread. */
uint32_t np_perf_stack_node(struct np_perf_reader *reader);

#endif
