/* SPDX-License-Identifier: MIT
 *
 * report_modules.c - neuroprof-report modules: what each object file takes.
 *
 * Context: tools.
 */
#include <stdlib.h>

#include "analyze/collect.h"
#include "analyze/stats.h"
#include "analyze/units.h"
#include "base/message.h"
#include "report_commands.h"
#include "report_view.h"

static const char help[] =
	"usage: neuroprof-report modules [OPTION\xe2\x80\xa6] PROFILE\xe2\x80\xa6\n\n"
	"What each program, library or other object takes: of its own, and with all that it calls.\n"
	"A stack counts once for a module, however often its functions stand in it.\n\n";

static const struct np_column columns[] = {
	{ "self", "self%", NP_COLUMN_SHARE },
	{ "self_lower95", "\xe2\x89\xa5" "95%", NP_COLUMN_SHARE },
	{ "total", "total%", NP_COLUMN_SHARE },
	{ "self_value", "self", NP_COLUMN_VALUE },
	{ "functions", "functions", NP_COLUMN_COUNT },
	{ "kind", "whose", NP_COLUMN_WORD },
	{ "module", "module", NP_COLUMN_NAME },
};

struct module {
	uint32_t name;		/* string id; 0: in none that is known */
	enum np_kind kind;
	uint64_t functions;
	struct np_sum sum;
};

struct modules {
	struct module *rows;
	size_t count;
	uint32_t *of_function;
};

/* What has no module is told apart by whose code it is. */
static uint32_t key_of(const struct np_function *function)
{
	return function->module ? function->module : UINT32_MAX - function->kind;
}

static int compare_keys(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static void group(struct modules *modules, const struct np_tree *tree)
{
	uint32_t count = np_tree_function_count(tree);
	uint64_t *order = np_xcalloc(count, sizeof(*order));	/* key and function */
	size_t ranked = 0;

	modules->of_function = np_xcalloc(count, sizeof(*modules->of_function));
	for (uint32_t i = 0; i < count; i++) {
		const struct np_function *function = np_tree_function_at(tree, i);

		modules->of_function[i] = NP_GROUP_NONE;
		if (i > 0 && function->kind < NP_KIND_PROCESS)
			order[ranked++] = (uint64_t)key_of(function) << 32 | i;
	}
	qsort(order, ranked, sizeof(*order), compare_keys);
	modules->rows = np_xcalloc(ranked + 1, sizeof(*modules->rows));
	for (size_t i = 0; i < ranked; i++) {
		const struct np_function *function = np_tree_function_at(tree, (uint32_t)order[i]);

		if (i == 0 || order[i] >> 32 != order[i - 1] >> 32)
			modules->rows[modules->count++] = (struct module){ .name = function->module,
									   .kind = function->kind };
		modules->rows[modules->count - 1].functions++;
		modules->of_function[(uint32_t)order[i]] = (uint32_t)modules->count - 1;
	}
	free(order);
}

static void sum_up(struct modules *modules, const struct np_tree *tree)
{
	const struct np_grouping groups = { .of_function = modules->of_function,
					    .count = modules->count };
	struct np_sum *sums = np_xcalloc(modules->count + 1, sizeof(*sums));
	size_t kept = 0;

	np_collect(tree, &groups, sums);
	for (size_t i = 0; i < modules->count; i++) {
		modules->rows[i].sum = sums[i];
		if (sums[i].total > 0)
			modules->rows[kept++] = modules->rows[i];
	}
	modules->count = kept;
	free(sums);
}

static int compare_rows(const void *left, const void *right)
{
	const struct module *a = left, *b = right;

	if (a->sum.self != b->sum.self)
		return a->sum.self < b->sum.self ? 1 : -1;
	if (a->sum.total != b->sum.total)
		return a->sum.total < b->sum.total ? 1 : -1;
	return (a->name > b->name) - (a->name < b->name);
}

static void fill(struct np_view *view, const struct modules *modules)
{
	struct np_tree *tree = view->document.tree;
	struct np_table *table = np_document_table(&view->document, "modules", NULL, columns,
						   sizeof(columns) / sizeof(*columns));
	size_t shown = np_view_rows(view, table, modules->count);
	double samples;
	bool known = np_units_samples(np_tree_meta(tree), np_tree_total_samples(tree, 0), &samples);

	for (size_t i = 0; i < shown; i++) {
		const struct module *row = &modules->rows[i];
		double share = np_view_share(view, row->sum.self);

		np_table_share(table, share);
		if (known)
			np_table_share(table, np_wilson_lower(share, samples));
		else
			np_table_nothing(table);
		np_table_share(table, np_view_share(view, row->sum.total));
		np_table_number(table, row->sum.self);
		np_table_number(table, row->functions);
		np_table_text(table, np_units_kind(row->kind));
		np_table_text(table, row->name ? np_tree_string(tree, row->name) : "(not known)");
	}
}

int np_report_modules(int argc, char **argv)
{
	struct np_view view = { .help = help, .schema = "neuroprof-modules/1" };
	struct modules modules = { 0 };

	np_view_start(&view, argc, argv);
	group(&modules, view.document.tree);
	sum_up(&modules, view.document.tree);
	qsort(modules.rows, modules.count, sizeof(*modules.rows), compare_rows);
	fill(&view, &modules);
	if (modules.count == 1 && modules.rows[0].name == 0)
		np_document_note(&view.document, np_xstrdup(
			"Nothing says which module a function is from: folded stacks do not; the .pb.gz file "
			"does."));
	free(modules.rows);
	free(modules.of_function);
	return np_view_end(&view);
}
