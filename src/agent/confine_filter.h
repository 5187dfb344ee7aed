/* SPDX-License-Identifier: MIT
 *
 * confine_filter.h - what a seccomp filter would do to a system call.
 *
 * Context: host, signal-safe: no memory but the arguments.
 * Source of the semantics: linux/Documentation/userspace-api/seccomp_filter.rst and networking/filter.rst.
 */
#ifndef NP_AGENT_CONFINE_FILTER_H
#define NP_AGENT_CONFINE_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct np_confine_call {
	int number;
	const char *name;
	uint64_t args[5];
	bool needed;			/* it must succeed; others may be refused with an error */
};

/* The filter's answer (SECCOMP_RET_...) for CALL; SECCOMP_RET_KILL_PROCESS for one that is damaged. */
uint32_t np_confine_answer(const struct sock_filter *filter, size_t length,
			   const struct np_confine_call *call);

/* The first of CALLS that FILTER kills, traps or hands to somebody else, or refuses though it is
 * needed; NULL: none. */
const struct np_confine_call *np_confine_refused(const struct sock_filter *filter, size_t length,
						 const struct np_confine_call *calls, size_t count);

#endif
