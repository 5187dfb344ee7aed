/* SPDX-License-Identifier: MIT
 *
 * cfi_cache.h - unwind rules by program counter: one 8-byte word each, shared by all threads.
 *
 * Context: signal handler.
 *
 * A word holds everything that a look-up needs: the part of the location that its place does not
 * imply, the module's entry in np_module_table, and the rule.  It is read by one load and written
 * by one store, so there is nothing to tear, lock or retry, and threads may overwrite each other's
 * entries at will: each word is right by itself.  The store is a release and the load an acquire,
 * because the word leads to the module's entry, which was filled in before.
 *
 * Whether the rule still holds is asked of that entry: its generation is the current one only
 * while the same object is mapped there (modules.c).  A rule that a slow thread stores after its
 * module is gone is as dead as the module's entry, which never comes to stand for another object.
 *
 *   63..31  location >> 14		(user addresses have 47 bits; others are not kept)
 *   30..19  module
 *   18..17  kind; 0 = free
 *   16..12  kinds SP, FP: the caller's rbp is at return slot - 8 * this; 0 = it is rbp
 *           kind OTHER: enum np_rule_other
 *   11..0   kinds SP, FP: CFA = base + 8 * this;  OTHER_DEREF: CFA = word at rbp - 8 * this
 */
#ifndef NP_SIGNAL_CFI_CACHE_H
#define NP_SIGNAL_CFI_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"

#define NP_RULE_SETS	 (1u << 14)
#define NP_RULE_WAYS	 2u
#define NP_RULE_KIND_SP	 1u
#define NP_RULE_KIND_FP	 2u
#define NP_RULE_KIND_OTHER 3u

#define NP_RULE_CFA_WORDS_MAX 4095u
#define NP_RULE_FP_WORDS_MAX  31u

enum np_rule_other {
	NP_OTHER_ROOT = 0,		/* the rules say that nothing called this */
	NP_OTHER_DEREF,			/* a realigned stack; the caller's rbp is at rbp */
	NP_OTHER_SIGNAL,		/* the trampoline that returns from a signal */
	NP_OTHER_LONG,			/* does not fit: read the tables again */
};

/* In .bss; a page is only backed once a rule lies in it.  Ways apart: nearly all rules are in the
 * first, and more of those share a cache line. */
extern uint64_t np_rules[NP_RULE_WAYS][NP_RULE_SETS];

static inline uint64_t np_rule_make(uint32_t kind, uint32_t middle, uint32_t low)
{
	return (uint64_t)kind << 17 | (uint64_t)middle << 12 | low;
}

static inline uint32_t np_rule_kind(uint64_t rule)
{
	return (uint32_t)(rule >> 17) & 3;
}

static inline uint32_t np_rule_middle(uint64_t rule)
{
	return (uint32_t)(rule >> 12) & 31;
}

static inline uint32_t np_rule_low(uint64_t rule)
{
	return (uint32_t)rule & 4095;
}

static inline uint32_t np_rule_module(uint64_t rule)
{
	return (uint32_t)(rule >> 19) & 4095;
}

/* Together with location >> 14 the set tells the whole location.  No better hash: this is on the
 * way from each return address to the next, and modules lie at places as good as random. */
static inline uint32_t np_rule_set(uintptr_t location)
{
	return (uint32_t)location & (NP_RULE_SETS - 1);
}

/* The word for LOCATION, or 0. */
static inline uint64_t np_rule_find(uintptr_t location)
{
	uint32_t set = np_rule_set(location);
	uint64_t word = np_load_acquire(&np_rules[0][set]);

	if (__builtin_expect(word >> 31 == location >> 14, 1))
		return word;
	word = np_load_acquire(&np_rules[1][set]);
	return word >> 31 == location >> 14 ? word : 0;
}

/* Keep RULE; what was there longest gives way. */
static inline void np_rule_keep(uintptr_t location, uint32_t module, uint64_t rule)
{
	uint32_t set = np_rule_set(location);
	uint64_t first = np_load_relaxed(&np_rules[0][set]);

	if (location >> 47 || module > 4095)
		return;
	if (first && first >> 31 != location >> 14)
		np_store_release(&np_rules[1][set], first);
	np_store_release(&np_rules[0][set],
			 (uint64_t)(location >> 14) << 31 | (uint64_t)module << 19 | rule);
}

#endif
