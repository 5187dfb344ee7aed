/* SPDX-License-Identifier: MIT
 *
 * test-cfi-reload.c - another object at the same address: no rule of its predecessor may be used.
 *
 * usage: test-cfi-reload SMALL.so LARGE.so
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

static const char *paths[2];
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
		cmocka_unit_test(forgotten),
		cmocka_unit_test(no_module),
	};
	pthread_attr_t attributes;
	size_t bytes;
	void *low;

	if (argc != 3)
		return 2;
	paths[0] = argv[1];
	paths[1] = argv[2];
	pthread_getattr_np(pthread_self(), &attributes);
	pthread_attr_getstack(&attributes, &low, &bytes);
	pthread_attr_destroy(&attributes);
	stack_high = (uintptr_t)low + bytes;
	return cmocka_run_group_tests_name("cfi-reload", tests, NULL, NULL);
}
