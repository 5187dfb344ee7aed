/* SPDX-License-Identifier: MIT
 *
 * config_yaml.c - the keys of neuroprof.yaml.  Context: tools.
 *
 * Untrusted input: fuzzed by tests/fuzz/fuzz_config.c.
 */
#include <string.h>

#include "analyze/complexity_yaml.h"
#include "analyze/config.h"
#include "base/message.h"

static const struct {
	const char *name;
	double least, most;	/* percent up to NP_THRESHOLD_MIN_RUNS, then numbers */
} thresholds[NP_THRESHOLDS] = {
	[NP_THRESHOLD_RATE] = { "rate", 1e-9, 50 },
	[NP_THRESHOLD_MIN_POINTS] = { "min_points", 0.001, 100 },
	[NP_THRESHOLD_MIN_PERCENT] = { "min_percent", 0, 10000 },
	[NP_THRESHOLD_NOISE] = { "noise", 0, 100 },
	[NP_THRESHOLD_MAX_UNRESOLVED] = { "max_unresolved", 0, 100 },
	[NP_THRESHOLD_MAX_CUT] = { "max_cut", 0, 100 },
	[NP_THRESHOLD_MAX_LOST] = { "max_lost", 0, 100 },
	[NP_THRESHOLD_PASS_THROUGH] = { "pass_through", 0, 100 },
	[NP_THRESHOLD_BOUND_CPU] = { "bound_cpu", 0, 100 },
	[NP_THRESHOLD_BOUND_MEMORY] = { "bound_memory", 0, 100 },
	[NP_THRESHOLD_BOUND_IO] = { "bound_io", 0, 100 },
	[NP_THRESHOLD_BOUND_LOCKS] = { "bound_locks", 0, 100 },
	[NP_THRESHOLD_MIN_RUNS] = { "min_runs", 3, 1000 },
	[NP_THRESHOLD_MIN_SAMPLES] = { "min_samples", 0, 1e15 },
	[NP_THRESHOLD_MANY_CALLS_NS] = { "many_calls_ns", 1, 1e12 },
};

const char *np_config_threshold_name(enum np_config_threshold which)
{
	return thresholds[which].name;
}

static int read_pattern_key(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			    void *context)
{
	struct np_config_pattern *pattern = context;

	return np_yaml_pattern(yaml, value, key, strcmp(key, "function") == 0 ? &pattern->function
			       : strcmp(key, "module") == 0 ? &pattern->module : &pattern->file);
}

static const struct np_yaml_key own_keys[] = {
	{ "function", read_pattern_key },
	{ "module", read_pattern_key },
	{ "file", read_pattern_key },
	{ NULL, NULL },
};

static int read_own_entry(struct np_yaml *yaml, const yaml_node_t *node, void *context)
{
	struct np_config *config = context;
	struct np_config_pattern *pattern;
	int rc;

	if (config->own_count == NP_CONFIG_ENTRIES_MAX)
		return np_yaml_fail(yaml, np_yaml_line(node), "own: more than %u entries",
				    NP_CONFIG_ENTRIES_MAX);
	if (config->own_count == config->own_room) {
		config->own_room = config->own_room ? config->own_room * 2 : 16;
		config->own = np_xrealloc(config->own, config->own_room, sizeof(*config->own));
	}
	pattern = &config->own[config->own_count++];
	memset(pattern, 0, sizeof(*pattern));
	if (node->type == YAML_SCALAR_NODE)
		return np_yaml_pattern(yaml, node, "own", &pattern->module);
	rc = np_yaml_keys(yaml, node, own_keys, "in own", "\"libmine*\" or {function: \"mine::*\"}",
			  pattern);
	if (rc == 0 && !pattern->function && !pattern->module && !pattern->file)
		rc = np_yaml_fail(yaml, np_yaml_line(node),
				  "own: matches everything: give function, module or file");
	return rc;
}

static int read_own(struct np_yaml *yaml, const yaml_node_t *value, const char *key, void *context)
{
	return np_yaml_list(yaml, value, key, read_own_entry, context);
}

static int read_complexity(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			   void *context)
{
	static const struct np_yaml_key keys[] = {
		{ "rules", np_complexity_yaml_rules },
		{ "defaults", np_complexity_yaml_defaults },
		{ NULL, NULL },
	};
	struct np_config *config = context;

	(void)key;
	np_complexity_set_file(&config->complexity, yaml->path);
	return np_yaml_keys(yaml, value, keys, "in complexity", "'rules:' and a list",
			    &config->complexity);
}

static int read_threshold(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			  void *context)
{
	struct np_config *config = context;
	int at = 0;

	while (strcmp(key, thresholds[at].name) != 0)	/* KEY is one of the names */
		at++;
	return (at < NP_THRESHOLD_MIN_RUNS ? np_yaml_percent : np_yaml_number)(
		yaml, value, key, thresholds[at].least, thresholds[at].most, &config->thresholds[at]);
}

static int read_thresholds(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			   void *context)
{
	struct np_yaml_key keys[NP_THRESHOLDS + 1] = { { NULL, NULL } };

	(void)key;
	for (int i = 0; i < NP_THRESHOLDS; i++)
		keys[i] = (struct np_yaml_key){ thresholds[i].name, read_threshold };
	return np_yaml_keys(yaml, value, keys, "in thresholds", "{min_points: 0.5}", context);
}

static int read_budget_key(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			   void *context)
{
	struct np_config_budget *budget = context;

	if (strcmp(key, "max_calls") == 0)
		return np_yaml_number(yaml, value, key, 0, 1e18, &budget->max_calls);
	if (strcmp(key, "max_self") == 0)
		return np_yaml_percent(yaml, value, key, 0, 100, &budget->max_self);
	if (strcmp(key, "max_total") == 0)
		return np_yaml_percent(yaml, value, key, 0, 100, &budget->max_total);
	return read_pattern_key(yaml, value, key, &budget->pattern);
}

static const struct np_yaml_key budget_keys[] = {
	{ "function", read_budget_key },
	{ "module", read_budget_key },
	{ "max_self", read_budget_key },
	{ "max_total", read_budget_key },
	{ "max_calls", read_budget_key },
	{ NULL, NULL },
};

static int read_budget(struct np_yaml *yaml, const yaml_node_t *node, void *context)
{
	struct np_config *config = context;
	struct np_config_budget *budget;
	int rc;

	if (config->budget_count == NP_CONFIG_ENTRIES_MAX)
		return np_yaml_fail(yaml, np_yaml_line(node), "budgets: more than %u entries",
				    NP_CONFIG_ENTRIES_MAX);
	if (config->budget_count == config->budget_room) {
		config->budget_room = config->budget_room ? config->budget_room * 2 : 16;
		config->budgets = np_xrealloc(config->budgets, config->budget_room,
					      sizeof(*config->budgets));
	}
	budget = &config->budgets[config->budget_count++];
	*budget = (struct np_config_budget){ .max_self = -1, .max_total = -1, .max_calls = -1,
		.line = (uint32_t)np_yaml_line(node) };
	rc = np_yaml_keys(yaml, node, budget_keys, "in a budget",
			  "{function: \"parse_*\", max_self: 5%}", budget);
	if (rc < 0)
		return rc;
	if (!budget->pattern.function && !budget->pattern.module)
		return np_yaml_fail(yaml, budget->line,
				    "the budget matches everything: give function or module");
	if (budget->max_self < 0 && budget->max_total < 0 && budget->max_calls < 0)
		return np_yaml_fail(yaml, budget->line,
				    "the budget allows everything: give max_self, max_total or max_calls");
	return 0;
}

static int read_budgets(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			void *context)
{
	return np_yaml_list(yaml, value, key, read_budget, context);
}

static int read_root(struct np_yaml *yaml, const yaml_node_t *root, void *context)
{
	static const struct np_yaml_key keys[] = {
		{ "own", read_own },
		{ "complexity", read_complexity },
		{ "thresholds", read_thresholds },
		{ "budgets", read_budgets },
		{ NULL, NULL },
	};

	return np_yaml_keys(yaml, root, keys, "in " NP_CONFIG_NAME, "'own:' and a list "
			    "(docs/file-formats.md has an example)", context);
}

int np_config_read(struct np_config *config, const char *path, char *message, size_t message_size)
{
	int rc;

	config->path = np_xstrdup(path);
	rc = np_yaml_read(path, NP_CONFIG_NAME, message, message_size, read_root, config);
	config->complexity.pass_through = np_config_threshold(config, NP_THRESHOLD_PASS_THROUGH,
							      config->complexity.pass_through);
	return rc;
}
