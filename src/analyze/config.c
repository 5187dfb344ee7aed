/* SPDX-License-Identifier: MIT
 *
 * config.c - neuroprof.yaml: finding it, and what it means for a tree.  Context: tools.
 * config_yaml.c reads it.
 */
#include "analyze/config.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/message.h"
#include "base/text.h"

void np_config_init(struct np_config *config)
{
	memset(config, 0, sizeof(*config));
	np_complexity_init(&config->complexity);
	for (int i = 0; i < NP_THRESHOLDS; i++)
		config->thresholds[i] = -1;
}

static void free_pattern(struct np_config_pattern *pattern)
{
	free(pattern->function);
	free(pattern->module);
	free(pattern->file);
}

void np_config_finish(struct np_config *config)
{
	for (size_t i = 0; i < config->own_count; i++)
		free_pattern(&config->own[i]);
	for (size_t i = 0; i < config->budget_count; i++)
		free_pattern(&config->budgets[i].pattern);
	free(config->own);
	free(config->budgets);
	free(config->path);
	np_complexity_finish(&config->complexity);
	memset(config, 0, sizeof(*config));
}

static bool exists(const char *directory, const char *name)
{
	char *path = np_xasprintf("%s/%s", directory, name);
	struct stat status;
	bool there = stat(path, &status) == 0;

	free(path);
	return there;
}

char *np_config_find(void)
{
	char directory[PATH_MAX], *slash;

	if (!getcwd(directory, sizeof(directory)) || *directory != '/')
		return NULL;
	for (;;) {
		if (exists(directory, NP_CONFIG_NAME))
			return np_xasprintf("%s/%s", directory, NP_CONFIG_NAME);
		if (exists(directory, ".git") || !*directory)
			return NULL;
		slash = strrchr(directory, '/');
		*slash = '\0';
	}
}

void np_config_load(struct np_config *config, const char *path, bool none)
{
	char message[512], *found = NULL;

	np_config_init(config);
	if (none)
		return;
	if (!path)
		path = found = np_config_find();
	if (path && np_config_read(config, path, message, sizeof(message)) < 0)
		np_die(NP_EXIT_FAILURE, "%s", message);
	free(found);
}

static bool matches_file(const char *pattern, const char *file)
{
	const char *slash = file;

	if (fnmatch(pattern, file, 0) == 0)
		return true;
	while ((slash = strchr(slash, '/')))
		if (fnmatch(pattern, ++slash, 0) == 0)
			return true;
	return false;
}

bool np_config_matches(const struct np_config_pattern *pattern, const char *function,
		       const char *module, const char *file)
{
	if (pattern->function && fnmatch(pattern->function, function, 0) != 0)
		return false;
	if (pattern->module && fnmatch(pattern->module, np_base_name(module), 0) != 0 &&
	    fnmatch(pattern->module, module, 0) != 0)
		return false;
	return !pattern->file || matches_file(pattern->file, file);
}

bool np_config_apply(const struct np_config *config, struct np_tree *tree)
{
	uint32_t count = config->own_count ? np_tree_function_count(tree) : 0;
	bool any = false;

	for (uint32_t i = 1; i < count; i++) {
		const struct np_function *function = np_tree_function_at(tree, i);

		if (function->kind == NP_KIND_KERNEL || function->kind >= NP_KIND_PROCESS)
			continue;
		for (size_t j = 0; j < config->own_count; j++) {
			if (!np_config_matches(&config->own[j], np_tree_string(tree, function->name),
					       np_tree_string(tree, function->module),
					       np_tree_string(tree, function->file)))
				continue;
			any |= function->kind != NP_KIND_OWN;
			np_tree_set_kind(tree, i, NP_KIND_OWN);
			break;
		}
	}
	return any;
}

double np_config_threshold(const struct np_config *config, enum np_config_threshold which,
			   double default_value)
{
	return config->thresholds[which] < 0 ? default_value : config->thresholds[which];
}
