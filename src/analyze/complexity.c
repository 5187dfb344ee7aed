/* SPDX-License-Identifier: MIT
 *
 * complexity.c - defaults and rules.  Context: tools.  The file is read by complexity_yaml.c.
 */
#include "analyze/complexity.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"

static const struct {
	const char *name;
	double complexity;
} defaults[NP_COMPLEXITY_DEFAULTS] = {
	[NP_COMPLEXITY_OWN] = { "own", 2 },
	[NP_COMPLEXITY_LIBRARY] = { "library", 5 },
	[NP_COMPLEXITY_RUNTIME] = { "runtime", 8 },
	[NP_COMPLEXITY_KERNEL] = { "kernel", 10 },
	[NP_COMPLEXITY_JIT] = { "jit", 3 },
	[NP_COMPLEXITY_UNKNOWN] = { "unknown", 3 },
	[NP_COMPLEXITY_PASS_THROUGH] = { "pass-through", 100 },
};

static const struct {
	const char *name;
	double min_speedup, max_speedup;
} categories[NP_CATEGORY_MAX] = {
	[NP_CATEGORY_ALGORITHM] = { "algorithm", 100, 1000 },
	[NP_CATEGORY_DATA_STRUCTURE] = { "data-structure", 10, 100 },
	[NP_CATEGORY_CODE] = { "code", 1, 10 },
	[NP_CATEGORY_SYSTEM] = { "system", 1, 5 },
};

const char *np_complexity_default_name(enum np_complexity_default which)
{
	return defaults[which].name;
}

const char *np_category_name(enum np_category category)
{
	return categories[category].name;
}

double np_category_min_speedup(enum np_category category)
{
	return categories[category].min_speedup;
}

double np_category_max_speedup(enum np_category category)
{
	return categories[category].max_speedup;
}

void np_complexity_init(struct np_complexity *complexity)
{
	memset(complexity, 0, sizeof(*complexity));
	complexity->pass_through = 0.05;
	for (size_t i = 0; i < NP_COMPLEXITY_DEFAULTS; i++)
		complexity->defaults[i] = defaults[i].complexity;
}

void np_complexity_finish(struct np_complexity *complexity)
{
	for (size_t i = 0; i < complexity->rule_count; i++) {
		free(complexity->rules[i].function);
		free(complexity->rules[i].module);
	}
	free(complexity->rules);
	free(complexity->file);
	memset(complexity, 0, sizeof(*complexity));
}

void np_complexity_set_file(struct np_complexity *complexity, const char *path)
{
	free(complexity->file);
	complexity->file = np_xstrdup(path);
}

static bool matches(const struct np_complexity_rule *rule, const char *function, const char *module)
{
	const char *base = strrchr(module, '/');

	if (rule->function && fnmatch(rule->function, function, 0) != 0)
		return false;
	if (!rule->module)
		return true;
	return fnmatch(rule->module, base ? base + 1 : module, 0) == 0 ||
	       fnmatch(rule->module, module, 0) == 0;
}

static enum np_complexity_default default_of(enum np_kind kind)
{
	switch (kind) {
	case NP_KIND_OWN:
		return NP_COMPLEXITY_OWN;
	case NP_KIND_LIBRARY:
		return NP_COMPLEXITY_LIBRARY;
	case NP_KIND_RUNTIME:
		return NP_COMPLEXITY_RUNTIME;
	case NP_KIND_KERNEL:
		return NP_COMPLEXITY_KERNEL;
	case NP_KIND_JIT:
		return NP_COMPLEXITY_JIT;
	default:
		return NP_COMPLEXITY_UNKNOWN;
	}
}

void np_complexity_look_up(const struct np_complexity *complexity, const char *function,
			   const char *module, enum np_kind kind, bool is_pass_through,
			   struct np_complexity_verdict *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->from = default_of(kind);
	if (is_pass_through && complexity->defaults[ret->from] <
				       complexity->defaults[NP_COMPLEXITY_PASS_THROUGH])
		ret->from = NP_COMPLEXITY_PASS_THROUGH;
	ret->complexity = complexity->defaults[ret->from];
	for (size_t i = 0; i < complexity->rule_count && !ret->rule; i++)
		if (matches(&complexity->rules[i], function, module))
			ret->rule = &complexity->rules[i];
	if (!ret->rule)
		return;
	if (ret->rule->complexity > 0) {
		ret->complexity = ret->rule->complexity;
		ret->complexity_from_rule = true;
	}
	ret->category = ret->rule->category;
	ret->min_speedup = ret->max_speedup = ret->rule->max_speedup;
	if (!(ret->max_speedup > 0)) {
		ret->min_speedup = np_category_min_speedup(ret->category);
		ret->max_speedup = np_category_max_speedup(ret->category);
	}
}
