/* SPDX-License-Identifier: MIT
 *
 * compare.c - many recordings onto one tree.  Context: tools.
 *
 * Children have higher numbers than their parents in every tree, so one walk along the numbers
 * visits parents first, and one backwards children first.
 */
#include "analyze/compare.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/units.h"
#include "base/message.h"
#include "profile/intern.h"
#include "profile/kind.h"

#define NO_ROW UINT32_MAX

/* When only weights are known: any number does, as replicates then say how much they vary. */
#define NOMINAL_SAMPLES 1e4

/* (name, module) to function of the common tree; the first one seen decides kind and place. */
struct np_compare_names {
	struct np_intern keys, normalised;
	uint32_t *functions;
	uint32_t room;
};

void np_compare_init(struct np_compare *compare)
{
	memset(compare, 0, sizeof(*compare));
	compare->tree = np_tree_create();
	compare->names = np_xcalloc(1, sizeof(*compare->names));
	np_intern_init(&compare->names->keys);
	np_intern_init(&compare->names->normalised);
	compare->samples_known = true;
}

void np_compare_finish(struct np_compare *compare)
{
	for (size_t i = 0; i < compare->run_count; i++) {
		free(compare->runs[i].path);
		free(compare->runs[i].nodes);
		free(compare->runs[i].selfs);
		free(compare->runs[i].squares);
		free(compare->runs[i].call_nodes);
		free(compare->runs[i].calls);
	}
	free(compare->runs);
	for (uint64_t i = 0; i < compare->normalised_count && i < NP_COMPARE_NORMALISED_MAX; i++)
		free(compare->normalised[i].from);
	free(compare->normalised);
	free(compare->renames);
	free(compare->value_type);
	free(compare->value_unit);
	free(compare->rows);
	free(compare->row_of);
	free(compare->outermost);
	free(compare->cells);
	if (compare->names) {
		np_intern_finish(&compare->names->keys);
		np_intern_finish(&compare->names->normalised);
		free(compare->names->functions);
		free(compare->names);
	}
	np_tree_destroy(compare->tree);
	np_tree_destroy(compare->real_tree);
	free(compare->real_function);
	memset(compare, 0, sizeof(*compare));
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* "unresolved": what stands for a name where there was none. */
static bool is_unresolved(const char *name)
{
	return !*name || strcmp(name, "[unknown]") == 0 || strcmp(name, "??") == 0 ||
	       strcmp(name, "unknown") == 0 || strcmp(name, "0x*") == 0;
}

/* What is to be known of the function of a node. */
enum { NORMALISED = 1, CUT = 2, UNRESOLVED = 4 };

static void note_normalised(struct np_compare *compare, const char *module, const char *raw, uint32_t to)
{
	char *key = np_xasprintf("%s\n%s", module, raw);
	int is_new;

	np_intern_get(&compare->names->normalised, key, strlen(key), &is_new);
	free(key);
	if (!is_new)
		return;
	if (compare->normalised_count < NP_COMPARE_NORMALISED_MAX) {
		compare->normalised = np_xrealloc(compare->normalised, compare->normalised_count + 1,
						  sizeof(*compare->normalised));
		compare->normalised[compare->normalised_count] =
			(struct np_compare_normalised){ np_xstrdup(raw), to };
	}
	compare->normalised_count++;
}

/* The function of the common tree. */
static uint32_t map_function(struct np_compare *compare, const struct np_tree *tree,
			     const struct np_function *function, const struct np_name_map *map,
			     uint8_t *ret_traits)
{
	struct np_compare_names *names = compare->names;
	const char *raw = np_tree_string(tree, function->name), *file;
	const char *module = base_name(np_tree_string(tree, function->module));
	char *name = np_normalise(raw, map), *key = np_xasprintf("%s\n%s", module, name);
	struct np_function made = { .kind = function->kind, .line = function->line };
	int is_new;
	uint32_t id = np_intern_get(&names->keys, key, strlen(key), &is_new);

	if (id >= names->room) {
		names->room = names->room ? names->room * 2 : 1024;
		names->functions = np_xrealloc(names->functions, names->room,
					       sizeof(*names->functions));
	}
	*ret_traits = (strcmp(raw, name) != 0 ? NORMALISED : 0) | (is_unresolved(name) ? UNRESOLVED : 0) |
		      (strncmp(raw, "[truncated", 10) == 0 ? CUT : 0);
	if (is_new) {
		file = np_tree_string(tree, function->file);
		made.name = np_tree_intern(compare->tree, name, strlen(name));
		made.module = np_tree_intern(compare->tree, module, strlen(module));
		made.file = np_tree_intern(compare->tree, file, strlen(file));
		names->functions[id] = np_tree_function(compare->tree, &made);
	}
	if (*ret_traits & NORMALISED)
		note_normalised(compare, module, raw, names->functions[id]);
	free(key);
	free(name);
	return names->functions[id];
}

/* Ticks lost, from the comments that neuroprof-fold writes; -1 when it is not ours. */
static double lost_of(const struct np_tree *tree, double samples)
{
	double lost = 0, periods = 0;
	bool ours = false;
	unsigned long long count, weight;

	for (size_t i = 0; i < np_tree_comment_count(tree); i++) {
		const char *text = np_tree_comment(tree, i);

		if (sscanf(text, "samples: %llu weighing %llu periods", &count, &weight) == 2) {
			ours = true;
			samples = (double)weight;
		} else if (sscanf(text, "count: %llu ticks lost", &count) == 1) {
			lost += (double)count;
		} else if (strstr(text, "periods of CPU time belonged to lost ticks") &&
			   sscanf(text, "count: %llu", &count) == 1) {
			periods += (double)count;
		}
	}
	if (periods > lost)
		lost = periods;
	return ours && samples > 0 ? lost / (lost + samples) : -1;
}

/* A value of X from S samples has the variance X^2/S: a sample that came late and weighs much is one
 * sample all the same. */
static double square_of(const struct np_compare_run *run, struct np_tree *tree, uint32_t node)
{
	double self = (double)np_tree_node(tree, node)->self;
	double samples = (double)np_tree_self_samples(tree, node);

	if (!np_tree_meta(tree)->samples_known)		/* copies of the value */
		samples = self * run->samples / run->value;
	return samples > 0 ? self * self / samples : 0;
}

/* Copy the nodes; returns the node of the common tree by node of TREE. */
static void add_nodes(struct np_compare *compare, struct np_compare_run *run, struct np_tree *tree,
		      const uint32_t *functions, const uint8_t *traits)
{
	uint32_t count = np_tree_node_count(tree);
	uint32_t *node_of = np_xcalloc(count, sizeof(*node_of));
	double cut = 0;

	run->nodes = np_xcalloc(count, sizeof(*run->nodes));
	run->selfs = np_xcalloc(count, sizeof(*run->selfs));
	run->squares = np_xcalloc(count, sizeof(*run->squares));
	run->call_nodes = np_xcalloc(count, sizeof(*run->call_nodes));
	run->calls = np_xcalloc(count, sizeof(*run->calls));
	for (uint32_t i = 0; i < count; i++) {
		const struct np_node *node = np_tree_node(tree, i);
		uint32_t function = functions[node->function], parent = node_of[node->parent];

		if (i > 0 && ((traits[node->function] |
			       traits[np_tree_node(tree, node->parent)->function]) & NORMALISED) &&
		    np_tree_node(compare->tree, parent)->function == function &&
		    np_tree_node(tree, node->parent)->function != node->function)
			node_of[i] = parent;	/* f calls f.part.0 */
		else if (i > 0)
			node_of[i] = np_tree_child(compare->tree, parent, function);
		if (traits[node->function] & CUT)
			cut += (double)node->total;
		if (np_tree_calls(tree, i) > 0) {
			run->call_nodes[run->call_count] = node_of[i];
			run->calls[run->call_count++] = (double)np_tree_calls(tree, i);
		}
		if (node->self == 0)
			continue;
		if (traits[node->function] & UNRESOLVED)
			run->unresolved += (double)node->self / run->value;
		run->nodes[run->node_count] = node_of[i];
		run->squares[run->node_count] = square_of(run, tree, i);
		run->selfs[run->node_count++] = (double)node->self;
	}
	run->truncated = cut / run->value;
	free(node_of);
}

static int check_unit(struct np_compare *compare, const char *path,
		      const struct np_tree_meta *meta, char *message, size_t message_size)
{
	if (!compare->value_type) {
		compare->value_type = np_xstrdup(meta->value_type);
		compare->value_unit = np_xstrdup(meta->value_unit);
		return 0;
	}
	if (strcmp(compare->value_type, meta->value_type) == 0 &&
	    strcmp(compare->value_unit, meta->value_unit) == 0)
		return 0;
	snprintf(message, message_size, "'%s' is in %s/%s, the recordings before it in %s/%s: compare "
		 "like with like", path, meta->value_type, meta->value_unit, compare->value_type,
		 compare->value_unit);
	return -EINVAL;
}

int np_compare_add(struct np_compare *compare, enum np_side side, const char *path,
		   struct np_tree *tree, const struct np_name_map *map, char *message,
		   size_t message_size)
{
	const struct np_tree_meta *meta = np_tree_meta(tree);
	const struct np_node *root = np_tree_node(tree, 0);
	uint32_t function_count = np_tree_function_count(tree);
	struct np_compare_run *run;
	uint32_t *functions;
	uint8_t *traits;
	int rc = check_unit(compare, path, meta, message, message_size);

	if (rc < 0)
		return rc;
	if (root->total == 0) {
		snprintf(message, message_size, "'%s': no sample with a value above zero", path);
		return -EINVAL;
	}
	compare->runs = np_xrealloc(compare->runs, compare->run_count + 1, sizeof(*compare->runs));
	run = &compare->runs[compare->run_count++];
	*run = (struct np_compare_run){ .path = np_xstrdup(path), .side = side,
		.value = (double)root->total, .duration_ns = meta->duration_ns };
	compare->count[side]++;
	if (!np_units_samples(meta, np_tree_total_samples(tree, 0), &run->samples)) {
		run->samples = 0;
		compare->samples_known = false;
	}
	run->lost = lost_of(tree, run->samples);
	functions = np_xcalloc(function_count, sizeof(*functions));
	traits = np_xcalloc(function_count, sizeof(*traits));
	for (uint32_t i = 1; i < function_count; i++) {	/* 0 is the root */
		const struct np_function *function = np_tree_function_at(tree, i);

		functions[i] = map_function(compare, tree, function, map, &traits[i]);
		run->has_modules = run->has_modules || function->module;
	}
	add_nodes(compare, run, tree, functions, traits);
	for (unsigned i = 0; i < meta->decimals; i++)
		run->value /= 10;
	free(functions);
	free(traits);
	return 0;
}

double np_compare_exposure(const struct np_compare_run *run)
{
	return run->samples > 0 ? run->samples : NOMINAL_SAMPLES;
}

static double *sum_nodes(const struct np_compare *compare, const struct np_compare_run *run,
			 const double *of, double scale, bool totals)
{
	uint32_t count = np_tree_node_count(compare->tree);
	double *values = np_xcalloc(count, sizeof(*values));

	for (uint32_t i = 0; i < run->node_count; i++)
		values[run->nodes[i]] += of[i] * scale;
	for (uint32_t i = count; totals && i-- > 1;)
		values[np_tree_node(compare->tree, i)->parent] += values[i];
	return values;
}

/* Samples that a unit of the value stands for. */
static double scale_of(const struct np_compare_run *run)
{
	double all = 0;

	for (uint32_t i = 0; i < run->node_count; i++)
		all += run->selfs[i];
	return all > 0 ? np_compare_exposure(run) / all : 0;
}

double *np_compare_nodes(const struct np_compare *compare, const struct np_compare_run *run,
			 bool totals)
{
	return sum_nodes(compare, run, run->selfs, scale_of(run), totals);
}

double *np_compare_spreads(const struct np_compare *compare, const struct np_compare_run *run,
			   bool totals)
{
	double scale = scale_of(run);

	return sum_nodes(compare, run, run->squares, scale * scale, totals);
}

static bool is_row(const struct np_function *function)
{
	return function->kind != NP_KIND_PROCESS && function->kind != NP_KIND_THREAD &&
	       function->kind != NP_KIND_MARKER;
}

static int compare_names(const void *left, const void *right)
{
	const struct np_compare_row *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	if (order == 0)
		order = strcmp(a->module, b->module);
	return order ? order : (a->function > b->function) - (a->function < b->function);
}

/* A row per function; ROW_OF_FUNCTION is set. */
static void make_rows(struct np_compare *compare, uint32_t *row_of_function)
{
	uint32_t count = np_tree_function_count(compare->tree);

	compare->rows = np_xcalloc(count, sizeof(*compare->rows));
	for (uint32_t i = 0; i < count; i++) {
		const struct np_function *function = np_tree_function_at(compare->tree, i);
		struct np_compare_row *row;

		row_of_function[i] = NO_ROW;
		if (i == 0 || !is_row(function) ||
		    np_kind_is_marker(np_tree_string(compare->tree, function->name)))
			continue;
		row = &compare->rows[compare->row_count++];
		*row = (struct np_compare_row){ .function = i, .kind = function->kind,
			.name = np_tree_string(compare->tree, function->name),
			.module = np_tree_string(compare->tree, function->module),
			.file = np_tree_string(compare->tree, function->file),
			.line = function->line };
		if (compare->real_tree)
			np_compare_words_of(&row->real, compare->real_tree, compare->real_function[i]);
		else
			np_compare_words_of(&row->real, compare->tree, i);
	}
	qsort(compare->rows, compare->row_count, sizeof(*compare->rows), compare_names);
	for (size_t i = 0; i < compare->row_count; i++)
		row_of_function[compare->rows[i].function] = (uint32_t)i;
}

/* Which nodes are the outermost activation of their row: depth first along the links. */
static void mark_outermost(struct np_compare *compare)
{
	uint32_t *on_path = np_xcalloc(compare->row_count + 1, sizeof(*on_path)), at = 0;

	for (;;) {
		const struct np_node *node = np_tree_node(compare->tree, at);
		uint32_t row = compare->row_of[at];

		if (row != NO_ROW)
			compare->outermost[at] = on_path[row]++ == 0;
		if (node->first_child) {
			at = node->first_child;
			continue;
		}
		for (;;) {
			row = compare->row_of[at];
			if (row != NO_ROW)
				on_path[row]--;
			if (at == 0 || node->next_sibling)
				break;
			at = node->parent;
			node = np_tree_node(compare->tree, at);
		}
		if (at == 0)
			break;
		at = node->next_sibling;
	}
	free(on_path);
}

static void fill_calls(struct np_compare *compare, size_t index)
{
	const struct np_compare_run *run = &compare->runs[index];

	for (uint32_t i = 0; i < run->call_count; i++) {
		uint32_t row = compare->row_of[run->call_nodes[i]];

		if (row != NO_ROW)
			compare->rows[row].calls[index] += run->calls[i];
	}
}

static void fill_run(struct np_compare *compare, size_t index)
{
	double *values[4];
	uint32_t count = np_tree_node_count(compare->tree);

	for (int totals = 0; totals < 2; totals++) {
		values[totals] = np_compare_nodes(compare, &compare->runs[index], totals);
		values[2 + totals] = np_compare_spreads(compare, &compare->runs[index], totals);
	}
	for (uint32_t i = 1; i < count; i++) {
		struct np_compare_row *row;

		if (compare->row_of[i] == NO_ROW)
			continue;
		row = &compare->rows[compare->row_of[i]];
		row->self[index] += values[0][i];
		row->self_spread[index] += values[2][i];
		if (!compare->outermost[i])
			continue;
		row->total[index] += values[1][i];
		row->total_spread[index] += values[3][i];
	}
	for (int i = 0; i < 4; i++)
		free(values[i]);
	fill_calls(compare, index);
}

/* Rows, and which node is whose. */
static void index_tree(struct np_compare *compare)
{
	uint32_t functions = np_tree_function_count(compare->tree);
	uint32_t nodes = np_tree_node_count(compare->tree);
	uint32_t *row_of_function = np_xcalloc(functions, sizeof(*row_of_function));

	make_rows(compare, row_of_function);
	compare->row_of = np_xcalloc(nodes, sizeof(*compare->row_of));
	compare->outermost = np_xcalloc(nodes, sizeof(*compare->outermost));
	for (uint32_t i = 0; i < nodes; i++)
		compare->row_of[i] = row_of_function[np_tree_node(compare->tree, i)->function];
	free(row_of_function);
	mark_outermost(compare);
}

static void forget_index(struct np_compare *compare)
{
	free(compare->rows);
	free(compare->row_of);
	free(compare->outermost);
	compare->rows = NULL;
	compare->row_of = NULL;
	compare->outermost = NULL;
	compare->row_count = 0;
}

void np_compare_close(struct np_compare *compare)
{
	size_t runs = compare->run_count;
	bool changed;

	index_tree(compare);
	changed = !compare->no_renames && np_compare_rename(compare);
	if (compare->anonymize)
		np_compare_hide(compare);
	if (changed || compare->anonymize) {
		forget_index(compare);
		index_tree(compare);
		np_compare_note_renames(compare);
	}
	compare->cells = np_xcalloc(compare->row_count * runs * 5 + 1, sizeof(*compare->cells));
	for (size_t i = 0; i < compare->row_count; i++) {
		compare->rows[i].self = compare->cells + i * 5 * runs;
		compare->rows[i].total = compare->rows[i].self + runs;
		compare->rows[i].self_spread = compare->rows[i].total + runs;
		compare->rows[i].total_spread = compare->rows[i].self_spread + runs;
		compare->rows[i].calls = compare->rows[i].total_spread + runs;
	}
	for (size_t i = 0; i < runs; i++)
		fill_run(compare, i);
}
