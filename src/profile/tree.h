/* SPDX-License-Identifier: MIT
 *
 * tree.h - the offline model: interned functions and one call tree over them.
 *
 * Context: tools.  A trie in flat arrays, keyed by (parent, function), filled in one pass and
 * never recursive, never by sorting lines (design: sorting draws one function as two boxes).
 * Values are exact unsigned integers; the sum of the children never exceeds the parent.
 * Memory grows with unique nodes and unique names, not with the input.
 */
#ifndef NP_PROFILE_TREE_H
#define NP_PROFILE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whose code a function is; decides its colour and its default complexity. */
enum np_kind {
	NP_KIND_UNKNOWN = 0,	/* nothing known beyond the name */
	NP_KIND_OWN,		/* the program itself, or a pattern of the user's */
	NP_KIND_LIBRARY,	/* another shared object */
	NP_KIND_RUNTIME,	/* libc, ld.so, libstdc++, libgcc, libpthread, libm, vDSO */
	NP_KIND_KERNEL,
	NP_KIND_JIT,		/* anonymous executable memory, named by a perf-map or not at all */
	NP_KIND_PROCESS,	/* a root frame that stands for a process */
	NP_KIND_THREAD,		/* a root frame that stands for a thread */
	NP_KIND_MARKER,		/* ours: [truncated: ...], [startup]; never ranked */
	NP_KIND_MAX
};

/* A function as the reader sees it.  Identity: name, module, inlined, kind, at_line. */
struct np_function {
	uint32_t name;		/* string ids, see np_tree_string(); 0 = "" */
	uint32_t module;	/* base name or path of the object; 0 = unknown */
	uint32_t file;		/* source file; 0 = unknown; the first one seen */
	uint32_t line;		/* line of its declaration; 0 = unknown */
	uint32_t at_line;	/* line that was executed; 0 = unknown, or not read by lines */
	uint8_t kind;		/* enum np_kind */
	uint8_t inlined;	/* 1: inlined into the frame below it */
};

struct np_node {
	uint32_t function;	/* index into functions; the root's is 0 ("") */
	uint32_t parent;	/* root: itself */
	uint32_t first_child, next_sibling;	/* 0 = none */
	uint64_t self;		/* value that ended here, in the tree's unit */
	uint64_t total;		/* with descendants; valid after np_tree_finish() */
};

enum np_calls { NP_CALLS_UNKNOWN = 0, NP_CALLS_LOWER_BOUND, NP_CALLS_EXACT };

struct np_tree;		/* opaque */

struct np_tree *np_tree_create(void);			/* exits the tool when memory is out */
void np_tree_destroy(struct np_tree *tree);		/* NULL is fine */

/* Intern BYTES (any octets but NUL).  The same bytes give the same id; "" gives 0.
 * Strings live as long as the tree. */
uint32_t np_tree_intern(struct np_tree *tree, const char *bytes, size_t length);
const char *np_tree_string(const struct np_tree *tree, uint32_t id);
uint32_t np_tree_string_count(const struct np_tree *tree);

/* Intern a function; FUNCTION is copied. */
uint32_t np_tree_function(struct np_tree *tree, const struct np_function *function);
const struct np_function *np_tree_function_at(const struct np_tree *tree, uint32_t id);
uint32_t np_tree_function_count(const struct np_tree *tree);

/* Say whose code a function is after all; after the last np_tree_function(), before
 * np_tree_sort(). */
void np_tree_set_kind(struct np_tree *tree, uint32_t id, enum np_kind kind);

/* The child of PARENT for FUNCTION, made when missing.  Node 0 is the root. */
uint32_t np_tree_child(struct np_tree *tree, uint32_t parent, uint32_t function);

/* Another child of PARENT, made even when there is one for FUNCTION: for trees along time.  From
 * then on np_tree_sort() keeps siblings in the order in which they were made. */
uint32_t np_tree_append(struct np_tree *tree, uint32_t parent, uint32_t function);

const struct np_node *np_tree_node(const struct np_tree *tree, uint32_t node);
uint32_t np_tree_node_count(const struct np_tree *tree);

/* What else is known of a node.  Kept apart: most profiles count one thing only. */

/* Samples that ended here; = self when only one is known. */
uint64_t np_tree_self_samples(const struct np_tree *tree, uint32_t node);
/* With descendants; valid after np_tree_finish(). */
uint64_t np_tree_total_samples(const struct np_tree *tree, uint32_t node);
/* Activations seen; 0 = not counted. */
uint64_t np_tree_calls(const struct np_tree *tree, uint32_t node);

/* Add to a node's own values.  Returns 0, or -EOVERFLOW (and adds nothing) when the sum over the
 * whole tree would pass UINT64_MAX. */
int np_tree_add(struct np_tree *tree, uint32_t node, uint64_t value, uint64_t samples,
		uint64_t calls);

/* Multiply every value added so far by FACTOR; np_tree_meta.decimals is the caller's to keep.
 * self_samples that are only copies of the value (samples_known is false) are multiplied as well.
 * Returns 0, or -EOVERFLOW (and changes nothing). */
int np_tree_scale(struct np_tree *tree, uint64_t factor);

/* Compute totals (iteratively, children before parents).  Call after the last np_tree_add(). */
void np_tree_finish(struct np_tree *tree);

/* Order children by name bytes, then module, kind, inlined: the order of every picture and text,
 * independent of the order of the input. */
void np_tree_sort(struct np_tree *tree);

/* The samples of FROM with their stacks upside down, finished and sorted; destroy it. */
struct np_tree *np_tree_reverse(const struct np_tree *from);

/* The samples of FROM without its words: functions, modules and files become hashes under KEY (any text,
 * "" too), comments that may name something are left out.  Finished and sorted; destroy it. */
struct np_tree *np_tree_anonymize(const struct np_tree *from, const char *key);
/* One WORD of it: LETTER is 'f' for functions, 'p' processes, 't' threads, 'm' modules, 's' files. */
#define NP_TREE_ALIAS_ROOM 24
void np_tree_alias(char *to, char letter, const char *word, const char *key);
uint64_t np_tree_siphash(const uint64_t key[2], const char *bytes, size_t length);	/* for tests */

/* What the values mean.  Strings are owned by the tree. */
struct np_tree_meta {
	const char *value_type;		/* "samples", "cpu", ...; default "samples" */
	const char *value_unit;		/* "count", "nanoseconds", ...; default "count" */
	unsigned decimals;		/* values are in 10^-decimals of value_unit (folded "0.25"); mostly 0 */
	uint64_t period;		/* value of one sample's period in value_unit; 0 = unknown */
	uint64_t duration_ns;		/* wall time covered; 0 = unknown */
	enum np_calls calls;		/* what np_node.calls is */
	bool samples_known;		/* self_samples are true counts, not copies of the value */
	const char *command;		/* may be NULL */
};
struct np_tree_meta *np_tree_meta(struct np_tree *tree);

/* Free-text notes carried by the profile (pprof comments): health, clock, lost.  In order. */
void np_tree_add_comment(struct np_tree *tree, const char *text);
size_t np_tree_comment_count(const struct np_tree *tree);
const char *np_tree_comment(const struct np_tree *tree, size_t index);

#endif
