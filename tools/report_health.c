/* SPDX-License-Identifier: MIT
 *
 * report_health.c - sums over a call tree, and the health that follows from them.  Context: tools.
 */
#include "report_health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/units.h"
#include "analyze/visible.h"
#include "base/message.h"
#include "profile/export_common.h"

#define NOTES_MAX 1000		/* looked at; each is compared with those before it */

static bool is_hexadecimal(const char *text)
{
	return *text && text[strspn(text, "0123456789abcdefABCDEF")] == '\0';
}

/* "libfoo.so+0x4d0" */
static bool is_by_start(const struct np_tree *tree, const struct np_function *function)
{
	const char *name = np_tree_string(tree, function->name), *plus = strrchr(name, '+');

	return plus && plus > name && strncmp(plus, "+0x", 3) == 0 && is_hexadecimal(plus + 3);
}

bool np_report_is_nameless(const char *name, const char *module)
{
	size_t length = strlen(name);

	if (length == 0 || strcmp(name, "[unknown]") == 0 || strcmp(name, "(unknown)") == 0 ||
	    strcmp(name, "??") == 0)
		return true;
	if (strncmp(name, "0x", 2) == 0 && is_hexadecimal(name + 2))
		return true;
	return *module && length == strlen(module) + 2 && name[0] == '[' && name[length - 1] == ']' &&
	       strncmp(name + 1, module, length - 2) == 0;
}

static bool is_function(const struct np_function *function)
{
	return function->kind < NP_KIND_PROCESS;
}

static void survey_marker(struct np_survey *survey, const struct np_tree *tree, uint32_t index)
{
	const struct np_node *node = np_tree_node(tree, index);
	const char *name = np_export_name(tree, node->function);

	if (strncmp(name, "[truncated", 10) == 0)
		survey->cut += node->total;
	else if (strcmp(name, "[startup]") == 0)
		survey->startup += node->total;
}

enum { IS_FUNCTION = 1, BY_START = 2, NAMELESS = 4, IN_BRACKETS = 8 };

/* What each function's name says: there are fewer of them than nodes by far. */
static uint8_t *look_at_names(const struct np_tree *tree)
{
	uint32_t count = np_tree_function_count(tree);
	uint8_t *said = np_xcalloc(count, sizeof(*said));

	for (uint32_t i = 0; i < count; i++) {
		const struct np_function *function = np_tree_function_at(tree, i);

		said[i] = *np_export_name(tree, i) == '[' ? IN_BRACKETS : 0;
		if (!is_function(function))
			continue;
		said[i] |= IS_FUNCTION;
		if (is_by_start(tree, function))
			said[i] |= BY_START | NAMELESS;
		else if (np_report_is_nameless(np_tree_string(tree, function->name),
					       np_tree_string(tree, function->module)))
			said[i] |= NAMELESS;
	}
	return said;
}

void np_survey_tree(struct np_survey *survey, const struct np_tree *tree)
{
	uint32_t count = np_tree_node_count(tree);
	uint8_t *said = look_at_names(tree);
	/* How many functions each stack has, up to two.  Parents come first, so there is no need to follow the
	 * links, which lead all over the memory. */
	uint8_t *frames = np_xcalloc(count, sizeof(*frames));

	survey->by_module = np_xcalloc(np_tree_string_count(tree), sizeof(uint64_t));
	survey->total = np_tree_node(tree, 0)->total;
	for (uint32_t i = 1; i < count; i++) {
		const struct np_node *node = np_tree_node(tree, i);
		const struct np_function *function = np_tree_function_at(tree, node->function);
		bool by_start = said[node->function] & BY_START, nameless = said[node->function] & NAMELESS;

		frames[i] = frames[node->parent];
		/* A folded file does not say that "[startup]" is a marker. */
		if (function->kind == NP_KIND_MARKER || said[node->function] & IN_BRACKETS)
			survey_marker(survey, tree, i);
		if (!(said[node->function] & IS_FUNCTION))
			continue;
		frames[i] += frames[i] < 2;
		survey->any_kernel |= function->kind == NP_KIND_KERNEL;
		survey->no_module += function->module ? 0 : node->self;
		survey->flat += frames[i] == 1 ? node->self : 0;
		if (frames[i] == 1 && nameless)
			survey->broken += node->total - node->self;
		if (nameless) {
			survey->nameless += node->self;
			survey->by_start += by_start ? node->self : 0;
			survey->by_module[function->module] += node->self;
		}
	}
	free(frames);
	free(said);
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

/* Of samples, cut stacks and names the tree knows most: it is what is shown, perhaps a part. */
void np_report_health(struct np_health *health, struct np_tree *tree, const struct np_survey *survey,
		      const struct np_read_facts *facts)
{
	uint64_t samples = np_tree_total_samples(tree, 0);
	struct np_health_counts counts;
	double *figure = health->figure, known, total = (double)survey->total;

	np_health_init(health);
	if (np_health_of_comments(&counts, tree) > 0)
		np_health_of_counts(health, &counts);
	figure[NP_HEALTH_SAMPLES] = np_units_samples(np_tree_meta(tree), samples, &known) ? known : -1;
	figure[NP_HEALTH_CUT] = (double)survey->cut / total;
	figure[NP_HEALTH_UNRESOLVED] = (double)(survey->nameless - survey->by_start) / total;
	figure[NP_HEALTH_BY_START] = (double)survey->by_start / total;
	if (facts && samples > 0)
		figure[NP_HEALTH_CUT] = larger(figure[NP_HEALTH_CUT],
					       (double)facts->cut_samples / (double)samples);
}

/* Said of each recording, and true of that one alone. */
static bool is_of_one(const char *comment)
{
	static const char *const prefixes[] = { "neuroprof ", "process: ", "health: ", "samples: ", "stacks cut: ",
						"complete stacks: ", "unresolved: ", "count: ", "overhead: ",
						"end: ", "a tree of " };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (strncmp(comment, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static bool was_said(const struct np_tree *tree, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(np_tree_comment(tree, i), np_tree_comment(tree, index)) == 0)
			return true;
	return false;
}

static char *notes_of_several(const struct np_tree *tree)
{
	size_t count = np_tree_comment_count(tree), size;
	char *notes = NULL;
	FILE *to = open_memstream(&notes, &size);

	if (!to)
		np_die(NP_EXIT_FAILURE, "out of memory");
	for (size_t i = 0; i < count && i < NOTES_MAX; i++) {
		const char *comment = np_tree_comment(tree, i);
		char *visible;

		if (is_of_one(comment) || was_said(tree, i))
			continue;
		visible = np_visible(comment, NP_VISIBLE_NAME_MAX);
		fprintf(to, "%s%s", ftello(to) > 0 ? " \xc2\xb7 " : "", visible);
		free(visible);
	}
	if (fclose(to) != 0)
		np_die(NP_EXIT_FAILURE, "out of memory");
	return notes;
}

void np_report_health_notes(struct np_tree *tree, char **ret_health, char **ret_notes)
{
	struct np_survey survey = { 0 };
	struct np_health health;
	unsigned said = 0;
	char *line;

	for (size_t i = 0; i < np_tree_comment_count(tree); i++)
		said += strncmp(np_tree_comment(tree, i), "health: ", 8) == 0;
	*ret_health = NULL;
	*ret_notes = said > 1 ? notes_of_several(tree) : np_units_notes(tree);
	if (said == 1)
		return;
	np_survey_tree(&survey, tree);
	np_report_health(&health, tree, &survey, NULL);
	free(survey.by_module);
	if (said == 0 && np_health_worst(&health) < NP_HEALTH_POOR)
		return;
	line = np_health_line(&health);
	*ret_health = np_xasprintf("health: %s", line);
	free(line);
}
