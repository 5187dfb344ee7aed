/* SPDX-License-Identifier: MIT
 *
 * response.c - what goes out: responses are compressed (inside zlib), the log is written (inside
 * the kernel).
 */
#include "service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#define BODY_BYTES  (12 * 1024)
#define PACKED_MAX  (16 * 1024)
#define LOG_BYTES   (64 * 1024)
#define LOG_BATCH   60

struct response_state {
	z_stream stream;
	int log;
	char body[BODY_BYTES];
	unsigned char packed[PACKED_MAX];
	char lines[LOG_BYTES];
	uint64_t compressed, written;
};

static void write_body(char *body)
{
	static const char *const words[] = {
		"<li>", "price", "</li>\n", "item", "colour", "basket", "in stock", "of",
	};
	uint32_t seed = 12345;
	size_t at = 0;

	while (at < BODY_BYTES - 32) {
		seed = seed * 1103515245 + 12345;
		at += (size_t)snprintf(body + at, 32, "%s %u ", words[seed >> 16 & 7],
				       seed >> 20 & 0xff);
	}
	memset(body + at, '\n', BODY_BYTES - at);
}

void *response_create(void)
{
	struct response_state *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->log = memfd_create("service-log", MFD_CLOEXEC);
	if (state->log < 0 || deflateInit(&state->stream, 6) != Z_OK) {
		free(state);
		return NULL;
	}
	write_body(state->body);
	memset(state->lines, 'x', sizeof(state->lines));
	return state;
}

void response_destroy(void *state)
{
	struct response_state *response = state;

	deflateEnd(&response->stream);
	close(response->log);
	free(response);
}

/* Is what we packed what we had?  Asked once; later batches must give the same bytes. */
SERVICE_FUNCTION static bool unpacks(const struct response_state *response, size_t packed)
{
	static const size_t body_bytes = BODY_BYTES;
	char *plain = malloc(body_bytes);
	uLongf bytes = body_bytes;
	bool same = plain && uncompress((Bytef *)plain, &bytes, response->packed, packed) == Z_OK &&
		    bytes == body_bytes && memcmp(plain, response->body, body_bytes) == 0;

	free(plain);
	return same;
}

SERVICE_FUNCTION uint64_t response_compress(void *state, uint64_t until_ns)
{
	struct response_state *response = state;
	z_stream *stream = &response->stream;
	uint64_t sum;

	do {
		stream->next_in = (Bytef *)response->body;
		stream->avail_in = BODY_BYTES;
		stream->next_out = response->packed;
		stream->avail_out = PACKED_MAX;
		if (deflateReset(stream) != Z_OK || deflate(stream, Z_FINISH) != Z_STREAM_END)
			return 0;
		sum = crc32(0, response->packed, (uInt)stream->total_out);
		sum = service_mix(stream->total_out, sum);
		if (response->compressed == 0 && !unpacks(response, stream->total_out))
			return 0;
		if (!service_same(&response->compressed, sum))
			return 0;
	} while (service_cpu_ns() < until_ns);
	return sum;
}

SERVICE_FUNCTION uint64_t log_write(void *state, uint64_t until_ns)
{
	struct response_state *response = state;
	uint64_t sum;

	do {
		sum = 1;
		for (int i = 0; i < LOG_BATCH; i++)
			sum = service_mix(sum, (uint64_t)pwrite(response->log, response->lines,
								LOG_BYTES, i % 2 * LOG_BYTES));
		if (!service_same(&response->written, sum))
			return 0;
	} while (service_cpu_ns() < until_ns);
	return sum;
}
