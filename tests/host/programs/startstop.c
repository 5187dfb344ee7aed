/* SPDX-License-Identifier: MIT
 *
 * startstop.c - uses the public header: only wanted() is to be seen in the profile.
 */
#include <stdio.h>
#include <time.h>

#include <neuroprof/neuroprof.h>

static volatile unsigned long sink;

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void spin(double seconds)
{
	double until = cpu_seconds() + seconds;

	do {
		for (int i = 0; i < 20000; i++)
			sink += (unsigned long)i;
	} while (cpu_seconds() < until);
}

__attribute__((noinline)) static void unwanted(void)
{
	spin(0.3);
	sink++;
}

__attribute__((noinline)) static void wanted(void)
{
	spin(0.3);
	sink++;
}

int main(void)
{
	int on, off;

	unwanted();
	on = neuroprof_sampling_start();
	wanted();
	off = neuroprof_sampling_stop();
	unwanted();
	printf("start %d, stop %d\n", on, off);
	return 0;
}
