/* SPDX-License-Identifier: MIT
 *
 * test-confine-filter.c - what a seccomp filter answers, by the interpreter and by the kernel.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/confine_filter.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))
#define NUMBER	      BPF_STMT(BPF_LD + BPF_W + BPF_ABS, offsetof(struct seccomp_data, nr))
#define RETURN(k)     BPF_STMT(BPF_RET + BPF_K, k)

static const struct np_confine_call getpid_call = { SYS_getpid, "getpid", { 1, 0x500000002, 3 }, true };
static const struct np_confine_call kill_call = { SYS_kill, "kill", { 0 }, false };

static void test_a_list_of_calls_is_followed(void **state)
{
	struct sock_filter filter[] = {
		NUMBER, BPF_JUMP(BPF_JMP + BPF_JEQ + BPF_K, SYS_getpid, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS), RETURN(SECCOMP_RET_ALLOW),
	};
	struct np_confine_call calls[] = { getpid_call, kill_call };

	(void)state;
	assert_int_equal(np_confine_answer(filter, LENGTH(filter), &getpid_call), SECCOMP_RET_ALLOW);
	assert_ptr_equal(np_confine_refused(filter, LENGTH(filter), calls, 2), &calls[1]);
	assert_null(np_confine_refused(filter, LENGTH(filter), calls, 1));
}

static void test_an_error_is_no_death_unless_the_call_is_needed(void **state)
{
	struct sock_filter filter[] = { RETURN(SECCOMP_RET_ERRNO | 1) };
	struct np_confine_call calls[] = { kill_call, getpid_call };

	(void)state;
	assert_ptr_equal(np_confine_refused(filter, 1, calls, 2), &calls[1]);
	filter[0].k = SECCOMP_RET_LOG;
	assert_null(np_confine_refused(filter, 1, calls, 2));
	filter[0].k = SECCOMP_RET_TRACE;
	assert_ptr_equal(np_confine_refused(filter, 1, calls, 2), &calls[0]);
}

static void test_a_damaged_filter_ends(void **state)
{
	struct sock_filter away[] = { BPF_STMT(BPF_JMP + BPF_JA, UINT32_MAX), RETURN(SECCOMP_RET_ALLOW) };
	struct sock_filter beyond[] = { BPF_STMT(BPF_LD + BPF_W + BPF_ABS, 64), RETURN(SECCOMP_RET_ALLOW) };
	struct sock_filter memory[] = { BPF_STMT(BPF_ST, 16), RETURN(SECCOMP_RET_ALLOW) };

	(void)state;
	assert_int_equal(np_confine_answer(away, 2, &kill_call), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(np_confine_answer(beyond, 2, &kill_call), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(np_confine_answer(memory, 2, &kill_call), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(np_confine_answer(memory, 0, &kill_call), SECCOMP_RET_KILL_PROCESS);
}

static uint32_t one_of(const uint32_t *list, size_t count)
{
	return list[(size_t)rand() % count];
}

static struct sock_filter random_instruction(size_t left)
{
	static const uint16_t codes[] = {
		BPF_LD | BPF_W | BPF_ABS, BPF_LD | BPF_W | BPF_ABS, BPF_LD | BPF_IMM, BPF_LDX | BPF_IMM,
		BPF_LD | BPF_MEM, BPF_LDX | BPF_MEM, BPF_LD | BPF_W | BPF_LEN, BPF_LDX | BPF_W | BPF_LEN, BPF_ST, BPF_STX,
		BPF_ALU | BPF_ADD | BPF_K, BPF_ALU | BPF_SUB | BPF_X, BPF_ALU | BPF_MUL | BPF_K, BPF_ALU | BPF_DIV | BPF_X,
		BPF_ALU | BPF_AND | BPF_K, BPF_ALU | BPF_OR | BPF_X, BPF_ALU | BPF_XOR | BPF_K, BPF_ALU | BPF_LSH | BPF_K,
		BPF_ALU | BPF_RSH | BPF_K, BPF_ALU | BPF_NEG, BPF_MISC | BPF_TAX, BPF_MISC | BPF_TXA,
		BPF_JMP | BPF_JA, BPF_JMP | BPF_JEQ | BPF_K, BPF_JMP | BPF_JGT | BPF_X, BPF_JMP | BPF_JGE | BPF_K,
		BPF_JMP | BPF_JSET | BPF_X, BPF_RET | BPF_K,
	};
	static const uint32_t values[] = { 0, 1, 2, 5, 31, 64, SYS_getpid, AUDIT_ARCH_X86_64, 0x80000000u, UINT32_MAX };
	struct sock_filter at = { .code = codes[(size_t)rand() % LENGTH(codes)], .k = one_of(values, LENGTH(values)) };
	size_t most = left > 255 ? 255 : left;

	if (at.code == (BPF_LD | BPF_W | BPF_ABS))	/* but not the address, which nobody knows */
		at.k = (uint32_t)(rand() % 2 ? rand() % 2 : 4 + rand() % 10) * 4;
	if ((at.code & 7) == BPF_ST || (at.code & 7) == BPF_STX || at.code == (BPF_LD | BPF_MEM) ||
	    at.code == (BPF_LDX | BPF_MEM))
		at.k %= 4;
	if (at.code == (BPF_ALU | BPF_LSH | BPF_K) || at.code == (BPF_ALU | BPF_RSH | BPF_K))
		at.k %= 32;
	if ((at.code & 7) == BPF_JMP) {
		at.jt = (uint8_t)((size_t)rand() % (most + 1));
		at.jf = (uint8_t)((size_t)rand() % (most + 1));
		if (at.code == (BPF_JMP | BPF_JA))
			at.k = at.jt;
	}
	if (at.code == (BPF_RET | BPF_K))
		at.k = SECCOMP_RET_ERRNO | ((uint32_t)rand() % 100 + 1);
	return at;
}

#define BODY   24
#define TRIALS 400

/* getppid() goes through random instructions, which end with an errno; all else is allowed. */
static void make(struct sock_filter filter[BODY + 4])
{
	const struct sock_filter head[] = {
		NUMBER, BPF_JUMP(BPF_JMP + BPF_JEQ + BPF_K, SYS_getppid, 1, 0), RETURN(SECCOMP_RET_ALLOW),
	};

	memcpy(filter, head, sizeof(head));
	for (size_t i = 0; i < BODY; i++)
		filter[3 + i] = random_instruction(BODY - 1 - i);
	filter[BODY + 3] = (struct sock_filter)RETURN(SECCOMP_RET_ERRNO | 101);
}

/* In a child: what the kernel itself answers, as an errno; 255: it does not take the filter; 0: it kills. */
static int ask_kernel(struct sock_filter filter[BODY + 4])
{
	struct sock_fprog program = { BODY + 4, filter };
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
			_exit(255);
		errno = 0;
		syscall(SYS_getppid, 1L, 0x500000002L, 3L, 0L, 0L, 0L);
		_exit(errno);
	}
	assert_true(child > 0 && waitpid(child, &status, 0) == child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

static void test_random_filters_are_answered_as_by_the_kernel(void **state)
{
	const struct np_confine_call call = { SYS_getppid, "getppid", { 1, 0x500000002, 3 }, true };
	struct sock_filter filter[BODY + 4];
	int taken = 0;

	(void)state;
	srand(1);
	for (int i = 0; i < TRIALS; i++) {
		int answer;

		make(filter);
		answer = ask_kernel(filter);
		if (answer == 255)	/* it reads memory that it did not write, and the like */
			continue;
		taken++;
		assert_int_equal(np_confine_answer(filter, BODY + 4, &call),
				 answer ? SECCOMP_RET_ERRNO | (uint32_t)answer : SECCOMP_RET_KILL_PROCESS);
	}
	assert_in_range(taken, TRIALS / 10, TRIALS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_list_of_calls_is_followed),
		cmocka_unit_test(test_an_error_is_no_death_unless_the_call_is_needed),
		cmocka_unit_test(test_a_damaged_filter_ends),
		cmocka_unit_test(test_random_filters_are_answered_as_by_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
