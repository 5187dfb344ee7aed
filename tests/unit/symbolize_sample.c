/* SPDX-License-Identifier: MIT
 *
 * symbolize_sample.c - functions whose names test-symbolize.c knows; built with and without -g and
 * stripped, always at the same addresses.  Never run.  test-symbolize.c knows some of its line numbers.
 */
#include <unistd.h>

int np_sample_outer(int x);
int np_sample_plt(void);
int np_sample_alias(int x);
int __np_sample_alias(int x);

static volatile int sink;

/* A label in the middle of a function: a place inside what is inlined, not a name. */
static inline __attribute__((always_inline)) int inlined_inner(int x)
{
	__asm__ volatile(".globl np_sample_in_inline\nnp_sample_in_inline: nop" : "+r"(x));
	return x * 3;
}

static inline __attribute__((always_inline)) int inlined_middle(int x)
{
	return inlined_inner(x + 1) - 1;
}

__attribute__((noinline)) int np_sample_outer(int x)
{
	sink = x;
	x = inlined_middle(x);
	sink = x;
	return x;
}

static __attribute__((noinline)) int hidden_function(int x)
{
	sink = x + 1;
	return sink;
}

__attribute__((noinline)) int np_sample_plt(void)
{
	return hidden_function((int)getppid());
}

__attribute__((noinline)) int __np_sample_alias(int x)
{
	sink = x;
	return x;
}

int np_sample_alias(int x) __attribute__((weak, alias("__np_sample_alias")));

/* Hand-written: no size, no unwind rules; then bytes that belong to nothing. */
__asm__(".text\n"
	".p2align 4\n"
	".globl np_sample_unsized\n"
	".type np_sample_unsized, @function\n"
	"np_sample_unsized:\n"
	"	mov $1, %eax\n"
	"	ret\n"
	".globl np_sample_unsized_end\n"
	"np_sample_unsized_end:\n"
	"	nop\n"
	/* A sized one, after whose end comes code without a name. */
	".globl np_sample_sized\n"
	".type np_sample_sized, @function\n"
	"np_sample_sized:\n"
	"	mov $2, %eax\n"
	"	ret\n"
	".size np_sample_sized, . - np_sample_sized\n"
	"	nop\n"
	"	nop\n"
	"	ret\n"
	"	.p2align 4\n");

/* For functions without an exported name. */
extern void *const np_sample_addresses[];
void *const np_sample_addresses[] = { (void *)hidden_function };
