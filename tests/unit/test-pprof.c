/* SPDX-License-Identifier: MIT
 *
 * test-pprof.c - pprof written and read back; damaged and hostile files refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "profile.pb-c.h"
#include "profile/folded.h"
#include "profile/pprof_write.h"
#include "profile/read.h"

struct bytes {
	unsigned char *at;
	size_t size;
};

static struct bytes finish(struct np_pprof *pprof)
{
	int fd = memfd_create("pprof", MFD_CLOEXEC);
	struct bytes out;

	assert_true(fd >= 0);
	assert_int_equal(np_pprof_write(pprof, fd), 0);
	np_pprof_destroy(pprof);
	out.size = (size_t)lseek(fd, 0, SEEK_END);
	out.at = malloc(out.size);
	assert_int_equal(pread(fd, out.at, out.size, 0), out.size);
	close(fd);
	return out;
}

static struct bytes unpack(struct bytes packed)
{
	struct bytes out = {malloc(1 << 23), 1 << 23};
	z_stream stream = {.next_in = packed.at, .avail_in = (uInt)packed.size,
			   .next_out = out.at, .avail_out = (uInt)out.size};

	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	out.size = stream.total_out;
	inflateEnd(&stream);
	return out;
}

static struct bytes pack(struct bytes plain)
{
	struct bytes out = {malloc(1 << 23), 1 << 23};
	z_stream stream = {.next_in = plain.at, .avail_in = (uInt)plain.size,
			   .next_out = out.at, .avail_out = (uInt)out.size};

	assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, 0), Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	out.size = stream.total_out;
	deflateEnd(&stream);
	return out;
}

/* main calls work, into which helper is inlined; one sample in libc, one in an unnamed place. */
static struct bytes make_profile(void)
{
	struct np_pprof *p = np_pprof_create();
	uint64_t app, libc, functions[4], at_main, at_work, at_copy, at_nowhere, process, marker;
	struct np_pprof_label labels[] = {
		{.key = "thread", .text = "worker"}, {.key = "tid", .number = 12, .unit = "id"}};

	np_pprof_sample_type(p, "samples", "count");
	np_pprof_sample_type(p, "calls", "count");
	np_pprof_sample_type(p, "cpu", "nanoseconds");
	np_pprof_period(p, "cpu", "nanoseconds", 10101010);
	np_pprof_times(p, 1700000000000000000, 5000000000);
	np_pprof_comment(p, "clock: perf");
	np_pprof_comment(p, "lost: 0");
	app = np_pprof_mapping(p, 0x400000, 0x500000, 0, "/usr/bin/app", "abcd");
	libc = np_pprof_mapping(p, 0x7f0000000000, 0x7f0000200000, 0x1000,
				"/lib/x86_64-linux-gnu/libc.so.6", "");
	functions[0] = np_pprof_function(p, "main", "main", "app.c", 10);
	functions[1] = np_pprof_function(p, "work(int)", "_Z4worki", "app.c", 20);
	functions[2] = np_pprof_function(p, "helper", "helper", "app.h", 3);
	functions[3] = np_pprof_function(p, "memcpy", "memcpy", "", 0);
	process = np_pprof_function(p, "app (12)", "process:12", "", 0);
	marker = np_pprof_function(p, "[truncated: too deep]", "", "", 0);
	assert_int_equal(np_pprof_function(p, "main", "main", "app.c", 10), functions[0]);
	at_main = np_pprof_location(p, app, 0x401000, &(struct np_pprof_line){functions[0], 12}, 1);
	at_work = np_pprof_location(p, app, 0x402000, (struct np_pprof_line[]){
		{functions[2], 5}, {functions[1], 22}}, 2);
	at_copy = np_pprof_location(p, libc, 0x7f0000001234,
				    &(struct np_pprof_line){functions[3], 0}, 1);
	at_nowhere = np_pprof_location(p, libc, 0x7f0000005678, NULL, 0);
	process = np_pprof_location(p, 0, 0, &(struct np_pprof_line){process, 0}, 1);
	marker = np_pprof_location(p, 0, 0, &(struct np_pprof_line){marker, 0}, 1);

	np_pprof_sample(p, (uint64_t[]){at_work, at_main, process}, 3, (int64_t[]){2, 5, 20},
			labels, 2);
	np_pprof_sample(p, (uint64_t[]){at_copy, at_work, at_main, process}, 4,
			(int64_t[]){1, 0, 10}, labels, 2);
	np_pprof_sample(p, (uint64_t[]){at_nowhere, marker}, 2, (int64_t[]){1, 0, 10}, NULL, 0);
	return finish(p);
}

static const struct np_function *function_named(const struct np_tree *tree, const char *name)
{
	for (uint32_t i = 1; i < np_tree_function_count(tree); i++)
		if (strcmp(np_tree_string(tree, np_tree_function_at(tree, i)->name), name) == 0)
			return np_tree_function_at(tree, i);
	fail_msg("no function '%s'", name);
	return NULL;
}

static void a_written_profile_reads_back_whole(void **state)
{
	struct bytes file = make_profile();
	struct np_tree *tree = np_tree_create();
	struct np_tree_meta *meta = np_tree_meta(tree);
	struct np_read_report report;
	const struct np_function *f;
	char *text = NULL;
	size_t size;
	FILE *to;

	if (np_read_memory("x", file.at, file.size, NULL, tree, &report) != 0)
		fail_msg("%s", report.message);
	assert_int_equal(report.records, 3);
	to = open_memstream(&text, &size);
	np_folded_write(tree, to, true);
	fclose(to);
	assert_string_equal(text, "[truncated: too deep];libc.so.6+0x6678 10\n"
				  "app (12);main;work(int);helper_[i] 20\n"
				  "app (12);main;work(int);helper_[i];memcpy 10\n");
	assert_string_equal(meta->value_type, "cpu");
	assert_string_equal(meta->value_unit, "nanoseconds");
	assert_string_equal(meta->command, "/usr/bin/app");
	assert_int_equal(meta->period, 10101010);
	assert_int_equal(meta->duration_ns, 5000000000);
	assert_int_equal(meta->calls, NP_CALLS_LOWER_BOUND);
	assert_true(meta->samples_known);
	assert_int_equal(np_tree_comment_count(tree), 2);
	assert_string_equal(np_tree_comment(tree, 0), "clock: perf");
	f = function_named(tree, "work(int)");
	assert_string_equal(np_tree_string(tree, f->module), "app");
	assert_string_equal(np_tree_string(tree, f->file), "app.c");
	assert_int_equal(f->line, 20);
	assert_int_equal(f->kind, NP_KIND_OWN);
	assert_int_equal(function_named(tree, "helper")->inlined, 1);
	assert_int_equal(function_named(tree, "memcpy")->kind, NP_KIND_RUNTIME);
	assert_int_equal(function_named(tree, "app (12)")->kind, NP_KIND_PROCESS);
	assert_int_equal(function_named(tree, "[truncated: too deep]")->kind, NP_KIND_MARKER);
	np_tree_finish(tree);
	assert_int_equal(np_tree_node(tree, 0)->total, 40);
	assert_int_equal(np_tree_total_samples(tree, 0), 4);
	free(text);
	free(file.at);
	np_tree_destroy(tree);
}

static void the_same_calls_give_the_same_bytes(void **state)
{
	struct bytes a = make_profile(), b = make_profile();

	assert_int_equal(a.size, b.size);
	assert_memory_equal(a.at, b.at, a.size);
	assert_int_equal(a.at[4] | a.at[5] | a.at[6] | a.at[7], 0);	/* no time in gzip's header */
	free(a.at);
	free(b.at);
}

static void files_of_one_unit_sum_up(void **state)
{
	struct bytes file = make_profile();
	struct np_tree *tree = np_tree_create();
	struct np_read_report report;

	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(np_read_memory("x", file.at, file.size, NULL, tree, &report), 0);
	assert_int_equal(np_tree_meta(tree)->period, 10101010);
	assert_int_equal(np_tree_meta(tree)->duration_ns, 15000000000);
	np_tree_finish(tree);
	assert_int_equal(np_tree_node(tree, 0)->total, 120);
	assert_int_equal(np_read_memory("y", "a 1\n", 4, NULL, tree, &report), -EINVAL);
	assert_non_null(strstr(report.message, "cpu/nanoseconds"));
	free(file.at);
	np_tree_destroy(tree);
}

static void plain_and_gzipped_files_are_both_read(void **state)
{
	static const char folded[] = "a;b 5\n";
	struct bytes file = make_profile(), plain = unpack(file);
	struct bytes packed = pack((struct bytes){(unsigned char *)(uintptr_t)folded, 6});
	struct bytes twice = pack(file);
	struct np_tree *tree = np_tree_create(), *other = np_tree_create();
	struct np_read_report report;

	assert_int_equal(np_read_memory("x", plain.at, plain.size, NULL, tree, &report), 0);
	assert_int_equal(np_read_memory("x", packed.at, packed.size, NULL, other, &report), 0);
	/* Two gzip files one after the other are one, and zeros may follow. */
	packed.at = realloc(packed.at, packed.size * 2 + 512);
	memcpy(packed.at + packed.size, packed.at, packed.size);
	memset(packed.at + packed.size * 2, 0, 512);
	assert_int_equal(np_read_memory("x", packed.at, packed.size * 2 + 512, NULL, other,
					&report), 0);
	np_tree_finish(other);
	assert_int_equal(np_tree_node(other, 0)->total, 15);
	packed.at[packed.size * 2 + 511] = 'x';
	assert_int_equal(np_read_memory("x", packed.at, packed.size * 2 + 512, NULL, other,
					&report), -EBADMSG);
	assert_int_equal(np_read_memory("x", twice.at, twice.size, NULL, other, &report),
			 -EBADMSG);
	assert_non_null(strstr(report.message, "twice"));
	np_tree_destroy(tree);
	np_tree_destroy(other);
	free(file.at);
	free(plain.at);
	free(packed.at);
	free(twice.at);
}

static void a_file_cut_anywhere_is_refused(void **state)
{
	struct bytes file = make_profile();

	for (size_t size = 1; size < file.size; size++) {
		struct np_tree *tree = np_tree_create();
		struct np_read_report report;

		if (np_read_memory("x", file.at, size, NULL, tree, &report) != -EBADMSG ||
		    !report.message[0])
			fail_msg("cut to %zu bytes of %zu: '%s'", size, file.size, report.message);
		np_tree_destroy(tree);
	}
	free(file.at);
}

static void no_flipped_byte_does_harm(void **state)
{
	struct bytes file = make_profile(), plain = unpack(file);

	for (size_t at = 0; at < plain.size; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			struct np_tree *tree = np_tree_create();
			struct np_read_report report;
			int rc;

			plain.at[at] ^= (unsigned char)(1u << bit);
			rc = np_read_memory("x", plain.at, plain.size, NULL, tree, &report);
			assert_true(rc <= 0);
			assert_true(rc == 0 || report.message[0]);
			plain.at[at] ^= (unsigned char)(1u << bit);
			np_tree_destroy(tree);
		}
	free(file.at);
	free(plain.at);
}

/* A profile of one sample, which a case then spoils. */
struct small {
	Np__Pprof__Profile profile;
	Np__Pprof__ValueType type, *types[1];
	Np__Pprof__Function function, *functions[1];
	Np__Pprof__Mapping mapping, *mappings[1];
	Np__Pprof__Line line, *lines[1];
	Np__Pprof__Location location, *locations[2];
	Np__Pprof__Sample sample, *samples[1];
	ProtobufCBinaryData strings[4];
	uint64_t ids[2];
	int64_t values[2];
};

#define SET_LIST(message, field, list, n) ((message).field = (list), (message).n_##field = (n))

static void small_init(struct small *s)
{
	static const char *const texts[] = {"", "cpu", "count", "f"};

	memset(s, 0, sizeof(*s));
	np__pprof__profile__init(&s->profile);
	np__pprof__value_type__init(&s->type);
	np__pprof__function__init(&s->function);
	np__pprof__mapping__init(&s->mapping);
	np__pprof__line__init(&s->line);
	np__pprof__location__init(&s->location);
	np__pprof__sample__init(&s->sample);
	for (unsigned i = 0; i < 4; i++)
		s->strings[i] = (ProtobufCBinaryData){strlen(texts[i]), (uint8_t *)(uintptr_t)texts[i]};
	s->types[0] = &s->type;
	s->functions[0] = &s->function;
	s->mappings[0] = &s->mapping;
	s->lines[0] = &s->line;
	s->locations[0] = s->locations[1] = &s->location;
	s->samples[0] = &s->sample;
	SET_LIST(s->profile, sample_type, s->types, 1);
	SET_LIST(s->profile, function, s->functions, 1);
	SET_LIST(s->profile, mapping, s->mappings, 1);
	SET_LIST(s->profile, location, s->locations, 1);
	SET_LIST(s->profile, sample, s->samples, 1);
	SET_LIST(s->profile, string_table, s->strings, 4);
	SET_LIST(s->location, line, s->lines, 1);
	SET_LIST(s->sample, location_id, s->ids, 1);
	SET_LIST(s->sample, value, s->values, 1);
	s->type.type = 1;
	s->type.unit = 2;
	s->function.id = UINT64_MAX;	/* ids are any number but zero */
	s->function.name = 3;
	s->line.function_id = UINT64_MAX;
	s->mapping.id = 7;
	s->location.id = 1u << 31;
	s->location.mapping_id = 7;
	s->ids[0] = 1u << 31;
	s->values[0] = 5;
}

static int read_small(struct small *s, struct np_read_report *report)
{
	size_t size = np__pprof__profile__get_packed_size(&s->profile);
	unsigned char *bytes = malloc(size);
	struct np_tree *tree = np_tree_create();
	int rc;

	np__pprof__profile__pack(&s->profile, bytes);
	rc = np_read_memory("x", bytes, size, NULL, tree, report);
	np_tree_destroy(tree);
	free(bytes);
	return rc;
}

#define SPOILT(change, words)                                                                      \
	do {                                                                                       \
		small_init(&s);                                                                    \
		change;                                                                            \
		if (read_small(&s, &report) != -EBADMSG || !strstr(report.message, words))         \
			fail_msg("%s: '%s'", #change, report.message);                             \
	} while (0)

static void every_index_is_checked(void **state)
{
	struct np_read_report report;
	struct small s;

	small_init(&s);
	if (read_small(&s, &report) != 0)
		fail_msg("the sound one: %s", report.message);
	SPOILT(s.type.type = 4, "string 4 of 4");
	SPOILT(s.type.unit = -1, "string -1");
	SPOILT(s.profile.default_sample_type = INT64_MAX, "string");
	SPOILT(s.function.name = 4, "string");
	SPOILT(s.function.system_name = INT64_MIN, "string");
	SPOILT(s.function.filename = 99, "string");
	SPOILT(s.mapping.filename = 99, "string");
	SPOILT(s.mapping.id = 8, "mapping 7");
	SPOILT(s.mapping.id = 0, "mapping id 0");
	SPOILT(s.function.id = 0, "function id 0");
	SPOILT(s.line.function_id = 3, "function 3");
	SPOILT(s.line.function_id = 0, "function 0");
	SPOILT(s.location.id = 0, "location id 0");
	SPOILT(s.profile.n_location = 2, "used twice");
	SPOILT(s.ids[0] = 5, "location 5");
	SPOILT(s.sample.n_value = 2, "2 values instead of 1");
	SPOILT(s.sample.n_value = 0, "0 values instead of 1");
	SPOILT(s.values[0] = -5, "negative");
	SPOILT(s.values[0] = 0, "above zero");
	SPOILT(s.profile.n_sample = 0, "above zero");
	SPOILT(s.profile.n_string_table = 0, "string table");
	SPOILT(s.strings[0] = s.strings[1], "string table");
}

static void the_default_sample_type_chooses_the_value(void **state)
{
	Np__Pprof__ValueType other, *types[2];
	struct np_read_report report;
	unsigned char bytes[256];
	struct small s;

	small_init(&s);
	np__pprof__value_type__init(&other);	/* "f" in "count" */
	other.type = 3;
	other.unit = 2;
	types[0] = &s.type;
	types[1] = &other;
	SET_LIST(s.profile, sample_type, types, 2);
	SET_LIST(s.sample, value, s.values, 2);
	s.values[1] = 70;
	assert_true(np__pprof__profile__get_packed_size(&s.profile) < sizeof(bytes));
	for (unsigned i = 0; i < 2; i++) {
		struct np_tree *tree = np_tree_create();
		size_t size;

		s.profile.default_sample_type = i ? 1 : 0;
		size = np__pprof__profile__pack(&s.profile, bytes);
		assert_int_equal(np_read_memory("x", bytes, size, NULL, tree, &report), 0);
		np_tree_finish(tree);
		assert_int_equal(np_tree_node(tree, 0)->total, i ? 5 : 70);
		assert_string_equal(np_tree_meta(tree)->value_type, i ? "cpu" : "f");
		np_tree_destroy(tree);
	}
}

static uint64_t total_of(const char *path)
{
	struct np_tree *tree = np_tree_create();
	struct np_read_report report;
	uint64_t total;

	if (np_read_path(path, NULL, tree, &report) != 0)
		fail_msg("%s", report.message);
	np_tree_finish(tree);
	total = np_tree_node(tree, 0)->total;
	np_tree_destroy(tree);
	return total;
}

static void files_larger_than_a_buffer_are_read_whole(void **state)
{
	struct bytes plain, packed;
	uint64_t total = 0;
	char path[64];
	FILE *to;
	int fd;

	to = open_memstream((char **)&plain.at, &plain.size);
	for (unsigned i = 0; i < 60000; i++) {
		fprintf(to, "main;level_%u;a function with a long name %u;leaf %u\n", i % 7,
			i * 2654435761u % 997, i % 50);
		total += i % 50;
	}
	fclose(to);
	assert_true(plain.size > 2 * 1024 * 1024);
	packed = pack(plain);
	for (unsigned i = 0; i < 2; i++) {
		const struct bytes *file = i ? &packed : &plain;

		fd = memfd_create("profile", MFD_CLOEXEC);
		assert_int_equal(write(fd, file->at, file->size), file->size);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		assert_int_equal(total_of(path), total);
		close(fd);
	}
	free(plain.at);
	free(packed.at);
}

static void sums_beyond_64_bits_are_refused(void **state)
{
	Np__Pprof__Sample *samples[3];
	struct np_read_report report;
	struct small s;

	small_init(&s);
	samples[0] = samples[1] = samples[2] = &s.sample;
	s.values[0] = INT64_MAX;
	SET_LIST(s.profile, sample, samples, 3);
	assert_int_equal(read_small(&s, &report), -EOVERFLOW);
	assert_non_null(strstr(report.message, "64 bits"));
}

static void names_that_are_not_utf8_do_not_spoil_the_file(void **state)
{
	struct np_pprof *p = np_pprof_create();
	uint64_t function, location;
	struct np_tree *tree = np_tree_create();
	struct np_read_report report;
	struct bytes file;

	np_pprof_sample_type(p, "cpu", "nanoseconds");
	function = np_pprof_function(p, "a\xff\xed\xa0\x80z\xc3\xa9", "", "", 0);
	location = np_pprof_location(p, 0, 0, &(struct np_pprof_line){function, 0}, 1);
	np_pprof_sample(p, &location, 1, (int64_t[]){1}, NULL, 0);
	file = finish(p);
	assert_int_equal(np_read_memory("x", file.at, file.size, NULL, tree, &report), 0);
	function_named(tree, "a\\xff\\xed\\xa0\\x80z\xc3\xa9");
	free(file.at);
	np_tree_destroy(tree);
}

static void a_full_disk_is_reported(void **state)
{
	struct np_pprof *p = np_pprof_create();
	int fd = open("/dev/full", O_WRONLY);

	if (fd < 0)
		skip();
	np_pprof_sample_type(p, "cpu", "nanoseconds");
	assert_int_equal(np_pprof_write(p, fd), -ENOSPC);
	close(fd);
	np_pprof_destroy(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_written_profile_reads_back_whole),
		cmocka_unit_test(the_same_calls_give_the_same_bytes),
		cmocka_unit_test(files_of_one_unit_sum_up),
		cmocka_unit_test(plain_and_gzipped_files_are_both_read),
		cmocka_unit_test(a_file_cut_anywhere_is_refused),
		cmocka_unit_test(no_flipped_byte_does_harm),
		cmocka_unit_test(every_index_is_checked),
		cmocka_unit_test(the_default_sample_type_chooses_the_value),
		cmocka_unit_test(files_larger_than_a_buffer_are_read_whole),
		cmocka_unit_test(sums_beyond_64_bits_are_refused),
		cmocka_unit_test(names_that_are_not_utf8_do_not_spoil_the_file),
		cmocka_unit_test(a_full_disk_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
