/* SPDX-License-Identifier: MIT
 *
 * layout.c - boxes from a call tree.  Context: tools.
 *
 * Trees may have millions of nodes, pictures have thousands of boxes: walks stay among the wide ones.
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

/* The node after AT in pre-order within the subtree of TOP, 0 at its end; what is below AT is left
 * out unless INSIDE.  Keeps *DEPTH, that of AT. */
static uint32_t next_node(const struct np_tree *tree, uint32_t at, uint32_t top, bool inside,
			  uint32_t *depth)
{
	const struct np_node *node = np_tree_node(tree, at);

	if (inside && node->first_child) {
		++*depth;
		return node->first_child;
	}
	while (at != top && !node->next_sibling) {
		at = node->parent;
		node = np_tree_node(tree, at);
		--*depth;
	}
	return at == top ? 0 : node->next_sibling;
}

/* Frames of every subtree, its top included; stacks of value zero are none.  Along the array and not
 * along the links: what the processor can foresee takes a tenth of the time. */
static uint32_t *count_frames(const struct np_tree *tree)
{
	const struct np_node *nodes = np_tree_node(tree, 0);
	uint32_t count = np_tree_node_count(tree);
	uint32_t *frames = np_xcalloc(count, sizeof(*frames));

	/* Children come after their parents.  No sum passes COUNT. */
	for (uint32_t i = count - 1; i > 0; i--) {
		frames[i] += nodes[i].total > 0;
		frames[nodes[i].parent] += frames[i];
	}
	return frames;
}

static uint32_t deepest_of(const struct np_tree *tree)
{
	uint32_t at = 0, depth = 0, deepest = 0;

	do {
		if (depth > deepest)
			deepest = depth;
		at = next_node(tree, at, 0, true, &depth);
	} while (at != 0);
	return deepest;
}

static int compare_descending(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a < b) - (a > b);
}

/* More than LEAST, and at most MOST, where as many boxes as a browser can take are that wide. */
static uint64_t least_for_budget(const struct np_tree *tree, uint64_t least, uint64_t most)
{
	uint32_t at = 0, depth = 0;
	uint64_t *totals = NULL;
	size_t count = 0, room = 0;

	do {
		uint64_t total = np_tree_node(tree, at)->total;

		if (total >= least) {
			if (count == room) {
				room = room ? room * 2 : 1024;
				totals = np_xrealloc(totals, room, sizeof(*totals));
			}
			totals[count++] = total;
		}
		at = next_node(tree, at, 0, total >= least && depth + 1 < NP_LAYOUT_ROWS_MAX, &depth);
	} while (at != 0);
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
		       uint32_t parent, const uint32_t *frames)
{
	uint64_t value = 0, count = 0;
	struct np_box *box;

	for (uint32_t child = np_tree_node(tree, parent)->first_child; child;
	     child = np_tree_node(tree, child)->next_sibling) {
		value += np_tree_node(tree, child)->total;
		count += frames[child];
	}
	layout->deep_frames = cap((uint64_t)layout->deep_frames + count);
	if (value == 0)
		return;
	if (value < layout->least) {
		layout->undrawn += value;
		return;
	}
	box = add(layout, NP_BOX_DEEPER, level->next_left, value, NP_LAYOUT_ROWS_MAX - 1);
	box->parent = level->box;
	box->node = parent;
	box->frames = cap(count);
}

/* Place the node; returns whether its children are to be visited. */
static bool place(struct np_layout *layout, const struct np_tree *tree, struct level *levels,
		  uint32_t at, uint32_t depth, const uint32_t *frames)
{
	const struct np_node *node = np_tree_node(tree, at);
	struct level *level = depth ? &levels[depth - 1] : NULL;
	uint64_t left = level ? level->next_left : 0;
	struct np_box *box;

	if (node->total == 0)
		return false;
	if (level && node->total < layout->least) {
		level->narrow_value += node->total;
		level->narrow_frames += frames[at];
		return false;
	}
	box = add(layout, NP_BOX_FRAME, left, node->total, depth);
	box->node = at;
	box->parent = level ? level->box : 0;
	if (level)
		level->next_left += node->total;
	levels[depth] = (struct level){ .next_left = left, .box = layout->count - 1 };
	if (depth + 2 == NP_LAYOUT_ROWS_MAX && node->first_child) {
		add_deeper(layout, tree, &levels[depth], at, frames);
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
	uint32_t *frames = count_frames(tree);
	uint32_t at = 0, depth = 0;

	memset(layout, 0, sizeof(*layout));
	layout->least = (uint64_t)(root * (automatic ? fraction_default : width_min));
	if (layout->least == 0)
		layout->least = 1;
	if (automatic)		/* what is ten times as wide is drawn, however many there are */
		layout->least = least_for_budget(tree, layout->least,
						 (uint64_t)(root * fraction_default * 10) + 1);
	for (;;) {
		const struct np_node *node = np_tree_node(tree, at);
		bool inside = place(layout, tree, levels, at, depth, frames);

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
	if (layout->deep_frames > 0)
		layout->deepest = deepest_of(tree);
	free(frames);
	free(levels);
}

void np_layout_finish(struct np_layout *layout)
{
	free(layout->boxes);
	memset(layout, 0, sizeof(*layout));
}
