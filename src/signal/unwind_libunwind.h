/* SPDX-License-Identifier: MIT
 *
 * unwind_libunwind.h - the libunwind backend's connection to a privately loaded library.
 *
 * The agent loads libunwind-x86_64.so.8 with dlopen(RTLD_LOCAL) and fills np_libunwind; nothing of
 * ours links against it, so none of its symbols (it brings _Unwind_* and backtrace along) is ever
 * in the scope in which the host's libraries are bound.
 */
#ifndef NP_SIGNAL_UNWIND_LIBUNWIND_H
#define NP_SIGNAL_UNWIND_LIBUNWIND_H

#include <libunwind-x86_64.h>

struct np_libunwind {
	unw_addr_space_t (*create_addr_space)(unw_accessors_t *, int);
	int (*set_caching_policy)(unw_addr_space_t, unw_caching_policy_t);
	int (*init_remote)(unw_cursor_t *, unw_addr_space_t, void *);
	int (*step)(unw_cursor_t *);
	int (*get_reg)(unw_cursor_t *, int, unw_word_t *);
	int (*is_signal_frame)(unw_cursor_t *);
	int (*search_unwind_table)(unw_addr_space_t, unw_word_t, unw_dyn_info_t *,
				   unw_proc_info_t *, int, void *);
	unw_addr_space_t space;		/* made by np_unwind_libunwind_ready() */
};

extern struct np_libunwind np_libunwind;	/* written by the agent before a clock is armed */

/* All functions of np_libunwind are set: make the address space.  Returns 0 or -errno.
 * Context: host, once. */
int np_unwind_libunwind_ready(void);

#endif
