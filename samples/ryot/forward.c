/* SPDX-License-Identifier: MIT
 *
 * forward.c - RMSNorm, rotary positions, grouped-query attention over the cache, SwiGLU.
 *
 * Touvron et al., "LLaMA", 2023; Su et al., "RoFormer", 2021; Ainslie et al., "GQA", 2023.
 */
#include "ryot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/sample.h"

SAMPLE_FUNCTION static void rms_norm(float *out, const float *in, const float *weight, uint32_t count)
{
	float scale = 1 / sqrtf(ryot_kernels()->dot(in, in, count) / (float)count + 1e-5f);

	for (uint32_t i = 0; i < count; i++)
		out[i] = in[i] * scale * weight[i];
}

/* OUT gets WEIGHTS times the inputs; with int8 those have been through quantise(). */
SAMPLE_FUNCTION static void multiply(const struct model *model, struct workspace *work, float *out,
	const struct matrix *weights, const float *in, uint32_t count)
{
	if (model->is_int8)
		ryot_small_kernels()->multiply(out, weights, work->small, work->scales, count);
	else
		ryot_kernels()->multiply(out, weights, in, count);
}

/* Once for all matrices that are multiplied with IN. */
SAMPLE_FUNCTION static void quantise(const struct model *model, struct workspace *work, const float *in,
	uint32_t columns, uint32_t count)
{
	if (model->is_int8)
		ryot_small_kernels()->quantise(work->small, work->scales, in, count, columns);
}

SAMPLE_FUNCTION static void rotate(float *vector, uint32_t heads, uint32_t head_size, uint32_t position)
{
	for (uint32_t i = 0; i < head_size; i += 2) {
		float angle = (float)position * powf(10000, -(float)i / (float)head_size);
		float c = cosf(angle), s = sinf(angle);

		for (uint32_t head = 0; head < heads; head++) {
			float *pair = vector + head * head_size + i, a = pair[0], b = pair[1];

			pair[0] = a * c - b * s;
			pair[1] = a * s + b * c;
		}
	}
}

/* Is this position still looked at from LAST?  A window keeps the sinks and the newest ones. */
static bool is_kept(const struct sequence *sequence, uint32_t position, uint32_t last)
{
	return !sequence->window || position < SINKS || position + sequence->window > last;
}

static void attend_head(struct workspace *work, const struct step *step, const float *query,
	const float *keys, const float *values, size_t stride, uint32_t head_size, float *out)
{
	const struct kernels *kernels = ryot_kernels();
	float scale = 1 / sqrtf((float)head_size), largest = -INFINITY, total = 0;
	uint32_t from = 0;

	for (uint32_t p = 0; p <= step->position; p++) {
		if (!is_kept(step->sequence, p, step->position)) {
			p = from = step->position - step->sequence->window;
			continue;
		}
		work->scores[p] = kernels->dot(query, keys + p * stride, head_size) * scale;
		largest = fmaxf(largest, work->scores[p]);
	}
	memset(out, 0, head_size * sizeof(float));
	for (uint32_t p = 0; p <= step->position; p++) {
		float weight;

		if (!is_kept(step->sequence, p, step->position)) {
			p = from;
			continue;
		}
		weight = expf(work->scores[p] - largest);
		total += weight;
		kernels->add_scaled(out, values + p * stride, weight, head_size);
	}
	for (uint32_t i = 0; i < head_size; i++)
		out[i] /= total;
}

SAMPLE_FUNCTION static void attention(const struct model *model, struct workspace *work, uint32_t layer,
	const struct step *steps, uint32_t count)
{
	const struct ryot_shape *shape = &model->shape;
	uint32_t head_size = shape->dim / shape->heads, share = shape->heads / shape->kv_heads;
	size_t kv = (size_t)head_size * shape->kv_heads;

	for (uint32_t i = 0; i < count; i++) {
		struct sequence *sequence = steps[i].sequence;
		size_t base = (size_t)layer * sequence->capacity * kv;
		size_t at = base + steps[i].position * kv;

		rotate(work->query + (size_t)i * shape->dim, shape->heads, head_size, steps[i].position);
		rotate(work->key + i * kv, shape->kv_heads, head_size, steps[i].position);
		memcpy(sequence->keys + at, work->key + i * kv, kv * sizeof(float));
		memcpy(sequence->values + at, work->value + i * kv, kv * sizeof(float));
	}
	for (uint32_t i = 0; i < count; i++) {
		size_t base = (size_t)layer * steps[i].sequence->capacity * kv;

		for (uint32_t head = 0; head < shape->heads; head++) {
			size_t shared = base + (size_t)head / share * head_size;
			size_t at = (size_t)i * shape->dim + (size_t)head * head_size;

			attend_head(work, &steps[i], work->query + at,
				steps[i].sequence->keys + shared, steps[i].sequence->values + shared, kv,
				head_size, work->attended + at);
		}
	}
}

SAMPLE_FUNCTION static void feed_forward(const struct model *model, struct workspace *work,
	const struct layer *layer, uint32_t count)
{
	size_t hidden = (size_t)count * model->shape.hidden;

	quantise(model, work, work->normed, model->shape.dim, count);
	multiply(model, work, work->gate, &layer->gate, work->normed, count);
	multiply(model, work, work->up, &layer->up, work->normed, count);
	for (size_t i = 0; i < hidden; i++)
		work->gate[i] = work->gate[i] / (1 + expf(-work->gate[i])) * work->up[i];
	quantise(model, work, work->gate, model->shape.hidden, count);
	multiply(model, work, work->attended, &layer->down, work->gate, count);
}

static void norm_all(struct workspace *work, const float *weight, uint32_t dim, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		rms_norm(work->normed + (size_t)i * dim, work->x + (size_t)i * dim, weight, dim);
}

static void add_all(struct workspace *work, size_t numbers)
{
	for (size_t i = 0; i < numbers; i++)
		work->x[i] += work->attended[i];
}

static void embed(const struct model *model, float *to, uint32_t token)
{
	uint32_t dim = model->shape.dim;
	const struct matrix *m = &model->embedding;
	size_t at = (size_t)token * dim;

	if (!model->is_int8) {
		memcpy(to, m->real + at, dim * sizeof(float));
		return;
	}
	for (uint32_t i = 0; i < dim; i++)
		to[i] = (float)m->small[at + i] * m->scales[small_scale_at(token, i / GROUP, dim / GROUP)];
}

struct candidate {
	float logit;
	uint32_t token;
};

static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return x->logit != y->logit ? (x->logit < y->logit) - (x->logit > y->logit)
				    : (x->token > y->token) - (x->token < y->token);
}

/* The defect "sort": all of the vocabulary is sorted to find the first. */
SAMPLE_FUNCTION static uint32_t best_by_sorting(const float *logits, uint32_t vocab)
{
	struct candidate *all = sample_allocate(vocab * sizeof(*all));
	uint32_t best;

	for (uint32_t i = 0; i < vocab; i++)
		all[i] = (struct candidate){ logits[i], i };
	qsort(all, vocab, sizeof(*all), compare_candidates);
	best = all[0].token;
	free(all);
	return best;
}

SAMPLE_FUNCTION static uint32_t best_of(const float *logits, uint32_t vocab)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < vocab; i++)
		best = logits[i] > logits[best] ? i : best;
	return best;
}

static void choose(const struct model *model, struct workspace *work, struct step *steps,
	uint32_t count, const struct defects *defects)
{
	uint32_t vocab = model->shape.vocab, dim = model->shape.dim, wanted = 0;

	for (uint32_t i = 0; i < count; i++) {	/* only what is asked for, moved to the front */
		if (steps[i].wants_logits)
			memmove(work->normed + (size_t)wanted++ * dim, work->normed + (size_t)i * dim,
				dim * sizeof(float));
	}
	quantise(model, work, work->normed, dim, wanted);
	multiply(model, work, work->logits, &model->embedding, work->normed, wanted);
	for (uint32_t i = 0, k = 0; i < count; i++) {
		if (!steps[i].wants_logits)
			continue;
		steps[i].best = defects->sort ? best_by_sorting(work->logits + (size_t)k * vocab, vocab)
					      : best_of(work->logits + (size_t)k * vocab, vocab);
		k++;
	}
}

/* The defect "page-faults": a fresh mapping for every layer, as an allocator that keeps nothing. */
SAMPLE_FUNCTION static void churn_pages(size_t bytes)
{
	uint8_t *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		return;
	for (size_t i = 0; i < bytes; i += 4096)
		pages[i] = 1;
	munmap(pages, bytes);
}

void forward(const struct model *model, struct workspace *work, struct step *steps, uint32_t count,
	const struct defects *defects)
{
	uint32_t dim = model->shape.dim;

	for (uint32_t i = 0; i < count; i++)
		embed(model, work->x + (size_t)i * dim, steps[i].token);
	for (uint32_t i = 0; i < model->shape.layers; i++) {
		const struct layer *layer = &model->layers[i];

		if (defects->page_faults)
			churn_pages((size_t)1 << 20);
		norm_all(work, layer->attention_norm, dim, count);
		quantise(model, work, work->normed, dim, count);
		multiply(model, work, work->query, &layer->query, work->normed, count);
		multiply(model, work, work->key, &layer->key, work->normed, count);
		multiply(model, work, work->value, &layer->value, work->normed, count);
		attention(model, work, i, steps, count);
		quantise(model, work, work->attended, dim, count);
		multiply(model, work, work->normed, &layer->out, work->attended, count);
		memcpy(work->attended, work->normed, (size_t)count * dim * sizeof(float));
		add_all(work, (size_t)count * dim);
		norm_all(work, layer->feed_norm, dim, count);
		feed_forward(model, work, layer, count);
		add_all(work, (size_t)count * dim);
	}
	norm_all(work, model->final_norm, dim, count);
	choose(model, work, steps, count, defects);
}
