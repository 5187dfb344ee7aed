/* SPDX-License-Identifier: MIT
 *
 * pprof_write.c - a pprof profile, assembled in memory and written once.
 *
 * Context: tools.  All messages live in one arena; ids are places in the arrays plus one, so equal
 * calls give equal bytes.
 */
#include "profile/pprof_write.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/message.h"
#include "base/utf8.h"
#include "profile.pb-c.h"
#include "profile/arena.h"
#include "profile/intern.h"

struct np_pprof {
	struct np_arena arena;
	struct np_intern strings;
	struct np_intern functions;	/* of the bytes of struct function_key */
	Np__Pprof__Profile profile;
	size_t sample_type_room, sample_room, mapping_room, location_room, function_room;
	size_t comment_room;
};

struct function_key {
	int64_t name, system_name, file, start_line;
};

/* One more entry in a repeated field of messages or numbers. */
static void *grow(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room ? *room * 2 : 64;
	return np_xrealloc(array, *room, size);
}

#define NEW(pprof, field, type, init)                                                              \
	({                                                                                         \
		Np__Pprof__Profile *p_ = &(pprof)->profile;                                        \
		type *made_ = np_arena_get(&(pprof)->arena, 1, sizeof(*made_));                    \
		p_->field = grow(p_->field, p_->n_##field, &(pprof)->field##_room,                 \
				 sizeof(void *));                                                  \
		init(made_);                                                                       \
		p_->field[p_->n_##field++] = made_;                                                \
	})

/* protobuf asks for UTF-8 in strings, and strict readers refuse the whole file otherwise. */
static int64_t string(struct np_pprof *pprof, const char *text)
{
	size_t length = strlen(text), good = 0, n;
	uint32_t id;
	char *clean;

	while (good < length && (n = np_utf8_sequence(text + good, length - good)) > 0)
		good += n;
	if (good == length)
		return np_intern_get(&pprof->strings, text, length, NULL);
	clean = np_xcalloc(length, 4);
	id = np_intern_get(&pprof->strings, clean, np_utf8_clean(clean, text, length), NULL);
	free(clean);
	return id;
}

struct np_pprof *np_pprof_create(void)
{
	struct np_pprof *pprof = np_xcalloc(1, sizeof(*pprof));

	np_arena_init(&pprof->arena, 0);
	np_intern_init(&pprof->strings);
	np_intern_init(&pprof->functions);
	np__pprof__profile__init(&pprof->profile);
	string(pprof, "");	/* the format wants it at place 0 */
	return pprof;
}

void np_pprof_destroy(struct np_pprof *pprof)
{
	if (!pprof)
		return;
	free(pprof->profile.sample_type);
	free(pprof->profile.sample);
	free(pprof->profile.mapping);
	free(pprof->profile.location);
	free(pprof->profile.function);
	free(pprof->profile.comment);
	np_intern_finish(&pprof->functions);
	np_intern_finish(&pprof->strings);
	np_arena_finish(&pprof->arena);
	free(pprof);
}

void np_pprof_sample_type(struct np_pprof *pprof, const char *type, const char *unit)
{
	Np__Pprof__ValueType *made;

	assert(pprof->profile.n_sample == 0);
	made = NEW(pprof, sample_type, Np__Pprof__ValueType, np__pprof__value_type__init);
	made->type = string(pprof, type);
	made->unit = string(pprof, unit);
	pprof->profile.default_sample_type = made->type;
}

void np_pprof_period(struct np_pprof *pprof, const char *type, const char *unit, int64_t period)
{
	Np__Pprof__ValueType *made = np_arena_get(&pprof->arena, 1, sizeof(*made));

	np__pprof__value_type__init(made);
	made->type = string(pprof, type);
	made->unit = string(pprof, unit);
	pprof->profile.period_type = made;
	pprof->profile.period = period;
}

void np_pprof_times(struct np_pprof *pprof, int64_t realtime_ns, int64_t duration_ns)
{
	pprof->profile.time_nanos = realtime_ns;
	pprof->profile.duration_nanos = duration_ns;
}

void np_pprof_comment(struct np_pprof *pprof, const char *text)
{
	Np__Pprof__Profile *profile = &pprof->profile;

	profile->comment = grow(profile->comment, profile->n_comment, &pprof->comment_room,
				sizeof(int64_t));
	profile->comment[profile->n_comment++] = string(pprof, text);
}

uint64_t np_pprof_mapping(struct np_pprof *pprof, uint64_t start, uint64_t limit, uint64_t offset,
			  const char *file, const char *build_id)
{
	Np__Pprof__Mapping *made = NEW(pprof, mapping, Np__Pprof__Mapping,
				       np__pprof__mapping__init);

	made->id = pprof->profile.n_mapping;
	made->memory_start = start;
	made->memory_limit = limit;
	made->file_offset = offset;
	made->filename = string(pprof, file);
	made->build_id = string(pprof, build_id);
	return made->id;
}

uint64_t np_pprof_function(struct np_pprof *pprof, const char *name, const char *system_name,
			   const char *file, int64_t start_line)
{
	struct function_key key = {
		string(pprof, name), string(pprof, system_name), string(pprof, file), start_line};
	Np__Pprof__Function *made;
	int is_new;
	uint64_t id = 1 + (uint64_t)np_intern_get(&pprof->functions, (const char *)&key,
						  sizeof(key), &is_new);

	if (!is_new)
		return id;
	made = NEW(pprof, function, Np__Pprof__Function, np__pprof__function__init);
	made->id = id;
	made->name = key.name;
	made->system_name = key.system_name;
	made->filename = key.file;
	made->start_line = key.start_line;
	return id;
}

/* What a mapping has tells pprof that it need not look for symbols itself. */
static void note_symbols(Np__Pprof__Profile *profile, const Np__Pprof__Location *location)
{
	Np__Pprof__Mapping *mapping;

	if (location->mapping_id == 0 || location->n_line == 0)
		return;
	mapping = profile->mapping[location->mapping_id - 1];
	mapping->has_functions = 1;
	mapping->has_inline_frames |= location->n_line > 1;
	for (size_t i = 0; i < location->n_line; i++) {
		const Np__Pprof__Line *line = location->line[i];

		mapping->has_line_numbers |= line->line > 0;
		mapping->has_filenames |= profile->function[line->function_id - 1]->filename > 0;
	}
}

uint64_t np_pprof_location(struct np_pprof *pprof, uint64_t mapping, uint64_t address,
			   const struct np_pprof_line *lines, size_t line_count)
{
	Np__Pprof__Location *made = NEW(pprof, location, Np__Pprof__Location,
					np__pprof__location__init);
	Np__Pprof__Line *line = np_arena_get(&pprof->arena, line_count, sizeof(*line));

	assert(mapping <= pprof->profile.n_mapping);
	made->id = pprof->profile.n_location;
	made->mapping_id = mapping;
	made->address = address;
	made->n_line = line_count;
	made->line = np_arena_get(&pprof->arena, line_count, sizeof(*made->line));
	for (size_t i = 0; i < line_count; i++) {
		assert(lines[i].function > 0 && lines[i].function <= pprof->profile.n_function);
		np__pprof__line__init(&line[i]);
		line[i].function_id = lines[i].function;
		line[i].line = lines[i].line;
		made->line[i] = &line[i];
	}
	note_symbols(&pprof->profile, made);
	return made->id;
}

void np_pprof_sample(struct np_pprof *pprof, const uint64_t *locations, size_t location_count,
		     const int64_t *values, const struct np_pprof_label *labels,
		     size_t label_count)
{
	Np__Pprof__Sample *made = NEW(pprof, sample, Np__Pprof__Sample, np__pprof__sample__init);
	Np__Pprof__Label *label = np_arena_get(&pprof->arena, label_count, sizeof(*label));

	made->n_location_id = location_count;
	made->location_id = np_arena_get(&pprof->arena, location_count, sizeof(uint64_t));
	for (size_t i = 0; i < location_count; i++) {
		assert(locations[i] > 0 && locations[i] <= pprof->profile.n_location);
		made->location_id[i] = locations[i];
	}
	made->n_value = pprof->profile.n_sample_type;
	made->value = np_arena_get(&pprof->arena, made->n_value, sizeof(int64_t));
	for (size_t i = 0; i < made->n_value; i++)
		made->value[i] = values[i];
	made->n_label = label_count;
	made->label = np_arena_get(&pprof->arena, label_count, sizeof(*made->label));
	for (size_t i = 0; i < label_count; i++) {
		np__pprof__label__init(&label[i]);
		label[i].key = string(pprof, labels[i].key);
		if (labels[i].text)
			label[i].str = string(pprof, labels[i].text);
		else
			label[i].num = labels[i].number;
		if (!labels[i].text && labels[i].unit)
			label[i].num_unit = string(pprof, labels[i].unit);
		made->label[i] = &label[i];
	}
}

static int write_all(int fd, const unsigned char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

/* zlib's own gzip header has no time and no name. */
static int write_gzip(int fd, const unsigned char *bytes, size_t size)
{
	unsigned char out[64 * 1024];
	z_stream stream = {0};
	int rc = 0, state;

	if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 9,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	do {
		size_t piece = size < (1u << 30) ? size : 1u << 30;

		stream.next_in = (unsigned char *)(uintptr_t)bytes;
		stream.avail_in = (uInt)piece;
		bytes += piece;
		size -= piece;
		do {
			stream.next_out = out;
			stream.avail_out = sizeof(out);
			state = deflate(&stream, size > 0 ? Z_NO_FLUSH : Z_FINISH);
			rc = write_all(fd, out, sizeof(out) - stream.avail_out);
		} while (rc == 0 && stream.avail_out == 0);
	} while (rc == 0 && size > 0);
	assert(rc < 0 || state == Z_STREAM_END);
	deflateEnd(&stream);
	return rc;
}

int np_pprof_write(struct np_pprof *pprof, int fd)
{
	Np__Pprof__Profile *profile = &pprof->profile;
	unsigned char *bytes;
	size_t size;
	int rc;

	profile->n_string_table = pprof->strings.count;
	profile->string_table = np_xcalloc(pprof->strings.count, sizeof(*profile->string_table));
	for (uint32_t i = 0; i < pprof->strings.count; i++) {
		const struct np_intern_entry *entry = &pprof->strings.entries[i];

		profile->string_table[i].data = (uint8_t *)(uintptr_t)entry->bytes;
		profile->string_table[i].len = entry->length;
	}
	size = np__pprof__profile__get_packed_size(profile);
	bytes = np_xcalloc(size, 1);
	np__pprof__profile__pack(profile, bytes);
	rc = write_gzip(fd, bytes, size);
	free(bytes);
	free(profile->string_table);
	profile->string_table = NULL;
	profile->n_string_table = 0;
	return rc;
}
