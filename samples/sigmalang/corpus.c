/* SPDX-License-Identifier: MIT
 *
 * corpus.c - input for the compressor: sections of four kinds, as a service's data would mix them.
 */
#include "sigmalang.h"

#include <stdio.h>
#include <string.h>

#include "common/sample.h"

#define SECTION_BYTES ((size_t)256 << 10)

static const char *const words[] = { "request", "session", "customer", "latency", "shard", "replica",
	"commit", "timeout", "retry", "queue", "worker", "segment", "offset", "partition", "leader",
	"follower", "snapshot", "checkpoint", "token", "bucket" };

#define WORD_COUNT (sizeof(words) / sizeof(words[0]))

/* Short words are common, as in any language: the square of a uniform number prefers the first. */
static const char *word(struct sample_random *random)
{
	double u = sample_random_unit(random);

	return words[(size_t)(u * u * WORD_COUNT)];
}

static int record(char *line, size_t room, struct sample_random *random)
{
	return snprintf(line, room,
		"{\"id\":%u,\"kind\":\"%s\",\"owner\":\"%s-%u\",\"state\":\"%s\",\"tries\":%u,"
		"\"tags\":[\"%s\",\"%s\"],\"bytes\":%u}\n",
		sample_random_below(random, 1000000), word(random), word(random),
		sample_random_below(random, 64), sample_random_below(random, 9) ? "done" : "failed",
		sample_random_below(random, 3), word(random), word(random),
		sample_random_below(random, 4096));
}

static int log_line(char *line, size_t room, struct sample_random *random)
{
	return snprintf(line, room, "2024-03-%02u 12:%02u:%02u.%03u INFO [%s-%u] %s %s after %u us\n",
		1 + sample_random_below(random, 28), sample_random_below(random, 60),
		sample_random_below(random, 60), sample_random_below(random, 1000), word(random),
		sample_random_below(random, 8), word(random), word(random),
		sample_random_below(random, 900));
}

static void fill_lines(uint8_t *to, size_t size, struct sample_random *random,
	int (*make)(char *, size_t, struct sample_random *))
{
	char line[320];

	while (size) {
		size_t length = (size_t)make(line, sizeof(line), random);

		if (length > size)
			length = size;
		memcpy(to, line, length);
		to += length;
		size -= length;
	}
}

/* A table of slowly growing 32-bit numbers, one column after the other. */
static void fill_table(uint8_t *to, size_t size, struct sample_random *random)
{
	uint32_t value = sample_random_below(random, 1u << 20);

	for (size_t i = 0; i + 4 <= size; i += 4) {
		value += sample_random_below(random, 3);
		memcpy(to + i, &value, 4);
	}
}

static void fill_noise(uint8_t *to, size_t size, struct sample_random *random)
{
	for (size_t i = 0; i < size; i++)
		to[i] = (uint8_t)sample_random_next(random);
}

uint8_t *sigmalang_corpus(size_t size, uint64_t seed)
{
	struct sample_random random = { seed };
	uint8_t *corpus = sample_allocate(size);

	for (size_t at = 0, section = 0; at < size; at += SECTION_BYTES, section++) {
		size_t part = size - at < SECTION_BYTES ? size - at : SECTION_BYTES;

		switch (section % 20) {		/* 12 of records, 5 of log, 2 of tables, 1 of noise */
		case 4:
		case 14:
			fill_table(corpus + at, part, &random);
			break;
		case 9:
			fill_noise(corpus + at, part, &random);
			break;
		case 1:
		case 6:
		case 11:
		case 16:
		case 18:
			fill_lines(corpus + at, part, &random, log_line);
			break;
		default:
			fill_lines(corpus + at, part, &random, record);
		}
	}
	return corpus;
}
