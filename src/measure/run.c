/* SPDX-License-Identifier: MIT
 *
 * run.c - one run: start, drain, wait, read the meters.  Context: tools.
 *
 * The meters are the kernel's own accounts of the process: wait4() for time, memory, faults and
 * switches of it and the children that it waited for; /proc/PID/schedstat, read while it is a zombie,
 * for the main thread's time on the run queue; /proc/stat for time that the hypervisor took.
 */
#include "measure/run.h"

#include <errno.h>
#include <fcntl.h>
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

const char *const np_run_figures[] = { "wall_ms", "cpu_ms", "user_ms", "system_ms", "main_cpu_ms",
	"main_run_delay_ms", "gap_ms", "steal_ms", "minor_faults", "major_faults",
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

/* ms of all cores that the hypervisor gave to others; 0 where the kernel does not tell. */
static double steal_ms(void)
{
	unsigned long long steal = 0;
	FILE *from = fopen("/proc/stat", "re");

	if (from && fscanf(from, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &steal) != 1)
		steal = 0;
	if (from)
		fclose(from);
	return (double)steal * 1e3 / (double)sysconf(_SC_CLK_TCK);
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
	cpu_set_t one;
	int error;

	setpgid(0, 0);
	if (how->core >= 0) {
		CPU_ZERO(&one);
		CPU_SET(how->core, &one);
		sched_setaffinity(0, sizeof(one), &one);
	}
	if (dup2(out, STDOUT_FILENO) >= 0 && dup2(complaints, STDERR_FILENO) >= 0) {
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

/* Returns false when the time is over. */
static bool drain(int from, double end_ms, char **output, size_t *size)
{
	size_t room = 0;

	for (;;) {
		struct pollfd wait = { .fd = from, .events = POLLIN };
		double left = end_ms - now_ms();
		char spill[4096];
		ssize_t got;

		if (left <= 0)
			return false;
		if (poll(&wait, 1, left > 1e6 ? 1000000 : (int)left + 1) <= 0)
			continue;
		if (*size == room && room < NP_RUN_OUTPUT_MAX) {
			room = room ? room * 2 : 65536;
			*output = np_xrealloc(*output, room, 1);
		}
		got = *size < room ? read(from, *output + *size, room - *size)
				   : read(from, spill, sizeof(spill));
		if (got == 0)
			return true;
		if (got > 0 && *size < room)
			*size += (size_t)got;
		else if (got < 0 && errno != EINTR && errno != EAGAIN)
			return true;
	}
}

/* Main thread's time on a core and in the queue for one, in ms. */
static void read_schedstat(pid_t pid, double *cpu, double *delay)
{
	unsigned long long on_core = 0, waiting = 0;
	char path[64];
	FILE *from;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	from = fopen(path, "re");
	if (from && fscanf(from, "%llu %llu", &on_core, &waiting) != 2)
		on_core = waiting = 0;
	if (from)
		fclose(from);
	*cpu = (double)on_core / 1e6;
	*delay = (double)waiting / 1e6;
}

static double ms_of(const struct timeval *time)
{
	return (double)time->tv_sec * 1e3 + (double)time->tv_usec / 1e3;
}

static void note_figures(struct np_metrics *metrics, double wall, double main_cpu, double delay,
			 double steal, const struct rusage *usage)
{
	double user = ms_of(&usage->ru_utime), system = ms_of(&usage->ru_stime);
	/* What is neither work nor the queue: steal, if the program did not wait for anything. */
	double gap = usage->ru_nvcsw > 16 ? -1 : wall - main_cpu - delay;
	double figures[] = { wall, user + system, user, system, main_cpu, delay, gap, steal,
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

/* Returns false when the time is over. */
static bool await_end(pid_t pid, double end_ms)
{
	int handle = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd wait = { .fd = handle, .events = POLLIN };
	bool ended = handle < 0;	/* a kernel before 5.3: wait without a limit */

	while (!ended && now_ms() < end_ms) {
		double left = end_ms - now_ms();

		ended = poll(&wait, 1, left > 1e6 ? 1000000 : (int)left + 1) > 0;
	}
	if (handle >= 0)
		close(handle);
	return ended;
}

static void await(struct np_run *run, const struct np_run_how *how, pid_t pid, int out, int complaints,
		  double start)
{
	double end = start + how->timeout_s * 1e3, wall, main_cpu, delay, steal = steal_ms();
	struct rusage usage;
	siginfo_t info;
	char *output = NULL;
	size_t size = 0;
	int status = 0;

	run->timed_out = !drain(out, end, &output, &size);
	if (!run->timed_out)		/* a program may close its output and go on */
		run->timed_out = !await_end(pid, end);
	if (run->timed_out)
		kill(-pid, SIGKILL);
	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR)
		;
	wall = now_ms() - start;
	read_schedstat(pid, &main_cpu, &delay);
	while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR)
		;
	run->exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	note_figures(&run->metrics, wall, main_cpu, delay, steal_ms() - steal, &usage);
	np_metrics_parse(&run->metrics, output, size);
	free(output);
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
