/* SPDX-License-Identifier: MIT
 *
 * report_lint.h - what is wrong with a profile: the findings of neuroprof-report lint.
 *
 * Context: tools.
 */
#ifndef NP_TOOLS_REPORT_LINT_H
#define NP_TOOLS_REPORT_LINT_H

#include <stddef.h>

#include "profile/read.h"

#define NP_LINT_SCHEMA "neuroprof-lint/1"

enum np_lint_severity {
	NP_LINT_NOTE = 0,	/* good to know; changes no exit status */
	NP_LINT_WARNING,	/* part of the profile is not to be trusted */
	NP_LINT_ERROR,		/* nothing should be concluded from it */
};

struct np_lint_finding {
	const char *id;		/* stable, for programs: "few-samples" */
	enum np_lint_severity severity;
	char *message;		/* what is wrong; visible, owned */
	const char *todo;	/* what to do about it */
};

struct np_lint {
	const char *file;
	struct np_lint_finding *findings;
	size_t count, room;
	size_t serious;		/* those above a note */
};

void np_lint_add(struct np_lint *lint, enum np_lint_severity severity, const char *id,
		 const char *todo, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* TREE: finished; REPORT: of reading it. */
void np_lint_check(struct np_lint *lint, struct np_tree *tree, const struct np_read_report *report);

void np_lint_finish(struct np_lint *lint);

#endif
