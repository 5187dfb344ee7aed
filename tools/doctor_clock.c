/* SPDX-License-Identifier: MIT
 *
 * doctor_clock.c - try each clock as the library would: open, arm, use CPU time, count the ticks.
 *
 * Context: tools.
 */
#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/message.h"

#define TRY_HZ	      997u
#define TRY_SECONDS   0.15
#define CAP_SYS_ADMIN 21
#define CAP_PERFMON   38

static volatile sig_atomic_t ticks;

static void count_tick(int signal)
{
	(void)signal;
	ticks++;
}

static double thread_cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Ticks that came while the thread used TRY_SECONDS. */
static unsigned ticks_of_a_spin(void)
{
	double until = thread_cpu_seconds() + TRY_SECONDS;

	ticks = 0;
	while (thread_cpu_seconds() < until)
		;
	return (unsigned)ticks;
}

struct trial {
	int error;		/* 0 = it opened and was armed */
	unsigned ticks;
};

static struct trial try_perf(bool user_only)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.sample_period = 1000000000u / TRY_HZ,
		.disabled = 1,
		.exclude_hv = 1,
		.exclude_kernel = user_only,
		.wakeup_events = 1,
	};
	struct f_owner_ex owner = { .type = F_OWNER_TID, .pid = gettid() };
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	struct trial trial = { .error = 0 };

	if (fd < 0)
		return (struct trial){ .error = errno };
	if (user_only) {
		close(fd);
		return trial;
	}
	if (fcntl(fd, F_SETOWN_EX, &owner) < 0 || fcntl(fd, F_SETSIG, SIGPROF) < 0 ||
	    fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK) < 0 || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) < 0)
		trial.error = errno;
	else
		trial.ticks = ticks_of_a_spin();
	close(fd);
	return trial;
}

static struct trial try_timer(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGPROF };
	struct timespec every = { 0, 1000000000 / TRY_HZ };
	struct itimerspec when = { every, every };
	struct trial trial = { .error = 0 };
	timer_t timer;

	event._sigev_un._tid = gettid();
	if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer) < 0)
		return (struct trial){ .error = errno };
	if (timer_settime(timer, 0, &when, NULL) < 0)
		trial.error = errno;
	else
		trial.ticks = ticks_of_a_spin();
	timer_delete(timer);
	return trial;
}

static struct trial try_itimer(void)
{
	struct timeval every = { 0, 1000000 / TRY_HZ };
	struct itimerval when = { every, every }, never = { { 0, 0 }, { 0, 0 } };
	struct trial trial = { .error = 0 };

	if (setitimer(ITIMER_PROF, &when, NULL) < 0)
		return (struct trial){ .error = errno };
	trial.ticks = ticks_of_a_spin();
	setitimer(ITIMER_PROF, &never, NULL);
	return trial;
}

static int paranoid(void)
{
	FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	int level = -2;

	if (file && fscanf(file, "%d", &level) != 1)
		level = -2;
	if (file)
		fclose(file);
	return level;
}

static bool has_capability(int number)
{
	return np_doctor_status("CapEff:", 16, 0) >> number & 1;
}

static void explain_perf(struct np_finding *finding, int error)
{
	int level = paranoid();
	bool privileged = has_capability(CAP_PERFMON) || has_capability(CAP_SYS_ADMIN);
	bool filtered = np_doctor_status("Seccomp:", 10, 0) == 2;

	if (error == EMFILE || error == ENFILE) {
		np_doctor_say(&finding->cause, "no descriptor is free (RLIMIT_NOFILE, ulimit -n)");
		np_doctor_say(&finding->remedy, "raise ulimit -n: each thread takes one");
	} else if ((error == EACCES || error == EPERM) && !privileged && level >= 2 &&
		   (level > 2 || try_perf(true).error == 0)) {
		np_doctor_say(&finding->cause, "kernel.perf_event_paranoid is %d, which %s", level,
			      level > 2 ? "forbids it to this user altogether"
					: "allows this user only events that leave out time in the kernel; "
					  "that time would vanish from the profile");
		np_doctor_say(&finding->remedy, "sysctl kernel.perf_event_paranoid=1, or give the program "
						"the capability CAP_PERFMON");
	} else if (filtered && (error == EPERM || error == EACCES || error == ENOSYS)) {
		np_doctor_say(&finding->cause, "a seccomp filter refuses perf_event_open, as those of most "
					       "container runtimes do");
		np_doctor_say(&finding->remedy, "allow perf_event_open in the seccomp profile (and "
						"CAP_PERFMON where kernel.perf_event_paranoid is above 1; "
						"it is %d)", level);
	} else if (error == ENOSYS || error == ENOENT || error == EOPNOTSUPP) {
		np_doctor_say(&finding->cause, "the kernel is built without perf events, or a sandbox "
					       "stands in for it");
	} else {
		np_doctor_say(&finding->cause, "kernel.perf_event_paranoid is %d; a security module may "
					       "forbid it as well", level);
	}
}

static double rate(unsigned count)
{
	return count / TRY_SECONDS;
}

/* A machine may be busy and the last tick be due at the end: a few may lack. */
static bool is_full(unsigned count)
{
	return rate(count) > 0.9 * TRY_HZ;
}

static bool report_perf(struct np_doctor *doctor, bool other_chosen)
{
	struct trial trial = try_perf(false);
	struct np_finding *finding = np_doctor_add(doctor, "clock perf", NP_DOCTOR_OK);

	if (trial.error == 0 && trial.ticks) {
		np_doctor_say(&finding->found, "perf_event_open works: %u ticks came in %.2f s of CPU time "
			      "at %u Hz, time in the kernel counts", trial.ticks, TRY_SECONDS, TRY_HZ);
		if (!is_full(trial.ticks)) {
			finding->state = NP_DOCTOR_LIMITED;
			np_doctor_say(&finding->meaning, "at most about %.0f samples a second of CPU time "
				      "come; above that each weighs more, so shares and CPU time stay right",
				      rate(trial.ticks));
		}
		return true;
	}
	finding->state = other_chosen ? NP_DOCTOR_NOTE : NP_DOCTOR_LIMITED;
	if (trial.error == 0) {
		np_doctor_say(&finding->found, "perf_event_open works, but no tick came in %.2f s of CPU time",
			      TRY_SECONDS);
		np_doctor_say(&finding->cause, "the kernel counts nothing (seen on some virtual machines and "
					       "sandboxes), or O_ASYNC signals are not delivered");
	} else {
		np_doctor_say(&finding->found, "perf_event_open is refused: %s", strerror(trial.error));
		explain_perf(finding, trial.error);
	}
	return false;
}

/* What a clock that ticks with the kernel does to a profile at the rate that is asked for. */
static void explain_ticks(const struct np_doctor *doctor, struct np_finding *finding, unsigned count)
{
	double most = rate(count);

	if (doctor->hz <= most * 1.1) {
		np_doctor_say(&finding->meaning, "they are enough for the %u Hz that are asked for", doctor->hz);
	} else {
		finding->state = NP_DOCTOR_LIMITED;
		np_doctor_say(&finding->meaning, "of the samples at %u Hz about %.0f %% come; each weighs as "
			      "many periods as it stands for, so shares and CPU time stay right, but small "
			      "functions are less sure", doctor->hz, 100.0 * most / doctor->hz);
	}
}

static bool report_timer(struct np_doctor *doctor, bool is_used)
{
	struct trial trial = try_timer();
	struct np_finding *finding = np_doctor_add(doctor, "clock timer", NP_DOCTOR_OK);
	struct rlimit limit = { 0, 0 };

	if (trial.error == 0 && trial.ticks) {
		np_doctor_say(&finding->found, "POSIX timers on a thread's CPU clock work, about %.0f ticks a "
			      "second at most (the kernel's HZ)", rate(trial.ticks));
		if (is_used)
			explain_ticks(doctor, finding, trial.ticks);
		return true;
	}
	finding->state = is_used ? NP_DOCTOR_LIMITED : NP_DOCTOR_NOTE;
	np_doctor_say(&finding->found, "POSIX timers cannot be used: %s",
		      trial.error ? strerror(trial.error) : "no tick came");
	if (trial.error == EAGAIN && getrlimit(RLIMIT_SIGPENDING, &limit) == 0) {
		np_doctor_say(&finding->cause, "RLIMIT_SIGPENDING (ulimit -i) is %llu: each timer takes one of "
			      "the signals that this user may have pending", (unsigned long long)limit.rlim_cur);
		np_doctor_say(&finding->remedy, "raise ulimit -i above the number of threads");
	} else if (np_doctor_status("Seccomp:", 10, 0) == 2) {
		np_doctor_say(&finding->cause, "a seccomp filter refuses timer_create");
	}
	return false;
}

static bool report_itimer(struct np_doctor *doctor, bool is_used)
{
	struct trial trial = try_itimer();
	struct np_finding *finding = np_doctor_add(doctor, "clock itimer", NP_DOCTOR_OK);

	if (trial.error == 0 && trial.ticks) {
		np_doctor_say(&finding->found, "setitimer works, about %.0f ticks a second at most", rate(trial.ticks));
		if (is_used) {
			finding->state = NP_DOCTOR_LIMITED;
			np_doctor_say(&finding->meaning, "one clock for all threads of a process: with many busy "
				      "threads each gets its share of the samples by chance, so threads compare "
				      "less well");
		}
		return true;
	}
	finding->state = is_used ? NP_DOCTOR_LIMITED : NP_DOCTOR_NOTE;
	np_doctor_say(&finding->found, "setitimer cannot be used: %s",
		      trial.error ? strerror(trial.error) : "no tick came");
	return false;
}

static void conclude(struct np_doctor *doctor, const bool works[])
{
	static const char *const names[] = { "", "perf", "timer", "itimer" };
	struct np_finding *finding;

	for (enum np_clock_kind clock = NP_CLOCK_PERF; clock <= NP_CLOCK_ITIMER; clock++)
		if (works[clock] && doctor->clock == NP_CLOCK_NONE &&
		    (doctor->asked_clock == NP_CLOCK_NONE || doctor->asked_clock == clock))
			doctor->clock = clock;
	finding = np_doctor_add(doctor, "clock", doctor->clock ? NP_DOCTOR_OK : NP_DOCTOR_BLOCKED);
	if (doctor->clock) {
		np_doctor_say(&finding->found, "%s will be used", names[doctor->clock]);
	} else if (doctor->asked_clock) {
		np_doctor_say(&finding->found, "NEUROPROF_CLOCK=%s asks for the clock that does not work",
			      names[doctor->asked_clock]);
		np_doctor_say(&finding->remedy, "leave NEUROPROF_CLOCK away: another one is chosen then");
	} else {
		np_doctor_say(&finding->found, "no clock works: programs run without being profiled");
	}
}

/* A filter can kill for a call instead of refusing it: a child tries first. */
static bool is_deadly(void)
{
	const struct rlimit no_core = { 0, 0 };
	int status = 0;
	pid_t child;

	if (np_doctor_status("Seccomp:", 10, 0) != 2)
		return false;
	fflush(NULL);
	child = fork();
	if (child == 0) {
		timer_t timer;

		setrlimit(RLIMIT_CORE, &no_core);
		syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0);
		timer_create(CLOCK_THREAD_CPUTIME_ID, NULL, &timer);
		_exit(0);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status);
}

static void report_deadly(struct np_doctor *doctor)
{
	struct np_finding *finding = np_doctor_add(doctor, "clock", NP_DOCTOR_BLOCKED);

	np_doctor_say(&finding->found, "perf_event_open or timer_create kills whoever calls it here");
	np_doctor_say(&finding->cause, "a seccomp filter around this process (systemd's SystemCallFilter, a container's "
				       "profile) has killing as its default");
	np_doctor_say(&finding->meaning, "the library tries that in a child and stays away: programs run without being "
					 "profiled");
	np_doctor_say(&finding->remedy, "let the filter refuse with an error (SystemCallErrorNumber=EPERM, SCMP_ACT_ERRNO), "
					"or allow both calls");
}

void np_doctor_clocks(struct np_doctor *doctor)
{
	struct sigaction counting = { .sa_handler = count_tick, .sa_flags = SA_RESTART }, before;
	bool works[NP_CLOCK_ITIMER + 1] = { false };
	bool asked_other;
	sigset_t set, mask;

	if (is_deadly()) {
		report_deadly(doctor);
		return;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGPROF);
	sigaction(SIGPROF, &counting, &before);
	sigprocmask(SIG_UNBLOCK, &set, &mask);
	asked_other = doctor->asked_clock && doctor->asked_clock != NP_CLOCK_PERF;
	works[NP_CLOCK_PERF] = report_perf(doctor, asked_other);
	works[NP_CLOCK_TIMER] = report_timer(doctor, doctor->asked_clock == NP_CLOCK_TIMER ||
						     (!doctor->asked_clock && !works[NP_CLOCK_PERF]));
	works[NP_CLOCK_ITIMER] = report_itimer(doctor, doctor->asked_clock == NP_CLOCK_ITIMER ||
						       (!doctor->asked_clock && !works[NP_CLOCK_PERF] &&
							!works[NP_CLOCK_TIMER]));
	sigprocmask(SIG_SETMASK, &mask, NULL);
	signal(SIGPROF, SIG_IGN);	/* one may still be on its way */
	sigaction(SIGPROF, &before, NULL);
	conclude(doctor, works);
}
