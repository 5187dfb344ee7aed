/* SPDX-License-Identifier: MIT
 *
 * kernels.c - the inner loops of the model.  Built twice; KERNELS names the table.
 *
 * Every dot product adds in the same order, eight lanes that are summed at the end, whether one
 * step is computed or four at once: four share the load of a weight.
 */
#include "ryot.h"

#include <math.h>
#include <string.h>

typedef float lanes __attribute__((vector_size(32)));	/* a vector type, no structure */

static lanes load(const float *from)
{
	lanes loaded;

	memcpy(&loaded, from, sizeof(loaded));
	return loaded;
}

static float sum(lanes l)
{
	return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]));
}

static float dot(const float *a, const float *b, uint32_t count)
{
	lanes total = { 0 };

	for (uint32_t i = 0; i < count; i += 8)
		total += load(a + i) * load(b + i);
	return sum(total);
}

static void dot_four(float *out, size_t stride, const float *weights, const float *in, uint32_t count)
{
	lanes t0 = { 0 }, t1 = { 0 }, t2 = { 0 }, t3 = { 0 };

	for (uint32_t i = 0; i < count; i += 8) {
		lanes w = load(weights + i);

		t0 += w * load(in + i);
		t1 += w * load(in + count + i);
		t2 += w * load(in + 2 * count + i);
		t3 += w * load(in + 3 * count + i);
	}
	out[0] = sum(t0);
	out[stride] = sum(t1);
	out[2 * stride] = sum(t2);
	out[3 * stride] = sum(t3);
}

static void multiply(float *out, const struct matrix *weights, const float *in, uint32_t count)
{
	uint32_t rows = weights->rows, columns = weights->columns;

	for (uint32_t row = 0; row < rows; row++) {
		const float *line = weights->real + (size_t)row * columns;
		uint32_t step = 0;

		for (; step + 4 <= count; step += 4)
			dot_four(out + (size_t)step * rows + row, rows, line,
				in + (size_t)step * columns, columns);
		for (; step < count; step++)
			out[(size_t)step * rows + row] = dot(line, in + (size_t)step * columns, columns);
	}
}

static float dot_small(const int8_t *a, const float *a_scales, const int8_t *b, const float *b_scales,
	uint32_t count)
{
	float total = 0;

	for (uint32_t group = 0; group < count / GROUP; group++, a += GROUP, b += GROUP) {
		int32_t part = 0;

		for (uint32_t i = 0; i < GROUP; i++)
			part += (int16_t)a[i] * (int16_t)b[i];
		total += (float)part * (a_scales[group] * b_scales[group]);
	}
	return total;
}

static void multiply_small(float *out, const struct matrix *weights, const int8_t *in,
	const float *scales, uint32_t count)
{
	uint32_t rows = weights->rows, columns = weights->columns;

	for (uint32_t row = 0; row < rows; row++) {
		const int8_t *line = weights->small + (size_t)row * columns;
		const float *line_scales = weights->scales + (size_t)row * (columns / GROUP);

		for (uint32_t step = 0; step < count; step++)
			out[(size_t)step * rows + row] = dot_small(line, line_scales,
				in + (size_t)step * columns, scales + (size_t)step * (columns / GROUP),
				columns);
	}
}

static void quantise(int8_t *out, float *scales, const float *in, uint32_t count)
{
	for (uint32_t at = 0; at < count; at += GROUP) {
		float largest = 0, scale;

		for (uint32_t i = 0; i < GROUP; i++)
			largest = fmaxf(largest, fabsf(in[at + i]));
		scale = largest / 127;
		scales[at / GROUP] = scale;
		for (uint32_t i = 0; i < GROUP; i++)
			out[at + i] = scale > 0 ? (int8_t)lrintf(in[at + i] / scale) : 0;
	}
}

static void add_scaled(float *to, const float *from, float scale, uint32_t count)
{
	for (uint32_t i = 0; i < count; i += 8) {
		lanes sum_of = load(to + i) + load(from + i) * scale;

		memcpy(to + i, &sum_of, sizeof(sum_of));
	}
}

const struct kernels KERNELS = { multiply, multiply_small, quantise, dot, add_scaled };
