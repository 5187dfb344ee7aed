/* SPDX-License-Identifier: MIT
 *
 * request.c - what comes in: requests are parsed and hashed.
 */
#include "service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUESTS     96
#define REQUEST_MAX  512

struct request_state {
	char text[REQUESTS][REQUEST_MAX];
	size_t bytes[REQUESTS];
	uint64_t parsed, hashed;
};

struct header {
	const char *name, *value;
	size_t name_bytes, value_bytes;
};

void *request_create(void)
{
	struct request_state *state = calloc(1, sizeof(*state));

	for (unsigned int i = 0; state && i < REQUESTS; i++)
		state->bytes[i] = (size_t)snprintf(state->text[i], REQUEST_MAX,
			"GET /shop/item/%u?colour=%%23%06x&size=%u HTTP/1.1\r\n"
			"Host: shop-%u.example.org\r\n"
			"Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\n"
			"Accept-Language: en-GB,en;q=0.5\r\n"
			"Cookie: session=%016llx; basket=%u\r\n"
			"Content-Length:   %u\r\n\r\n",
			i * 7919, i * 104729 % 0xffffff, i % 50, i % 9,
			(unsigned long long)i * 0x9e3779b97f4a7c15u, i * 31, i * 1009);
	return state;
}

void request_destroy(void *state)
{
	free(state);
}

SERVICE_INLINE const char *skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

SERVICE_INLINE bool is_token_byte(unsigned char byte)
{
	return (byte >= '0' && byte <= '9') || byte == '-' ||
	       ((byte | 32) >= 'a' && (byte | 32) <= 'z');
}

SERVICE_INLINE unsigned int parse_hex_digit(unsigned char byte)
{
	return byte <= '9' ? (unsigned int)(byte - '0') : (byte | 32u) - 'a' + 10;
}

/* Step over one header line; NULL at the blank line that ends the request. */
SERVICE_FUNCTION static const char *parse_header(const char *at, struct header *header)
{
	if (*at == '\r')
		return NULL;
	header->name = at;
	while (is_token_byte((unsigned char)*at))
		at++;
	header->name_bytes = (size_t)(at - header->name);
	at = skip_blanks(at + 1);
	header->value = at;
	while (*at != '\r')
		at++;
	header->value_bytes = (size_t)(at - header->value);
	return at + 2;
}

SERVICE_FUNCTION static uint64_t parse_target(const char *at)
{
	uint64_t sum = 1;

	for (; *at != ' '; at++) {
		unsigned int byte = (unsigned char)*at;

		if (byte == '%') {
			byte = parse_hex_digit((unsigned char)at[1]) << 4 |
			       parse_hex_digit((unsigned char)at[2]);
			at += 2;
		}
		sum = service_mix(sum, byte);
	}
	return sum;
}

SERVICE_FUNCTION uint64_t request_parse(void *state, uint64_t until_ns)
{
	struct request_state *request = state;
	uint64_t sum;

	do {
		sum = 1;
		for (int i = 0; i < 14 * REQUESTS; i++) {
			const char *text = request->text[i % REQUESTS];
			const char *at = strchr(text, '\n') + 1;
			struct header header;

			sum = service_mix(sum, parse_target(text + 4));
			while ((at = parse_header(at, &header)) != NULL)
				sum = service_mix(sum, header.name_bytes << 8 | header.value_bytes);
		}
		if (!service_same(&request->parsed, sum))
			return 0;
	} while (service_cpu_ns() < until_ns);
	return sum;
}

SERVICE_INLINE uint64_t rotate(uint64_t value, int bits)
{
	return value << bits | value >> (64 - bits);
}

SERVICE_INLINE void hash_round(uint64_t v[4], uint64_t word)
{
	v[0] = rotate(v[0] + word, 13) ^ v[1];
	v[1] = rotate(v[1] + v[2], 16) * 5;
	v[2] = rotate(v[2] ^ v[3], 21) + word;
	v[3] = rotate(v[3] + v[0], 32) ^ v[2];
}

SERVICE_FUNCTION static uint64_t hash_bytes(const char *data, size_t bytes)
{
	uint64_t v[4] = { bytes, ~(uint64_t)bytes, 0x736f6d6570736575u, 0x646f72616e646f6du }, word;
	size_t at;

	for (at = 0; at + sizeof(word) <= bytes; at += sizeof(word)) {
		memcpy(&word, data + at, sizeof(word));
		hash_round(v, word);
	}
	for (int i = 0; i < 8; i++)
		hash_round(v, (unsigned char)data[bytes - 1]);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

SERVICE_FUNCTION uint64_t request_hash(void *state, uint64_t until_ns)
{
	struct request_state *request = state;
	uint64_t sum;

	do {
		sum = 1;
		for (int i = 0; i < 60 * REQUESTS; i++)
			sum = service_mix(sum, hash_bytes(request->text[i % REQUESTS],
							  request->bytes[i % REQUESTS]));
		if (!service_same(&request->hashed, sum))
			return 0;
	} while (service_cpu_ns() < until_ns);
	return sum;
}
