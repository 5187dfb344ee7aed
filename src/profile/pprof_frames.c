/* SPDX-License-Identifier: MIT
 *
 * pprof_frames.c - each location of a pprof file as frames: inlined functions, module, kind.
 *
 * Context: tools.  Every index is checked; done once per location, not per sample.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/message.h"
#include "base/text.h"
#include "profile.pb-c.h"
#include "profile/kind.h"
#include "profile/pprof_model.h"

#define PROCESS_PREFIX "process:"	/* system name of a root frame that stands for a process */

struct place {			/* where a location lies */
	uint32_t module;	/* string id of the object's base name; 0 = unknown */
	enum np_kind kind;
	bool has_mapping;
	uint64_t offset;	/* of the address in the object's file, for want of a name */
};

static int index_ids(struct np_pprof_model *model)
{
	const Np__Pprof__Profile *profile = model->profile;

	np_id_map_init(&model->mappings, profile->n_mapping);
	for (size_t i = 0; i < profile->n_mapping; i++)
		if (np_id_map_put(&model->mappings, profile->mapping[i]->id, (uint32_t)i) < 0)
			return np_pprof_damaged(model, "mapping id %" PRIu64 " is zero or used twice",
						profile->mapping[i]->id);
	np_id_map_init(&model->functions, profile->n_function);
	for (size_t i = 0; i < profile->n_function; i++)
		if (np_id_map_put(&model->functions, profile->function[i]->id, (uint32_t)i) < 0)
			return np_pprof_damaged(model, "function id %" PRIu64 " is zero or used twice",
						profile->function[i]->id);
	np_id_map_init(&model->locations, profile->n_location);
	for (size_t i = 0; i < profile->n_location; i++)
		if (np_id_map_put(&model->locations, profile->location[i]->id, (uint32_t)i) < 0)
			return np_pprof_damaged(model, "location id %" PRIu64 " is zero or used twice",
						profile->location[i]->id);
	return 0;
}

/* Whose object is own code: the first one and, where root frames stand for processes, the program
 * of each of them. */
static int mark_programs(struct np_pprof_model *model)
{
	const Np__Pprof__Profile *profile = model->profile;
	uint32_t id;

	model->programs = np_xcalloc(profile->n_mapping, sizeof(*model->programs));
	if (profile->n_mapping)
		model->programs[0] = true;
	for (size_t i = 0; i < profile->n_function; i++) {
		const char *program;

		if (np_pprof_string(model, profile->function[i]->system_name, &id) < 0)
			return -EBADMSG;
		program = np_tree_string(model->tree, id);
		if (strncmp(program, PROCESS_PREFIX, strlen(PROCESS_PREFIX)) != 0)
			continue;
		program = np_base_name(program + strlen(PROCESS_PREFIX));
		for (size_t j = 0; j < profile->n_mapping; j++) {
			if (np_pprof_string(model, profile->mapping[j]->filename, &id) < 0)
				return -EBADMSG;
			if (strcmp(np_base_name(np_tree_string(model->tree, id)), program) == 0)
				model->programs[j] = true;
		}
	}
	return 0;
}

static int find_place(struct np_pprof_model *model, const Np__Pprof__Location *location,
		      struct place *ret)
{
	const Np__Pprof__Mapping *mapping;
	const char *path, *base;
	uint32_t file;
	int64_t at;

	memset(ret, 0, sizeof(*ret));
	ret->offset = location->address;
	if (location->mapping_id == 0)
		return 0;
	at = np_id_map_get(&model->mappings, location->mapping_id);
	if (at < 0)
		return np_pprof_damaged(model, "location %" PRIu64 " names mapping %" PRIu64
					", which is not there", location->id, location->mapping_id);
	mapping = model->profile->mapping[at];
	if (np_pprof_string(model, mapping->filename, &file) < 0)
		return -EBADMSG;
	path = np_tree_string(model->tree, file);
	base = np_base_name(path);
	ret->kind = np_kind_of_module(path, model->programs[at]);
	ret->module = np_tree_intern(model->tree, base, strlen(base));
	ret->has_mapping = true;
	ret->offset = location->address - mapping->memory_start + mapping->file_offset;
	return 0;
}

static void push_frame(struct np_pprof_model *model, struct np_pprof_span *span,
		       const struct np_function *function)
{
	if (model->frame_count == model->frame_room) {
		model->frame_room = model->frame_room ? model->frame_room * 2 : 256;
		model->frames = np_xrealloc(model->frames, model->frame_room,
					    sizeof(*model->frames));
	}
	model->frames[model->frame_count++] = np_tree_function(model->tree, function);
	span->count++;
}

/* A location that nobody named: its object and the address there. */
static uint32_t address_name(struct np_pprof_model *model, const struct place *place)
{
	const char *module = np_tree_string(model->tree, place->module);
	char name[512];
	int n = snprintf(name, sizeof(name), "%.400s%s0x%" PRIx64, module, *module ? "+" : "",
			 place->offset);

	return np_tree_intern(model->tree, name, (size_t)n);
}

static void set_kind(struct np_pprof_model *model, const struct place *place,
		     const char *system_name, struct np_function *function)
{
	function->kind = (uint8_t)place->kind;
	if (place->has_mapping)
		return;
	if (strncmp(system_name, PROCESS_PREFIX, strlen(PROCESS_PREFIX)) == 0)
		function->kind = NP_KIND_PROCESS;
	else if (strncmp(system_name, "thread:", 7) == 0)
		function->kind = NP_KIND_THREAD;
	else if (np_kind_is_marker(np_tree_string(model->tree, function->name)))
		function->kind = NP_KIND_MARKER;
}

static int add_line(struct np_pprof_model *model, const struct place *place,
		    const Np__Pprof__Line *line, bool inlined, struct np_pprof_span *span)
{
	int64_t at = np_id_map_get(&model->functions, line->function_id);
	struct np_function function = {.module = place->module, .inlined = inlined};
	const Np__Pprof__Function *from;
	uint32_t system_name;

	if (at < 0)
		return np_pprof_damaged(model, "function %" PRIu64 " is not there",
					line->function_id);
	from = model->profile->function[at];
	if (np_pprof_string(model, from->name, &function.name) < 0 ||
	    np_pprof_string(model, from->system_name, &system_name) < 0 ||
	    np_pprof_string(model, from->filename, &function.file) < 0)
		return -EBADMSG;
	if (function.name == 0)
		function.name = system_name;
	if (function.name == 0)
		function.name = address_name(model, place);
	if (from->start_line > 0 && from->start_line <= UINT32_MAX)
		function.line = (uint32_t)from->start_line;
	if (model->options->lines && line->line > 0 && line->line <= UINT32_MAX)
		function.at_line = (uint32_t)line->line;
	set_kind(model, place, np_tree_string(model->tree, system_name), &function);
	push_frame(model, span, &function);
	return 0;
}

static int add_location(struct np_pprof_model *model, const Np__Pprof__Location *location,
			struct np_pprof_span *span)
{
	struct place place;

	if (model->frame_count + location->n_line > UINT32_MAX - 1)
		return np_pprof_damaged(model, "too many lines in its locations");
	if (find_place(model, location, &place) < 0)
		return -EBADMSG;
	span->first = (uint32_t)model->frame_count;
	/* The last line is the function that was called; the others were inlined into it. */
	for (size_t i = location->n_line; i > 0; i--)
		if (add_line(model, &place, location->line[i - 1], i < location->n_line, span) < 0)
			return -EBADMSG;
	if (location->n_line == 0)
		push_frame(model, span, &(struct np_function){
			.name = address_name(model, &place), .module = place.module,
			.kind = (uint8_t)place.kind});
	return 0;
}

int np_pprof_frames(struct np_pprof_model *model)
{
	const Np__Pprof__Profile *profile = model->profile;

	if (profile->n_mapping > UINT32_MAX / 4 || profile->n_function > UINT32_MAX / 4 ||
	    profile->n_location > UINT32_MAX / 4)
		return np_pprof_damaged(model, "too many mappings, functions or locations");
	if (index_ids(model) < 0 || mark_programs(model) < 0)
		return -EBADMSG;
	model->spans = np_xcalloc(profile->n_location, sizeof(*model->spans));
	for (size_t i = 0; i < profile->n_location; i++)
		if (add_location(model, profile->location[i], &model->spans[i]) < 0)
			return -EBADMSG;
	return 0;
}
