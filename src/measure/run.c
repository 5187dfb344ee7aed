/* SPDX-License-Identifier: MIT
 *
 * run.c - one run: start, drain, wait, read the meters.  Context: tools.
 *
 * The meters are the kernel's own accounts of the process: wait4() for time, memory, faults and
 * switches of it and the children that it waited for; schedstat of its threads for their time on the run
 * queue (delay.h); /proc/stat for time that the hypervisor took and other programs used.
 *
 * The program runs in a process group of its own, so that all of it can be ended; signals that end us end
 * the run first (np_run_catch_signals()).
 */
#include "measure/run.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/message.h"
#include "measure/delay.h"

#define LOOK_MS	  20.0	/* between two looks at the threads */
#define LOOK_SHARE 50.0	/* and this many times as long as a look takes */

const char *const np_run_figures[] = { "wall_ms", "cpu_ms", "user_ms", "system_ms", "main_cpu_ms",
	"run_delay_ms", "gap_ms", "steal_ms", "other_cpu_ms", "minor_faults", "major_faults",
	"voluntary_switches", "involuntary_switches", "peak_rss_mb", NULL };

bool np_run_is_figure(const char *name)
{
	size_t i = 0;

	while (np_run_figures[i] && strcmp(np_run_figures[i], name) != 0)
		i++;
	return np_run_figures[i] != NULL;
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static volatile sig_atomic_t caught;

static void catch_signal(int number)
{
	caught = number;
}

void np_run_catch_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		/* A second one ends us at once.  Without SA_RESTART: poll() is to return. */
		struct sigaction action = { .sa_handler = catch_signal, .sa_flags = (int)SA_RESETHAND }, old;

		if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaction(numbers[i], &action, NULL);
	}
}

int np_run_caught(void)
{
	return caught;
}

/* Of all cores, since the machine started; 0 where the kernel does not tell. */
struct machine_times {
	double busy_ms, steal_ms;
};

static struct machine_times machine_times(void)
{
	unsigned long long user = 0, nice = 0, system = 0, irq = 0, softirq = 0, steal = 0;
	double tick_ms = 1e3 / (double)sysconf(_SC_CLK_TCK);
	FILE *from = fopen("/proc/stat", "re");

	if (from && fscanf(from, "cpu %llu %llu %llu %*u %*u %llu %llu %llu", &user, &nice, &system, &irq,
			   &softirq, &steal) != 6)
		user = nice = system = irq = softirq = steal = 0;
	if (from)
		fclose(from);
	return (struct machine_times){ (double)(user + nice + system + irq + softirq) * tick_ms,
		(double)steal * tick_ms };
}

size_t np_run_cores(int *cores, size_t most)
{
	cpu_set_t allowed;
	size_t count = 0;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return 0;
	for (int i = 0; i < CPU_SETSIZE && count < most; i++) {
		if (CPU_ISSET(i, &allowed))
			cores[count++] = i;
	}
	return count;
}

static _Noreturn void become(const struct np_run_how *how, int out, int complaints, int report)
{
	int error, nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	cpu_set_t one;

	setpgid(0, 0);
	if (how->core >= 0) {
		CPU_ZERO(&one);
		CPU_SET(how->core, &one);
		sched_setaffinity(0, sizeof(one), &one);
	}
	/* Of a background group's program that reads the terminal the kernel would stop us. */
	if (dup2(nothing, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    dup2(complaints, STDERR_FILENO) >= 0) {
		if (how->environment)
			execvpe(how->argv[0], how->argv, how->environment);
		else
			execvp(how->argv[0], how->argv);
	}
	error = errno;
	if (write(report, &error, sizeof(error)) < 0)
		error = 0;
	_exit(127);
}

struct output {
	char *text;
	size_t size, room;
	int from;			/* -1 when all writers have closed it */
};

/* Take what is there; never waits. */
static void drain(struct output *output)
{
	char spill[4096];
	ssize_t got = 1;

	while (output->from >= 0 && got > 0) {
		if (output->size == output->room && output->room < NP_RUN_OUTPUT_MAX) {
			output->room = output->room ? output->room * 2 : 65536;
			output->text = np_xrealloc(output->text, output->room, 1);
		}
		got = output->size < output->room
			? read(output->from, output->text + output->size, output->room - output->size)
			: read(output->from, spill, sizeof(spill));
		if (got > 0 && output->size < output->room)
			output->size += (size_t)got;
		if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
			output->from = -1;
		if (got < 0 && errno == EINTR)
			got = 1;
	}
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) == 0 && info.si_pid == pid;
}

/* Until the program has ended, whoever still holds its output; or the time is over, or we were told to
 * end: then it is still there. */
static void follow(pid_t pid, double end_ms, struct output *output, struct np_delay *delay)
{
	int handle = (int)syscall(SYS_pidfd_open, pid, 0);	/* -1 before Linux 5.3: seen at a look */
	double next_look = now_ms() + LOOK_MS;

	while (!has_ended(pid) && !caught) {
		struct pollfd waits[] = { { .fd = output->from, .events = POLLIN },
			{ .fd = handle, .events = POLLIN } };
		double begun = now_ms(), left = fmin(end_ms, next_look) - begun;

		if (begun >= end_ms)
			break;
		if (left > 0)
			poll(waits, 2, (int)ceil(left));
		drain(output);
		begun = now_ms();
		if (begun >= next_look) {
			np_delay_look(delay, pid);
			next_look = now_ms() + fmax(LOOK_MS, (now_ms() - begun) * LOOK_SHARE);
		}
	}
	if (handle >= 0)
		close(handle);
}

static double ms_of(const struct timeval *time)
{
	return (double)time->tv_sec * 1e3 + (double)time->tv_usec / 1e3;
}

struct meters {
	double wall, main_cpu, main_delay, delay;
	struct machine_times machine;	/* what went by */
	struct rusage usage;
};

static void note_figures(struct np_metrics *metrics, const struct meters *meters)
{
	const struct rusage *usage = &meters->usage;
	double user = ms_of(&usage->ru_utime), system = ms_of(&usage->ru_stime);
	/* What is neither work nor the queue: steal, if the program did not wait for anything. */
	double gap = usage->ru_nvcsw > 16 ? -1 : meters->wall - meters->main_cpu - meters->main_delay;
	double figures[] = { meters->wall, user + system, user, system, meters->main_cpu, meters->delay, gap,
		meters->machine.steal_ms, fmax(meters->machine.busy_ms - user - system, 0),
		(double)usage->ru_minflt, (double)usage->ru_majflt, (double)usage->ru_nvcsw,
		(double)usage->ru_nivcsw, (double)usage->ru_maxrss * 1024 / 1e6 };

	for (size_t i = 0; np_run_figures[i]; i++) {
		if (figures[i] >= 0)
			np_metrics_add(metrics, np_run_figures[i], figures[i], true);
	}
}

static void last_line(int from, char *line, size_t size)
{
	char tail[1024];
	off_t end = lseek(from, 0, SEEK_END), start = end > 1000 ? end - 1000 : 0;
	ssize_t got = pread(from, tail, sizeof(tail) - 1, start);
	char *begin;

	line[0] = '\0';
	if (got <= 0)
		return;
	while (got > 0 && (tail[got - 1] == '\n' || tail[got - 1] == ' '))
		got--;
	tail[got] = '\0';
	begin = strrchr(tail, '\n');
	snprintf(line, size, "%.200s", begin ? begin + 1 : tail);
}

static void await(struct np_run *run, const struct np_run_how *how, pid_t pid, int out, int complaints,
		  double start)
{
	struct machine_times before = machine_times(), after;
	struct output output = { .from = out };
	struct np_delay delay = { 0 };
	struct meters meters;
	siginfo_t info;
	int status = 0;
	bool ended;

	fcntl(out, F_SETFL, O_NONBLOCK);
	follow(pid, start + how->timeout_s * 1e3, &output, &delay);
	ended = has_ended(pid);
	run->interrupted = caught != 0;
	run->timed_out = !ended && !run->interrupted;
	if (!ended)
		kill(-pid, SIGKILL);
	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR)
		;
	meters.wall = now_ms() - start;
	drain(&output);			/* what it wrote is all there */
	run->left_behind = ended && output.from >= 0;
	np_delay_look(&delay, pid);	/* a zombie's main thread still tells */
	kill(-pid, SIGKILL);		/* the zombie keeps the number its own: only what it left is hit */
	after = machine_times();
	while (wait4(pid, &status, 0, &meters.usage) < 0 && errno == EINTR)
		;
	np_delay_of(&delay, pid, &meters.main_cpu, &meters.main_delay);
	meters.delay = np_delay_total_ms(&delay);
	meters.machine = (struct machine_times){ after.busy_ms - before.busy_ms,
		after.steal_ms - before.steal_ms };
	run->exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	note_figures(&run->metrics, &meters);
	np_metrics_parse(&run->metrics, output.text, output.size);
	np_delay_free(&delay);
	free(output.text);
	if (run->exit_status || run->timed_out)
		last_line(complaints, run->complaint, sizeof(run->complaint));
}

int np_run(struct np_run *run, const struct np_run_how *how)
{
	int out[2], report[2], complaints, error = 0;
	double start;
	pid_t pid;

	*run = (struct np_run){ 0 };
	if (pipe2(out, O_CLOEXEC) != 0)
		return -errno;
	if (pipe2(report, O_CLOEXEC) != 0) {
		error = errno;
		close(out[0]);
		close(out[1]);
		return -error;
	}
	complaints = memfd_create("stderr", MFD_CLOEXEC);
	start = now_ms();
	pid = complaints < 0 ? -1 : fork();
	if (pid == 0)
		become(how, out[1], complaints, report[1]);
	if (pid < 0)
		error = errno;
	close(out[1]);
	close(report[1]);
	/* The other end is closed by the exec, or by the child's end. */
	if (pid > 0 && read(report[0], &error, sizeof(error)) == (ssize_t)sizeof(error))
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	else if (pid > 0)
		await(run, how, pid, out[0], complaints, start);
	close(report[0]);
	close(out[0]);
	if (complaints >= 0)
		close(complaints);
	return -error;
}

void np_run_free(struct np_run *run)
{
	np_metrics_free(&run->metrics);
}
