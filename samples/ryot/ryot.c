/* SPDX-License-Identifier: MIT
 *
 * ryot.c - serve prompts with a small language model: ryot --help.
 *
 * A request's time to first token is its prompt's forward pass; its inter-token times are every gap
 * after that.  The tokens of the first request are computed once more, one by one and alone, and
 * must be the same.
 */
#include "ryot.h"

#include <stdlib.h>
#include <string.h>

#include "common/sample.h"
#include "neuroprof/neuroprof.h"

#define BATCH_MAX 64u
#define GUESS_MAX 16u
#define STALL_EVERY 50u
#define STALL_NS    60000000u

struct settings {
	uint64_t prompt, generate, requests, batch, window, speculate, seed;
	const char *size, *precision, *kernels, *draft, *defect;
};

struct server {
	const struct settings *settings;
	struct model model, draft;	/* the draft: the same weights as int8; or none */
	struct workspace work;
	struct defects defects;
	struct sample_latency first_token, inter_token;
	struct neuroprof_metric *prefill_span, *decode_span, *tokens_total;
	uint64_t prefill_ns, decode_ns, decoded, guessed, accepted, checksum, stall_count;
};

uint32_t guess(const struct sequence *sequence, uint32_t newest, uint32_t *guessed, uint32_t most)
{
	uint32_t before = sequence->length ? sequence->tokens[sequence->length - 1] : 0, count = 0;

	for (uint32_t at = sequence->length; at-- > 1 && !count;) {
		if (sequence->tokens[at] != newest || sequence->tokens[at - 1] != before)
			continue;
		while (count < most && at + 1 + count < sequence->length) {
			guessed[count] = sequence->tokens[at + 1 + count];
			count++;
		}
	}
	return count;
}

/* What the draft would say, token by token.  It looks at the model's own cache, and what it adds there is
 * computed again by the model when the guess is verified (Zhang and others, "Draft & Verify", 2023, for
 * guessing with the model's own weights, made cheaper). */
static uint32_t guess_by_draft(struct server *server, struct sequence *sequence, uint32_t newest,
	uint32_t *guessed, uint32_t most)
{
	for (uint32_t i = 0; i < most; i++) {
		struct step step = { .sequence = sequence, .position = sequence->length + i,
			.token = i ? guessed[i - 1] : newest, .wants_logits = true };

		forward(&server->draft, &server->work, &step, 1, &server->defects);
		guessed[i] = step.best;
	}
	return most;
}

/* The prompt of a request: its tokens are drawn, with some that come again as in any text. */
static void make_prompt(const struct settings *settings, uint64_t request, uint32_t vocab,
	uint32_t *tokens)
{
	struct sample_random random = { settings->seed * 7919 + request };

	for (uint64_t i = 0; i < settings->prompt; i++)
		tokens[i] = i > 8 && sample_random_below(&random, 3) == 0
				    ? tokens[i - 8]
				    : sample_random_below(&random, vocab);
}

static uint32_t prefill(struct server *server, struct sequence *sequence, const uint32_t *prompt)
{
	uint32_t count = (uint32_t)server->settings->prompt;
	struct step *steps = sample_allocate(count * sizeof(*steps));
	uint32_t best;

	for (uint32_t i = 0; i < count; i++)
		steps[i] = (struct step){ .sequence = sequence, .position = i, .token = prompt[i],
			.wants_logits = i + 1 == count };
	memcpy(sequence->tokens, prompt, count * sizeof(*prompt));
	sequence->length = count;
	forward(&server->model, &server->work, steps, count, &server->defects);
	best = steps[count - 1].best;
	free(steps);
	return best;
}

/* The defect "no-cache": all positions are computed again for every token. */
static void decode_without_cache(struct server *server, struct step *last)
{
	struct sequence *sequence = last->sequence;
	struct step *steps = sample_allocate((last->position + 1) * sizeof(*steps));

	for (uint32_t i = 0; i < last->position; i++)
		steps[i] = (struct step){ .sequence = sequence, .position = i,
			.token = sequence->tokens[i] };
	steps[last->position] = *last;
	forward(&server->model, &server->work, steps, last->position + 1, &server->defects);
	last->best = steps[last->position].best;
	free(steps);
}

static uint32_t take(struct sequence *sequence, const struct step *step)
{
	sequence->tokens[step->position] = step->token;
	sequence->length = step->position + 1;
	return step->best;
}

/* One round for one sequence, NEWEST not computed yet: it and what is guessed to follow it.  Stores
 * the tokens that are now known, at least one, in OUT, and returns how many. */
static uint32_t decode_guessing(struct server *server, struct sequence *sequence, uint32_t newest,
	uint32_t *out, uint32_t most)
{
	struct step steps[GUESS_MAX + 1];
	uint32_t guessed[GUESS_MAX], count = (uint32_t)server->settings->speculate, right = 0;

	count = count < most ? count : most - 1;
	count = server->draft.layers ? guess_by_draft(server, sequence, newest, guessed, count)
				     : guess(sequence, newest, guessed, count);
	for (uint32_t i = 0; i <= count; i++)
		steps[i] = (struct step){ .sequence = sequence, .position = sequence->length + i,
			.token = i ? guessed[i - 1] : newest, .wants_logits = true };
	forward(&server->model, &server->work, steps, count + 1, &server->defects);
	out[0] = take(sequence, &steps[0]);
	while (right < count && guessed[right] == out[right]) {
		right++;
		out[right] = take(sequence, &steps[right]);
	}
	server->guessed += count;
	server->accepted += right;
	return right + 1;
}

static void decode_batch(struct server *server, struct sequence *sequences, uint32_t *newest,
	uint32_t count)
{
	struct step steps[BATCH_MAX];

	for (uint32_t i = 0; i < count; i++)
		steps[i] = (struct step){ .sequence = &sequences[i], .position = sequences[i].length,
			.token = newest[i], .wants_logits = true };
	if (server->defects.no_cache) {
		for (uint32_t i = 0; i < count; i++)
			decode_without_cache(server, &steps[i]);
	} else {
		forward(&server->model, &server->work, steps, count, &server->defects);
	}
	for (uint32_t i = 0; i < count; i++)
		newest[i] = take(&sequences[i], &steps[i]);
	if (server->defects.stall && ++server->stall_count % STALL_EVERY == 0)
		sample_sleep_until(sample_now_ns() + STALL_NS);
}

static void note_tokens(struct server *server, uint64_t ns, uint64_t tokens, uint64_t each)
{
	server->decode_ns += ns;
	server->decoded += tokens;
	neuroprof_counter_add(server->tokens_total, tokens);
	for (uint64_t i = 0; i < each; i++)	/* the tokens of a guess come all at once */
		sample_latency_add(&server->inter_token, i ? 0 : ns);
}

/* Serve COUNT requests together; every token generated goes to OUT[request * generate + i]. */
static void serve(struct server *server, uint64_t first, uint32_t count, uint32_t *out)
{
	const struct settings *settings = server->settings;
	uint32_t generate = (uint32_t)settings->generate, made = 1, newest[BATCH_MAX];
	struct sequence sequences[BATCH_MAX];
	uint32_t *prompt = sample_allocate(settings->prompt * sizeof(*prompt));
	uint64_t begun = sample_now_ns(), span;

	for (uint32_t i = 0; i < count; i++) {
		sequence_init(&sequences[i], &server->model.shape,
			(uint32_t)settings->prompt + generate + GUESS_MAX, (uint32_t)settings->window);
		make_prompt(settings, first + i, server->model.shape.vocab, prompt);
		span = neuroprof_span_begin(server->prefill_span);
		begun = sample_now_ns();
		newest[i] = out[(size_t)i * generate] = prefill(server, &sequences[i], prompt);
		sample_latency_add(&server->first_token, sample_now_ns() - begun);
		server->prefill_ns += sample_now_ns() - begun;
		neuroprof_span_end(span);
	}
	while (made < generate) {
		span = neuroprof_span_begin(server->decode_span);
		begun = sample_now_ns();
		if (count == 1 && settings->speculate) {
			uint32_t got = decode_guessing(server, &sequences[0], newest[0], out + made,
				generate - made);

			made += got;
			newest[0] = out[made - 1];
			note_tokens(server, sample_now_ns() - begun, got, got);
		} else {
			decode_batch(server, sequences, newest, count);
			for (uint32_t i = 0; i < count; i++)
				out[(size_t)i * generate + made] = newest[i];
			made++;
			note_tokens(server, sample_now_ns() - begun, count, 1);
		}
		neuroprof_span_end(span);
	}
	for (uint32_t i = 0; i < count; i++)
		sequence_free(&sequences[i]);
	free(prompt);
}

/* The first request once more, token by token, alone, without guessing. */
static void check(struct server *server, const uint32_t *served)
{
	struct settings plain = *server->settings;
	struct server alone = { .settings = &plain, .model = server->model, .work = server->work };
	uint32_t *tokens = sample_allocate(plain.generate * sizeof(*tokens));

	plain.speculate = 0;
	serve(&alone, 0, 1, tokens);
	for (uint64_t i = 0; i < plain.generate; i++) {
		if (tokens[i] != served[i])
			sample_fail("token %llu of the first request is %u, computed alone %u",
				(unsigned long long)i, served[i], tokens[i]);
	}
	free(tokens);
}

static void print_result(struct server *server)
{
	const struct settings *settings = server->settings;
	double seconds = (double)server->decode_ns / 1e9;

	sample_latency_print("ttft", &server->first_token);
	sample_latency_print("inter_token", &server->inter_token);
	sample_print("tokens_per_s", (double)server->decoded / seconds);
	sample_print("prefill_tokens_per_s", (double)(settings->prompt * settings->requests) /
		((double)server->prefill_ns / 1e9));
	sample_print("model_mb", (double)(server->model.bytes + server->draft.bytes) / 1e6);
	if (settings->speculate) {
		sample_print("guesses_accepted_percent",
			server->guessed ? 100.0 * (double)server->accepted / (double)server->guessed : 0);
		sample_print("guessed_count", (double)server->guessed);
	}
	sample_print_checksum("checksum", server->checksum);
}

static void run(const struct settings *settings)
{
	struct server *server = sample_allocate(sizeof(*server));
	uint32_t longest = (uint32_t)(settings->prompt + settings->generate), *tokens;
	uint32_t steps = server->defects.no_cache ? longest : (uint32_t)settings->prompt;

	server->settings = settings;
	server->defects = (struct defects){ .no_cache = sample_is(settings->defect, "no-cache"),
		.sort = sample_is(settings->defect, "sort"),
		.page_faults = sample_is(settings->defect, "page-faults"),
		.stall = sample_is(settings->defect, "stall") };
	server->checksum = SAMPLE_CHECKSUM_START;
	server->prefill_span = neuroprof_span("ryot.prefill");
	server->decode_span = neuroprof_span("ryot.decode");
	server->tokens_total = neuroprof_counter("ryot.tokens", "{token}", NULL);
	model_init(&server->model, ryot_shape_find(settings->size), settings->seed,
		sample_is(settings->precision, "int8"));
	if (settings->speculate && sample_is(settings->draft, "int8"))
		model_init(&server->draft, ryot_shape_find(settings->size), settings->seed, true);
	if (server->defects.no_cache)
		steps = longest;
	steps = steps < BATCH_MAX ? BATCH_MAX : steps;
	workspace_init(&server->work, &server->model, steps, longest + GUESS_MAX);
	tokens = sample_allocate(settings->batch * settings->generate * sizeof(*tokens));
	for (uint64_t at = 0; at < settings->requests; at += settings->batch) {
		uint64_t left = settings->requests - at;
		uint32_t count = (uint32_t)(left < settings->batch ? left : settings->batch);

		serve(server, at, count, tokens);
		server->checksum = sample_checksum(server->checksum, tokens,
			count * settings->generate * sizeof(*tokens));
		if (at == 0)
			check(server, tokens);
	}
	print_result(server);
	free(tokens);
	workspace_free(&server->work);
	model_free(&server->model);
	if (server->draft.layers)
		model_free(&server->draft);
	free(server);
}

int main(int argc, char **argv)
{
	static const char *const sizes[] = { "small", "medium", "large", NULL };
	static const char *const precisions[] = { "fp32", "int8", NULL };
	static const char *const kernels[] = { "auto", "plain", "avx2", "vnni", NULL };
	static const char *const drafts[] = { "lookup", "int8", NULL };
	static const char *const defects[] = { "none", "no-cache", "sort", "page-faults", "stall", NULL };
	struct settings settings = { .prompt = 100, .generate = 64, .requests = 20, .batch = 1,
		.seed = 1, .size = sizes[0], .precision = precisions[0], .kernels = kernels[0],
		.draft = drafts[0], .defect = defects[0] };
	const struct sample_option table[] = {
		{ "size", "of the model", NULL, 0, 0, &settings.size, sizes, NULL },
		{ "precision", "of the weights", NULL, 0, 0, &settings.precision, precisions, NULL },
		{ "int8-kernels", "inner loops of --precision int8: the same numbers", NULL, 0, 0,
			&settings.kernels, kernels, NULL },
		{ "prompt", "tokens", &settings.prompt, 1, 4096, NULL, NULL, NULL },
		{ "generate", "tokens", &settings.generate, 2, 4096, NULL, NULL, NULL },
		{ "requests", "in all", &settings.requests, 1, 100000, NULL, NULL, NULL },
		{ "batch", "requests served together", &settings.batch, 1, BATCH_MAX, NULL, NULL, NULL },
		{ "window", "positions that attention looks back; 0: all", &settings.window, 0, 4096,
			NULL, NULL, NULL },
		{ "speculate", "tokens guessed ahead, with --batch 1", &settings.speculate, 0, GUESS_MAX,
			NULL, NULL, NULL },
		{ "draft", "who guesses: what followed before, or the same model with int8 weights",
			NULL, 0, 0, &settings.draft, drafts, NULL },
		{ "seed", "of weights and prompts", &settings.seed, 0, UINT32_MAX, NULL, NULL, NULL },
		{ "defect", "plant one", NULL, 0, 0, &settings.defect, defects, NULL },
		{ 0 },
	};

	sample_options(argc, argv, "Serve prompts with a small transformer whose weights are drawn.",
		table);
	if (!ryot_kernels_choose(settings.kernels))
		sample_usage_error("--int8-kernels: this processor has no %s", settings.kernels);
	run(&settings);
	sample_print("peak_rss_mb", (double)sample_peak_rss_bytes() / 1e6);
	return 0;
}
