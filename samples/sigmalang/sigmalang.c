/* SPDX-License-Identifier: MIT
 *
 * sigmalang.c - a compressor on zlib: sigmalang --help.
 *
 * Every pass compresses the corpus, decompresses it and compares it with the original; the checksum
 * is of the packed bytes, so it names the settings' exact result.
 */
#include "sigmalang.h"

#include <stdlib.h>
#include <string.h>

#include "common/sample.h"

#define WINDOW 32768u

static const char *const modes[] = { "chunks", "stream", "records", NULL };
static const char *const strategies[] = { "auto", "default", "filtered", "huffman", "rle", NULL };
static const char *const defects[] = { "none", "tiny-flush", "grow", "convoy", "no-overlap",
	"reload", "no-dictionary", NULL };

static struct sigmalang_chunk *cut(const struct sigmalang_settings *settings, const uint8_t *corpus,
	size_t size, size_t *count)
{
	size_t chunk_bytes = settings->chunk_kib * 1024;
	struct sigmalang_chunk *chunks;

	*count = (size + chunk_bytes - 1) / chunk_bytes;
	chunks = sample_allocate(*count * sizeof(*chunks));
	for (size_t i = 0; i < *count; i++) {
		size_t at = i * chunk_bytes;

		chunks[i].start = corpus + at;
		chunks[i].size = size - at < chunk_bytes ? size - at : chunk_bytes;
		if (!sample_is(settings->defect, "no-overlap"))
			chunks[i].dictionary = at < WINDOW ? at : WINDOW;
	}
	return chunks;
}

static void print_result(const struct sigmalang_settings *settings,
	const struct sigmalang_chunk *chunks, size_t count, size_t size)
{
	uint64_t checksum = SAMPLE_CHECKSUM_START, packed = 0, stored = 0;

	for (size_t i = 0; i < count; i++) {
		checksum = sample_checksum(checksum, chunks[i].packed, chunks[i].packed_size);
		packed += chunks[i].packed_size;
		stored += chunks[i].stored;
	}
	sample_print("ratio", (double)size / (double)packed);
	sample_print_whole("chunks", count);
	sample_print_whole("chunks_stored", stored);
	sample_print_whole("threads", settings->threads);
	sample_print_checksum("checksum", checksum);
}

static void run_chunks(const struct sigmalang_settings *settings, const uint8_t *corpus, size_t size)
{
	size_t count;
	struct sigmalang_chunk *chunks = cut(settings, corpus, size, &count);
	uint8_t *back = sample_allocate(size);
	uint64_t pack_ns = 0, unpack_ns = 0, passes = 0;
	uint64_t end = sample_now_ns() + settings->seconds * 1000000000u, cpu_ns = 0, cpu;
	double mb;

	do {
		cpu = sample_process_cpu_ns();
		pack_ns += sigmalang_pack(settings, chunks, count, settings->threads);
		cpu_ns += sample_process_cpu_ns() - cpu;
		memset(back, 0, size);
		cpu = sample_process_cpu_ns();
		unpack_ns += sigmalang_unpack(settings, chunks, count, corpus, back, settings->threads);
		cpu_ns += sample_process_cpu_ns() - cpu;
		if (memcmp(back, corpus, size) != 0)
			sample_fail("the round trip does not give back the original");
		passes++;
	} while (sample_now_ns() < end);
	mb = (double)size * (double)passes / 1e6;
	sample_print_whole("passes", passes);
	sample_print("compress_mb_per_s", mb / ((double)pack_ns / 1e9));
	sample_print("decompress_mb_per_s", mb / ((double)unpack_ns / 1e9));
	sample_print("compress_ms_per_mb", (double)pack_ns / 1e6 / mb);
	sample_print("decompress_ms_per_mb", (double)unpack_ns / 1e6 / mb);
	sample_print("cores_used", (double)cpu_ns / (double)(pack_ns + unpack_ns));
	print_result(settings, chunks, count, size);
	for (size_t i = 0; i < count; i++)
		free(chunks[i].packed);
	free(chunks);
	free(back);
}

int main(int argc, char **argv)
{
	struct sigmalang_settings settings = { .megabytes = 16, .threads = 2, .level = 1,
		.chunk_kib = 128, .seed = 1, .seconds = 2, .mode = modes[0], .strategy = strategies[0],
		.defect = defects[0] };
	const struct sample_option table[] = {
		{ "megabytes", "size of the corpus", &settings.megabytes, 1, 1024, NULL, NULL, NULL },
		{ "threads", "threads that compress", &settings.threads, 1, 64, NULL, NULL, NULL },
		{ "level", "zlib level", &settings.level, 1, 9, NULL, NULL, NULL },
		{ "chunk", "KiB to a chunk", &settings.chunk_kib, 1, 65536, NULL, NULL, NULL },
		{ "seconds", "go on for as long", &settings.seconds, 0, 3600, NULL, NULL, NULL },
		{ "seed", "of the corpus", &settings.seed, 0, UINT32_MAX, NULL, NULL, NULL },
		{ "mode", "what is compressed", NULL, 0, 0, &settings.mode, modes, NULL },
		{ "strategy", "per section", NULL, 0, 0, &settings.strategy, strategies, NULL },
		{ "defect", "plant one", NULL, 0, 0, &settings.defect, defects, NULL },
		{ 0 },
	};
	size_t size;
	uint8_t *corpus;

	sample_options(argc, argv, "Compress seeded data, take it back, and check every byte.", table);
	if (sample_is(settings.mode, "records")) {
		sigmalang_records(&settings);
	} else {
		size = (size_t)settings.megabytes << 20;
		corpus = sigmalang_corpus(size, settings.seed);
		if (sample_is(settings.mode, "stream"))
			sigmalang_stream(&settings, corpus, size);
		else
			run_chunks(&settings, corpus, size);
		free(corpus);
	}
	sample_print("peak_rss_mb", (double)sample_peak_rss_bytes() / 1e6);
	return 0;
}
