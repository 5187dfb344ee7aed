/* SPDX-License-Identifier: MIT
 *
 * symbolize_sample_cpp.cc - C++ names for test-symbolize.c.
 */
namespace np_sample {
volatile int sink;

struct Thing {
	__attribute__((noinline)) int method(int x) const;
	__attribute__((noinline)) int operator()(char c);
};

int Thing::method(int x) const
{
	sink = x;
	return x;
}

int Thing::operator()(char c)
{
	sink = c;
	return c;
}

template <typename T> __attribute__((noinline)) T twice(T x)
{
	sink = static_cast<int>(x);
	return x + x;
}

template long twice<long>(long);

__attribute__((noinline)) int function(int x, const char *text)
{
	auto lambda = [x](int y) __attribute__((noinline)) {
		sink = y;
		return x + y;
	};

	return lambda(text[0]);
}

static inline __attribute__((always_inline)) int hidden(int x)
{
	__asm__ volatile(".globl np_sample_in_static\nnp_sample_in_static: nop" : "+r"(x));
	return x * 3;
}

__attribute__((noinline)) int caller(int x)
{
	sink = x;
	x = hidden(x + 1);
	sink = x;
	return x;
}
} // namespace np_sample
