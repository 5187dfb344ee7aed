/* SPDX-License-Identifier: MIT
 *
 * stats.c - the Wilson score interval.  Context: tools.
 */
#include "analyze/stats.h"

#include <math.h>

double np_wilson_lower(double share, double count)
{
	const double z2 = NP_STATS_Z95 * NP_STATS_Z95;
	double centre, spread, lower;

	if (!(count > 0) || !(share > 0))
		return 0;
	if (share > 1)
		share = 1;
	centre = share + z2 / (2 * count);
	spread = NP_STATS_Z95 * sqrt(share * (1 - share) / count + z2 / (4 * count * count));
	lower = (centre - spread) / (1 + z2 / count);
	return lower < 0 ? 0 : lower > share ? share : lower;
}
