/* SPDX-License-Identifier: MIT
 *
 * doctor_limits.c - resource limits that reach into a profiled process.  Context: tools.
 */
#include "doctor.h"

#include <stdio.h>
#include <sys/resource.h>

#define SPOOL_LEAST (1ull << 20)

static uint64_t soft(int resource)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	getrlimit((__rlimit_resource_t)resource, &limit);
	return limit.rlim_cur;
}

static const char *amount(uint64_t value, bool bytes, char text[32])
{
	if (value == RLIM_INFINITY)
		return "unlimited";
	if (bytes && value >= 1u << 20)
		snprintf(text, 32, "%llu MiB", (unsigned long long)value >> 20);
	else
		snprintf(text, 32, "%llu%s", (unsigned long long)value, bytes ? " bytes" : "");
	return text;
}

static void check_descriptors(struct np_doctor *doctor)
{
	uint64_t limit = soft(RLIMIT_NOFILE);
	struct np_finding *finding;

	if (doctor->clock != NP_CLOCK_PERF || limit >= 256)
		return;
	finding = np_doctor_add(doctor, "descriptors", NP_DOCTOR_LIMITED);
	np_doctor_say(&finding->found, "a process may open %llu files", (unsigned long long)limit);
	np_doctor_say(&finding->cause, "RLIMIT_NOFILE (ulimit -n)");
	np_doctor_say(&finding->meaning, "each thread's perf event is one of them: threads that find none "
		      "are not sampled, and counted as such");
	np_doctor_say(&finding->remedy, "raise ulimit -n, or set NEUROPROF_CLOCK=timer, which needs none");
}

static void check_signals(struct np_doctor *doctor)
{
	uint64_t limit = soft(RLIMIT_SIGPENDING);
	struct np_finding *finding;

	if (doctor->clock != NP_CLOCK_TIMER || limit >= 1024)
		return;
	finding = np_doctor_add(doctor, "pending signals", NP_DOCTOR_LIMITED);
	np_doctor_say(&finding->found, "this user may have %llu signals pending", (unsigned long long)limit);
	np_doctor_say(&finding->cause, "RLIMIT_SIGPENDING (ulimit -i)");
	np_doctor_say(&finding->meaning, "each thread's timer takes one of them: threads that find none are "
		      "not sampled, and counted as such");
	np_doctor_say(&finding->remedy, "raise ulimit -i above the number of threads");
}

static void check_room(struct np_doctor *doctor, int resource, const char *what, const char *name)
{
	uint64_t limit = soft(resource);
	struct np_finding *finding;
	char text[32];

	if (limit >= doctor->spool_max)
		return;
	finding = np_doctor_add(doctor, what, limit < SPOOL_LEAST ? NP_DOCTOR_BLOCKED : NP_DOCTOR_LIMITED);
	np_doctor_say(&finding->found, "%s is limited to %s", what, amount(limit, true, text));
	np_doctor_say(&finding->cause, "%s", name);
	if (limit < SPOOL_LEAST)
		np_doctor_say(&finding->meaning, "the spool needs 1 MiB at least: nothing can be recorded");
	else
		np_doctor_say(&finding->meaning, "the spool is made smaller than NEUROPROF_SPOOL_MAX; stacks "
			      "that do not fit are kept on an outer frame, and counted");
	np_doctor_say(&finding->remedy, "raise it, or set NEUROPROF_SPOOL_MAX below it");
}

void np_doctor_limits(struct np_doctor *doctor)
{
	char files[32], signals[32], space[32], file[32], locked[32];
	struct np_finding *finding;

	check_descriptors(doctor);
	check_signals(doctor);
	check_room(doctor, RLIMIT_AS, "address space", "RLIMIT_AS (ulimit -v)");
	check_room(doctor, RLIMIT_FSIZE, "file size", "RLIMIT_FSIZE (ulimit -f)");
	finding = np_doctor_add(doctor, "limits", NP_DOCTOR_OK);
	np_doctor_say(&finding->found, "descriptors %s, pending signals %s, address space %s, file size %s; "
		      "locked memory %s (none is needed)",
		      amount(soft(RLIMIT_NOFILE), false, files),
		      amount(soft(RLIMIT_SIGPENDING), false, signals), amount(soft(RLIMIT_AS), true, space),
		      amount(soft(RLIMIT_FSIZE), true, file), amount(soft(RLIMIT_MEMLOCK), true, locked));
}
