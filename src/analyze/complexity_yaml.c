/* SPDX-License-Identifier: MIT
 *
 * complexity_yaml.c - the user's complexity file, checked key by key.
 *
 * Context: tools.  libyaml makes the document, without recursion and without expanding aliases;
 * what is in it is looked at here.  Nothing is guessed: an unknown key is an error, because a
 * misspelt one would silently rank by the defaults.
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "analyze/complexity.h"
#include "analyze/visible.h"
#include "base/message.h"

#define DEPTH_MAX 16u

struct reader {
	struct np_complexity *complexity;
	yaml_document_t document;
	const char *path;
	char *message;
	size_t message_size;
};

static int fail(struct reader *reader, size_t line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(struct reader *reader, size_t line, const char *format, ...)
{
	int n = snprintf(reader->message, reader->message_size, "'%s' line %zu: ", reader->path, line);
	va_list args;

	va_start(args, format);
	if (n >= 0 && (size_t)n < reader->message_size)
		vsnprintf(reader->message + n, reader->message_size - (size_t)n, format, args);
	va_end(args);
	return -EBADMSG;
}

static size_t line_of(const yaml_node_t *node)
{
	return node->start_mark.line + 1;
}

/* The scalar's text, or NULL: not a scalar, or with a NUL in it. */
static const char *text_of(const yaml_node_t *node)
{
	if (node->type != YAML_SCALAR_NODE ||
	    strlen((const char *)node->data.scalar.value) != node->data.scalar.length)
		return NULL;
	return (const char *)node->data.scalar.value;
}

static int read_number(struct reader *reader, const yaml_node_t *node, const char *key, double least,
		       double most, double *ret)
{
	const char *text = text_of(node);
	char *end = NULL;
	double value = text && *text ? strtod(text, &end) : 0;

	if (!text || !*text || *end || !isfinite(value) || value < least || value > most)
		return fail(reader, line_of(node), "%s: '%.64s' is no number from %g to %g", key,
			    text ? text : "(not a plain value)", least, most);
	*ret = value;
	return 0;
}

static int read_pattern(struct reader *reader, const yaml_node_t *node, const char *key, char **ret)
{
	const char *text = text_of(node);

	if (!text || !*text || strlen(text) > NP_COMPLEXITY_PATTERN_MAX)
		return fail(reader, line_of(node),
			    "%s: must be a shell pattern of 1 to %u bytes, such as \"parse_*\"", key,
			    NP_COMPLEXITY_PATTERN_MAX);
	*ret = np_xstrdup(text);
	return 0;
}

static int read_category(struct reader *reader, const yaml_node_t *node, enum np_category *ret)
{
	const char *text = text_of(node);

	for (int i = NP_CATEGORY_NONE + 1; text && i < NP_CATEGORY_MAX; i++) {
		if (strcmp(text, np_category_name(i)) == 0) {
			*ret = i;
			return 0;
		}
	}
	return fail(reader, line_of(node),
		    "category: '%.64s' is none of algorithm, data-structure, code, system",
		    text ? text : "(not a plain value)");
}

static int read_rule_key(struct reader *reader, struct np_complexity_rule *rule, unsigned *seen,
			 const yaml_node_t *key, const yaml_node_t *value)
{
	static const char *const keys[] = { "function", "module", "complexity", "category",
					    "max_speedup" };
	const char *name = text_of(key);
	unsigned which = 0;

	while (which < 5 && !(name && strcmp(name, keys[which]) == 0))
		which++;
	if (which < 5 && *seen & 1u << which)
		return fail(reader, line_of(key), "%s: given twice in one rule", keys[which]);
	*seen |= 1u << which;
	switch (which) {
	case 0:
		return read_pattern(reader, value, "function", &rule->function);
	case 1:
		return read_pattern(reader, value, "module", &rule->module);
	case 2:
		return read_number(reader, value, "complexity", 0.01, NP_COMPLEXITY_MAX,
				   &rule->complexity);
	case 3:
		return read_category(reader, value, &rule->category);
	case 4:
		return read_number(reader, value, "max_speedup", 1, NP_COMPLEXITY_SPEEDUP_MAX,
				   &rule->max_speedup);
	default:
		return fail(reader, line_of(key), "unknown key '%.64s' in a rule: it takes function, "
			    "module, complexity, category, max_speedup", name ? name : "(not a plain value)");
	}
}

static int read_rule(struct reader *reader, const yaml_node_t *node)
{
	struct np_complexity *complexity = reader->complexity;
	struct np_complexity_rule *rule;
	unsigned seen = 0;

	if (node->type != YAML_MAPPING_NODE)
		return fail(reader, line_of(node),
			    "a rule must be keys and values, such as {function: \"parse_*\", complexity: 3}");
	if (complexity->rule_count == NP_COMPLEXITY_RULES_MAX)
		return fail(reader, line_of(node), "more than %u rules", NP_COMPLEXITY_RULES_MAX);
	if (complexity->rule_count == complexity->rule_room) {
		complexity->rule_room = complexity->rule_room ? complexity->rule_room * 2 : 16;
		complexity->rules = np_xrealloc(complexity->rules, complexity->rule_room,
						sizeof(*complexity->rules));
	}
	rule = &complexity->rules[complexity->rule_count++];
	memset(rule, 0, sizeof(*rule));
	rule->line = (uint32_t)line_of(node);
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		int rc = read_rule_key(reader, rule, &seen,
				       yaml_document_get_node(&reader->document, pair->key),
				       yaml_document_get_node(&reader->document, pair->value));

		if (rc < 0)
			return rc;
	}
	if (!rule->function && !rule->module)
		return fail(reader, rule->line, "the rule matches everything: give function or module");
	if (!(rule->complexity > 0) && !(rule->max_speedup > 0) && !rule->category)
		return fail(reader, rule->line,
			    "the rule says nothing: give complexity, category or max_speedup");
	return 0;
}

static int read_rules(struct reader *reader, const yaml_node_t *node)
{
	if (node->type != YAML_SEQUENCE_NODE)
		return fail(reader, line_of(node), "rules: must be a list, each entry beginning with '-'");
	for (const yaml_node_item_t *item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top; item++) {
		int rc = read_rule(reader, yaml_document_get_node(&reader->document, *item));

		if (rc < 0)
			return rc;
	}
	return 0;
}

static int read_defaults(struct reader *reader, const yaml_node_t *node)
{
	if (node->type != YAML_MAPPING_NODE)
		return fail(reader, line_of(node), "defaults: must be keys and values, such as {own: 2}");
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(&reader->document, pair->key);
		const yaml_node_t *value = yaml_document_get_node(&reader->document, pair->value);
		const char *name = text_of(key);
		int i = 0, rc;

		while (i < NP_COMPLEXITY_DEFAULTS &&
		       !(name && strcmp(name, np_complexity_default_name(i)) == 0))
			i++;
		if (i == NP_COMPLEXITY_DEFAULTS)
			return fail(reader, line_of(key), "unknown key '%.64s' in defaults: it takes own, "
				    "library, runtime, kernel, jit, unknown, pass-through",
				    name ? name : "(not a plain value)");
		rc = read_number(reader, value, name, 0.01, NP_COMPLEXITY_MAX,
				 &reader->complexity->defaults[i]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int read_document(struct reader *reader)
{
	const yaml_node_t *root = yaml_document_get_root_node(&reader->document);

	if (!root || root->type != YAML_MAPPING_NODE)
		return fail(reader, root ? line_of(root) : 1,
			    "must begin with 'rules:' or 'defaults:' (neuroprof-report(1) has an example)");
	for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start;
	     pair < root->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(&reader->document, pair->key);
		const yaml_node_t *value = yaml_document_get_node(&reader->document, pair->value);
		const char *name = text_of(key);
		int rc;

		if (name && strcmp(name, "rules") == 0)
			rc = read_rules(reader, value);
		else if (name && strcmp(name, "defaults") == 0)
			rc = read_defaults(reader, value);
		else
			rc = fail(reader, line_of(key), "unknown key '%.64s': the file takes rules, defaults",
				  name ? name : "(not a plain value)");
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void parser_init(yaml_parser_t *parser, const unsigned char *bytes, size_t size)
{
	if (!yaml_parser_initialize(parser))
		np_die(NP_EXIT_FAILURE, "out of memory");
	yaml_parser_set_input_string(parser, bytes, size);
}

static int not_yaml(struct reader *reader, const yaml_parser_t *parser)
{
	return fail(reader, parser->problem_mark.line + 1, "not YAML: %s",
		    parser->problem ? parser->problem : "unreadable");
}

/* libyaml takes time quadratic in the depth of nesting; the file needs little of it. */
static int check_depth(struct reader *reader, const unsigned char *bytes, size_t size)
{
	yaml_parser_t parser;
	yaml_event_t event;
	unsigned depth = 0;
	bool at_end = false;
	int rc = 0;

	parser_init(&parser, bytes, size);
	while (rc == 0 && !at_end) {
		if (!yaml_parser_parse(&parser, &event)) {
			rc = not_yaml(reader, &parser);
			break;
		}
		if (event.type == YAML_SEQUENCE_START_EVENT || event.type == YAML_MAPPING_START_EVENT)
			depth++;
		else if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT)
			depth--;
		if (depth > DEPTH_MAX)
			rc = fail(reader, event.start_mark.line + 1, "nested more than %u deep", DEPTH_MAX);
		at_end = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return rc;
}

static int parse(struct reader *reader, const unsigned char *bytes, size_t size)
{
	yaml_parser_t parser;
	int rc = check_depth(reader, bytes, size);

	if (rc < 0)
		return rc;
	parser_init(&parser, bytes, size);
	if (yaml_parser_load(&parser, &reader->document)) {
		rc = read_document(reader);
		yaml_document_delete(&reader->document);
	} else {
		rc = not_yaml(reader, &parser);
	}
	yaml_parser_delete(&parser);
	return rc;
}

int np_complexity_read(struct np_complexity *complexity, const char *path, char *message,
		       size_t message_size)
{
	struct reader reader = { .complexity = complexity, .path = path, .message = message,
				 .message_size = message_size };
	unsigned char *bytes;
	FILE *from = fopen(path, "re");
	size_t size;
	int rc = 0;

	if (!from) {
		rc = -errno;
		snprintf(message, message_size, "cannot open '%s': %s", path, strerror(errno));
		return rc;
	}
	bytes = np_xcalloc(NP_COMPLEXITY_FILE_MAX + 1, 1);
	errno = 0;
	size = fread(bytes, 1, NP_COMPLEXITY_FILE_MAX + 1, from);
	if (ferror(from)) {
		rc = errno ? -errno : -EIO;
		snprintf(message, message_size, "cannot read '%s': %s", path, strerror(-rc));
	} else if (size > NP_COMPLEXITY_FILE_MAX) {
		rc = -EFBIG;
		snprintf(message, message_size, "'%s' is longer than %zu bytes: no complexity file", path,
			 NP_COMPLEXITY_FILE_MAX);
	} else {
		rc = parse(&reader, bytes, size);
	}
	fclose(from);
	free(bytes);
	free(complexity->file);
	complexity->file = np_xstrdup(path);
	return rc;
}
