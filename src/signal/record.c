/* SPDX-License-Identifier: MIT
 *
 * record.c - a stack becomes a path of the spool's calling-context tree.
 *
 * Context: signal handler, own thread.
 *
 * A path that is new is made in one piece, of consecutive nodes, and linked to the tree by one
 * compare-and-swap.  So the child of a node is mostly the node after it: follow() only confirms
 * that, frame by frame, and needs the links where paths part.
 */
#include "signal/record.h"

/* The node of SELF's stacks of this quality, made; or NP_SPOOL_NODE_NONE. */
NP_RARE static uint32_t make_root(struct np_thread *self, uint8_t quality)
{
	uint32_t node = np_spool_child(&np_sampler.spool, NP_SPOOL_NODE_ROOT, 0,
				       (uint64_t)self->entry * 256 + quality, NP_NODE_ROOT);

	self->roots[quality] = node == NP_SPOOL_NODE_NONE ? 0 : node;
	return node;
}

static uint64_t key_of(const struct np_frame *frame, uint32_t parent)
{
	return np_spool_key(parent, frame->module, frame->kind);
}

/* Go on from NODE along frames[i ..) for as long as each has the node after the last one.  Returns
 * the first frame that has not. */
static inline uint32_t follow(const struct np_spool *spool, struct np_stack *stack, uint32_t i,
			      uint32_t node)
{
	uint32_t ready = np_spool_nodes_ready(spool), depth = stack->depth;
	uint32_t most = ready > node + 1 ? ready - node - 1 : 0;
	uint32_t end = depth - i > most ? i + most : depth;
	const struct np_spool_node *nodes = spool->nodes;

	for (; i < end; i++) {
		const struct np_frame *frame = &stack->frames[i];

		if (!np_spool_is(&nodes[node + 1], key_of(frame, node), frame->pc))
			break;
		stack->nodes[i] = ++node;
	}
	return i;
}

/* Make nodes for frames[i ..), or as many as there are, and link them to PARENT.  Threads that
 * share an entry make them one by one, for they may be making the same.  Returns the first frame
 * without a node: I itself when the table is full, or another thread was faster. */
__attribute__((noinline)) static uint32_t
make_path(struct np_spool *spool, struct np_stack *stack, uint32_t i, uint32_t parent, uint32_t *link,
	  bool shared, bool *ret_full)
{
	uint32_t count = shared ? 1 : stack->depth - i;
	uint32_t first = np_spool_reserve(spool, &count);

	*ret_full = first == 0;
	if (first == 0)
		return i;
	for (uint32_t n = 0; n < count; n++) {
		const struct np_frame *frame = &stack->frames[i + n];

		np_spool_fill(spool, first + n, key_of(frame, n ? first + n - 1 : parent), frame->pc,
			      n + 1 < count ? first + n + 1 : 0);
		stack->nodes[i + n] = first + n;
	}
	return np_spool_link(link, first) ? i + count : i;
}

/* Find or make the nodes of frames[i ..); ROOT is their root if i is 0.  Returns the first frame
 * that has none because the table is full. */
static uint32_t place(struct np_spool *spool, struct np_stack *stack, uint32_t i, uint32_t root,
		      bool shared)
{
	uint32_t *nodes = stack->nodes, *link, node, found;
	bool full = false;

	while (!full) {
		i = follow(spool, stack, i, i ? nodes[i - 1] : root);
		if (i == stack->depth)
			break;
		node = i ? nodes[i - 1] : root;
		found = np_spool_find(spool, node, key_of(&stack->frames[i], node),
				      stack->frames[i].pc, &link);
		if (__builtin_expect(found != 0, 1)) {
			nodes[i++] = found;
			if (i == stack->depth)
				break;
		} else if (link) {
			i = make_path(spool, stack, i, node, link, shared, &full);
		} else {
			full = true;
		}
	}
	return i;
}

NP_HOT uint32_t np_record(struct np_thread *self, uint32_t known, uint32_t fresh, uint64_t periods)
{
	struct np_spool *spool = &np_sampler.spool;
	struct np_stack *stack = &self->stack;
	uint32_t root = self->roots[stack->quality], depth, node, resumed;

	if (__builtin_expect(root == 0, 0))
		root = make_root(self, stack->quality);
	if (__builtin_expect(root == NP_SPOOL_NODE_NONE, 0)) {
		np_spool_count(spool, NP_COUNT_ON_ANCESTOR, 1);
		np_spool_commit(spool, self->entry, NP_SPOOL_NODE_ROOT, NP_SPOOL_NODE_ROOT, periods);
		return NP_SPOOL_NODE_ROOT;
	}
	depth = place(spool, stack, known, root, self->entry == 0);
	if (__builtin_expect(depth < stack->depth, 0))	/* full: kept on the deepest known ancestor */
		np_spool_count(spool, NP_COUNT_ON_ANCESTOR, 1);
	self->nodes_valid = depth;
	node = depth ? stack->nodes[depth - 1] : root;
	resumed = fresh >= depth ? node : fresh ? stack->nodes[fresh - 1] : root;
	np_spool_commit(spool, self->entry, node, resumed, periods);
	return node;
}
