/* SPDX-License-Identifier: MIT
 *
 * judge_tail.c - how many samples a tail needs; the p99 of iterations.  Context: tools.
 */
#include "measure/judge_tail.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "measure/tail.h"

#define TAIL_VALUES_LEAST 100u		/* a p99 of fewer is their maximum */

/* How many values lie behind a tail: iterations, or what `..._count` beside `..._p99_...` says. */
static double samples_behind(const struct np_arm *arm, const struct np_series *series,
			     const char *metric)
{
	const char *p99 = strstr(metric, "_p99");	/* "p99" alone has no name to put a count beside */
	double samples = 0;
	char name[128];

	for (size_t i = 0; i < series->runs; i++) {
		const struct np_metric *count = NULL;

		if (p99 && (size_t)(p99 - metric) + 8 < sizeof(name)) {
			snprintf(name, sizeof(name), "%.*s_count", (int)(p99 - metric), metric);
			count = np_metrics_find(&arm->runs[i].metrics, name);
		}
		samples += count ? count->values[0] : (double)series->counts[i];
	}
	return samples;
}

/* A tail is judged when 30 samples lie above it in each arm: p99 needs 3 000 samples, p999 30 000. */
double np_judge_samples_needed(const struct np_session *session, const struct np_series *series,
				  const char *metric)
{
	double share = strstr(metric, "p999") ? 0.001 : 0.01, needed = 0;

	for (int arm = 0; arm < 2; arm++) {
		double have = samples_behind(&session->arms[arm], &series[arm], metric);

		needed = fmax(needed, NP_TAIL_SAMPLES / share - have);
	}
	return fmax(needed, 0);
}

static double p99_of(const struct np_series *series)
{
	struct np_tail tail = np_tail_make(series);
	double p99 = np_tail_p99(&tail, NULL);

	np_tail_free(&tail);
	return p99;
}

/* "request_p99_ms" of "request_ms". */
static char *tail_name(const char *metric)
{
	const char *unit = strrchr(metric, '_');
	char end[32];

	snprintf(end, sizeof(end), "x%s", unit ? unit : "");
	if (!np_metric_unit(end)[0])
		return np_xasprintf("%s_p99", metric);
	return np_xasprintf("%.*s_p99%s", (int)(unit - metric), metric, unit);
}

/* The p99 of a metric that tells each of its iterations. */
static void judge_iterations(struct np_judgement *judgement, const struct np_session *session,
			     const struct np_spec *spec, const struct np_series series[2],
			     double confidence)
{
	const struct np_verdict_rules *rules = &session->rules->verdict;

	judgement->unit = np_metric_unit(judgement->metric);
	judgement->is_tail = true;
	judgement->direction = NP_LOWER_IS_BETTER;
	judgement->target = np_judge_target_of(spec, judgement->metric);
	judgement->is_target = judgement->target != NULL;
	judgement->old_value = p99_of(&series[0]);
	judgement->new_value = p99_of(&series[1]);
	if (judgement->is_target)
		judgement->target_missed = np_judge_is_missed(judgement->target, judgement->direction,
			session->arms[1].count ? judgement->new_value : judgement->old_value);
	judgement->verdict = NP_INCONCLUSIVE;
	judgement->runs_needed = NP_EFFECT_PAIRS_LEAST;
	judgement->samples_needed = np_judge_samples_needed(session, series, judgement->metric);
	if (!session->is_unpaired &&
	    np_effect(&judgement->effect, &series[0], &series[1], NP_OF_P99, confidence,
		      NP_EFFECT_RESAMPLES, NP_JUDGE_SEED) == 0 &&
	    judgement->effect.pairs >= NP_EFFECT_PAIRS_LEAST) {
		judgement->runs_needed = np_verdict_runs_needed(&judgement->effect, false, rules);
		if (judgement->samples_needed == 0)
			judgement->verdict = np_verdict(&judgement->effect, false, rules);
	}
}

static size_t values_of(const struct np_series *series)
{
	size_t count = 0;

	for (size_t i = 0; i < series->runs; i++)
		count += series->counts[i];
	return count;
}

void np_judge_tails(struct np_comparison *comparison, const struct np_session *session,
			const struct np_spec *spec, double confidence)
{
	const struct np_metrics *first = &session->arms[0].runs[0].metrics;

	for (size_t i = 0; i < first->count; i++) {
		const struct np_metric *metric = &first->all[i];
		struct np_series series[2];
		char *name = NULL;

		if (metric->is_ours || metric->count < 2 || np_metric_is_tail(metric->name) ||
		    np_metric_direction(metric->name) != NP_LOWER_IS_BETTER)
			continue;
		for (int arm = 0; arm < 2; arm++)
			series[arm] = np_arm_series(&session->arms[arm], metric->name);
		if (values_of(&series[0]) >= TAIL_VALUES_LEAST)
			name = tail_name(metric->name);
		if (name && !np_metrics_find(first, name)) {
			struct np_judgement *judgement = &comparison->all[comparison->count++];

			*judgement = (struct np_judgement){ .metric = name };
			comparison->tails[comparison->tail_count++] = name;
			name = NULL;
			judge_iterations(judgement, session, spec, series, confidence);
			np_judge_note_tail(comparison, judgement);
		}
		free(name);
		np_series_free(&series[0]);
		np_series_free(&series[1]);
	}
}

void np_judge_free_tails(struct np_comparison *comparison)
{
	for (size_t i = 0; i < comparison->tail_count; i++)
		free(comparison->tails[i]);
	free(comparison->tails);
	comparison->tails = NULL;
	comparison->tail_count = 0;
}
