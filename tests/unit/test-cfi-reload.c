/* SPDX-License-Identifier: MIT
 *
 * test-cfi-reload.c - another object at the same address: no rule of its predecessor may be used.
 *
 * usage: test-cfi-reload SMALL.so LARGE.so GAP.so
 */
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "signal/modules.h"
#include "signal/unwind.h"

static const char *paths[3];
static struct np_stack stack;
static uintptr_t stack_high, from;
static struct np_module seen;

/* Called from the object: the frame above it must be the object's, and the one above that ours. */
static int back(void)
{
	struct np_stack_range range;
	bool same_activation;
	ucontext_t context;
	const struct np_module *module;

	from = (uintptr_t)__builtin_return_address(0);
	getcontext(&context);
	range = (struct np_stack_range){
		.low = (uintptr_t)context.uc_mcontext.gregs[REG_RSP] - 128, .high = stack_high,
	};
	np_unwinder_cfi.unwind(NULL, &context, &range, &stack, &same_activation);
	module = np_module_find(NULL, from);
	seen = module ? *module : (struct np_module){ 0 };
	return 1;
}

__attribute__((noinline)) static int call_it(int (*call)(int (*)(void)))
{
	return call(back) + 1;
}

/* Loads PATH, calls through it twice (the second time by cached rules) and unloads it. */
static void visit(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	int (*call)(int (*)(void));

	assert_non_null(library);
	call = (int (*)(int (*)(void)))(uintptr_t)dlsym(library, "reload_call");
	assert_non_null(call);
	for (int i = 0; i < 2; i++) {
		call_it(call);
		assert_int_equal(stack.quality, NP_QUALITY_COMPLETE);
		assert_int_equal(stack.frames[stack.depth - 2].pc, from);
		/* Our own frame above it: in the program, not a stray word of the object's. */
		assert_int_equal(np_module_find(NULL, stack.frames[stack.depth - 3].pc)->flags &
				 NP_MODULE_MAIN, NP_MODULE_MAIN);
		assert_true(stack.frames[stack.depth - 3].pc - (uintptr_t)call_it < 256);
	}
	np_modules_unloaded();
	dlclose(library);
	np_modules_unloaded();
}

static void another_at_the_same_address(void **state)
{
	struct np_module first;
	int together = 0;

	(void)state;
	for (int i = 0; i < 20; i++) {
		visit(paths[0]);
		first = seen;
		visit(paths[1]);
		if (first.start == seen.start) {
			together++;
			assert_int_not_equal(first.id, seen.id);
		}
	}
	if (together == 0)
		skip();			/* the loader never used the same place: nothing was shown */
}

/* The same file again at the same place is the same module: its rules and its number stay. */
static void the_same_again(void **state)
{
	struct np_module first;

	(void)state;
	visit(paths[0]);
	first = seen;
	visit(paths[0]);
	if (first.start != seen.start)
		skip();
	assert_int_equal(first.index, seen.index);
	assert_true(seen.generation > first.generation);
}

/* Of an object with a gap the loader tells one segment at a time; it is one module all the same. */
static void with_a_gap(void **state)
{
	(void)state;
	visit(paths[2]);
	assert_true(seen.end - seen.start > 16u << 20);
	assert_int_not_equal(seen.eh_frame_hdr, 0);
}

/* Threads that unwind through objects which another thread loads and unloads. */
struct worker {
	pthread_t id;
	struct np_stack stack;
	uint32_t wrong;
};

static uint32_t stop;			/* atomic */

__attribute__((noinline)) static uintptr_t deep(struct worker *worker, struct np_stack_range *range,
						int depth)
{
	volatile char room[48];
	bool same_activation;
	ucontext_t context;

	room[0] = (char)depth;
	if (depth > 0)
		return deep(worker, range, depth - 1) + (uintptr_t)room[0];
	getcontext(&context);
	range->low = (uintptr_t)context.uc_mcontext.gregs[REG_RSP] - 128;
	np_unwinder_cfi.unwind(NULL, &context, range, &worker->stack, &same_activation);
	return (uintptr_t)room[0];
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	pthread_attr_t attributes;
	struct np_stack_range range = { 0 };
	size_t bytes;
	void *low;

	pthread_getattr_np(pthread_self(), &attributes);
	pthread_attr_getstack(&attributes, &low, &bytes);
	pthread_attr_destroy(&attributes);
	range.high = (uintptr_t)low + bytes;
	for (int i = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++) {
		uint32_t base;

		deep(worker, &range, 0);
		base = worker->stack.depth;
		deep(worker, &range, i % 100);
		worker->wrong += worker->stack.quality != NP_QUALITY_COMPLETE ||
				 worker->stack.depth != base + (uint32_t)(i % 100);
	}
	return NULL;
}

static void many_threads(void **state)
{
	static struct worker workers[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&workers[i].id, NULL, work, &workers[i]), 0);
	for (int i = 0; i < 300; i++)
		visit(paths[i % 3]);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 3; i++) {
		pthread_join(workers[i].id, NULL);
		assert_int_equal(workers[i].wrong, 0);
	}
}

/* A fork child's spool has no entries yet: all modules must be registered again. */
static void forgotten(void **state)
{
	const struct np_module *module = np_module_find(NULL, (uintptr_t)back);

	(void)state;
	assert_non_null(module);
	np_modules_forget();
	assert_int_not_equal(module->generation, np_modules_generation());
	assert_ptr_equal(np_module_find(NULL, (uintptr_t)back), module);
	assert_int_equal(module->generation, np_modules_generation());
}

static void no_module(void **state)
{
	static char anonymous[16];

	(void)state;
	assert_null(np_module_find(NULL, 0));
	assert_null(np_module_find(NULL, UINTPTR_MAX));
	assert_null(np_module_find(NULL, stack_high - 8));
	assert_non_null(np_module_find(NULL, (uintptr_t)anonymous));	/* .bss belongs to the program */
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_at_the_same_address),
		cmocka_unit_test(the_same_again),
		cmocka_unit_test(with_a_gap),
		cmocka_unit_test(many_threads),
		cmocka_unit_test(forgotten),
		cmocka_unit_test(no_module),
	};
	pthread_attr_t attributes;
	size_t bytes;
	void *low;

	if (argc != 4)
		return 2;
	paths[0] = argv[1];
	paths[1] = argv[2];
	paths[2] = argv[3];
	pthread_getattr_np(pthread_self(), &attributes);
	pthread_attr_getstack(&attributes, &low, &bytes);
	pthread_attr_destroy(&attributes);
	stack_high = (uintptr_t)low + bytes;
	return cmocka_run_group_tests_name("cfi-reload", tests, NULL, NULL);
}
