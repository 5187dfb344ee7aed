/* SPDX-License-Identifier: MIT
 *
 * delay.h - how long the threads of a process waited for a core.  Context: tools, one thread.
 *
 * The kernel's account of it, /proc/PID/task/TID/schedstat, is gone when the thread is, so it is looked
 * at now and then and each thread's last value is kept: a lower bound that lacks what a thread waited
 * since the last look at it, and threads that lived between two looks.
 */
#ifndef NP_MEASURE_DELAY_H
#define NP_MEASURE_DELAY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct np_delay_thread {
	pid_t tid;
	uint64_t on_core_ns, waited_ns;
};

struct np_delay {
	struct np_delay_thread *threads;	/* known ones, in the order of their numbers */
	size_t count;
	uint64_t gone_ns;		/* of threads whose number another one has now */
};

/* Look at all threads of ROOT and of its descendants. */
void np_delay_look(struct np_delay *delay, pid_t root);

/* The sum, in ms; and one thread's time on a core and in the queue, 0 when it was never seen. */
double np_delay_total_ms(const struct np_delay *delay);
void np_delay_of(const struct np_delay *delay, pid_t tid, double *ret_on_core_ms, double *ret_waited_ms);
void np_delay_free(struct np_delay *delay);

#endif
