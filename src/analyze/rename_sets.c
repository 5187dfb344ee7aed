/* SPDX-License-Identifier: MIT
 *
 * rename_sets.c - what surrounds each function that only one side has, as a set.  Context: tools.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/minhash.h"
#include "analyze/rename.h"
#include "base/message.h"

#define NO_ROW	   UINT32_MAX
#define STEPS_MAX  64u		/* up a stack: frames of one side alone are passed over */
#define CALLERS    2u		/* frames above that count */
#define WORDS_MAX  4u		/* of a name: many words shall not outweigh what is known of the stacks */
#define LIST_FIRST ((size_t)1 << 16)

enum kind { CALLER = 1, ABOVE, CALLEE, SELF, WORD, MODULE, PLACE, COPY };

/* So much of a function's time has to do with an element. */
struct entry {
	uint64_t element;
	double amount;
	uint32_t function;
	uint32_t most;		/* copies */
};

struct list {
	struct entry *entries;
	size_t count, room;
};

static int compare_entries(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	if (a->function != b->function)
		return a->function < b->function ? -1 : 1;
	if (a->element != b->element)
		return a->element < b->element ? -1 : 1;
	/* Sums must not depend on the order of the nodes. */
	return (a->amount > b->amount) - (a->amount < b->amount);
}

/* Equal ones become one. */
static void shrink(struct list *list)
{
	size_t kept = 0;

	if (list->count == 0)
		return;
	qsort(list->entries, list->count, sizeof(*list->entries), compare_entries);
	for (size_t i = 1; i < list->count; i++) {
		struct entry *last = &list->entries[kept];

		if (last->function == list->entries[i].function && last->element == list->entries[i].element)
			last->amount += list->entries[i].amount;
		else
			list->entries[++kept] = list->entries[i];
	}
	list->count = kept + 1;
}

static void add(struct list *list, uint32_t function, uint64_t element, double amount, uint32_t most)
{
	if (amount <= 0)
		return;
	if (list->count == list->room) {
		if (list->room)
			shrink(list);
		if (list->count >= list->room / 2) {	/* grows with what is different */
			list->room = list->room ? 2 * list->room : LIST_FIRST;
			list->entries = np_xrealloc(list->entries, list->room, sizeof(*list->entries));
		}
	}
	list->entries[list->count++] = (struct entry){ element, amount, function, most };
}

static uint64_t element_of_text(enum kind kind, const char *text, size_t length)
{
	uint64_t element = np_minhash_element(kind, text, length) & ~(uint64_t)3;

	if (kind == CALLER || kind == CALLEE)
		return element | NP_RENAME_COUNTS | NP_RENAME_NEIGHBOUR;
	return kind == WORD || kind == PLACE ? element | NP_RENAME_COUNTS : element;
}

static uint64_t element_of(enum kind kind, uint64_t identity)
{
	return element_of_text(kind, (const char *)&identity, sizeof(identity));
}

static enum np_side side_of(uint8_t state)
{
	return state == NP_RENAME_OLD ? NP_BEFORE : NP_AFTER;
}

static bool is_asked(const struct np_rename_sets *sets, uint32_t function)
{
	return sets->state[function] == NP_RENAME_OLD || sets->state[function] == NP_RENAME_NEW;
}

/* How much a neighbour of NEIGHBOURS, by bits, says of one of them. */
static uint32_t weight(const uint64_t *const neighbours[NP_SIDES], uint32_t function)
{
	int before = __builtin_popcountll(neighbours[NP_BEFORE][function]);
	int after = __builtin_popcountll(neighbours[NP_AFTER][function]);
	int count = before > after ? before : after;

	return count <= 4 ? 3 : count <= 14 ? 2 : 1;
}

/* Who calls FUNCTION at NODE.  That the root is above says nothing. */
static void add_callers(const struct np_rename_sets *sets, struct list *list, uint32_t node,
			uint32_t function)
{
	const struct np_tree *tree = sets->compare->tree;
	double amount = sets->total[side_of(sets->state[function])][node];
	uint32_t at = node;
	unsigned level = 0;
	bool direct = true;

	for (unsigned step = 0; step < STEPS_MAX && level < CALLERS; step++) {
		uint32_t other;

		at = np_tree_node(tree, at)->parent;
		other = np_tree_node(tree, at)->function;
		if (at == 0 && !direct)
			break;
		if (at == 0 || sets->state[other] == NP_RENAME_BOTH) {
			add(list, function, element_of(direct ? CALLER : ABOVE, sets->identity[other]), amount,
			    at == 0 ? 1 : weight((const uint64_t *const *)sets->callees, other));
			level++;
		}
		if (at == 0)
			break;
		direct = direct && other == function;
	}
}

/* Whom the function at NODE, which both sides have, is called by. */
static void add_callee(const struct np_rename_sets *sets, struct list *list, uint32_t node)
{
	const struct np_tree *tree = sets->compare->tree;
	uint32_t callee = np_tree_node(tree, node)->function;
	uint64_t element = element_of(CALLEE, sets->identity[callee]);
	uint32_t most = weight((const uint64_t *const *)sets->callers, callee);
	uint32_t at = np_tree_node(tree, node)->parent, last = UINT32_MAX;

	for (unsigned step = 0; step < STEPS_MAX && at != 0; step++) {
		uint32_t function = np_tree_node(tree, at)->function;

		if (sets->state[function] == NP_RENAME_BOTH)
			break;
		if (is_asked(sets, function) && function != last)
			add(list, function, element, sets->total[side_of(sets->state[function])][node],
			    most);
		last = function;
		at = np_tree_node(tree, at)->parent;
	}
}

/* The last identifier of a name, without arguments and templates' parameters: [*START, *END). */
static void last_identifier(const char *name, const char **start, const char **end)
{
	size_t depth = 0;
	const char *from = name, *to = name;

	for (const char *p = name; *p; p++) {
		if (*p == '<' || *p == '{')
			depth++;
		else if ((*p == '>' || *p == '}') && depth > 0)
			depth--;
		else if (*p == '(' && depth == 0 && to > from)
			break;
		else if (depth == 0 && (isalnum((unsigned char)*p) || *p == '_' || (unsigned char)*p >= 0x80)) {
			if (to != p)
				from = p;
			to = p + 1;
		}
	}
	*start = from;
	*end = to;
}

static bool begins_word(const char *p)
{
	return isupper((unsigned char)p[0]) && !isupper((unsigned char)p[-1]);
}

/* "parse_JSONObject" has parse and jsonobject; "parseObject" parse and object. */
static void add_words(const struct np_rename_sets *sets, struct list *list, uint32_t function)
{
	const char *name = np_tree_string(sets->compare->tree,
					  np_tree_function_at(sets->compare->tree, function)->name);
	const char *p, *end;
	char word[64];
	unsigned words = 0;

	last_identifier(name, &p, &end);
	while (p < end && words < WORDS_MAX) {
		const char *begin = p;
		size_t length = 0;

		while (p < end && *p != '_' && !(p > begin && begins_word(p))) {
			if (length < sizeof(word))
				word[length++] = (char)tolower((unsigned char)*p);
			p++;
		}
		if (length > 0) {
			add(list, function, element_of_text(WORD, word, length), sets->cost[function] / 16, 1);
			words++;
		}
		while (p < end && *p == '_')
			p++;
	}
}

static void add_place(const struct np_rename_sets *sets, struct list *list, uint32_t id)
{
	const struct np_tree *tree = sets->compare->tree;
	const struct np_function *function = np_tree_function_at(tree, id);
	const char *module = np_tree_string(tree, function->module);
	const char *file = np_tree_string(tree, function->file), *slash = strrchr(file, '/');
	double amount = sets->cost[id] / 16;

	file = slash ? slash + 1 : file;
	if (*module)
		add(list, id, element_of_text(MODULE, module, strlen(module)), amount, 1);
	if (*file)
		add(list, id, element_of_text(PLACE, file, strlen(file)), amount, 1);
	add(list, id, element_of_text(SELF, "", 0), sets->own[id] / 4, 1);
}

static unsigned times(double part)
{
	return part >= 0.5 ? 3 : part >= 0.125 ? 2 : part >= 0.03125 ? 1 : 0;
}

static int compare_elements(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* LIST, sorted, to sets: what matters more is in it more often. */
static void to_sets(struct np_rename_sets *sets, const struct list *list)
{
	size_t count = 0;

	free(sets->elements);
	sets->elements = np_xcalloc(3 * list->count + 1, sizeof(*sets->elements));
	for (size_t i = 0; i < list->count;) {
		uint32_t function = list->entries[i].function;
		struct np_rename_set *set = &sets->set[function];

		set->elements = sets->elements + count;
		for (; i < list->count && list->entries[i].function == function; i++) {
			uint64_t element = list->entries[i].element;
			unsigned copies = times(list->entries[i].amount / sets->cost[function]);

			if (copies > list->entries[i].most)
				copies = list->entries[i].most;
			for (unsigned copy = 0; copy < copies; copy++)
				sets->elements[count++] = copy ? element_of((enum kind)(COPY + copy), element) : element;
		}
		set->count = (size_t)(sets->elements + count - set->elements);
		if (set->count > 0)
			qsort(set->elements, set->count, sizeof(*set->elements), compare_elements);
	}
}

void np_rename_sets_make(struct np_rename_sets *sets)
{
	const struct np_tree *tree = sets->compare->tree;
	uint32_t functions = np_tree_function_count(tree), nodes = np_tree_node_count(tree);
	struct list list = { .count = 0 };

	memset(sets->set, 0, functions * sizeof(*sets->set));
	for (uint32_t i = 1; i < nodes; i++) {
		uint32_t function = np_tree_node(tree, i)->function;

		if (sets->state[function] == NP_RENAME_BOTH)
			add_callee(sets, &list, i);
		else if (is_asked(sets, function) && sets->compare->outermost[i])
			add_callers(sets, &list, i, function);
	}
	for (uint32_t i = 1; i < functions; i++) {
		if (!is_asked(sets, i))
			continue;
		add_words(sets, &list, i);
		add_place(sets, &list, i);
	}
	shrink(&list);
	to_sets(sets, &list);
	free(list.entries);
}

/* Shares of a side by node, all its runs together. */
static double *pool(const struct np_compare *compare, enum np_side side, bool totals, double *ret_exposure)
{
	uint32_t nodes = np_tree_node_count(compare->tree);
	double *sum = np_xcalloc(nodes, sizeof(*sum)), exposure = 0;

	for (size_t run = 0; run < compare->run_count; run++) {
		double *values;

		if (compare->runs[run].side != side)
			continue;
		values = np_compare_nodes(compare, &compare->runs[run], totals);
		for (uint32_t i = 0; i < nodes; i++)
			sum[i] += values[i];
		exposure += np_compare_exposure(&compare->runs[run]);
		free(values);
	}
	for (uint32_t i = 0; i < nodes && exposure > 0; i++)
		sum[i] /= exposure;
	*ret_exposure = exposure;
	return sum;
}

/* A name that stands for whatever has none is nobody's. */
static bool has_name(const char *name)
{
	return *name && strcmp(name, "[unknown]") != 0 && strcmp(name, "??") != 0 &&
	       strcmp(name, "unknown") != 0 && strcmp(name, "0x*") != 0;
}

static uint8_t state_of(const struct np_rename_sets *sets, uint32_t function, uint8_t present, bool is_row,
			const double exposure[NP_SIDES])
{
	const struct np_tree *tree = sets->compare->tree;
	double least = exposure[NP_BEFORE] < exposure[NP_AFTER] ? exposure[NP_BEFORE] : exposure[NP_AFTER];

	if (present == (1u << NP_BEFORE | 1u << NP_AFTER))
		return NP_RENAME_BOTH;
	if (!present || !is_row || !has_name(np_tree_string(tree, np_tree_function_at(tree, function)->name)) ||
	    sets->cost[function] * least < NP_RENAME_SAMPLES)
		return NP_RENAME_NEITHER;
	return present == 1u << NP_BEFORE ? NP_RENAME_OLD : NP_RENAME_NEW;
}

static uint64_t bit_of(const struct np_rename_sets *sets, uint32_t function)
{
	return (uint64_t)1 << (sets->identity[function] & 63);
}

/* PRESENT: by function, the sides that have it, as bits. */
static void measure(struct np_rename_sets *sets, uint8_t *present, uint8_t *is_row)
{
	const struct np_compare *compare = sets->compare;
	uint32_t nodes = np_tree_node_count(compare->tree);

	for (uint32_t i = 1; i < nodes; i++) {
		uint32_t function = np_tree_node(compare->tree, i)->function;
		uint32_t parent = np_tree_node(compare->tree, np_tree_node(compare->tree, i)->parent)->function;

		for (int side = 0; side < NP_SIDES; side++) {
			if (sets->total[side][i] > 0) {
				present[function] |= (uint8_t)(1u << side);
				sets->callers[side][function] |= bit_of(sets, parent);
				sets->callees[side][parent] |= bit_of(sets, function);
			}
			sets->own[function] += sets->self[side][i];
			if (compare->outermost[i])
				sets->cost[function] += sets->total[side][i];
		}
		is_row[function] = is_row[function] || compare->row_of[i] != NO_ROW;
	}
	for (size_t run = 0; run < compare->run_count; run++)
		for (uint32_t i = 0; i < compare->runs[run].call_count; i++)
			present[np_tree_node(compare->tree, compare->runs[run].call_nodes[i])->function] |=
				(uint8_t)(1u << compare->runs[run].side);
}

void np_rename_sets_init(struct np_rename_sets *sets, const struct np_compare *compare)
{
	uint32_t functions = np_tree_function_count(compare->tree);
	uint8_t *present = np_xcalloc(functions, 1), *is_row = np_xcalloc(functions, 1);
	double exposure[NP_SIDES];

	*sets = (struct np_rename_sets){ .compare = compare };
	for (enum np_side side = 0; side < NP_SIDES; side++) {
		sets->total[side] = pool(compare, side, true, &exposure[side]);
		sets->self[side] = pool(compare, side, false, &exposure[side]);
		sets->callers[side] = np_xcalloc(functions, sizeof(*sets->callers[side]));
		sets->callees[side] = np_xcalloc(functions, sizeof(*sets->callees[side]));
	}
	sets->state = np_xcalloc(functions, sizeof(*sets->state));
	sets->identity = np_xcalloc(functions, sizeof(*sets->identity));
	sets->cost = np_xcalloc(functions, sizeof(*sets->cost));
	sets->own = np_xcalloc(functions, sizeof(*sets->own));
	sets->set = np_xcalloc(functions, sizeof(*sets->set));
	for (uint32_t i = 0; i < functions; i++) {
		const struct np_function *function = np_tree_function_at(compare->tree, i);
		const char *name = np_tree_string(compare->tree, function->name);
		const char *module = np_tree_string(compare->tree, function->module);

		sets->identity[i] = np_minhash_element(np_minhash_element(0, module, strlen(module)), name,
						       strlen(name));
	}
	measure(sets, present, is_row);
	for (uint32_t i = 1; i < functions; i++)
		sets->state[i] = state_of(sets, i, present[i], is_row[i], exposure);
	free(present);
	free(is_row);
}

void np_rename_sets_finish(struct np_rename_sets *sets)
{
	for (int side = 0; side < NP_SIDES; side++) {
		free(sets->total[side]);
		free(sets->self[side]);
		free(sets->callers[side]);
		free(sets->callees[side]);
	}
	free(sets->state);
	free(sets->identity);
	free(sets->cost);
	free(sets->own);
	free(sets->set);
	free(sets->elements);
	memset(sets, 0, sizeof(*sets));
}
