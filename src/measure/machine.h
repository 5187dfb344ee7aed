/* SPDX-License-Identifier: MIT
 *
 * machine.h - which machine a figure is of.  Context: tools.
 */
#ifndef NP_MEASURE_MACHINE_H
#define NP_MEASURE_MACHINE_H

struct np_machine {
	char cpu[128];
	int cores;
	double memory_gb;
	char kernel[128];
	char hypervisor[32];		/* "" = none that tells */
	char fingerprint[17];		/* of all of the above but the kernel's patch level */
};

void np_machine_read(struct np_machine *machine);

#endif
