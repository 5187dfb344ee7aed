/* SPDX-License-Identifier: MIT
 *
 * test-symbolize.c - the right name, or none: with debugging information, without, and stripped.
 *
 * Arguments: the sample with -g, without, and stripped; the C++ sample with -g and stripped; the
 * sample with DWARF 4 and with split DWARF.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <gelf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbolize/names.h"
#include "symbolize/perfmap.h"
#include "symbolize/ranges.h"
#include "symbolize/symbolize.h"

static char *with_debug, *plain, *stripped, *cpp, *cpp_stripped, *dwarf4, *split;
static struct np_symbolizer *symbolizer;

static int make(void **state)
{
	(void)state;
	symbolizer = np_symbolizer_create();
	return 0;
}

static int destroy(void **state)
{
	(void)state;
	np_symbolizer_destroy(symbolizer);
	return 0;
}

static struct np_symbol_module *module_of(const char *path)
{
	return np_symbolizer_module(symbolizer, path, NULL, 0);
}

/* Where LIBRARY, loaded, was put. */
static uint64_t bias_of(void *library)
{
	struct link_map *map;

	assert_int_equal(dlinfo(library, RTLD_DI_LINKMAP, &map), 0);
	return map->l_addr;
}

static void *load(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		fail_msg("%s", dlerror());
	return library;
}

/* The address of symbol NAME in the file PATH. */
static uint64_t address_of(const char *path, const char *name)
{
	void *library = load(path);
	uint64_t address = (uint64_t)(uintptr_t)dlsym(library, name);

	assert_int_not_equal(address, 0);
	return address - bias_of(library);
}

static uint64_t hidden_function(const char *path)
{
	void *library = load(path);
	void **addresses = dlsym(library, "np_sample_addresses");

	assert_non_null(addresses);
	return (uint64_t)(uintptr_t)addresses[0] - bias_of(library);
}

static struct np_symbol symbolize(const char *path, uint64_t address)
{
	struct np_symbol symbol;

	np_symbolize(module_of(path), address, false, &symbol);
	assert_true(symbol.line_count >= 1);
	assert_non_null(symbol.lines[0].name);
	return symbol;
}

static void expect_name(const char *path, uint64_t address, enum np_symbol_source source,
			const char *name)
{
	struct np_symbol symbol = symbolize(path, address);

	assert_string_equal(symbol.lines[symbol.line_count - 1].name, name);
	assert_int_equal(symbol.source, source);
}

static const char *file_of(const struct np_symbol_line *line)
{
	const char *slash = strrchr(line->file, '/');

	return slash ? slash + 1 : line->file;
}

static void expect_inlined(const char *path)
{
	uint64_t place = address_of(path, "np_sample_in_inline");
	struct np_symbol symbol = symbolize(path, place);

	assert_int_equal(symbol.line_count, 3);
	assert_string_equal(symbol.lines[0].name, "inlined_inner");
	assert_string_equal(symbol.lines[1].name, "inlined_middle");
	assert_string_equal(symbol.lines[2].name, "np_sample_outer");
	assert_true(symbol.lines[0].inlined && symbol.lines[1].inlined && !symbol.lines[2].inlined);
	for (int i = 0; i < 3; i++)
		assert_string_equal(file_of(&symbol.lines[i]), "symbolize_sample.c");
	assert_int_equal(symbol.lines[0].line, 18);	/* as symbolize_sample.c has them */
	assert_int_equal(symbol.lines[0].decl_line, 16);
	assert_int_equal(symbol.lines[1].line, 24);
	assert_int_equal(symbol.lines[2].line, 30);
	assert_int_equal(symbol.lines[2].decl_line, 27);
	assert_int_equal(symbol.source, NP_SYMBOL_DWARF);
	assert_int_equal(symbol.start, address_of(path, "np_sample_outer"));
}

static void inlined_calls_are_frames_with_their_lines(void **state)
{
	(void)state;
	expect_inlined(with_debug);
	expect_inlined(dwarf4);
	expect_inlined(split);
	/* Without debugging information the label in the middle must not become a function. */
	expect_name(plain, address_of(plain, "np_sample_in_inline"), NP_SYMBOL_TABLE,
		"np_sample_outer");
	expect_name(stripped, address_of(plain, "np_sample_in_inline"), NP_SYMBOL_TABLE,
		    "np_sample_outer");
}

static void a_return_address_belongs_to_the_call_before_it(void **state)
{
	uint64_t end = address_of(plain, "np_sample_sized") + 6;
	struct np_symbol symbol;

	(void)state;
	np_symbolize(module_of(plain), end, true, &symbol);
	assert_string_equal(symbol.lines[0].name, "np_sample_sized");
	np_symbolize(module_of(plain), end, false, &symbol);
	assert_int_equal(symbol.source, NP_SYMBOL_NONE);
}

static void a_static_function_without_symbol_is_named_by_its_start(void **state)
{
	uint64_t start = hidden_function(plain);
	char name[128];

	(void)state;
	expect_name(
		with_debug, hidden_function(with_debug) + 2, NP_SYMBOL_DWARF, "hidden_function");
	expect_name(plain, start + 2, NP_SYMBOL_TABLE, "hidden_function");
	snprintf(name, sizeof(name), "%s+0x%llx", strrchr(stripped, '/') + 1,
		(unsigned long long)start);
	expect_name(stripped, start, NP_SYMBOL_FDE, name);
	expect_name(stripped, start + 2, NP_SYMBOL_FDE, name);
	assert_int_equal(symbolize(stripped, start + 2).start, start);
}

static void a_size_ends_a_name(void **state)
{
	uint64_t sized = address_of(plain, "np_sample_sized");
	char name[128];

	(void)state;
	expect_name(plain, sized + 5, NP_SYMBOL_TABLE, "np_sample_sized");
	snprintf(name, sizeof(name), "%s+0x%llx", strrchr(plain, '/') + 1,
		 (unsigned long long)sized + 6);
	expect_name(plain, sized + 6, NP_SYMBOL_NONE, name); /* the nearest symbol would be wrong */
}

static void a_symbol_without_size_reaches_to_the_next(void **state)
{
	uint64_t start = address_of(plain, "np_sample_unsized");

	(void)state;
	assert_int_equal(address_of(plain, "np_sample_unsized_end"), start + 6);
	for (uint64_t at = start; at < start + 6; at++)
		expect_name(plain, at, NP_SYMBOL_TABLE, "np_sample_unsized");
	assert_string_not_equal(symbolize(plain, start + 6).lines[0].name, "np_sample_unsized");
}

static void the_public_one_of_several_names_is_shown(void **state)
{
	(void)state;
	expect_name(
		plain, address_of(plain, "np_sample_alias"), NP_SYMBOL_TABLE, "np_sample_alias");
	expect_name(
		stripped, address_of(plain, "np_sample_alias"), NP_SYMBOL_TABLE, "np_sample_alias");
	expect_name(with_debug, address_of(with_debug, "np_sample_alias"), NP_SYMBOL_DWARF,
		    "np_sample_alias");
}

/* All executable sections whose name begins with .plt. */
static int count_stubs(const char *path, const char *wanted)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), found = 0;
	Elf_Scn *section = NULL;
	size_t strings;
	GElf_Shdr shdr;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	assert_non_null(elf);
	assert_int_equal(elf_getshdrstrndx(elf, &strings), 0);
	while ((section = elf_nextscn(elf, section))) {
		assert_non_null(gelf_getshdr(section, &shdr));
		if (strncmp(elf_strptr(elf, strings, shdr.sh_name), ".plt", 4) != 0)
			continue;
		for (uint64_t at = shdr.sh_addr; at < shdr.sh_addr + shdr.sh_size; at += 8) {
			struct np_symbol symbol = symbolize(path, at);

			if (symbol.source == NP_SYMBOL_PLT &&
				strcmp(symbol.lines[0].name, wanted) == 0)
				found++;
		}
	}
	elf_end(elf);
	close(fd);
	return found;
}

static void plt_stubs_are_named_by_their_target(void **state)
{
	(void)state;
	assert_true(count_stubs(plain, "getppid@plt") > 0);
	assert_true(count_stubs(stripped, "getppid@plt") > 0);
}

static void cpp_names_are_for_people(void **state)
{
	static const char *const expected[][2] = {
		{ "_ZNK9np_sample5Thing6methodEi", "np_sample::Thing::method(int) const" },
		{ "_ZN9np_sample5ThingclEc", "np_sample::Thing::operator()(char)" },
		{ "_ZN9np_sample5twiceIlEET_S1_", "np_sample::twice<long>(long)" },
		{ "_ZN9np_sample8functionEiPKc", "np_sample::function(int, char const*)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		uint64_t address = address_of(cpp, expected[i][0]) + 1;
		struct np_symbol symbol = symbolize(cpp, address);

		expect_name(cpp, address, NP_SYMBOL_DWARF, expected[i][1]);
		expect_name(cpp_stripped, address, NP_SYMBOL_TABLE, expected[i][1]);
		assert_string_equal(
			symbol.lines[symbol.line_count - 1].system_name, expected[i][0]);
	}
}

static void a_static_cpp_function_keeps_its_scope_where_it_is_inlined(void **state)
{
	struct np_symbol symbol = symbolize(cpp, address_of(cpp, "np_sample_in_static"));

	(void)state;
	assert_int_equal(symbol.line_count, 2);
	assert_true(symbol.lines[0].inlined);
	/* gcc gives such functions no linkage name; clang does, with the parameters. */
	assert_int_equal(strncmp(symbol.lines[0].name, "np_sample::hidden", 17), 0);
	assert_string_equal(symbol.lines[1].name, "np_sample::caller(int)");
}

static void a_file_that_is_not_the_profiled_one_is_not_used(void **state)
{
	static const uint8_t other[20] = { 1, 2, 3 };
	uint64_t address = address_of(plain, "np_sample_outer");
	struct np_symbol_module *module =
		np_symbolizer_module(symbolizer, plain, other, sizeof(other));
	struct np_symbol symbol;

	(void)state;
	assert_ptr_not_equal(module, module_of(plain));
	np_symbolize(module, address, false, &symbol);
	assert_int_equal(symbol.source, NP_SYMBOL_NONE);
	assert_non_null(strstr(np_symbol_module_note(module), "not the file that was profiled"));
	module = module_of("/nowhere/libgone.so (deleted)");
	np_symbolize(module, 0x123, false, &symbol);
	assert_string_equal(symbol.lines[0].name, "libgone.so+0x123");
	assert_int_equal(symbol.source, NP_SYMBOL_NONE);
	assert_non_null(np_symbol_module_note(module));
}

static void a_file_changed_since_is_not_used_without_a_build_id(void **state)
{
	struct np_symbolizer *other = np_symbolizer_create();
	struct np_symbol_module *module;
	struct np_symbol symbol;

	(void)state;
	np_symbolizer_distrust_after(other, 1000000000);	/* 1970 */
	module = np_symbolizer_module(other, plain, NULL, 0);
	np_symbolize(module, address_of(plain, "np_sample_outer"), false, &symbol);
	assert_int_equal(symbol.source, NP_SYMBOL_NONE);
	assert_non_null(strstr(np_symbol_module_note(module), "changed"));
	np_symbolizer_destroy(other);
}

/* The build id in an ELF image in memory. */
static size_t build_id_of(const uint8_t *image, uint8_t *to)
{
	const ElfW(Ehdr) *ehdr = (const void *)image;
	const ElfW(Phdr) *phdr = (const void *)(image + ehdr->e_phoff);

	for (int i = 0; i < ehdr->e_phnum; i++) {
		const uint8_t *at = image + phdr[i].p_offset, *end = at + phdr[i].p_filesz;

		while (phdr[i].p_type == PT_NOTE && at + sizeof(ElfW(Nhdr)) <= end) {
			const ElfW(Nhdr) *note = (const void *)at;
			const uint8_t *data = at + sizeof(*note) + ((note->n_namesz + 3) & ~3u);

			if (note->n_type == NT_GNU_BUILD_ID && note->n_descsz <= 20) {
				memcpy(to, data, note->n_descsz);
				return note->n_descsz;
			}
			at = data + ((note->n_descsz + 3) & ~3u);
		}
	}
	return 0;
}

static void the_vdso_is_known(void **state)
{
	const uint8_t *image = (const uint8_t *)getauxval(AT_SYSINFO_EHDR);
	void *library = dlopen("linux-vdso.so.1", RTLD_NOW | RTLD_NOLOAD);
	uint8_t id[20];
	struct np_symbol_module *module;
	struct np_symbol symbol;
	void *function;
	size_t bytes = 0;

	(void)state;
	function = library ? dlvsym(library, "__vdso_clock_gettime", "LINUX_2.6") : NULL;
	if (!image || !function || !(bytes = build_id_of(image, id)))
		skip();
	module = np_symbolizer_module(symbolizer, "linux-vdso.so.1", id, bytes);
	np_symbolize(module, (uint64_t)((const uint8_t *)function - image), false, &symbol);
	assert_string_equal(symbol.lines[0].name, "clock_gettime");
	id[0] ^= 1;			/* of another kernel */
	module = np_symbolizer_module(symbolizer, "linux-vdso.so.1", id, bytes);
	np_symbolize(module, (uint64_t)((const uint8_t *)function - image), false, &symbol);
	assert_int_equal(symbol.source, NP_SYMBOL_NONE);
}

static void special_files_do_not_hold_us_up(void **state)
{
	static const char *const paths[] = { "/dev/zero", "/dev/null", "/tmp", "/proc/self/mem", "",
					     "relative", "[heap]" };

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct np_symbol symbol = symbolize(paths[i], 0x1000);

		assert_int_equal(symbol.source, NP_SYMBOL_NONE);
		assert_non_null(np_symbol_module_note(module_of(paths[i])));
	}
}

/* A file with one byte in four thousand turned over: any answer will do but a crash. */
static void damaged_files_are_survived(void **state)
{
	static const char path[] = "/tmp/neuroprof-test-damaged.so";
	const char *const samples[] = { with_debug, cpp };

	(void)state;
	srand(1);
	for (int round = 0; round < 60; round++) {
		FILE *from = fopen(samples[round % 2], "rb"), *to = fopen(path, "wb");
		struct np_symbolizer *own = np_symbolizer_create();
		struct np_symbol symbol;
		int c;

		assert_true(from && to);
		for (long at = 0; (c = getc(from)) != EOF; at++)
			putc(at > 64 && rand() % 4000 == 0 ? c ^ 1 << rand() % 8 : c, to);
		fclose(from);
		fclose(to);
		for (uint64_t address = 0; address < 0x4000; address += 7)
			np_symbolize(
				np_symbolizer_module(own, path, NULL, 0), address, true, &symbol);
		np_symbolizer_destroy(own);
	}
	unlink(path);
}

static void names_are_printable_and_bounded(void **state)
{
	struct np_names *names = np_names_create();
	char bomb[4096] = "_Z1f1AI1BS0_E";
	char *long_name = malloc(200001);
	size_t n = strlen(bomb);

	(void)state;
	assert_string_equal(np_names_keep(names, "a\nb\xff\x1b[0m"), "a\\x0ab\\xff\\x1b[0m");
	assert_string_equal(np_names_keep(names, "na\xc3\xafve"), "na\xc3\xafve");
	assert_ptr_equal(np_names_keep(names, "same"), np_names_keep(names, "same"));
	assert_string_equal(np_names_demangled(names, "_RNvC6_123foo3bar"), "123foo::bar");
	assert_string_equal(
		np_names_demangled(names, "_ZN3foo3bar17h05af221e174051e9E"), "foo::bar");
	assert_string_equal(np_names_demangled(names, "_Dmain"), "D main");
	assert_string_equal(np_names_demangled(names, "_Znonsense"), "_Znonsense");
	assert_string_equal(np_names_demangled(names, "_Z"), "_Z");
	/* Each argument is twice as long as the one before it; base 36 counts what was seen. */
	for (int i = 1; i < 34; i++) {
		int s = i < 10 ? '0' + i : 'A' + i - 10;

		n += (size_t)sprintf(bomb + n, "S_IS%c_S%c_E", s, s);
		if (i == 3)
			assert_string_equal(np_names_demangled(names, bomb),
				"f(A<B, B>, A<A<B, B>, A<B, B> >, "
				"A<A<A<B, B>, A<B, B> >, A<A<B, B>, A<B, B> > >, "
				"A<A<A<A<B, B>, A<B, B> >, A<A<B, B>, A<B, B> > >, "
				"A<A<A<B, B>, A<B, B> >, A<A<B, B>, A<B, B> > > >)");
	}
	assert_string_equal(np_names_demangled(names, bomb), bomb);
	assert_non_null(long_name);
	memset(long_name, 'x', 200000);
	long_name[200000] = '\0';
	assert_true(strlen(np_names_demangled(names, long_name)) <= 65536);
	long_name[0] = '_';
	long_name[1] = 'Z';
	assert_true(strlen(np_names_demangled(names, long_name)) <= 65536);
	free(long_name);
	np_names_destroy(names);
}

static void perf_maps_name_what_was_compiled_last(void **state)
{
	static const char text[] = "1000 100 first\n1040 20 later\n0x3000 10 with prefix\n"
				   "nonsense\n4000 zz bad\nffffffffffffffff 2 wraps\n5000 10 cut";
	struct np_perfmap *map = np_perfmap_parse(text, sizeof(text) - 1);
	uint64_t start = 0;

	(void)state;
	assert_string_equal(np_perfmap_find(map, 0x1000, &start), "first");
	assert_string_equal(np_perfmap_find(map, 0x105f, &start), "later");
	assert_int_equal(start, 0x1040);
	assert_string_equal(np_perfmap_find(map, 0x10ff, &start), "first");
	assert_null(np_perfmap_find(map, 0x1100, &start));
	assert_string_equal(np_perfmap_find(map, 0x3000, &start), "with prefix");
	assert_null(np_perfmap_find(map, 0x4000, &start));
	assert_null(np_perfmap_find(map, 0x5000, &start));
	np_perfmap_close(map);
}

static void foreign_perf_maps_are_not_believed(void **state)
{
	static const char path[] = "/tmp/neuroprof-test-perf.map";
	struct np_perfmap *map;
	FILE *to = fopen(path, "w");

	(void)state;
	assert_non_null(to);
	fputs("1000 10 f\n", to);
	fclose(to);
	assert_null(np_perfmap_open(path, geteuid() + 1));
	map = np_perfmap_open(path, geteuid());
	assert_non_null(map);
	np_perfmap_close(map);
	assert_null(np_perfmap_open("/dev/zero", 0));
	unlink(path);
}

static void the_smallest_range_counts(void **state)
{
	struct np_ranges ranges = { .count = 0 };

	(void)state;
	np_ranges_add(&ranges, 0, 1000, 1);
	np_ranges_add(&ranges, 100, 200, 2);
	np_ranges_add(&ranges, 150, 160, 3);
	np_ranges_add(&ranges, 100, 200, 0);
	np_ranges_add(&ranges, 300, 300, 4);	/* empty */
	np_ranges_add(&ranges, 500, 400, 5);	/* wraps */
	np_ranges_finish(&ranges);
	assert_int_equal(np_ranges_smallest(&ranges, 155)->id, 3);
	assert_int_equal(np_ranges_smallest(&ranges, 160)->id, 0);
	assert_int_equal(np_ranges_smallest(&ranges, 199)->id, 0);
	assert_int_equal(np_ranges_smallest(&ranges, 200)->id, 1);
	assert_int_equal(np_ranges_smallest(&ranges, 300)->id, 1);
	assert_int_equal(np_ranges_latest(&ranges, 155)->id, 3);
	assert_int_equal(np_ranges_latest(&ranges, 170)->id, 2);
	assert_null(np_ranges_smallest(&ranges, 1000));
	np_ranges_free(&ranges);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inlined_calls_are_frames_with_their_lines),
		cmocka_unit_test(a_return_address_belongs_to_the_call_before_it),
		cmocka_unit_test(a_static_function_without_symbol_is_named_by_its_start),
		cmocka_unit_test(a_size_ends_a_name),
		cmocka_unit_test(a_symbol_without_size_reaches_to_the_next),
		cmocka_unit_test(the_public_one_of_several_names_is_shown),
		cmocka_unit_test(plt_stubs_are_named_by_their_target),
		cmocka_unit_test(cpp_names_are_for_people),
		cmocka_unit_test(a_static_cpp_function_keeps_its_scope_where_it_is_inlined),
		cmocka_unit_test(a_file_that_is_not_the_profiled_one_is_not_used),
		cmocka_unit_test(a_file_changed_since_is_not_used_without_a_build_id),
		cmocka_unit_test(the_vdso_is_known),
		cmocka_unit_test(special_files_do_not_hold_us_up),
		cmocka_unit_test(damaged_files_are_survived),
		cmocka_unit_test(names_are_printable_and_bounded),
		cmocka_unit_test(perf_maps_name_what_was_compiled_last),
		cmocka_unit_test(foreign_perf_maps_are_not_believed),
		cmocka_unit_test(the_smallest_range_counts),
	};

	if (argc != 8) {
		fprintf(stderr, "usage: %s DEBUG PLAIN STRIPPED CPP CPP_STRIPPED DWARF4 SPLIT\n",
			argv[0]);
		return 2;
	}
	with_debug = realpath(argv[1], NULL);
	plain = realpath(argv[2], NULL);
	stripped = realpath(argv[3], NULL);
	cpp = realpath(argv[4], NULL);
	cpp_stripped = realpath(argv[5], NULL);
	dwarf4 = realpath(argv[6], NULL);
	split = realpath(argv[7], NULL);
	return cmocka_run_group_tests(tests, make, destroy);
}
