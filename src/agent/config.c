/* SPDX-License-Identifier: MIT
 *
 * config.c - the NEUROPROF_* environment variables.  Context: host, once, in the constructor.
 */
#include "agent/agent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HZ_DEFAULT	  99u
#define HZ_MAX		  10000u
#define OVERHEAD_DEFAULT  200u			/* 2 % */
#define SPOOL_MAX_DEFAULT (64ull << 20)
#define SPOOL_MAX_LEAST	  (1ull << 20)
#define SPOOL_MAX_MOST	  (4ull << 30)

/* Not getenv(): a host may bring its own (bash does). */
const char *np_config_env(const char *name)
{
	size_t length = strlen(name);

	for (char **e = environ; e && *e; e++)
		if (strncmp(*e, name, length) == 0 && (*e)[length] == '=')
			return *e + length + 1;
	return NULL;
}

static bool wrong(const char *name, const char *value, const char *accepted)
{
	np_say(name, "=", value, " is not understood: expected ", accepted,
	       "; the program runs without profiling", NULL);
	return false;
}

/* BYTES: K, M and G may follow. */
static bool read_number(const char *name, bool bytes, uint64_t least, uint64_t most,
			const char *accepted, uint64_t *value)
{
	const char *text = np_config_env(name);
	uint64_t number = 0;
	const char *p = text;

	if (!text)
		return true;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (number > (UINT64_MAX - 9) / 10)
			return wrong(name, text, accepted);
		number = number * 10 + (uint64_t)(*p - '0');
	}
	if (p == text)
		return wrong(name, text, accepted);
	if (bytes && (*p == 'K' || *p == 'M' || *p == 'G')) {
		uint64_t unit = *p == 'K' ? 1u << 10 : *p == 'M' ? 1u << 20 : 1u << 30;

		if (number > UINT64_MAX / unit)
			return wrong(name, text, accepted);
		number *= unit;
		p++;
	}
	if (*p || number < least || number > most)
		return wrong(name, text, accepted);
	*value = number;
	return true;
}

/* A percentage with up to two decimals, in hundredths; "off" is 0. */
static bool read_percent(const char *name, uint32_t *value)
{
	const char *accepted = "a percentage from 0.01 to 100, such as 2 or 0.5, or off";
	const char *text = np_config_env(name), *p = text;
	uint32_t number = 0, decimals = 0;
	bool point = false;

	if (!text)
		return true;
	if (strcmp(text, "off") == 0) {
		*value = 0;
		return true;
	}
	for (; (*p >= '0' && *p <= '9') || (*p == '.' && !point && p > text); p++) {
		if (*p == '.') {
			point = true;
			continue;
		}
		decimals += point;
		number = number * 10 + (uint32_t)(*p - '0');
		if (decimals > 2 || number > 10000)
			return wrong(name, text, accepted);
	}
	for (; decimals < 2; decimals++)
		number *= 10;
	if (*p || number == 0 || number > 10000)
		return wrong(name, text, accepted);
	*value = number;
	return true;
}

/* WORDS: the accepted ones, separated by '|'; *VALUE becomes the position of the one that is set. */
static bool read_word(const char *name, const char *words, uint32_t *value)
{
	const char *text = np_config_env(name);
	uint32_t position = 0;

	if (!text)
		return true;
	for (const char *word = words; *word; position++) {
		size_t length = strcspn(word, "|");

		if (strlen(text) == length && strncmp(text, word, length) == 0) {
			*value = position;
			return true;
		}
		word += length + (word[length] == '|');
	}
	return wrong(name, text, words);
}

static bool read_switch(const char *name, bool *value)
{
	uint32_t position = *value ? 0 : 1;

	if (!read_word(name, "on|off", &position))
		return false;
	*value = position == 0;
	return true;
}

static bool read_flag(const char *name, bool *value)
{
	const char *text = np_config_env(name);

	if (text && *text && strcmp(text, "0") != 0 && strcmp(text, "1") != 0)
		return wrong(name, text, "1 or 0");
	*value = text && *text == '1';
	return true;
}

/* The host may change its directory: keep what was meant at the start. */
static bool read_path(const char *name, const char *otherwise, char *to, size_t bytes)
{
	const char *text = np_config_env(name);
	size_t n = 0;

	if (!text || !*text)
		text = otherwise;
	if (!*text) {
		*to = '\0';
		return true;
	}
	if (*text != '/') {
		if (!getcwd(to, bytes))
			return wrong(name, text, "a path below a directory that still exists");
		n = strlen(to);
		if (n + 2 < bytes && to[n - 1] != '/')
			to[n++] = '/';
	}
	if (n + strlen(text) + 1 > bytes)
		return wrong(name, text, "a path shorter than 512 bytes");
	memcpy(to + n, text, strlen(text) + 1);
	return true;
}

bool np_config_read(struct np_config *config)
{
	uint64_t hz = HZ_DEFAULT, spool_max = SPOOL_MAX_DEFAULT;
	uint32_t clock = 0, unwinder = 0, fold = 0;

	config->start = config->children = true;
	config->overhead_max = OVERHEAD_DEFAULT;
	if (!read_flag("NEUROPROF_QUIET", &config->quiet) ||
	    !read_flag("NEUROPROF_DEBUG", &config->debug) ||
	    !read_number("NEUROPROF_HZ", false, 1, HZ_MAX, "a whole number from 1 to 10000", &hz) ||
	    !read_number("NEUROPROF_SPOOL_MAX", true, SPOOL_MAX_LEAST, SPOOL_MAX_MOST,
			 "bytes from 1M to 4G, such as 64M", &spool_max) ||
	    !read_percent("NEUROPROF_MAX_OVERHEAD", &config->overhead_max) ||
	    !read_word("NEUROPROF_CLOCK", "auto|perf|timer|itimer", &clock) ||
	    !read_word("NEUROPROF_UNWINDER", "auto|cfi|fp|libunwind", &unwinder) ||
	    !read_word("NEUROPROF_FOLD", "wait|background|off", &fold) ||
	    !read_switch("NEUROPROF_START", &config->start) ||
	    !read_switch("NEUROPROF_CHILDREN", &config->children) ||
	    !read_path("NEUROPROF_OUT", ".", config->out, sizeof(config->out)) ||
	    !read_path("NEUROPROF_SPOOL_DIR", "", config->spool_dir, sizeof(config->spool_dir)))
		return false;
	config->hz = (uint32_t)hz;
	config->spool_max = spool_max;
	config->clock = (enum np_clock_kind)clock;
	config->unwinder = (enum np_unwinder_kind)unwinder;
	config->fold = (enum np_fold_mode)fold;
	config->children_wait = fold == NP_FOLD_WAIT && np_config_env("NEUROPROF_FOLD");
	return true;
}
