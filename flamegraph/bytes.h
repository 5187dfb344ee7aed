/* SPDX-License-Identifier: MIT
 *
 * bytes.h - a buffer that grows, for data of variable width.
 *
 * Context: tools.  Owns its memory; exits the tool when that is out.
 */
#ifndef NP_FLAMEGRAPH_BYTES_H
#define NP_FLAMEGRAPH_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct np_bytes {
	uint8_t *at;
	size_t size, room;
};

void np_bytes_put(struct np_bytes *bytes, const void *from, size_t size);

/* Seven bits a byte, the lowest first; the top bit says that more follow. */
void np_bytes_put_number(struct np_bytes *bytes, uint64_t number);

/* IEEE 754 single precision, little-endian. */
void np_bytes_put_float(struct np_bytes *bytes, float number);

/* Deflated in zlib's format, then as base64 without line breaks. */
void np_bytes_write_packed(const struct np_bytes *bytes, FILE *to);

void np_bytes_finish(struct np_bytes *bytes);

#endif
