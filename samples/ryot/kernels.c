/* SPDX-License-Identifier: MIT
 *
 * kernels.c - the inner loops of the model.  Built twice; KERNELS names the table.  For int8 weights
 * see kernels_small.c.
 *
 * Every dot product adds in the same order, eight lanes that are summed at the end, whether one
 * step is computed or four at once: four share the load of a weight.
 */
#include "ryot.h"

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

static void add_scaled(float *to, const float *from, float scale, uint32_t count)
{
	for (uint32_t i = 0; i < count; i += 8) {
		lanes sum_of = load(to + i) + load(from + i) * scale;

		memcpy(to + i, &sum_of, sizeof(sum_of));
	}
}

const struct kernels KERNELS = { multiply, dot, add_scaled };
