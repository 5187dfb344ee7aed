/* SPDX-License-Identifier: MIT
 *
 * folded_rules.h - what folded stacks of other tools mean beyond their grammar: metadata in
 * comments, frames that stand for threads, file and line in a frame, ';' in a name.
 *
 * Context: tools, for folded_read.c.  Nothing of it is on the way of each record: frames are
 * looked at once for each text, the rest at the start.
 */
#ifndef NP_PROFILE_FOLDED_RULES_H
#define NP_PROFILE_FOLDED_RULES_H

#include "profile/folded_read.h"
#include "profile/folded_value.h"

/* "# key: value" before the first record; comments of other keys are passed over. */
void np_folded_comment(struct np_folded_reader *reader, const char *line, size_t length);

/* What the values are and are counted in, as np_folded_comment() learned it: "cpu" and
 * "nanoseconds" for "unit: cpu/nanoseconds". */
void np_folded_units(const struct np_folded_reader *reader, const char **ret_type,
		     const char **ret_unit);

/* The function that FUNCTION, as it stands in the file, is by the reader's options: its file and
 * line split off, its kind dropped. */
uint32_t np_folded_settle(struct np_folded_reader *reader, uint32_t function);

/* The same for a frame at the root, or below one that stands for a process. */
uint32_t np_folded_root(struct np_folded_reader *reader, uint32_t function, bool below_process);

/* Is a frame of FUNCTION left out? */
bool np_folded_is_dropped(const struct np_folded_reader *reader, uint32_t function);

/* A ';' at AT in [FROM, LENGTH) of STACK that a Rust array type has in it: "[u8; 32]".  Asked of
 * every ';': hardly one has a blank behind it. */
bool np_folded_is_array(const char *stack, size_t from, size_t at, size_t length);
static inline bool np_folded_is_in_type(const char *stack, size_t from, size_t at, size_t length)
{
	return at + 1 < length && stack[at + 1] == ' ' && np_folded_is_array(stack, from, at, length);
}

/* A value with an exponent, for --lax; as np_folded_value_parse(). */
int np_folded_value_lax(const char *text, size_t length, struct np_folded_value *ret,
			const char **ret_reason);

#endif
