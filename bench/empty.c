/* SPDX-License-Identifier: MIT
 *
 * empty.c - a library that does nothing: what preloading anything costs.
 */
int np_bench_empty(void);

int np_bench_empty(void)
{
	return 0;
}
