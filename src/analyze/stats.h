/* SPDX-License-Identifier: MIT
 *
 * stats.h - how sure a share is that was counted from samples.
 *
 * Context: tools.
 */
#ifndef NP_ANALYZE_STATS_H
#define NP_ANALYZE_STATS_H

/* Two-sided 95 % of the normal distribution: the bound below is met in 97.5 % of all profiles. */
#define NP_STATS_Z95 1.959963984540054

/* Lower end of the 95 % Wilson score interval of a share (0..1) seen in COUNT samples.
 * Never above SHARE, never below 0; 0 when COUNT is 0. */
double np_wilson_lower(double share, double count);

#endif
