/* SPDX-License-Identifier: MIT
 *
 * spec.c - the benchmark file's keys.  Context: tools.
 *
 * Untrusted input: fuzzed by tests/fuzz/fuzz_spec.c.
 */
#include "measure/spec.h"

#include <stdlib.h>
#include <string.h>

#include "analyze/yaml_file.h"
#include "base/message.h"
#include "base/utf8.h"
#include "measure/metric.h"

#define NAME_MAX_BYTES	  256u
#define COMMAND_MAX_BYTES 4096u
#define DEFAULT_HZ	  100
#define DEFAULT_DURATION  60

static const char *const tiers[NP_TIER_MAX] = { "micro", "macro", "profiling" };

const char *np_tier_name(enum np_tier tier)
{
	return tiers[tier];
}

int np_tier_find(const char *name)
{
	for (int i = 0; i < NP_TIER_MAX; i++) {
		if (strcmp(name, tiers[i]) == 0)
			return i;
	}
	return -1;
}

static int read_text(struct np_yaml *yaml, const yaml_node_t *node, const char *key, size_t most,
		     char **ret)
{
	const char *text = np_yaml_text(node);

	if (!text || !*text || strlen(text) > most)
		return np_yaml_fail(yaml, np_yaml_line(node), "%s: must be text of 1 to %zu bytes", key,
				    most);
	*ret = np_xstrdup(text);
	return 0;
}

/* A name is printed: nothing in it may move the cursor or break a line. */
static bool is_visible(const char *text)
{
	size_t size = strlen(text), length;

	for (size_t i = 0; i < size; i += length) {
		length = np_utf8_sequence(text + i, size - i);
		if (length == 0 || np_utf8_is_hidden(np_utf8_decode(text + i, length)))
			return false;
	}
	return true;
}

static int read_visible(struct np_yaml *yaml, const yaml_node_t *node, const char *key, char **ret)
{
	const char *text = np_yaml_text(node);

	if (text && !is_visible(text))
		return np_yaml_fail(yaml, np_yaml_line(node), "%s: has a control character in it", key);
	return read_text(yaml, node, key, NAME_MAX_BYTES, ret);
}

static int read_bool(struct np_yaml *yaml, const yaml_node_t *node, const char *key, bool *ret)
{
	const char *text = np_yaml_text(node);

	*ret = text && strcmp(text, "true") == 0;
	if (!*ret && !(text && strcmp(text, "false") == 0))
		return np_yaml_fail(yaml, np_yaml_line(node), "%s: '%.64s' is neither true nor false", key,
				    text ? text : "(not a plain value)");
	return 0;
}

static int read_name(struct np_yaml *yaml, const yaml_node_t *value, const char *key, void *context)
{
	return read_visible(yaml, value, key, &((struct np_spec *)context)->name);
}

static int read_description(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			    void *context)
{
	return read_text(yaml, value, key, COMMAND_MAX_BYTES,
			 &((struct np_spec *)context)->description);
}

static int read_category(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			 void *context)
{
	return read_visible(yaml, value, key, &((struct np_spec *)context)->category);
}

static int read_command(struct np_yaml *yaml, const yaml_node_t *value, const char *key, void *context)
{
	return read_text(yaml, value, key, COMMAND_MAX_BYTES, &((struct np_spec *)context)->command);
}

static int read_tier(struct np_yaml *yaml, const yaml_node_t *value, const char *key, void *context)
{
	const char *text = np_yaml_text(value);
	int tier = text ? np_tier_find(text) : -1;

	if (tier < 0)
		return np_yaml_fail(yaml, np_yaml_line(value),
				    "%s: '%.64s' is none of micro, macro, profiling", key,
				    text ? text : "(not a plain value)");
	((struct np_spec *)context)->tier = (enum np_tier)tier;
	return 0;
}

static int read_value(struct np_yaml *yaml, const yaml_node_t *item, void *context)
{
	struct np_spec_parameter *parameter = context;

	if (parameter->count == NP_SPEC_VALUES_MAX)
		return np_yaml_fail(yaml, np_yaml_line(item), "parameters: %s: more than %u values",
				    parameter->name, NP_SPEC_VALUES_MAX);
	return read_visible(yaml, item, parameter->name, &parameter->values[parameter->count++]);
}

static int read_parameter(struct np_yaml *yaml, const yaml_node_t *key, const yaml_node_t *value,
			  struct np_spec *spec)
{
	struct np_spec_parameter *parameter = &spec->parameters[spec->parameter_count];
	const char *name = np_yaml_text(key);
	int rc;

	if (spec->parameter_count == NP_SPEC_PARAMETERS_MAX)
		return np_yaml_fail(yaml, np_yaml_line(key), "parameters: more than %u of them",
				    NP_SPEC_PARAMETERS_MAX);
	if (!name || !*name || strlen(name) > NAME_MAX_BYTES || strpbrk(name, "{}= ") || !is_visible(name))
		return np_yaml_fail(yaml, np_yaml_line(key), "parameters: a name has no blanks, controls, "
				    "braces or '='");
	for (size_t i = 0; i < spec->parameter_count; i++) {
		if (strcmp(spec->parameters[i].name, name) == 0)
			return np_yaml_fail(yaml, np_yaml_line(key), "parameters: %.64s: given twice", name);
	}
	spec->parameter_count++;
	parameter->name = np_xstrdup(name);
	if (value->type != YAML_SEQUENCE_NODE || value->data.sequence.items.start ==
	    value->data.sequence.items.top)
		return np_yaml_fail(yaml, np_yaml_line(value), "parameters: %s: must be a list of values, "
				    "such as [1, 8, 32]", name);
	rc = np_yaml_list(yaml, value, name, read_value, parameter);
	if (rc == 0 && np_spec_case_count(spec) > NP_SPEC_CASES_MAX)
		return np_yaml_fail(yaml, np_yaml_line(value), "parameters: more than %u cases",
				    NP_SPEC_CASES_MAX);
	return rc;
}

static int read_parameters(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			   void *context)
{
	int rc = 0;

	if (value->type != YAML_MAPPING_NODE)
		return np_yaml_fail(yaml, np_yaml_line(value), "%s: must be names with lists of values, "
				    "such as {batch_size: [1, 8]}", key);
	for (const yaml_node_pair_t *pair = value->data.mapping.pairs.start;
	     rc == 0 && pair < value->data.mapping.pairs.top; pair++)
		rc = read_parameter(yaml, yaml_document_get_node(&yaml->document, pair->key),
				    yaml_document_get_node(&yaml->document, pair->value), context);
	return rc;
}

static int read_target_value(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			     void *context)
{
	struct np_spec_target *target = context;

	target->has_target = true;
	return np_yaml_number(yaml, value, key, -1e300, 1e300, &target->target);
}

static int read_range(struct np_yaml *yaml, const yaml_node_t *value, const char *key, void *context)
{
	struct np_spec_target *target = context;
	double *ends[2] = { &target->least, &target->most };
	size_t count = 0;
	int rc = 0;

	if (value->type == YAML_SEQUENCE_NODE)
		count = (size_t)(value->data.sequence.items.top - value->data.sequence.items.start);
	if (count != 2)
		return np_yaml_fail(yaml, np_yaml_line(value), "%s: must be two numbers, such as [50, 200]",
				    key);
	for (size_t i = 0; i < 2 && rc == 0; i++)
		rc = np_yaml_number(yaml, yaml_document_get_node(&yaml->document,
				    value->data.sequence.items.start[i]), key, -1e300, 1e300, ends[i]);
	if (rc == 0 && target->least > target->most)
		return np_yaml_fail(yaml, np_yaml_line(value), "%s: %g is more than %g", key,
				    target->least, target->most);
	target->has_range = true;
	return rc;
}

static int read_direction(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			  void *context)
{
	const char *text = np_yaml_text(value);
	struct np_spec_target *target = context;

	if (text && strcmp(text, "higher") == 0)
		target->direction = NP_HIGHER_IS_BETTER;
	else if (text && strcmp(text, "lower") == 0)
		target->direction = NP_LOWER_IS_BETTER;
	else
		return np_yaml_fail(yaml, np_yaml_line(value), "%s: '%.64s' is neither higher nor lower",
				    key, text ? text : "(not a plain value)");
	return 0;
}

static const struct np_yaml_key target_keys[] = {
	{ "target", read_target_value },
	{ "acceptable_range", read_range },
	{ "better", read_direction },
	{ NULL, NULL },
};

static const struct np_spec_target *find_target(const struct np_spec *spec, const char *metric)
{
	size_t i = 0;

	while (strcmp(spec->targets[i].metric, metric) != 0)
		i++;
	return &spec->targets[i];
}

static int read_targets(struct np_yaml *yaml, const yaml_node_t *value, const char *key, void *context)
{
	struct np_spec *spec = context;
	int rc = 0;

	if (value->type != YAML_MAPPING_NODE)
		return np_yaml_fail(yaml, np_yaml_line(value), "%s: must be metrics, such as "
				    "{ttft_ms: {target: 100, acceptable_range: [50, 200]}}", key);
	for (const yaml_node_pair_t *pair = value->data.mapping.pairs.start;
	     rc == 0 && pair < value->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name = yaml_document_get_node(&yaml->document, pair->key);
		struct np_spec_target *target = &spec->targets[spec->target_count];

		if (spec->target_count == NP_SPEC_TARGETS_MAX)
			return np_yaml_fail(yaml, np_yaml_line(name), "%s: more than %u metrics", key,
					    NP_SPEC_TARGETS_MAX);
		rc = read_visible(yaml, name, key, &target->metric);
		if (rc < 0)
			return rc;
		spec->target_count++;
		if (find_target(spec, target->metric) != target)
			return np_yaml_fail(yaml, np_yaml_line(name), "%s: %.64s: given twice", key,
					    target->metric);
		rc = np_yaml_keys(yaml, yaml_document_get_node(&yaml->document, pair->value), target_keys,
				  "in a target", "{target: 100, acceptable_range: [50, 200]}", target);
	}
	return rc;
}

static int read_enabled(struct np_yaml *yaml, const yaml_node_t *value, const char *key, void *context)
{
	return read_bool(yaml, value, key, &((struct np_spec *)context)->profiling);
}

static int read_sampler(struct np_yaml *yaml, const yaml_node_t *value, const char *key, void *context)
{
	const char *text = np_yaml_text(value);

	if (!text || strcmp(text, "neuroprof") != 0)
		return np_yaml_fail(yaml, np_yaml_line(value), "%s: '%.64s' is not neuroprof, the only one",
				    key, text ? text : "(not a plain value)");
	return 0;
}

static int read_rate(struct np_yaml *yaml, const yaml_node_t *value, const char *key, void *context)
{
	return np_yaml_number(yaml, value, key, 1, 10000, &((struct np_spec *)context)->sample_rate);
}

static int read_duration(struct np_yaml *yaml, const yaml_node_t *value, const char *key, void *context)
{
	return np_yaml_number(yaml, value, key, 0, 86400, &((struct np_spec *)context)->duration);
}

static const struct np_yaml_key profiling_keys[] = {
	{ "enabled", read_enabled },
	{ "sampler", read_sampler },
	{ "sample_rate", read_rate },
	{ "duration", read_duration },
	{ NULL, NULL },
};

static int read_profiling(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			  void *context)
{
	return np_yaml_keys(yaml, value, profiling_keys, "in profiling", "{enabled: true, sampler: "
			    "neuroprof}", context);
}

static int read_regression_enabled(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
				   void *context)
{
	return read_bool(yaml, value, key, &((struct np_spec *)context)->regression);
}

static int read_threshold(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			  void *context)
{
	return np_yaml_percent(yaml, value, key, 0.1, 1000, &((struct np_spec *)context)->threshold);
}

static int read_iterations(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			   void *context)
{
	double count;
	int rc = np_yaml_number(yaml, value, key, 1, 1000, &count);

	if (rc == 0 && count != (double)(unsigned)count)
		return np_yaml_fail(yaml, np_yaml_line(value), "%s: must be a whole number", key);
	if (rc == 0)
		((struct np_spec *)context)->min_iterations = (unsigned)count;
	return rc;
}

static const struct np_yaml_key regression_keys[] = {
	{ "enabled", read_regression_enabled },
	{ "threshold_percent", read_threshold },
	{ "min_iterations", read_iterations },
	{ NULL, NULL },
};

static int read_regression(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			   void *context)
{
	return np_yaml_keys(yaml, value, regression_keys, "in regression", "{enabled: true, "
			    "threshold_percent: 10}", context);
}

static int read_format(struct np_yaml *yaml, const yaml_node_t *value, const char *key, void *context)
{
	return read_text(yaml, value, key, NAME_MAX_BYTES, &((struct np_spec *)context)->format);
}

static int read_traces(struct np_yaml *yaml, const yaml_node_t *value, const char *key, void *context)
{
	return read_bool(yaml, value, key, &((struct np_spec *)context)->include_traces);
}

static int read_artifacts(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			  void *context)
{
	return read_bool(yaml, value, key, &((struct np_spec *)context)->save_artifacts);
}

static const struct np_yaml_key output_keys[] = {
	{ "format", read_format },
	{ "include_traces", read_traces },
	{ "save_artifacts", read_artifacts },
	{ NULL, NULL },
};

static int read_output(struct np_yaml *yaml, const yaml_node_t *value, const char *key, void *context)
{
	return np_yaml_keys(yaml, value, output_keys, "in output", "{format: json}", context);
}

static const struct np_yaml_key benchmark_keys[] = {
	{ "name", read_name },
	{ "description", read_description },
	{ "category", read_category },
	{ "tier", read_tier },
	{ "command", read_command },
	{ "parameters", read_parameters },
	{ "targets", read_targets },
	{ "profiling", read_profiling },
	{ "regression", read_regression },
	{ "output", read_output },
	{ NULL, NULL },
};

static int read_benchmark(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			  void *context)
{
	struct np_spec *spec = context;
	int rc = np_yaml_keys(yaml, value, benchmark_keys, "in benchmark", "name: inference_ttft",
			      context);

	if (rc == 0 && !spec->name)
		return np_yaml_fail(yaml, np_yaml_line(value), "name: is missing in benchmark");
	if (rc == 0 && !spec->command && !spec->category)
		return np_yaml_fail(yaml, np_yaml_line(value), "command: is missing in benchmark, and there "
				    "is no category whose sample would be run");
	return rc;
}

static const struct np_yaml_key top_keys[] = {
	{ "benchmark", read_benchmark },
	{ NULL, NULL },
};

static int read_top(struct np_yaml *yaml, const yaml_node_t *root, void *context)
{
	int rc = np_yaml_keys(yaml, root, top_keys, "at the top", "benchmark: {name: inference_ttft}",
			      context);

	if (rc == 0 && !((struct np_spec *)context)->name)
		return np_yaml_fail(yaml, np_yaml_line(root), "benchmark: is missing");
	return rc;
}

int np_spec_read(struct np_spec *spec, const char *path, char *message, size_t message_size)
{
	*spec = (struct np_spec){ .path = np_xstrdup(path), .tier = NP_TIER_MACRO,
		.sample_rate = DEFAULT_HZ, .duration = DEFAULT_DURATION, .regression = true,
		.threshold = 0.1, .min_iterations = 3 };
	return np_yaml_read(path, "benchmark file", message, message_size, read_top, spec);
}

void np_spec_free(struct np_spec *spec)
{
	for (size_t i = 0; i < spec->parameter_count; i++) {
		for (size_t k = 0; k < spec->parameters[i].count; k++)
			free(spec->parameters[i].values[k]);
		free(spec->parameters[i].name);
	}
	for (size_t i = 0; i < spec->target_count; i++)
		free(spec->targets[i].metric);
	free(spec->path);
	free(spec->name);
	free(spec->description);
	free(spec->category);
	free(spec->command);
	free(spec->format);
}
