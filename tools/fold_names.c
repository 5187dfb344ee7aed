/* SPDX-License-Identifier: MIT
 *
 * fold_names.c - give every location its names.  Context: tools.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "fold_model.h"

static const char *const marker_names[NP_MARKER_MAX] = {
	[NP_MARKER_STARTUP] = "[startup]",
	[NP_MARKER_TOO_DEEP] = "[truncated: too deep]",
	[NP_MARKER_NO_RULE] = "[truncated: no unwind rule]",
	[NP_MARKER_BAD_READ] = "[truncated: unreadable stack]",
	[NP_MARKER_FOREIGN_STACK] = "[truncated: foreign stack]",
	[NP_MARKER_NO_UNWINDER] = "[truncated: no unwinder]",
	[NP_MARKER_SPOOL_FULL] = "[truncated: spool full]",
	[NP_MARKER_PROFILER] = "[truncated: profiler]",
};

static struct np_symbol_line *one_line(const char *name)
{
	struct np_symbol_line *line = np_xcalloc(1, sizeof(*line));

	*line = (struct np_symbol_line){ .name = name, .system_name = "", .file = "" };
	return line;
}

static struct np_symbolizer *symbolizer_of(struct np_fold_model *model)
{
	if (!model->symbolizer)
		model->symbolizer = np_symbolizer_create();
	np_symbolizer_distrust_after(model->symbolizer,
				     np_spool_head(model->reader)->started_realtime_ns);
	return model->symbolizer;
}

/* Code in no file: from the map that a JIT compiler may have left, else one name for all of it: an
 * address would be another "function" at each instruction and in each run. */
static void name_anonymous(
	struct np_fold_model *model, struct np_fold_location *location, uid_t owner)
{
	const char *name = NULL;
	char text[64];

	if (!model->perfmap_tried) {
		snprintf(text, sizeof(text), "/tmp/perf-%u.map", np_spool_head(model->reader)->pid);
		model->perfmap = np_perfmap_open(text, owner);
		model->perfmap_tried = true;
	}
	location->start = location->address;
	if (model->perfmap)
		name = np_perfmap_find(model->perfmap, location->address, &location->start);
	location->resolved = name != NULL;
	location->lines = one_line(name ? name : "[anon]");
	location->line_count = 1;
}

static void name_address(struct np_fold_model *model, struct np_fold_location *location)
{
	struct np_fold_module *module = &model->modules[location->module];
	const struct np_spool_module *spool = module->spool;
	struct np_symbol symbol;

	if (!module->symbols)
		module->symbols = np_symbolizer_module(symbolizer_of(model), module->path,
						       spool->build_id, spool->build_id_bytes);
	np_symbolize(module->symbols, location->address - spool->bias, false, &symbol);
	location->resolved = symbol.source != NP_SYMBOL_NONE;
	location->start = symbol.start + spool->bias;
	location->lines = np_xcalloc(symbol.line_count, sizeof(*location->lines));
	memcpy(location->lines, symbol.lines, symbol.line_count * sizeof(*location->lines));
	location->line_count = symbol.line_count;
}

static void name_location(
	struct np_fold_model *model, struct np_fold_location *location, uid_t owner)
{
	if (location->marker) {
		location->lines = one_line(marker_names[location->marker]);
		location->line_count = 1;
		location->resolved = true;
	} else if (location->module == 0) {
		name_anonymous(model, location, owner);
	} else {
		name_address(model, location);
	}
}

/* Calls are of a function, not of an address in it, and never of what is inlined there. */
static void add_entry(struct np_fold_model *model, uint32_t at)
{
	uint32_t made = np_fold_location_get(model, model->locations[at].module,
					     model->locations[at].start, NP_MARKER_NONE, true);
	const struct np_fold_location *from = &model->locations[at];
	struct np_fold_location *to = &model->locations[made];

	if (to->lines)
		return;
	to->lines = np_xcalloc(1, sizeof(*to->lines));
	to->lines[0] = from->lines[from->line_count - 1];
	to->lines[0].line = to->lines[0].decl_line;
	to->line_count = 1;
	to->start = from->start;
	to->resolved = from->resolved;
}

void np_fold_names(struct np_fold_model *model, uid_t owner)
{
	for (uint32_t i = 0; i < model->location_count; i++)
		name_location(model, &model->locations[i], owner);
	for (uint32_t i = 0; i < model->node_count; i++)
		if (model->nodes[i].calls && model->nodes[i].depth > 0 &&
		    !model->locations[model->nodes[i].location].marker)
			add_entry(model, model->nodes[i].location);
}
