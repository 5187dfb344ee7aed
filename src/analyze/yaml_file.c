/* SPDX-License-Identifier: MIT
 *
 * yaml_file.c - what the readers of YAML files share.  Context: tools.
 *
 * Untrusted input: fuzzed by tests/fuzz/fuzz_complexity.c and fuzz_config.c.
 */
#include "analyze/yaml_file.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"

#define DEPTH_MAX 16u
#define WORD_MAX  64u		/* of a key that is quoted or compared */
#define NOT_PLAIN "(not a plain value)"

int np_yaml_fail(struct np_yaml *yaml, size_t line, const char *format, ...)
{
	int n = snprintf(yaml->message, yaml->message_size, "'%s' line %zu: ", yaml->path, line);
	va_list args;

	va_start(args, format);
	if (n >= 0 && (size_t)n < yaml->message_size)
		vsnprintf(yaml->message + n, yaml->message_size - (size_t)n, format, args);
	va_end(args);
	return -EBADMSG;
}

size_t np_yaml_line(const yaml_node_t *node)
{
	return node->start_mark.line + 1;
}

const char *np_yaml_text(const yaml_node_t *node)
{
	if (node->type != YAML_SCALAR_NODE ||
	    strlen((const char *)node->data.scalar.value) != node->data.scalar.length)
		return NULL;
	return (const char *)node->data.scalar.value;
}

/* How many letters must be changed, added, left out or swapped with a neighbour. */
static unsigned distance(const char *a, const char *b)
{
	unsigned rows[3][WORD_MAX + 1], *two_ago = rows[0], *before = rows[1], *now = rows[2];
	size_t a_length = strlen(a), b_length = strlen(b);

	for (unsigned j = 0; j <= b_length; j++)
		before[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		unsigned *reuse = two_ago;

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= b_length; j++) {
			unsigned best = before[j - 1] + (a[i - 1] != b[j - 1]);

			best = before[j] + 1 < best ? before[j] + 1 : best;
			best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    two_ago[j - 2] + 1 < best)
				best = two_ago[j - 2] + 1;
			now[j] = best;
		}
		two_ago = before;
		before = now;
		now = reuse;
	}
	return before[b_length];
}

const struct np_yaml_key *np_yaml_nearest(const struct np_yaml_key *keys, const char *word)
{
	const struct np_yaml_key *nearest = NULL;
	size_t length = strlen(word);
	unsigned least = (unsigned)(length < 4 ? 1 : length / 3) + 1;

	if (length > WORD_MAX)
		return NULL;
	for (; keys->name; keys++) {
		unsigned away = strlen(keys->name) > WORD_MAX ? least : distance(word, keys->name);

		if (away < least) {
			least = away;
			nearest = keys;
		}
	}
	return nearest;
}

static int unknown_key(struct np_yaml *yaml, const yaml_node_t *key, const struct np_yaml_key *keys,
		       const char *where)
{
	const char *name = np_yaml_text(key);
	const struct np_yaml_key *nearest = name ? np_yaml_nearest(keys, name) : NULL;
	char known[512];
	size_t n = 0;

	for (size_t i = 0; keys[i].name && n < sizeof(known); i++)
		n += (size_t)snprintf(known + n, sizeof(known) - n, "%s%s", i ? ", " : "", keys[i].name);
	if (nearest)
		return np_yaml_fail(yaml, np_yaml_line(key), "unknown key '%.64s' %s: did you mean '%s'? It "
				    "takes %s", name, where, nearest->name, known);
	return np_yaml_fail(yaml, np_yaml_line(key), "unknown key '%.64s' %s: it takes %s",
			    name ? name : NOT_PLAIN, where, known);
}

int np_yaml_keys(struct np_yaml *yaml, const yaml_node_t *node, const struct np_yaml_key *keys,
		 const char *where, const char *example, void *context)
{
	uint32_t seen = 0;

	if (node->type != YAML_MAPPING_NODE)
		return np_yaml_fail(yaml, np_yaml_line(node), "%s: must be keys and values, such as %s",
				    where, example);
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(&yaml->document, pair->key);
		const yaml_node_t *value = yaml_document_get_node(&yaml->document, pair->value);
		const char *name = np_yaml_text(key);
		unsigned at = 0;
		int rc;

		while (keys[at].name && !(name && strcmp(name, keys[at].name) == 0))
			at++;
		if (!keys[at].name)
			return unknown_key(yaml, key, keys, where);
		if (seen & UINT32_C(1) << at)
			return np_yaml_fail(yaml, np_yaml_line(key), "%s: given twice %s", name, where);
		seen |= UINT32_C(1) << at;
		rc = keys[at].read(yaml, value, keys[at].name, context);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int np_yaml_list(struct np_yaml *yaml, const yaml_node_t *node, const char *key,
		 int (*read)(struct np_yaml *yaml, const yaml_node_t *item, void *context),
		 void *context)
{
	if (node->type != YAML_SEQUENCE_NODE)
		return np_yaml_fail(yaml, np_yaml_line(node),
				    "%s: must be a list, each entry beginning with '-'", key);
	for (const yaml_node_item_t *item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top; item++) {
		int rc = read(yaml, yaml_document_get_node(&yaml->document, *item), context);

		if (rc < 0)
			return rc;
	}
	return 0;
}

int np_yaml_number(struct np_yaml *yaml, const yaml_node_t *node, const char *key, double least,
		   double most, double *ret)
{
	const char *text = np_yaml_text(node);
	char *end = NULL;
	double value = text && *text ? strtod(text, &end) : 0;

	if (!text || !*text || *end || !isfinite(value) || value < least || value > most)
		return np_yaml_fail(yaml, np_yaml_line(node), "%s: '%.64s' is no number from %g to %g", key,
				    text ? text : NOT_PLAIN, least, most);
	*ret = value;
	return 0;
}

int np_yaml_percent(struct np_yaml *yaml, const yaml_node_t *node, const char *key, double least,
		    double most, double *ret)
{
	const char *text = np_yaml_text(node);
	char *end = NULL;
	double value = text && *text ? strtod(text, &end) : 0;

	if (text && *text) {
		while (*end == ' ')
			end++;
		if (*end == '%')
			end++;
	}
	if (!text || !*text || *end || !isfinite(value) || value < least || value > most)
		return np_yaml_fail(yaml, np_yaml_line(node), "%s: '%.64s' is no percentage from %g to %g",
				    key, text ? text : NOT_PLAIN, least, most);
	*ret = value / 100;
	return 0;
}

int np_yaml_pattern(struct np_yaml *yaml, const yaml_node_t *node, const char *key, char **ret)
{
	const char *text = np_yaml_text(node);

	if (!text || !*text || strlen(text) > NP_YAML_PATTERN_MAX)
		return np_yaml_fail(yaml, np_yaml_line(node),
				    "%s: must be a shell pattern of 1 to %u bytes, such as \"parse_*\"", key,
				    NP_YAML_PATTERN_MAX);
	*ret = np_xstrdup(text);
	return 0;
}

static void parser_init(yaml_parser_t *parser, const unsigned char *bytes, size_t size)
{
	if (!yaml_parser_initialize(parser))
		np_die(NP_EXIT_FAILURE, "out of memory");
	yaml_parser_set_input_string(parser, bytes, size);
}

static int not_yaml(struct np_yaml *yaml, const yaml_parser_t *parser)
{
	return np_yaml_fail(yaml, parser->problem_mark.line + 1, "not YAML: %s",
			    parser->problem ? parser->problem : "unreadable");
}

/* libyaml takes time quadratic in the depth of nesting; the files need little of it. */
static int check_depth(struct np_yaml *yaml, const unsigned char *bytes, size_t size)
{
	yaml_parser_t parser;
	yaml_event_t event;
	unsigned depth = 0, documents = 0;
	bool at_end = false;
	int rc = 0;

	parser_init(&parser, bytes, size);
	while (rc == 0 && !at_end) {
		if (!yaml_parser_parse(&parser, &event)) {
			rc = not_yaml(yaml, &parser);
			break;
		}
		if (event.type == YAML_SEQUENCE_START_EVENT || event.type == YAML_MAPPING_START_EVENT)
			depth++;
		else if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT)
			depth--;
		if (depth > DEPTH_MAX)
			rc = np_yaml_fail(yaml, event.start_mark.line + 1, "nested more than %u deep",
					  DEPTH_MAX);
		if (event.type == YAML_DOCUMENT_START_EVENT && ++documents > 1)
			rc = np_yaml_fail(yaml, event.start_mark.line + 1, "a second document: one to a "
					  "file, the others would not be read");
		at_end = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return rc;
}

static int parse(struct np_yaml *yaml, const unsigned char *bytes, size_t size,
		 int (*read)(struct np_yaml *yaml, const yaml_node_t *root, void *context),
		 void *context)
{
	yaml_parser_t parser;
	const yaml_node_t *root;
	int rc = check_depth(yaml, bytes, size);

	if (rc < 0)
		return rc;
	parser_init(&parser, bytes, size);
	if (yaml_parser_load(&parser, &yaml->document)) {
		root = yaml_document_get_root_node(&yaml->document);
		rc = root ? read(yaml, root, context) : np_yaml_fail(yaml, 1, "it is empty: give rules, or "
								     "remove it");
		yaml_document_delete(&yaml->document);
	} else {
		rc = not_yaml(yaml, &parser);
	}
	yaml_parser_delete(&parser);
	return rc;
}

int np_yaml_read(const char *path, const char *what, char *message, size_t message_size,
		 int (*read)(struct np_yaml *yaml, const yaml_node_t *root, void *context),
		 void *context)
{
	struct np_yaml yaml = { .path = path, .message = message, .message_size = message_size };
	FILE *from = fopen(path, "re");
	unsigned char *bytes;
	size_t size;
	int rc = 0;

	if (!from) {
		rc = -errno;
		snprintf(message, message_size, "cannot open '%s': %s", path, strerror(errno));
		return rc;
	}
	bytes = np_xcalloc(NP_YAML_FILE_MAX + 1, 1);
	errno = 0;
	size = fread(bytes, 1, NP_YAML_FILE_MAX + 1, from);
	if (ferror(from)) {
		rc = errno ? -errno : -EIO;
		snprintf(message, message_size, "cannot read '%s': %s", path, strerror(-rc));
	} else if (size > NP_YAML_FILE_MAX) {
		rc = -EFBIG;
		snprintf(message, message_size, "'%s' is longer than %zu bytes: no %s", path,
			 NP_YAML_FILE_MAX, what);
	} else {
		rc = parse(&yaml, bytes, size, read, context);
	}
	fclose(from);
	free(bytes);
	return rc;
}
