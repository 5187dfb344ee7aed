/* SPDX-License-Identifier: MIT
 *
 * page_meta.c - what was measured, how well, and how the ranking was made: the JSON of a page's data.
 *
 * Context: tools.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/units.h"
#include "analyze/visible.h"
#include "base/message.h"
#include "colour.h"
#include "page_internal.h"

static void set(json_t *object, const char *key, json_t *value)
{
	if (!value || json_object_set_new(object, key, value) != 0)
		np_die(NP_EXIT_FAILURE, "out of memory");
}

static json_t *text(const char *raw)
{
	char *visible = np_visible(raw ? raw : "", NP_VISIBLE_NAME_MAX);
	json_t *value = json_string(visible);

	free(visible);
	return value;
}

static void append(json_t *array, json_t *value)
{
	if (!value || json_array_append_new(array, value) != 0)
		np_die(NP_EXIT_FAILURE, "out of memory");
}

static json_t *health_of(const struct np_page_options *options)
{
	json_t *health = json_array();

	for (size_t i = 0; i < options->health_count; i++) {
		json_t *line = json_object();

		set(line, "id", json_string(options->health[i].id));
		set(line, "level", json_string(options->health[i].level));
		set(line, "text", text(options->health[i].what));
		set(line, "todo", text(options->health[i].todo));
		append(health, line);
	}
	return health;
}

/* {file, lines: [number, self, inlined, total, text, number, …]} */
static json_t *sources_of(const struct np_page_options *options)
{
	json_t *sources = json_array();

	for (size_t i = 0; i < options->source_count; i++) {
		const struct np_page_source *source = &options->sources[i];
		json_t *object = json_object(), *lines = json_array();

		for (size_t k = 0; k < source->count; k++) {
			append(lines, json_integer(source->lines[k].number));
			append(lines, json_real((double)source->lines[k].self));
			append(lines, json_real((double)source->lines[k].inlined));
			append(lines, json_real((double)source->lines[k].total));
			append(lines, text(source->lines[k].text));
		}
		set(object, "file", text(source->file));
		set(object, "lines", lines);
		append(sources, object);
	}
	return sources;
}

static void set_method(json_t *object, const struct np_page_options *options)
{
	static const struct np_ranking none;
	const struct np_ranking *ranking = options->ranking ? options->ranking : &none;
	json_t *keys = json_array(), *weights = json_object(), *categories = json_array();

	for (size_t i = 0; !options->nodes && np_page_columns[i]; i++)
		append(keys, json_string(np_page_columns[i]));
	for (int i = 0; i < NP_CATEGORY_MAX; i++)
		append(categories, text(np_category_name(i)));
	set(weights, "self", json_real(ranking->weight_self));
	set(weights, "total", json_real(ranking->weight_total));
	set(weights, "calls", json_real(ranking->weight_calls));
	set(object, "samplesKnown", json_boolean(ranking->samples_known));
	set(object, "sampleCount", json_real(ranking->samples));
	set(object, "columns", keys);
	set(object, "categories", categories);
	set(object, "weights", weights);
	set(object, "formula", text(options->formula));
}

/* By the number of the name, in words, what before calls it. */
static json_t *renames_of(const struct np_page_data *data)
{
	const struct np_page_options *options = data->options;
	json_t *was = json_object();
	char key[16];

	for (size_t i = 0; i < options->mover_count; i++) {
		uint32_t name = data->name_of[options->movers[i].function];

		if (!options->movers[i].was || name >= data->name_count)
			continue;
		snprintf(key, sizeof(key), "%u", name);
		set(was, key, text(options->movers[i].was));
	}
	return was;
}

void np_page_put_meta(struct np_page_data *data)
{
	static const char *const calls[] = { "unknown", "lower-bound", "exact" };
	const struct np_tree_meta *meta = np_tree_meta(data->tree);
	json_t *object = json_object(), *notes = json_array();
	char *summary = np_page_summary(data->tree, data->options), *json;

	for (size_t i = 0; i < np_tree_comment_count(data->tree); i++)
		append(notes, text(np_tree_comment(data->tree, i)));
	set(object, "title", text(data->options->title));
	set(object, "source", text(data->options->source));
	set(object, "summary", text(summary));
	set(object, "command", text(meta->command));
	set(object, "type", text(meta->value_type));
	set(object, "unit", text(meta->value_unit));
	set(object, "decimals", json_integer(meta->decimals));
	set(object, "period", json_real((double)meta->period));
	set(object, "duration", json_real((double)meta->duration_ns));
	set(object, "callsKind", text(calls[meta->calls]));
	set(object, "kindsKnown", json_boolean(np_colour_is_known(data->tree)));
	set(object, "icicle", json_boolean(data->options->icicle));
	set(object, "calls", json_boolean(data->has_calls));
	set(object, "samples", json_boolean(data->has_samples));
	set(object, "pair", json_boolean(data->options->nodes != NULL));
	set(object, "notes", notes);
	if (data->options->nodes)
		set(object, "was", renames_of(data));
	set(object, "health", health_of(data->options));
	if (data->options->source_count)
		set(object, "sources", sources_of(data->options));
	set_method(object, data->options);
	json = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(12));
	if (!json)
		np_die(NP_EXIT_FAILURE, "out of memory");
	np_bytes_put_number(data->to, strlen(json));
	np_bytes_put(data->to, json, strlen(json));
	free(json);
	free(summary);
	json_decref(object);
}
