/* SPDX-License-Identifier: MIT
 *
 * kernels_small.c - the inner loops of int8 weights.  Built for any x86-64 (SSE2), with AVX2, with VNNI;
 * KERNELS names the table.
 *
 * All three give the same numbers, bit for bit: each half of a group is summed as whole numbers, and the
 * sums are scaled and added in one order.  So this file is built without contraction: a fused
 * multiply-add rounds once where a product and a sum round twice.
 */
#include "ryot.h"

#include <string.h>

#include <immintrin.h>

typedef float lanes __attribute__((vector_size(32)));
typedef int32_t whole_lanes __attribute__((vector_size(32)));

/* Four lines of numbers that are multiplied with one: four lines of weights and a step, or four steps
 * and a line of weights. */
struct four {
	const int8_t *lines;
	size_t stride;
	const float *scales;		/* of a block: [group][line] */
};

#ifdef __AVX2__
/* Of eight times four neighbours the sums of |one| * (other with the sign of one), which is one * other:
 * the instructions want one side without signs, and no number is -128. */
static inline __m256i products(__m256i one, __m256i one_unsigned, const int8_t *other)
{
	__m256i with_sign = _mm256_sign_epi8(_mm256_loadu_si256((const __m256i_u *)other), one);

#ifdef __AVX512VNNI__
	return _mm256_dpbusd_epi32(_mm256_setzero_si256(), one_unsigned, with_sign);
#else
	/* 2 * 127 * 127 is less than a 16-bit number holds: no pair is cut off. */
	return _mm256_madd_epi16(_mm256_maddubs_epi16(one_unsigned, with_sign), _mm256_set1_epi16(1));
#endif
}

static inline void dot_four(float *out, size_t out_stride, const struct four *four, const int8_t *one,
	const float *one_scales, uint32_t groups)
{
	const int8_t *at = four->lines;
	size_t stride = four->stride;
	__m256 total = _mm256_setzero_ps();
	float sums[8];

	for (uint32_t g = 0; g < groups; g++, at += GROUP) {
		__m256i n = _mm256_loadu_si256((const __m256i_u *)(one + (size_t)g * GROUP));
		__m256i u = _mm256_abs_epi8(n);
		/* Lane k is line k's sum of the group's first half, lane 4 + k of its second. */
		__m256i s = _mm256_hadd_epi32(
			_mm256_hadd_epi32(products(n, u, at), products(n, u, at + stride)),
			_mm256_hadd_epi32(products(n, u, at + 2 * stride), products(n, u, at + 3 * stride)));
		__m256 scale = _mm256_mul_ps(_mm256_broadcast_ps((const __m128 *)(four->scales + 4 * g)),
			_mm256_set1_ps(one_scales[4 * g]));

		total = _mm256_add_ps(total, _mm256_mul_ps(_mm256_cvtepi32_ps(s), scale));
	}
	memcpy(sums, &total, sizeof(sums));
	for (uint32_t k = 0; k < 4; k++)
		out[k * out_stride] = sums[k] + sums[4 + k];
}
#else
static inline __m128i widen_low(__m128i bytes)
{
	return _mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8);
}

static inline __m128i widen_high(__m128i bytes)
{
	return _mm_srai_epi16(_mm_unpackhi_epi8(bytes, bytes), 8);
}

/* Of half a group: four sums of four products each. */
static inline __m128i products(__m128i low, __m128i high, const int8_t *other)
{
	__m128i bytes = _mm_loadu_si128((const __m128i_u *)other);

	return _mm_add_epi32(_mm_madd_epi16(low, widen_low(bytes)),
		_mm_madd_epi16(high, widen_high(bytes)));
}

/* Lane k is line k's sum of half a group. */
static inline __m128i half_sums(const int8_t *one, const int8_t *lines, size_t stride)
{
	__m128i bytes = _mm_loadu_si128((const __m128i_u *)one);
	__m128i low = widen_low(bytes), high = widen_high(bytes);
	__m128i a = products(low, high, lines), b = products(low, high, lines + stride);
	__m128i c = products(low, high, lines + 2 * stride), d = products(low, high, lines + 3 * stride);
	__m128i ab = _mm_add_epi32(_mm_unpacklo_epi32(a, b), _mm_unpackhi_epi32(a, b));
	__m128i cd = _mm_add_epi32(_mm_unpacklo_epi32(c, d), _mm_unpackhi_epi32(c, d));

	return _mm_add_epi32(_mm_unpacklo_epi64(ab, cd), _mm_unpackhi_epi64(ab, cd));
}

static inline void dot_four(float *out, size_t out_stride, const struct four *four, const int8_t *one,
	const float *one_scales, uint32_t groups)
{
	__m128 first = _mm_setzero_ps(), second = _mm_setzero_ps();
	const int8_t *at = four->lines;
	float sums[4];

	for (uint32_t g = 0; g < groups; g++, at += GROUP, one += GROUP) {
		__m128 scale = _mm_mul_ps(_mm_loadu_ps(four->scales + 4 * g),
			_mm_set1_ps(one_scales[4 * g]));
		__m128 low = _mm_cvtepi32_ps(half_sums(one, at, four->stride));
		__m128 high = _mm_cvtepi32_ps(half_sums(one + 16, at + 16, four->stride));

		first = _mm_add_ps(first, _mm_mul_ps(low, scale));
		second = _mm_add_ps(second, _mm_mul_ps(high, scale));
	}
	_mm_storeu_ps(sums, _mm_add_ps(first, second));
	for (uint32_t k = 0; k < 4; k++)
		out[k * out_stride] = sums[k];
}
#endif

/* Rows come in fours: so do those of every matrix here.  Steps do while there are four; the last ones are
 * taken one by one. */
static void multiply_small(float *out, const struct matrix *weights, const int8_t *in,
	const float *scales, uint32_t count)
{
	uint32_t rows = weights->rows, columns = weights->columns, groups = columns / GROUP;
	uint32_t whole = count / 4 * 4;

	for (uint32_t row = 0; whole && row < rows; row++) {
		const float *row_scales = weights->scales + small_scale_at(row, 0, groups);

		for (uint32_t step = 0; step < whole; step += 4) {
			struct four steps = { in + (size_t)step * columns, columns,
				scales + small_scale_at(step, 0, groups) };

			dot_four(out + (size_t)step * rows + row, rows, &steps,
				weights->small + (size_t)row * columns, row_scales, groups);
		}
	}
	for (uint32_t step = whole; step < count; step++) {
		for (uint32_t row = 0; row < rows; row += 4) {
			struct four lines = { weights->small + (size_t)row * columns, columns,
				weights->scales + small_scale_at(row, 0, groups) };

			dot_four(out + (size_t)step * rows + row, 1, &lines, in + (size_t)step * columns,
				scales + small_scale_at(step, 0, groups), groups);
		}
	}
}

static float largest_of(const float *in)
{
	whole_lanes largest = { 0 };
	int32_t most = 0;
	float value;

	/* Without their sign floats are in the order of their bits. */
	for (uint32_t i = 0; i < GROUP; i += 8) {
		whole_lanes bits, more;

		memcpy(&bits, in + i, sizeof(bits));
		bits &= 0x7fffffff;
		more = bits > largest;
		largest = (bits & more) | (largest & ~more);
	}
	for (uint32_t i = 0; i < 8; i++)
		most = largest[i] > most ? largest[i] : most;
	memcpy(&value, &most, sizeof(value));
	return value;
}

/* To the nearest whole number: it stands in the last bits of the sum with 1.5 * 2^23. */
static whole_lanes round_lanes(lanes l)
{
	whole_lanes bits;

	l += 12582912.0f;
	memcpy(&bits, &l, sizeof(bits));
	return bits - 0x4b400000;
}

static void quantise(int8_t *out, float *scales, const float *in, uint32_t rows, uint32_t columns)
{
	uint32_t groups = columns / GROUP;

	for (uint32_t row = 0; row < rows; row++) {
		for (uint32_t g = 0; g < groups; g++, in += GROUP, out += GROUP) {
			float largest = largest_of(in), inverse = largest > 0 ? 127 / largest : 0;

			scales[small_scale_at(row, g, groups)] = largest / 127;
			for (uint32_t i = 0; i < GROUP; i += 8) {
				whole_lanes whole;
				lanes l;

				memcpy(&l, in + i, sizeof(l));
				whole = round_lanes(l * inverse);
				for (uint32_t k = 0; k < 8; k++)
					out[i + k] = (int8_t)whole[k];
			}
		}
	}
}

const struct small_kernels KERNELS = { multiply_small, quantise };
