/* SPDX-License-Identifier: MIT
 *
 * gate_program.c - twenty functions of known shares, one of which can be made slower: what
 * gate_aa.py plants its regressions in.
 *
 * usage: gate-program SECONDS [PERCENT]	part_5 takes 5 % of the time, and PERCENT more
 *
 * The work is a number of steps fixed at the start from SECONDS and a nominal speed, so that two
 * runs do the same.  The order of the calls is shuffled by a fixed seed: no function beats with
 * the sampling clock.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define PARTS	    20
#define STEPS_A_SEC 900000000.0		/* of spin(); only the length of a run depends on it */
#define STEPS_A_CALL 2000

static volatile uint64_t sink;

static inline __attribute__((always_inline)) void spin(unsigned steps)
{
	uint64_t x = sink | 1;

	for (unsigned i = 0; i < steps; i++)
		x = x * 6364136223846793005u + 1442695040888963407u;
	sink = x;
}

#define PART(N) static __attribute__((noinline)) void part_##N(unsigned steps) \
	{ spin(steps); __asm__ volatile("" : : "i"(N)); }
PART(0) PART(1) PART(2) PART(3) PART(4) PART(5) PART(6) PART(7) PART(8) PART(9)
PART(10) PART(11) PART(12) PART(13) PART(14) PART(15) PART(16) PART(17) PART(18) PART(19)

static void (*const parts[PARTS])(unsigned) = {
	part_0, part_1, part_2, part_3, part_4, part_5, part_6, part_7, part_8, part_9,
	part_10, part_11, part_12, part_13, part_14, part_15, part_16, part_17, part_18, part_19,
};

/* Per thousand; part_5 is the one. */
static const unsigned shares[PARTS] = { 180, 130, 100, 80, 70, 50, 50, 45, 40, 40,
					35,  30,  30,  25, 25, 20, 15, 15, 10, 10 };

static __attribute__((noinline)) void group_low(int part, unsigned steps)
{
	parts[part](steps);
	sink++;
}

static __attribute__((noinline)) void group_high(int part, unsigned steps)
{
	parts[part](steps);
	sink++;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 0;
	double more = argc > 2 ? strtod(argv[2], NULL) / 100 : 0;
	uint64_t state = 88172645463325252u;
	double calls;

	if (!(seconds > 0) || !(more >= 0)) {
		fputs("usage: gate-program SECONDS [PERCENT]\n", stderr);
		return 2;
	}
	calls = seconds * STEPS_A_SEC / STEPS_A_CALL;
	for (double i = 0; i < calls; i++) {
		unsigned at, part = 0;

		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		for (at = (unsigned)(state % 1000); at >= shares[part]; part++)
			at -= shares[part];
		(part < PARTS / 2 ? group_low : group_high)((int)part, part == 5
			? (unsigned)(STEPS_A_CALL * (1 + more)) : STEPS_A_CALL);
	}
	return 0;
}
