/* SPDX-License-Identifier: MIT
 *
 * pprof_sample.c - writes a made-up profile as pprof and as folded stacks, and what it holds.
 *
 * Context: tests, run by pprof.py: "pprof_sample OUT.pb.gz OUT.folded" prints a line
 * "name TAB flat TAB cumulative" for each function, taken from the stacks themselves and not from
 * any of the code under test.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "profile/folded.h"
#include "profile/pprof_write.h"
#include "profile/read.h"

#define FUNCTIONS 24u
#define LOCATIONS 30u
#define SAMPLES 400u
#define DEPTH_MAX 14u

struct location {
	uint64_t id;
	unsigned functions[3];	/* innermost inlined first */
	unsigned count;
};

static uint64_t flat[FUNCTIONS], cumulative[FUNCTIONS];
static char names[FUNCTIONS][64];
static struct location locations[LOCATIONS];

static unsigned pick(unsigned below)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state % below);
}

static void add_tables(struct np_pprof *pprof)
{
	uint64_t functions[FUNCTIONS], mappings[2];

	mappings[0] = np_pprof_mapping(pprof, 0x400000, 0x800000, 0, "/usr/bin/app", "0011aabb");
	mappings[1] = np_pprof_mapping(pprof, 0x7f0000000000, 0x7f0000400000, 0x2000,
				       "/lib/libz.so.1", "ccdd");
	for (unsigned i = 0; i < FUNCTIONS; i++) {
		snprintf(names[i], sizeof(names[i]), i % 4 ? "function_%u" : "ns::method_%u", i);
		functions[i] = np_pprof_function(pprof, names[i], names[i], i % 3 ? "app.c" : "",
						 10 * i);
	}
	for (unsigned i = 0; i < LOCATIONS; i++) {
		struct np_pprof_line lines[3];

		locations[i].count = 1 + (i % 5 == 0) + (i % 10 == 0);
		for (unsigned j = 0; j < locations[i].count; j++) {
			locations[i].functions[j] = pick(FUNCTIONS);
			lines[j] = (struct np_pprof_line){functions[locations[i].functions[j]], 7 + j};
		}
		locations[i].id = np_pprof_location(pprof, mappings[i % 2],
			(i % 2 ? 0x7f0000000000u : 0x400000u) + 0x1000 * (i + 1), lines,
			locations[i].count);
	}
}

static void add_sample(struct np_pprof *pprof)
{
	unsigned depth = 1 + pick(DEPTH_MAX);
	int64_t values[2] = {1 + pick(9)};
	bool seen[FUNCTIONS] = {false};
	uint64_t stack[DEPTH_MAX];

	values[1] = values[0] * 10101010;
	for (unsigned i = 0; i < depth; i++) {
		const struct location *location = &locations[pick(LOCATIONS)];

		stack[i] = location->id;
		if (i == 0)
			flat[location->functions[0]] += (uint64_t)values[1];
		for (unsigned j = 0; j < location->count; j++)
			seen[location->functions[j]] = true;
	}
	for (unsigned i = 0; i < FUNCTIONS; i++)
		if (seen[i])
			cumulative[i] += (uint64_t)values[1];
	np_pprof_sample(pprof, stack, depth, values,
			&(struct np_pprof_label){.key = "thread", .text = "worker"}, 1);
}

static void write_pprof(struct np_pprof *pprof, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0 || np_pprof_write(pprof, fd) < 0 || close(fd) < 0)
		np_die(NP_EXIT_FAILURE, "cannot write '%s'", path);
}

int main(int argc, char **argv)
{
	struct np_pprof *pprof = np_pprof_create();
	struct np_tree *tree = np_tree_create();
	struct np_read_report report;
	FILE *folded;

	np_message_tool("pprof_sample");
	if (argc != 3)
		np_die(NP_EXIT_USAGE, "usage: pprof_sample OUT.pb.gz OUT.folded");
	np_pprof_sample_type(pprof, "samples", "count");
	np_pprof_sample_type(pprof, "cpu", "nanoseconds");
	np_pprof_period(pprof, "cpu", "nanoseconds", 10101010);
	np_pprof_times(pprof, 1700000000000000000, 12000000000);
	np_pprof_comment(pprof, "made up");
	add_tables(pprof);
	for (unsigned i = 0; i < SAMPLES; i++)
		add_sample(pprof);
	write_pprof(pprof, argv[1]);
	if (np_read_path(argv[1], NULL, tree, &report) < 0)
		np_die(NP_EXIT_FAILURE, "%s", report.message);
	folded = fopen(argv[2], "w");
	if (!folded || np_folded_write(tree, folded, false) < 0 || fclose(folded) != 0)
		np_die(NP_EXIT_FAILURE, "cannot write '%s'", argv[2]);
	for (unsigned i = 0; i < FUNCTIONS; i++)
		printf("%s\t%" PRIu64 "\t%" PRIu64 "\n", names[i], flat[i], cumulative[i]);
	np_tree_destroy(tree);
	np_pprof_destroy(pprof);
	return 0;
}
