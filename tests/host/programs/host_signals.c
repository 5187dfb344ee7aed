/* SPDX-License-Identifier: MIT
 *
 * host_signals.c - a host that has plans of its own for SIGPROF.  Each case prints what it sees; a
 * test compares that with and without the profiler.  The case is the first argument.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long sink;
static volatile sig_atomic_t came, code, inner_blocked;
static volatile int stop;

static double clock_now(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

__attribute__((noinline)) static void burn(double seconds)
{
	double until = clock_now(CLOCK_THREAD_CPUTIME_ID) + seconds;

	do
		for (int i = 0; i < 5000; i++)
			sink += (unsigned long)i;
	while (clock_now(CLOCK_THREAD_CPUTIME_ID) < until);
}

static void *burn_until_stop(void *unused)
{
	while (!stop)
		burn(0.005);
	return unused;
}

static void on_signal(int number)
{
	sigset_t mask;

	came++;
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	inner_blocked = sigismember(&mask, number);
}

static void on_info(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	came++;
	code = info->si_code;
}

static int blocked(int number)
{
	sigset_t mask;

	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	return sigismember(&mask, number);
}

static int pending(int number)
{
	sigset_t set;

	sigpending(&set);
	return sigismember(&set, number);
}

static void set(int how, int number)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, number);
	pthread_sigmask(how, &mask, NULL);
}

static void handle(int number, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

/* ---- its handler, its mask ---- */

static void own_handler(void)
{
	struct sigaction action, found;

	memset(&action, 0, sizeof(action));
	action.sa_sigaction = on_info;
	action.sa_flags = SA_SIGINFO | SA_RESTART;
	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, SIGUSR2);
	sigaction(SIGPROF, &action, NULL);
	sigaction(SIGPROF, NULL, &found);
	printf("handler kept %d flags %x mask USR1 %d USR2 %d\n", found.sa_sigaction == on_info,
	       (unsigned)found.sa_flags & ~0x04000000u, sigismember(&found.sa_mask, SIGUSR1),
	       sigismember(&found.sa_mask, SIGUSR2));
	burn(0.1);
	raise(SIGPROF);
	printf("after raise: %d, code %d\n", (int)came, (int)code);
	kill(getpid(), SIGPROF);
	printf("after kill: %d, code %d\n", (int)came, (int)code);
	handle(SIGPROF, on_signal, 0);
	raise(SIGPROF);
	printf("in the handler blocked: %d, after: %d\n", (int)inner_blocked, blocked(SIGPROF));
	handle(SIGPROF, on_signal, SA_NODEFER);
	raise(SIGPROF);
	printf("with SA_NODEFER blocked: %d\n", (int)inner_blocked);
	handle(SIGPROF, on_signal, (int)SA_RESETHAND);
	raise(SIGPROF);
	sigaction(SIGPROF, NULL, &found);
	printf("SA_RESETHAND left the default: %d\n", found.sa_handler == SIG_DFL);
	printf("signal() says default %d", signal(SIGPROF, on_signal) == SIG_DFL);
	printf(", then ours %d\n", signal(SIGPROF, SIG_IGN) == on_signal);
	raise(SIGPROF);
	printf("ignored, still alive, came %d\n", (int)came);
}

static void masks(void)
{
	came = 0;
	handle(SIGPROF, on_signal, 0);
	set(SIG_BLOCK, SIGPROF);
	burn(0.1);
	printf("blocked %d pending %d\n", blocked(SIGPROF), pending(SIGPROF));
	raise(SIGPROF);
	raise(SIGPROF);
	kill(getpid(), SIGPROF);
	burn(0.05);
	printf("sent while blocked: came %d pending %d\n", (int)came, pending(SIGPROF));
	set(SIG_UNBLOCK, SIGPROF);
	printf("unblocked: came %s pending %d\n", came ? "some" : "none", pending(SIGPROF));
	set(SIG_BLOCK, SIGPROF);
	raise(SIGPROF);
	handle(SIGPROF, SIG_IGN, 0);
	printf("ignored: pending %d\n", pending(SIGPROF));
	handle(SIGPROF, SIG_DFL, 0);
	raise(SIGPROF);
	burn(0.05);
	printf("blocked at the default: alive\n");
	handle(SIGPROF, SIG_IGN, 0);
	set(SIG_UNBLOCK, SIGPROF);
}

static void old_ways(void)
{
	struct sigaction found;

	came = 0;
	printf("sigset: %d", sigset(SIGPROF, on_signal) == SIG_DFL);
	burn(0.05);
	raise(SIGPROF);
	printf(" came %d\n", (int)came);
	sighold(SIGPROF);
	raise(SIGPROF);
	printf("held: came %d blocked %d", (int)came, blocked(SIGPROF));
	sigrelse(SIGPROF);
	printf(", released: came %d\n", (int)came);
	printf("sigset hold: %d", sigset(SIGPROF, SIG_HOLD) == on_signal);
	printf(", again: %d\n", sigset(SIGPROF, on_signal) == SIG_HOLD);
	siginterrupt(SIGPROF, 0);
	sigaction(SIGPROF, NULL, &found);
	printf("siginterrupt 0: restart %d", !!(found.sa_flags & SA_RESTART));
	siginterrupt(SIGPROF, 1);
	sigaction(SIGPROF, NULL, &found);
	printf(", 1: restart %d\n", !!(found.sa_flags & SA_RESTART));
	sigignore(SIGPROF);
	raise(SIGPROF);
	burn(0.05);
	printf("sigignore: came %d\n", (int)came);
}

static sigjmp_buf jump;

static void jump_out(int number)
{
	(void)number;
	came++;
	siglongjmp(jump, 1);
}

static void jumps(void)
{
	came = 0;
	handle(SIGPROF, jump_out, 0);
	for (volatile int i = 0; i < 50; i++) {
		if (sigsetjmp(jump, 1) == 0)
			raise(SIGPROF);
		burn(0.002);
	}
	printf("left by siglongjmp: %d, blocked %d\n", (int)came, blocked(SIGPROF));
	handle(SIGPROF, SIG_IGN, 0);
}

/* ---- its timer ---- */

static void own_timer(void)
{
	struct itimerval every = { { 0, 5000 }, { 0, 5000 } }, never, found;
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	memset(&never, 0, sizeof(never));
	action.sa_sigaction = on_info;
	action.sa_flags = SA_SIGINFO | SA_RESTART;
	sigaction(SIGPROF, &action, NULL);
	getitimer(ITIMER_PROF, &found);
	printf("timer before: %ld\n", (long)found.it_interval.tv_usec);
	setitimer(ITIMER_PROF, &every, NULL);
	getitimer(ITIMER_PROF, &found);
	printf("interval: %ld\n", (long)found.it_interval.tv_usec);
	came = 0;
	burn(0.5);
	printf("ticks of its own: %s, code %d\n", came >= 20 && came <= 200 ? "as many as due" : "wrong",
	       (int)code);
	setitimer(ITIMER_PROF, &never, &found);
	printf("interval was: %ld\n", (long)found.it_interval.tv_usec);
	came = 0;
	burn(0.1);
	printf("after it was stopped: %d\n", (int)came);
}

/* ---- waiting for it ---- */

static void *send_later(void *target)
{
	usleep(30000);
	if (target)
		pthread_kill(*(pthread_t *)target, SIGPROF);
	else
		kill(getpid(), SIGPROF);
	return NULL;
}

static void wait_once(int thread_directed, const char *how)
{
	pthread_t self = pthread_self(), sender;
	struct timespec limit = { 20, 0 };
	siginfo_t info;
	sigset_t only;
	int got = 0, r = 0;

	memset(&info, 0, sizeof(info));
	sigemptyset(&only);
	sigaddset(&only, SIGPROF);
	pthread_create(&sender, NULL, send_later, thread_directed ? &self : NULL);
	if (!strcmp(how, "sigwait")) {
		r = sigwait(&only, &got);
		info.si_code = thread_directed ? SI_TKILL : SI_USER;
	} else {
		got = !strcmp(how, "sigwaitinfo") ? sigwaitinfo(&only, &info)
						  : sigtimedwait(&only, &info, &limit);
	}
	pthread_join(sender, NULL);
	printf("%s, sent to the %s: %d got %d code %d from us %d\n", how,
	       thread_directed ? "thread" : "process", r, got == SIGPROF, info.si_code,
	       !strcmp(how, "sigwait") || info.si_pid == getpid());
}

static void waits_for_it(void)
{
	static const char *const how[] = { "sigwait", "sigwaitinfo", "sigtimedwait" };
	struct timespec short_time = { 0, 2000000 };
	pthread_t busy[2];
	sigset_t only;
	int early = 0, wrong = 0;

	sigemptyset(&only);
	sigaddset(&only, SIGPROF);
	set(SIG_BLOCK, SIGPROF);		/* the busy threads inherit it */
	for (int i = 0; i < 2; i++)
		pthread_create(&busy[i], NULL, burn_until_stop, NULL);
	for (int i = 0; i < 6; i++)
		wait_once(i % 2, how[i / 2]);
	for (int i = 0; i < 400; i++) {
		double start = clock_now(CLOCK_MONOTONIC);
		int r = sigtimedwait(&only, NULL, &short_time);

		wrong += r != -1 || errno != EAGAIN;
		early += clock_now(CLOCK_MONOTONIC) - start < 0.002;
	}
	printf("400 time-outs of sigtimedwait: %d wrong, %d early\n", wrong, early);
	raise(SIGPROF);
	printf("sent before: %d\n", sigtimedwait(&only, NULL, &short_time) == SIGPROF);
	wrong = 0;
	for (int i = 0; i < 500; i++) {		/* a tick may be pending for the process, where the clock is ITIMER_PROF */
		kill(getpid(), SIGPROF);
		wrong += sigtimedwait(&only, NULL, &short_time) != SIGPROF;
	}
	printf("sent before to the process: %d of 500 lost\n", wrong);
	stop = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(busy[i], NULL);
}

/* Blocked but for the time of a wait: none may be lost between the two, which would hang. */
static void waits_with_mask(void)
{
	struct timespec limit = { 20, 0 };
	sigset_t open;
	int epoll = epoll_create1(0), interrupted[5] = { 0 };
	struct epoll_event event;
	pthread_t sender, self = pthread_self();

	came = 0;
	handle(SIGPROF, on_signal, 0);
	set(SIG_BLOCK, SIGPROF);
	pthread_sigmask(SIG_SETMASK, NULL, &open);
	sigdelset(&open, SIGPROF);
	for (int i = 0; i < 200; i++) {
		pthread_t *target = i % 2 ? &self : NULL;

		if (i % 10 == 0)
			pthread_create(&sender, NULL, send_later, target);
		else if (i % 2)
			raise(SIGPROF);
		else
			kill(getpid(), SIGPROF);
		errno = 0;
		if (i % 5 == 0)
			interrupted[0] += sigsuspend(&open) == -1 && errno == EINTR;
		else if (i % 5 == 1)
			interrupted[1] += ppoll(NULL, 0, &limit, &open) == -1 && errno == EINTR;
		else if (i % 5 == 2)
			interrupted[2] += pselect(0, NULL, NULL, NULL, &limit, &open) == -1 && errno == EINTR;
		else if (i % 5 == 3)
			interrupted[3] += epoll_pwait(epoll, &event, 1, 20000, &open) == -1 && errno == EINTR;
		else
			interrupted[4] += ppoll(NULL, 0, NULL, &open) == -1 && errno == EINTR;
		if (i % 10 == 0)
			pthread_join(sender, NULL);
		burn(0.0005);
	}
	printf("came %d; interrupted: sigsuspend %d ppoll %d pselect %d epoll_pwait %d ppoll for ever %d\n",
	       (int)came, interrupted[0], interrupted[1], interrupted[2], interrupted[3], interrupted[4]);
	printf("still blocked %d\n", blocked(SIGPROF));
}

/* ---- waiting for other things: nothing but what was sent may end it ---- */

struct count {
	int interrupted, early, other;
};

static void judge(struct count *count, int failed, int error, double start, double least)
{
	if (failed && error == EINTR)
		count->interrupted++;
	else if (failed)
		count->other++;
	else if (clock_now(CLOCK_MONOTONIC) - start < least)
		count->early++;
}

static void waits_for_others(void)
{
	static const char *const names[] = { "poll", "ppoll", "select", "pselect", "epoll_wait", "epoll_pwait",
					     "nanosleep", "clock_nanosleep", "absolute", "usleep" };
	struct count counts[10] = { { 0, 0, 0 } };
	int epoll = epoll_create1(0), kept = 1;
	struct epoll_event event;
	pthread_t busy;
	double longest = 0, begun = clock_now(CLOCK_MONOTONIC);

	pthread_create(&busy, NULL, burn_until_stop, NULL);
	for (int i = 0; i < 3000; i++) {
		struct timespec time = { 0, 200000 }, when;
		struct timeval tv = { 0, 200 };
		int k = i % 10, r = 0, failed;
		double start = clock_now(CLOCK_MONOTONIC), took;

		errno = 4711;
		switch (k) {
		case 0: r = poll(NULL, 0, 1); break;
		case 1: r = ppoll(NULL, 0, &time, NULL); break;
		case 2: r = select(0, NULL, NULL, NULL, &tv); break;
		case 3: r = pselect(0, NULL, NULL, NULL, &time, NULL); break;
		case 4: r = epoll_wait(epoll, &event, 1, 1); break;
		case 5: r = epoll_pwait(epoll, &event, 1, 1, NULL); break;
		case 6: r = nanosleep(&time, NULL); break;
		case 7: r = clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL); break;
		case 8:
			clock_gettime(CLOCK_MONOTONIC, &when);
			when.tv_nsec += 200000;
			when.tv_sec += when.tv_nsec / 1000000000;
			when.tv_nsec %= 1000000000;
			r = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
			break;
		default: r = usleep(200);
		}
		failed = k == 7 || k == 8 ? r : r == -1;
		kept &= failed || errno == 4711;
		judge(&counts[k], failed, k == 7 || k == 8 ? r : errno, start,
		      k == 0 || k == 4 || k == 5 ? 0.001 : 0.0002);
		took = clock_now(CLOCK_MONOTONIC) - start;
		longest = took > longest ? took : longest;
	}
	stop = 1;
	pthread_join(busy, NULL);
	for (int k = 0; k < 10; k++)
		printf("%s: interrupted %d early %d other %d\n", names[k], counts[k].interrupted, counts[k].early,
		       counts[k].other);
	printf("errno kept %d; sleep(1) left %u\n", kept, sleep(1));
	fprintf(stderr, "longest %.4f s, all %.3f s\n", longest, clock_now(CLOCK_MONOTONIC) - begun);
}

static volatile int ready;

static void *wait_for_usr1(void *unused)
{
	long interrupted = 0;
	struct timespec limit = { 20, 0 };

	for (int i = 0; i < 300; i++) {
		/* Burns right up to the call, so that ticks and the signal come together. */
		burn(0.0003);
		ready = 1;
		if (i % 3 == 0)
			poll(NULL, 0, 20000);
		else if (i % 3 == 1)
			nanosleep(&limit, NULL);
		else
			pause();
		ready = 0;
		interrupted++;
	}
	ready = 2;
	fprintf(stderr, "%ld waits ended by SIGUSR1\n", interrupted);
	return unused;
}

/* The host's own signals must still end a wait: a lost one would be waited for for ever. */
static void still_interrupted(void)
{
	pthread_t waiter;

	came = 0;
	handle(SIGUSR1, on_signal, 0);
	pthread_create(&waiter, NULL, wait_for_usr1, NULL);
	while (ready != 2) {
		if (ready == 1)
			pthread_kill(waiter, SIGUSR1);
		usleep(100);
	}
	pthread_join(waiter, NULL);
	printf("300 waits, all ended by the host's signal\n");
}

/* ---- past libc's functions ---- */

static void raw_calls(void)
{
	struct { void *handler; unsigned long flags; void *restorer; unsigned long mask; } act, old;
	unsigned long mask = 1ul << (SIGPROF - 1), before = 0;

	memset(&act, 0, sizeof(act));
	printf("default: %ld", syscall(SYS_rt_sigaction, SIGPROF, &act, &old, 8));
	printf(" was default %d\n", old.handler == (void *)SIG_DFL);
	burn(0.1);
	act.handler = (void *)SIG_IGN;
	printf("ignored: %ld", syscall(SYS_rt_sigaction, SIGPROF, &act, NULL, 8));
	raise(SIGPROF);
	burn(0.1);
	syscall(SYS_rt_sigaction, SIGPROF, NULL, &old, 8);
	printf(" is %d\n", old.handler == (void *)SIG_IGN);
	printf("block: %ld", syscall(SYS_rt_sigprocmask, SIG_BLOCK, &mask, &before, 8));
	printf(" before %lx blocked %d\n", before, blocked(SIGPROF));
	burn(0.1);
	for (int i = 0; i < 4; i++) {	/* nothing is mapped there */
		bool action = i / 2 == 0, reading = i % 2 == 0;
		long r = syscall(action ? SYS_rt_sigaction : SYS_rt_sigprocmask, action ? SIGPROF : SIG_BLOCK,
				 reading ? 8l : 0l, reading ? 0l : 8l, 8l);

		printf("bad pointer: %ld, %d\n", r, errno == EFAULT);
	}
	printf("unblock: %ld blocked %d\n", syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, 8), blocked(SIGPROF));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} cases[] = {
		{ "own-handler", own_handler }, { "masks", masks }, { "old-ways", old_ways }, { "jumps", jumps },
		{ "own-timer", own_timer }, { "waits-for-it", waits_for_it },
		{ "waits-with-mask", waits_with_mask }, { "waits-for-others", waits_for_others },
		{ "still-interrupted", still_interrupted }, { "raw-calls", raw_calls },
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (argc > 1 && !strcmp(argv[1], cases[i].name)) {
			burn(0.1);
			cases[i].run();
			return 0;
		}
	return 99;
}
