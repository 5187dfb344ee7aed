/* SPDX-License-Identifier: MIT
 *
 * unwind_guest.cc - everything that is hard to unwind, over and over, for the differential test.
 *
 * usage: unwind_guest [ROUNDS]
 */
#include <alloca.h>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dlfcn.h>
#include <immintrin.h>
#include <stdexcept>
#include <string>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>
#include <vector>

#define NOINLINE __attribute__((noinline))

static volatile long sink;
static char signal_stack[65536];
static sigjmp_buf escape;

NOINLINE static void throw_at(int depth)
{
	std::string local(static_cast<size_t>(depth % 50 + 1), 'x');

	if (depth <= 0)
		throw std::runtime_error(local);
	throw_at(depth - 1);
	sink += static_cast<long>(local.size());
}

NOINLINE static void catch_at(int depth)
{
	try {
		throw_at(depth);
	} catch (const std::exception &error) {
		sink += error.what()[0];
	}
}

NOINLINE static long with_alloca(int bytes)
{
	char *room = static_cast<char *>(alloca(static_cast<size_t>(bytes)));

	memset(room, bytes, static_cast<size_t>(bytes));
	return room[bytes / 2] + static_cast<long>(strlen("a string of some length") + strcspn(room, "\1"));
}

/* The stack is aligned to 64 bytes here: the CFA is kept in memory. */
__attribute__((noinline, target("avx2"))) static long realigned(int n)
{
	alignas(64) volatile int lanes[32];

	for (int i = 0; i < 32; i++)
		lanes[i] = i * n;
	return lanes[n & 31] + with_alloca(n % 700 + 20);
}

__attribute__((noinline)) static long recurse(int depth)
{
	volatile char room[24];

	room[0] = static_cast<char>(depth);
	return depth ? recurse(depth - 1) + room[0] : realigned(static_cast<int>(sink & 1023));
}

static int by_value(const void *a, const void *b)
{
	return *static_cast<const int *>(a) - *static_cast<const int *>(b);
}

NOINLINE static void sort_some()
{
	int values[64];

	for (int &value : values)
		value = rand();
	qsort(values, 64, sizeof(values[0]), by_value);
	sink += values[3];
}

NOINLINE static void copy_some()
{
	static char from[5000], to[5000];

	for (size_t bytes = 1; bytes < sizeof(from); bytes = bytes * 3 / 2 + 1) {
		memcpy(to, from, bytes);
		memmove(to + 1, to, bytes - 1);
		sink += memcmp(from, to, bytes) + static_cast<long>(strnlen(from, bytes));
		memset(from, 'a', bytes);
	}
}

static void on_signal(int number)
{
	sink += number + recurse(3);
}

static void on_signal_stack(int number)
{
	sink += number + with_alloca(200);
	raise(SIGUSR1);			/* a handler above a handler, on the signal stack */
}

static void on_fault(int number)
{
	sink += number;
	siglongjmp(escape, 1);
}

NOINLINE static void signals()
{
	raise(SIGUSR1);
	raise(SIGUSR2);
}

NOINLINE static void jump()
{
	if (sigsetjmp(escape, 1) == 0)
		raise(SIGURG);
}

NOINLINE static void clocks()
{
	struct timespec now;
	struct timeval day;

	for (int i = 0; i < 5; i++) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		gettimeofday(&day, nullptr);
		sink += now.tv_nsec + day.tv_usec + time(nullptr);
	}
}

NOINLINE static void loading()
{
	void *library = dlopen("libz.so.1", RTLD_LAZY);

	if (!library)
		return;
	auto version = reinterpret_cast<const char *(*)()>(dlsym(library, "zlibVersion"));
	auto crc = reinterpret_cast<unsigned long (*)(unsigned long, const char *, unsigned)>(
		dlsym(library, "crc32"));
	sink += version()[0] + static_cast<long>(crc(0, "abcdefgh", 8));
	dlclose(library);
}

static std::vector<std::string> strings;

NOINLINE static void library_calls()
{
	char text[200];

	snprintf(text, sizeof(text), "%d %s %.3f %lx", 42, "hello", 3.25, 0xabcdefUL);
	strings.emplace_back(text);
	if (strings.size() > 20)
		strings.clear();
	sink += strtol(text, nullptr, 10) + static_cast<long>(strtod("2.5e3", nullptr));
	free(malloc(static_cast<size_t>(rand() % 100000)));
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? atol(argv[1]) : 1000000;
	stack_t alternate = {};
	struct sigaction action = {};

	alternate.ss_sp = signal_stack;
	alternate.ss_size = sizeof(signal_stack);
	sigaltstack(&alternate, nullptr);
	action.sa_handler = on_signal;
	sigaction(SIGUSR1, &action, nullptr);
	action.sa_handler = on_signal_stack;
	action.sa_flags = SA_ONSTACK;
	sigaction(SIGUSR2, &action, nullptr);
	action.sa_handler = on_fault;
	sigaction(SIGURG, &action, nullptr);
	for (long i = 0; i < rounds; i++) {
		catch_at(static_cast<int>(i % 9));
		sink += recurse(static_cast<int>(i % 60));
		sort_some();
		copy_some();
		signals();
		clocks();
		library_calls();
		if (i % 16 == 0)
			loading();
		if (i % 32 == 0)
			jump();
	}
	return 0;
}
