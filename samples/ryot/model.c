/* SPDX-License-Identifier: MIT
 *
 * model.c - weights from a seed, in three sizes, as floats or int8; sequences, workspaces, and which
 * inner loops run.
 */
#include "ryot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/sample.h"

static const struct ryot_shape shapes[] = {
	{ "small", 256, 4, 8, 4, 704, 4096 },
	{ "medium", 512, 6, 8, 4, 1376, 8192 },
	{ "large", 768, 8, 12, 4, 2048, 16384 },
};

const struct ryot_shape *ryot_shape_find(const char *name)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (sample_is(name, shapes[i].name))
			return &shapes[i];
	}
	return NULL;
}

static const struct kernels *chosen = &kernels_plain;
static const struct small_kernels *chosen_small = &small_kernels_plain;

bool ryot_kernels_choose(const char *name)
{
	bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
	const struct {
		const char *name;
		const struct small_kernels *kernels;
		bool has;
	} all[] = {			/* the best first */
#ifdef RYOT_VNNI
		{ "vnni", &small_kernels_vnni, has_avx2 && __builtin_cpu_supports("avx512vnni") &&
			__builtin_cpu_supports("avx512vl") },
#endif
		{ "avx2", &small_kernels_avx2, has_avx2 },
		{ "plain", &small_kernels_plain, true },
	};

	if (has_avx2)
		chosen = &kernels_avx2;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i].has && (sample_is(name, "auto") || sample_is(name, all[i].name))) {
			chosen_small = all[i].kernels;
			return true;
		}
	}
	return false;
}

const struct kernels *ryot_kernels(void)
{
	return chosen;
}

const struct small_kernels *ryot_small_kernels(void)
{
	return chosen_small;
}

static void matrix_init(struct model *model, struct matrix *matrix, uint32_t rows, uint32_t columns,
	struct sample_random *random)
{
	size_t count = (size_t)rows * columns;
	float scale = 2.0f / sqrtf((float)columns);

	if (columns % GROUP || rows % 4)
		sample_fail("a matrix of %u rows of %u numbers has no kernel", rows, columns);
	*matrix = (struct matrix){ .rows = rows, .columns = columns };
	matrix->real = sample_allocate(count * sizeof(*matrix->real));
	for (size_t i = 0; i < count; i++)
		matrix->real[i] = ((float)sample_random_unit(random) - 0.5f) * 2 * scale;
	if (!model->is_int8) {
		model->bytes += count * sizeof(*matrix->real);
		return;
	}
	matrix->small = sample_allocate(count);
	matrix->scales = sample_allocate(count / GROUP * sizeof(*matrix->scales));
	ryot_small_kernels()->quantise(matrix->small, matrix->scales, matrix->real, rows, columns);
	model->bytes += count + count / GROUP * sizeof(*matrix->scales);
	free(matrix->real);
	matrix->real = NULL;
}

static void matrix_free(struct matrix *matrix)
{
	free(matrix->real);
	free(matrix->small);
	free(matrix->scales);
}

static float *ones(uint32_t count)
{
	float *vector = sample_allocate(count * sizeof(*vector));

	for (uint32_t i = 0; i < count; i++)
		vector[i] = 1;
	return vector;
}

void model_init(struct model *model, const struct ryot_shape *shape, uint64_t seed, bool is_int8)
{
	struct sample_random random = { seed };
	uint32_t kv = shape->dim / shape->heads * shape->kv_heads;

	*model = (struct model){ .shape = *shape, .is_int8 = is_int8 };
	model->layers = sample_allocate(shape->layers * sizeof(*model->layers));
	matrix_init(model, &model->embedding, shape->vocab, shape->dim, &random);
	for (uint32_t i = 0; i < shape->layers; i++) {
		struct layer *layer = &model->layers[i];

		matrix_init(model, &layer->query, shape->dim, shape->dim, &random);
		matrix_init(model, &layer->key, kv, shape->dim, &random);
		matrix_init(model, &layer->value, kv, shape->dim, &random);
		matrix_init(model, &layer->out, shape->dim, shape->dim, &random);
		matrix_init(model, &layer->gate, shape->hidden, shape->dim, &random);
		matrix_init(model, &layer->up, shape->hidden, shape->dim, &random);
		matrix_init(model, &layer->down, shape->dim, shape->hidden, &random);
		layer->attention_norm = ones(shape->dim);
		layer->feed_norm = ones(shape->dim);
	}
	model->final_norm = ones(shape->dim);
}

void model_free(struct model *model)
{
	for (uint32_t i = 0; i < model->shape.layers; i++) {
		struct layer *layer = &model->layers[i];
		struct matrix *all[] = { &layer->query, &layer->key, &layer->value, &layer->out,
			&layer->gate, &layer->up, &layer->down };

		for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++)
			matrix_free(all[k]);
		free(layer->attention_norm);
		free(layer->feed_norm);
	}
	matrix_free(&model->embedding);
	free(model->layers);
	free(model->final_norm);
}

void sequence_init(struct sequence *sequence, const struct ryot_shape *shape, uint32_t capacity,
	uint32_t window)
{
	size_t kv = (size_t)shape->dim / shape->heads * shape->kv_heads;
	size_t count = shape->layers * kv * capacity;

	*sequence = (struct sequence){ .capacity = capacity, .window = window };
	sequence->keys = sample_allocate(count * sizeof(float));
	sequence->values = sample_allocate(count * sizeof(float));
	sequence->tokens = sample_allocate(capacity * sizeof(uint32_t));
}

void sequence_free(struct sequence *sequence)
{
	free(sequence->keys);
	free(sequence->values);
	free(sequence->tokens);
}

void workspace_init(struct workspace *work, const struct model *model, uint32_t steps_max,
	uint32_t positions_max)
{
	const struct ryot_shape *shape = &model->shape;
	size_t n = steps_max, widest = shape->hidden > shape->dim ? shape->hidden : shape->dim;

	*work = (struct workspace){ .steps_max = steps_max };
	work->x = sample_allocate(n * shape->dim * sizeof(float));
	work->normed = sample_allocate(n * shape->dim * sizeof(float));
	work->query = sample_allocate(n * shape->dim * sizeof(float));
	work->key = sample_allocate(n * shape->dim * sizeof(float));
	work->value = sample_allocate(n * shape->dim * sizeof(float));
	work->attended = sample_allocate(n * shape->dim * sizeof(float));
	work->gate = sample_allocate(n * shape->hidden * sizeof(float));
	work->up = sample_allocate(n * shape->hidden * sizeof(float));
	work->scores = sample_allocate(positions_max * sizeof(float));
	work->logits = sample_allocate(n * shape->vocab * sizeof(float));
	work->small = sample_allocate(n * widest);
	work->scales = sample_allocate((n + 3) / 4 * 4 * widest / GROUP * sizeof(float));
}

void workspace_free(struct workspace *work)
{
	void *all[] = { work->x, work->normed, work->query, work->key, work->value, work->attended,
		work->gate, work->up, work->scores, work->logits, work->small, work->scales };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		free(all[i]);
}
