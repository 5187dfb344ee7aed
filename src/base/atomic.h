/* SPDX-License-Identifier: MIT
 *
 * atomic.h - atomics with the order in the name, over plain fields of shared structures.
 *
 * Context: any.  The spool's layout is a file format, so its fields are plain integers; every
 * access to a field that another thread or process may touch goes through these, and a grep lists
 * every order in use.
 */
#ifndef NP_BASE_ATOMIC_H
#define NP_BASE_ATOMIC_H

#define np_load_relaxed(p)	 __atomic_load_n(p, __ATOMIC_RELAXED)
#define np_load_acquire(p)	 __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define np_store_relaxed(p, v)	 __atomic_store_n(p, v, __ATOMIC_RELAXED)
#define np_store_release(p, v)	 __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define np_add_relaxed(p, v)	 __atomic_fetch_add(p, v, __ATOMIC_RELAXED)
#define np_exchange_acq_rel(p, v) __atomic_exchange_n(p, v, __ATOMIC_ACQ_REL)

/* Strong compare and swap; *expected receives the value found on failure. */
#define np_cas_acq_rel(p, expected, desired)                                                       \
	__atomic_compare_exchange_n(p, expected, desired, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)

/* Between code and a signal handler on the same thread: the compiler may not move across. */
#define np_signal_fence() __atomic_signal_fence(__ATOMIC_SEQ_CST)

#endif
