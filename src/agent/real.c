/* SPDX-License-Identifier: MIT
 *
 * real.c - the next definition of every function that the library exports itself.
 */
#include "agent/real.h"

#include <dlfcn.h>

struct np_reals np_reals;

void np_reals_find(void)
{
#define FIND(name) *(void **)&np_reals.name = dlsym(RTLD_NEXT, #name);
	NP_REAL_LIST(FIND)
	FIND(sem_clockwait)
	FIND(epoll_pwait2)
	FIND(close_range)
	FIND(closefrom)
#undef FIND
	/* The thread sanitizer's sigaction() would have our handler wait for a blocking call. */
	*(void **)&np_reals.libc_sigaction = dlsym(RTLD_NEXT, "__sigaction");
	if (!np_reals.libc_sigaction)
		np_reals.libc_sigaction = np_reals.sigaction;
	*(void **)&np_reals.poll_chk = dlsym(RTLD_NEXT, "__poll_chk");
	*(void **)&np_reals.ppoll_chk = dlsym(RTLD_NEXT, "__ppoll_chk");
}
