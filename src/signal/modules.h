/* SPDX-License-Identifier: MIT
 *
 * modules.h - which mapped object a program counter lies in.
 *
 * Context: signal handler.  Lock-free, no allocation.  Found by _dl_find_object() (glibc 2.35 and
 * later, async-signal-safe); the object's path, build id and .eh_frame_hdr are read from its
 * mapped headers once, then kept in a fixed table.  An older glibc needs np_modules_snapshot().
 */
#ifndef NP_SIGNAL_MODULES_H
#define NP_SIGNAL_MODULES_H

#include <stdint.h>

#include "spool/writer.h"

struct np_module {
	uintptr_t start, end;		/* mapped range */
	uintptr_t bias;			/* run-time address - bias = address in the file */
	uintptr_t eh_frame_hdr;		/* run-time address; 0 = none */
	uintptr_t eh_frame_hdr_bytes;
	uint32_t generation;		/* np_modules_generation() when it was last verified */
	uint16_t index;			/* its entry in the spool; 0 = none */
	uint16_t id;			/* its entry in np_module_table; never used again for another */
	uint8_t flags;			/* NP_MODULE_* of spool/layout.h */
} __attribute__((aligned(64)));

#define NP_MODULE_TABLE_MAX 4096u	/* entry 0 is none */

/* Entries are constant once np_module_find() has returned them, but for generation and index:
 * read generation first, with acquire; while it is current the rest holds. */
extern struct np_module np_module_table[NP_MODULE_TABLE_MAX];

/* The module around PC, or NULL for anonymous code.  Registers it in SPOOL on first sight (when
 * SPOOL is not NULL and has a mapping).  The result is constant and stays valid for ever; after an
 * unload the same address gives another entry. */
const struct np_module *np_module_find(struct np_spool *spool, uintptr_t pc);

/* The unload counter: rules cached under an older value must not be used. */
uint32_t np_modules_generation(void);

/* Called around dlclose() by the agent, in ordinary context: everything that is cached is doubted. */
void np_modules_unloaded(void);

/* Where _dl_find_object() is missing: note all mapped objects.  Ordinary context, at attach and
 * after every dlopen and dlclose; does nothing on glibc 2.35 and later. */
void np_modules_snapshot(void);

/* In a fork child, before its new spool is used: no module has an entry there yet. */
void np_modules_forget(void);

#endif
