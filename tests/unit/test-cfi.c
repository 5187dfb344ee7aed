/* SPDX-License-Identifier: MIT
 *
 * test-cfi.c - unwind tables made by hand, right and damaged: search, rows, expressions.
 *
 * The tables lie in a mapping between two inaccessible pages, so a read outside them is a fault.
 */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "signal/cfi_table.h"
#include "signal/cfi_walk.h"

#define IMAGE_BYTES 8192u
#define CODE	    0x1000u		/* where the functions would be */
#define FRAMES	    0x400u		/* .eh_frame */
#define HEADER	    0x300u		/* .eh_frame_hdr */

static uint8_t *image;
static uint32_t at;			/* where put() writes */
static struct np_module module;
static uint32_t fdes[16], starts[16], fde_count, cie;

static void put(const void *bytes, uint32_t count)
{
	assert_true(at + count <= CODE);
	memcpy(image + at, bytes, count);
	at += count;
}

static void put_u8(uint8_t value)
{
	put(&value, 1);
}

static void put_u32(uint32_t value)
{
	put(&value, 4);
}

static void put_headers(void)
{
	Elf64_Ehdr elf = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			   .e_type = ET_DYN, .e_phoff = sizeof(elf), .e_phentsize = sizeof(Elf64_Phdr),
			   .e_phnum = 2 };
	Elf64_Phdr load = { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = IMAGE_BYTES,
			    .p_memsz = IMAGE_BYTES };
	Elf64_Phdr table = { .p_type = PT_GNU_EH_FRAME, .p_flags = PF_R, .p_vaddr = HEADER,
			     .p_filesz = FRAMES - HEADER, .p_memsz = FRAMES - HEADER };

	memcpy(image, &elf, sizeof(elf));
	memcpy(image + sizeof(elf), &load, sizeof(load));
	memcpy(image + sizeof(elf) + sizeof(load), &table, sizeof(table));
}

/* Pads to 4 and fills in the length. */
static void end_entry(uint32_t start)
{
	uint32_t bytes;

	while (at % 4)
		put_u8(0);
	bytes = at - start - 4;
	memcpy(image + start, &bytes, 4);
}

static void put_cie(const char *augmentation, const uint8_t *data, uint8_t data_bytes)
{
	static const uint8_t rules[] = { 0x0c, 7, 8, 0x90, 1 };	/* CFA = rsp + 8; ra at CFA - 8 */

	cie = at;
	put_u32(0);
	put_u32(0);
	put_u8(1);
	put(augmentation, (uint32_t)strlen(augmentation) + 1);
	put_u8(1);			/* code alignment */
	put_u8(0x78);			/* data alignment: -8 */
	put_u8(16);
	put_u8(data_bytes);
	put(data, data_bytes);
	put(rules, sizeof(rules));
	end_entry(cie);
}

static void put_fde(uint32_t start, uint32_t bytes, const uint8_t *program, uint32_t program_bytes)
{
	uint32_t begin = at;

	fdes[fde_count] = begin;
	starts[fde_count++] = start;
	put_u32(0);
	put_u32(at - cie);
	put_u32(start - at);		/* relative to itself */
	put_u32(bytes);
	put_u8(0);
	put(program, program_bytes);
	end_entry(begin);
}

static void put_table(uint8_t encoding)
{
	uint32_t after = at;

	at = HEADER;
	put_u8(1);
	put_u8(0x1b);
	put_u8(encoding == 0xff ? 0xff : 0x03);
	put_u8(encoding);
	put_u32(FRAMES - at);
	put_u32(fde_count);
	for (uint32_t i = 0; i < fde_count; i++) {
		put_u32(starts[i] - HEADER);
		put_u32(fdes[i] - HEADER);
	}
	at = after;
	put_u32(0);			/* terminator of .eh_frame */
}

static const uint8_t encoding_pc_relative[] = { 0x1b };

static const uint8_t usual[] = {	/* push rbp; mov rsp, rbp; push rbx; …; leave; ret; more */
	0x41, 0x0e, 16, 0x86, 2,
	0x43, 0x0d, 6,
	0x41, 0x83, 3,
	0x0a,
	0x02, 0x20, 0x0c, 7, 8, 0xc6,
	0x41, 0x0b,
};

static int build(void **state)
{
	struct np_image_facts facts;
	struct np_image bounds;

	(void)state;
	if (!image) {
		image = mmap(NULL, IMAGE_BYTES + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		image += 4096;
		mprotect(image, IMAGE_BYTES, PROT_READ | PROT_WRITE);
	}
	memset(image, 0, IMAGE_BYTES);
	fde_count = 0;
	put_headers();
	at = FRAMES;
	put_cie("zR", encoding_pc_relative, 1);
	put_fde(CODE, 0x40, usual, sizeof(usual));
	bounds = (struct np_image){ (uintptr_t)image, (uintptr_t)image + IMAGE_BYTES, (uintptr_t)image };
	np_image_read(&bounds, 0, &facts);
	module = (struct np_module){
		.start = bounds.start, .end = bounds.end, .bias = bounds.bias,
		.eh_frame_hdr = facts.eh_frame_hdr, .eh_frame_hdr_bytes = facts.eh_frame_hdr_bytes,
	};
	return 0;
}

static bool row_at(uint32_t code, struct np_cfi_fde *fde, struct np_cfi_row *row)
{
	uintptr_t location = (uintptr_t)image + code;

	return np_cfi_find(&module, location, fde) && np_cfi_row(fde, location, row);
}

static void assert_cfa(uint32_t code, uint8_t reg, int32_t offset, uint8_t rbp_rule, uint8_t rbx_rule)
{
	struct np_cfi_fde fde;
	struct np_cfi_row row;

	assert_true(row_at(code, &fde, &row));
	assert_false(row.cfa_is_expression);
	assert_int_equal(row.cfa_register, reg);
	assert_int_equal(row.cfa_value, offset);
	assert_int_equal(row.rules[np_cfi_followed(NP_CFI_RBP)], rbp_rule);
	assert_int_equal(row.rules[np_cfi_followed(NP_CFI_RBX)], rbx_rule);
	assert_int_equal(row.rules[np_cfi_followed(NP_CFI_RA)], NP_CFI_OFFSET);
	assert_int_equal(row.values[np_cfi_followed(NP_CFI_RA)], -8);
}

static void assert_usual(void)
{
	assert_cfa(CODE, 7, 8, NP_CFI_UNSPECIFIED, NP_CFI_UNSPECIFIED);
	assert_cfa(CODE + 1, 7, 16, NP_CFI_OFFSET, NP_CFI_UNSPECIFIED);
	assert_cfa(CODE + 3, 7, 16, NP_CFI_OFFSET, NP_CFI_UNSPECIFIED);
	assert_cfa(CODE + 4, 6, 16, NP_CFI_OFFSET, NP_CFI_UNSPECIFIED);
	assert_cfa(CODE + 5, 6, 16, NP_CFI_OFFSET, NP_CFI_OFFSET);
	assert_cfa(CODE + 0x24, 6, 16, NP_CFI_OFFSET, NP_CFI_OFFSET);
	assert_cfa(CODE + 0x25, 7, 8, NP_CFI_UNSPECIFIED, NP_CFI_OFFSET);
	assert_cfa(CODE + 0x26, 6, 16, NP_CFI_OFFSET, NP_CFI_OFFSET);	/* restored, CFA too */
	assert_cfa(CODE + 0x3f, 6, 16, NP_CFI_OFFSET, NP_CFI_OFFSET);
}

static void rows(void **state)
{
	struct np_cfi_fde fde;

	(void)state;
	put_table(0x3b);
	assert_usual();
	assert_false(np_cfi_find(&module, (uintptr_t)image + CODE - 1, &fde));
	assert_false(np_cfi_find(&module, (uintptr_t)image + CODE + 0x40, &fde));
	assert_true(np_cfi_find(&module, (uintptr_t)image + CODE, &fde));
	assert_false(fde.signal_frame);
}

/* By their bounds the rows follow one another without a gap, and each is the row of all its code. */
static void bounds_of_rows(void **state)
{
	static const uint32_t begins[] = { 0, 1, 4, 5, 0x25, 0x26, 0x40 };
	uintptr_t code = (uintptr_t)image + CODE;
	struct np_cfi_fde fde;
	struct np_cfi_row row;
	uint32_t now = 0;

	(void)state;
	put_table(0x3b);
	for (uint32_t i = 0; i < 0x40; i++) {
		assert_true(row_at(CODE + i, &fde, &row));
		now += i == begins[now + 1];
		assert_int_equal(row.start, code + begins[now]);
		assert_int_equal(row.end, code + begins[now + 1]);
	}
}

static void without_a_search_table(void **state)
{
	(void)state;
	put_fde(CODE + 0x100, 0x10, usual, sizeof(usual));
	put_table(0xff);
	assert_usual();
	assert_cfa(CODE + 0x101, 7, 16, NP_CFI_OFFSET, NP_CFI_UNSPECIFIED);
}

static void many_functions(void **state)
{
	struct np_cfi_fde fde;

	(void)state;
	for (uint32_t i = 1; i < 16; i++)
		put_fde(CODE + i * 0x80, 0x40, usual, sizeof(usual));
	put_table(0x3b);
	for (uint32_t i = 0; i < 16; i++) {
		assert_cfa(CODE + i * 0x80 + 4, 6, 16, NP_CFI_OFFSET, NP_CFI_UNSPECIFIED);
		assert_false(np_cfi_find(&module, (uintptr_t)image + CODE + i * 0x80 + 0x40, &fde));
	}
}

static void augmentations(void **state)
{
	static const uint8_t personality[] = { 0x9b, 1, 2, 3, 4, 0x1b, 0x1b };
	struct np_cfi_fde fde;

	(void)state;
	put_cie("zPLR", personality, sizeof(personality));
	put_fde(CODE + 0x100, 0x40, usual, sizeof(usual));
	put_cie("zRS", encoding_pc_relative, 1);
	put_fde(CODE + 0x200, 0x40, usual, sizeof(usual));
	put_cie("eh", encoding_pc_relative, 0);
	put_fde(CODE + 0x300, 0x40, usual, sizeof(usual));
	put_table(0x3b);
	assert_cfa(CODE + 0x104, 6, 16, NP_CFI_OFFSET, NP_CFI_UNSPECIFIED);
	assert_true(np_cfi_find(&module, (uintptr_t)image + CODE + 0x200, &fde));
	assert_true(fde.signal_frame);
	assert_false(np_cfi_find(&module, (uintptr_t)image + CODE + 0x300, &fde));
}

static void every_rule(void **state)
{
	static const uint8_t program[] = {
		0x07, 16,			/* ra undefined */
		0x08, 3,			/* rbx same value */
		0x09, 12, 13,			/* r12 in r13 */
		0x11, 13, 0x7e,			/* r13 at CFA + 16 (signed, factored) */
		0x14, 14, 2,			/* r14 is CFA - 16 */
		0x15, 15, 0x7e,			/* r15 is CFA + 16 */
		0x10, 6, 2, 0x76, 0,		/* rbp at the address breg6 0 */
		0x16, 7, 2, 0x77, 8,		/* rsp is breg7 8 */
		0x2e, 32,			/* GNU_args_size */
		0x0f, 2, 0x77, 0x10,		/* CFA is breg7 16 */
	};
	static const uint8_t rules[] = {
		NP_CFI_SAME, NP_CFI_EXPRESSION, NP_CFI_VAL_EXPRESSION, NP_CFI_REGISTER,
		NP_CFI_OFFSET, NP_CFI_VAL_OFFSET, NP_CFI_VAL_OFFSET, NP_CFI_UNDEFINED,
	};
	struct np_cfi_fde fde;
	struct np_cfi_row row;

	(void)state;
	put_fde(CODE + 0x100, 0x40, program, sizeof(program));
	put_table(0x3b);
	assert_true(row_at(CODE + 0x100, &fde, &row));
	assert_true(row.cfa_is_expression);
	assert_memory_equal(row.rules, rules, sizeof(rules));
	assert_int_equal(row.values[3], 13);
	assert_int_equal(row.values[4], 16);
	assert_int_equal(row.values[5], -16);
	assert_int_equal(row.values[6], 16);
}

static void damaged_programs(void **state)
{
	static const struct {
		uint8_t bytes[8], count;
	} programs[] = {
		{ { 0x0b }, 1 },			/* restore without remember */
		{ { 0x3f }, 1 },			/* unknown */
		{ { 0x0c, 0x99, 0x99, 0x99, 0x01, 8 }, 6 },	/* CFA register out of range */
		{ { 0x0e, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f }, 7 },	/* offset beyond 31 bits */
		{ { 0x10, 6, 0x7f }, 3 },		/* block longer than the entry */
		{ { 0x0a, 0x0a, 0x0a, 0x0a, 0x0a }, 5 },	/* more states than are kept */
		{ { 0x0e, 0x80 | 1 }, 2 },		/* number cut short: padding ends it at 1 */
	};
	struct np_cfi_fde fde;
	struct np_cfi_row row;

	(void)state;
	for (uint32_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		put_fde(CODE + 0x100 + i * 0x40, 0x40, programs[i].bytes, programs[i].count);
	put_table(0x3b);
	for (uint32_t i = 0; i + 1 < sizeof(programs) / sizeof(programs[0]); i++)
		assert_false(row_at(CODE + 0x100 + i * 0x40, &fde, &row));
}

/* Evaluate BYTES as the CFA of a frame with sp and fp. */
static bool evaluate(const uint8_t *bytes, uint8_t count, uintptr_t *ret_result)
{
	static uint64_t stack[8];
	struct np_walk walk = { .low = (uintptr_t)stack, .high = (uintptr_t)(stack + 8) };
	struct np_cfi_fde fde = { .segment = { .low = (uintptr_t)image,
					       .high = (uintptr_t)image + IMAGE_BYTES } };
	struct np_cfi_scope scope = { .walk = &walk, .fde = &fde, .pc = 0x100b,
				      .sp = (uintptr_t)stack, .fp = (uintptr_t)(stack + 4) };

	stack[2] = 42;
	at = FRAMES;
	put_u8(count);
	put(bytes, count);
	return np_cfi_evaluate(&scope, FRAMES, false, 0, ret_result);
}

#define GIVES(value, ...)                                                                          \
	do {                                                                                       \
		static const uint8_t bytes[] = { __VA_ARGS__ };                                    \
		uintptr_t result = 0;                                                              \
		assert_true(evaluate(bytes, sizeof(bytes), &result));                              \
		assert_int_equal(result, (uintptr_t)(value));                                      \
	} while (0)

#define FAILS(...)                                                                                 \
	do {                                                                                       \
		static const uint8_t bytes[] = { __VA_ARGS__ };                                    \
		uintptr_t result = 0;                                                              \
		assert_false(evaluate(bytes, sizeof(bytes), &result));                             \
	} while (0)

static void expressions(void **state)
{
	(void)state;
	GIVES(5, 0x35);
	GIVES(-2, 0x09, 0xfe);
	GIVES(300, 0x0a, 0x2c, 0x01);
	GIVES(-300, 0x11, 0xd4, 0x7d);
	GIVES(42, 0x77, 0x10, 0x06);			/* breg7 16; deref */
	GIVES(42, 0x76, 0x70, 0x94, 1);			/* breg6 -16; deref_size 1 */
	GIVES(8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24);	/* (pc & 15) >= 11 ? 8 : 0 */
	GIVES(7, 0x33, 0x34, 0x22);
	GIVES(-1, 0x33, 0x34, 0x1c);
	GIVES(12, 0x33, 0x34, 0x1e);
	GIVES(2, 0x38, 0x34, 0x1b);
	GIVES(3, 0x33, 0x34, 0x13);			/* drop */
	GIVES(3, 0x33, 0x34, 0x14);			/* over */
	GIVES(33, 0x31, 0x23, 32);			/* plus_uconst */
	GIVES(2, 0x31, 0x28, 4, 0, 0x31, 0x2f, 1, 0, 0x32);	/* 1; bra over */
	GIVES(1, 0x31, 0x32, 0x33, 0x17, 0x13, 0x13, 0x31, 0x1a);	/* rot */
	FAILS(0x06);					/* nothing to dereference */
	FAILS(0x77, 0x80, 0x7f, 0x06);			/* below the stack */
	FAILS(0x30, 0x06);				/* null */
	FAILS(0x31, 0x30, 0x1b);			/* division by zero */
	FAILS(0x2f, 0xfd, 0xff);			/* for ever */
	FAILS(0x2f, 0x00, 0x80);			/* out of the expression */
	FAILS(0x73, 0);					/* rbx: not known here */
	FAILS(0x31, 0x12, 0x12, 0x12, 0x12, 0x12, 0x12, 0x12, 0x12, 0x12, 0x12, 0x12, 0x12);
	FAILS(0xff);
	FAILS(0x08);					/* cut short */
	FAILS(0x96);					/* leaves nothing */
}

/* Whatever bytes change, the search and the rows end without a fault. */
static void mutations(void **state)
{
	struct np_cfi_fde fde;
	struct np_cfi_row row;
	uint8_t copy[CODE];
	uint64_t random = 88172645463325252u;
	uint32_t found = 0;
	uintptr_t result;

	for (uint32_t i = 1; i < 12; i++)
		put_fde(CODE + i * 0x80, 0x40, usual, sizeof(usual));
	put_table(0x3b);
	memcpy(copy, image, CODE);
	for (uint32_t round = 0; round < 60000; round++) {
		uint32_t changes = 1 + round % 4;

		for (uint32_t i = 0; i < changes; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			image[random % 7 ? HEADER + random / 8 % (at - HEADER) : random / 8 % 232] =
				random % 3 ? (uint8_t)(random >> 40) : (random & 64 ? 0xff : 0x80);
		}
		for (uint32_t code = CODE; code < CODE + 0x600; code += 0x39) {
			if (!row_at(code, &fde, &row))
				continue;
			found++;
			if (row.cfa_is_expression) {
				struct np_walk walk = { .high = 0 };
				struct np_cfi_scope scope = { .walk = &walk, .fde = &fde };

				np_cfi_evaluate(&scope, row.cfa_value, true, 0, &result);
			}
		}
		memcpy(image, copy, CODE);
	}
	assert_true(found > 100000);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(rows, build),
		cmocka_unit_test_setup(bounds_of_rows, build),
		cmocka_unit_test_setup(without_a_search_table, build),
		cmocka_unit_test_setup(many_functions, build),
		cmocka_unit_test_setup(augmentations, build),
		cmocka_unit_test_setup(every_rule, build),
		cmocka_unit_test_setup(damaged_programs, build),
		cmocka_unit_test_setup(expressions, build),
		cmocka_unit_test_setup(mutations, build),
	};

	return cmocka_run_group_tests_name("cfi", tests, NULL, NULL);
}
