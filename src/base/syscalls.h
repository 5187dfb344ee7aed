/* SPDX-License-Identifier: MIT
 *
 * syscalls.h - system calls without libc: no errno, no cancellation point, no PLT, no hook.
 *
 * Context: any, made for the signal handler.  Each returns the kernel's value: >= 0 or -errno.
 */
#ifndef NP_BASE_SYSCALLS_H
#define NP_BASE_SYSCALLS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#if !defined(__x86_64__)
#error "NeuroProf knows x86-64 Linux only: system calls, unwind rules and signal frames are per CPU"
#endif

static inline long np_syscall6(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#define np_syscall(number, ...) np_syscall_pick(number, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define np_syscall_pick(number, a, b, c, d, e, f, ...)                                             \
	np_syscall6(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#endif
