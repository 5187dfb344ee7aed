/* SPDX-License-Identifier: MIT
 *
 * folded_value.h - the number at the end of a folded line, exactly.
 *
 * Context: tools.  A number is digits, or a decimal fraction, or either with a leading '+'.
 * Fractions are kept as integers of 10^-decimals, never as floating point.
 */
#ifndef NP_PROFILE_FOLDED_VALUE_H
#define NP_PROFILE_FOLDED_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NP_FOLDED_DECIMALS_MAX 9u

struct np_folded_value {
	uint64_t units;		/* the number times 10^decimals */
	unsigned decimals;	/* without trailing zeros; at most NP_FOLDED_DECIMALS_MAX */
	bool rounded;		/* it had more decimals than that */
};

/* Returns 0; -ERANGE when it does not fit; -EINVAL when it is no number that we take, and then
 * *RET_REASON says why in words. */
int np_folded_value_parse(const char *text, size_t length, struct np_folded_value *ret,
			  const char **ret_reason);

/* UNITS times 10^POWER.  Returns 0 or -ERANGE. */
int np_folded_value_scale(uint64_t *units, unsigned power);

#endif
