/* SPDX-License-Identifier: MIT
 *
 * judge.c - verdicts per metric.  Context: tools.
 */
#include "measure/judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "measure/judge_tail.h"
#include "measure/order.h"

#define CONTROL_TRIALS	500u
#define STEAL_LIMIT	0.25		/* of the wall time */
#define OTHERS_LIMIT	0.1		/* of a core, used by others meanwhile */
#define CORES_MAX	1024u
#define CONTROL_PAIRS	4u		/* fewer say nothing */

const struct np_spec_target *np_judge_target_of(const struct np_spec *spec, const char *metric)
{
	for (size_t i = 0; spec && i < spec->target_count; i++) {
		if (strcmp(spec->targets[i].metric, metric) == 0)
			return &spec->targets[i];
	}
	return NULL;
}

static double median_of(const struct np_series *series)
{
	double *medians = np_xcalloc(series->runs + 1, sizeof(*medians)), median;

	for (size_t i = 0; i < series->runs; i++) {
		struct np_metric run = { .values = (double *)(uintptr_t)series->values[i],
			.count = series->counts[i] };

		medians[i] = np_metric_median(&run);
	}
	median = np_order_median(medians, series->runs);
	free(medians);
	return median;
}

/* Is the target met?  The acceptable range is what may be; without one the target is the limit. */
bool np_judge_is_missed(const struct np_spec_target *target, enum np_direction direction, double value)
{
	if (target->has_range)
		return direction == NP_HIGHER_IS_BETTER  ? value < target->least
		       : direction == NP_LOWER_IS_BETTER ? value > target->most
							 : value < target->least || value > target->most;
	if (!target->has_target || direction == NP_NO_DIRECTION)
		return false;
	return direction == NP_HIGHER_IS_BETTER ? value < target->target : value > target->target;
}

static void judge_one(struct np_judgement *judgement, const struct np_session *session,
		      const struct np_spec *spec, double confidence)
{
	const struct np_verdict_rules *rules = &session->rules->verdict;
	struct np_series series[2];
	bool higher;

	for (int arm = 0; arm < 2; arm++)
		series[arm] = np_arm_series(&session->arms[arm], judgement->metric);
	judgement->unit = np_metric_unit(judgement->metric);
	judgement->is_tail = np_metric_is_tail(judgement->metric);
	judgement->target = np_judge_target_of(spec, judgement->metric);
	judgement->is_target = judgement->target != NULL;
	judgement->direction = judgement->is_target && judgement->target->direction
				       ? (enum np_direction)judgement->target->direction
				       : np_metric_direction(judgement->metric);
	judgement->old_value = median_of(&series[0]);
	judgement->new_value = median_of(&series[1]);
	judgement->verdict = NP_INCONCLUSIVE;
	if (judgement->is_target)
		judgement->target_missed = np_judge_is_missed(judgement->target, judgement->direction,
			session->arms[1].count ? judgement->new_value : judgement->old_value);
	higher = judgement->direction == NP_HIGHER_IS_BETTER;
	judgement->runs_needed = NP_EFFECT_PAIRS_LEAST;
	if ((session->is_unpaired
		     ? np_effect_unpaired(&judgement->effect, &series[0], &series[1], confidence,
					  NP_EFFECT_RESAMPLES, NP_JUDGE_SEED)
		     : np_effect(&judgement->effect, &series[0], &series[1], NP_OF_MEDIAN, confidence,
				 NP_EFFECT_RESAMPLES, NP_JUDGE_SEED)) == 0 &&
	    judgement->effect.pairs >= NP_EFFECT_PAIRS_LEAST) {
		judgement->verdict = np_verdict(&judgement->effect, higher, rules);
		judgement->runs_needed = np_verdict_runs_needed(&judgement->effect, higher, rules);
	}
	if (judgement->is_tail) {
		judgement->samples_needed = np_judge_samples_needed(session, series, judgement->metric);
		if (judgement->samples_needed > 0)
			judgement->verdict = NP_INCONCLUSIVE;
	}
	np_series_free(&series[0]);
	np_series_free(&series[1]);
}

static int badness(enum np_verdict verdict)
{
	static const int order[NP_VERDICT_MAX] = { [NP_KEEP] = 0, [NP_NEUTRAL] = 1,
		[NP_INCONCLUSIVE] = 2, [NP_REVERT] = 3, [NP_REGRESSION] = 4, [NP_INVALID] = 5 };

	return order[verdict];
}

void np_judge_note_tail(struct np_comparison *comparison, const struct np_judgement *judgement)
{
	if (!comparison->has_tail || badness(judgement->verdict) > badness(comparison->tail_verdict))
		comparison->tail_verdict = judgement->verdict;
	comparison->has_tail = true;
}

static double share_of_wall(const struct np_session *session, const char *figure)
{
	double shares[2] = { 0, 0 };

	for (int arm = 0; arm < 2; arm++) {
		struct np_series part = np_arm_series(&session->arms[arm], figure);
		struct np_series wall = np_arm_series(&session->arms[arm], "wall_ms");

		if (part.runs && wall.runs && median_of(&wall) > 0)
			shares[arm] = median_of(&part) / median_of(&wall);
		np_series_free(&part);
		np_series_free(&wall);
	}
	return fmax(shares[0], shares[1]);
}

/* The runs of one program in one block, against each other, by the same rules.  FALSE_ALARMS may be
 * NULL. */
static enum np_verdict control_of(const struct np_session *session, const char *metric,
				  struct np_effect *effect, double *false_alarms)
{
	struct np_verdict_rules simple = session->rules->verdict;
	struct np_series all = np_arm_series(&session->arms[0], metric), first, second;
	enum np_verdict verdict = NP_INCONCLUSIVE;

	simple.is_complex = false;
	np_arm_control(&all, &first, &second);
	if (first.runs >= CONTROL_PAIRS && !session->is_unpaired) {
		if (false_alarms)
			*false_alarms = np_verdict_false_alarms(&first, &second, &simple, CONTROL_TRIALS);
		if (np_effect(effect, &first, &second, NP_OF_MEDIAN, 0.95, NP_EFFECT_RESAMPLES, NP_JUDGE_SEED) == 0)
			verdict = np_verdict(effect, false, &simple);
	}
	np_series_free(&first);
	np_series_free(&second);
	np_series_free(&all);
	return verdict;
}

/* If any run tells a checksum all must, and the same one: a program that broke is quick. */
static const char *find_other_result(const struct np_session *session)
{
	const char *known = NULL;
	bool is_missing = false;

	for (int arm = 0; arm < 2; arm++) {
		if (session->rules->results_differ)
			known = NULL;
		for (size_t i = 0; i < session->arms[arm].count; i++) {
			const char *checksum = session->arms[arm].runs[i].metrics.checksum;

			if (checksum && known && strcmp(checksum, known) != 0)
				return "the checksums of the results differ: the two do not do the same work";
			known = checksum ? checksum : known;
			is_missing |= !checksum;
		}
	}
	return known && is_missing ? "some runs told no checksum, others did: they do not do the same work"
				   : NULL;
}

static bool is_told_by_all(const struct np_session *session, const char *metric)
{
	for (int arm = 0; arm < 2; arm++) {
		for (size_t i = 0; i < session->arms[arm].count; i++) {
			if (!np_metrics_find(&session->arms[arm].runs[i].metrics, metric))
				return false;
		}
	}
	return true;
}

static const struct np_judgement *find_primary(const struct np_comparison *comparison)
{
	for (size_t i = 0; i < comparison->count; i++) {
		if (comparison->all[i].is_primary)
			return &comparison->all[i];
	}
	return NULL;
}

/* The mean of a figure over all runs of both arms. */
static double mean_of_runs(const struct np_session *session, const char *figure)
{
	double total = 0;
	size_t runs = 0;

	for (int arm = 0; arm < 2; arm++) {
		for (size_t i = 0; i < session->arms[arm].count; i++) {
			const struct np_metric *metric = np_metrics_find(&session->arms[arm].runs[i].metrics,
									 figure);

			total += metric ? metric->values[0] : 0;
			runs++;
		}
	}
	return runs ? total / (double)runs : 0;
}

/* Of the time on cores that the programs could have used, the share that they did not get.  What eight
 * threads on two cores take from each other is not missed: there are no more than two. */
static double denied_share(const struct np_session *session)
{
	double wall = mean_of_runs(session, "wall_ms"), cpu = mean_of_runs(session, "cpu_ms");
	double wanted = cpu + mean_of_runs(session, "run_delay_ms");
	int cores[CORES_MAX];
	double most = wall * (session->pinned ? 1 : (double)np_run_cores(cores, CORES_MAX));

	wanted = fmin(wanted, most);
	return wanted > 0 ? fmax(1 - cpu / wanted, 0) : 0;
}

/* Did it wait for others?  Threads that start together wait for each other on an idle machine, too. */
static bool is_machine_busy(const struct np_comparison *comparison)
{
	return comparison->delay_share > STEAL_LIMIT &&
		mean_of_runs(comparison->session, "other_cpu_ms") >
			OTHERS_LIMIT * mean_of_runs(comparison->session, "wall_ms");
}

/* Why wall times say nothing; "" when they do. */
static void find_disturbed(struct np_comparison *comparison)
{
	bool is_wall = strcmp(comparison->session->primary, "wall_ms") == 0;
	char *why = comparison->invalid;
	size_t size = sizeof(comparison->invalid);

	if (comparison->control == NP_KEEP || comparison->control == NP_REGRESSION ||
	    comparison->control == NP_REVERT)
		snprintf(why, size, "the control failed: the same program differs from itself by %+.1f %%",
			 100 * expm1(comparison->control_effect.log_ratio));
	else if (is_wall && comparison->steal_share > STEAL_LIMIT)
		snprintf(why, size, "the hypervisor took %.0f %% of the time: wall times say nothing",
			 100 * comparison->steal_share);
	else if (is_wall && is_machine_busy(comparison))
		snprintf(why, size, "the machine is busy: the programs got no core for %.0f %% of the time that "
			 "they wanted one", 100 * comparison->delay_share);
	comparison->is_disturbed = why[0] != '\0';
	if (comparison->is_disturbed && is_wall)
		snprintf(why + strlen(why), size - strlen(why), "; wait until it is idle, or decide by CPU time: "
			 "--metric cpu_ms");
}

static void find_invalid(struct np_comparison *comparison)
{
	const struct np_session *session = comparison->session;
	const struct np_judgement *primary = find_primary(comparison);
	const char *other = find_other_result(session);
	char *why = comparison->invalid;
	size_t size = sizeof(comparison->invalid);

	comparison->steal_share = share_of_wall(session, "steal_ms");
	comparison->delay_share = denied_share(session);
	comparison->is_disturbed = false;
	if (other)
		snprintf(why, size, "%s", other);
	else if (session->arms[1].count == 0)
		return;				/* nothing is compared */
	else if (!is_told_by_all(session, session->primary))
		snprintf(why, size, "not every run told '%.64s', by which it was to be decided",
			 session->primary);
	else if (primary && primary->direction == NP_NO_DIRECTION)
		snprintf(why, size, "whether '%.64s' is better higher or lower is not known: say 'better' in a "
			 "benchmark file's target", session->primary);
	else
		find_disturbed(comparison);
}

/* CPU time and memory know little of what else runs: on a disturbed machine they are judged by a control of
 * their own. */
static bool stands(const struct np_comparison *comparison, const char *metric)
{
	static const char *const names[] = { "cpu_ms", "user_ms", "system_ms", "peak_rss_mb" };
	bool is_sound = false;

	for (size_t i = 0; comparison->is_disturbed && i < sizeof(names) / sizeof(names[0]); i++)
		is_sound |= strcmp(metric, names[i]) == 0 &&
			strcmp(metric, comparison->session->primary) != 0;
	if (is_sound && !comparison->session->is_unpaired) {
		struct np_effect effect;
		enum np_verdict control = control_of(comparison->session, metric, &effect, NULL);

		is_sound = control == NP_NEUTRAL || control == NP_INCONCLUSIVE;
	}
	return is_sound;
}

static void withdraw(struct np_comparison *comparison)
{
	comparison->verdict = comparison->tail_verdict = NP_INVALID;
	for (size_t i = 0; i < comparison->count; i++) {
		if (!stands(comparison, comparison->all[i].metric))
			comparison->all[i].verdict = NP_INVALID;
	}
}

static bool is_worth_judging(const struct np_metric *metric, const struct np_session *session,
			     const struct np_spec *spec)
{
	if (strcmp(metric->name, session->primary) == 0 || np_judge_target_of(spec, metric->name))
		return true;
	if (metric->is_ours)
		return strcmp(metric->name, "wall_ms") == 0 || strcmp(metric->name, "cpu_ms") == 0 ||
			strcmp(metric->name, "peak_rss_mb") == 0;
	if (strstr(metric->name, "p999") || strstr(metric->name, "_max"))	/* by a few samples */
		return false;
	return np_metric_direction(metric->name) != NP_NO_DIRECTION;
}

static bool has_verdict_of_its_own(const struct np_judgement *judgement)
{
	return judgement->is_tail && !judgement->is_primary &&
		judgement->direction != NP_NO_DIRECTION && strstr(judgement->metric, "p99") &&
		!strstr(judgement->metric, "p999");
}

static bool is_judged(const struct np_comparison *comparison, const char *metric)
{
	size_t i = 0;

	while (i < comparison->count && strcmp(comparison->all[i].metric, metric) != 0)
		i++;
	return i < comparison->count;
}

/* Targets of what the first run does not tell, or no run: misspelt, most often, and not met. */
static void judge_other_targets(struct np_comparison *comparison, const struct np_session *session,
				const struct np_spec *spec, double confidence)
{
	const struct np_arm *newest = &session->arms[session->arms[1].count > 0];

	for (size_t i = 0; spec && i < spec->target_count; i++) {
		const struct np_spec_target *target = &spec->targets[i];
		struct np_judgement *judgement = &comparison->all[comparison->count];

		if (np_metrics_find(&session->arms[0].runs[0].metrics, target->metric) ||
		    is_judged(comparison, target->metric))
			continue;
		*judgement = (struct np_judgement){ .metric = target->metric };
		judge_one(judgement, session, spec, confidence);
		judgement->is_absent = !np_metrics_find(&newest->runs[0].metrics, target->metric);
		judgement->target_missed |= judgement->is_absent;
		comparison->count++;
	}
}

void np_judge(struct np_comparison *comparison, const struct np_session *session,
	      const struct np_spec *spec, double confidence)
{
	const struct np_metrics *first = &session->arms[0].runs[0].metrics;
	size_t targets = spec ? spec->target_count : 0;

	comparison->session = session;
	comparison->spec_path = spec ? spec->path : NULL;
	comparison->verdict = comparison->tail_verdict = NP_INCONCLUSIVE;
	comparison->invalid[0] = '\0';
	comparison->has_tail = false;
	np_judge_free_tails(comparison);
	comparison->tails = np_xcalloc(first->count + 1, sizeof(*comparison->tails));
	comparison->all = np_xcalloc(2 * first->count + targets, sizeof(*comparison->all));
	for (size_t i = 0; i < first->count; i++) {
		struct np_judgement *judgement = &comparison->all[comparison->count];

		if (!is_worth_judging(&first->all[i], session, spec))
			continue;
		*judgement = (struct np_judgement){ .metric = first->all[i].name,
			.is_primary = strcmp(first->all[i].name, session->primary) == 0 };
		judge_one(judgement, session, spec, confidence);
		comparison->count++;
		if (judgement->is_primary)
			comparison->verdict = judgement->verdict;
		if (has_verdict_of_its_own(judgement))
			np_judge_note_tail(comparison, judgement);
	}
	np_judge_tails(comparison, session, spec, confidence);
	judge_other_targets(comparison, session, spec, confidence);
	comparison->control = control_of(session, session->primary, &comparison->control_effect,
					 &comparison->false_alarms);
	find_invalid(comparison);
	if (comparison->invalid[0])
		withdraw(comparison);
}

double np_judge_confidence(const struct np_comparison *all, size_t count)
{
	size_t tests = 0, found = 0;

	for (size_t i = 0; i < count; i++) {
		const enum np_verdict verdicts[] = { all[i].verdict, all[i].tail_verdict };

		for (int k = 0; k < 1 + all[i].has_tail; k++) {
			tests++;
			found += verdicts[k] == NP_KEEP || verdicts[k] == NP_REVERT ||
				verdicts[k] == NP_REGRESSION;
		}
	}
	if (tests < 2)
		return 0.95;
	return 1 - 0.05 * (double)(found ? found : 1) / (double)tests;
}

void np_hotspots_free(struct np_hotspots *hotspots)
{
	for (size_t i = 0; i < hotspots->count; i++) {
		free(hotspots->all[i].function);
		free(hotspots->all[i].module);
	}
	free(hotspots->all);
	*hotspots = (struct np_hotspots){ 0 };
}

void np_comparison_free(struct np_comparison *comparison)
{
	free(comparison->benchmark);
	free(comparison->case_name);
	free(comparison->commands[0]);
	free(comparison->commands[1]);
	free(comparison->all);
	np_judge_free_tails(comparison);
	free(comparison->artifact);
	free(comparison->movers);
	np_hotspots_free(&comparison->hotspots[0]);
	np_hotspots_free(&comparison->hotspots[1]);
}
