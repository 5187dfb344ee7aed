/* SPDX-License-Identifier: MIT
 *
 * page_data.c - the profile of a page as bytes.  Context: tools.
 */
#include "page_data.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/units.h"
#include "analyze/visible.h"
#include "base/message.h"
#include "colour.h"
#include "page_strings.h"

/* A name of the page: functions that differ at most in being inlined. */
struct name {
	uint32_t name, module, file;	/* string ids of the tree */
	uint32_t line, nodes;
	uint8_t kind;
	uint32_t order;		/* place among all, by text: the same whatever the input's order */
};

struct data {
	struct np_tree *tree;
	const struct np_page_options *options;
	struct np_page_strings strings;
	struct name *names;		/* the most frequent first */
	uint32_t name_count;
	uint32_t *name_of;		/* by function */
	uint32_t *nodes;		/* preorder, the root first; none without value */
	uint32_t node_count;
	bool has_calls, has_samples;
	uint64_t divisor;
	struct np_bytes *to;
};

static const struct {
	const char *key;
	size_t offset;
} columns[] = {
	{ "score", offsetof(struct np_rank_row, score) },
	{ "roi", offsetof(struct np_rank_row, roi) },
	{ "complexity", offsetof(struct np_rank_row, verdict.complexity) },
	{ "selfLower", offsetof(struct np_rank_row, self_lower) },
	{ "totalLower", offsetof(struct np_rank_row, total_lower) },
	{ "saves2", offsetof(struct np_rank_row, saves_2) },
	{ "savesAll", offsetof(struct np_rank_row, saves_all) },
	{ "savesMax", offsetof(struct np_rank_row, saves_max) },
	{ "impact", offsetof(struct np_rank_row, impact) },
	{ "maxSpeedup", offsetof(struct np_rank_row, verdict.max_speedup) },
};
#define COLUMNS (sizeof(columns) / sizeof(*columns))

/* Nodes */

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static void enter(struct data *data, uint32_t at)
{
	const struct np_node *node = np_tree_node(data->tree, at);

	data->nodes[data->node_count++] = at;
	data->names[data->name_of[node->function]].nodes += at != 0;
	data->has_calls = data->has_calls || np_tree_calls(data->tree, at) > 0;
	if (node->self)
		data->divisor = gcd(data->divisor, node->self);
}

/* Along the links of the nodes: stacks may be as deep as they like. */
static void list_nodes(struct data *data)
{
	const struct np_tree *tree = data->tree;
	uint32_t at = 0;

	data->nodes = np_xcalloc(np_tree_node_count(tree), sizeof(*data->nodes));
	for (;;) {
		const struct np_node *node = np_tree_node(tree, at);

		if (node->total)
			enter(data, at);
		if (node->total && node->first_child) {
			at = node->first_child;
			continue;
		}
		while (at != 0 && !node->next_sibling) {
			at = node->parent;
			node = np_tree_node(tree, at);
		}
		if (at == 0)
			break;
		at = node->next_sibling;
	}
	if (data->divisor == 0)
		data->divisor = 1;
	data->has_calls = data->has_calls && np_tree_meta(data->tree)->calls != NP_CALLS_UNKNOWN;
	for (uint32_t i = 0; i < data->node_count && !data->has_samples; i++) {
		const struct np_node *node = np_tree_node(tree, data->nodes[i]);

		data->has_samples = np_tree_self_samples(tree, data->nodes[i]) != node->self / data->divisor;
	}
}

static void put_parents(struct data *data)
{
	uint32_t depth = 0, last = 0;	/* of the node before */

	for (uint32_t i = 1; i < data->node_count; i++) {
		uint32_t parent = np_tree_node(data->tree, data->nodes[i])->parent, up = 0;

		for (; last != parent; up++, depth--)
			last = np_tree_node(data->tree, last)->parent;
		np_bytes_put_number(data->to, up);
		last = data->nodes[i];
		depth++;
	}
}

static void put_nodes(struct data *data)
{
	const struct np_tree *tree = data->tree;
	const struct np_node *root = np_tree_node(tree, 0);

	np_bytes_put_number(data->to, data->node_count - 1);
	np_bytes_put_number(data->to, data->divisor);
	np_bytes_put_number(data->to, root->self / data->divisor);
	np_bytes_put_number(data->to, np_tree_self_samples(tree, 0));
	np_bytes_put_number(data->to, np_tree_calls(tree, 0));
	put_parents(data);
	for (uint32_t i = 1; i < data->node_count; i++) {
		uint32_t function = np_tree_node(tree, data->nodes[i])->function;

		np_bytes_put_number(data->to, 2ul * data->name_of[function] +
				    (np_tree_function_at(tree, function)->inlined != 0));
	}
	for (uint32_t i = 1; i < data->node_count; i++)
		np_bytes_put_number(data->to, np_tree_node(tree, data->nodes[i])->self / data->divisor);
	for (uint32_t i = 1; data->has_samples && i < data->node_count; i++)
		np_bytes_put_number(data->to, np_tree_self_samples(tree, data->nodes[i]));
	for (uint32_t i = 1; data->has_calls && i < data->node_count; i++)
		np_bytes_put_number(data->to, np_tree_calls(tree, data->nodes[i]));
}

/* Names */

static int compare_identities(const void *left, const void *right, void *context)
{
	const struct np_tree *tree = context;
	const struct np_function *a = np_tree_function_at(tree, *(const uint32_t *)left);
	const struct np_function *b = np_tree_function_at(tree, *(const uint32_t *)right);
	int order = a->name == b->name ? 0 : strcmp(np_tree_string(tree, a->name),
						    np_tree_string(tree, b->name));

	if (order == 0 && a->module != b->module)
		order = strcmp(np_tree_string(tree, a->module), np_tree_string(tree, b->module));
	if (order == 0)
		order = (int)a->kind - (int)b->kind;
	return order ? order : (int)a->inlined - (int)b->inlined;
}

static void make_names(struct data *data)
{
	uint32_t count = np_tree_function_count(data->tree);
	uint32_t *order = np_xcalloc(count, sizeof(*order));

	data->names = np_xcalloc(count, sizeof(*data->names));
	data->name_of = np_xcalloc(count, sizeof(*data->name_of));
	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	qsort_r(order, count, sizeof(*order), compare_identities, data->tree);
	for (uint32_t i = 0; i < count; i++) {
		const struct np_function *function = np_tree_function_at(data->tree, order[i]);
		struct name *last = data->name_count ? &data->names[data->name_count - 1] : NULL;

		if (!last || last->name != function->name || last->module != function->module ||
		    last->kind != function->kind) {
			last = &data->names[data->name_count];
			*last = (struct name){ .name = function->name, .module = function->module,
					       .kind = function->kind, .order = data->name_count++ };
		}
		if (!last->file) {
			last->file = function->file;
			last->line = function->line;
		}
		data->name_of[order[i]] = last->order;
	}
	free(order);
}

static int compare_nodes(const void *left, const void *right)
{
	const struct name *a = left, *b = right;

	if (a->nodes != b->nodes)
		return a->nodes < b->nodes ? 1 : -1;
	return (a->order > b->order) - (a->order < b->order);
}

/* The most frequent first: they take the fewest bytes.  Those without a node are left out. */
static void sort_names(struct data *data)
{
	uint32_t *place = np_xcalloc(data->name_count + 1ul, sizeof(*place)), used = 0;

	qsort(data->names, data->name_count, sizeof(*data->names), compare_nodes);
	for (uint32_t i = 0; i < data->name_count; i++) {
		place[data->names[i].order] = i;
		used += data->names[i].nodes > 0;
	}
	for (uint32_t i = 0; i < np_tree_function_count(data->tree); i++)
		data->name_of[i] = place[data->name_of[i]];
	data->name_count = used;
	free(place);
}

/* The distinct values of COLUMN (string ids), "" first; *RET_INDEX: the place of each name's. */
static void put_list(struct data *data, size_t column, uint32_t **ret_index)
{
	uint32_t *index = np_xcalloc(data->name_count + 1ul, sizeof(*index));
	uint32_t *known = np_xcalloc(data->strings.count, sizeof(*known)), count = 1;
	struct np_bytes list = { .size = 0 };

	np_bytes_put_number(&list, 0);
	for (uint32_t i = 0; i < data->name_count; i++) {
		uint32_t id, place;

		memcpy(&id, (char *)&data->names[i] + column, sizeof(id));
		place = data->strings.place[id];
		if (place && !known[place]) {
			known[place] = count++;
			np_bytes_put_number(&list, place);
		}
		index[i] = known[place];
	}
	np_bytes_put_number(data->to, count);
	np_bytes_put(data->to, list.at, list.size);
	np_bytes_finish(&list);
	free(known);
	*ret_index = index;
}

static void put_names(struct data *data)
{
	uint32_t *modules, *files;

	for (uint32_t i = 0; i < data->name_count; i++) {
		np_page_strings_mark(&data->strings, data->tree, data->names[i].name);
		np_page_strings_mark(&data->strings, data->tree, data->names[i].module);
		np_page_strings_mark(&data->strings, data->tree, data->names[i].file);
	}
	np_page_strings_sort(&data->strings);
	np_page_strings_put(&data->strings, data->to);
	put_list(data, offsetof(struct name, module), &modules);
	put_list(data, offsetof(struct name, file), &files);
	np_bytes_put_number(data->to, data->name_count);
	for (uint32_t i = 0; i < data->name_count; i++)
		np_bytes_put_number(data->to, data->strings.place[data->names[i].name]);
	for (uint32_t i = 0; i < data->name_count; i++)
		np_bytes_put_number(data->to, modules[i]);
	for (uint32_t i = 0; i < data->name_count; i++)
		np_bytes_put_number(data->to, files[i]);
	for (uint32_t i = 0; i < data->name_count; i++)
		np_bytes_put_number(data->to, data->names[i].line);
	for (uint32_t i = 0; i < data->name_count; i++)
		np_bytes_put_number(data->to, np_colour_of(&(struct np_function){
						.kind = data->names[i].kind }));
	free(modules);
	free(files);
}

/* The ranking */

/* A row knows its strings, not its function. */
static int compare_rows(const void *left, const void *right, void *context)
{
	const struct np_tree *tree = context;
	const struct name *a = left, *b = right;
	const char *texts[4] = { np_tree_string(tree, a->name), np_tree_string(tree, b->name),
				 np_tree_string(tree, a->module), np_tree_string(tree, b->module) };

	/* Interned: the same string is the same address. */
	for (int i = 0; i < 4; i += 2)
		if (texts[i] != texts[i + 1])
			return (uintptr_t)texts[i] < (uintptr_t)texts[i + 1] ? -1 : 1;
	return (int)a->kind - (int)b->kind;
}

struct row_key {
	const struct np_rank_row *row;
	const struct np_tree *tree;
};

static int compare_key(const void *left, const void *right)
{
	const struct row_key *key = left;
	const struct name *name = right;
	const char *text = np_tree_string(key->tree, name->name);
	const char *module = np_tree_string(key->tree, name->module);

	if (key->row->name != text)
		return (uintptr_t)key->row->name < (uintptr_t)text ? -1 : 1;
	if (key->row->module != module)
		return (uintptr_t)key->row->module < (uintptr_t)module ? -1 : 1;
	return (int)key->row->kind - (int)name->kind;
}

static void put_ranking(struct data *data)
{
	const struct np_ranking *ranking = data->options->ranking;
	struct name *sorted = np_xcalloc(data->name_count + 1ul, sizeof(*sorted));
	const struct np_rank_row **rows = np_xcalloc(ranking->count + 1ul, sizeof(void *));
	struct np_bytes list = { .size = 0 };
	size_t count = 0;

	for (uint32_t i = 0; i < data->name_count; i++) {
		sorted[i] = data->names[i];
		sorted[i].order = i;
	}
	qsort_r(sorted, data->name_count, sizeof(*sorted), compare_rows, data->tree);
	for (size_t i = 0; i < ranking->count; i++) {
		const struct row_key key = { &ranking->rows[i], data->tree };
		const struct name *name = bsearch(&key, sorted, data->name_count, sizeof(*sorted),
						  compare_key);

		if (!name)	/* a function without value has no node here */
			continue;
		np_bytes_put_number(&list, name->order);
		rows[count++] = &ranking->rows[i];
	}
	np_bytes_put_number(data->to, count);
	np_bytes_put(data->to, list.at, list.size);
	for (size_t column = 0; column < COLUMNS; column++) {
		for (size_t i = 0; i < count; i++) {
			double value;

			memcpy(&value, (const char *)rows[i] + columns[column].offset, sizeof(value));
			np_bytes_put_float(data->to, (float)value);
		}
	}
	for (size_t i = 0; i < count; i++)
		np_bytes_put_number(data->to, rows[i]->verdict.category);
	np_bytes_finish(&list);
	free(sorted);
	free(rows);
}

/* What was measured */

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
	const struct np_ranking *ranking = options->ranking;
	json_t *keys = json_array(), *weights = json_object(), *categories = json_array();

	for (size_t i = 0; i < COLUMNS; i++)
		append(keys, json_string(columns[i].key));
	for (int i = 0; i < NP_CATEGORY_MAX; i++)
		append(categories, text(np_category_name(i)));
	set(weights, "self", json_real(ranking->weight_self));
	set(weights, "total", json_real(ranking->weight_total));
	set(weights, "calls", json_real(ranking->weight_calls));
	set(object, "columns", keys);
	set(object, "categories", categories);
	set(object, "weights", weights);
	set(object, "formula", text(options->formula));
}

static void put_meta(struct data *data)
{
	static const char *const calls[] = { "unknown", "lower-bound", "exact" };
	const struct np_tree_meta *meta = np_tree_meta(data->tree);
	json_t *object = json_object(), *notes = json_array();
	char *summary = np_units_summary(data->tree), *json;

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
	set(object, "samplesKnown", json_boolean(data->options->ranking->samples_known));
	set(object, "sampleCount", json_real(data->options->ranking->samples));
	set(object, "callsKind", text(calls[meta->calls]));
	set(object, "kindsKnown", json_boolean(np_colour_is_known(data->tree)));
	set(object, "icicle", json_boolean(data->options->icicle));
	set(object, "calls", json_boolean(data->has_calls));
	set(object, "samples", json_boolean(data->has_samples));
	set(object, "notes", notes);
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

size_t np_page_data(struct np_tree *tree, const struct np_page_options *options,
		    struct np_bytes *to, uint32_t *ret_nodes)
{
	struct data data = { .tree = tree, .options = options, .to = to };
	size_t before;

	np_page_strings_init(&data.strings, tree);
	make_names(&data);
	list_nodes(&data);
	sort_names(&data);
	put_meta(&data);
	put_names(&data);
	put_ranking(&data);
	before = to->size;
	put_nodes(&data);
	*ret_nodes = data.node_count;
	np_page_strings_finish(&data.strings);
	free(data.names);
	free(data.name_of);
	free(data.nodes);
	return to->size - before;
}
