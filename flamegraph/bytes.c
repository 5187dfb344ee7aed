/* SPDX-License-Identifier: MIT
 *
 * bytes.c - numbers into bytes, bytes into text.  Context: tools.
 */
#include "bytes.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/message.h"

#define PACK_ROOM 49152u	/* of compressed bytes at a time; a multiple of three for base64 */

static void grow(struct np_bytes *bytes, size_t more)
{
	if (bytes->room - bytes->size >= more)
		return;
	while (bytes->room - bytes->size < more)
		bytes->room = bytes->room ? bytes->room * 2 : 4096;
	bytes->at = np_xrealloc(bytes->at, bytes->room, 1);
}

void np_bytes_put(struct np_bytes *bytes, const void *from, size_t size)
{
	grow(bytes, size);
	if (size)
		memcpy(bytes->at + bytes->size, from, size);
	bytes->size += size;
}

void np_bytes_put_number(struct np_bytes *bytes, uint64_t number)
{
	grow(bytes, 10);
	while (number >= 0x80) {
		bytes->at[bytes->size++] = (uint8_t)(number | 0x80);
		number >>= 7;
	}
	bytes->at[bytes->size++] = (uint8_t)number;
}

void np_bytes_put_float(struct np_bytes *bytes, float number)
{
	uint32_t word;
	uint8_t four[4];

	memcpy(&word, &number, sizeof(word));
	for (int i = 0; i < 4; i++)
		four[i] = (uint8_t)(word >> 8 * i);
	np_bytes_put(bytes, four, sizeof(four));
}

static void put_base64(const uint8_t *from, size_t size, FILE *to)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < size; i += 3) {
		uint32_t word = (uint32_t)from[i] << 16;
		char four[4];

		if (i + 1 < size)
			word |= (uint32_t)from[i + 1] << 8;
		if (i + 2 < size)
			word |= from[i + 2];
		for (int k = 0; k < 4; k++)
			four[k] = digits[word >> (18 - 6 * k) & 63];
		if (i + 1 >= size)
			four[2] = '=';
		if (i + 2 >= size)
			four[3] = '=';
		fwrite(four, 1, sizeof(four), to);
	}
}

void np_bytes_write_packed(const struct np_bytes *bytes, FILE *to)
{
	z_stream stream = { .zalloc = Z_NULL };
	uint8_t *packed = np_xcalloc(PACK_ROOM, 1);
	size_t left = bytes->size;
	int rc;

	if (deflateInit(&stream, Z_BEST_COMPRESSION) != Z_OK)
		np_die(NP_EXIT_FAILURE, "out of memory");
	stream.next_in = bytes->at;
	stream.next_out = packed;
	stream.avail_out = PACK_ROOM;
	do {
		if (stream.avail_in == 0) {	/* zlib counts in 32 bits */
			stream.avail_in = left > 1u << 30 ? 1u << 30 : (unsigned)left;
			left -= stream.avail_in;
		}
		rc = deflate(&stream, left ? Z_NO_FLUSH : Z_FINISH);
		if (stream.avail_out == 0 || rc == Z_STREAM_END) {
			put_base64(packed, PACK_ROOM - stream.avail_out, to);
			stream.next_out = packed;
			stream.avail_out = PACK_ROOM;
		}
	} while (rc != Z_STREAM_END);
	deflateEnd(&stream);
	free(packed);
}

void np_bytes_finish(struct np_bytes *bytes)
{
	free(bytes->at);
	memset(bytes, 0, sizeof(*bytes));
}
