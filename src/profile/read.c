/* SPDX-License-Identifier: MIT
 *
 * read.c - recognise a profile and hand it to its reader.  Context: tools.
 */
#include "profile/read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "profile/folded_read.h"
#include "profile/input.h"
#include "profile/perf_script.h"
#include "profile/pprof_read.h"
#include "profile/read_common.h"
#include "profile/sniff.h"

#define CHUNK_BYTES ((size_t)256 * 1024)
_Static_assert(CHUNK_BYTES >= NP_SNIFF_BYTES, "the first chunk is what is looked at");

struct chunk {
	char *bytes;
	size_t size;
	bool is_last;
	const struct np_read_options *options;
};

static int next_chunk(struct np_input *input, struct chunk *chunk, struct np_read_report *report)
{
	int64_t n = np_input_read(input, chunk->bytes, CHUNK_BYTES, report);

	if (n < 0)
		return (int)n;
	chunk->size = (size_t)n;
	chunk->is_last = chunk->size < CHUNK_BYTES;
	if (chunk->options && chunk->options->progress)
		chunk->options->progress(chunk->options->progress_context, np_input_bytes(input));
	return 0;
}

static int read_folded(struct np_input *input, struct chunk *chunk,
		       const struct np_read_options *options, struct np_tree *tree,
		       struct np_read_report *report)
{
	struct np_folded_reader reader;
	int rc;

	np_folded_reader_init(&reader, np_input_name(input), options, tree, report);
	do
		rc = np_folded_reader_push(&reader, chunk->bytes, chunk->size);
	while (rc == 0 && !chunk->is_last && (rc = next_chunk(input, chunk, report)) == 0);
	if (rc == 0)
		rc = np_folded_reader_end(&reader);
	np_folded_reader_finish(&reader);
	return rc;
}

static int read_perf_script(struct np_input *input, struct chunk *chunk,
			    const struct np_read_options *options, struct np_tree *tree,
			    struct np_read_report *report)
{
	struct np_perf_reader reader;
	int rc;

	np_perf_reader_init(&reader, np_input_name(input), options, tree, report);
	do
		rc = np_perf_reader_push(&reader, chunk->bytes, chunk->size);
	while (rc == 0 && !chunk->is_last && (rc = next_chunk(input, chunk, report)) == 0);
	if (rc == 0)
		rc = np_perf_reader_end(&reader);
	np_perf_reader_finish(&reader);
	return rc;
}

/* pprof cannot be read in pieces: string and location tables come after the samples. */
static int read_pprof(struct np_input *input, struct chunk *chunk,
		      const struct np_read_options *options, struct np_tree *tree,
		      struct np_read_report *report)
{
	const char *name = np_input_name(input);
	size_t size = 0, room = 0;
	char *bytes = NULL;
	int rc = 0;

	for (;;) {
		if (size + chunk->size > NP_INPUT_UNPACKED_MAX) {
			rc = np_read_fail(report, -EBADMSG,
					  "'%s': more than 4 GiB of pprof; give a part of it", name);
			break;
		}
		if (size + chunk->size > room) {
			room = (size + chunk->size) * 2;
			bytes = np_xrealloc(bytes, room, 1);
		}
		memcpy(bytes + size, chunk->bytes, chunk->size);
		size += chunk->size;
		if (chunk->is_last)
			break;
		rc = next_chunk(input, chunk, report);
		if (rc < 0)
			break;
	}
	if (rc == 0)
		rc = np_pprof_read(name, bytes, size, options, tree, report);
	free(bytes);
	return rc;
}

static int read_input(struct np_input *input, const struct np_read_options *options,
		      struct np_tree *tree, struct np_read_report *report)
{
	struct chunk chunk = {.bytes = np_xrealloc(NULL, CHUNK_BYTES, 1), .options = options};
	struct np_sniff found;
	int rc = next_chunk(input, &chunk, report);

	if (rc == 0) {
		static const char *const names[] = {
			[NP_FORMAT_FOLDED] = "folded", [NP_FORMAT_PPROF] = "pprof",
			[NP_FORMAT_PERF_SCRIPT] = "perf script", [NP_FORMAT_FOREIGN] = "",
		};

		found = np_sniff(chunk.bytes, chunk.size, chunk.is_last);
		report->facts.format = names[found.format];
		if (found.format == NP_FORMAT_FOREIGN)
			rc = np_read_fail(report, -EBADMSG, "'%s' %s; %s", np_input_name(input),
					  found.what, found.todo);
		else if (options && options->in_order && found.format != NP_FORMAT_FOLDED)
			rc = np_read_fail(report, -EINVAL, "'%s' is %s, which is in no order of time; give "
					  "folded stacks, the first sample first",
					  np_input_name(input), found.format == NP_FORMAT_PPROF ? "pprof"
												: "perf script text");
		else if (found.format == NP_FORMAT_PPROF)
			rc = read_pprof(input, &chunk, options, tree, report);
		else if (found.format == NP_FORMAT_PERF_SCRIPT)
			rc = read_perf_script(input, &chunk, options, tree, report);
		else
			rc = read_folded(input, &chunk, options, tree, report);
	}
	free(chunk.bytes);
	return rc;
}

int np_read_path(const char *path, const struct np_read_options *options, struct np_tree *tree,
		 struct np_read_report *report)
{
	struct np_input *input;
	int rc;

	memset(report, 0, sizeof(*report));
	rc = np_input_open(path, &input, report);
	if (rc < 0)
		return rc;
	rc = read_input(input, options, tree, report);
	np_input_close(input);
	return rc;
}

int np_read_memory(const char *name, const void *bytes, size_t size,
		   const struct np_read_options *options, struct np_tree *tree,
		   struct np_read_report *report)
{
	struct np_input *input = np_input_memory(name, bytes, size);
	int rc;

	memset(report, 0, sizeof(*report));
	rc = read_input(input, options, tree, report);
	np_input_close(input);
	return rc;
}
