/* SPDX-License-Identifier: MIT
 *
 * page_data.c - the profile of a page as bytes: names and nodes, and the order of all.  Context: tools.
 */
#include "page_data.h"

#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "colour.h"
#include "page_internal.h"

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

/* Frames without value are none. */
static bool is_frame(const struct np_page_data *data, uint32_t at)
{
	const struct np_diff_node *nodes = data->options->nodes;

	return at == 0 || (nodes ? nodes[at].before > 0 || nodes[at].after > 0
				 : np_tree_node(data->tree, at)->total > 0);
}

static void enter(struct np_page_data *data, uint32_t at)
{
	const struct np_node *node = np_tree_node(data->tree, at);

	data->nodes[data->node_count++] = at;
	data->names[data->name_of[node->function]].nodes += at != 0;
	data->has_calls = data->has_calls || np_tree_calls(data->tree, at) > 0;
	if (node->self)
		data->divisor = gcd(data->divisor, node->self);
}

/* Along the links of the nodes: stacks may be as deep as they like. */
static void list_nodes(struct np_page_data *data)
{
	const struct np_tree *tree = data->tree;
	uint32_t at = 0;

	data->nodes = np_xcalloc(np_tree_node_count(tree), sizeof(*data->nodes));
	for (;;) {
		const struct np_node *node = np_tree_node(tree, at);

		if (is_frame(data, at))
			enter(data, at);
		if (is_frame(data, at) && node->first_child) {
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

static void put_parents(struct np_page_data *data)
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

/* Own shares before and after; then whether the change with all that is called was tested and with what
 * false discovery rate (in 10 000ths, plus one; 0: not tested), times two, plus one if significant. */
static void put_pair(struct np_page_data *data)
{
	const struct np_diff_node *nodes = data->options->nodes;

	for (uint32_t i = 0; i < data->node_count; i++)
		np_bytes_put_float(data->to, (float)nodes[data->nodes[i]].before_self);
	for (uint32_t i = 0; i < data->node_count; i++)
		np_bytes_put_float(data->to, (float)nodes[data->nodes[i]].after_self);
	for (uint32_t i = 0; i < data->node_count; i++) {
		const struct np_diff_node *node = &nodes[data->nodes[i]];
		uint32_t q = node->q < 1 ? 1 + (uint32_t)(node->q * 10000) : 0;

		np_bytes_put_number(data->to, 2 * q + node->significant);
	}
}

static void put_nodes(struct np_page_data *data)
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
	if (data->options->nodes)
		put_pair(data);
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

static void make_names(struct np_page_data *data)
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
		struct np_page_name *last = data->name_count ? &data->names[data->name_count - 1] : NULL;

		if (!last || last->name != function->name || last->module != function->module ||
		    last->kind != function->kind) {
			last = &data->names[data->name_count];
			*last = (struct np_page_name){ .name = function->name, .module = function->module,
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
	const struct np_page_name *a = left, *b = right;

	if (a->nodes != b->nodes)
		return a->nodes < b->nodes ? 1 : -1;
	return (a->order > b->order) - (a->order < b->order);
}

/* The most frequent first: they take the fewest bytes.  Those without a node are left out. */
static void sort_names(struct np_page_data *data)
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
static void put_list(struct np_page_data *data, size_t column, uint32_t **ret_index)
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

static void put_names(struct np_page_data *data)
{
	uint32_t *modules, *files;

	for (uint32_t i = 0; i < data->name_count; i++) {
		np_page_strings_mark(&data->strings, data->tree, data->names[i].name);
		np_page_strings_mark(&data->strings, data->tree, data->names[i].module);
		np_page_strings_mark(&data->strings, data->tree, data->names[i].file);
	}
	np_page_strings_sort(&data->strings);
	np_page_strings_put(&data->strings, data->to);
	put_list(data, offsetof(struct np_page_name, module), &modules);
	put_list(data, offsetof(struct np_page_name, file), &files);
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

size_t np_page_data(struct np_tree *tree, const struct np_page_options *options,
		    struct np_bytes *to, uint32_t *ret_nodes)
{
	struct np_page_data data = { .tree = tree, .options = options, .to = to };
	size_t before;

	np_page_strings_init(&data.strings, tree);
	make_names(&data);
	list_nodes(&data);
	sort_names(&data);
	np_page_put_meta(&data);
	put_names(&data);
	np_page_put_ranking(&data);
	before = to->size;
	put_nodes(&data);
	*ret_nodes = data.node_count;
	np_page_strings_finish(&data.strings);
	free(data.names);
	free(data.name_of);
	free(data.nodes);
	return to->size - before;
}
