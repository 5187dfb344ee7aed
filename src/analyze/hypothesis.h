/* SPDX-License-Identifier: MIT
 *
 * hypothesis.h - has a share changed between two sets of runs, or is it noise?
 *
 * Context: tools.  Counts x of exposures n, by run, those of before first.  The model is
 * quasi-binomial: E[x] = n·p, Var[x] = phi·n·p·(1-p).  phi is what replicates show beyond the error
 * of sampling.  A few runs say little about the phi of one function, so it is shrunk towards a trend
 * over all of them, phi0 = 1 + n·p·(1-p)·sigma^2, sigma being the noise between runs as a standard
 * deviation of log-odds; how strongly is itself estimated from how much the phi scatter (empirical
 * Bayes).  A function whose own phi the prior does not explain keeps it, unshrunk: one run of many
 * that did something else must not pass for noise that all runs have.  phi never counts for less
 * than 1, nor than the spread of the samples' own weights asks for.  The change over its standard error is compared with
 * Student's t; its degrees of freedom are those of the replicates and of the prior.
 *
 * Without replicates sigma is assumed (NP_HYPOTHESIS_NOISE unless told otherwise): then the result
 * is a hint.  Without known sample counts phi comes from the replicates alone.
 */
#ifndef NP_ANALYZE_HYPOTHESIS_H
#define NP_ANALYZE_HYPOTHESIS_H

#include <stdbool.h>
#include <stddef.h>

#define NP_HYPOTHESIS_NOISE 0.05

/* What all tests of a comparison share. */
struct np_experiment {
	const double *exposure;		/* by run */
	size_t count[2];		/* runs before and after, each at least 1 */
	double scale;			/* the shares of after are multiplied by it; 1: as they are */
	double scale_error;		/* its relative standard error */
	double noise;			/* sigma when there are no replicates */
	bool samples_known;
	bool absolute;			/* counts per work done instead of shares: Var = phi·n·p */
};

/* What the replicates of many functions say together. */
struct np_noise {
	double sigma;			/* of log-odds between runs, beyond sampling */
	double prior_scale;		/* phi0 is multiplied by it */
	double prior_df;		/* 0: no shrinking */
};

struct np_verdict_of_share {
	double share[2];		/* after: scaled */
	double change;			/* share[1] - share[0] */
	double error;			/* standard error of the change */
	double phi, df;
	double p;			/* two-sided */
	double lower, upper;		/* 95 % two-sided interval of the change */
	double upper_one_sided;		/* the change is below it with 95 % confidence */
};

/* SERIES: COUNT pointers to counts by run, functions of a common kind (all self, or all total). */
void np_noise_fit(struct np_noise *noise, const struct np_experiment *experiment,
		  const double *const *series, size_t count);

/* LEAST_PHI: from the weights of the samples; 1 when each weighs the same. */
void np_hypothesis_test(struct np_verdict_of_share *ret, const struct np_experiment *experiment,
			const struct np_noise *noise, const double *counts, double least_phi);

/* Benjamini and Hochberg: the least false discovery rate at which each of P would be rejected.
 * Works in place. */
void np_hypothesis_adjust(double *p, size_t count);

/* Simes: one p for "none of the two". */
double np_hypothesis_either(double p, double q);

/* How far the shares of stable functions moved together, as when another function became faster
 * and all others took its share: the median of log(before/after) over functions that have at
 * least LEAST of the whole.  Sets SCALE and SCALE_ERROR of EXPERIMENT when that is surely another
 * than none, and more than the runs of a side differ by; returns whether it did. */
bool np_hypothesis_guard(struct np_experiment *experiment, const double *const *series,
			 size_t count, double least);

/* P(T > T0) of Student's t; DF may be INFINITY. */
double np_student_tail(double t0, double df);
/* The t with P(T > t) = P, 0 < P < 1. */
double np_student_quantile(double p, double df);

#endif
