/* SPDX-License-Identifier: MIT
 *
 * pprof_read.c - samples of a pprof file into a call tree.
 *
 * Context: tools.  Untrusted input: fuzzed by tests/fuzz/fuzz_pprof.c.
 */
#include "profile/pprof_read.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "profile.pb-c.h"
#include "profile/arena.h"
#include "profile/folded_frame.h"
#include "profile/folded_value.h"
#include "profile/pprof_model.h"
#include "profile/read_common.h"

/* protobuf-c takes up to some 40 bytes for one of the file; more than this is no profile. */
#define UNPACK_MEMORY_MAX ((size_t)16 << 30)

struct columns {		/* places in Sample.value; -1 = none */
	int64_t value, samples, calls;
};

int np_pprof_damaged(struct np_pprof_model *model, const char *format, ...)
{
	char what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return np_read_fail(model->report, -EBADMSG, "'%s': damaged pprof file: %s", model->file,
			    what);
}

/* Names hold any octet but NUL: write that one out. */
static uint32_t intern(struct np_tree *tree, const ProtobufCBinaryData *string)
{
	const char *bytes = (const char *)string->data;
	size_t n = 0;
	uint32_t id;
	char *clean;

	if (string->len == 0)
		return 0;
	if (!memchr(bytes, '\0', string->len))
		return np_tree_intern(tree, bytes, string->len);
	clean = np_xcalloc(string->len, 4);
	for (size_t i = 0; i < string->len; i++) {
		if (bytes[i]) {
			clean[n++] = bytes[i];
			continue;
		}
		memcpy(clean + n, "\\x00", 4);
		n += 4;
	}
	id = np_tree_intern(tree, clean, n);
	free(clean);
	return id;
}

int np_pprof_string(struct np_pprof_model *model, int64_t index, uint32_t *ret)
{
	const Np__Pprof__Profile *profile = model->profile;

	if (index < 0 || (uint64_t)index >= profile->n_string_table)
		return np_pprof_damaged(model, "string %" PRId64 " of %zu", index,
					profile->n_string_table);
	if (model->strings[index] == 0)
		model->strings[index] = 1 + intern(model->tree, &profile->string_table[index]);
	*ret = model->strings[index] - 1;
	return 0;
}

static int type_name(struct np_pprof_model *model, const Np__Pprof__ValueType *type,
		     const char **ret_type, const char **ret_unit)
{
	uint32_t name, unit;

	if (np_pprof_string(model, type->type, &name) < 0 ||
	    np_pprof_string(model, type->unit, &unit) < 0)
		return -EBADMSG;
	*ret_type = np_tree_string(model->tree, name);
	*ret_unit = np_tree_string(model->tree, unit);
	return 0;
}

static int find_columns(struct np_pprof_model *model, struct columns *ret)
{
	const Np__Pprof__Profile *profile = model->profile;
	uint32_t preferred, name;
	const char *type, *unit;

	*ret = (struct columns){(int64_t)profile->n_sample_type - 1, -1, -1};
	if (profile->n_sample_type == 0)
		return np_pprof_damaged(model, "no value type");
	if (np_pprof_string(model, profile->default_sample_type, &preferred) < 0)
		return -EBADMSG;
	for (size_t i = 0; i < profile->n_sample_type; i++) {
		if (type_name(model, profile->sample_type[i], &type, &unit) < 0 ||
		    np_pprof_string(model, profile->sample_type[i]->type, &name) < 0)
			return -EBADMSG;
		if (preferred != 0 && name == preferred)
			ret->value = (int64_t)i;
		if (strcmp(unit, "count") != 0)
			continue;
		if (strcmp(type, "samples") == 0)
			ret->samples = (int64_t)i;
		else if (strcmp(type, "calls") == 0)
			ret->calls = (int64_t)i;
	}
	return 0;
}

static uint64_t positive(int64_t number)
{
	return number > 0 ? (uint64_t)number : 0;
}

static int take_meta(struct np_pprof_model *model, const struct columns *columns)
{
	const Np__Pprof__Profile *profile = model->profile;
	struct np_tree_meta *meta = np_tree_meta(model->tree);
	bool first = np_tree_node_count(model->tree) == 1;
	const char *type, *unit, *period_type, *period_unit;
	uint64_t period = 0;

	if (type_name(model, profile->sample_type[columns->value], &type, &unit) < 0)
		return -EBADMSG;
	if (profile->period_type) {
		if (type_name(model, profile->period_type, &period_type, &period_unit) < 0)
			return -EBADMSG;
		if (strcmp(period_unit, unit) == 0)
			period = positive(profile->period);
	}
	if (first || meta->period == period)
		meta->period = period;
	else
		meta->period = 0;	/* files of different rates: there is no one period */
	if (__builtin_add_overflow(meta->duration_ns, positive(profile->duration_nanos),
				   &meta->duration_ns))
		meta->duration_ns = UINT64_MAX;
	return np_read_claim(model->tree, model->file, &(struct np_read_units){
		.value_type = type, .value_unit = unit, .samples_known = columns->samples >= 0,
		.calls_known = columns->calls >= 0}, model->report);
}

static int take_texts(struct np_pprof_model *model)
{
	const Np__Pprof__Profile *profile = model->profile;
	struct np_tree_meta *meta = np_tree_meta(model->tree);
	uint32_t text;

	for (size_t i = 0; i < profile->n_comment; i++) {
		if (np_pprof_string(model, profile->comment[i], &text) < 0)
			return -EBADMSG;
		np_tree_add_comment(model->tree, np_tree_string(model->tree, text));
	}
	if (profile->n_mapping > 0 && !meta->command) {
		if (np_pprof_string(model, profile->mapping[0]->filename, &text) < 0)
			return -EBADMSG;
		if (text != 0)
			meta->command = np_tree_string(model->tree, text);
	}
	return 0;
}

/* The node of a sample's stack, or -EBADMSG.  ROOT, when it is not 0, is put below the frames that
 * stand for a process. */
static int64_t find_node(struct np_pprof_model *model, const Np__Pprof__Sample *sample,
			 uint32_t root)
{
	uint32_t node = 0;

	for (size_t i = sample->n_location_id; i > 0; i--) {
		uint64_t id = sample->location_id[i - 1];
		int64_t at = np_id_map_get(&model->locations, id);
		const struct np_pprof_span *span;

		if (at < 0)
			return np_pprof_damaged(model, "location %" PRIu64 " is not there", id);
		span = &model->spans[at];
		for (uint32_t j = 0; j < span->count; j++) {
			uint32_t function = model->frames[span->first + j];

			if (root && np_tree_function_at(model->tree, function)->kind != NP_KIND_PROCESS) {
				node = np_tree_child(model->tree, node, root);
				root = 0;
			}
			node = np_tree_child(model->tree, node, function);
		}
	}
	if (root)
		node = np_tree_child(model->tree, node, root);
	if (node == 0)
		node = np_tree_child(model->tree, 0, np_tree_function(model->tree,
			&(struct np_function){.name = np_tree_intern(model->tree, NP_FOLDED_EMPTY,
								     strlen(NP_FOLDED_EMPTY))}));
	return node;
}

static int add_sample(struct np_pprof_model *model, const struct columns *columns,
		      const Np__Pprof__Sample *sample, bool *any_value)
{
	const Np__Pprof__Profile *profile = model->profile;
	unsigned decimals = np_tree_meta(model->tree)->decimals;
	uint64_t value, samples, calls = 0;
	uint32_t root;
	int64_t node;
	int rc;

	if (sample->n_value != profile->n_sample_type)
		return np_pprof_damaged(model, "a sample has %zu values instead of %zu",
					sample->n_value, profile->n_sample_type);
	if (sample->value[columns->value] < 0)
		return np_read_fail(model->report, -EBADMSG,
				    "'%s': has negative values, as a difference of two profiles; give a plain profile",
				    model->file);
	value = (uint64_t)sample->value[columns->value];
	if (np_folded_value_scale(&value, decimals) < 0)
		return -EOVERFLOW;
	samples = columns->samples < 0 ? value : positive(sample->value[columns->samples]);
	if (columns->calls >= 0)
		calls = positive(sample->value[columns->calls]);
	rc = np_pprof_labels(model, sample, &root);
	if (rc < 0)
		return rc;
	if (rc > 0) {
		model->report->facts.other_labels++;
		return 0;
	}
	model->report->records++;
	/* Heap profiles are full of stacks whose memory was given back: they draw nothing. */
	if (value == 0 && samples == 0 && calls == 0)
		return 0;
	*any_value |= value > 0;
	node = find_node(model, sample, root);
	if (node < 0)
		return (int)node;
	return np_tree_add(model->tree, (uint32_t)node, value, samples, calls);
}

static int read_profile(struct np_pprof_model *model)
{
	const Np__Pprof__Profile *profile = model->profile;
	struct columns columns;
	bool any_value = false;
	int rc;

	if (profile->n_string_table == 0 || profile->string_table[0].len != 0)
		return np_pprof_damaged(model, "its string table does not start with \"\"");
	model->strings = np_xcalloc(profile->n_string_table, sizeof(*model->strings));
	rc = find_columns(model, &columns);
	if (rc == 0)
		rc = take_meta(model, &columns);
	if (rc == 0)
		rc = take_texts(model);
	if (rc == 0)
		rc = np_pprof_frames(model);
	for (size_t i = 0; rc == 0 && i < profile->n_sample; i++)
		rc = add_sample(model, &columns, profile->sample[i], &any_value);
	if (rc == 0)
		rc = np_pprof_facts(model, columns.samples);
	if (rc == -EOVERFLOW)
		return np_read_fail(model->report, rc,
				    "'%s': the sum of the values passes 64 bits", model->file);
	if (rc == 0 && !any_value && model->report->facts.other_labels && model->options->span)
		return np_read_fail(model->report, -EBADMSG,
				    "'%s': no sample was taken inside %s span '%s' (neuroprof_span() in the "
				    "program makes them)", model->file, model->options->slowest <= 0 ? "a"
				    : model->options->rest ? "any other than the slowest"
							   : "the slowest", model->options->span);
	if (rc == 0 && !any_value && model->report->facts.other_labels)
		return np_read_fail(model->report, -EBADMSG,
				    "'%s': no sample has the label %s=%s%s; it has %s", model->file,
				    model->options->labels[0].key, model->options->labels[0].value,
				    model->options->label_count > 1 ? " and the others" : "",
				    np_pprof_label_names(model, (char[256]){0}, 256));
	if (rc == 0 && !any_value)
		return np_read_fail(model->report, -EBADMSG,
				    "'%s': no sample with a value above zero in its column %s/%s; was anything sampled?",
				    model->file, np_tree_meta(model->tree)->value_type,
				    np_tree_meta(model->tree)->value_unit);
	return rc;
}

int np_pprof_read(const char *file, const void *bytes, size_t size,
		  const struct np_read_options *options, struct np_tree *tree,
		  struct np_read_report *report)
{
	static const struct np_read_options plain;
	struct np_pprof_model model = {.file = file, .tree = tree, .report = report,
				       .options = options ? options : &plain};
	struct np_arena arena;
	int rc;

	np_arena_init(&arena, UNPACK_MEMORY_MAX);
	model.profile = np__pprof__profile__unpack(&arena.allocator, size, bytes);
	if (model.profile)
		rc = read_profile(&model);
	else
		rc = np_pprof_damaged(&model, "its %zu bytes do not follow the format, or need too much memory",
				      size);
	np_id_map_finish(&model.mappings);
	np_id_map_finish(&model.functions);
	np_id_map_finish(&model.locations);
	free(model.strings);
	free(model.programs);
	free(model.spans);
	free(model.frames);
	np_arena_finish(&arena);
	return rc;
}
