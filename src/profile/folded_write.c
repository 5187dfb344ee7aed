/* SPDX-License-Identifier: MIT
 *
 * folded_write.c - the canonical folded text of a call tree.
 *
 * Context: tools.  Modules are not part of the text, so functions that differ only there become
 * one frame: the tree is first copied into one whose functions are the escaped frames themselves,
 * which merges and orders them, and then walked without recursion.
 */
#include "profile/folded.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "profile/folded_frame.h"

/* For each function of TREE, the function of FRAMES whose name is its escaped frame. */
static uint32_t *escape_functions(const struct np_tree *tree, struct np_tree *frames, bool annotate)
{
	uint32_t count = np_tree_function_count(tree);
	uint32_t *map = np_xcalloc(count, sizeof(*map));
	size_t room = 0;
	char *text = NULL;

	for (uint32_t i = 0; i < count; i++) {
		const struct np_function *function = np_tree_function_at(tree, i);
		const char *name = np_tree_string(tree, function->name);
		size_t need = NP_FOLDED_ESCAPED_MAX(strlen(name)), length;

		if (need > room) {
			text = np_xrealloc(text, need, 1);
			room = need;
		}
		length = np_folded_escape(text, name, function->kind, function->inlined, annotate);
		map[i] = np_tree_function(frames, &(struct np_function){
			.name = np_tree_intern(frames, text, length)});
	}
	free(text);
	return map;
}

static struct np_tree *copy_as_frames(const struct np_tree *tree, bool annotate)
{
	struct np_tree *frames = np_tree_create();
	uint32_t *functions = escape_functions(tree, frames, annotate);
	uint32_t count = np_tree_node_count(tree);
	uint32_t *map = np_xcalloc(count, sizeof(*map));

	/* Parents have smaller indices, so MAP of the parent is known.  What ended at the root
	 * itself has no frame: function 0 escapes to "(empty)". */
	for (uint32_t i = 0; i < count; i++) {
		const struct np_node *node = np_tree_node(tree, i);
		uint32_t function = functions[node->function], to;

		if (i > 0)
			map[i] = np_tree_child(frames, map[node->parent], function);
		to = i > 0 || node->self == 0 ? map[i] : np_tree_child(frames, 0, functions[0]);
		np_tree_add(frames, to, node->self, node->self, 0);	/* cannot pass the sum of TREE */
	}
	free(map);
	free(functions);
	np_tree_finish(frames);
	np_tree_sort(frames);
	return frames;
}

struct path {
	char *text;
	size_t length, room;
};

static void path_push(struct path *path, const char *frame)
{
	size_t length = strlen(frame), need = path->length + length + 32;

	if (need > path->room) {
		path->room = need * 2;
		path->text = np_xrealloc(path->text, path->room, 1);
	}
	if (path->length > 0)
		path->text[path->length++] = ';';
	memcpy(path->text + path->length, frame, length);
	path->length += length;
}

static void path_pop(struct path *path, const char *frame)
{
	path->length -= strlen(frame);
	if (path->length > 0)
		path->length--;
}

static const char *frame_of(const struct np_tree *frames, uint32_t node)
{
	uint32_t function = np_tree_node(frames, node)->function;

	return np_tree_string(frames, np_tree_function_at(frames, function)->name);
}

static int write_line(struct path *path, uint64_t value, FILE *to)
{
	/* path_push() left room for the number. */
	int digits = snprintf(path->text + path->length, 32, " %" PRIu64 "\n", value);
	size_t bytes = path->length + (size_t)digits;

	errno = 0;
	if (fwrite(path->text, 1, bytes, to) == bytes)
		return 0;
	return errno ? -errno : -EIO;
}

int np_folded_write(const struct np_tree *tree, FILE *to, bool annotate)
{
	struct np_tree *frames = copy_as_frames(tree, annotate);
	struct path path = {0};
	uint32_t node = 0;
	int rc = 0;

	for (;;) {
		uint32_t next = np_tree_node(frames, node)->first_child;

		while (!next && node) {		/* climb to the nearest ancestor with a sibling */
			path_pop(&path, frame_of(frames, node));
			next = np_tree_node(frames, node)->next_sibling;
			node = np_tree_node(frames, node)->parent;
		}
		if (!next)
			break;
		node = next;
		path_push(&path, frame_of(frames, node));
		if (np_tree_node(frames, node)->self > 0)
			rc = write_line(&path, np_tree_node(frames, node)->self, to);
		if (rc < 0)
			break;
	}
	errno = 0;
	if (rc == 0 && fflush(to) != 0)
		rc = errno ? -errno : -EIO;
	free(path.text);
	np_tree_destroy(frames);
	return rc;
}
