/* SPDX-License-Identifier: MIT
 *
 * real.c - the next definition of a function that the library exports itself.
 */
#include "agent/agent.h"

#include <dlfcn.h>

void *np_real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}
