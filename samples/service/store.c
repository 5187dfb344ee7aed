/* SPDX-License-Identifier: MIT
 *
 * store.c - the data: an index is sorted by the C library's qsort, a tree is walked recursively.
 */
#include "service.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES     3000
#define TREE_DEPTH  13

struct entry {
	uint32_t key, row;
};

struct tree_node {
	struct tree_node *left, *right;
	uint64_t value;
};

struct store_state {
	struct entry unsorted[ENTRIES], index[ENTRIES];
	struct tree_node *nodes, *root;
	size_t node_count;
	uint64_t sorted, walked;
};

static struct tree_node *plant(struct store_state *store, int depth)
{
	struct tree_node *node;

	if (depth == 0)
		return NULL;
	node = &store->nodes[store->node_count++];
	node->value = store->node_count * 0x9e3779b97f4a7c15u;
	node->left = plant(store, depth - 1);
	/* Leaning, so that depths differ. */
	depth -= depth > 3 ? (int)(node->value >> 62) % 2 : 0;
	node->right = plant(store, depth - 1);
	return node;
}

void *store_create(void)
{
	struct store_state *store = calloc(1, sizeof(*store));
	uint32_t seed = 1;

	if (!store)
		return NULL;
	store->nodes = calloc((size_t)1 << TREE_DEPTH, sizeof(*store->nodes));
	if (!store->nodes) {
		free(store);
		return NULL;
	}
	store->root = plant(store, TREE_DEPTH);
	for (uint32_t i = 0; i < ENTRIES; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 17;
		seed ^= seed << 5;
		store->unsorted[i] = (struct entry){ seed, i };
	}
	return store;
}

void store_destroy(void *state)
{
	struct store_state *store = state;

	free(store->nodes);
	free(store);
}

/* Called by the C library: the caller's frames below and above are not ours. */
SERVICE_FUNCTION static int compare_keys(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;

	return left->key < right->key ? -1 : left->key > right->key;
}

SERVICE_FUNCTION static uint64_t check_sorted(const struct entry *index)
{
	uint64_t sum = 1;

	for (int i = 0; i < ENTRIES; i++) {
		if (i && index[i - 1].key > index[i].key)
			return 0;
		sum = service_mix(sum, index[i].row);
	}
	return sum;
}

SERVICE_FUNCTION uint64_t index_sort(void *state, uint64_t until_ns)
{
	struct store_state *store = state;
	uint64_t sum;

	do {
		memcpy(store->index, store->unsorted, sizeof(store->index));
		qsort(store->index, ENTRIES, sizeof(store->index[0]), compare_keys);
		sum = check_sorted(store->index);
		if (!service_same(&store->sorted, sum))
			return 0;
	} while (service_cpu_ns() < until_ns);
	return sum;
}

/* What is done with the two results is no sum, so that the calls stay calls. */
SERVICE_FUNCTION static uint64_t visit(const struct tree_node *node)
{
	uint64_t left, right;

	if (!node)
		return 1;
	left = visit(node->left);
	right = visit(node->right);
	return service_mix(left, node->value) ^ (right << 7 | right >> 57);
}

SERVICE_FUNCTION uint64_t tree_walk(void *state, uint64_t until_ns)
{
	struct store_state *store = state;
	uint64_t sum;

	do {
		sum = 1;
		for (int i = 0; i < 32; i++) {
			sum = service_mix(sum, visit(store->root));
			__asm__ volatile("" ::: "memory");	/* or once would be enough */
		}
		if (!service_same(&store->walked, sum))
			return 0;
	} while (service_cpu_ns() < until_ns);
	return sum;
}
