/* SPDX-License-Identifier: MIT
 *
 * doctor.h - what is in the way of profiling here: findings in plain words.
 *
 * Context: tools; between the parts of `neuroprof doctor`.  Whatever can be tried is tried, and
 * undone again.
 */
#ifndef NP_TOOLS_DOCTOR_H
#define NP_TOOLS_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spool/layout.h"

enum np_doctor_state {
	NP_DOCTOR_OK = 0,
	NP_DOCTOR_NOTE,			/* as it is, good to know */
	NP_DOCTOR_LIMITED,		/* works, with what `meaning` says */
	NP_DOCTOR_BLOCKED,		/* something essential does not work */
};

struct np_finding {			/* all texts are one sentence or NULL, and ours to free */
	const char *topic;
	enum np_doctor_state state;
	char *found;			/* what was tried, and what came of it */
	char *cause;			/* the setting that does it */
	char *meaning;			/* what is used instead, and what that means for the numbers */
	char *remedy;			/* what to do about it */
};

struct np_doctor {
	struct np_finding *findings;
	size_t count;
	/* What the library will read from the environment. */
	uint32_t hz;
	uint64_t spool_max;
	enum np_clock_kind asked_clock;	/* NONE = auto */
	/* What the parts found out for each other. */
	enum np_clock_kind clock;	/* that will be used; NONE = none works */
	char *spool_dir;		/* NULL = none can be used */
};

/* A new finding; valid until the next is made. */
struct np_finding *np_doctor_add(struct np_doctor *doctor, const char *topic,
				 enum np_doctor_state state);

/* A sentence; replaces what was there. */
void np_doctor_say(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A number after NAME in /proc/self/status, in BASE; OTHERWISE when it is not there. */
uint64_t np_doctor_status(const char *name, int base, uint64_t otherwise);

void np_doctor_clocks(struct np_doctor *doctor);	/* doctor_clock.c */
void np_doctor_limits(struct np_doctor *doctor);	/* doctor_limits.c */
void np_doctor_places(struct np_doctor *doctor);	/* doctor_place.c */
void np_doctor_trial(struct np_doctor *doctor);		/* doctor_trial.c: a program under the library */
int np_doctor_trial_program(void);			/* that program: uses CPU time for a moment */
void np_doctor_command(struct np_doctor *doctor, const char *command);	/* doctor_command.c */

#endif
