/* SPDX-License-Identifier: MIT
 *
 * late_cxx.c - a C program that knows nothing of C++ until it loads a library that throws.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <time.h>

int main(int argc, char **argv)
{
	void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
	int (*work)(void) = library ? (int (*)(void))dlsym(library, "throw_and_trace") : NULL;
	int total = 0;

	if (!work) {
		fprintf(stderr, "%s\n", dlerror());
		return 2;
	}
	for (int i = 0; i < 3; i++)
		total += work();
	return total == 3000 ? 0 : 1;
}
