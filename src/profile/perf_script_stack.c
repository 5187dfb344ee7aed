/* SPDX-License-Identifier: MIT
 *
 * perf_script_stack.c - frames of `perf script`: their names once for each text, their objects,
 * whose code they are.
 *
 * Context: tools.
 */
#include "profile/perf_script_stack.h"

#include <string.h>

#include "base/message.h"
#include "profile/kind.h"

#define COMM_MAX 15u	/* bytes of a thread's name that the kernel keeps */

struct np_perf_known {
	uint32_t name, path, module;	/* string ids; path and module 0 = in no object */
	uint32_t file;			/* source file; 0 = not printed */
	bool inlined;
};

static uint32_t intern(struct np_perf_reader *reader, const char *bytes, size_t length)
{
	return np_tree_intern(reader->tree, bytes, length);
}

/* Is PATH the program that a thread called COMM runs?  The kernel cuts the latter. */
static bool is_program(const char *module, const char *comm)
{
	size_t length = strlen(comm);

	return length > 0 && strncmp(module, comm, length) == 0 &&
	       (module[length] == '\0' || length == COMM_MAX);
}

static uint32_t add_frame(struct np_perf_reader *reader, uint32_t node, uint32_t place,
			  uint32_t object, uint32_t line)
{
	const struct np_perf_known *known = &reader->known[place];
	const struct np_perf_known *from = &reader->known[object];
	const char *module = np_tree_string(reader->tree, from->module);
	struct np_function function = { .name = known->name, .module = from->module,
					.file = known->file, .inlined = known->inlined,
					.at_line = reader->by_lines ? line : 0 };

	function.kind = (uint8_t)np_kind_of_module(np_tree_string(reader->tree, from->path),
		is_program(module, np_tree_string(reader->tree, reader->comm)));
	return np_tree_child(reader->tree, node, np_tree_function(reader->tree, &function));
}

static uint32_t name_of(struct np_perf_reader *reader, struct np_perf_text name)
{
	return name.length > 0 ? intern(reader, name.bytes, name.length)
			       : intern(reader, "[unknown]", strlen("[unknown]"));
}

/* What FRAME says, parsed once for each text. */
static uint32_t know(struct np_perf_reader *reader, const struct np_perf_frame *frame)
{
	int is_new;
	uint32_t place = np_intern_get(&reader->frames, frame->key.bytes, frame->key.length, &is_new);
	const char *slash;
	struct np_perf_known *known;

	if (!is_new)
		return place;
	if (place >= reader->known_room) {
		reader->known_room = reader->known_room ? reader->known_room * 2 : 256;
		reader->known = np_xrealloc(reader->known, reader->known_room, sizeof(*known));
	}
	known = &reader->known[place];
	*known = (struct np_perf_known){ .inlined = frame->inlined };
	known->name = name_of(reader, frame->name);
	known->path = intern(reader, frame->object.bytes, frame->object.length);
	slash = memrchr(frame->object.bytes, '/', frame->object.length);
	known->module = known->path;
	if (slash && slash + 1 < frame->object.bytes + frame->object.length)
		known->module = intern(reader, slash + 1,
				       frame->object.length - (size_t)(slash + 1 - frame->object.bytes));
	return place;
}

void np_perf_stack_push(struct np_perf_reader *reader, const struct np_perf_frame *frame)
{
	if (reader->depth == reader->stack_room) {
		reader->stack_room = reader->stack_room ? reader->stack_room * 2 : 128;
		reader->stack = np_xrealloc(reader->stack, reader->stack_room,
					    sizeof(*reader->stack));
		reader->lines = np_xrealloc(reader->lines, reader->stack_room,
					    sizeof(*reader->lines));
	}
	reader->lines[reader->depth] = 0;
	reader->stack[reader->depth++] = know(reader, frame);
}

void np_perf_stack_source(struct np_perf_reader *reader, const char *file, size_t length,
			  uint32_t line)
{
	if (reader->depth == 0)
		return;
	reader->known[reader->stack[reader->depth - 1]].file = intern(reader, file, length);
	/* Inlined code has the same text wherever it was inlined: its line goes with the stack. */
	reader->lines[reader->depth - 1] = line;
}

uint32_t np_perf_stack_node(struct np_perf_reader *reader)
{
	struct np_tree *tree = reader->tree;
	uint32_t node = np_tree_child(tree, 0, np_tree_function(tree, &(struct np_function){
		.name = reader->thread ? reader->thread : reader->comm,
		.kind = reader->thread ? NP_KIND_THREAD : NP_KIND_PROCESS}));
	uint32_t object = 0;

	for (uint32_t i = reader->depth; i > 0; i--) {
		uint32_t place = reader->stack[i - 1];

		if (!reader->known[place].inlined || i == reader->depth)
			object = place;
		node = add_frame(reader, node, place, object, reader->lines[i - 1]);
	}
	return node;
}
