/* SPDX-License-Identifier: MIT
 *
 * report_diff.c - "neuroprof-report diff": what changed between two sets of recordings.
 *
 * Context: tools.  The same tests as "gate", without its verdict; and the picture.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../flamegraph/flamegraph.h"
#include "analyze/visible.h"
#include "base/message.h"
#include "report_commands.h"
#include "report_pair.h"

static const char help_text[] =
	"usage: neuroprof-report diff [OPTION…] BEFORE… -- AFTER…\n"
	"       neuroprof-report diff [OPTION…] BEFORE AFTER\n"
	"       neuroprof-report diff [OPTION…] BOTH\n"
	"       neuroprof-report diff --span NAME --slowest 1% [OPTION…] PROFILE…\n\n"
	"Shows what became slower and what faster, and what of it is more than noise.\n"
	"BOTH: folded stacks whose lines end in two numbers, as difffolded.pl writes them.\n\n"
	"  -f, --format FORMAT      text (default), markdown, json; html: one page of both\n"
	"  -o, --output FILE        where it goes ('-': standard output)\n"
	"  -n, --top N|all          functions to print of each kind (20)\n\n"
	"      --svg FILE           the flame graph of both, coloured by the change ('-': standard output)\n"
	"      --view VIEW          its widths: union (default), before, after\n"
	"      --title TEXT, --icicle, --width PX, --minwidth PX   as without a command\n\n"
	"      --span NAME          of pprof: only what was taken inside a span of that name\n"
	"      --slowest PERCENT    the other spans of that name are BEFORE, the slowest AFTER\n"
	"      --same-work          both sides did the same work: compare times, not shares\n"
	"      --names FILE         names that are the same: lines of REGEX => REPLACEMENT\n"
	"      --no-renames         do not look for functions that got another name\n"
	"      --anonymize[=KEY]    hashes instead of names; with a secret key nobody can try names\n"
	"      --min-points P       smallest change that matters, in percent points (0.5)\n"
	"      --min-percent P      and in percent of what it was (10)\n"
	"      --rate P             false discoveries among the findings, in percent (5)\n"
	"      --noise P            noise between runs when one run a side is given (5)\n"
	"      --strict             a line that is no stack is an error, not a note\n"
	"      --help\n\n"
	"Exit status: 0 done, whatever changed; 1 an input or output failed; 2 wrong usage.\n";

static void put_warning(const struct np_pair *pair, FILE *to)
{
	size_t before = pair->compare.count[NP_BEFORE], after = pair->compare.count[NP_AFTER];

	if (before >= pair->options.runs_fail && after >= pair->options.runs_fail)
		return;
	fprintf(to, "\nWith fewer than %zu runs a side the noise between runs is assumed, not measured: take "
		"this as a hint.\n", pair->options.runs_fail);
}

void np_diff_text(const struct np_pair *pair, FILE *to)
{
	np_pair_put_sides(pair, to);
	np_pair_put_findings(pair, to);
	if (pair->gate.order_count == 0)
		fputs("\nNo function changed significantly.\n", to);
	put_warning(pair, to);
	fputc('\n', to);
	np_pair_put_method(pair, to);
}

/* Of a function that has another name now; NULL: it has not. */
static const char *old_name(const struct np_compare *compare, uint32_t node)
{
	const struct np_compare_row *row;

	if (compare->row_of[node] == UINT32_MAX)
		return NULL;
	row = &compare->rows[compare->row_of[node]];
	return row->was && strcmp(row->was->name, row->name) != 0 ? row->was->name : NULL;
}

/* Every node's inclusive change, tested like a function's total. */
struct np_diff_node *np_diff_nodes(const struct np_pair *pair)
{
	const struct np_compare *compare = &pair->compare;
	const struct np_gate *gate = &pair->gate;
	uint32_t count = np_tree_node_count(compare->tree), tested = 0;
	struct np_diff_node *nodes = np_xcalloc(count, sizeof(*nodes));
	double *sides[4] = { np_gate_nodes(gate, NP_BEFORE, true), np_gate_nodes(gate, NP_AFTER, true),
			     np_gate_nodes(gate, NP_BEFORE, false),
			     np_gate_nodes(gate, NP_AFTER, false) };
	uint32_t *index = np_xcalloc(count, sizeof(*index));
	double *counts, *p;

	for (uint32_t i = 0; i < count; i++) {
		nodes[i] = (struct np_diff_node){ sides[0][i], sides[1][i], sides[2][i], sides[3][i], 1,
						  false, NULL };
		nodes[i].was = old_name(compare, i);
		if (i > 0 && (sides[0][i] + sides[1][i]) / 2 >= pair->options.points / 2)
			index[tested++] = i;
	}
	for (int i = 0; i < 4; i++)
		free(sides[i]);
	/* By run, only of what is tested. */
	counts = np_xcalloc((unsigned long)tested * compare->run_count + 1, sizeof(*counts));
	p = np_xcalloc(tested + 1ul, sizeof(*p));
	for (size_t run = 0; run < compare->run_count; run++) {
		double *values = np_compare_nodes(compare, &compare->runs[run], true);

		for (uint32_t i = 0; i < tested; i++)
			counts[i * compare->run_count + run] = values[index[i]] * gate->factor[run];
		free(values);
	}
	for (uint32_t i = 0; i < tested; i++) {
		struct np_verdict_of_share verdict;

		np_hypothesis_test(&verdict, &gate->experiment, &gate->noise_total,
				   counts + i * compare->run_count, 1);
		p[i] = verdict.p;
	}
	np_hypothesis_adjust(p, tested);
	for (uint32_t i = 0; i < tested; i++) {
		nodes[index[i]].q = p[i];
		nodes[index[i]].significant = p[i] <= pair->options.rate &&
					      np_gate_is_effect(gate, nodes[index[i]].before,
								nodes[index[i]].after);
	}
	free(counts);
	free(p);
	free(index);
	return nodes;
}

char *np_diff_subtitle(const struct np_pair *pair, bool with_widths)
{
	static const char *const views[] = {
		"widths: the larger of before and after \xc2\xb7 ", "widths: before \xc2\xb7 ",
		"widths: after \xc2\xb7 " };
	char *raw = np_xasprintf("%s%s \xe2\x86\x92 %s%s \xc2\xb7 %zu and %zu runs \xc2\xb7 %s"
		"%zu slower, %zu faster", pair->anonymize ? "before" : pair->files[NP_BEFORE][0],
		!pair->anonymize && pair->file_count[NP_BEFORE] > 1 ? " \xe2\x80\xa6" : "",
		pair->anonymize ? "after" : pair->files[NP_AFTER][0],
		!pair->anonymize && pair->file_count[NP_AFTER] > 1 ? " \xe2\x80\xa6" : "",
		pair->compare.count[NP_BEFORE], pair->compare.count[NP_AFTER],
		with_widths ? views[pair->view] : "", pair->gate.slower, pair->gate.faster);
	char *visible = np_visible(raw, NP_VISIBLE_NAME_MAX);

	free(raw);
	return visible;
}

static int write_picture(struct np_pair *pair)
{
	const struct np_svg_options options = {
		.title = pair->title ? pair->title : "What changed", .width = pair->width,
		.narrow_px = pair->narrow_px, .icicle = pair->icicle };
	struct np_diff_node *nodes = np_diff_nodes(pair);
	char *subtitle = np_diff_subtitle(pair, true);
	struct np_report_file file;
	int rc = np_report_file_open(&file, pair->svg), closed;

	if (rc == 0)	/* close reports what failed to be written */
		rc = np_diff_svg_write(pair->compare.tree, nodes, (enum np_diff_view)pair->view, subtitle,
				       &options, file.to);
	if (rc == -EOVERFLOW || rc == -ENODATA)
		np_error("nothing to draw in this view");
	closed = np_report_file_close(&file);
	free(subtitle);
	free(nodes);
	return rc < 0 ? rc : closed;
}

int np_report_diff(int argc, char **argv)
{
	static np_pair_writer *const writers[NP_PAIR_FORMATS] = {
		[NP_PAIR_TEXT] = np_diff_text, [NP_PAIR_MARKDOWN] = np_diff_markdown,
		[NP_PAIR_JSON] = np_gate_json, [NP_PAIR_HTML] = np_diff_page,
	};
	struct np_pair pair = { .is_gate = false };
	bool failed = false;

	np_pair_options(&pair, argc, argv, help_text);
	/* What is poor is said, and shown all the same: nobody's build depends on it. */
	pair.options.samples_min = 0;
	pair.options.unresolved_max = pair.options.truncated_max = pair.options.lost_max = 2;
	np_pair_run(&pair);
	for (size_t i = 0; i < pair.gate.problem_count; i++)
		np_error("%s", pair.gate.problems[i].text);
	if (pair.gate.result == NP_GATE_UNUSABLE) {
		np_pair_finish(&pair);
		return NP_EXIT_FAILURE;
	}
	failed = np_pair_write(&pair, writers) < 0;
	if (pair.svg && write_picture(&pair) < 0)
		failed = true;
	np_pair_finish(&pair);
	return failed ? NP_EXIT_FAILURE : NP_EXIT_OK;
}
