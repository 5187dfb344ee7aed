/* SPDX-License-Identifier: MIT
 *
 * hypothesis.c - noise between runs, the test of a change, false discoveries.  Context: tools.
 */
#include "analyze/hypothesis.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/student.h"
#include "base/message.h"

#define FIT_EXPECTED 10.0	/* samples a run for a function to say something about noise */
#define FIT_COUNT    8u		/* fewer functions: no shrinking */
#define PRIOR_DF_MAX 40.0
#define UNEXPLAINED  0.01	/* a phi that the prior gives less often is not shrunk */
#define GUARD_COUNT  8u		/* stable functions needed */
#define GUARD_SIGMAS 3.0
#define GUARD_CHANCE 0.00135	/* one-sided, what lies beyond three sigmas */
#define GUARD_LEAST  0.02	/* a smaller common change is not worth its uncertainty */

static double variance_of(const struct np_experiment *experiment, double p)
{
	return experiment->absolute ? p : p * (1 - p);
}

static size_t runs_of(const struct np_experiment *experiment)
{
	return experiment->count[0] + experiment->count[1];
}

static double clamp(double value, double least, double most)
{
	return value < least ? least : value > most ? most : value;
}

/* Shares by side, and the sum of exposures. */
static void pool(const struct np_experiment *experiment, const double *counts, double share[2],
		 double sum[2])
{
	size_t run = 0;

	for (int side = 0; side < 2; side++) {
		double x = 0;

		sum[side] = 0;
		for (size_t i = 0; i < experiment->count[side]; i++, run++) {
			x += counts[run];
			sum[side] += experiment->exposure[run];
		}
		share[side] = sum[side] > 0 ? x / sum[side] : 0;
		if (!experiment->absolute)	/* rounding */
			share[side] = clamp(share[side], 0, 1);
	}
}

/* Pearson's statistic of the replicates over its degrees of freedom; negative: not known. */
static double dispersion(const struct np_experiment *experiment, const double *counts)
{
	double share[2], sum[2], chi2 = 0, df = 0;
	size_t run = 0;

	pool(experiment, counts, share, sum);
	for (int side = 0; side < 2; side++) {
		double variance = variance_of(experiment, share[side]);

		if (variance > 0)
			df += (double)experiment->count[side] - 1;
		for (size_t i = 0; i < experiment->count[side]; i++, run++) {
			double n = experiment->exposure[run], off = counts[run] - n * share[side];

			if (variance > 0)
				chi2 += off * off / (n * variance);
		}
	}
	return df > 0 ? chi2 / df : -1;
}

/* How much phi0 grows with sigma^2: the mean of n·p·(1-p) over the runs. */
static double leverage(const struct np_experiment *experiment, const double *counts)
{
	double share[2], sum[2], runs = (double)runs_of(experiment);
	double variance;

	pool(experiment, counts, share, sum);
	variance = (share[0] * sum[0] + share[1] * sum[1]) / (sum[0] + sum[1]);
	/* Of counts per work the noise is relative: Var = n·p + (n·p·sigma)^2. */
	return (sum[0] + sum[1]) / runs * variance_of(experiment, variance);
}

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare_doubles);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* What the noise is estimated from. */
struct fit {
	double *phi, *leverage, *work;
	size_t count;
	double df;
};

/* Is the median of phi above TARGET times what SIGMA2 explains? */
static bool median_is_above(const struct fit *fit, double sigma2, double target)
{
	size_t above = 0;

	for (size_t i = 0; i < fit->count; i++)
		above += fit->phi[i] > target * (1 + fit->leverage[i] * sigma2);
	return 2 * above > fit->count;
}

/* The sigma^2 at which the median phi is what chance alone gives; outliers do not move it. */
static double fit_sigma2(const struct fit *fit)
{
	double root = 1 - 2 / (9 * fit->df), target = root * root * root, low = 0, high = 4;

	if (!median_is_above(fit, 0, target))
		return 0;
	for (int i = 0; i < 60; i++) {
		double middle = (low + high) / 2;

		if (median_is_above(fit, middle, target))
			low = middle;
		else
			high = middle;
	}
	return high;
}

/* Scale and degrees of freedom of the prior, from mean and variance of log phi (its own chance
 * part taken off). */
static void fit_prior(struct np_noise *noise, const struct fit *fit)
{
	double mean = 0, variance = 0, n = (double)fit->count, excess;

	for (size_t i = 0; i < fit->count; i++) {
		double ratio = fit->phi[i] / (1 + fit->leverage[i] * noise->sigma * noise->sigma);

		fit->work[i] = log(ratio > 1e-6 ? ratio : 1e-6);
		mean += fit->work[i] / n;
	}
	for (size_t i = 0; i < fit->count; i++)
		variance += (fit->work[i] - mean) * (fit->work[i] - mean) / (n - 1);
	excess = variance - np_trigamma(fit->df / 2);
	noise->prior_df = excess > 0 ? clamp(2 * np_trigamma_inverse(excess), 0.5, PRIOR_DF_MAX)
				     : PRIOR_DF_MAX;
	noise->prior_scale = exp(mean - np_digamma(fit->df / 2) + log(fit->df / 2) +
				 np_digamma(noise->prior_df / 2) - log(noise->prior_df / 2));
}

void np_noise_fit(struct np_noise *noise, const struct np_experiment *experiment,
		  const double *const *series, size_t count)
{
	struct fit fit = { .df = (double)runs_of(experiment) - 2 };

	*noise = (struct np_noise){ .sigma = experiment->noise, .prior_scale = 1 };
	if (fit.df < 1 || !experiment->samples_known)
		return;
	noise->sigma = 0;
	fit.phi = np_xcalloc(3 * count + 1, sizeof(*fit.phi));
	fit.leverage = fit.phi + count;
	fit.work = fit.leverage + count;
	for (size_t i = 0; i < count; i++) {
		double phi = dispersion(experiment, series[i]);

		fit.phi[fit.count] = phi;
		fit.leverage[fit.count] = leverage(experiment, series[i]);
		fit.count += phi >= 0 && fit.leverage[fit.count] >= FIT_EXPECTED;
	}
	if (fit.count >= FIT_COUNT) {
		noise->sigma = sqrt(fit_sigma2(&fit));
		fit_prior(noise, &fit);
	}
	free(fit.phi);
}

/* P(F > f) of Fisher's F. */
static double fisher_tail(double f, double df1, double df2)
{
	return np_beta_fraction(df2 / 2, df1 / 2, df2 / (df2 + df1 * f));
}

static void set_phi(struct np_verdict_of_share *ret, const struct np_experiment *experiment,
		    const struct np_noise *noise, const double *counts, double least_phi)
{
	double own = dispersion(experiment, counts), df = (double)runs_of(experiment) - 2;
	double prior_df = noise->prior_df;
	double trend = noise->prior_scale *
		       (1 + leverage(experiment, counts) * noise->sigma * noise->sigma);

	if (own < 0) {
		ret->phi = trend;
		ret->df = df > 0 && prior_df + df > 0 ? prior_df + df : INFINITY;
	} else {
		if (prior_df > 0 && df > 0 && fisher_tail(own / trend, df, prior_df) < UNEXPLAINED)
			prior_df = 0;
		ret->phi = (prior_df * trend + df * own) / (prior_df + df);
		ret->df = prior_df + df;
	}
	if (ret->phi < least_phi && experiment->samples_known)
		ret->phi = least_phi;
	if (ret->phi < 1 && experiment->samples_known)
		ret->phi = 1;
	if (!(ret->phi > 1e-6))
		ret->phi = 1e-6;
}

void np_hypothesis_test(struct np_verdict_of_share *ret, const struct np_experiment *experiment,
			const struct np_noise *noise, const double *counts, double least_phi)
{
	double sum[2], common, scale = experiment->scale, null, margin, apart, most;

	pool(experiment, counts, ret->share, sum);
	set_phi(ret, experiment, noise, counts, least_phi);
	ret->share[1] *= scale;
	ret->change = ret->share[1] - ret->share[0];
	/* Under "nothing changed" both sides have the same share. */
	common = (ret->share[0] * sum[0] + ret->share[1] * sum[1]) / (sum[0] + sum[1]);
	margin = common * experiment->scale_error;
	most = experiment->absolute ? INFINITY : 1;
	null = ret->phi * (variance_of(experiment, common) / sum[0] + scale * scale *
			   variance_of(experiment, clamp(common / scale, 0, most)) / sum[1]) +
	       margin * margin;
	/* Without it, each has its own. */
	margin = ret->share[1] * experiment->scale_error;
	apart = ret->phi * (variance_of(experiment, ret->share[0]) / sum[0] +
			    scale * scale * variance_of(experiment, ret->share[1] / scale) / sum[1]) +
		margin * margin;
	ret->error = sqrt(apart);
	ret->p = null > 0 ? 2 * np_student_tail(fabs(ret->change) / sqrt(null), ret->df) : 1;
	if (ret->p > 1)
		ret->p = 1;
	margin = np_student_quantile(0.025, ret->df) * ret->error;
	ret->lower = ret->change - margin;
	ret->upper = ret->change + margin;
	ret->upper_one_sided = ret->change + np_student_quantile(0.05, ret->df) * ret->error;
}

struct ranked {
	double p;
	size_t index;
};

static int compare_ranked(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;

	if (a->p != b->p)
		return a->p < b->p ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

void np_hypothesis_adjust(double *p, size_t count)
{
	struct ranked *order = np_xcalloc(count + 1, sizeof(*order));
	double least = 1;

	for (size_t i = 0; i < count; i++)
		order[i] = (struct ranked){ p[i], i };
	qsort(order, count, sizeof(*order), compare_ranked);
	for (size_t i = count; i-- > 0;) {
		double q = order[i].p * (double)count / (double)(i + 1);

		if (q < least)
			least = q;
		p[order[i].index] = least;
	}
	free(order);
}

double np_hypothesis_either(double p, double q)
{
	double less = p < q ? p : q, more = p < q ? q : p;

	return 2 * less < more ? 2 * less : more;
}

/* The pooled shares of the functions that have LEAST on both sides; 0 stands for any other. */
static double *pooled_shares(const struct np_experiment *experiment, const double *const *series,
			     size_t count, double least)
{
	double *pooled = np_xcalloc(count + 1, sizeof(*pooled)), share[2], sum[2];

	for (size_t i = 0; i < count; i++) {
		pool(experiment, series[i], share, sum);
		if (share[0] >= least && share[1] >= least)
			pooled[i] = (share[0] * sum[0] + share[1] * sum[1]) / (sum[0] + sum[1]);
	}
	return pooled;
}

/* How far one run's shares lie from the pooled ones, by the median of functions that are large in it. */
static double run_centre(const struct np_experiment *experiment, const double *const *series,
			 size_t count, size_t run, const double *pooled, double *work)
{
	double n = experiment->exposure[run];
	size_t used = 0;

	for (size_t i = 0; i < count; i++)
		if (n * pooled[i] >= 5 && series[i][run] > 0)
			work[used++] = series[i][run] / n / pooled[i];
	return used > 0 ? log(median(work, used)) : 0;
}

/* The standard error of a common change by how much it differs between runs of a side, and how many of
 * them it must pass; without replicates nothing is known of that. */
static double runs_error(const struct np_experiment *experiment, const double *const *series,
			 size_t count, double least, double *work, double *ret_sigmas)
{
	double squares = 0, df = (double)runs_of(experiment) - 2, *pooled;
	size_t run = 0;

	*ret_sigmas = GUARD_SIGMAS;
	if (df < 1)
		return 0;
	pooled = pooled_shares(experiment, series, count, least);
	for (int side = 0; side < 2; side++) {
		double n = (double)experiment->count[side], mean = 0, of_run = 0;

		for (size_t i = 0; i < experiment->count[side]; i++, run++) {
			double centre = run_centre(experiment, series, count, run, pooled, work);
			double off = centre - mean;

			mean += off / (double)(i + 1);
			of_run += off * (centre - mean);
		}
		squares += n > 1 ? of_run : 0;
	}
	free(pooled);
	*ret_sigmas = np_student_quantile(GUARD_CHANCE, df);
	return sqrt(squares / df * (1 / (double)experiment->count[0] + 1 / (double)experiment->count[1]));
}

bool np_hypothesis_guard(struct np_experiment *experiment, const double *const *series,
			 size_t count, double least)
{
	double *ratios = np_xcalloc(count + 1, sizeof(*ratios)), share[2], sum[2];
	double centre, spread, error, between, sigmas;
	size_t used = 0;

	experiment->scale = 1;
	experiment->scale_error = 0;
	for (size_t i = 0; i < count; i++) {
		pool(experiment, series[i], share, sum);
		if (share[0] >= least && share[1] >= least && share[0] * sum[0] >= 20 &&
		    share[1] * sum[1] >= 20)
			ratios[used++] = log(share[0] / share[1]);
	}
	if (used < GUARD_COUNT || experiment->absolute) {
		free(ratios);
		return false;
	}
	centre = median(ratios, used);
	for (size_t i = 0; i < used; i++)
		ratios[i] = fabs(ratios[i] - centre);
	spread = 1.4826 * median(ratios, used);
	error = 1.2533 * spread / sqrt((double)used);
	if (fabs(centre) < GUARD_LEAST || fabs(centre) < GUARD_SIGMAS * error) {
		free(ratios);
		return false;
	}
	between = runs_error(experiment, series, count, least, ratios, &sigmas);
	free(ratios);
	if (fabs(centre) < sigmas * between)
		return false;
	experiment->scale = exp(centre);
	experiment->scale_error = fmax(error, between);
	return true;
}
