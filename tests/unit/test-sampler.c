/* SPDX-License-Identifier: MIT
 *
 * test-sampler.c - the first sample of a process: its clock, and the time that it takes itself.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/atomic.h"
#include "signal/sampler.h"

#define PERIOD_NS 1000000u
#define IMAGES	  300u			/* spools that are in the way: making one more takes its time */

static char directory[] = "/tmp/test-sampler-XXXXXX";
static struct np_thread thread;

static void spool_name(char *path, size_t bytes, unsigned int image)
{
	snprintf(path, bytes, "%s/1.1.%u.spool", directory, image);
}

static void remove_spools(void)
{
	char path[64];

	for (unsigned int i = 0; i <= IMAGES; i++) {
		spool_name(path, sizeof(path), i);
		unlink(path);
	}
}

/* A process before its first sample, one period of its time passed; FIRST_NS is its clock's. */
static struct np_thread *begin(uint64_t first_ns)
{
	np_spool_forget(&np_sampler.spool);
	memset(&np_sampler, 0, sizeof(np_sampler));
	remove_spools();
	np_sampler.period_ns = PERIOD_NS;
	np_sampler.unwinder = &np_unwinder_fp;
	np_sampler.enabled = 1;
	np_sampler.image = 1;
	np_sampler.spool_bytes_max = 2u << 20;
	np_sampler.identity.pid = 1;
	np_sampler.identity.start_ticks = 1;
	np_sampler.identity.control = 1;
	np_sampler.identity.hz = np_sampler.identity.hz_wanted = 1000000000u / PERIOD_NS;
	strcpy(np_sampler.spool_dir, directory);
	thread = (struct np_thread){
		.clock = NP_CLOCK_PERF, .fd = -1, .timer = -1, .tid = 1,
		.first_tick = true, .tick_ns = first_ns, .carry_ns = PERIOD_NS,
		.cpu_last_ns = np_sampler_thread_cpu_ns(),
	};
	np_thread_self = &thread;
	return &thread;
}

static void tick(void)
{
	siginfo_t info = { .si_signo = SIGPROF, .si_code = POLL_IN };
	ucontext_t here;

	assert_int_equal(getcontext(&here), 0);
	np_sampler_handler(SIGPROF, &info, &here);
}

/* A clock that goes on at a period of some microseconds would leave no time for anything else. */
static void test_a_hasty_clock_is_settled_before_the_spool_is_made(void **state)
{
	struct np_thread *self = begin(20000);

	(void)state;
	strcpy(np_sampler.spool_dir, "/nonexistent/spools");	/* so that there never is one */
	tick();
	assert_int_equal(np_sampler.phase, NP_PHASE_FAILED);
	assert_false(self->first_tick);
	assert_int_equal(self->tick_ns, PERIOD_NS);
}

static void test_another_clock_is_left_to_the_second_tick(void **state)
{
	struct np_thread *self = begin(PERIOD_NS / 2);

	(void)state;
	tick();
	assert_int_equal(np_sampler.phase, NP_PHASE_READY);
	assert_true(self->first_tick);
	self->carry_ns += PERIOD_NS;
	tick();
	assert_false(self->first_tick);
	assert_int_equal(self->tick_ns, PERIOD_NS);
}

static void test_making_the_spool_is_not_the_programs_time(void **state)
{
	uint64_t before, after, ours;
	struct np_thread *self;
	char path[64];

	(void)state;
	self = begin(PERIOD_NS / 2);
	for (unsigned int i = 0; i < IMAGES; i++) {
		int fd;

		spool_name(path, sizeof(path), i);
		fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
		close(fd);
	}
	self->cpu_last_ns = before = np_sampler_thread_cpu_ns();
	tick();
	after = np_sampler_thread_cpu_ns();
	assert_int_equal(np_sampler.identity.image, IMAGES);
	ours = np_sampler.spool.head->counters[NP_COUNT_HANDLER_NS];
	assert_true(ours > 0);
	/* The account goes on where it was read, moved on by just what was ours. */
	assert_in_range(self->cpu_last_ns, before + ours, after);
	assert_int_equal(np_sampler.spool.threads[self->entry].samples, 1);
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	np_thread_self = NULL;
	remove_spools();
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_hasty_clock_is_settled_before_the_spool_is_made),
		cmocka_unit_test(test_another_clock_is_left_to_the_second_tick),
		cmocka_unit_test(test_making_the_spool_is_not_the_programs_time),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
