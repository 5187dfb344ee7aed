/* SPDX-License-Identifier: MIT
 *
 * gate_quality.c - whether the recordings can be judged by at all.  Context: tools.
 *
 * A profile in which most frames have no name compares well with another of its kind and says
 * nothing, so this comes first and never passes or fails a build.
 */
#include "analyze/gate.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/message.h"

__attribute__((format(printf, 2, 3)))
static void complain(struct np_gate *gate, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		np_die(NP_EXIT_FAILURE, "out of memory");
	va_end(args);
	gate->problems = np_xrealloc(gate->problems, gate->problem_count + 1,
				     sizeof(*gate->problems));
	gate->problems[gate->problem_count++].text = text;
}

static void check_run(struct np_gate *gate, const struct np_compare_run *run)
{
	const struct np_gate_options *options = &gate->options;

	if (run->unresolved > options->unresolved_max)
		complain(gate, "'%s': %.1f %% of the time is in functions without a name, more than "
			 "%.1f %%: give it symbols (debug files or debuginfod)", run->path,
			 100 * run->unresolved, 100 * options->unresolved_max);
	if (run->truncated > options->truncated_max)
		complain(gate, "'%s': %.1f %% of the stacks are cut, more than %.1f %%: record with "
			 "NEUROPROF_UNWINDER=cfi", run->path, 100 * run->truncated,
			 100 * options->truncated_max);
	if (run->lost > options->lost_max)
		complain(gate, "'%s': %.1f %% of the ticks were lost, more than %.1f %%: its comments "
			 "say why (neuroprof-report -f json)", run->path, 100 * run->lost,
			 100 * options->lost_max);
	if (run->has_modules != gate->compare->runs[0].has_modules)
		complain(gate, "'%s' %s modules, '%s' %s: compare .pb.gz with .pb.gz, or folded with "
			 "folded", run->path, run->has_modules ? "knows" : "does not know",
			 gate->compare->runs[0].path,
			 gate->compare->runs[0].has_modules ? "does" : "does not");
}

void np_gate_quality(struct np_gate *gate)
{
	static const char *const names[NP_SIDES] = { "before", "after" };
	const struct np_compare *compare = gate->compare;
	double samples[NP_SIDES] = {0};

	for (size_t i = 0; i < compare->run_count; i++) {
		check_run(gate, &compare->runs[i]);
		samples[compare->runs[i].side] += compare->runs[i].samples;
	}
	if (!compare->samples_known && (compare->count[0] < 3 || compare->count[1] < 3))
		complain(gate, "the number of samples is not known (%s/%s without count or period): give "
			 "at least three runs a side, or .pb.gz files", compare->value_type,
			 compare->value_unit);
	for (int side = 0; compare->samples_known && side < NP_SIDES; side++)
		if (samples[side] < gate->options.samples_min)
			complain(gate, "%s: %.0f samples in all, fewer than %.0f: record longer, or at "
				 "a higher NEUROPROF_HZ", names[side], samples[side],
				 gate->options.samples_min);
}
