// SPDX-License-Identifier: MIT
//
// throwing.cc - a C++ library that is loaded late: throws, catches, and asks for a backtrace.
#include <cstdio>
#include <execinfo.h>
#include <stdexcept>

static int thrower(int depth)
{
	if (depth == 0)
		throw std::runtime_error("deep");
	return thrower(depth - 1) + 1;
}

extern "C" int throw_and_trace(void)
{
	void *frames[16];
	int caught = 0;

	for (int i = 0; i < 1000; i++) {
		try {
			thrower(20);
		} catch (const std::runtime_error &) {
			caught++;
		}
	}
	int depth = backtrace(frames, 16);
	std::printf("caught %d, backtrace %s\n", caught, depth >= 3 ? "works" : "is broken");
	return caught;
}
