/* SPDX-License-Identifier: MIT
 *
 * records.c - many small records, each a stream of its own, with a dictionary that all share.
 *
 * The dictionary is put into one z_stream once and that stream is copied for each record: putting it
 * in again costs more than the record (the defect "reload"); without it a record has nothing to
 * refer to (the defect "no-dictionary").
 */
#include "sigmalang.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "common/sample.h"
#include "neuroprof/neuroprof.h"

#define DICTIONARY_BYTES 32768u
#define RECORD_ROOM	 4096u

struct records {
	const struct sigmalang_settings *settings;
	const uint8_t *dictionary;
	z_stream primed, bare, back;
	uint64_t raw_bytes, packed_bytes, count, checksum;
	uint64_t unpack_ns;
};

static size_t pack_record(struct records *all, const uint8_t *record, size_t size, uint8_t *out)
{
	z_stream stream;

	if (deflateCopy(&stream, sample_is(all->settings->defect, "none") ? &all->primed : &all->bare))
		sample_fail("zlib cannot copy a stream");
	if (sample_is(all->settings->defect, "reload"))
		deflateSetDictionary(&stream, all->dictionary, DICTIONARY_BYTES);
	stream.next_in = (Bytef *)(uintptr_t)record;
	stream.avail_in = (uInt)size;
	stream.next_out = out;
	stream.avail_out = RECORD_ROOM;
	if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
		sample_fail("a record of %zu bytes has no room", size);
	deflateEnd(&stream);
	return RECORD_ROOM - stream.avail_out;
}

static void check_record(struct records *all, const uint8_t *packed, size_t packed_size,
	const uint8_t *record, size_t size)
{
	uint8_t back[RECORD_ROOM];
	uint64_t begun = sample_now_ns();

	inflateReset(&all->back);
	if (!sample_is(all->settings->defect, "no-dictionary"))
		inflateSetDictionary(&all->back, all->dictionary, DICTIONARY_BYTES);
	all->back.next_in = (Bytef *)(uintptr_t)packed;
	all->back.avail_in = (uInt)packed_size;
	all->back.next_out = back;
	all->back.avail_out = sizeof(back);
	if (inflate(&all->back, Z_FINISH) != Z_STREAM_END ||
		sizeof(back) - all->back.avail_out != size || memcmp(back, record, size) != 0)
		sample_fail("record %llu does not come back as it was", (unsigned long long)all->count);
	all->unpack_ns += sample_now_ns() - begun;
}

/* One pass over CORPUS, two lines to a record. */
static void pass(struct records *all, const uint8_t *corpus, size_t size, struct neuroprof_metric *span)
{
	uint8_t packed[RECORD_ROOM];

	for (size_t at = 0; at < size;) {
		size_t end = at;
		uint64_t open;

		for (int lines = 0; end < size && lines < 2 && end - at < RECORD_ROOM / 2; end++)
			lines += corpus[end] == '\n';
		open = neuroprof_span_begin(span);
		{
			size_t packed_size = pack_record(all, corpus + at, end - at, packed);

			check_record(all, packed, packed_size, corpus + at, end - at);
			all->packed_bytes += packed_size;
			all->checksum = sample_checksum(all->checksum, packed, packed_size);
		}
		neuroprof_span_end(open);
		all->raw_bytes += end - at;
		all->count++;
		at = end;
	}
}

void sigmalang_records(const struct sigmalang_settings *settings)
{
	size_t size = (size_t)256 << 10;	/* one section of records */
	uint8_t *corpus = sigmalang_corpus(size, settings->seed);
	uint8_t *dictionary = sigmalang_corpus(DICTIONARY_BYTES, settings->seed + 1);
	struct records all = { .settings = settings, .dictionary = dictionary };
	uint64_t begun, end, first_checksum = 0;
	struct neuroprof_metric *span = neuroprof_span("sigmalang.record");

	if (deflateInit2(&all.bare, (int)settings->level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) ||
		deflateCopy(&all.primed, &all.bare) || inflateInit2(&all.back, -15))
		sample_fail("zlib cannot begin at level %d", (int)settings->level);
	deflateSetDictionary(&all.primed, dictionary, DICTIONARY_BYTES);
	begun = sample_now_ns();
	end = begun + settings->seconds * 1000000000u;
	do {
		all.checksum = SAMPLE_CHECKSUM_START;
		pass(&all, corpus, size, span);
		if (first_checksum && all.checksum != first_checksum)
			sample_fail("two passes over the same records differ");
		first_checksum = all.checksum;
	} while (sample_now_ns() < end);
	sample_print("ratio", (double)all.raw_bytes / (double)all.packed_bytes);
	sample_print("records_per_s",
		(double)all.count / ((double)(sample_now_ns() - begun) / 1e9));
	sample_print("compress_mb_per_s", (double)all.raw_bytes / 1e6 /
		((double)(sample_now_ns() - begun - all.unpack_ns) / 1e9));
	sample_print("decompress_mb_per_s", (double)all.raw_bytes / 1e6 / ((double)all.unpack_ns / 1e9));
	sample_print_checksum("checksum", first_checksum);
	deflateEnd(&all.bare);
	deflateEnd(&all.primed);
	inflateEnd(&all.back);
	free(corpus);
	free(dictionary);
}
