/* SPDX-License-Identifier: MIT
 *
 * folded_value.c - exact decimal numbers.  Context: tools.
 */
#include "profile/folded_value.h"

#include <errno.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool append_digit(uint64_t *units, char digit)
{
	return !__builtin_mul_overflow(*units, 10u, units) &&
	       !__builtin_add_overflow(*units, (unsigned)(digit - '0'), units);
}

int np_folded_value_scale(uint64_t *units, unsigned power)
{
	for (; power > 0; power--)
		if (__builtin_mul_overflow(*units, 10u, units))
			return -ERANGE;
	return 0;
}

static const char *why_not(const char *text, size_t length)
{
	if (length == 0 || (!is_digit(text[0]) && !strchr("+-.", text[0])))
		return "no number at its end";
	if (text[0] == '-' && length > 1 && (is_digit(text[1]) || text[1] == '.'))
		return "a negative value";
	if (memchr(text, ',', length))
		return "a value with a comma; write digits only";
	if (is_digit(text[0]) && (memchr(text, 'e', length) || memchr(text, 'E', length)))
		return "a value with an exponent; write all digits";
	return "no number at its end";
}

/* DIGITS after the point: at most nine count, the tenth rounds. */
static int append_fraction(const char *digits, size_t length, struct np_folded_value *value)
{
	size_t keep;

	while (length > 0 && digits[length - 1] == '0')
		length--;
	keep = length < NP_FOLDED_DECIMALS_MAX ? length : NP_FOLDED_DECIMALS_MAX;
	for (size_t i = 0; i < keep; i++)
		if (!append_digit(&value->units, digits[i]))
			return -ERANGE;
	value->decimals = (unsigned)keep;
	value->rounded = length > keep;
	if (value->rounded && digits[keep] >= '5' &&
	    __builtin_add_overflow(value->units, 1u, &value->units))
		return -ERANGE;
	while (value->decimals > 0 && value->units % 10 == 0) {	/* rounding may leave zeros */
		value->units /= 10;
		value->decimals--;
	}
	return 0;
}

int np_folded_value_parse(const char *text, size_t length, struct np_folded_value *ret,
			  const char **ret_reason)
{
	struct np_folded_value value = {0};
	size_t i = length > 0 && text[0] == '+', point, digits = 0;
	int rc = 0;

	for (; i < length && is_digit(text[i]); i++, digits++)
		if (!append_digit(&value.units, text[i]))
			rc = -ERANGE;
	point = i;
	if (i < length && text[i] == '.')
		for (i++; i < length && is_digit(text[i]); i++)
			digits++;
	if (digits == 0 || i < length) {
		*ret_reason = why_not(text, length);
		return -EINVAL;
	}
	if (rc == 0 && i > point)
		rc = append_fraction(text + point + 1, i - point - 1, &value);
	if (rc == 0)
		*ret = value;
	return rc;
}
