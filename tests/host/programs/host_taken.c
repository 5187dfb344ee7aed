/* SPDX-License-Identifier: MIT
 *
 * host_taken.c - a host that takes SIGPROF by a system call instruction of its own, which no preloaded
 * library can see, and one that reads it from a descriptor.  usage: host_taken handler | ignore | default | descriptor
 */
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long sink;
static volatile double time_to_burn = 0.2;
static volatile sig_atomic_t came;

static void burn(double seconds)
{
	struct timespec now;
	double until = -1;

	do {
		for (int i = 0; i < 1000; i++)
			sink += (unsigned long)i;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
		if (until < 0)
			until = (double)now.tv_sec + (double)now.tv_nsec * 1e-9 + seconds;
	} while ((double)now.tv_sec + (double)now.tv_nsec * 1e-9 < until);
}

__attribute__((noinline)) static void burn_before(void)
{
	burn(time_to_burn);
	sink++;			/* no tail call */
}

__attribute__((noinline)) static void burn_after(void)
{
	burn(time_to_burn);
	sink += 2;		/* or it is the same code as the other */
}

static void on_signal(int number)
{
	(void)number;
	came++;
}

__attribute__((naked)) static void give_back(void)
{
	__asm__("mov $15, %eax\n\tsyscall");	/* rt_sigreturn */
}

static void take(void (*handler)(int))
{
	struct { void *handler; unsigned long flags; void *restorer; uint64_t mask; } act;
	register long size __asm__("r10") = 8;
	long r = SYS_rt_sigaction;

	memset(&act, 0, sizeof(act));
	act.handler = (void *)(uintptr_t)handler;
	act.flags = SA_RESTART | 0x04000000;
	act.restorer = (void *)(uintptr_t)give_back;
	__asm__ volatile("syscall" : "+a"(r) : "D"((long)SIGPROF), "S"(&act), "d"(0L), "r"(size)
			 : "rcx", "r11", "memory");
	if (r != 0)
		exit(77);
}

static void from_descriptor(void)
{
	struct pollfd one = { .events = POLLIN };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPROF);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	one.fd = signalfd(-1, &set, SFD_CLOEXEC);
	raise(SIGUSR1);
	printf("another signal comes: %d\n", poll(&one, 1, 1000));
	burn_after();
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";

	burn_before();
	if (!strcmp(how, "descriptor"))
		from_descriptor();
	else if (!strcmp(how, "handler"))
		take(on_signal);
	else if (!strcmp(how, "ignore"))
		take(SIG_IGN);
	else if (!strcmp(how, "default"))
		take(SIG_DFL);
	else
		return 99;
	if (strcmp(how, "descriptor"))
		burn_after();
	printf("alive\n");
	return 5;
}
