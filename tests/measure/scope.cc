/* SPDX-License-Identifier: MIT
 *
 * scope.cc - the header from C++: a span for a block, and what is harmless without the library.
 */
#include <neuroprof/neuroprof.h>

#include <cstdio>
#include <cstring>

static bool inside(neuroprof_metric *span, char (&trace)[NEUROPROF_TRACEPARENT_BYTES])
{
	neuroprof::scope scope(span);

	return neuroprof_traceparent(trace) == 1;
}

int main()
{
	neuroprof_metric *span = neuroprof_span("block");
	char trace[NEUROPROF_TRACEPARENT_BYTES];
	bool loaded = span != nullptr, was_inside = inside(span, trace), is_outside;

	is_outside = neuroprof_traceparent(trace) == 0 && std::strlen(trace) == 0;
	neuroprof_counter_add(neuroprof_counter("blocks", "1", nullptr), 1);
	std::printf("loaded=%d inside=%d outside=%d\n", loaded, was_inside, is_outside);
	return was_inside == loaded && is_outside ? 0 : 1;
}
