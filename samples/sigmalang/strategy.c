/* SPDX-License-Identifier: MIT
 *
 * strategy.c - which way of deflate suits a section, told from a sample of its bytes.
 */
#include "sigmalang.h"

#include <math.h>
#include <zlib.h>

#include "common/sample.h"

#define SAMPLED_BYTES 2048u

/* Shannon's entropy of single bytes, in bits, over every STEP-th byte. */
static double entropy_of(const struct sigmalang_chunk *chunk)
{
	size_t step = chunk->size > SAMPLED_BYTES ? chunk->size / SAMPLED_BYTES | 1 : 1;
	uint32_t seen[256] = { 0 }, total = 0;
	double bits = 0;

	for (size_t i = 0; i < chunk->size; i += step, total++)
		seen[chunk->start[i]]++;
	for (int i = 0; i < 256; i++) {
		if (seen[i])
			bits -= seen[i] * log2((double)seen[i] / total);
	}
	return total ? bits / total : 0;
}

SAMPLE_FUNCTION struct sigmalang_choice sigmalang_choose(const struct sigmalang_settings *settings,
	const struct sigmalang_chunk *chunk)
{
	struct sigmalang_choice choice = { (int)settings->level, Z_DEFAULT_STRATEGY };

	if (sample_is(settings->strategy, "filtered"))
		choice.strategy = Z_FILTERED;
	else if (sample_is(settings->strategy, "huffman"))
		choice.strategy = Z_HUFFMAN_ONLY;
	else if (sample_is(settings->strategy, "rle"))
		choice.strategy = Z_RLE;
	else if (sample_is(settings->strategy, "auto") && entropy_of(chunk) > 7.8)
		choice.level = 0;	/* noise: stored as it is */
	return choice;
}
