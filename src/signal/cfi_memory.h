/* SPDX-License-Identifier: MIT
 *
 * cfi_memory.h - the one door through which the unwinder reads memory that is not its own.
 *
 * Context: signal handler.  The callers check the bounds; here it is a plain load of any alignment.
 * Stacks and tables are read whatever the compiler believes lives there, so sanitizers must not
 * look.  With NP_CFI_REMOTE the loads go to another process: the differential test runs the same
 * code against a program that it single-steps.
 */
#ifndef NP_SIGNAL_CFI_MEMORY_H
#define NP_SIGNAL_CFI_MEMORY_H

#include <stdint.h>

#define NP_NO_SANITIZE __attribute__((no_sanitize("address", "thread")))

#ifdef NP_CFI_REMOTE

/* Bytes that cannot be read come as zeros. */
void np_remote_read(uintptr_t address, void *to, uint32_t bytes);

#define NP_MEMORY_LOAD(name, type)                                                                 \
	static inline type name(uintptr_t address)                                                 \
	{                                                                                          \
		type value;                                                                        \
		np_remote_read(address, &value, sizeof(value));                                    \
		return value;                                                                      \
	}

#else

#define NP_MEMORY_LOAD(name, type)                                                                 \
	NP_NO_SANITIZE static inline type name(uintptr_t address)                                  \
	{                                                                                          \
		struct __attribute__((packed, may_alias)) any { type value; };                     \
		return ((const struct any *)address)->value;                                       \
	}

#endif

NP_MEMORY_LOAD(np_memory_u8, uint8_t)
NP_MEMORY_LOAD(np_memory_u16, uint16_t)
NP_MEMORY_LOAD(np_memory_u32, uint32_t)
NP_MEMORY_LOAD(np_memory_u64, uint64_t)

#endif
