/* SPDX-License-Identifier: MIT
 *
 * chunks.c - chunks through zlib on several threads, each with what lies before it as dictionary.
 *
 * Threads take the next chunk from one counter.  A thread keeps its z_stream from chunk to chunk.
 */
#include "sigmalang.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/atomic.h"
#include "common/sample.h"
#include "neuroprof/neuroprof.h"

struct job {
	const struct sigmalang_settings *settings;
	struct sigmalang_chunk *chunks;
	size_t count, next;
	const uint8_t *in;
	uint8_t *out;			/* NULL: compress */
};

static pthread_mutex_t convoy = PTHREAD_MUTEX_INITIALIZER;
static struct neuroprof_metric *pack_span, *unpack_span, *bytes_in, *bytes_out;

/* The defect "tiny-flush": the stream is flushed every 512 bytes, as a careless writer would. */
static void deflate_tiny(z_stream *stream, const struct sigmalang_chunk *chunk)
{
	for (size_t at = 0; at < chunk->size; at += 512) {
		stream->next_in = (Bytef *)(uintptr_t)(chunk->start + at);
		stream->avail_in = (uInt)(chunk->size - at < 512 ? chunk->size - at : 512);
		if (deflate(stream, Z_SYNC_FLUSH) != Z_OK)
			sample_fail("deflate: no room");
	}
	stream->avail_in = 0;
}

/* The defect "grow": the output grows by 512 bytes at a time into a new block, copied each time. */
static uint8_t *grown(const uint8_t *from, size_t size)
{
	uint8_t *block = NULL;

	for (size_t have = 0; have < size;) {
		size_t want = size - have < 512 ? size : have + 512;
		uint8_t *larger = sample_allocate(want);

		if (have)
			memcpy(larger, block, have);
		memcpy(larger + have, from + have, want - have);
		free(block);
		block = larger;
		have = want;
	}
	return block;
}

SAMPLE_FUNCTION static void pack_chunk(const struct sigmalang_settings *settings, z_stream *stream,
	struct sigmalang_chunk *chunk, uint8_t *scratch, size_t room)
{
	struct sigmalang_choice choice = sigmalang_choose(settings, chunk);
	bool tiny = sample_is(settings->defect, "tiny-flush");

	chunk->stored = choice.level == 0;
	if (chunk->stored) {
		memcpy(scratch, chunk->start, chunk->size);
		chunk->packed_size = chunk->size;
	} else {
		deflateReset(stream);
		stream->next_out = scratch;
		stream->avail_out = (uInt)room;
		deflateParams(stream, choice.level, choice.strategy);
		if (chunk->dictionary)
			deflateSetDictionary(stream, chunk->start - chunk->dictionary,
				(uInt)chunk->dictionary);
		stream->next_in = (Bytef *)(uintptr_t)chunk->start;
		stream->avail_in = (uInt)chunk->size;
		if (tiny)
			deflate_tiny(stream, chunk);
		if (deflate(stream, Z_FINISH) != Z_STREAM_END)
			sample_fail("deflate: no room for a chunk of %zu bytes", chunk->size);
		chunk->packed_size = room - stream->avail_out;
	}
	free(chunk->packed);
	if (sample_is(settings->defect, "grow")) {
		chunk->packed = grown(scratch, chunk->packed_size);
	} else {
		chunk->packed = sample_allocate(chunk->packed_size);
		memcpy(chunk->packed, scratch, chunk->packed_size);
	}
}

SAMPLE_FUNCTION static void unpack_chunk(z_stream *stream, const struct sigmalang_chunk *chunk,
	uint8_t *to)
{
	if (chunk->stored) {
		memcpy(to, chunk->packed, chunk->size);
		return;
	}
	inflateReset(stream);
	/* Chunks are unpacked in any order: the dictionary is the known original in front. */
	if (chunk->dictionary)
		inflateSetDictionary(stream, chunk->start - chunk->dictionary, (uInt)chunk->dictionary);
	stream->next_in = chunk->packed;
	stream->avail_in = (uInt)chunk->packed_size;
	stream->next_out = to;
	stream->avail_out = (uInt)chunk->size;
	if (inflate(stream, Z_FINISH) != Z_STREAM_END || stream->avail_out)
		sample_fail("inflate: a chunk does not give back its %zu bytes", chunk->size);
}

static struct sigmalang_chunk *next_chunk(struct job *job)
{
	size_t at = __atomic_fetch_add(&job->next, 1, __ATOMIC_RELAXED);

	return at < job->count ? &job->chunks[at] : NULL;
}

static void *pack_thread(void *argument)
{
	struct job *job = argument;
	bool is_convoy = sample_is(job->settings->defect, "convoy");
	size_t room = job->settings->chunk_kib * 1024 * 2 + 4096;
	uint8_t *scratch = sample_allocate(room);
	struct sigmalang_chunk *chunk;
	z_stream stream = { 0 };

	if (deflateInit2(&stream, (int)job->settings->level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY))
		sample_fail("zlib cannot begin at level %d", (int)job->settings->level);
	while ((chunk = next_chunk(job))) {
		uint64_t span = neuroprof_span_begin(pack_span);

		if (is_convoy)
			pthread_mutex_lock(&convoy);
		pack_chunk(job->settings, &stream, chunk, scratch, room);
		if (is_convoy)
			pthread_mutex_unlock(&convoy);
		neuroprof_counter_add(bytes_in, chunk->size);
		neuroprof_counter_add(bytes_out, chunk->packed_size);
		neuroprof_span_end(span);
	}
	deflateEnd(&stream);
	free(scratch);
	return NULL;
}

static void *unpack_thread(void *argument)
{
	struct job *job = argument;
	struct sigmalang_chunk *chunk;
	z_stream stream = { 0 };

	if (inflateInit2(&stream, -15))
		sample_fail("zlib cannot begin");
	while ((chunk = next_chunk(job))) {
		uint64_t span = neuroprof_span_begin(unpack_span);

		unpack_chunk(&stream, chunk, job->out + (chunk->start - job->in));
		neuroprof_span_end(span);
	}
	inflateEnd(&stream);
	return NULL;
}

static uint64_t run(struct job *job, size_t threads, void *(*body)(void *))
{
	uint64_t started = sample_now_ns();
	pthread_t others[64];

	for (size_t i = 1; i < threads; i++) {
		if (pthread_create(&others[i], NULL, body, job))
			sample_fail("no thread to be had: ask for fewer --threads");
	}
	body(job);
	for (size_t i = 1; i < threads; i++)
		pthread_join(others[i], NULL);
	return sample_now_ns() - started;
}

uint64_t sigmalang_pack(const struct sigmalang_settings *settings, struct sigmalang_chunk *chunks,
	size_t count, size_t threads)
{
	struct job job = { .settings = settings, .chunks = chunks, .count = count };

	pack_span = neuroprof_span("sigmalang.compress_chunk");
	bytes_in = neuroprof_counter("sigmalang.bytes_in", "By", NULL);
	bytes_out = neuroprof_counter("sigmalang.bytes_out", "By", NULL);
	return run(&job, threads, pack_thread);
}

uint64_t sigmalang_unpack(const struct sigmalang_settings *settings,
	const struct sigmalang_chunk *chunks, size_t count, const uint8_t *in, uint8_t *out,
	size_t threads)
{
	struct job job = { .settings = settings, .chunks = (struct sigmalang_chunk *)(uintptr_t)chunks,
		.count = count, .in = in, .out = out };

	unpack_span = neuroprof_span("sigmalang.decompress_chunk");
	return run(&job, threads, unpack_thread);
}
