/* SPDX-License-Identifier: MIT
 *
 * complexity_yaml.c - the keys "defaults" and "rules", of the complexity file and of neuroprof.yaml.
 *
 * Context: tools.
 */
#include <string.h>

#include "analyze/complexity.h"
#include "analyze/complexity_yaml.h"
#include "base/message.h"

#define RULE_EXAMPLE "{function: \"parse_*\", complexity: 3}"

static int read_function(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			 void *context)
{
	struct np_complexity_rule *rule = context;

	return np_yaml_pattern(yaml, value, key, &rule->function);
}

static int read_module(struct np_yaml *yaml, const yaml_node_t *value, const char *key, void *context)
{
	struct np_complexity_rule *rule = context;

	return np_yaml_pattern(yaml, value, key, &rule->module);
}

static int read_complexity(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			   void *context)
{
	struct np_complexity_rule *rule = context;

	return np_yaml_number(yaml, value, key, 0.01, NP_COMPLEXITY_MAX, &rule->complexity);
}

static int read_category(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			 void *context)
{
	struct np_complexity_rule *rule = context;
	const char *text = np_yaml_text(value);

	for (int i = NP_CATEGORY_NONE + 1; text && i < NP_CATEGORY_MAX; i++) {
		if (strcmp(text, np_category_name(i)) == 0) {
			rule->category = i;
			return 0;
		}
	}
	return np_yaml_fail(yaml, np_yaml_line(value),
			    "%s: '%.64s' is none of algorithm, data-structure, code, system", key,
			    text ? text : "(not a plain value)");
}

static int read_speedup(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			void *context)
{
	struct np_complexity_rule *rule = context;

	return np_yaml_number(yaml, value, key, 1, NP_COMPLEXITY_SPEEDUP_MAX, &rule->max_speedup);
}

static const struct np_yaml_key rule_keys[] = {
	{ "function", read_function },
	{ "module", read_module },
	{ "complexity", read_complexity },
	{ "category", read_category },
	{ "max_speedup", read_speedup },
	{ NULL, NULL },
};

static int read_rule(struct np_yaml *yaml, const yaml_node_t *node, void *context)
{
	struct np_complexity *complexity = context;
	struct np_complexity_rule *rule;
	int rc;

	if (complexity->rule_count == NP_COMPLEXITY_RULES_MAX)
		return np_yaml_fail(yaml, np_yaml_line(node), "more than %u rules",
				    NP_COMPLEXITY_RULES_MAX);
	if (complexity->rule_count == complexity->rule_room) {
		complexity->rule_room = complexity->rule_room ? complexity->rule_room * 2 : 16;
		complexity->rules = np_xrealloc(complexity->rules, complexity->rule_room,
						sizeof(*complexity->rules));
	}
	rule = &complexity->rules[complexity->rule_count++];
	memset(rule, 0, sizeof(*rule));
	rule->line = (uint32_t)np_yaml_line(node);
	rc = np_yaml_keys(yaml, node, rule_keys, "in a rule", RULE_EXAMPLE, rule);
	if (rc < 0)
		return rc;
	if (!rule->function && !rule->module)
		return np_yaml_fail(yaml, rule->line, "the rule matches everything: give function or module");
	if (!(rule->complexity > 0) && !(rule->max_speedup > 0) && !rule->category)
		return np_yaml_fail(yaml, rule->line,
				    "the rule says nothing: give complexity, category or max_speedup");
	return 0;
}

int np_complexity_yaml_rules(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			     void *context)
{
	return np_yaml_list(yaml, value, key, read_rule, context);
}

static int read_default(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			void *context)
{
	struct np_complexity *complexity = context;

	for (int i = 0; i < NP_COMPLEXITY_DEFAULTS; i++)
		if (strcmp(key, np_complexity_default_name(i)) == 0)
			return np_yaml_number(yaml, value, key, 0.01, NP_COMPLEXITY_MAX,
					      &complexity->defaults[i]);
	return 0;
}

int np_complexity_yaml_defaults(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
				void *context)
{
	struct np_yaml_key keys[NP_COMPLEXITY_DEFAULTS + 1] = { { NULL, NULL } };

	for (int i = 0; i < NP_COMPLEXITY_DEFAULTS; i++)
		keys[i] = (struct np_yaml_key){ np_complexity_default_name(i), read_default };
	return np_yaml_keys(yaml, value, keys, "in defaults", "{own: 2}", context);
}

static int read_root(struct np_yaml *yaml, const yaml_node_t *root, void *context)
{
	static const struct np_yaml_key keys[] = {
		{ "rules", np_complexity_yaml_rules },
		{ "defaults", np_complexity_yaml_defaults },
		{ NULL, NULL },
	};

	return np_yaml_keys(yaml, root, keys, "in a complexity file", "'rules:' and a list "
			    "(neuroprof-report(1) has an example)", context);
}

int np_complexity_read(struct np_complexity *complexity, const char *path, char *message,
		       size_t message_size)
{
	np_complexity_set_file(complexity, path);
	return np_yaml_read(path, "complexity file", message, message_size, read_root, complexity);
}
