/* SPDX-License-Identifier: MIT
 *
 * top_look.c - count a live spool by function and by thread.
 *
 * Context: tools.  Each look reads the whole spool again, so that a count is never taken twice or
 * missed; the symbolizer, and with it every name, stays from look to look.
 */
#include "top.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/message.h"
#include "fold_model.h"

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static size_t hash(const char *name, const char *module)
{
	uint64_t h = (uintptr_t)name * 0x9e3779b97f4a7c15ull ^ (uintptr_t)module;

	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93ull;
	return (size_t)(h ^ h >> 29);
}

static void grow_slots(struct np_top *top)
{
	if ((top->function_count + 1ull) * 2 <= top->slot_room)
		return;
	free(top->slots);
	top->slot_room = top->slot_room ? top->slot_room * 2 : 256;
	top->slots = np_xcalloc(top->slot_room, sizeof(*top->slots));
	for (uint32_t i = 0; i < top->function_count; i++) {
		size_t at = hash(top->functions[i].name, top->functions[i].module) & (top->slot_room - 1);

		while (top->slots[at])
			at = (at + 1) & (top->slot_room - 1);
		top->slots[at] = i + 1;
	}
}

static uint32_t function_get(struct np_top *top, const char *name, const char *module)
{
	size_t at;

	grow_slots(top);
	at = hash(name, module) & (top->slot_room - 1);
	for (; top->slots[at]; at = (at + 1) & (top->slot_room - 1)) {
		const struct np_top_function *f = &top->functions[top->slots[at] - 1];

		if (f->name == name && f->module == module)
			return top->slots[at] - 1;
	}
	if (top->function_count == top->function_room) {
		top->function_room = top->function_room ? top->function_room * 2 : 128;
		top->functions = np_xrealloc(top->functions, top->function_room, sizeof(*top->functions));
	}
	top->functions[top->function_count] = (struct np_top_function){ .name = name, .module = module };
	top->slots[at] = ++top->function_count;
	return top->function_count - 1;
}

static struct np_top_thread *thread_get(struct np_top *top, const struct np_fold_root *root)
{
	for (uint32_t i = 0; i < top->thread_count; i++)
		if (top->threads[i].tid == root->tid && strcmp(top->threads[i].name, root->name) == 0)
			return &top->threads[i];
	top->threads = np_xrealloc(top->threads, top->thread_count + 1ul, sizeof(*top->threads));
	top->threads[top->thread_count] = (struct np_top_thread){ .tid = root->tid };
	memcpy(top->threads[top->thread_count].name, root->name, sizeof(root->name));
	return &top->threads[top->thread_count++];
}

/* The functions of each location, innermost first: from first[i] to first[i + 1]. */
struct lines {
	uint32_t *first, *functions;
};

static struct lines resolve(struct np_top *top, const struct np_fold_model *model)
{
	struct lines lines = { .first = np_xcalloc(model->location_count + 1ul, sizeof(uint32_t)) };
	uint32_t count = 0;

	for (uint32_t i = 0; i < model->location_count; i++) {
		lines.first[i] = count;
		count += (uint32_t)model->locations[i].line_count;
	}
	lines.first[model->location_count] = count;
	lines.functions = np_xcalloc(count, sizeof(uint32_t));
	for (uint32_t i = 0; i < model->location_count; i++) {
		const struct np_fold_location *location = &model->locations[i];
		const char *path = model->modules[location->module].path, *slash = strrchr(path, '/');
		const char *module = np_symbolizer_text(top->symbolizer, slash ? slash + 1 : path);

		for (size_t k = 0; k < location->line_count; k++)
			lines.functions[lines.first[i] + k] = function_get(
				top, np_symbolizer_text(top->symbolizer, location->lines[k].name), module);
	}
	return lines;
}

/* Upwards from a node with samples: its leaf has them itself, every function on the way once. */
static void count_node(struct np_top *top, const struct np_fold_model *model,
		       const struct lines *lines, uint32_t node)
{
	uint64_t periods = model->nodes[node].periods;
	uint32_t at = node;

	while (model->nodes[at].parent != NP_FOLD_NONE) {
		uint32_t location = model->nodes[at].location;

		for (uint32_t i = lines->first[location]; i < lines->first[location + 1ul]; i++) {
			struct np_top_function *f = &top->functions[lines->functions[i]];

			if (at == node && i == lines->first[location])
				f->self.now += periods;
			if (f->stamp != node + 1)
				f->total.now += periods;
			f->stamp = node + 1;
		}
		at = model->nodes[at].parent;
	}
	thread_get(top, &model->roots[model->nodes[at].location])->periods.now += periods;
}

static void turn(struct np_top_count *count)
{
	count->before = count->now;
	count->now = 0;
}

static void turn_all(struct np_top *top)
{
	for (uint32_t i = 0; i < top->function_count; i++) {
		turn(&top->functions[i].self);
		turn(&top->functions[i].total);
		top->functions[i].stamp = 0;
	}
	for (uint32_t i = 0; i < top->thread_count; i++)
		turn(&top->threads[i].periods);
	turn(&top->samples);
	turn(&top->periods);
	top->before_ns = top->looked_ns;
	top->looked_ns = monotonic_ns();
}

static void count_all(struct np_top *top)
{
	struct np_fold_model model;
	struct lines lines;
	struct stat st;

	turn_all(top);
	np_fold_model_init(&model, top->live.reader);
	model.symbolizer = top->symbolizer;	/* lent */
	np_fold_names(&model, stat(top->live.path, &st) == 0 ? st.st_uid : geteuid());
	lines = resolve(top, &model);
	for (uint32_t i = 0; i < model.node_count; i++)
		if (model.nodes[i].periods && model.nodes[i].parent != NP_FOLD_NONE)
			count_node(top, &model, &lines, i);
	np_top_count_metrics(top);
	top->samples.now = model.samples;
	top->periods.now = model.periods;
	free(lines.first);
	free(lines.functions);
	model.symbolizer = NULL;
	np_fold_model_finish(&model);
}

void np_top_init(struct np_top *top, struct np_live *live)
{
	*top = (struct np_top){ .live = *live, .symbolizer = np_symbolizer_create() };
	memset(live, 0, sizeof(*live));
	np_symbolizer_distrust_after(top->symbolizer,
				     np_spool_head(top->live.reader)->started_realtime_ns);
	count_all(top);
}

void np_top_look(struct np_top *top)
{
	if (!top->ended && np_live_again(&top->live))
		count_all(top);
	else
		top->ended = true;
}

void np_top_finish(struct np_top *top)
{
	np_symbolizer_destroy(top->symbolizer);
	np_live_finish(&top->live);
	free(top->functions);
	free(top->slots);
	free(top->threads);
	free(top->metrics);
}

uint64_t np_top_value(const struct np_top_view *view, const struct np_top_count *count)
{
	return view->cumulative ? count->now
	     : count->now > count->before ? count->now - count->before : 0;
}

double np_top_percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

struct sorting {
	const struct np_top *top;
	const struct np_top_view *view;
};

static int by_value(uint64_t a, uint64_t b)
{
	return a > b ? -1 : a < b;
}

static int compare_functions(const void *a, const void *b, void *context)
{
	const struct sorting *s = context;
	const struct np_top_function *x = &s->top->functions[*(const uint32_t *)a];
	const struct np_top_function *y = &s->top->functions[*(const uint32_t *)b];
	int self = by_value(np_top_value(s->view, &x->self), np_top_value(s->view, &y->self));
	int total = by_value(np_top_value(s->view, &x->total), np_top_value(s->view, &y->total));
	int r = s->view->by_total ? total : self;

	if (r == 0)
		r = s->view->by_total ? self : total;
	return r ? r : strcmp(x->name, y->name);
}

static int compare_threads(const void *a, const void *b, void *context)
{
	const struct sorting *s = context;
	const struct np_top_thread *x = &s->top->threads[*(const uint32_t *)a];
	const struct np_top_thread *y = &s->top->threads[*(const uint32_t *)b];
	int r = by_value(np_top_value(s->view, &x->periods), np_top_value(s->view, &y->periods));

	return r ? r : x->tid < y->tid ? -1 : x->tid > y->tid;
}

uint32_t *np_top_functions(const struct np_top *top, const struct np_top_view *view,
			   uint32_t *ret_count)
{
	struct sorting sorting = { top, view };
	uint32_t *order = np_xcalloc(top->function_count, sizeof(*order)), count = 0;

	for (uint32_t i = 0; i < top->function_count; i++)
		if (np_top_value(view, &top->functions[i].total))
			order[count++] = i;
	qsort_r(order, count, sizeof(*order), compare_functions, &sorting);
	*ret_count = count;
	return order;
}

uint32_t *np_top_threads(const struct np_top *top, const struct np_top_view *view,
			 uint32_t *ret_count)
{
	struct sorting sorting = { top, view };
	uint32_t *order = np_xcalloc(top->thread_count, sizeof(*order)), count = 0;

	for (uint32_t i = 0; i < top->thread_count; i++)
		if (np_top_value(view, &top->threads[i].periods))
			order[count++] = i;
	qsort_r(order, count, sizeof(*order), compare_threads, &sorting);
	*ret_count = count;
	return order;
}

char *np_top_title(const struct np_top *top)
{
	const struct np_spool_header *head = np_spool_head(top->live.reader);
	char *rate = head->hz_wanted < head->hz ? np_xasprintf("%u of %u Hz", head->hz_wanted, head->hz)
						: np_xasprintf("%u Hz", head->hz);
	bool lost = head->counters[NP_COUNT_HANDLER_REPLACED] != 0;
	char *title = np_xasprintf("%s (pid %d), %s by %s, overhead %.2f %%%s", np_symbolizer_text(top->symbolizer, head->comm),
				   (int)top->live.pid, rate, np_live_clock_name(head->clock), 100 * np_live_overhead(head),
				   top->ended ? ": the process has ended"
				   : lost ? ": the program took SIGPROF away, no samples come"
				   : head->control ? "" : ": sampling is off");

	free(rate);
	return title;
}

char *np_top_summary(const struct np_top *top, const struct np_top_view *view)
{
	const struct np_spool_header *head = np_spool_head(top->live.reader);
	uint64_t from = view->cumulative ? head->started_monotonic_ns : top->before_ns;
	double seconds = top->looked_ns > from ? (double)(top->looked_ns - from) / 1e9 : 0;
	double cpu = (double)np_top_value(view, &top->periods) * (double)head->period_ns / 1e9;
	uint64_t samples = np_top_value(view, &top->samples);

	return np_xasprintf("%s %.1f s: %" PRIu64 " samples (%.0f/s), %.2f CPU s (%.0f %% of one CPU)",
			    view->cumulative ? "since it began," : "the last", seconds, samples,
			    seconds > 0 ? (double)samples / seconds : 0, cpu,
			    seconds > 0 ? 100 * cpu / seconds : 0);
}
