/* SPDX-License-Identifier: MIT
 *
 * unwind-remote.h - a stopped process as the unwinder sees its own: memory and modules.
 *
 * For the differential test only.  Stands in for modules.c and for the loads of cfi_memory.h, which
 * go to the process that np_remote_attach() named.
 */
#ifndef NP_TESTS_UNWIND_REMOTE_H
#define NP_TESTS_UNWIND_REMOTE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

void np_remote_attach(pid_t pid);

/* The process has run: forget what it may have written.  Cheap; once per step. */
void np_remote_moved(void);

/* It may have mapped or unmapped objects: read its maps again.  Once per burst. */
void np_remote_remapped(void);

/* As np_remote_read(), but says whether every byte could be read. */
bool np_remote_get(uintptr_t address, void *to, uint32_t bytes);

/* The mapping around ADDRESS, for stack bounds; that of the first thread's stack if ADDRESS is 0. */
bool np_remote_range(uintptr_t address, uintptr_t *ret_low, uintptr_t *ret_high);

/* "path+0x123" for messages; valid until the next but three calls. */
const char *np_remote_name(uintptr_t pc);

#endif
