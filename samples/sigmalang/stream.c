/* SPDX-License-Identifier: MIT
 *
 * stream.c - one deflate stream over a source that is read piece by piece, and back.
 */
#include "sigmalang.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "common/sample.h"

#define PIECE ((size_t)64 << 10)

static size_t pack_all(const struct sigmalang_settings *settings, const uint8_t *in, size_t size,
	uint8_t *out, size_t room)
{
	bool tiny = sample_is(settings->defect, "tiny-flush");
	size_t piece = tiny ? 512 : PIECE;
	z_stream stream = { .next_out = out, .avail_out = (uInt)room };

	if (deflateInit2(&stream, (int)settings->level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY))
		sample_fail("zlib cannot begin at level %d", (int)settings->level);
	for (size_t at = 0; at < size; at += piece) {
		size_t part = size - at < piece ? size - at : piece;

		stream.next_in = (Bytef *)(uintptr_t)(in + at);
		stream.avail_in = (uInt)part;
		if (deflate(&stream, tiny ? Z_SYNC_FLUSH : Z_NO_FLUSH) != Z_OK)
			sample_fail("deflate: no room");
	}
	stream.avail_in = 0;
	if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
		sample_fail("deflate: no room");
	deflateEnd(&stream);
	return room - stream.avail_out;
}

/* A window of output at a time: what a reader of the stream would hold. */
static void unpack_all(const uint8_t *packed, size_t packed_size, const uint8_t *original, size_t size)
{
	uint8_t *window = sample_allocate(PIECE);
	z_stream stream = { .next_in = (Bytef *)(uintptr_t)packed, .avail_in = (uInt)packed_size };
	size_t at = 0;
	int r = Z_OK;

	if (inflateInit2(&stream, -15))
		sample_fail("zlib cannot begin");
	while (r == Z_OK) {
		size_t got;

		stream.next_out = window;
		stream.avail_out = (uInt)PIECE;
		r = inflate(&stream, Z_NO_FLUSH);
		got = PIECE - stream.avail_out;
		if (got > size - at || memcmp(window, original + at, got) != 0)
			sample_fail("the stream does not give back byte %zu", at);
		at += got;
	}
	if (r != Z_STREAM_END || at != size)
		sample_fail("the stream ends after %zu of %zu bytes", at, size);
	inflateEnd(&stream);
	free(window);
}

void sigmalang_stream(const struct sigmalang_settings *settings, const uint8_t *in, size_t size)
{
	size_t room = size * 2 + (1 << 16), packed_size = 0;
	uint8_t *packed = sample_allocate(room);
	uint64_t pack_ns = 0, unpack_ns = 0, end = sample_now_ns() + settings->seconds * 1000000000u;
	double mb = (double)size / 1e6;
	uint64_t passes = 0;

	do {
		uint64_t begun = sample_now_ns(), middle;

		packed_size = pack_all(settings, in, size, packed, room);
		middle = sample_now_ns();
		unpack_all(packed, packed_size, in, size);
		pack_ns += middle - begun;
		unpack_ns += sample_now_ns() - middle;
		passes++;
	} while (sample_now_ns() < end);
	sample_print("ratio", (double)size / (double)packed_size);
	sample_print("compress_mb_per_s", mb * (double)passes / ((double)pack_ns / 1e9));
	sample_print("decompress_mb_per_s", mb * (double)passes / ((double)unpack_ns / 1e9));
	sample_print("compress_ms_per_mb", (double)pack_ns / 1e6 / (mb * (double)passes));
	sample_print("decompress_ms_per_mb", (double)unpack_ns / 1e6 / (mb * (double)passes));
	sample_print_checksum("checksum", sample_checksum(SAMPLE_CHECKSUM_START, packed, packed_size));
	free(packed);
}
