/* SPDX-License-Identifier: MIT
 *
 * plugin.c - a part that the service loads by dlopen while it is already being sampled: it renders
 * a small picture.
 */
#include "service.h"

#include <stdlib.h>

#define SIDE 80

struct picture {
	uint16_t pixels[SIDE][SIDE];
	uint64_t rendered;
};

void *plugin_create(void)
{
	return calloc(1, sizeof(struct picture));
}

void plugin_destroy(void *state)
{
	free(state);
}

/* How often the point can be squared before it leaves; in whole numbers, the same everywhere. */
SERVICE_FUNCTION static uint16_t render_pixel(int32_t x0, int32_t y0)
{
	int32_t x = 0, y = 0;
	uint16_t steps = 0;

	while (steps < 60 && (int64_t)x * x + (int64_t)y * y < (int64_t)4 << 24) {
		int32_t next = (int32_t)(((int64_t)x * x - (int64_t)y * y) >> 12) + x0;

		y = (int32_t)(((int64_t)x * y) >> 11) + y0;
		x = next;
		steps++;
	}
	return steps;
}

SERVICE_FUNCTION uint64_t plugin_render(void *state, uint64_t until_ns)
{
	struct picture *picture = state;
	uint64_t sum;

	do {
		sum = 1;
		for (int row = 0; row < SIDE; row++)
			for (int column = 0; column < SIDE; column++) {
				int32_t x = column * 12288 / SIDE - 8192;
				int32_t y = row * 8192 / SIDE - 4096;
				uint16_t pixel = render_pixel(x, y);

				picture->pixels[row][column] = pixel;
				sum = service_mix(sum, pixel);
			}
		if (!service_same(&picture->rendered, sum))
			return 0;
	} while (service_cpu_ns() < until_ns);
	return sum;
}
