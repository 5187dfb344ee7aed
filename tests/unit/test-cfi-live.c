/* SPDX-License-Identifier: MIT
 *
 * test-cfi-live.c - the cfi unwinder inside real signal handlers of this process.
 *
 * The oracle is exact: functions note their own return address on the way down, and the stack that
 * the handler sees must hold these, in this order, with nothing in between.  A second oracle: a
 * stack made by re-using the last one equals one made from nothing.
 */
#include <alloca.h>
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "signal/cfi_cache.h"
#include "signal/cfi_rows.h"
#include "signal/modules.h"
#include "signal/unwind.h"

#define NOTE()	  (noted[noted_count++] = (uintptr_t)__builtin_return_address(0))
#define FORGET()  (noted_count--)
#define NOINLINE  __attribute__((noinline))
#define BARRIER() __asm__ volatile("" ::: "memory")

static uintptr_t noted[4096];		/* return addresses, outermost first */
static volatile uint32_t noted_count;

static struct np_stack kept, fresh, before;
static uintptr_t stack_high;
static uintptr_t signal_stack_high;
static volatile sig_atomic_t samples, failures, complete, too_deep, matched, reused;
static volatile uintptr_t sink;
static char failure[200];

static void fail_once(const char *text)
{
	if (failures++ == 0)
		strncpy(failure, text, sizeof(failure) - 1);
}

static struct np_stack_range range_of(const ucontext_t *context)
{
	uintptr_t sp = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
	struct np_stack_range range = { .low = sp - 128, .high = stack_high };

	if (sp > stack_high || stack_high - sp > 64u << 20) {
		range.high = signal_stack_high;
		range.outer_low = stack_high - (64u << 20);
		range.outer_high = stack_high;
	}
	return range;
}

/* The noted addresses stand in STACK, one after the other, up to its root. */
static bool holds_noted(const struct np_stack *stack)
{
	uint32_t at = 0, last = noted_count, match = 0;

	while (at < stack->depth && last && stack->frames[at].pc != noted[0])
		at++;
	while (at < stack->depth && match < last && stack->frames[at].pc == noted[match]) {
		at++;
		match++;
	}
	return match == last;
}

static bool equal(const struct np_stack *a, const struct np_stack *b)
{
	if (a->depth != b->depth || a->quality != b->quality)
		return false;
	for (uint32_t i = 0; i < a->depth; i++)
		if (a->frames[i].pc != b->frames[i].pc || a->frames[i].slot != b->frames[i].slot ||
		    a->frames[i].kind != b->frames[i].kind || a->frames[i].module != b->frames[i].module)
			return false;
	return true;
}

static void look(const ucontext_t *context)
{
	struct np_stack_range range = range_of(context);
	bool same_activation, fresh_same;
	uint32_t same;

	memcpy(&before, &kept, offsetof(struct np_stack, nodes));
	same = np_unwinder_cfi.unwind(NULL, context, &range, &kept, &same_activation);
	fresh.depth = 0;
	np_unwinder_cfi.unwind(NULL, context, &range, &fresh, &fresh_same);
	samples++;
	reused += same;
	complete += kept.quality == NP_QUALITY_COMPLETE;
	too_deep += kept.quality == NP_QUALITY_TOO_DEEP;
	if (!equal(&kept, &fresh))
		fail_once("a re-used stack differs from one made from nothing");
	if (same > before.depth || same > kept.depth)
		fail_once("more frames are the same than there are");
	for (uint32_t i = 0; i < same; i++)
		if (before.frames[i].pc != kept.frames[i].pc || before.frames[i].slot != kept.frames[i].slot)
			fail_once("a frame that is said to be the same is another");
	if (same_activation && before.frames[same].slot != kept.frames[same].slot)
		fail_once("the same activation has another return slot");
}

/* For a signal that the test raises at a known place. */
static void on_raise(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	look(context);
	if (kept.quality != NP_QUALITY_TOO_DEEP && !holds_noted(&kept))
		fail_once("the stack does not hold the functions that are running");
	else
		matched++;
}

/* For a timer's, anywhere. */
static void on_tick(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	look(context);
}

static void expect(uint32_t least_samples)
{
	if (failures)
		fail_msg("%s (%d times in %d samples)", failure, (int)failures, (int)samples);
	assert_true(samples >= (int)least_samples);
}

static int start(void **state)
{
	struct sigaction action = { .sa_sigaction = on_raise, .sa_flags = SA_SIGINFO };
	pthread_attr_t attributes;
	void *low;
	size_t bytes;

	(void)state;
	pthread_getattr_np(pthread_self(), &attributes);
	pthread_attr_getstack(&attributes, &low, &bytes);
	pthread_attr_destroy(&attributes);
	stack_high = (uintptr_t)low + bytes;
	sigaction(SIGUSR1, &action, NULL);
	action.sa_sigaction = on_tick;
	action.sa_flags |= SA_RESTART;
	sigaction(SIGPROF, &action, NULL);
	samples = failures = complete = too_deep = matched = reused = 0;
	noted_count = 0;
	return 0;
}

NOINLINE static uintptr_t bottom(int depth)
{
	NOTE();
	BARRIER();
	raise(SIGUSR1);
	FORGET();
	return (uintptr_t)depth;
}

NOINLINE static uintptr_t recurse(int depth)
{
	volatile char room[40];
	uintptr_t value;

	NOTE();
	room[0] = (char)depth;
	value = depth > 0 ? recurse(depth - 1) : bottom(depth);
	FORGET();
	return value + (uintptr_t)room[0];
}

/* rbp is its own: its caller's is on the stack. */
NOINLINE static uintptr_t saving_rbp(int depth)
{
	uintptr_t value;

	NOTE();
	__asm__ volatile("xor %%ebp, %%ebp" ::: "rbp", "cc");
	value = recurse(depth);
	FORGET();
	return value;
}

static volatile bool save_rbp;

NOINLINE static uintptr_t with_alloca(int bytes)
{
	volatile char *room;
	uintptr_t value;

	NOTE();
	room = alloca((size_t)bytes);
	room[0] = 1;
	value = (save_rbp ? saving_rbp(2) : recurse(2)) + (uintptr_t)room[0];
	FORGET();
	return value;
}

/* What with_alloca() calls lies where it lay, whatever BYTES is; its own frame does not. */
NOINLINE static uintptr_t padded(int bytes)
{
	volatile char *room;
	uintptr_t value;

	NOTE();
	room = alloca((size_t)(1024 - bytes));
	room[0] = 1;
	value = with_alloca(bytes) + (uintptr_t)room[0];
	FORGET();
	return value;
}

NOINLINE static uintptr_t realigned(int bytes)
{
	_Alignas(64) volatile char room[64];
	uintptr_t value;

	NOTE();
	room[0] = 1;
	value = with_alloca(bytes) + (uintptr_t)room[0];
	FORGET();
	return value;
}

static void a_frame_moves_between_frames_that_stay(void **state)
{
	(void)state;
	for (int bytes = 64; bytes < 1024; bytes += 64)	/* the old return address stays in the new room */
		sink += padded(bytes);
	save_rbp = true;
	for (int bytes = 64; bytes < 1024; bytes += 64)
		sink += padded(bytes);
	save_rbp = false;
	expect(30);
	assert_int_equal(matched, samples);
}

static void every_depth(void **state)
{
	static const int depths[] = { 0, 1, 10, 50, 200, 900 };

	(void)state;
	for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
		sink += recurse(depths[i]);
		sink += recurse(depths[i]);
	}
	expect(12);
	assert_int_equal(complete, samples);
	assert_int_equal(matched, samples);
}

static void deeper_than_the_limit(void **state)
{
	(void)state;
	sink += recurse(2000);
	assert_int_equal(kept.depth, NP_DEPTH_MAX);
	assert_int_equal(kept.quality, NP_QUALITY_TOO_DEEP);
	assert_int_equal(kept.frames[NP_DEPTH_MAX - 1].kind, NP_NODE_LEAF);
	sink += recurse(5);			/* and out of it again */
	assert_int_equal(kept.quality, NP_QUALITY_COMPLETE);
	expect(2);
}

static void moving_frames(void **state)
{
	(void)state;
	for (int i = 0; i < 300; i++)
		sink += realigned(16 + i * 24 % 700);
	expect(300);
	assert_int_equal(matched, 300);
	assert_int_equal(complete, 300);
}

static void nested(int number)
{
	(void)number;
	sink += recurse(3);
}

/* A handler's frames go on in the code that it interrupted. */
static void below_a_handler(void **state)
{
	static char alternate[65536];
	stack_t stack = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
	struct sigaction action = { .sa_handler = nested };
	uint32_t leaves = 0;

	(void)state;
	sigaction(SIGUSR2, &action, NULL);
	raise(SIGUSR2);
	expect(1);
	assert_int_equal(complete, 1);
	signal_stack_high = (uintptr_t)alternate + sizeof(alternate);
	assert_int_equal(sigaltstack(&stack, NULL), 0);
	action.sa_flags = SA_ONSTACK;
	sigaction(SIGUSR2, &action, NULL);
	raise(SIGUSR2);
	expect(2);
	assert_int_equal(complete, 2);
	for (uint32_t i = 0; i < kept.depth; i++)
		leaves += kept.frames[i].kind == NP_NODE_LEAF;
	assert_int_equal(leaves, 3);	/* the leaf, the trampoline, what it interrupted */
	stack.ss_flags = SS_DISABLE;
	sigaltstack(&stack, NULL);
}

static int by_value(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	if (x == 500)
		sink += bottom(0);
	return x < y ? -1 : x > y;
}

/* Through code of the C library that calls back. */
static void callbacks(void **state)
{
	int values[100];

	(void)state;
	for (int i = 0; i < 100; i++)
		values[i] = i * 37 % 101 + 450;
	qsort(values, 100, sizeof(values[0]), by_value);
	expect(1);
	assert_int_equal(complete, samples);
	assert_true(matched >= 1);
}

/* A stack whose range is not known gives the leaf, and the next one is whole again. */
static void foreign_stack(void **state)
{
	struct np_stack_range none = { 0, 0, 0, 0 };
	bool same_activation;
	ucontext_t context;

	(void)state;
	getcontext(&context);
	np_unwinder_cfi.unwind(NULL, &context, &none, &kept, &same_activation);
	assert_int_equal(kept.depth, 1);
	assert_int_equal(kept.quality, NP_QUALITY_FOREIGN_STACK);
	assert_int_equal(kept.frames[0].pc, (uintptr_t)context.uc_mcontext.gregs[REG_RIP]);
	sink += recurse(4);
	expect(1);
	assert_int_equal(complete, 1);
}

/* Bogus registers end in a quality, not in a fault. */
static void hostile_registers(void **state)
{
	static const uintptr_t bad[] = { 0, 1, 7, 4096, UINTPTR_MAX, UINTPTR_MAX - 7, (uintptr_t)1 << 47,
					 0xdeadbeefdeadbeefu };
	ucontext_t context, changed;
	struct np_stack_range range;
	bool same_activation;

	(void)state;
	getcontext(&context);
	range = range_of(&context);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		for (int number = 0; number < 17; number++) {
			changed = context;
			changed.uc_mcontext.gregs[number] = (greg_t)bad[i];
			np_unwinder_cfi.unwind(NULL, &changed, &range, &kept, &same_activation);
			assert_true(kept.depth >= 1 && kept.depth <= NP_DEPTH_MAX);
			np_unwinder_fp.unwind(NULL, &changed, &range, &fresh, &same_activation);
			assert_true(fresh.depth >= 1 && fresh.depth <= NP_DEPTH_MAX);
		}
	}
	for (uintptr_t sp = range.low; sp < range.high && sp < range.low + 4096; sp++) {
		changed = context;
		changed.uc_mcontext.gregs[REG_RSP] = (greg_t)sp;
		changed.uc_mcontext.gregs[REG_RBP] = (greg_t)(sp * 7);
		np_unwinder_cfi.unwind(NULL, &changed, &range, &kept, &same_activation);
		assert_true(kept.depth >= 1 && kept.depth <= NP_DEPTH_MAX);
	}
}

/* Moving on inside one function is the same activation. */
static void activations(void **state)
{
	struct np_stack_range range;
	bool same_activation = false;
	ucontext_t context;
	uint32_t same;

	(void)state;
	kept.depth = 0;
	getcontext(&context);
	range = range_of(&context);
	same = np_unwinder_cfi.unwind(NULL, &context, &range, &kept, &same_activation);
	assert_int_equal(same, 0);
	assert_false(same_activation);
	same = np_unwinder_cfi.unwind(NULL, &context, &range, &kept, &same_activation);
	assert_int_equal(same, kept.depth);
	context.uc_mcontext.gregs[REG_RIP]++;
	same = np_unwinder_cfi.unwind(NULL, &context, &range, &kept, &same_activation);
	assert_int_equal(same, kept.depth - 1);
	assert_true(same_activation);
	/* An unload doubts all rules, but changes nothing that is still there. */
	np_modules_unloaded();
	same = np_unwinder_cfi.unwind(NULL, &context, &range, &kept, &same_activation);
	assert_int_equal(same, kept.depth);
	assert_int_equal(kept.generation, np_modules_generation());
}

static void library_work(int round)
{
	char text[3000], other[3000];
	struct timespec now;

	memset(text, 'a' + round % 20, sizeof(text));
	text[2000 + round % 900] = '\0';
	memcpy(other, text, sizeof(text));
	sink += strlen(text) + (uintptr_t)strcmp(text, other) + (uintptr_t)memchr(text, 'z', 100);
	for (int i = 0; i < 20; i++) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		sink += (uintptr_t)now.tv_nsec;
	}
	free(malloc((size_t)(round * 37 % 60000)));
	sink += (uintptr_t)strtol("123456", NULL, 10);
}

static void reopen(void)
{
	void *library = dlopen("libm.so.6", RTLD_LAZY | RTLD_LOCAL);

	np_modules_unloaded();
	if (library)
		dlclose(library);
	np_modules_unloaded();
}

/* A real timer, anywhere in all of this: every stack is whole, and re-used ones equal fresh ones. */
static void anywhere(void **state)
{
	struct itimerval fast = { { 0, 1000 }, { 0, 1000 } }, off = { { 0, 0 }, { 0, 0 } };
	sigset_t mask;

	(void)state;
	setitimer(ITIMER_PROF, &fast, NULL);
	for (int round = 0; samples < 300 && round < 2000000; round++) {
		struct sigaction quiet = { .sa_handler = SIG_IGN };

		if (round == 0)
			sigaction(SIGUSR1, &quiet, NULL);
		library_work(round);
		sink += realigned(16 + round % 700);
		sink += recurse(round % 100);
		if (round % 64 == 0)
			reopen();
	}
	sigemptyset(&mask);
	sigaddset(&mask, SIGPROF);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	setitimer(ITIMER_PROF, &off, NULL);
	expect(1);
	assert_true(complete >= samples - samples / 100);
}

static void *thread(void *argument)
{
	(void)argument;
	start(NULL);
	for (int i = 0; i < 50; i++)
		sink += recurse(i);
	return NULL;
}

/* A thread's stack ends where the C library starts threads. */
static void in_a_thread(void **state)
{
	pthread_t id;

	(void)state;
	assert_int_equal(pthread_create(&id, NULL, thread, NULL), 0);
	pthread_join(id, NULL);
	expect(50);
	assert_int_equal(complete, samples);
	assert_int_equal(matched, samples);
}

static void rules_in_the_cache(void **state)
{
	uintptr_t location = 0x7f1234567890u, other = location ^ (uintptr_t)5 << 14;
	uintptr_t third = location ^ (uintptr_t)9 << 14;
	uint64_t rule = np_rule_make(NP_RULE_KIND_FP, 31, 4095);

	(void)state;
	assert_int_equal(np_rule_set(location), np_rule_set(other));
	assert_int_equal(np_rule_set(location), np_rule_set(third));
	assert_int_equal(np_rule_find(location), 0);
	np_rule_keep(location, 4095, rule);
	assert_int_equal(np_rule_module(np_rule_find(location)), 4095);
	assert_int_equal(np_rule_kind(np_rule_find(location)), NP_RULE_KIND_FP);
	assert_int_equal(np_rule_middle(np_rule_find(location)), 31);
	assert_int_equal(np_rule_low(np_rule_find(location)), 4095);
	np_rule_keep(other, 7, np_rule_make(NP_RULE_KIND_SP, 0, 1));
	assert_int_equal(np_rule_module(np_rule_find(location)), 4095);
	assert_int_equal(np_rule_module(np_rule_find(other)), 7);
	np_rule_keep(third, 8, np_rule_make(NP_RULE_KIND_SP, 0, 1));
	assert_int_equal(np_rule_find(location), 0);	/* the oldest gave way */
	assert_int_equal(np_rule_module(np_rule_find(other)), 7);
	np_rule_keep((uintptr_t)1 << 47, 7, rule);	/* not a user's address: not kept */
	assert_int_equal(np_rule_find((uintptr_t)1 << 47), 0);
}

static void rows_beside_a_location(void **state)
{
	uintptr_t stretch = 0x7f1234567880u, other = stretch + NP_ROW_STRETCH * NP_ROW_ENTRIES;
	uint64_t rule = np_rule_make(NP_RULE_KIND_FP, 31, 4095);

	(void)state;
	assert_int_equal(np_row_find(stretch), 0);
	np_row_keep(stretch + 5, stretch + 3, stretch + 9, 4095, rule);
	for (uintptr_t i = 0; i < NP_ROW_STRETCH; i++)
		assert_int_equal(np_row_find(stretch + i) & 0x7fffffff,
				 i >= 3 && i < 9 ? (uint64_t)4095 << 19 | rule : 0);
	np_row_keep(stretch + 90, stretch - 1000, stretch + 1000, 7, rule);	/* cut to the stretch */
	for (uintptr_t i = 0; i < NP_ROW_STRETCH; i++)
		assert_int_equal(np_rule_module(np_row_find(stretch + i)), 7);
	assert_int_equal(np_row_find(stretch - 1), 0);
	assert_int_equal(np_row_find(stretch + NP_ROW_STRETCH), 0);
	assert_int_equal(np_row_find(other), 0);
	np_row_entry_of(stretch)->rule ^= 1;	/* a word of another writer */
	assert_int_equal(np_row_find(stretch), 0);
	np_row_keep(other, other, other + 1, 8, rule);
	assert_int_equal(np_row_find(stretch), 0);
	assert_int_equal(np_rule_module(np_row_find(other)), 8);
	np_row_keep(other, other + 1, other + 2, 9, rule);	/* does not hold there: not kept */
	assert_int_equal(np_rule_module(np_row_find(other)), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_in_the_cache),
		cmocka_unit_test(rows_beside_a_location),
		cmocka_unit_test_setup(a_frame_moves_between_frames_that_stay, start),
		cmocka_unit_test_setup(every_depth, start),
		cmocka_unit_test_setup(deeper_than_the_limit, start),
		cmocka_unit_test_setup(moving_frames, start),
		cmocka_unit_test_setup(below_a_handler, start),
		cmocka_unit_test_setup(callbacks, start),
		cmocka_unit_test_setup(foreign_stack, start),
		cmocka_unit_test_setup(hostile_registers, start),
		cmocka_unit_test_setup(activations, start),
		cmocka_unit_test_setup(anywhere, start),
		cmocka_unit_test_setup(in_a_thread, start),
	};

	return cmocka_run_group_tests_name("cfi-live", tests, NULL, NULL);
}
