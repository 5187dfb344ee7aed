/* SPDX-License-Identifier: MIT
 *
 * sigmalang.h - what the parts of the compressor agree on.
 *
 * The input is cut into chunks that are compressed on their own, by any thread, each with the 32 KiB
 * before it as its dictionary (as pigz does), so nothing is lost against one stream.
 */
#ifndef SIGMALANG_H
#define SIGMALANG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sigmalang_settings {
	uint64_t megabytes, threads, level, chunk_kib, seed, seconds;
	const char *mode;		/* chunks, stream, records */
	const char *strategy;		/* auto, default, filtered, huffman, rle */
	const char *defect;
};

struct sigmalang_chunk {
	const uint8_t *start;
	size_t size;
	size_t dictionary;		/* bytes before `start` that both sides know */
	uint8_t *packed;
	size_t packed_size;
	bool stored;
};

/* SIZE bytes of records, log lines, tables and noise; the same for a seed.  The caller frees. */
uint8_t *sigmalang_corpus(size_t size, uint64_t seed);

/* The level and zlib strategy that suit a chunk. */
struct sigmalang_choice {
	int level, strategy;
};
struct sigmalang_choice sigmalang_choose(const struct sigmalang_settings *settings,
	const struct sigmalang_chunk *chunk);

/* Compress or decompress all chunks on THREADS threads; DECOMPRESS writes to OUT at the chunk's own
 * place.  Returns the elapsed ns. */
uint64_t sigmalang_pack(const struct sigmalang_settings *settings, struct sigmalang_chunk *chunks,
	size_t count, size_t threads);
uint64_t sigmalang_unpack(const struct sigmalang_settings *settings,
	const struct sigmalang_chunk *chunks, size_t count, const uint8_t *in, uint8_t *out,
	size_t threads);

/* The other two modes: one stream with a bounded window of input, and many small records. */
void sigmalang_stream(const struct sigmalang_settings *settings, const uint8_t *in, size_t size);
void sigmalang_records(const struct sigmalang_settings *settings);

#endif
