/* SPDX-License-Identifier: MIT
 *
 * layout.c - boxes from a call tree.  Context: tools.  One pass along the tree's links.
 */
#include "layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/message.h"

/* What a node's children need while they are placed; one per row. */
struct level {
	uint64_t next_left;	/* where the next child goes */
	uint64_t narrow_value;	/* pruned children, kept for one box at the right end */
	uint64_t narrow_frames;
	uint32_t box;		/* the parent's box */
};

static uint32_t cap(uint64_t count)
{
	return count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
}

static struct np_box *add(struct np_layout *layout, enum np_box_type type, uint64_t left,
			  uint64_t width, uint32_t depth)
{
	struct np_box *box;

	if (layout->count == layout->room) {
		layout->room = layout->room ? layout->room * 2 : 1024;
		layout->boxes = np_xrealloc(layout->boxes, layout->room, sizeof(*layout->boxes));
	}
	box = &layout->boxes[layout->count++];
	*box = (struct np_box){ .left = left, .width = width, .depth = depth, .frames = 1,
				.type = type };
	if (depth + 1 > layout->rows)
		layout->rows = depth + 1;
	return box;
}

/* Frames of every subtree, in one backward walk: needs each node's place in pre-order. */
struct order {
	uint32_t *nodes;	/* pre-order */
	uint32_t *depths;	/* by node */
	uint32_t *frames;	/* by node: its subtree with itself */
};

static void order_init(struct order *order, const struct np_tree *tree)
{
	uint32_t count = np_tree_node_count(tree), at = 0, n = 0, depth = 0;

	order->nodes = np_xcalloc(count, sizeof(*order->nodes));
	order->depths = np_xcalloc(count, sizeof(*order->depths));
	order->frames = np_xcalloc(count, sizeof(*order->frames));
	for (;;) {
		const struct np_node *node = np_tree_node(tree, at);

		order->nodes[n++] = at;
		order->depths[at] = depth;
		order->frames[at] = node->total > 0;	/* stacks of value zero are no frames */
		if (node->first_child) {
			at = node->first_child;
			depth++;
			continue;
		}
		while (at != 0 && !node->next_sibling) {
			at = node->parent;
			node = np_tree_node(tree, at);
			depth--;
		}
		if (at == 0)
			break;
		at = node->next_sibling;
	}
	while (n-- > 1) {
		uint32_t node = order->nodes[n], parent = np_tree_node(tree, node)->parent;

		order->frames[parent] = cap((uint64_t)order->frames[parent] + order->frames[node]);
	}
}

static void order_finish(struct order *order)
{
	free(order->nodes);
	free(order->depths);
	free(order->frames);
}

static int compare_descending(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a < b) - (a > b);
}

/* More than LEAST, and at most MOST, where as many boxes as a browser can take are that wide. */
static uint64_t least_for_budget(const struct np_tree *tree, const struct order *order,
				 uint64_t least, uint64_t most)
{
	uint32_t nodes = np_tree_node_count(tree), count = 0;
	uint64_t *totals = np_xcalloc(nodes, sizeof(*totals));

	for (uint32_t i = 0; i < nodes; i++)
		if (np_tree_node(tree, i)->total >= least && order->depths[i] < NP_LAYOUT_ROWS_MAX)
			totals[count++] = np_tree_node(tree, i)->total;
	if (count > NP_LAYOUT_BOXES_MAX) {
		qsort(totals, count, sizeof(*totals), compare_descending);
		least = totals[NP_LAYOUT_BOXES_MAX] + 1;
	}
	free(totals);
	return least > most ? most : least;
}

/* All children of a level's node are placed: now the box for the narrow ones. */
static void close_level(struct np_layout *layout, const struct level *level, uint32_t depth)
{
	struct np_box *box;

	layout->narrow_frames = cap((uint64_t)layout->narrow_frames + level->narrow_frames);
	if (level->narrow_frames == 0)
		return;
	if (level->narrow_value < layout->least) {
		layout->undrawn += level->narrow_value;
		return;
	}
	box = add(layout, NP_BOX_NARROW, level->next_left, level->narrow_value, depth);
	box->parent = level->box;
	box->node = layout->boxes[level->box].node;
	box->frames = cap(level->narrow_frames);
}

/* Everything above the last row that may be drawn: one box for all children of PARENT. */
static void add_deeper(struct np_layout *layout, const struct np_tree *tree, struct level *level,
		       uint32_t parent, const struct order *order)
{
	uint64_t value = 0, frames = 0;
	struct np_box *box;

	for (uint32_t child = np_tree_node(tree, parent)->first_child; child;
	     child = np_tree_node(tree, child)->next_sibling) {
		value += np_tree_node(tree, child)->total;
		frames += order->frames[child];
	}
	layout->deep_frames = cap((uint64_t)layout->deep_frames + frames);
	if (value == 0)
		return;
	if (value < layout->least) {
		layout->undrawn += value;
		return;
	}
	box = add(layout, NP_BOX_DEEPER, level->next_left, value, NP_LAYOUT_ROWS_MAX - 1);
	box->parent = level->box;
	box->node = parent;
	box->frames = cap(frames);
}

/* Place the node; returns whether its children are to be visited. */
static bool place(struct np_layout *layout, const struct np_tree *tree, struct level *levels,
		  uint32_t at, uint32_t depth, const struct order *order)
{
	const struct np_node *node = np_tree_node(tree, at);
	struct level *level = depth ? &levels[depth - 1] : NULL;
	uint64_t left = level ? level->next_left : 0;
	struct np_box *box;

	if (node->total == 0)
		return false;
	if (level && node->total < layout->least) {
		level->narrow_value += node->total;
		level->narrow_frames += order->frames[at];
		return false;
	}
	box = add(layout, NP_BOX_FRAME, left, node->total, depth);
	box->node = at;
	box->parent = level ? level->box : 0;
	if (level)
		level->next_left += node->total;
	levels[depth] = (struct level){ .next_left = left, .box = layout->count - 1 };
	if (depth + 2 == NP_LAYOUT_ROWS_MAX && node->first_child) {
		add_deeper(layout, tree, &levels[depth], at, order);
		return false;
	}
	return true;
}

void np_layout_init(struct np_layout *layout, const struct np_tree *tree, double width_min,
		    double fraction_default)
{
	double root = (double)np_tree_node(tree, 0)->total;
	bool automatic = width_min < 0;
	struct level *levels = np_xcalloc(NP_LAYOUT_ROWS_MAX, sizeof(*levels));
	struct order order;
	uint32_t at = 0, depth = 0;

	memset(layout, 0, sizeof(*layout));
	layout->least = (uint64_t)(root * (automatic ? fraction_default : width_min));
	if (layout->least == 0)
		layout->least = 1;
	order_init(&order, tree);
	if (automatic)		/* what is ten times as wide is drawn, however many there are */
		layout->least = least_for_budget(tree, &order, layout->least,
						 (uint64_t)(root * fraction_default * 10) + 1);
	for (;;) {
		const struct np_node *node = np_tree_node(tree, at);
		bool inside = place(layout, tree, levels, at, depth, &order);

		if (inside && node->first_child) {
			at = node->first_child;
			depth++;
			continue;
		}
		while (at != 0 && !node->next_sibling) {
			at = node->parent;
			node = np_tree_node(tree, at);
			close_level(layout, &levels[depth - 1], depth);
			depth--;
		}
		if (at == 0)
			break;
		at = node->next_sibling;
	}
	for (uint32_t i = 0; layout->deep_frames > 0 && i < np_tree_node_count(tree); i++)
		if (order.depths[i] > layout->deepest)
			layout->deepest = order.depths[i];
	order_finish(&order);
	free(levels);
}

void np_layout_finish(struct np_layout *layout)
{
	free(layout->boxes);
	memset(layout, 0, sizeof(*layout));
}
