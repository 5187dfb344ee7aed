/* SPDX-License-Identifier: MIT
 *
 * host_registers.c - keeps every kind of register busy in assembly and counts how often one was not
 * what it was set to: vector registers in full width, the x87 stack and control words, flags, errno.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static double cpu_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

__attribute__((noinline, target("avx"))) static int vectors_are_kept(const uint8_t *in, uint8_t *out)
{
	__asm__ volatile("vmovdqu 0(%0), %%ymm0\n\t"
			 "vmovdqu 32(%0), %%ymm7\n\t"
			 "vmovdqu 64(%0), %%ymm15\n\t"
			 "mov $3000, %%ecx\n"
			 "1:\n\t"
			 "dec %%ecx\n\t"
			 "jnz 1b\n\t"
			 "vmovdqu %%ymm0, 0(%1)\n\t"
			 "vmovdqu %%ymm7, 32(%1)\n\t"
			 "vmovdqu %%ymm15, 64(%1)\n\t"
			 "vzeroupper"
			 :
			 : "r"(in), "r"(out)
			 : "rcx", "memory", "cc", "xmm0", "xmm7", "xmm15");
	return memcmp(in, out, 96) == 0;
}

__attribute__((noinline)) static int flags_are_kept(void)
{
	uint64_t before = 0, after = 0;

	/* The direction flag, against the calling convention; overflow; and the 128 bytes below rsp. */
	__asm__ volatile("movq $0x1234567, -120(%%rsp)\n\t"
			 "std\n\t"
			 "mov $3000, %%ecx\n"
			 "1:\n\t"
			 "dec %%ecx\n\t"
			 "jnz 1b\n\t"
			 "lea -200(%%rsp), %%rsp\n\t"
			 "pushfq\n\t"
			 "pop %0\n\t"
			 "lea 200(%%rsp), %%rsp\n\t"
			 "cld\n\t"
			 "movq -120(%%rsp), %1"
			 : "=&r"(before), "=&r"(after)
			 :
			 : "rcx", "memory", "cc");
	return (before & 0x400) && after == 0x1234567;
}

__attribute__((noinline)) static int x87_is_kept(void)
{
	uint16_t word = 0x0c7f, found = 0;	/* truncation, all exceptions masked, extended precision */
	uint32_t mxcsr = 0x7f80, mxcsr_found = 0, mxcsr_before;
	long double value = 0;

	__asm__ volatile("stmxcsr %3\n\t"
			 "fldcw %4\n\t"
			 "ldmxcsr %5\n\t"
			 "fldpi\n\t"
			 "mov $3000, %%ecx\n"
			 "1:\n\t"
			 "dec %%ecx\n\t"
			 "jnz 1b\n\t"
			 "fstpt %0\n\t"
			 "fstcw %1\n\t"
			 "stmxcsr %2\n\t"
			 "fninit\n\t"
			 "ldmxcsr %3"
			 : "=m"(value), "=m"(found), "=m"(mxcsr_found), "=m"(mxcsr_before)
			 : "m"(word), "m"(mxcsr)
			 : "rcx", "memory", "cc", "st");
	return found == word && mxcsr_found == mxcsr && value > 3.14159265L && value < 3.14159266L;
}

int main(void)
{
	uint8_t in[96], out[96];
	long wrong[4] = { 0 };
	double until = cpu_now() + 1.0;

	for (int round = 0; cpu_now() < until; round++) {
		for (int i = 0; i < 96; i++)
			in[i] = (uint8_t)(i * 7 + round);
		for (int i = 0; i < 100; i++) {
			errno = 4000 + i;
			if (__builtin_cpu_supports("avx"))
				wrong[0] += !vectors_are_kept(in, out);
			wrong[1] += !flags_are_kept();
			wrong[2] += !x87_is_kept();
			wrong[3] += errno != 4000 + i;
		}
	}
	printf("wrong: vectors %ld, flags %ld, x87 %ld, errno %ld\n", wrong[0], wrong[1], wrong[2], wrong[3]);
	return wrong[0] || wrong[1] || wrong[2] || wrong[3] ? 1 : 23;
}
