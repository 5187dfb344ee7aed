/* SPDX-License-Identifier: MIT
 *
 * ryot.h - a llama-style transformer with seeded weights, and the parts that it is made of.
 *
 * A forward pass takes any mixture of positions of any sequences: a prompt, one token each of a
 * batch, or a guess to be verified.  A dot product has one order of additions whatever it is mixed
 * with, so the tokens that come out are the same, bit for bit; ryot.c checks that.
 */
#ifndef RYOT_H
#define RYOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GROUP 32u		/* int8: numbers of a row that share a scale */
#define SINKS 4u		/* a pruned cache keeps the first positions, all attention rests on them */

struct ryot_shape {
	const char *name;
	uint32_t dim, layers, heads, kv_heads, hidden, vocab;
};

/* A matrix, row by row, as floats or as int8 groups with a scale each. */
struct matrix {
	uint32_t rows, columns;
	float *real;
	int8_t *small;
	float *scales;			/* at small_scale_at(row, group, groups) */
};

/* Rows in blocks of four, so that the scales of four rows' group lie side by side. */
static inline size_t small_scale_at(size_t row, size_t group, size_t groups)
{
	return row / 4 * 4 * groups + group * 4 + row % 4;
}

struct layer {
	struct matrix query, key, value, out, gate, up, down;
	float *attention_norm, *feed_norm;
};

struct model {
	struct ryot_shape shape;
	struct layer *layers;
	struct matrix embedding;	/* also the output matrix */
	float *final_norm;
	uint64_t bytes;
	bool is_int8;
};

struct sequence {
	float *keys, *values;		/* [layer][position][kv_heads * head size] */
	uint32_t *tokens;
	uint32_t length, capacity;
	uint32_t window;		/* positions that attention looks back; 0 = all */
};

struct step {				/* one position to be computed */
	struct sequence *sequence;
	uint32_t position, token;
	bool wants_logits;
	uint32_t best;			/* out: the most likely next token */
};

struct workspace {
	uint32_t steps_max;
	float *x, *normed, *query, *key, *value, *attended, *gate, *up, *scores, *logits;
	int8_t *small;
	float *scales;
};

/* kernels.c, built once for any x86-64 and once with AVX2 and FMA. */
struct kernels {
	/* out[step][row] = weights[row] . in[step], for COUNT steps */
	void (*multiply)(float *out, const struct matrix *weights, const float *in, uint32_t count);
	float (*dot)(const float *a, const float *b, uint32_t count);
	void (*add_scaled)(float *to, const float *from, float scale, uint32_t count);
};
extern const struct kernels kernels_plain, kernels_avx2;

/* kernels_small.c: the same for int8 weights; bit for bit the same on every processor. */
struct small_kernels {
	void (*multiply)(float *out, const struct matrix *weights, const int8_t *in,
		const float *scales, uint32_t count);
	void (*quantise)(int8_t *out, float *scales, const float *in, uint32_t rows, uint32_t columns);
};
extern const struct small_kernels small_kernels_plain, small_kernels_avx2, small_kernels_vnni;

/* The best that the processor has; for int8, those of a NAME: "auto", "plain", "avx2" or "vnni".
 * Returns false when the processor, or what built this, lacks them. */
bool ryot_kernels_choose(const char *name);
const struct kernels *ryot_kernels(void);
const struct small_kernels *ryot_small_kernels(void);

const struct ryot_shape *ryot_shape_find(const char *name);
void model_init(struct model *model, const struct ryot_shape *shape, uint64_t seed, bool is_int8);
void model_free(struct model *model);
void sequence_init(struct sequence *sequence, const struct ryot_shape *shape, uint32_t capacity,
	uint32_t window);
void sequence_free(struct sequence *sequence);
void workspace_init(struct workspace *work, const struct model *model, uint32_t steps_max,
	uint32_t positions_max);
void workspace_free(struct workspace *work);

struct defects {
	bool no_cache, sort, page_faults, stall;
};

/* Compute COUNT steps; those that want logits get `best`. */
void forward(const struct model *model, struct workspace *work, struct step *steps, uint32_t count,
	const struct defects *defects);

/* Guess up to MOST tokens that follow the sequence: what followed the last time that its two newest
 * tokens stood next to each other (prompt look-up, A. Saxena 2023).  Returns how many. */
uint32_t guess(const struct sequence *sequence, uint32_t newest, uint32_t *guessed, uint32_t most);

#endif
