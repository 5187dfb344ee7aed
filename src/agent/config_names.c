/* SPDX-License-Identifier: MIT
 *
 * config_names.c - a variable that looks like a setting of ours and is none.
 *
 * Context: host, once, in the constructor.
 *
 * A setting that is spelt wrong would be without effect and without a word.  The program is profiled
 * all the same: what the variable was meant for is not known.
 */
#include "agent/agent.h"

#include <string.h>
#include <unistd.h>

#define PREFIX	       "NEUROPROF_"
#define NAME_MAX_BYTES 40

/* Ours, and those that the tools set for commands which may run under us. */
static const char *const settings[] = {
	"CHILDREN", "CLOCK", "DEBUG", "FOLD", "HZ", "MAX_OVERHEAD", "OUT", "QUIET", "SPOOL_DIR", "SPOOL_MAX",
	"START", "UNWINDER", "CONFIRM",
};
#define SUGGESTED (sizeof(settings) / sizeof(*settings) - 1)

static bool is_setting(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++)
		if (strlen(settings[i]) == length && memcmp(settings[i], name, length) == 0)
			return true;
	return false;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* How many letters must be put in, taken out or changed. */
static unsigned distance(const char *a, size_t a_length, const char *b)
{
	unsigned row[NAME_MAX_BYTES + 1], before, above;
	size_t b_length = strlen(b);

	for (size_t k = 0; k <= b_length; k++)
		row[k] = (unsigned)k;
	for (size_t i = 0; i < a_length; i++) {
		before = row[0];
		row[0] = (unsigned)i + 1;
		for (size_t k = 1; k <= b_length; k++) {
			above = row[k];
			row[k] = least(least(row[k], row[k - 1]) + 1, before + (a[i] != b[k - 1]));
			before = above;
		}
	}
	return row[b_length];
}

static const char *nearest(const char *name, size_t length)
{
	unsigned best = ~0u, d;
	size_t found = 0;

	for (size_t i = 0; i < SUGGESTED; i++) {
		d = distance(name, length, settings[i]);
		if (d < best) {
			best = d;
			found = i;
		}
	}
	return settings[found];
}

const char *np_config_unknown(void)
{
	size_t prefix = strlen(PREFIX);

	for (char **e = environ; e && *e; e++)
		if (strncmp(*e, PREFIX, prefix) == 0 &&
		    !is_setting(*e + prefix, strcspn(*e + prefix, "=")))
			return *e;
	return NULL;
}

void np_config_say_unknown(const char *variable)
{
	const char *name = variable + strlen(PREFIX);
	size_t length = strcspn(name, "=");
	char shown[NAME_MAX_BYTES + 1] = "";

	if (length > NAME_MAX_BYTES)
		length = NAME_MAX_BYTES;
	memcpy(shown, name, length);
	np_say(PREFIX, shown, " is no setting of this version and has no effect; the nearest one is " PREFIX,
	       nearest(name, length), " (see libneuroprof.so(7))", NULL);
}
