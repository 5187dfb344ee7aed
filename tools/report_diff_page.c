/* SPDX-License-Identifier: MIT
 *
 * report_diff_page.c - "neuroprof-report diff -f html": both profiles in one page.  Context: tools.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../flamegraph/flamegraph.h"
#include "base/message.h"
#include "report_pair.h"

static double change_of(const struct np_page_mover *mover)
{
	return fabs(mover->after - mover->before);
}

static int compare(const void *left, const void *right)
{
	const struct np_page_mover *a = left, *b = right;

	if (a->significant != b->significant)
		return a->significant ? -1 : 1;
	if (change_of(a) != change_of(b))
		return change_of(a) < change_of(b) ? 1 : -1;
	return strcmp(a->name, b->name);
}

/* Of every function; to be freed. */
static struct np_page_mover *movers_of(const struct np_gate *gate)
{
	struct np_page_mover *movers = np_xcalloc(gate->row_count + 1, sizeof(*movers));

	for (size_t i = 0; i < gate->row_count; i++) {
		const struct np_gate_row *row = &gate->rows[i];
		const struct np_gate_change *change = np_gate_change_of(row);

		movers[i] = (struct np_page_mover){ .name = row->row->name,
			.was = np_pair_was(row->row), .function = row->row->function,
			.before = change->verdict.share[0], .after = change->verdict.share[1],
			.significant = change->significant };
	}
	qsort(movers, gate->row_count, sizeof(*movers), compare);
	return movers;
}

void np_diff_page(const struct np_pair *pair, FILE *to)
{
	struct np_diff_node *nodes = np_diff_nodes(pair);
	struct np_page_mover *movers = movers_of(&pair->gate);
	char *subtitle = np_diff_subtitle(pair, false);
	const struct np_page_options options = { .title = pair->title ? pair->title : "What changed",
		.icicle = pair->icicle, .nodes = nodes, .summary = subtitle, .movers = movers,
		.mover_count = pair->gate.row_count };

	np_tree_sort(pair->compare.tree);
	np_page_write(pair->compare.tree, &options, to);	/* closing the file reports what failed */
	free(subtitle);
	for (size_t i = 0; i < pair->gate.row_count; i++)
		free((void *)(uintptr_t)movers[i].was);
	free(movers);
	free(nodes);
}
